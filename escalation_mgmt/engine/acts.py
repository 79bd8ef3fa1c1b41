"""What an act of a step has done to the ticket: the item's facts follow it, so that its own act neither ends nor replaces it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from escalation_mgmt.engine.decision import Audience, Decision, Deed, Notice
from escalation_mgmt.engine.event import NOBODY, Event, EventKind, Named, given
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.plan import ZERO, Act, Plan, Step, Target, TargetKind
from escalation_mgmt.engine.start import start_again
from escalation_mgmt.engine.statuses import Status
from escalation_mgmt.engine.ticket import MatchFacts, Ticket, answer

BY_ACKNOWLEDGEMENT = 0
"""The number of no step: whoever acknowledged gets the ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
	"""What an act did: `before` is what the ticket had in its place (a priority, a team, a status), `to` the name of whom it
	was assigned to. `unchanged`: nothing had to be done.
	"""

	before: str = ""
	value: str = ""
	to: str = ""
	unchanged: bool = False


def assigned_by_acknowledging(item: ActionItem) -> Deed | None:
	"""Of an item that a user has just acknowledged: they get the ticket, where the plan says so."""
	user = item.acknowledged_user
	if not (item.plan.assign_on_acknowledgement and user and item.acknowledged_at):
		return None
	run = item.version  # each acknowledgement is one of its own
	return Deed(_assigning_to(user), run, item.acknowledged_at, user)


def step_of(plan: Plan, number: int, user: str) -> Step:
	"""The step that orders an act, by its number; `user` gets the ticket who acknowledged, which no step of the plan orders."""
	return plan.steps[number - 1] if number != BY_ACKNOWLEDGEMENT else _assigning_to(user)


def _assigning_to(user: str) -> Step:
	target = Target(TargetKind.USER, user)
	return Step(number=BY_ACKNOWLEDGEMENT, wait=ZERO, method=str(Act.ASSIGN), target=target)


def is_wanted(item: ActionItem, step: int, user: str) -> bool:
	"""Whether an act that was ordered is still to be done: not once somebody has the item, it is quiet, or it has ended."""
	if step == BY_ACKNOWLEDGEMENT:
		return item.status is Status.ACKNOWLEDGED and item.acknowledged_user == user
	return item.status in (Status.ESCALATING, Status.EXHAUSTED)


def ends_itself(item: ActionItem, before: Ticket, after: Ticket) -> bool:
	"""Whether an act that made `after` of the ticket would end its own item by the plan's stop rules."""
	if item.status is not Status.ESCALATING:
		return False
	since, plan = item.answered_since, item.plan
	return answer(before, plan, since) is None and answer(after, plan, since) is not None


def follow(item: ActionItem, act: Act | None, before: Ticket, after: Ticket) -> ActionItem:
	"""The item as an act leaves it. What somebody else has changed on the ticket is still to be seen, and isn't taken over; nor is
	whom a rule of the helpdesk assigned it to because of the act: they aren't whom the plan names.
	"""
	facts = {
		each.name: getattr(after.facts, each.name)
		for each in fields(MatchFacts)
		if getattr(after.facts, each.name) != getattr(before.facts, each.name)
	}
	assigned = act is Act.ASSIGN and after.assignees != before.assignees
	return replace(
		item,
		facts=replace(item.facts, **facts),
		assignees=after.assignees if assigned else item.assignees,
		acted=item.acted or bool(facts),
		version=item.version + 1,
	)


def _begun_again(new: ActionItem, item: ActionItem, now: datetime) -> Decision:
	"""One that reached nobody begins again where its own act has assigned the ticket, as where somebody else does."""
	assigned = new.assignees and set(new.assignees) != set(item.assignees)
	again = start_again(new, "assigned", now) if assigned else None
	if not again:
		return Decision(item=new)
	return replace(again, item=replace(again.item, version=new.version))


def act_done(
	item: ActionItem, deed: Deed, before: Ticket, after: Ticket, outcome: Outcome, now: datetime
) -> Decision:
	"""An act is done: `before` and `after` are the ticket. Who was notified hears to whom it was assigned."""
	new = follow(item, deed.step.act, before, after)
	notices: tuple[Notice, ...] = ()
	by_step = deed.step.number != BY_ACKNOWLEDGEMENT  # else they hear that it was acknowledged
	if by_step and deed.step.act is Act.ASSIGN and set(new.assignees) != set(item.assignees):
		kind = EventKind.ASSIGNEE_CHANGED
		notices = (Notice(Audience.NOTIFIED, kind, but_not=frozenset(new.assignees)),)
	data: dict[str, Any] = {
		"value": outcome.value,
		"before": outcome.before,
		"to": outcome.to,
		"unchanged": outcome.unchanged,
	}
	people = {"to": ((deed.user, outcome.to),)} if outcome.to else {}
	line, begun = _line(EventKind.ACT_DONE, deed, now, data, people), _begun_again(new, item, now)
	return replace(begun, events=(line, *begun.events), notices=notices)


def act_failed(item: ActionItem, deed: Deed, reason: str, now: datetime) -> Decision:
	return _without(item, _line(EventKind.ACT_FAILED, deed, now, {"reason": reason}))


def act_withdrawn(item: ActionItem, deed: Deed, now: datetime) -> Decision:
	"""It isn't wanted any more (`is_wanted`)."""
	return _without(item, _line(EventKind.ACT_WITHDRAWN, deed, now, {"status": str(item.status)}))


def _without(item: ActionItem, line: Event) -> Decision:
	return Decision(item=replace(item, version=item.version + 1), events=(line,))


def _line(
	kind: EventKind, deed: Deed, now: datetime, data: dict[str, Any], people: Mapping[str, Named] = NOBODY
) -> Event:
	number = deed.step.number
	run = deed.run if number else 0
	return Event(kind, now, number, run, given({"method": deed.step.method, **data}), people)
