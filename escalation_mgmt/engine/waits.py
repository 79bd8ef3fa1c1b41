"""When what comes next is due: every wait of a plan, around the clock or in working time, as the plan counts."""

from datetime import datetime, timedelta

from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.plan import Plan, StartAt
from escalation_mgmt.engine.ticket import Ticket
from escalation_mgmt.engine.working_time import AROUND_THE_CLOCK, WorkingTime


def after(at: datetime, wait: timedelta, plan: Plan, working: WorkingTime) -> datetime:
	return working.add(at, wait) if plan.counts_working_time else at + wait


def window_end(
	plan: Plan,
	ticket: Ticket,
	opened_at: datetime,
	working: WorkingTime = AROUND_THE_CLOCK,
	*,
	after_answer: bool = False,
) -> datetime:
	"""When the response window of an item that was opened at `opened_at` ends. Never before that instant.

	`after_answer`: the ticket had been answered by then, so that its response deadline says nothing any more.
	"""
	if plan.start is StartAt.AT_ONCE:
		return opened_at
	if plan.start is StartAt.AT_RESPONSE_DEADLINE and ticket.response_by and not after_answer:
		return max(ticket.response_by, opened_at)
	return after(opened_at, plan.window, plan, working)


def window_of(item: ActionItem, ticket: Ticket, working: WorkingTime = AROUND_THE_CLOCK) -> datetime:
	"""When the response window of an item ends, or ended, by its ticket as it is now; at its opening where a person skipped
	it.
	"""
	if item.window_skipped:
		return item.opened_at
	return window_end(item.plan, ticket, item.opened_at, working, after_answer=item.after_answer)


def following(plan: Plan, run: int, group: int) -> tuple[int, int]:
	"""The position (run, group) after a group's; a group past the last one is the last wait."""
	if group + 1 < len(plan.groups):
		return run, group + 1
	return (run + 1, 0) if run < plan.repeats else (run, len(plan.groups))


def wait_before(plan: Plan, run: int, group: int) -> timedelta:
	"""The wait before the group at a position: in a repeat with its pause, past the last group the last wait."""
	if group >= len(plan.groups):
		return plan.last_wait
	first = plan.groups[group][0].wait
	return plan.repeat_pause + first if run > 0 and not group else first


def group_of(plan: Plan, step: int) -> int:
	"""Which group a step is in, by its number; groups count from 0. Raises StopIteration where the plan has no such step."""
	return next(n for n, group in enumerate(plan.groups) if any(s.number == step for s in group))


def held_until(plan: Plan, group: int, now: datetime, working: WorkingTime) -> datetime | None:
	"""Until when a group that is due `now` is held, because it may go out only in working time; None: it isn't."""
	if group >= len(plan.groups) or not plan.groups[group][0].in_working_time:
		return None
	opens = working.next(now)
	return opens if opens > now else None


def late(item: ActionItem, now: datetime) -> dict[str, float]:
	"""How late what is due is taken up, in seconds, for an event's data."""
	since: timedelta = now - (item.due_at or now)
	return {"late": since.total_seconds()}


def no_calendar(context: Context) -> tuple[Event, ...]:
	"""What history says where the plan asks for a calendar that there isn't: all is counted around the clock."""
	if not context.working.missing:
		return ()
	return (Event(EventKind.NO_CALENDAR, context.now, data={"reason": context.working.missing}),)
