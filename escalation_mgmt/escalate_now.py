"""Bringing the next step forward: asked for by a person who can't take it, or because a message didn't arrive."""

from frappe import _

from escalation_mgmt import clock, store
from escalation_mgmt.engine import MOVED_ON, Refused, bring_forward, position_after
from escalation_mgmt.people import Directory
from escalation_mgmt.tickets import Tickets


def escalate_now(
	item: str, *, after: tuple[int, int] | None = None, by: str = "", via: str = "", why: str = ""
) -> tuple[bool, str]:
	"""Make what comes next due now; whether it was done, and in words what became of it.

	`after` is the run and the step that whoever asks knew to be the last: where more has run since, nothing is done.
	None: the caller has compared the item's version. The caller has checked that this person may, and commits.
	"""
	found = store.lock([item])
	if not found:
		return False, _("There is no Escalation Action Item {0}.").format(item)
	stored, now = found[0], clock.now()
	seen = position_after(stored.item.plan, *after) if after else (stored.item.run, stored.item.group)
	try:
		decision = bring_forward(stored.item, seen, now, by=by, via=via, why=why)
	except Refused as e:
		if str(e) == MOVED_ON:
			return False, _("The next step has run meanwhile; nothing was changed.")
		return False, _("The escalation is {0}; there is no next step.").format(_(stored.item.status))
	store.apply([(stored, decision)], Directory(), Tickets([stored.key]), now)
	return True, _("The next step is run now.")
