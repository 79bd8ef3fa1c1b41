"""A copy is mute (design rule 15): sending needs one id in the database and in the site's own configuration.

A database that was restored or cloned elsewhere brings its id along, but not the other site's configuration. Where that
was copied as well, it says for which site and which database it is: under another name it counts for nothing.
"""

import hashlib
import json
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import frappe
from frappe.installer import update_site_config

from escalation_mgmt.utils import site_config
from escalation_mgmt.utils.doctypes import SETTINGS

KEY = site_config.INSTALLATION
_HERE = ("", "localhost", "127.0.0.1", "::1")


def is_live(recorded: str | None = None) -> bool:
	"""Whether this installation may send. `recorded`: its id in the database, of whoever has just read it."""
	recorded = _recorded() if recorded is None else recorded
	return bool(recorded) and frappe.conf.get(KEY) == _bound(recorded)


def bound() -> str:
	"""The id in the site's configuration, with the mark of this site's name and its database's; empty: there is none."""
	return str(frappe.conf.get(KEY) or "")


def make_live() -> None:
	"""Let this installation send. Gives it a new id, so that what it was copied from stays what it is."""
	id = secrets.token_hex(16)
	frappe.db.set_single_value(SETTINGS, "installation_id", id)
	update_site_config(KEY, _bound(id))


def bind() -> None:
	"""Say of an id from before it said for which site it is that it is for this one; unless it may be another's.

	It may where another site of this bench has the same id, and the Public Address isn't this one's: one of the two is
	a copy, and an administrator knows which.
	"""
	recorded = _recorded()
	if not recorded or frappe.conf.get(KEY) != recorded:
		return  # mute already, or bound
	if not _others_with(recorded) or _is_public_address_of_this_site():
		update_site_config(KEY, _bound(recorded))


def forget() -> None:
	"""Take the id out of the site's configuration."""
	update_site_config(KEY, "None")  # Frappe's way to remove one


def boot(bootinfo) -> None:
	"""Tell Desk, so that it can say so to everybody who might wait for a message."""
	bootinfo.escalation_mute = not is_live()


def _recorded() -> str:
	return frappe.db.get_single_value(SETTINGS, "installation_id", cache=False) or ""


def _bound(id: str) -> str:
	"""The id with the mark of this site's name and its database's."""
	host = str(frappe.conf.get("db_host") or "").lower()
	where = [id, _site(), str(frappe.conf.get("db_name") or ""), "" if host in _HERE else host]
	return f"{id}.{hashlib.sha256(json.dumps(where).encode()).hexdigest()[:32]}"


def _site() -> str:
	"""The site's name: of its folder, whatever further names link to it."""
	return os.path.basename(os.path.realpath(frappe.get_site_path()))


def _others_with(id: str) -> bool:
	"""Whether another site of this bench has the same id in its configuration."""
	for path in Path(frappe.local.sites_path).glob("*/site_config.json"):
		if path.parent.resolve().name == _site():
			continue
		try:
			known = json.loads(path.read_text()).get(KEY)
		except (OSError, ValueError, AttributeError):
			continue  # not ours to judge
		if str(known or "").partition(".")[0] == id:
			return True
	return False


def _is_public_address_of_this_site() -> bool:
	address = frappe.db.get_single_value(SETTINGS, "public_url", cache=False) or ""
	return urlsplit(address).hostname in (_site(), frappe.local.site)
