"""Stopping an escalation by hand, with a reason."""

import frappe
from frappe import _

from escalation_mgmt import delivery
from escalation_mgmt.engine import Actor, can_stop
from escalation_mgmt.engine import stop as engine_stop
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.storage import action_items, decisions
from escalation_mgmt.utils import clock

LONGEST = 500  # characters of a reason


def stop(item: str, *, by: str, reason: str, user: str = "") -> tuple[bool, str]:
	"""Stop an action item; whether it was done, and in words what became of it.

	`by` is the name that history shows, `user` the user where it is one. The caller has checked that this person
	may, and commits. Raises ValidationError where no reason is given.
	"""
	reason = reason.strip()[:LONGEST]
	if not reason:
		frappe.throw(_("Give a reason: it stands in the history."))
	found = action_items.lock([item])
	if not found:
		return False, _("There is no Escalation Action Item {0}.").format(item)
	stored, now = found[0], clock.now()
	if not can_stop(stored.item.status):
		return False, _("The escalation is {0}; there is nothing to stop.").format(_(stored.item.status))
	decision = engine_stop(stored.item, Actor(name=by, user=user), reason, now)
	decisions.apply([(stored, decision)], Directory(), Tickets([stored.key]), now)
	delivery.soon()
	return True, _("Stopped. Nothing more is sent, and those who were notified are told.")
