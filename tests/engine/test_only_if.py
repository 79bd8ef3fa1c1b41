"""Steps that run only if: passed over they count as run, and bring nothing forward; and second targets."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	ALWAYS,
	Calendar,
	Context,
	Event,
	EventKind,
	Hours,
	InHours,
	OnlyIf,
	Plan,
	Reach,
	Status,
	Step,
	Target,
	TargetKind,
	WorkingTime,
	add_person,
	can_reach,
	ladder,
	rehearse,
	run_due,
)
from tests.engine.make import T0, actor, always, everybody, minutes, nobody, opened, plan, ticket
from tests.engine.strategies import calendars

K = EventKind
MONDAY = datetime(2026, 3, 2, 12)
OFFICE = WorkingTime(
	Calendar(
		zone="Europe/Berlin",
		week=tuple(Hours(day, timedelta(hours=9), timedelta(hours=17)) for day in range(5)),
	)
)
DAY_STEP, NIGHT_STEP = OnlyIf(hours=InHours.WORKING), OnlyIf(hours=InHours.OUTSIDE)


def with_only_if(*when: OnlyIf, waits: tuple[float, ...] = (), **more) -> Plan:
	of = plan(*(waits or [0] * len(when)), **more)
	return replace(of, steps=tuple(replace(s, only_if=w) for s, w in zip(of.steps, when, strict=True)))


def run(item, now: datetime = T0, **context):
	context = Context(now, **{"reaches": everybody, **context})
	return run_due(replace(item, due_at=now), ticket(), [], always, context)


def passed(decision) -> list[int]:
	return [event.step for event in decision.events if event.kind is K.PASSED_OVER]


def paged(decision) -> list[int]:
	return [page.step.number for page in decision.pages]


@given(
	calendars(),
	st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 5)),
	st.integers(0, 1),
)
def test_38_of_one_for_working_time_and_one_for_the_night_exactly_one_runs(
	calendar: Calendar, at: datetime, first: int
) -> None:
	"""At any instant, over both clock changes."""
	both = (DAY_STEP, NIGHT_STEP) if first else (NIGHT_STEP, DAY_STEP)
	decision = run(opened(with_only_if(*both)), at, working=WorkingTime(calendar))
	works = calendar.works_at(at)
	assert paged(decision) == ([2 - first] if works else [1 + first])
	assert passed(decision) == ([1 + first] if works else [2 - first])


def test_over_both_clock_changes() -> None:
	of = with_only_if(DAY_STEP, NIGHT_STEP)
	for day in (datetime(2026, 3, 29), datetime(2026, 10, 25), datetime(2026, 3, 30), datetime(2026, 10, 26)):
		for minute in range(0, 24 * 60, 10):
			at = day + timedelta(minutes=minute)
			assert len(paged(run(opened(of), at, working=OFFICE))) == 1


def test_what_history_says_of_it() -> None:
	of = with_only_if(NIGHT_STEP, DAY_STEP, repeats=1)
	for at, number, why in ((MONDAY, 1, "working time"), (T0, 2, "outside working time")):
		item = replace(opened(of, now=at), run=1, status=Status.ESCALATING)
		decision = run_due(
			replace(item, due_at=at - minutes(1)),
			ticket(),
			[],
			always,
			Context(at, working=OFFICE, reaches=everybody),
		)
		(line,) = (event for event in decision.events if event.kind is K.PASSED_OVER)
		data = {"method": "Email", "planned": at - minutes(1), "why": why, "late": 60}
		assert line == Event(K.PASSED_OVER, at, number, 1, data)


def test_without_a_calendar_every_hour_is_working_time() -> None:
	assert paged(run(opened(with_only_if(DAY_STEP, NIGHT_STEP)))) == [1]


def test_whether_the_rest_holds_is_asked_when_it_falls_due() -> None:
	of = with_only_if(OnlyIf(condition="doc.vip"), OnlyIf(priority="Urgent"), ALWAYS, waits=(0, 10, 10))
	first = run(opened(of), holds=lambda step: step.number != 1)
	assert passed(first) == [1] and not first.pages
	assert first.events[-1].data["why"] == "condition"
	second = run(first.item, T0 + minutes(10), holds=lambda step: True)
	assert paged(second) == [2]


def test_passed_over_counts_as_run_and_brings_nothing_forward() -> None:
	of = with_only_if(OnlyIf(condition="no"), ALWAYS, waits=(0, 10))
	decision = run(opened(of), holds=lambda step: not step.only_if.condition)
	assert decision.item.due_at == T0 + minutes(10) and decision.item.step == 1
	assert not any(event.kind is K.BROUGHT_FORWARD for event in decision.events)
	missed = run(opened(of), reaches=nobody)
	assert missed.item.due_at == T0, "who runs and reaches nobody does"


def test_a_run_whose_conditions_left_nobody_notified_ends_as_nobody_notified() -> None:
	of = with_only_if(OnlyIf(condition="a"), OnlyIf(condition="b"), waits=(0, 10))

	def holds(_step: Step) -> bool:
		return False

	item = run(opened(of), holds=holds).item
	decision = run(item, T0 + minutes(10), holds=holds)
	assert decision.item.stalled and [notice.about for notice in decision.notices] == [K.NOBODY_NOTIFIED]
	assert not can_reach(decision.item, Context(T0, reaches=everybody, holds=holds)), (
		"it doesn't begin again at once"
	)
	assert can_reach(decision.item, Context(T0, reaches=everybody))
	assert not can_reach(decision.item, Context(T0, reaches=nobody))


def test_one_of_a_group_that_runs_and_reaches_somebody_is_enough() -> None:
	item = opened(with_only_if(OnlyIf(condition="a"), ALWAYS))
	decision = run(item, holds=lambda step: not step.only_if.condition)
	assert decision.item.unreached == 0 and decision.item.in_last_wait


def test_a_quorum_isnt_asked_of_a_step_that_was_passed_over() -> None:
	of = with_only_if(OnlyIf(condition="a"), ALWAYS)
	of = replace(of, steps=(replace(of.steps[0], needs=2), of.steps[1]))
	assert run(opened(of), holds=lambda step: False).item.ack_requests == ()


def test_the_rehearsal_passes_over_too() -> None:
	of = with_only_if(DAY_STEP, NIGHT_STEP)
	timeline = rehearse(of, ticket(), Context(MONDAY, reaches=everybody, working=OFFICE))
	assert [page.step.number for page in timeline.pages] == [1]


def test_the_ladder_shows_every_step_with_what_it_asks_for() -> None:
	of = with_only_if(DAY_STEP, NIGHT_STEP, OnlyIf(condition="no"))
	(group, _end) = ladder(of)
	assert [step.only_if for step in group.steps] == [DAY_STEP, NIGHT_STEP, OnlyIf(condition="no")]


# --- second targets


def reaches_only(*users: str):
	def reach(step: Step) -> Reach:
		return everybody(step) if step.target.value in users else nobody(step)

	return reach


SECOND = Target(TargetKind.USER, "second")


def with_second(of: Plan) -> Plan:
	return replace(of, steps=tuple(replace(step, second=SECOND) for step in of.steps))


@pytest.mark.parametrize(
	("users", "to"), [(("user1", "second"), ["user1"]), (("second",), ["second"]), (("user1",), ["user1"])]
)
def test_39_the_second_target_is_taken_where_the_first_reaches_nobody(users: tuple, to: list) -> None:
	decision = run(opened(with_second(plan())), reaches=reaches_only(*users))
	assert [page.recipient.label for page in decision.pages] == to


def test_why_neither_can_be_reached_is_said_of_both() -> None:
	decision = run(opened(with_second(plan())), reaches=nobody)
	assert [e.data["who"] for e in decision.events if e.kind is K.UNREACHABLE] == ["user1", "second"]
	assert decision.item.stalled


def test_who_is_added_is_paged_once_and_no_second_for_them() -> None:
	item = run(opened(with_second(plan(0, 10))), reaches=everybody).item
	item = add_person(item, "c", "C", actor("a"), Context(T0, reaches=everybody)).item
	decision = run(item, T0 + minutes(10), reaches=reaches_only("second"))
	assert [page.recipient.label for page in decision.pages] == ["second"]


def test_frozen_and_back() -> None:
	of = with_second(with_only_if(OnlyIf(hours=InHours.OUTSIDE, priority="High", condition="doc.x")))
	assert Plan.from_dict(of.to_dict()) == of
	assert not {"second", "only_if", "value"} & plan().to_dict()["steps"][0].keys()
	assert of.asks_calendar is False and replace(of, calendar=_own()).asks_calendar


def _own():
	from escalation_mgmt.engine import CalendarKind

	return CalendarKind.CALENDAR
