"""An action item begins: opened for a ticket, or started again once somebody can be reached."""

from dataclasses import replace
from datetime import datetime

from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Decision
from escalation_mgmt.engine.event import Event, EventKind, given, of_clock
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.plan import Plan
from escalation_mgmt.engine.standing_still import stands_still
from escalation_mgmt.engine.statuses import Status
from escalation_mgmt.engine.ticket import Ticket
from escalation_mgmt.engine.waits import clock_opened, no_calendar, window_end


def open_item(  # noqa: PLR0913 - each says another thing of how it begins
	id: str,
	plan: Plan,
	ticket: Ticket,
	context: Context,
	*,
	by: str = "",
	at_once: bool = False,
	follows: str = "",
	answered_level: int | None = None,
) -> Decision:
	"""Open an action item for a ticket: Scheduled, due at the end of the response window.

	`by` is the user who started it by hand, `at_once` where that was without the window; `follows` the item that this one
	replaces; `answered_level` as the item has it.
	"""
	now = context.now
	clock_at, after_answer = clock_opened(plan, ticket, now, context.working), answered_level is not None
	item = ActionItem(
		id=id,
		plan=plan,
		status=Status.SCHEDULED,
		opened_at=now,
		due_at=now if at_once else window_end(plan, ticket, now, context.working, after_answer=after_answer),
		clock_at=clock_at,
		paused_at=now if stands_still(plan, ticket) else None,
		facts=ticket.facts,
		assignees=ticket.assignees,
		by_hand=bool(by),
		window_skipped=at_once,
		answered_level=answered_level,
	)
	data = {"plan": plan.name, "due": item.due_at, "by": by, "at_once": at_once, "follows": follows}
	data |= {} if at_once else of_clock(plan)
	people = {"by": ((by, by),)}
	return Decision(
		item=item,
		events=(Event(EventKind.CREATED, now, data=given(data), people=people), *no_calendar(context)),
	)


def start_again(item: ActionItem, why: str, now: datetime) -> Decision | None:
	"""Somebody can be reached again (an assignee, a contact, a provider): run the plan's pass from its start."""
	if not item.stalled:
		return None
	again = replace(
		item,
		generation=item.generation + 1,
		stalled=False,
		unreached=0,
		due_at=now,
		paused_at=item.paused_at and now,
		version=item.version + 1,
	)
	return Decision(item=again, events=(Event(EventKind.STARTED_AGAIN, now, data={"why": why}),))
