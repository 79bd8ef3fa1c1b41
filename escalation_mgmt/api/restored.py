"""After a restore of the database: what is held, and what becomes of it. For managers only."""

from typing import Any

import frappe
from frappe import _, _lt

from escalation_mgmt.actions import after_restore
from escalation_mgmt.actions.action import user_as_actor
from escalation_mgmt.permissions import only_for_managers
from escalation_mgmt.utils.given import parsed
from escalation_mgmt.utils.language import plural

LONGEST = 500  # characters of a reason


@frappe.whitelist(methods=["POST"])
def let_go_on(items: str | list | None = None) -> str:
	"""Let held action items go on, these or all of them; what fell due of each runs once. Says how many. Of all: somebody has looked."""
	only_for_managers()
	actor, names = _actor(), _names(items)
	done = after_restore.let_all_go_on(actor, names)
	if names is None:
		after_restore.looked(actor)
	return plural(done, _lt("{0} escalation goes on."), _lt("{0} escalations go on."))


@frappe.whitelist(methods=["POST"])
def cancel(reason: str, items: str | list | None = None) -> str:
	"""Cancel held action items, these or all of them; nobody is told. Says how many. Of all: somebody has looked."""
	only_for_managers()
	actor, names, reason = _actor(), _names(items), reason.strip()[:LONGEST]
	if not reason:
		frappe.throw(_("Give a reason: it stands in the history."))
	done = after_restore.cancel_all(actor, reason, names)
	if names is None:
		after_restore.looked(actor)
	return plural(done, _lt("{0} escalation was cancelled."), _lt("{0} escalations were cancelled."))


@frappe.whitelist(methods=["POST"])
def looked() -> str:
	"""Somebody has looked, and leaves what is held as it is."""
	only_for_managers()
	after_restore.looked(_actor())
	return _("Noted. What is still held stays so until somebody decides.")


def _actor() -> Any:
	via = "API" if frappe.get_request_header("Authorization") else "Desk"
	return user_as_actor(frappe.session.user, via)


def _names(items: str | list | None) -> list[str] | None:
	return None if items is None else [str(name) for name in parsed(items, list, "items")]
