"""A running item is compared with its ticket, which may have been answered, moved to another plan or changed since."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Audience, Decision, Notice
from escalation_mgmt.engine.end import CancelReason, end
from escalation_mgmt.engine.event import Event, EventKind, given, of_clock
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.matching import ConditionMet, rematch
from escalation_mgmt.engine.plan import Plan
from escalation_mgmt.engine.snooze import wake
from escalation_mgmt.engine.standing_still import follow_pause
from escalation_mgmt.engine.start import start_again
from escalation_mgmt.engine.statuses import RUNNING, Cause, Status
from escalation_mgmt.engine.ticket import Ticket, answer
from escalation_mgmt.engine.time_out import worked_on
from escalation_mgmt.engine.waits import window_of


def evaluate(
	item: ActionItem, ticket: Ticket, enabled: Iterable[Plan], condition_met: ConditionMet, context: Context
) -> Decision | None:
	"""Compare the ticket with what the item knows of it (design rule 4). None: nothing has changed.

	A decision whose events name a plan under `replaced_by` asks the shell to open an item of that plan.
	"""
	if item.status not in RUNNING:
		return None
	now = context.now
	if ticket.merged_into:
		return end(item, Cause.TICKET_GONE, now, {"merged_into": ticket.merged_into})
	if ticket.gone:
		why = CancelReason.TICKET_CANCELLED if ticket.cancelled else CancelReason.TICKET_DELETED
		return end(item, Cause.TICKET_GONE, now, {"reason": why})
	if how := answer(ticket, item.plan, item.answered_since):
		return end(item, Cause.ANSWERED, now, {"how": how})
	return _move(item, ticket, enabled, condition_met, now) or _follow(item, ticket, context)


def _move(
	item: ActionItem, ticket: Ticket, enabled: Iterable[Plan], condition_met: ConditionMet, now: datetime
) -> Decision | None:
	"""End an item whose ticket another plan takes now, or none. What somebody has goes on, unless the priority was raised.

	What had been answered before it was raised is no other plan's once it is lowered again.
	"""
	moved = rematch(
		item.plan, enabled, item.facts, ticket.facts, condition_met, by_hand=item.by_hand or item.acted
	)
	has_it = item.status is Status.ACKNOWLEDGED
	if not moved or item.superseded or (has_it and not _is_raised(item, ticket)):
		return None
	if moved.plan and _is_lowered_again(item, ticket):
		return end(item, Cause.NO_MATCH, now, {"reason": CancelReason.LOWERED})
	if moved.plan:
		return end(item, Cause.REPLACE, now, {"replaced_by": moved.plan.name})
	return None if has_it else end(item, Cause.NO_MATCH, now, {"reason": CancelReason.NO_MATCH})


def _follow(item: ActionItem, ticket: Ticket, context: Context) -> Decision | None:
	"""Take over what changed on the ticket without ending the item."""
	new = item
	events: list[Event] = []
	notices: list[Notice] = []
	for change in (_facts, follow_pause, _deadline, _work, _raise, _assignees):
		if changed := change(new, ticket, context):
			new = changed.item
			events += changed.events
			notices += changed.notices  # pragma: no mutate; the last change alone notifies anybody
	if not events:
		return None
	# The facts last: whether the priority was raised is seen by the old ones.
	new = replace(new, facts=ticket.facts, version=item.version + 1)
	return Decision(item=new, events=tuple(events), notices=tuple(notices))


def _facts(item: ActionItem, ticket: Ticket, context: Context) -> Decision | None:
	if ticket.facts == item.facts:
		return None
	data = {"priority": ticket.facts.priority, "team": ticket.facts.team, "type": ticket.facts.ticket_type}
	return Decision(item=item, events=(Event(EventKind.TICKET_CHANGED, context.now, data=given(data)),))


def _deadline(item: ActionItem, ticket: Ticket, context: Context) -> Decision | None:
	in_window = item.status is Status.SCHEDULED and not item.maintenance and not item.window_skipped
	if not in_window or item.paused_at or not item.plan.starts_by_deadline:
		return None
	due = window_of(item, ticket, context.working)
	if due == item.due_at or (item.due_at and max(due, item.due_at) <= context.now):
		return None  # one that is due already isn't the later for a deadline that has passed meanwhile
	data = {"was": item.due_at, "due": due, **of_clock(item.plan)}
	return Decision(
		item=replace(item, due_at=due), events=(Event(EventKind.WINDOW_MOVED, context.now, data=data),)
	)


def _work(item: ActionItem, ticket: Ticket, context: Context) -> Decision | None:
	how = worked_on(item, ticket)
	if not how:
		return None
	kept = replace(item, due_at=None, reminded=False, maintenance="")
	return Decision(item=kept, events=(Event(EventKind.WORKED_ON, context.now, data={"how": how}),))


def _raise(item: ActionItem, ticket: Ticket, context: Context) -> Decision | None:
	if item.status is not Status.SNOOZED or not _is_raised(item, ticket):
		return None
	awake, line = wake(item, Cause.RAISED, context.now)
	return Decision(item=awake, events=(line,))


def _assignees(item: ActionItem, ticket: Ticket, context: Context) -> Decision | None:
	if set(ticket.assignees) == set(item.assignees):
		return None
	data = {"was": ", ".join(item.assignees), "assigned": ", ".join(ticket.assignees)}
	people = {
		"was": tuple((user, user) for user in item.assignees),
		"assigned": tuple((user, user) for user in ticket.assignees),
	}
	line = Event(EventKind.ASSIGNEE_CHANGED, context.now, data=data, people=people)
	fresh = set(ticket.assignees) - set(item.assignees)
	passed_on = tuple(
		(run, who) for run, who in item.passed_on if who not in fresh
	)  # somebody asks for them again
	assigned = replace(item, assignees=ticket.assignees, passed_on=passed_on)
	if not ticket.assignees:
		return Decision(item=assigned, events=(line,))
	# Those who have it now hear by the plan's own steps.
	others = Notice(Audience.NOTIFIED, EventKind.ASSIGNEE_CHANGED, but_not=frozenset(ticket.assignees))
	again = start_again(assigned, "assigned", context.now) or Decision(item=assigned)
	return replace(again, events=(line, *again.events), notices=(others,))


def _is_lowered_again(item: ActionItem, ticket: Ticket) -> bool:
	"""Whether the priority is down at what had been answered. One that isn't lower than the item knows it wasn't lowered,
	whatever its name counts for by now.
	"""
	answered = item.answered_level
	return answered is not None and ticket.facts.level <= answered and ticket.facts.level < item.facts.level


def _is_raised(item: ActionItem, ticket: Ticket) -> bool:
	return ticket.facts.level > item.facts.level
