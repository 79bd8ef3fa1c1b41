"""Giving an acknowledged escalation back by hand: it goes on."""

from frappe import _

from escalation_mgmt.actions.action import Action, Result, where
from escalation_mgmt.actions.carry_out import Locked, carry_out
from escalation_mgmt.engine import ActionItem, Actor, Decision, Refused, can_unacknowledge
from escalation_mgmt.engine import unacknowledge as engine_unacknowledge
from escalation_mgmt.storage import wording
from escalation_mgmt.utils import clock


def unacknowledge(item: str, actor: Actor) -> Result:
	"""Take an acknowledgement back: the step that comes next is due after its own wait, counted from now.

	The caller has checked that this person may, and commits.
	"""
	return carry_out(
		item,
		decide=lambda locked: engine_unacknowledge(locked.item, actor, locked.ticket, locked.context),
		refuse=_refuse,
		say=_say,
		pages_by=actor,
	)


def _refuse(_why: Refused, item: ActionItem) -> str:
	return _("The escalation is {0}; there is nothing to give back.").format(wording.status(item.status))


def _say(_locked: Locked, decision: Decision) -> str:
	due = clock.shown(decision.item.due_at)
	if decision.item.in_last_wait:
		return _("Given back. No step is left: the last wait begins anew, and ends at {0}.").format(due)
	return _("Given back. The escalation goes on; what comes next is due at {0}.").format(due)


UNACKNOWLEDGE = Action(
	"unacknowledge",
	label=lambda: _("Give Back"),
	offered=where(can_unacknowledge),
	run=lambda click: unacknowledge(click.item.id, click.actor),
)
