"""Undoing an acknowledgement: for a minute, by whoever gave it, as if it had never been."""

from dataclasses import fields, replace
from datetime import datetime, timedelta

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Decision
from escalation_mgmt.engine.event import Event, given
from escalation_mgmt.engine.item import ActionItem, Before
from escalation_mgmt.engine.refusal import Refusal, Refused
from escalation_mgmt.engine.statuses import WRITES, Cause, Status, next_status
from escalation_mgmt.engine.time_out import is_theirs
from escalation_mgmt.engine.unacknowledge import without_holder
from escalation_mgmt.engine.waits import after, passed

UNDO_WITHIN = timedelta(minutes=1)
"""So long an acknowledgement can be undone, and so long nobody is told of it."""

_BACK_TO = {
	Status.SCHEDULED: Cause.UNDO_IN_WINDOW,
	Status.ESCALATING: Cause.UNDO,
	Status.SNOOZED: Cause.UNDO_SNOOZED,
	Status.EXHAUSTED: Cause.UNDO_EXHAUSTED,
}


def as_before(item: ActionItem) -> Before:
	"""What an acknowledgement is about to change."""
	return Before(**{each.name: getattr(item, each.name) for each in fields(Before)})


def undo_until(item: ActionItem, actor: Actor) -> datetime | None:
	"""Until when (UTC, not itself) this person can undo the acknowledgement; None: there is none of theirs that could be."""
	theirs = is_theirs(
		actor.user,
		actor.name,
		acknowledged_user=item.acknowledged_user,
		acknowledged_by=item.acknowledged_by,
	)
	return may_be_undone_until(item) if theirs else None


def may_be_undone_until(item: ActionItem) -> datetime | None:
	"""Until when (UTC, not itself) whoever acknowledged it can undo that; None: nobody has it, or nothing is left to undo."""
	# every way out of the status forgets what was before
	return item.acknowledged_at + UNDO_WITHIN if item.before and item.acknowledged_at else None


def undo(item: ActionItem, actor: Actor, context: Context) -> Decision:
	"""Take an acknowledgement back within its minute: the item is as it was before, with what was due when, and what was withdrawn
	by it is queued again. What came due meanwhile runs now; what the ticket brought meanwhile stays. Raises Refused.
	"""
	until, now, before = undo_until(item, actor), context.now, item.before
	if until is None or before is None:
		raise Refused(Refusal.NOT_THEIRS)
	if now >= until:
		raise Refused(Refusal.TOO_LATE)
	cause = _BACK_TO[before.status]
	restored = {each.name: getattr(before, each.name) for each in fields(Before)}
	restored |= _standing_still(item, before, context)
	restored |= {"status": next_status(item.status, cause), "version": item.version + 1}
	back = replace(without_holder(item), **restored)
	data = given({"by": actor.name, "via": actor.via, "due": back.due_at})
	return Decision(
		item=back,
		events=(Event(WRITES[cause], now, item.step, item.run, data, {"by": actor.named}),),
		queue_again=item.acknowledged_at,
	)


def _standing_still(item: ActionItem, before: Before, context: Context) -> dict[str, object]:
	"""Where the clock was stopped, or let go on, while somebody had it."""
	if bool(item.paused_at) == bool(before.paused_at):
		return {}
	if item.paused_at:  # what is left of the wait is counted from then
		return {"paused_at": item.paused_at}
	assert before.paused_at
	stood = passed(before.paused_at, context.now, item.plan, context.working)
	due = before.due_at and after(before.due_at, stood, item.plan, context.working)
	return {"paused_at": None, "due_at": due, "stood_still": item.stood_still}
