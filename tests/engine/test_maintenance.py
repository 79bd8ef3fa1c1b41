"""Maintenance: what falls due meanwhile is held, and goes on, starts over or is dropped. Never forgotten."""

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation_mgmt.engine import (
	AckRequest,
	ActionItem,
	AfterMaintenance,
	CancelReason,
	Clock,
	Context,
	Decision,
	Event,
	EventKind,
	Maintenance,
	StartAt,
	Status,
	StopRules,
	acknowledge,
	bring_forward,
	evaluate,
	release,
	run_due,
	running_maintenance,
	snooze,
	unacknowledge,
)
from tests.engine.make import T0, actor, always, everybody, minutes, opened, plan, ticket

K = EventKind
NIGHT = Maintenance(name="M1", start=T0 + minutes(20), end=T0 + minutes(80), reason="new disks")


def escalating(*waits: float, **more) -> ActionItem:
	"""Step 1 has run at the end of the window, at minute 15; the next falls due in the maintenance."""
	return run(opened(plan(*waits, **more)), T0 + minutes(15)).item


def run(item: ActionItem, now, pauses=(NIGHT,), of_ticket=None) -> Decision | None:
	return run_due(
		item, of_ticket or ticket(), [item.plan], always, Context(now, reaches=everybody, maintenances=pauses)
	)


def test_what_falls_due_is_held_until_the_end_and_goes_on() -> None:
	item = escalating(0, 10)
	assert run(item, T0 + minutes(24)) is None, "not due: nothing to hold"
	held = run(item, T0 + minutes(25))
	data = {"maintenance": "M1", "until": NIGHT.end, "reason": "new disks"}
	assert held == Decision(
		item=replace(item, maintenance="M1", due_at=NIGHT.end, version=item.version + 1),
		events=(Event(K.IN_MAINTENANCE, T0 + minutes(25), 1, 0, data),),
	)
	assert run(held.item, NIGHT.end - timedelta(seconds=1)) is None
	on = run(held.item, NIGHT.end)
	assert [event.kind for event in on.events] == [K.MAINTENANCE_OVER, K.STEP_RAN, K.LAST_WAIT]
	assert on.events[0].data == {"maintenance": "M1"} and on.item.maintenance == ""
	assert [page.recipient.label for page in on.pages] == ["user2"]
	late = run(held.item, NIGHT.end + timedelta(seconds=3))
	assert late.events[0] == Event(
		K.MAINTENANCE_OVER, NIGHT.end + timedelta(seconds=3), 1, 0, on.events[0].data
	)
	assert late.events[1].data["late"] == 3.0 and late.pages[0].planned_at == NIGHT.end


def test_it_begins_with_its_start_and_is_over_at_its_end() -> None:
	assert running_maintenance([NIGHT], NIGHT.start) is NIGHT
	assert running_maintenance([NIGHT], NIGHT.end) is None
	assert running_maintenance([NIGHT], NIGHT.start - timedelta(microseconds=1)) is None
	longer = replace(NIGHT, name="M0", end=NIGHT.end + minutes(1))
	assert running_maintenance([NIGHT, longer], NIGHT.start) is longer


def test_a_further_one_holds_it_further() -> None:
	item = run(escalating(0, 10), T0 + minutes(25)).item
	further = Maintenance(name="M2", start=NIGHT.end, end=NIGHT.end + minutes(10))
	held = run(item, NIGHT.end, (NIGHT, further))
	assert (held.item.maintenance, held.item.due_at) == ("M2", further.end) and not held.pages


def test_ended_early_it_is_looked_at_again_at_once() -> None:
	item = run(escalating(0, 10), T0 + minutes(25)).item
	now = T0 + minutes(40)
	released = release(item, now)
	assert released == Decision(
		item=replace(item, due_at=now, version=item.version + 1),
		events=(Event(K.MAINTENANCE_CHANGED, now, 1, 0, {"maintenance": "M1"}),),
	)
	assert run(released.item, now, ()).pages
	assert run(released.item, now).item.due_at == NIGHT.end, "it was only made shorter, or longer"
	assert release(escalating(0, 10), now) is None


@pytest.mark.parametrize("wait", [0, 7])
def test_it_starts_over_with_the_first_step(wait: float) -> None:
	item = escalating(wait, 10, after_maintenance=AfterMaintenance.START_OVER, start=StartAt.AT_ONCE)
	item = replace(item, due_at=T0 + minutes(25), group=1, step=1, unreached=1)
	item = run(item, T0 + minutes(25)).item
	over = run(item, NIGHT.end)
	if not wait:
		assert [event.kind for event in over.events] == [K.MAINTENANCE_OVER, K.STEP_RAN]
		assert [page.recipient.label for page in over.pages] == ["user1"] and over.item.group == 1
		return
	assert over.events[0].data == {"maintenance": "M1", "over": True, "due": NIGHT.end + minutes(7)}
	assert (over.item.run, over.item.group, over.item.step, over.item.unreached) == (0, 0, 0, 0)
	assert over.item.version == item.version + 1 and not over.pages
	assert run(over.item, NIGHT.end + minutes(7)).pages


def test_the_window_starts_over_too() -> None:
	of = plan(0, window=minutes(30), after_maintenance=AfterMaintenance.START_OVER)
	item = run(opened(of), T0 + minutes(30)).item
	assert item.status is Status.SCHEDULED
	over = run(item, NIGHT.end)
	assert over.item.status is Status.SCHEDULED and over.item.due_at == NIGHT.end + minutes(30)


def test_it_starts_over_with_the_first_run_and_whoever_has_acknowledged_is_asked_anew() -> None:
	of = plan(7, 10, repeats=1, repeat_pause=minutes(45), after_maintenance=AfterMaintenance.START_OVER)
	of = replace(of, steps=tuple(replace(step, needs=2) for step in of.steps))
	ack_requests = (AckRequest(1, 2, ("ann", "bob")),)
	item = replace(
		opened(of),
		status=Status.ESCALATING,
		due_at=T0 + minutes(25),
		ack_requests=ack_requests,
		acks=("ann",),
	)
	over = run(run(replace(item, run=1, step=2), T0 + minutes(25)).item, NIGHT.end)
	data = {"maintenance": "M1", "over": True, "due": NIGHT.end + minutes(7)}
	assert over.events == (Event(K.MAINTENANCE_OVER, NIGHT.end, 0, 0, data),), "without the pause of a repeat"
	assert (over.item.run, over.item.ack_requests, over.item.acks) == (0, (), ())


def test_it_starts_over_with_the_deadline_that_the_ticket_has() -> None:
	of = plan(0, start=StartAt.AT_DEADLINE, after_maintenance=AfterMaintenance.START_OVER)
	due = ticket(response_by=T0 + minutes(30))
	item = run(opened(of, due), T0 + minutes(30), of_ticket=due).item
	over = run(item, NIGHT.end, of_ticket=ticket(response_by=T0 + minutes(90)))
	assert over.item.status is Status.SCHEDULED and over.item.due_at == T0 + minutes(90)


def test_it_is_dropped() -> None:
	item = run(escalating(0, 10, after_maintenance=AfterMaintenance.DROP), T0 + minutes(25)).item
	dropped = run(item, NIGHT.end)
	assert dropped.item.status is Status.CANCELLED and dropped.withdraw and not dropped.item.maintenance
	assert dropped.events[0].data == {"reason": CancelReason.DROPPED, "maintenance": "M1"}
	assert dropped.item.ended_at == dropped.events[0].at == NIGHT.end
	kept = run(escalating(0, 10, after_maintenance=AfterMaintenance.DROP), T0 + minutes(80)).item
	assert kept.status is Status.ESCALATING, "nothing fell due meanwhile"


def test_what_somebody_has_is_neither_dropped_nor_started_over() -> None:
	for choice in AfterMaintenance:
		item = escalating(0, 10, after_maintenance=choice, ack_timeout=minutes(10), ack_grace=minutes(5))
		item = acknowledge(item, actor("Tina", "Link", user="tina"), Context(T0 + minutes(16))).item
		held = run(item, T0 + minutes(26)).item
		assert (held.status, held.due_at) == (Status.ACKNOWLEDGED, NIGHT.end)
		over = run(held, NIGHT.end)
		assert [event.kind for event in over.events] == [K.MAINTENANCE_OVER, K.REMINDED]
		assert (over.item.group, over.item.step) == (1, 1)


def test_a_deadline_that_moves_meanwhile_counts() -> None:
	of = plan(0, start=StartAt.AT_DEADLINE)
	item = run(
		opened(of, ticket(response_by=T0 + minutes(30))),
		T0 + minutes(30),
		of_ticket=ticket(response_by=T0 + minutes(30)),
	).item
	moved = ticket(response_by=T0 + minutes(90))
	assert evaluate(item, moved, [of], always, Context(T0 + minutes(40))) is None, (
		"it is held, whatever the deadline"
	)
	over = run(item, NIGHT.end, of_ticket=moved)
	assert over.item.due_at == T0 + minutes(90) and over.item.status is Status.SCHEDULED and not over.pages
	item = run(escalating(0, 10, start=StartAt.AT_DEADLINE), T0 + minutes(25)).item
	assert run(item, NIGHT.end, of_ticket=moved).pages, "once it escalates, it no longer counts"


def test_a_snooze_that_ends_in_it_ends_with_it() -> None:
	item = snooze(escalating(0, 10), T0 + minutes(30), actor("Tina"), T0 + minutes(16)).item
	held = run(item, T0 + minutes(30)).item
	assert (held.status, held.due_at) == (Status.SNOOZED, NIGHT.end)
	assert [event.kind for event in run(held, NIGHT.end).events][:3] == [
		*(K.MAINTENANCE_OVER, K.SNOOZE_OVER, K.STEP_RAN),
	]


def test_whoever_acts_on_it_takes_it_out_and_who_hurries_it_is_held_again() -> None:
	item = run(escalating(0, 10), T0 + minutes(25)).item
	assert not acknowledge(item, actor("Tina", "Link"), Context(T0 + minutes(30))).item.maintenance
	assert not snooze(item, T0 + minutes(90), actor("Tina"), T0 + minutes(30)).item.maintenance
	hurried = bring_forward(item, (0, 0, 1), T0 + minutes(30)).item
	assert run(hurried, T0 + minutes(30)).item.due_at == NIGHT.end


def test_whatever_else_makes_it_due_takes_it_out() -> None:
	"""Not held any more, it is neither dropped nor started over, and evaluated no earlier where the maintenance changes."""
	of = {"ack_timeout": minutes(10), "ack_grace": minutes(5), "stop": StopRules(on_reply=False)}
	item = acknowledge(
		escalating(0, 600, **of), actor("Tina", "Link", user="tina"), Context(T0 + minutes(16))
	).item
	held = run(item, T0 + minutes(26)).item
	replied = ticket(replied_at=T0 + minutes(30))
	worked = evaluate(held, replied, [held.plan], always, Context(T0 + minutes(31))).item
	assert (worked.maintenance, worked.due_at) == ("", None)
	assert not unacknowledge(held, actor("Tina"), ticket(), Context(T0 + minutes(31))).item.maintenance
	reminded = run(item, T0 + minutes(26), ()).item
	held = run(reminded, reminded.due_at).item
	assert held.reminded and held.maintenance
	renewed = acknowledge(held, actor("Tina", "Link", user="tina"), Context(T0 + minutes(40))).item
	assert (renewed.maintenance, renewed.due_at) == ("", T0 + minutes(50))
	asleep = snooze(escalating(0, 600), T0 + minutes(30), actor("Tina"), T0 + minutes(16)).item
	held = run(asleep, T0 + minutes(30)).item
	raised = evaluate(held, ticket("Urgent", 80), [held.plan], always, Context(T0 + minutes(40))).item
	assert (raised.maintenance, raised.due_at) == ("", asleep.resumes_at)


@pytest.mark.parametrize("choice", AfterMaintenance)
def test_what_is_due_after_it_is_not_touched_where_only_a_snooze_ends_in_it(choice: AfterMaintenance) -> None:
	item = snooze(
		escalating(0, 600, after_maintenance=choice), T0 + minutes(30), actor("Tina"), T0 + minutes(16)
	).item
	over = run(run(item, T0 + minutes(30)).item, NIGHT.end).item
	assert (over.status, over.group, over.due_at) == (Status.ESCALATING, 1, T0 + minutes(615))


@pytest.mark.parametrize("choice", AfterMaintenance)
def test_what_is_due_at_its_very_end_is_not_held_where_only_a_snooze_ends_in_it(
	choice: AfterMaintenance,
) -> None:
	item = snooze(
		escalating(0, 65, after_maintenance=choice), T0 + minutes(30), actor("Tina"), T0 + minutes(16)
	).item
	over = run(run(item, T0 + minutes(30)).item, NIGHT.end)
	assert (over.item.status, over.item.step) == (Status.ESCALATING, 2) and over.pages


def test_a_snooze_that_ends_in_it_starts_over_with_the_first_steps_wait() -> None:
	of = plan(7, 10, after_maintenance=AfterMaintenance.START_OVER, start=StartAt.AT_ONCE)
	item = run(run(opened(of), T0, ()).item, T0 + minutes(7), ()).item
	held = run(snooze(item, T0 + minutes(30), actor("Tina"), T0 + minutes(8)).item, T0 + minutes(30)).item
	over = run(held, NIGHT.end)
	assert [event.kind for event in over.events] == [K.MAINTENANCE_OVER, K.SNOOZE_OVER]
	assert over.events[0].data == {"maintenance": "M1", "over": True, "due": NIGHT.end + minutes(7)}
	assert (over.item.status, over.item.group, over.item.step) == (Status.ESCALATING, 0, 0)
	assert over.item.due_at == NIGHT.end + minutes(7) and over.item.resumes_at is None


def test_what_was_raised_after_an_answer_starts_over_with_the_plans_own_window() -> None:
	"""And not at the response deadline, which the answer has met."""
	of = plan(0, start=StartAt.AT_DEADLINE, after_maintenance=AfterMaintenance.START_OVER)
	of_ticket = ticket(response_by=NIGHT.end + minutes(90))
	for level, due in ((None, NIGHT.end + minutes(90)), (20, NIGHT.end + minutes(15))):
		held = replace(opened(of, of_ticket, answered_level=level), due_at=NIGHT.end, maintenance="M1")
		assert run(held, NIGHT.end, of_ticket=of_ticket, pauses=()).item.due_at == due


def test_a_percentage_starts_over_by_the_clock_as_the_ticket_has_it() -> None:
	"""It has waited for its customer since it was opened: that is none of the time, here as everywhere else."""
	of = plan(
		0,
		clock=Clock.RESOLUTION,
		start=StartAt.AT_PERCENT,
		percent=75,
		after_maintenance=AfterMaintenance.START_OVER,
	)
	item = opened(of, ticket(created_at=T0, resolution_by=T0 + minutes(240)))
	waited = ticket(created_at=T0, held=minutes(120), resolution_by=T0 + minutes(600))
	now = T0 + minutes(310)
	over = run(replace(item, due_at=now, maintenance="M1"), now, of_ticket=waited, pauses=()).item
	assert over.due_at == T0 + minutes(480), "three quarters of 480 minutes, after 120"
	assert run(over, now, of_ticket=waited, pauses=()) is None, "nothing moves it afterwards"
