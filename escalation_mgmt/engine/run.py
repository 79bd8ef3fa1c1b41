"""What is due is run, one group of steps at a time, until nobody acknowledges and the last wait is over."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from escalation_mgmt.engine.changed import changed
from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Audience, Decision, Notice
from escalation_mgmt.engine.end import CancelReason, end
from escalation_mgmt.engine.evaluate import evaluate
from escalation_mgmt.engine.event import Event, EventKind, of_clock
from escalation_mgmt.engine.group import run_group
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.maintenance import running
from escalation_mgmt.engine.maintenance_hold import hold, is_dropped, over
from escalation_mgmt.engine.matching import ConditionMet
from escalation_mgmt.engine.plan import Plan
from escalation_mgmt.engine.snooze import wake
from escalation_mgmt.engine.statuses import RUNNING, WRITES, Cause, Status, next_status
from escalation_mgmt.engine.ticket import Ticket
from escalation_mgmt.engine.time_out import remind, time_out
from escalation_mgmt.engine.waits import after, held_until, late, no_calendar


def run_due(
	item: ActionItem, ticket: Ticket, enabled: Iterable[Plan], condition_met: ConditionMet, context: Context
) -> Decision | None:
	"""Evaluate the item once more, then do what is due. At most one group of steps runs in one decision.

	A group that may go out only in working time is held until then, and evaluated again; whatever falls due in one of
	the maintenances that cover the ticket is held until its end.
	"""
	evaluated = evaluate(item, ticket, enabled, condition_met, context)
	current = evaluated.item if evaluated else item
	if current.status not in RUNNING or not _is_due(current, context.now):
		return evaluated
	if evaluated:
		current = changed(current, version=item.version)
	if pause := running(context.maintenances, context.now):
		ran = hold(current, pause, context.now)
	else:
		ran = _run(current, ticket, context)
	if not evaluated:
		return ran
	return replace(ran, events=evaluated.events + ran.events, notices=evaluated.notices + ran.notices)


def _run(item: ActionItem, ticket: Ticket, context: Context) -> Decision:
	"""Let a maintenance be over that held the item, and do what is due then; an item may be dropped instead."""
	if is_dropped(item):
		data = {"reason": CancelReason.DROPPED, "maintenance": item.maintenance}
		return end(item, Cause.DROP, context.now, data)
	events = () if item.in_last_wait else no_calendar(context)
	if item.maintenance:
		item, line = over(item, ticket, context)
		events = (*events, line)
	return _preceded_by(events, _go_on(item, ticket, context))


def _go_on(item: ActionItem, ticket: Ticket, context: Context) -> Decision:
	"""Let an item escalate that doesn't yet, or no longer, where that is due; then take its next step."""
	if item.status is Status.ESCALATING or not _is_due(item, context.now):
		return _next_step(item, context)
	if item.status is Status.ACKNOWLEDGED and not item.reminded:
		return remind(item, context)
	escalating, line = _escalate(item, ticket, context)
	return _preceded_by((line,), _next_step(escalating, context))


def _escalate(item: ActionItem, ticket: Ticket, context: Context) -> tuple[ActionItem, Event]:
	"""The item as the end of its window, its snooze or its acknowledgement's time leaves it, and the line that says so."""
	if item.status is Status.SNOOZED:
		return wake(item, Cause.SNOOZE_OVER, context.now)
	if item.status is Status.ACKNOWLEDGED:
		return time_out(item, ticket, context)
	return _window_over(item, context)


def _window_over(item: ActionItem, context: Context) -> tuple[ActionItem, Event]:
	cause, first = Cause.WINDOW_OVER, item.plan.groups[0][0].wait
	due = after(context.now, first, item.plan, context.working) if first else item.due_at
	escalating = changed(item, status=next_status(item.status, cause), due_at=due)
	return escalating, Event(WRITES[cause], context.now, data=late(item, context.now) | of_clock(item.plan))


def _next_step(item: ActionItem, context: Context) -> Decision:
	"""Run the group that comes next, if it is due, or hold it; past the last one the item is exhausted."""
	if not _is_due(item, context.now):
		return Decision(item=changed(item, version=item.version + 1))
	if item.in_last_wait:
		return _exhaust(item, context.now)
	if until := held_until(item.plan, item.group, context.now, context.working):
		step = item.plan.groups[item.group][0].number
		line = Event(EventKind.HELD, context.now, step, item.run, {"until": until})
		return Decision(item=changed(item, due_at=until, version=item.version + 1), events=(line,))
	return run_group(item, context)


def _exhaust(item: ActionItem, now: datetime) -> Decision:
	kind = WRITES[Cause.EXHAUST]
	line = Event(kind, now, item.step, item.run, late(item, now))
	status = next_status(item.status, Cause.EXHAUST)
	item = changed(item, status=status, due_at=None, ended_at=now, version=item.version + 1)
	return Decision(item=item, events=(line,), notices=(Notice(Audience.OWNERS, kind),))


def _is_due(item: ActionItem, now: datetime) -> bool:
	return item.next_at is not None and item.next_at <= now


def _preceded_by(events: tuple[Event, ...], decision: Decision) -> Decision:
	if not events:  # pragma: no mutate; only spares a copy
		return decision
	return replace(decision, events=events + decision.events)
