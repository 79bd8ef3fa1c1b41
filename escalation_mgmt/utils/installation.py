"""A copy is mute (design rule 15): sending needs one id in the database and in the site's own configuration.

A database that was restored or cloned elsewhere brings its id along, but not the other site's configuration.
"""

import secrets

import frappe
from frappe.installer import update_site_config

from escalation_mgmt.utils.doctypes import SETTINGS

KEY = "escalation_installation_id"


def is_live() -> bool:
	"""Whether this installation may send."""
	recorded = frappe.db.get_single_value(SETTINGS, "installation_id", cache=False)
	return bool(recorded) and recorded == frappe.conf.get(KEY)


def make_live() -> None:
	"""Let this installation send. Gives it a new id, so that what it was copied from stays what it is."""
	id = secrets.token_hex(16)
	frappe.db.set_single_value(SETTINGS, "installation_id", id)
	update_site_config(KEY, id)


def forget() -> None:
	"""Take the id out of the site's configuration."""
	update_site_config(KEY, "None")  # Frappe's way to remove one


def boot(bootinfo) -> None:
	"""Tell Desk, so that it can say so to everybody who might wait for a message."""
	bootinfo.escalation_mute = not is_live()
