"""Windows and waits that count in working time, steps that are held until then."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	AROUND_THE_CLOCK,
	ActionItem,
	AfterMaintenance,
	Calendar,
	CalendarKind,
	Clock,
	Context,
	Decision,
	Event,
	EventKind,
	Maintenance,
	Plan,
	StartAt,
	Status,
	WorkingTime,
	acknowledge,
	add_person,
	bring_forward,
	evaluate,
	hand_over,
	open_item,
	run_due,
	unacknowledge,
)
from tests.engine.make import T0, actor, always, everybody, minutes, nobody, plan, ticket
from tests.engine.strategies import calendars, plainly, plans
from tests.engine.test_working_time import FRIDAY, OFFICE, utc

MONDAY = utc("2026-11-30 09:00", "Europe/Berlin")
IN_OFFICE = WorkingTime(OFFICE)
K = EventKind


def office(*waits: float, only: tuple[int, ...] = (), counts: bool = True, **more) -> Plan:
	"""A plan by the office's calendar, whose steps with these numbers go out only in working time."""
	of = plan(
		*waits, calendar=CalendarKind.CALENDAR, calendar_name="Office", counts_working_time=counts, **more
	)
	return replace(of, steps=tuple(replace(step, in_working_time=step.number in only) for step in of.steps))


def opened(of: Plan, now: datetime = FRIDAY, working: WorkingTime = IN_OFFICE, **facts) -> Decision:
	return open_item("ESC-1", of, ticket(**facts), Context(now, working=working))


def run(item, now, working=IN_OFFICE, reaches=everybody, **facts):
	return run_due(item, ticket(**facts), [item.plan], always, Context(now, working=working, reaches=reaches))


def kinds(decision: Decision) -> list[EventKind]:
	return [event.kind for event in decision.events]


def test_a_window_of_half_an_hour_from_friday_evening_is_over_on_monday_morning() -> None:
	of = office(0, window=minutes(30))
	item = opened(of).item
	assert item.due_at == MONDAY + minutes(20)
	assert run(item, item.due_at - timedelta.resolution) is None
	assert [page.step.number for page in run(item, item.due_at).pages] == [1]
	free = WorkingTime(replace(OFFICE, holidays=frozenset({date(2026, 11, 30)})))
	assert opened(of, working=free).item.due_at == MONDAY + timedelta(days=1) + minutes(20)


def test_what_counts_around_the_clock_counts_so_with_a_calendar_too() -> None:
	of = office(30, 30, counts=False, start=StartAt.AT_ONCE)
	item = run(opened(of).item, FRIDAY).item
	assert item.due_at == FRIDAY + minutes(30)
	assert run(item, item.due_at).item.due_at == FRIDAY + minutes(60)


def test_every_wait_counts_in_working_time() -> None:
	of = office(20, 30, start=StartAt.AT_ONCE, repeats=1, repeat_pause=minutes(15), last_wait=minutes(60))
	item = run(opened(of).item, FRIDAY).item
	assert item.due_at == MONDAY + minutes(10)  # the first step's
	item = run(item, item.due_at).item
	assert item.due_at == MONDAY + minutes(40)  # between two steps
	evening = FRIDAY - timedelta(days=1)
	after = utc("2026-11-27 09:00", "Europe/Berlin")
	assert run(replace(item, due_at=evening), evening).item.due_at == after + minutes(
		25
	)  # pause and first wait
	last = run(replace(item, run=1, due_at=evening), evening)
	assert last.item.due_at == after + minutes(50) and last.events[-1].data == {"until": after + minutes(50)}


def test_a_deadline_is_an_instant_and_a_ticket_without_one_has_the_plans_window() -> None:
	of = office(0, window=minutes(30), start=StartAt.AT_DEADLINE)
	assert opened(of, response_by=FRIDAY + minutes(12)).item.due_at == FRIDAY + minutes(12)
	item = opened(of).item
	assert item.due_at == MONDAY + minutes(20)
	assert evaluate(item, ticket(), [of], always, Context(FRIDAY, working=IN_OFFICE)) is None
	assert run(item, FRIDAY) is None
	moved = evaluate(item, ticket(response_by=MONDAY), [of], always, Context(FRIDAY, working=IN_OFFICE))
	assert moved.item.due_at == MONDAY
	back = evaluate(moved.item, ticket(), [of], always, Context(FRIDAY, working=IN_OFFICE))
	assert back.item.due_at == MONDAY + minutes(20)


def test_a_step_is_held_until_working_time_and_its_history_says_so() -> None:
	of = office(0, 5, only=(1,), counts=False, window=minutes(30))
	item, due = opened(of).item, FRIDAY + minutes(30)
	held = run(item, due)
	assert held == Decision(
		item=replace(item, status=Status.ESCALATING, due_at=MONDAY, version=1),
		events=(
			Event(K.WINDOW_OVER, due, data={"late": 0.0}),
			Event(K.HELD, due, 1, 0, {"until": MONDAY}),
		),
	)
	assert run(held.item, MONDAY - timedelta.resolution) is None
	went = run(held.item, MONDAY)
	assert [(page.step.number, page.planned_at) for page in went.pages] == [(1, MONDAY)]
	assert went.item.due_at == MONDAY + minutes(5)


def test_a_step_at_any_hour_is_not_held() -> None:
	item = opened(office(0, only=(), counts=False, start=StartAt.AT_ONCE)).item
	assert run(item, FRIDAY + minutes(600)).pages


def test_a_holiday_that_was_added_meanwhile_holds_it_further() -> None:
	item = run(opened(office(0, only=(1,), start=StartAt.AT_ONCE)).item, FRIDAY + minutes(30)).item
	free = WorkingTime(replace(OFFICE, holidays=frozenset({date(2026, 11, 30)})))
	again = run(item, MONDAY, free)
	assert again.pages == () and kinds(again) == [K.HELD]
	assert again.item.due_at == MONDAY + timedelta(days=1)


def test_the_end_of_the_day_is_no_working_time() -> None:
	item = opened(office(0, only=(1,), start=StartAt.AT_ONCE)).item
	end = FRIDAY + minutes(10)
	assert run(item, end - timedelta.resolution).pages
	assert run(item, end).item.due_at == MONDAY


def test_a_step_that_can_be_held_is_no_group_with_one_that_can_not() -> None:
	of = office(0, 0, 0, 0, only=(2, 3))
	assert [[step.number for step in group] for group in of.groups] == [[1], [2, 3], [4]]
	item = opened(office(0, 0, only=(2,), start=StartAt.AT_ONCE)).item
	night = FRIDAY + minutes(60)
	first = run(item, night)
	assert [page.step.number for page in first.pages] == [1] and first.item.due_at == night
	second = run(first.item, night)
	assert second.pages == () and second.item.due_at == MONDAY
	# In working time they go out at the same instant.
	assert [page.step.number for page in run(run(item, FRIDAY).item, FRIDAY).pages] == [2]


def test_brought_forward_it_is_held_all_the_same() -> None:
	item = run(opened(office(0, 600, only=(2,), start=StartAt.AT_ONCE)).item, FRIDAY).item
	night = FRIDAY + minutes(60)
	forward = bring_forward(item, (0, 0, 1), night, actor=actor("Tina")).item
	assert run(forward, night).item.due_at == MONDAY
	missed = run(opened(office(0, 600, only=(2,), start=StartAt.AT_ONCE)).item, night, reaches=nobody).item
	assert missed.due_at == night and run(missed, night).item.due_at == MONDAY


def test_without_its_calendar_it_goes_out_and_its_history_says_why() -> None:
	of = office(0, 5, only=(1,), window=minutes(30))
	gone = WorkingTime(missing="There is no Escalation Calendar Office.")
	said = {"reason": "There is no Escalation Calendar Office."}
	item = opened(of, working=gone)
	assert item.item.due_at == FRIDAY + minutes(30)
	assert item.events[1] == Event(K.NO_CALENDAR, FRIDAY, data=said)
	due = FRIDAY + minutes(30)
	went = run(item.item, due, gone)
	assert [page.step.number for page in went.pages] == [1]
	assert Event(K.NO_CALENDAR, due, data=said) in went.events
	assert went.item.due_at == due + minutes(5)


def test_the_end_does_not_speak_of_the_calendar() -> None:
	item = replace(opened(office(0)).item, status=Status.ESCALATING, group=1, due_at=FRIDAY)
	assert kinds(run(item, FRIDAY, WorkingTime(missing="gone"))) == [K.EXHAUSTED]


def test_a_version_that_was_frozen_before_there_were_calendars_reads_back() -> None:
	old = plan(0, 5).to_dict()
	del old["calendar"], old["counts_working_time"]
	for step in old["steps"]:
		del step["in_working_time"]
	assert Plan.from_dict(old) == plan(0, 5)
	assert not Plan.from_dict(old).asks_calendar


def test_which_plans_ask_for_a_calendar() -> None:
	assert office(0).asks_calendar and office(0, only=(1,), counts=False).asks_calendar
	assert not office(0, counts=False).asks_calendar
	assert not replace(office(0, only=(1,)), calendar=CalendarKind.AROUND_THE_CLOCK).asks_calendar


def test_given_back_in_the_window_what_comes_next_counts_in_working_time() -> None:
	item = acknowledge(
		opened(office(10, window=minutes(30))).item, actor("Tina", "Link"), Context(FRIDAY)
	).item
	back = unacknowledge(item, actor("Tina"), ticket(), Context(FRIDAY + minutes(1), working=IN_OFFICE))
	assert back.item.due_at == MONDAY + minutes(30), "the rest of the window, then the wait"


def test_a_window_after_a_maintenance_counts_in_working_time() -> None:
	def over(of: Plan, since: datetime, pause: Maintenance, **facts) -> datetime:
		item = opened(of, since, **facts).item
		due = Context(item.due_at, working=IN_OFFICE, reaches=everybody, maintenances=[pause])
		held = run_due(item, ticket(**facts), [of], always, due).item
		assert held.due_at == pause.end
		return run_due(held, ticket(), [of], always, replace(due, now=pause.end)).item.due_at

	anew = office(0, window=minutes(30), after_maintenance=AfterMaintenance.START_OVER)
	pause = Maintenance(name="M1", start=FRIDAY - minutes(50), end=FRIDAY)
	assert over(anew, FRIDAY - minutes(60), pause) == MONDAY + minutes(20)
	# its deadline is lost in the maintenance
	lost = office(0, window=minutes(30), start=StartAt.AT_DEADLINE)
	pause = Maintenance(name="M1", start=FRIDAY, end=FRIDAY + minutes(10))
	assert over(lost, FRIDAY, pause, response_by=FRIDAY + minutes(5)) == MONDAY + minutes(20)


@settings(deadline=None)
@given(
	plans().map(plainly),
	calendars() | st.none(),
	st.timedeltas(timedelta(0), timedelta(days=40)),
	st.lists(st.integers(0, 90_000), max_size=30),
)
def test_no_step_is_early_and_none_out_of_working_time_that_says_so(
	of: Plan, by: Calendar | None, later: timedelta, delays: list[int]
) -> None:
	working = WorkingTime(by) if by else AROUND_THE_CLOCK
	earliest = partial(_earliest, of, by)
	start = T0 + later
	item = open_item("ESC-1", of, ticket(), Context(start, working=working)).item
	if of.clock is not Clock.NEXT_RESPONSE:  # whose window has a deadline in it: test_clocks
		assert item.due_at == (start if of.start is StartAt.AT_ONCE else earliest(start, of.window))
	sent, ran_at, not_before = [], None, item.due_at
	for late in [*delays, *[0] * 100]:  # who is always late may always come after hours
		if item.due_at is None:
			break
		assert item.due_at >= not_before
		early = item.due_at - timedelta.resolution
		assert (
			run_due(item, ticket(), [of], always, Context(early, working=working, reaches=everybody)) is None
		)
		now = item.due_at + timedelta(seconds=late)
		decision = run_due(item, ticket(), [of], always, Context(now, working=working, reaches=everybody))
		for page in decision.pages:
			assert not (by and page.step.in_working_time) or by.works_at(now)
			sent.append((page.run, page.step.number))
		if decision.item.status is Status.EXHAUSTED:
			assert now >= earliest(ran_at, of.last_wait)
		elif decision.pages:
			ran_at, not_before = now, earliest(now, *_waits_between(item, decision.item))
		elif item.status is Status.SCHEDULED and not any(e.kind is K.HELD for e in decision.events):
			not_before = earliest(now, of.groups[0][0].wait)
		item = decision.item
	assert item.status is Status.EXHAUSTED
	wanted = [(run, step.number) for run in range(of.repeats + 1) for step in of.steps]
	assert [pair for pair in wanted if pair in sent] == sent
	assert {(run, group[0].number) for run in range(of.repeats + 1) for group in of.groups} <= set(sent)


def _earliest(of: Plan, by: Calendar | None, since: datetime, *waits: timedelta) -> datetime:
	wait = sum(waits, timedelta(0))
	return by.add(since, wait) if by and of.counts_working_time else since + wait


def _waits_between(ran: ActionItem, following: ActionItem) -> tuple[timedelta, ...]:
	"""What has to pass after a group that ran, until what follows it is due."""
	if following.in_last_wait:
		return (ran.plan.last_wait,)
	first = ran.plan.groups[following.group][0].wait
	return (first, ran.plan.repeat_pause) if following.run != ran.run else (first,)


def acknowledged(of: Plan):
	"""Tina has it since Friday evening; no step has run."""
	return acknowledge(
		opened(of).item, actor("Tina", "Link", user="tina"), Context(FRIDAY, working=IN_OFFICE)
	).item


def test_handed_over_or_added_what_comes_next_counts_in_working_time() -> None:
	def over(item):
		friday = Context(FRIDAY, working=IN_OFFICE, reaches=everybody)
		return hand_over(item, "leo", "Leo", actor("Ada"), ticket(), friday).item

	assert over(acknowledged(office(5, window=minutes(30)))).due_at == MONDAY + minutes(25)
	item = acknowledged(office(0, 30, start=StartAt.AT_ONCE))
	counted = over(item)
	assert (counted.step, counted.due_at) == (1, MONDAY + minutes(20))
	stalled = replace(item, status=Status.ESCALATING, stalled=True, due_at=None)
	added = add_person(
		stalled, "leo", "Leo", actor("Ada"), Context(FRIDAY, working=IN_OFFICE, reaches=everybody)
	).item
	assert (added.step, added.due_at) == (1, MONDAY + minutes(20))


def test_a_time_out_and_what_comes_after_it_count_in_working_time() -> None:
	of = office(
		5,
		start=StartAt.AT_DEADLINE,
		window=minutes(60),
		ack_timeout=minutes(30),
		ack_grace=minutes(10),
	)
	item = acknowledged(of)
	assert item.due_at == MONDAY + minutes(20)
	reminded = run(item, item.due_at).item
	assert reminded.due_at == MONDAY + minutes(30)
	still = acknowledge(
		reminded, actor("Tina", "Link", user="tina"), Context(FRIDAY + minutes(5), working=IN_OFFICE)
	)
	assert kinds(still) == [K.STILL_ON_IT] and still.item.due_at == MONDAY + minutes(25)
	assert run(reminded, reminded.due_at).item.due_at == MONDAY + minutes(55)
