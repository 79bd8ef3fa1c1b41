"""Each line of history says whose the names in it are, in their order: two people may have one name."""

from dataclasses import replace
from datetime import datetime

import pytest

from escalation_mgmt.engine import (
	ActionItem,
	Context,
	Decision,
	EventKind,
	Named,
	Reach,
	Recipient,
	Status,
	Unreachable,
	acknowledge,
	add_person,
	bring_forward,
	evaluate,
	hand_over,
	on_the_way,
	open_item,
	run_again,
	run_due,
	snooze,
	stop,
	unacknowledge,
	undo,
)
from tests.engine.make import T0, actor, always, minutes, opened, plan, ticket

ANN = actor("Ann", "Desk", user="ann")
ANNE: Named = (("ann", "Ann"),)
NOW = T0 + minutes(20)


def two(step) -> Reach:
	"""Two people of one name, an address that is nobody's, and one who isn't reached."""
	reached = [
		Recipient(method=step.method, address=f"{user or label}@x.test", label=label, user=user)
		for user, label in (("ann", "Ann"), ("twin", "Ann"), ("", "b…@x.test"))
	]
	return Reach(tuple(reached), (Unreachable(method=step.method, label="Max", reason="no", user="max"),))


def context(now: datetime = NOW) -> Context:
	return Context(now, reaches=two)


def people(decision: Decision | None, kind: EventKind) -> dict[str, Named]:
	(line,) = (event for event in decision.events if event.kind is kind)
	for key, named in line.people.items():
		assert line.data.get(key, "") == ", ".join(name for _user, name in named), key
	return dict(line.people)


def due(item: ActionItem, now: datetime, **more) -> Decision | None:
	return run_due(item, ticket(**more), [item.plan], always, context(now))


def escalating(**more) -> ActionItem:
	return due(opened(plan(0, 30, 30, **more)), T0 + minutes(15)).item


def had(**more) -> ActionItem:
	return acknowledge(escalating(**more), ANN, context()).item


def test_a_step_and_whom_it_reached() -> None:
	ran = due(opened(plan(0, 30)), T0 + minutes(15))
	paged = (("ann", "Ann"), ("twin", "Ann"), ("", "b…@x.test"))
	assert people(ran, EventKind.STEP_RAN) == {"to": paged, "spared": ()}
	assert people(ran, EventKind.UNREACHABLE) == {"who": (("max", "Max"),)}
	quorum = replace(ran.item, acks=("twin",))
	spared = people(due(quorum, T0 + minutes(45)), EventKind.STEP_RAN)
	assert spared == {"to": (("ann", "Ann"), ("", "b…@x.test")), "spared": (("twin", "Ann"),)}


@pytest.mark.parametrize(
	("decide", "kind", "known"),
	[
		(lambda: acknowledge(escalating(), ANN, context()), EventKind.ACKNOWLEDGED, {"by": ANNE}),
		(
			lambda: bring_forward(escalating(), escalating().position, NOW, actor=ANN),
			EventKind.BROUGHT_FORWARD,
			{"by": ANNE},
		),
		(
			lambda: bring_forward(escalating(), escalating().position, NOW, why="x"),
			EventKind.BROUGHT_FORWARD,
			{},
		),
		(
			lambda: snooze(escalating(), NOW + minutes(5), ANN, NOW),
			EventKind.SNOOZED,
			{"by": ANNE},
		),
		(
			lambda: on_the_way(escalating(), NOW + minutes(5), ANN, NOW),
			EventKind.ON_THE_WAY,
			{"by": ANNE},
		),
		(lambda: undo(had(), ANN, context()), EventKind.UNDONE, {"by": ANNE}),
		(lambda: stop(escalating(), ANN, "why", NOW), EventKind.CANCELLED, {"by": ANNE}),
		(
			lambda: unacknowledge(had(), actor("Leo", user="leo"), ticket(), context()),
			EventKind.UNACKNOWLEDGED,
			{"by": (("leo", "Leo"),), "was": ANNE},
		),
		(
			lambda: hand_over(had(), "twin", "Ann", actor("Leo", user="leo"), ticket(), context()),
			EventKind.HANDED_OVER,
			{"to": (("twin", "Ann"),), "by": (("leo", "Leo"),), "was": ANNE},
		),
		(
			lambda: add_person(escalating(), "twin", "Ann", ANN, context()),
			EventKind.PERSON_ADDED,
			{"to": (("twin", "Ann"),), "by": ANNE},
		),
		(
			lambda: due(had(ack_timeout=minutes(5), ack_grace=minutes(5)), NOW + minutes(5)),
			EventKind.REMINDED,
			{"to": ANNE},
		),
		(
			lambda: acknowledge(replace(had(ack_timeout=minutes(5)), reminded=True), ANN, context()),
			EventKind.STILL_ON_IT,
			{"by": ANNE},
		),
		(
			lambda: due(replace(had(ack_timeout=minutes(5)), reminded=True), NOW + minutes(5)),
			EventKind.TIMED_OUT,
			{"was": ANNE},
		),
		(
			lambda: open_item("ESC-1", plan(0), ticket(), context(), by="ann"),
			EventKind.CREATED,
			{"by": (("ann", "ann"),)},
		),
		(
			lambda: evaluate(
				replace(escalating(), assignees=("ann", "max")),
				ticket(assignees=("twin",)),
				[escalating().plan],
				always,
				context(),
			),
			EventKind.ASSIGNEE_CHANGED,
			{"was": (("ann", "ann"), ("max", "max")), "assigned": (("twin", "twin"),)},
		),
		(
			lambda: run_again(last := replace(escalating(), group=3), last.position, ANN, NOW),
			EventKind.RUN_AGAIN,
			{"by": ANNE},
		),
	],
	ids=lambda value: value.name if isinstance(value, EventKind) else "",
)
def test_whose_its_names_are(decide, kind: EventKind, known: dict) -> None:
	assert people(decide(), kind) == known


def test_one_of_several_who_acknowledge() -> None:
	of = plan(0, 30)
	asked = replace(of, steps=tuple(replace(step, needs=2) for step in of.steps))
	item = due(opened(asked), T0 + minutes(15)).item
	assert people(acknowledge(item, ANN, context()), EventKind.PARTLY_ACKNOWLEDGED) == {"by": ANNE}
	assert item.status is Status.ESCALATING
