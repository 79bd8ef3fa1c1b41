"""When what comes next is due: every wait of a plan, around the clock or in working time, as the plan counts."""

from dataclasses import replace
from datetime import datetime, timedelta

from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.plan import ZERO, Clock, Plan, StartAt
from escalation_mgmt.engine.ticket import Ticket
from escalation_mgmt.engine.working_time import AROUND_THE_CLOCK, WorkingTime


def after(at: datetime, wait: timedelta, plan: Plan, working: WorkingTime) -> datetime:
	return working.add(at, wait) if plan.counts_working_time else at + wait


def clock_opened(plan: Plan, ticket: Ticket, opened_at: datetime, working: WorkingTime) -> datetime:
	"""When the plan's clock began to run for a ticket whose item was opened at `opened_at`; what it stood still isn't counted."""
	if plan.clock is Clock.NEXT_RESPONSE:
		return ticket.asked_at or opened_at
	began = min(ticket.created_at or opened_at, opened_at)
	return after(began, ticket.held, plan, working) if plan.clock is Clock.RESOLUTION else began


def deadline(plan: Plan, ticket: Ticket, clock_at: datetime, working: WorkingTime) -> datetime | None:
	"""By when the plan's clock, which began at `clock_at`, is to have stopped; None: nobody says."""
	if plan.clock is Clock.NEXT_RESPONSE:
		return after(clock_at, plan.window, plan, working)
	return ticket.resolution_by if plan.clock is Clock.RESOLUTION else ticket.response_by


def window_end(
	plan: Plan,
	ticket: Ticket,
	opened_at: datetime,
	working: WorkingTime = AROUND_THE_CLOCK,
	*,
	clock_at: datetime | None = None,
	after_answer: bool = False,
	stood_still: timedelta = ZERO,
) -> datetime:
	"""When the response window of an item that was opened at `opened_at` ends. Never before that instant.

	`clock_at`: when its clock began, where the item knows it. `after_answer`: the ticket had been answered by then, so that
	its response deadline says nothing any more. `stood_still`: so long its own window wasn't counted; a deadline moves by itself.
	"""
	if plan.start is StartAt.AT_ONCE:
		return opened_at
	clock_at = clock_at or clock_opened(plan, ticket, opened_at, working)
	by = None if after_answer else deadline(plan, ticket, clock_at, working)
	own_window = plan.start is StartAt.AFTER_WINDOW and plan.clock is not Clock.NEXT_RESPONSE
	if own_window or by is None:
		return after(opened_at, plan.window + stood_still, plan, working)
	return max(_start_for(plan, clock_at, by, working), opened_at)


def _start_for(plan: Plan, clock_at: datetime, by: datetime, working: WorkingTime) -> datetime:
	"""When a plan starts whose clock runs from one instant to another."""
	if plan.start is StartAt.BEFORE_DEADLINE and not plan.counts_working_time:
		return by - plan.lead
	if plan.start not in (StartAt.BEFORE_DEADLINE, StartAt.AT_PERCENT):
		return by
	if by < clock_at:  # pragma: no mutate; where they are equal there is no time between them
		return by
	whole = working.between(clock_at, by) if plan.counts_working_time else by - clock_at
	part = whole * plan.percent / 100 if plan.start is StartAt.AT_PERCENT else whole - plan.lead
	return after(clock_at, max(part, ZERO), plan, working)


def window_of(item: ActionItem, ticket: Ticket, working: WorkingTime = AROUND_THE_CLOCK) -> datetime:
	"""When the response window of an item ends, or ended, by its ticket as it is now; at its opening where a person skipped
	it.
	"""
	if item.window_skipped:
		return item.opened_at
	by_message = item.clock_at if item.plan.clock is Clock.NEXT_RESPONSE else None
	return window_end(
		item.plan,
		ticket,
		item.opened_at,
		working,
		clock_at=by_message,
		after_answer=item.after_answer,
		stood_still=item.stood_still,
	)


def passed(since: datetime, until: datetime, plan: Plan, working: WorkingTime) -> timedelta:
	"""How much of a wait passes between two instants."""
	return working.between(since, until) if plan.counts_working_time else until - since


def still_from_now(item: ActionItem, context: Context) -> ActionItem:
	"""The item where something else is waited for from now on: if its clock stands still, of that it does so from now on."""
	if not item.paused_at:
		return item
	stood = passed(item.paused_at, context.now, item.plan, context.working)
	return replace(item, paused_at=context.now, stood_still=item.stood_still + stood)


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
