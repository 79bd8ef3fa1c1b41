"""What is asked for now, to the letter: in the response window, in the last wait, and for a plan that is started by hand."""

from dataclasses import replace

import pytest

from escalation_mgmt.engine import (
	ActionItem,
	AfterMaintenance,
	Context,
	Decision,
	Event,
	EventKind,
	Maintenance,
	Refusal,
	StartAt,
	Status,
	acknowledge,
	bring_forward,
	can_bring_forward,
	can_run_again,
	evaluate,
	hand_over,
	open_item,
	run_again,
	run_due,
	snooze,
	stop,
	unacknowledge,
)
from tests.engine.make import T0, actor, always, everybody, minutes, opened, plan, refused, ticket

K = EventKind
NOW = T0 + minutes(2)
LATER = T0 + minutes(40)


def run(item: ActionItem, now, of_ticket=None, **more) -> Decision | None:
	context = Context(now, reaches=everybody, **more)
	return run_due(item, of_ticket or ticket(), [item.plan], always, context)


def in_last_wait(*waits: float, **more) -> ActionItem:
	"""Every step has run: the first at minute 15, the last so many minutes later; the last wait is 30 minutes."""
	item = opened(plan(*waits, **more))
	while not item.in_last_wait:
		item = run(item, item.due_at).item
	return item


# --- in the response window


def test_in_its_window_the_first_step_is_brought_forward_without_its_wait() -> None:
	item = opened(plan(4, 5))
	assert can_bring_forward(item)
	forward = bring_forward(item, (0, 0, 0), NOW, actor=actor("Tina", "Desk"))
	data = {"planned": T0 + minutes(15), "by": "Tina", "via": "Desk"}
	assert forward == Decision(
		item=replace(item, status=Status.ESCALATING, due_at=NOW, window_skipped=True, version=1),
		events=(
			Event(K.WINDOW_OVER, NOW, data={"skipped": True}),
			Event(K.BROUGHT_FORWARD, NOW, 1, 0, data),
		),
	)
	ran = run(forward.item, NOW)
	assert [page.step.number for page in ran.pages] == [1] and ran.item.due_at == NOW + minutes(5)


def test_and_so_is_a_later_one() -> None:
	there = bring_forward(opened(plan(4, 5, 5)), (0, 0, 0), NOW, to=3)
	assert there.events[1].data["passed_over"] == "1, 2" and there.item.group == 2
	assert [page.step.number for page in run(there.item, NOW).pages] == [3]


def test_out_of_its_window_nothing_is_skipped() -> None:
	item = run(opened(plan(0, 5)), T0 + minutes(15)).item
	assert not item.window_skipped
	assert not bring_forward(item, (0, 0, 1), T0 + minutes(16)).item.window_skipped


@pytest.mark.parametrize("start", [StartAt.AFTER_WINDOW, StartAt.AT_DEADLINE])
def test_a_window_that_was_skipped_is_kept_by_nothing(start: StartAt) -> None:
	"""Neither given back nor handed over nor after a time-out: what comes next is due after its own wait."""
	by_then = ticket(response_by=T0 + minutes(40))
	of = plan(7, 5, start=start, ack_timeout=minutes(5), ack_grace=minutes(1))
	item = bring_forward(opened(of, by_then), (0, 0, 0), NOW).item
	taken = acknowledge(item, actor("Tina", "Link", user="tina"), Context(NOW)).item
	assert unacknowledge(taken, actor("Tina"), by_then, Context(NOW)).item.due_at == NOW + minutes(7)
	context = Context(NOW, reaches=everybody)
	over = hand_over(taken, "leo", "Leo", actor("Ada"), by_then, context)
	assert over.item.due_at == NOW + minutes(7)
	reminded = run(taken, NOW + minutes(5), by_then).item
	on = run(reminded, NOW + minutes(6), by_then)
	assert "due" not in on.events[0].data and on.item.status is Status.ESCALATING
	assert [page.step.number for page in on.pages] == [1]


# --- started by hand


@pytest.mark.parametrize("start", StartAt)
def test_started_at_once_it_waits_for_no_window_and_no_deadline(start: StartAt) -> None:
	by_then = ticket(response_by=T0 + minutes(40))
	of = plan(0, 5, start=start)
	begun = open_item("ESC-1", of, by_then, Context(T0), by="ada", at_once=True)
	assert begun.events == (
		Event(K.CREATED, T0, data={"plan": "Outage", "due": T0, "by": "ada", "at_once": True}),
	)
	item = begun.item
	assert (item.status, item.due_at, item.window_skipped, item.by_hand) == (Status.SCHEDULED, T0, True, True)
	assert evaluate(item, by_then, [of], always, Context(T0)) is None, "no deadline moves it"
	late = evaluate(item, by_then, [of], always, Context(T0 + minutes(1)))
	assert late is None
	assert [page.step.number for page in run(item, T0, by_then).pages] == [1]


def test_by_hand_after_its_window_it_waits_and_by_a_plan_it_always_does() -> None:
	by_hand = open_item("ESC-1", plan(0), ticket(), Context(T0), by="ada")
	assert (by_hand.item.due_at, by_hand.item.window_skipped) == (T0 + minutes(15), False)
	assert "at_once" not in by_hand.events[0].data
	assert not opened(plan(0)).window_skipped


def test_started_at_once_the_first_steps_own_wait_is_kept() -> None:
	item = opened(plan(3), by="ada", at_once=True)
	begun = run(item, T0)
	assert not begun.pages and begun.item.due_at == T0 + minutes(3)


@pytest.mark.parametrize(
	("after", "due"),
	[(AfterMaintenance.GO_ON, T0 + minutes(9)), (AfterMaintenance.START_OVER, T0 + minutes(9))],
)
@pytest.mark.parametrize("start", [StartAt.AFTER_WINDOW, StartAt.AT_DEADLINE])
def test_started_at_once_in_a_maintenance_it_starts_at_its_end(after, due, start) -> None:
	pause = Maintenance(name="M", start=T0, end=T0 + minutes(9))
	by_then = ticket(response_by=T0 + minutes(40))
	item = opened(plan(0, after_maintenance=after, start=start), by_then, by="ada", at_once=True)
	held = run(item, T0, by_then, maintenances=[pause]).item
	assert held.due_at == due
	over = run(held, due, by_then)
	assert [page.step.number for page in over.pages] == [1]


# --- in the last wait


def test_in_the_last_wait_nothing_is_brought_forward_and_the_plan_can_be_run_again() -> None:
	item = in_last_wait(0, 5)
	assert not can_bring_forward(item) and can_run_again(item)
	for to in (0, 2):
		with refused(Refusal.LAST_WAIT):
			bring_forward(item, item.position, LATER, to=to)
	with refused(Refusal.LAST_WAIT):
		bring_forward(item, item.position, LATER, why="not delivered")
	with refused(Refusal.MOVED_ON):  # a page from before the last step: that has run meanwhile
		bring_forward(item, (0, 0, 1), LATER)


def test_run_again_it_is_one_repeat_more_and_begins_now() -> None:
	item = replace(in_last_wait(4, 5, repeats=1, repeat_pause=minutes(9)), unreached=1)
	again = run_again(item, (0, 1, 2), actor("Tina", "Desk"), LATER)
	assert again == Decision(
		item=replace(item, generation=1, run=2, group=0, due_at=LATER, unreached=0, version=item.version + 1),
		events=(Event(K.RUN_AGAIN, LATER, 2, 1, {"by": "Tina", "via": "Desk"}),),
	)
	first = run(again.item, LATER)
	assert [(page.run, page.step.number) for page in first.pages] == [(2, 1)]
	second = run(first.item, LATER + minutes(5))
	assert second.item.in_last_wait and second.item.due_at == LATER + minutes(35)
	assert run_again(second.item, second.item.position, actor("Tina"), LATER).item.run == 3
	assert "via" not in run_again(second.item, second.item.position, actor("Tina"), LATER).events[0].data


def test_run_again_it_wakes_what_is_snoozed_and_ends_a_maintenances_hold() -> None:
	quiet = snooze(in_last_wait(0), T0 + minutes(90), actor("Tina"), NOW + minutes(20)).item
	quiet = replace(quiet, maintenance="M")
	assert can_run_again(quiet)
	again = run_again(quiet, quiet.position, actor("Tina"), LATER).item
	assert (again.status, again.due_at, again.resumes_at, again.maintenance) == (
		*(Status.ESCALATING, LATER, None, ""),
	)
	held = run(again, LATER, maintenances=[Maintenance(name="M", start=T0, end=T0 + minutes(99))])
	assert not held.pages and held.item.due_at == T0 + minutes(99)


def test_who_has_acknowledged_is_not_asked_once_more_as_in_a_repeat() -> None:
	item = replace(in_last_wait(0), acks=("user1",))
	assert run_again(item, item.position, actor("Tina"), LATER).item.acks == ("user1",)


@pytest.mark.parametrize(
	("expected", "why"), [((1, 0, 1), Refusal.BEGUN_ANEW), ((0, 0, 0), Refusal.MOVED_ON)]
)
def test_a_stale_wish_runs_nothing_again(expected, why: Refusal) -> None:
	with refused(why):
		run_again(in_last_wait(0), expected, actor("Tina"), LATER)


def test_only_what_nobody_has_and_after_the_last_step() -> None:
	early = run(opened(plan(0, 5)), T0 + minutes(15)).item
	assert not can_run_again(early)
	with refused(Refusal.STEPS_LEFT):
		run_again(early, early.position, actor("Tina"), LATER)
	last = in_last_wait(0)
	taken = acknowledge(last, actor("Tina", "Link"), Context(LATER)).item
	exhausted = run(last, T0 + minutes(45)).item
	for ended in (taken, exhausted, stop(last, actor("Ada"), "known", LATER).item):
		assert not can_run_again(ended)
		with refused(Refusal.NOT_IN_THIS_STATUS):
			run_again(ended, ended.position, actor("Tina"), LATER)
