"""Snoozing: nobody has it yet, and it is to be quiet for a while."""

from dataclasses import replace
from datetime import datetime, timedelta

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.decision import Decision
from escalation_mgmt.engine.event import Event, given
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.plan import ZERO
from escalation_mgmt.engine.refusal import Refusal, Refused
from escalation_mgmt.engine.statuses import TRANSITIONS, WRITES, Cause, Status, next_status

LONGEST = timedelta(days=7)
"""An item is quiet for so long at most: what nobody has mustn't be put out of sight."""


def can_snooze(item: ActionItem) -> bool:
	"""One that reaches nobody, or stands still, is quiet already: nothing of it is due."""
	return Cause.SNOOZE in TRANSITIONS[item.status] and item.next_at is not None


def snooze(item: ActionItem, until: datetime, actor: Actor, now: datetime) -> Decision:
	"""Keep quiet until an instant (UTC); what no provider was handed yet is taken back.

	Then it goes on where it stood, with the step that came next, though never before that step's own time. The last wait
	stands still meanwhile: quiet is asked for by whoever needs time, and mustn't use up what is left of it. Raises Refused.
	"""
	if not can_snooze(item):
		raise Refused(Refusal.NOT_IN_THIS_STATUS)
	if until <= now:
		raise Refused(Refusal.PAST)
	if until - now > LONGEST:
		raise Refused(Refusal.TOO_LONG)
	quiet = replace(
		item,
		status=next_status(item.status, Cause.SNOOZE),
		due_at=until,
		resumes_at=resumes_after(item, until, now),
		maintenance="",
		version=item.version + 1,
	)
	event = Event(
		WRITES[Cause.SNOOZE],
		now,
		item.step,
		item.run,
		given({"until": until, "by": actor.name, "via": actor.via}),
		{"by": actor.named},
	)
	return Decision(item=quiet, events=(event,), withdraw=True)


def resumes_after(item: ActionItem, until: datetime, now: datetime) -> datetime | None:
	"""When what comes next is due after it. Of a last wait what is left, which stands still while it is quiet already."""
	quiet, due = item.status is Status.SNOOZED, item.due_at
	if item.in_last_wait and due:
		left = (item.resumes_at or due) - due if quiet else due - now
		return until + max(left, ZERO)
	return item.resumes_at if quiet else due


def wake(item: ActionItem, cause: Cause, now: datetime) -> tuple[ActionItem, Event]:
	"""The item as the snooze leaves it, and the line that says so; its version is the caller's to raise."""
	by_time = cause is Cause.SNOOZE_OVER
	due = item.due_at if by_time and item.due_at else now
	awake = replace(
		item,
		status=next_status(item.status, cause),
		due_at=max(due, item.resumes_at or due),
		paused_at=item.paused_at and now,
		resumes_at=None,
		maintenance="",
		coming=(),
	)
	data = {} if by_time else {"why": str(cause)}
	return awake, Event(WRITES[cause], now, item.step, item.run, data)
