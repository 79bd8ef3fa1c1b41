"""The buttons in Escalation Settings. For managers only; nothing is sent to anybody."""

from typing import Any

import frappe
from frappe import _

from escalation_mgmt.notifiers import CannotReach
from escalation_mgmt.notifiers.push import fcm, vapid
from escalation_mgmt.notifiers.twilio import connection_check
from escalation_mgmt.notifiers.twilio.account import account
from escalation_mgmt.permissions import only_for_managers
from escalation_mgmt.utils import installation, site_config


@frappe.whitelist(methods=["POST"])
def make_live() -> None:
	"""Let this installation send."""
	only_for_managers()
	if installation.is_live():
		frappe.throw(_("This installation is live already."))
	installation.make_live()
	frappe.msgprint(_("This installation is live: due steps are run and messages are sent."), alert=True)


@frappe.whitelist(methods=["POST"])
def test_twilio() -> dict[str, Any]:
	"""Returns {"ok", "said": [sentences]}."""
	only_for_managers()
	wrong, fine = connection_check.check(account())
	return {"ok": not wrong, "said": wrong or fine}


@frappe.whitelist(methods=["POST"])
def test_fcm() -> dict[str, Any]:
	"""Returns {"ok", "said": in words}."""
	only_for_managers()
	try:
		return {"ok": True, "said": fcm.test_connection()}
	except CannotReach as e:
		return {"ok": False, "said": str(e)}


@frappe.whitelist(methods=["POST"])
def make_push_keys() -> str:
	"""Make a new pair of keys for Web Push. Returns the new public key."""
	only_for_managers()
	if site_config.text(site_config.VAPID_PRIVATE_KEY):
		frappe.throw(_("The key stands in the site's configuration file. Change it there."))
	return vapid.rotate()
