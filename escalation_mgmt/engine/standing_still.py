"""The clock of the resolution stands still while its ticket waits for the customer: no step runs, and every wait shifts.

The item's status stays, and what people do about it they can do; its `due_at` is kept as of the instant at which it stopped.
"""

from dataclasses import replace

from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Decision
from escalation_mgmt.engine.event import Event, EventKind, given
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.plan import ZERO, Clock, Plan
from escalation_mgmt.engine.statuses import Status
from escalation_mgmt.engine.ticket import StatusCategory, Ticket
from escalation_mgmt.engine.waits import after, still_from_now, window_of


def stands_still(plan: Plan, ticket: Ticket) -> bool:
	return plan.clock is Clock.RESOLUTION and ticket.category is StatusCategory.PAUSED


def follow_pause(item: ActionItem, ticket: Ticket, context: Context) -> Decision | None:
	"""Stop the item's clock, or let it go on; its version is the caller's to raise. None: neither."""
	if stands_still(item.plan, ticket) == bool(item.paused_at):
		return None
	now = context.now
	if not item.paused_at:
		line = Event(EventKind.CLOCK_STOPPED, now, item.step, item.run)
		return Decision(item=replace(item, paused_at=now), events=(line,))
	item = _going_on(item, ticket, context)
	line = Event(EventKind.CLOCK_GOES_ON, now, item.step, item.run, given({"due": item.due_at}))
	return Decision(item=item, events=(line,))


def _going_on(item: ActionItem, ticket: Ticket, context: Context) -> ActionItem:
	"""What was left of the wait when it stopped is left now; a deadline moves by itself."""
	now, stopped, due = context.now, item.paused_at or context.now, item.due_at
	resumes = item.resumes_at and item.resumes_at + (now - stopped)
	item = still_from_now(item, context)
	going = replace(item, paused_at=None, resumes_at=resumes)
	if not due:
		return going
	if item.maintenance:
		return replace(going, due_at=max(due, now))
	if item.status is Status.SCHEDULED and item.plan.starts_by_deadline and not item.window_skipped:
		return replace(going, due_at=max(window_of(going, ticket, context.working), now))
	if item.status is Status.SNOOZED or not item.plan.counts_working_time:
		return replace(going, due_at=now + max(due - stopped, ZERO))
	# Where they are equal nothing lies between them.
	left = context.working.between(stopped, due) if due > stopped else ZERO  # pragma: no mutate
	return replace(going, due_at=after(now, left, item.plan, context.working))
