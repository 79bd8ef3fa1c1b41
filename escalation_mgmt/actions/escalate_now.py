"""Bringing the next step forward: asked for by a person who can't take it, or because a message didn't arrive."""

from datetime import datetime

from frappe import _

from escalation_mgmt.engine import (
	ActionItem,
	Actor,
	Refusal,
	Refused,
	WorkingTime,
	bring_forward,
	held_until,
	running_maintenance,
)
from escalation_mgmt.facts.calendars import Calendars
from escalation_mgmt.facts.maintenances import Maintenances
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.storage import action_items, decisions
from escalation_mgmt.utils import clock


def escalate_now(
	item: str,
	*,
	to: int = 0,
	seen: tuple[int, int, int] | None = None,
	by: str = "",
	via: str = "",
	why: str = "",
) -> tuple[bool, str]:
	"""Make what comes next due now; whether it was done, and in words what became of it.

	`to` is the number of a step that is still to come: those before it are passed over. `seen` is the item's position
	as whoever asks knew it: where that has run since, or the escalation has begun anew, nothing is done. None: the caller
	has compared the item's version. The caller has checked that this person may, and commits.
	"""
	found = action_items.lock([item])
	if not found:
		return False, _("There is no Escalation Action Item {0}.").format(item)
	stored, now = found[0], clock.now()
	try:
		actor = Actor(name=by, via=via)
		decision = bring_forward(stored.item, seen or stored.item.position, now, to=to, actor=actor, why=why)
	except Refused as e:
		if e.refusal is Refusal.BEGUN_ANEW:
			return False, _("The escalation has begun anew meanwhile; nothing was changed.")
		if e.refusal is Refusal.MOVED_ON:
			return False, _("The next step has run meanwhile; nothing was changed.")
		if e.refusal is Refusal.NO_SUCH_STEP:
			return False, _("Step {0} doesn't come any more in this run; nothing was changed.").format(to)
		return False, _("The escalation is {0}; there is no next step.").format(_(stored.item.status))
	read = Tickets([stored.key])
	decisions.apply([(stored, decision)], Directory(), read, now)
	ticket = read[stored.key]
	if pause := running_maintenance(Maintenances().of(ticket), now):
		until = clock.shown(pause.end)
		return True, _("A maintenance runs ({0}): it is held until {1}.").format(pause.reason, until)
	return True, _what_comes(decision.item, Calendars().of(stored.item.plan, ticket), now)


def _what_comes(item: ActionItem, working: WorkingTime, now: datetime) -> str:
	"""What a step that is due now does, in words: it may be held."""
	if item.in_last_wait:
		return _("No step is left: the escalation ends now, unacknowledged.")
	step = item.plan.groups[item.group][0].number
	if until := held_until(item.plan, item.group, now, working):
		until = clock.shown(until)
		return _("Step {0} may go out only in working time: it is held until {1}.").format(step, until)
	return _("Step {0} is run now.").format(step)
