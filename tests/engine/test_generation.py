"""When an escalation begins anew: what was sent before that brings nothing forward, though the same step comes next."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from escalation_mgmt.engine import (
	ActionItem,
	AfterMaintenance,
	Context,
	Maintenance,
	Refusal,
	Status,
	acknowledge,
	add_person,
	bring_forward,
	evaluate,
	hand_over,
	run_due,
	snooze,
	start_again,
	unacknowledge,
)
from tests.engine.make import T0, actor, always, everybody, minutes, nobody, opened, plan, refused, ticket

NOW = T0 + minutes(17)
PAUSE = Maintenance(name="M1", start=T0 + minutes(20), end=T0 + minutes(80))


def run(item: ActionItem, now, reaches=everybody, pauses=()) -> ActionItem:
	decision = run_due(
		item, ticket(), [item.plan], always, Context(now, reaches=reaches, maintenances=pauses)
	)
	assert decision
	return decision.item


def escalating(**more) -> ActionItem:
	"""Step 1 has run at minute 15; step 2 comes at minute 25."""
	return run(opened(plan(0, 10, 10, **more)), T0 + minutes(15))


def acknowledged(**more) -> ActionItem:
	return acknowledge(escalating(**more), actor("Tina", "Link", user="tina"), Context(NOW)).item


def stalled() -> ActionItem:
	"""Steps 1 to 3 reached nobody, in the repeat, after they had reached somebody in the first run."""
	item = run(run(escalating(repeats=1), T0 + minutes(25)), T0 + minutes(35))
	for _step in range(3):
		item = run(item, item.due_at, nobody)
	assert item.stalled
	return item


def timed_out() -> ActionItem:
	item = acknowledged(ack_timeout=minutes(30), ack_grace=minutes(5))
	reminded = run(item, item.due_at)
	return run(reminded, reminded.due_at)


def maintained(after: AfterMaintenance) -> ActionItem:
	"""Held when step 1 fell due after its wait; the maintenance is over, and step 1 comes with its wait before it."""
	item = run(opened(plan(10, 10, after_maintenance=after)), T0 + minutes(15))
	held = run(item, T0 + minutes(25), pauses=[PAUSE])
	return run(held, PAUSE.end)


ANEW: dict[str, Callable[[], tuple[ActionItem, ActionItem]]] = {
	"given back": lambda: (
		escalating(),
		unacknowledge(acknowledged(), actor("Tina"), ticket(), Context(NOW)).item,
	),
	"handed over": lambda: (
		escalating(),
		hand_over(escalating(), "leo", "Leo", actor("Tina"), ticket(), Context(NOW, reaches=everybody)).item,
	),
	"timed out": lambda: (escalating(), timed_out()),
	"started again": lambda: (stalled(), start_again(stalled(), "contact", NOW).item),
	"assigned": lambda: (
		stalled(),
		evaluate(stalled(), ticket(assignees=("leo",)), [stalled().plan], always, Context(NOW)).item,
	),
	"started again by adding somebody": lambda: (
		stalled(),
		add_person(stalled(), "leo", "Leo", actor("Tina"), Context(NOW, reaches=everybody)).item,
	),
	"started over": lambda: (
		run(opened(plan(10, 10)), T0 + minutes(15)),
		maintained(AfterMaintenance.START_OVER),
	),
}


@pytest.mark.parametrize("how", ANEW)
def test_what_was_sent_before_it_began_anew_brings_nothing_forward(how: str) -> None:
	before, after = ANEW[how]()
	assert after.generation == before.generation + 1
	escalates = replace(after, status=Status.ESCALATING, due_at=after.due_at or NOW)
	with refused(Refusal.BEGUN_ANEW):
		bring_forward(escalates, (before.generation, after.run, after.group), NOW)
	assert bring_forward(escalates, after.position, NOW).item.generation == after.generation


def test_it_can_begin_anew_many_times() -> None:
	item = acknowledged()
	for times in (1, 2, 3):
		item = unacknowledge(item, actor("Tina"), ticket(), Context(NOW)).item
		assert item.generation == times and item.position == (times, 0, 1)
		item = acknowledge(item, actor("Tina", "Link", user="tina"), Context(NOW)).item
		assert item.generation == times


def test_what_goes_on_doesnt_begin_anew() -> None:
	item = escalating()
	snoozed = snooze(item, T0 + minutes(60), actor("Tina"), NOW).item
	goes_on = (
		run(item, T0 + minutes(25)),
		snoozed,
		run(snoozed, T0 + minutes(60)),
		add_person(item, "leo", "Leo", actor("Tina"), Context(NOW, reaches=everybody)).item,
		bring_forward(item, item.position, NOW).item,
		acknowledged(),
		run(run(item, T0 + minutes(25), pauses=[PAUSE]), PAUSE.end),
		stalled(),
	)
	assert {after.generation for after in goes_on} == {0}
