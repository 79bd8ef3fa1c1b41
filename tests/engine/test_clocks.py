"""The clocks of a ticket: when a plan for each opens an item, starts, stands still and ends (design, section 6)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	AfterMaintenance,
	Answer,
	Calendar,
	Clock,
	Context,
	Event,
	EventKind,
	Hours,
	MatchFacts,
	Past,
	Plan,
	Refusal,
	Remembered,
	StartAt,
	Status,
	StatusCategory,
	TicketFilter,
	WorkingTime,
	acknowledge,
	add_person,
	already_answered,
	answer,
	asked_since,
	bring_forward,
	can_bring_forward,
	can_run_again,
	can_snooze,
	evaluate,
	forestalling,
	hand_over,
	may_take,
	open_item,
	opens,
	rehearse,
	rematch,
	remember,
	run_due,
	settled,
	snooze,
	start_again,
	unacknowledge,
	window_end,
)
from escalation_mgmt.engine.snooze import wake
from escalation_mgmt.engine.statuses import Cause
from escalation_mgmt.engine.waits import passed
from tests.engine.make import T0, actor, always, everybody, minutes, nobody, opened, plan, refused, ticket
from tests.engine.strategies import calendars

DAY = timedelta(days=1)
URGENT = MatchFacts(priority="Urgent", level=80)
OFFICE = WorkingTime(
	Calendar(zone="UTC", week=tuple(Hours(day, timedelta(hours=9), timedelta(hours=17)) for day in range(5)))
)
FIRST, NEXT, RESOLUTION = Clock
PAUSED, RESOLVED = StatusCategory.PAUSED, StatusCategory.RESOLVED


def resolution(*waits: float, **more) -> Plan:
	return plan(*waits, **{"clock": RESOLUTION, "start": StartAt.AT_DEADLINE, **more})


def next_response(*waits: float, **more) -> Plan:
	return plan(*waits, **{"clock": NEXT, **more})


def followed(item, of_ticket, now: datetime = T0, enabled: tuple[Plan, ...] = (), **context):
	decision = evaluate(item, of_ticket, enabled, always, Context(now, reaches=everybody, **context))
	return decision.item if decision else item


def ran(item, of_ticket, now: datetime, enabled: tuple[Plan, ...] = (), **context):
	return run_due(item, of_ticket, enabled, always, Context(now, reaches=everybody, **context))


# --- when it starts


def test_before_the_resolution_deadline() -> None:
	of = resolution(start=StartAt.BEFORE_DEADLINE, lead=minutes(30))
	due = ticket(resolution_by=T0 + minutes(240), created_at=T0)
	item = opened(of, due)
	assert item.due_at == T0 + minutes(210)
	assert ran(item, due, item.due_at - timedelta(seconds=1)) is None
	assert ran(item, due, item.due_at).pages


def test_before_the_response_deadline() -> None:
	of = plan(start=StartAt.BEFORE_DEADLINE, lead=minutes(10))
	assert opened(of, ticket(response_by=T0 + minutes(60))).due_at == T0 + minutes(50)


def test_the_other_clocks_deadline_says_nothing() -> None:
	both = ticket(response_by=T0 + minutes(60), resolution_by=T0 + minutes(600))
	assert opened(plan(start=StartAt.AT_DEADLINE), both).due_at == T0 + minutes(60)
	assert opened(resolution(), both).due_at == T0 + minutes(600)


@pytest.mark.parametrize(("percent", "after"), [(75, 180), (50, 120), (1, 2.4), (99, 237.6)])
def test_a_percentage_of_the_time_counts_from_the_clocks_opening(percent: int, after: float) -> None:
	of = resolution(start=StartAt.AT_PERCENT, percent=percent)
	due = ticket(resolution_by=T0 + minutes(240), created_at=T0)
	assert opened(of, due).due_at == T0 + minutes(after)
	late = T0 + minutes(1)
	assert opened(of, due, late).due_at == T0 + minutes(after), "not from when it was noticed"


def test_what_the_ticket_stood_still_before_isnt_counted_into_the_percentage() -> None:
	of = resolution(start=StartAt.AT_PERCENT, percent=50)
	held = ticket(created_at=T0, resolution_by=T0 + minutes(360), held=minutes(120))
	assert opened(of, held, T0 + minutes(130)).due_at == T0 + minutes(120 + 120)


def test_what_it_stood_still_doesnt_count_for_the_first_response() -> None:
	of = plan(start=StartAt.AT_PERCENT, percent=50)
	held = ticket(created_at=T0, response_by=T0 + minutes(60), held=minutes(20))
	assert opened(of, held).due_at == T0 + minutes(30)


def test_its_own_window_counts_whatever_the_deadline_is() -> None:
	for by in (5, 600):
		due = ticket(response_by=T0 + minutes(by), resolution_by=T0 + minutes(by))
		for of in (plan(), resolution()):
			own = replace(of, start=StartAt.AFTER_WINDOW, window=minutes(15))
			assert opened(own, due).due_at == T0 + minutes(15)


def test_in_the_past_already_means_now() -> None:
	for of in (
		resolution(start=StartAt.BEFORE_DEADLINE, lead=minutes(300)),
		resolution(start=StartAt.AT_PERCENT, percent=10),
	):
		due = ticket(resolution_by=T0 + minutes(30), created_at=T0 - minutes(210))
		assert opened(of, due).due_at == T0


def test_in_working_time() -> None:
	"""T0 is Monday 3:00; the deadline Tuesday 11:00, ten working hours after it."""
	due = ticket(resolution_by=datetime(2026, 3, 3, 11), created_at=T0)
	lead = resolution(start=StartAt.BEFORE_DEADLINE, lead=minutes(180), counts_working_time=True)
	assert window_end(lead, due, T0, OFFICE) == datetime(2026, 3, 2, 16)
	percent = resolution(start=StartAt.AT_PERCENT, percent=75, counts_working_time=True)
	assert window_end(percent, due, T0, OFFICE) == datetime(2026, 3, 2, 16, 30)


@given(
	calendar=calendars(),
	begins=st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 20)),
	allowed=st.integers(1, 5 * 86400),
	lead=st.integers(1, 5 * 86400),
	percent=st.integers(1, 99),
)
def test_any_start_by_the_deadline(calendar, begins: datetime, allowed: int, lead: int, percent: int) -> None:
	"""Never after the deadline, never before the opening, and exactly so much working time before it."""
	working = WorkingTime(calendar)
	by = working.add(begins, timedelta(seconds=allowed))
	due = ticket(resolution_by=by, created_at=begins)
	early = resolution(start=StartAt.BEFORE_DEADLINE, lead=timedelta(seconds=lead), counts_working_time=True)
	at = window_end(early, due, begins, working)
	assert begins <= at <= by
	assert working.between(at, by) == timedelta(seconds=min(lead, allowed))
	share = resolution(start=StartAt.AT_PERCENT, percent=percent, counts_working_time=True)
	at = window_end(share, due, begins, working)
	assert working.between(begins, at) == timedelta(seconds=allowed) * percent / 100


def test_without_a_deadline_its_own_window_counts() -> None:
	for start in (StartAt.AT_DEADLINE, StartAt.BEFORE_DEADLINE, StartAt.AT_PERCENT):
		of = resolution(start=start, lead=minutes(30), percent=75)
		assert opened(of, ticket(response_by=T0 + DAY)).due_at == T0 + minutes(15)


def test_a_deadline_that_moves_moves_what_is_scheduled_in_both_directions() -> None:
	of = resolution(start=StartAt.BEFORE_DEADLINE, lead=minutes(30))
	due = ticket(resolution_by=T0 + minutes(240), created_at=T0)
	item = opened(of, due)
	later = followed(item, replace(due, resolution_by=T0 + minutes(300)), T0 + minutes(1))
	assert later.due_at == T0 + minutes(270)
	earlier = followed(later, replace(due, resolution_by=T0 + minutes(100)), T0 + minutes(2))
	assert earlier.due_at == T0 + minutes(70)
	now = followed(earlier, replace(due, resolution_by=T0 + minutes(10)), T0 + minutes(3))
	assert now.due_at == T0, "not before it was opened"
	escalating = ran(now, replace(due, resolution_by=T0 + minutes(10)), T0 + minutes(3)).item
	after = followed(escalating, due, T0 + minutes(4))
	assert (after.status, after.due_at) == (Status.ESCALATING, escalating.due_at), (
		"what escalates isn't moved"
	)


def test_the_rehearsal_starts_before_the_deadline_too() -> None:
	of = resolution(0, 10, start=StartAt.BEFORE_DEADLINE, lead=minutes(30))
	due = ticket(resolution_by=T0 + minutes(240), created_at=T0)
	timeline = rehearse(of, due, Context(T0, reaches=everybody))
	assert [moment.at for moment in timeline.moments if moment.pages] == [
		T0 + minutes(210),
		T0 + minutes(220),
	]


# --- the next response


ASKED = T0 + minutes(10)
ANSWERED = replace(ticket(), first_responded_at=T0, replied_at=T0)
WAITING = replace(ANSWERED, asked_at=ASKED)


def test_the_next_response_opens_once_for_the_first_message() -> None:
	of = next_response()
	assert opens(ticket(), [of], always, ASKED, clock=NEXT) is None, "before the first response none"
	assert opens(ANSWERED, [of], always, ASKED, clock=NEXT) is None, "the customer hasn't written"
	assert opens(WAITING, [of], always, ASKED, clock=NEXT).plan is of
	item = opened(of, WAITING, ASKED + minutes(2))
	assert item.clock_at == ASKED and item.due_at == ASKED + minutes(15), "from the message on"


@pytest.mark.parametrize(
	("start", "after"),
	[
		({"start": StartAt.AT_ONCE}, 2),
		({"start": StartAt.AFTER_WINDOW}, 15),
		({"start": StartAt.AT_DEADLINE}, 15),
		({"start": StartAt.BEFORE_DEADLINE, "lead": minutes(5)}, 10),
		({"start": StartAt.AT_PERCENT, "percent": 60}, 9),
	],
)
def test_its_deadline_is_the_message_and_the_window(start: dict, after: float) -> None:
	assert opened(next_response(**start), WAITING, ASKED + minutes(2)).due_at == ASKED + minutes(after)


def test_in_its_own_calendar() -> None:
	of = next_response(start=StartAt.AT_DEADLINE, window=minutes(60), counts_working_time=True)
	asked = replace(ANSWERED, asked_at=datetime(2026, 3, 6, 16, 30))  # a Friday
	assert window_end(of, asked, asked.asked_at, OFFICE) == datetime(2026, 3, 9, 9, 30)


def test_later_messages_open_none_and_move_nothing() -> None:
	of = next_response()
	item = opened(of, WAITING, ASKED)
	assert evaluate(item, WAITING, [of], always, Context(ASKED + minutes(5))) is None
	past = Past(status=Status.EXHAUSTED, facts=WAITING.facts, ticket_was_closed=False, clock_at=ASKED)
	assert opens(WAITING, [of], always, ASKED + minutes(9), clock=NEXT, past=past) is None
	again = replace(WAITING, asked_at=ASKED + minutes(9), replied_at=ASKED + minutes(8))
	assert opens(again, [of], always, ASKED + minutes(9), clock=NEXT, past=past), "answered, and asked again"
	urgent = next_response(
		name="Urgent", rank=1, takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"Urgent"}))
	)
	raised = replace(WAITING, facts=URGENT)
	assert opens(raised, [of, urgent], always, ASKED + minutes(9), clock=NEXT, past=past).plan is urgent


TIMES = st.integers(0, 9).map(lambda n: ASKED + minutes(n))


@given(
	messages=st.sets(TIMES, min_size=1),
	about=st.none() | TIMES,
	unknown=st.integers(0, 2),
	closed_at=st.none() | TIMES,
	facts=st.sampled_from([WAITING.facts, URGENT]),
	status=st.sampled_from([Status.EXHAUSTED, Status.RESOLVED, Status.CANCELLED]),
	ended=st.sampled_from([{}, {"ticket_was_closed": True}, {"no_match": True}, {"after_answer": True}]),
)
def test_what_is_settled_of_the_next_response_opens_nothing(
	messages, about, unknown, closed_at, facts, status, ended
) -> None:
	"""Whatever of the messages that wait the sweep hasn't seen: it looks closer, or nothing would be opened."""
	first, *later = sorted(messages)
	now = replace(WAITING, asked_at=first, asked_later=tuple(later), replied_at=first - minutes(1))
	past = Past(**{"status": status, "facts": facts, "ticket_was_closed": False, "clock_at": about, **ended})
	known = Remembered(closed_at=closed_at) if closed_at else None
	if settled(past, now.facts, known, clock=NEXT, asked=sorted(messages)[unknown:]):
		urgent = next_response(
			name="Urgent", rank=1, takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"Urgent"}))
		)
		of = [next_response(), urgent]
		assert opens(now, of, always, ASKED + minutes(20), clock=NEXT, past=past, known=known) is None


def test_of_a_customer_who_waits_since_their_item_nothing_more_is_read() -> None:
	past = Past(status=Status.EXHAUSTED, facts=WAITING.facts, ticket_was_closed=False, clock_at=ASKED)

	def is_settled(*asked: datetime, closed_at: datetime | None = None, **more) -> bool:
		known = Remembered(closed_at=closed_at)
		return settled(replace(past, **more), WAITING.facts, known, clock=NEXT, asked=asked)

	before, after = ASKED - minutes(1), ASKED + minutes(1)
	assert is_settled(ASKED) and is_settled(before, after) and is_settled(ASKED, closed_at=before)
	assert not is_settled() and not is_settled(after) and not is_settled(ASKED, clock_at=None)
	assert not is_settled(ASKED, after, closed_at=ASKED) and not is_settled(before, after, closed_at=before)
	assert not is_settled(ASKED, facts=URGENT) and is_settled(ASKED, facts=URGENT, after_answer=True)
	assert not is_settled(ASKED, no_match=True) and not is_settled(ASKED, ticket_was_closed=True)


@pytest.mark.parametrize("asked_at", [None, ASKED + minutes(9)])
def test_a_message_that_is_deleted_moves_nothing_either(asked_at: datetime | None) -> None:
	of = next_response(start=StartAt.AT_DEADLINE)
	item = opened(of, WAITING, ASKED)
	now = Context(ASKED + minutes(10))
	assert evaluate(item, replace(WAITING, asked_at=asked_at), [of], always, now) is None


def test_what_was_asked_before_the_ticket_was_closed_was_answered_by_that() -> None:
	of, closed = next_response(), Remembered(closed_at=ASKED + minutes(5), reopened_at=ASKED + minutes(9))
	past = Past(
		status=Status.RESOLVED, facts=WAITING.facts, ticket_was_closed=True, clock_at=ASKED, ended_at=ASKED
	)
	asked = replace(WAITING, asked_later=(ASKED + minutes(5), ASKED + minutes(8), ASKED + minutes(9)))
	for remembered in (None, past):
		known = {"clock": NEXT, "past": remembered, "known": closed}
		assert opens(WAITING, [of], always, ASKED + minutes(9), **known) is None, "opened by an agent"
		assert opens(asked, [of], always, ASKED + minutes(9), **known).plan is of
	since = asked_since(asked, closed.closed_at)
	assert (since.asked_at, since.asked_later) == (ASKED + minutes(8), (ASKED + minutes(9),))
	assert asked_since(WAITING, closed.closed_at).asked_at is None
	assert asked_since(WAITING, ASKED).asked_at is None
	assert asked_since(asked, None) == asked_since(asked, ASKED - minutes(1)) == asked
	assert asked_since(ANSWERED, closed.closed_at) == ANSWERED
	assert remember(Remembered(), replace(ticket(), category=RESOLVED), T0).closed_at == T0
	assert remember(Remembered(closed=True), replace(ticket(), category=RESOLVED), T0).closed_at is None


def test_a_deadline_in_working_time_lies_later() -> None:
	enabled = datetime(2026, 3, 9, 9, 10)  # a Monday
	of = next_response(window=minutes(60), counts_working_time=True, enabled_since=enabled)
	for asked_at, taken in ((datetime(2026, 3, 6, 16, 10), True), (datetime(2026, 3, 6, 16, 9), False)):
		asked = replace(ANSWERED, asked_at=asked_at)
		how = {"clock": NEXT, "working_of": lambda _plan: OFFICE}
		assert bool(opens(asked, [of], always, enabled, **how)) is taken


def test_an_agents_reply_after_the_message_ends_it_and_no_other() -> None:
	item = opened(next_response(stop=replace(plan().stop, on_reply=False)), WAITING, ASKED + minutes(2))
	before = replace(WAITING, first_responded_at=ASKED + minutes(1))
	assert evaluate(item, before, [], always, Context(ASKED + minutes(3))) is None, "a stamp is no reply"
	seen_late = replace(ANSWERED, replied_at=ASKED + minutes(1))
	ended = followed(item, seen_late, ASKED + minutes(3))
	assert ended.status is Status.RESOLVED, "it came after the message, though before the item"
	assert followed(item, replace(WAITING, category=RESOLVED)).status is Status.RESOLVED


def test_a_paused_status_ends_it_only_where_the_plan_says() -> None:
	waits = replace(WAITING, category=PAUSED)
	assert answer(waits, next_response(), ASKED) is None
	assert (
		answer(waits, next_response(stop=replace(plan().stop, on_paused_status=True)), ASKED) is Answer.PAUSED
	)
	item = opened(next_response(), waits, ASKED)
	assert not item.paused_at and ran(item, waits, ASKED + minutes(15)).pages, "it goes on"


# --- the resolution


def test_only_resolving_or_closing_answers_the_resolution() -> None:
	answered = replace(
		ticket(), replied_at=T0 + minutes(5), first_responded_at=T0 + minutes(5), stopped_by_condition=True
	)
	of = resolution(stop=replace(plan().stop, on_paused_status=True, condition="doc.x"))
	item = opened(of, answered)
	assert evaluate(item, answered, [], always, Context(T0 + minutes(6))) is None
	assert answer(replace(answered, category=PAUSED), of, T0) is None
	assert followed(item, replace(answered, category=RESOLVED)).status is Status.RESOLVED


def test_the_resolution_opens_whether_somebody_answered_or_not_and_once() -> None:
	of = resolution()
	answered = replace(ticket(), replied_at=T0, first_responded_at=T0)
	assert opens(ticket(), [of], always, T0, clock=RESOLUTION).plan is of
	assert opens(answered, [of], always, T0, clock=RESOLUTION).plan is of
	assert opens(replace(answered, category=RESOLVED), [of], always, T0, clock=RESOLUTION) is None
	past = Past(status=Status.EXHAUSTED, facts=answered.facts, ticket_was_closed=False)
	assert settled(past, answered.facts, clock=RESOLUTION)
	assert opens(answered, [of], always, T0, clock=RESOLUTION, past=past) is None
	reopened = replace(past, status=Status.RESOLVED, ticket_was_closed=True)
	assert opens(answered, [of], always, T0, clock=RESOLUTION, past=reopened).plan is of


def test_seen_open_again_since_its_last_item_the_resolution_opens_once_more() -> None:
	of = resolution()
	ended = Past(status=Status.EXHAUSTED, facts=ticket().facts, ticket_was_closed=False, ended_at=T0)
	for at, again in ((T0 + minutes(1), True), (T0, False), (None, False)):
		known = Remembered(reopened_at=at)
		assert settled(ended, ticket().facts, known, clock=RESOLUTION) is not again
		found = opens(ticket(), [of], always, T0 + minutes(2), clock=RESOLUTION, past=ended, known=known)
		assert bool(found) is again


def test_a_raise_that_the_first_response_waits_for_opens_nothing_here() -> None:
	raised = Remembered(raised=True, raised_at=T0, raised_from="Low", raised_from_level=20)
	past = Past(status=Status.CANCELLED, facts=ticket().facts, ticket_was_closed=False)
	assert opens(ticket(), [resolution()], always, T0, clock=RESOLUTION, past=past, known=raised) is None
	assert settled(past, ticket().facts, raised, clock=RESOLUTION) and not settled(
		past, ticket().facts, raised
	)


# --- it stands still


def stopped_at(item, of_ticket, at: datetime):
	paused = replace(of_ticket, category=PAUSED)
	item = followed(item, paused, at)
	assert item.paused_at == at and item.next_at is None
	return item, paused


def test_paused_for_two_hours_it_goes_on_with_what_was_left() -> None:
	of, open_ = resolution(0, 10, 20), ticket(resolution_by=T0 + minutes(60), created_at=T0)
	item = ran(opened(of, open_), open_, T0 + minutes(60)).item
	item, paused = stopped_at(item, open_, T0 + minutes(64))
	assert item.status is Status.ESCALATING
	assert ran(item, paused, T0 + minutes(120)) is None, "no step runs"
	moved = replace(open_, resolution_by=T0 + minutes(180))
	decision = evaluate(item, moved, [], always, Context(T0 + minutes(184)))
	assert [event.kind for event in decision.events] == [EventKind.CLOCK_GOES_ON]
	assert decision.item.due_at == T0 + minutes(190) and decision.item.paused_at is None
	assert ran(decision.item, moved, T0 + minutes(190)).pages


def test_what_history_says_of_it() -> None:
	of = resolution(0, 10, repeats=1)
	item = replace(opened(of), status=Status.ESCALATING, run=1, step=2, due_at=T0 + minutes(9))
	paused = ticket(category=PAUSED)
	stopped = evaluate(item, paused, [], always, Context(T0 + minutes(4)))
	assert stopped.events == (Event(EventKind.CLOCK_STOPPED, T0 + minutes(4), 2, 1),)
	assert stopped.item.version == item.version + 1 and not stopped.notices
	goes_on = evaluate(stopped.item, ticket(), [], always, Context(T0 + minutes(6)))
	due = {"due": T0 + minutes(11)}
	assert goes_on.events == (Event(EventKind.CLOCK_GOES_ON, T0 + minutes(6), 2, 1, due),)


def test_what_is_scheduled_goes_by_the_deadline_that_moved() -> None:
	of = resolution(start=StartAt.BEFORE_DEADLINE, lead=minutes(30))
	open_ = ticket(resolution_by=T0 + minutes(240), created_at=T0)
	item, paused = stopped_at(opened(of, open_), open_, T0 + minutes(60))
	lost = replace(paused, resolution_by=None)
	assert evaluate(item, lost, [], always, Context(T0 + minutes(70))) is None, (
		"a deadline that is gone meanwhile"
	)
	moved = replace(open_, resolution_by=T0 + minutes(360))
	assert followed(item, moved, T0 + minutes(180)).due_at == T0 + minutes(330)


def test_a_deadline_that_stands_where_it_stood_is_kept() -> None:
	"""Where tickets have a deadline that no pause moves."""
	of = resolution(start=StartAt.BEFORE_DEADLINE, lead=minutes(30))
	open_ = ticket(resolution_by=T0 + minutes(240), created_at=T0)
	item, _paused = stopped_at(opened(of, open_), open_, T0 + minutes(60))
	decision = evaluate(item, open_, [], always, Context(T0 + minutes(90)))
	assert [(e.kind, e.data) for e in decision.events] == [
		(EventKind.CLOCK_GOES_ON, {"due": T0 + minutes(210)})
	]


def test_what_it_stood_still_isnt_counted_into_its_percentage() -> None:
	of = resolution(start=StartAt.AT_PERCENT, percent=50)
	open_ = ticket(resolution_by=T0 + minutes(240), created_at=T0)
	item, _paused = stopped_at(opened(of, open_), open_, T0 + minutes(60))
	moved = replace(open_, resolution_by=T0 + minutes(360), held=minutes(120))
	assert followed(item, moved, T0 + minutes(180)).due_at == T0 + minutes(240), "an hour of two was left"


def test_its_own_window_shifts() -> None:
	of = resolution(start=StartAt.AFTER_WINDOW, window=minutes(30))
	item, _paused = stopped_at(opened(of), ticket(), T0 + minutes(10))
	assert followed(item, ticket(), T0 + minutes(130)).due_at == T0 + minutes(150)


def test_in_working_time_what_is_left_is_working_time() -> None:
	"""Stopped on Friday at 16:00 with two working hours left; it goes on on Saturday."""
	of = resolution(0, 600, counts_working_time=True, start=StartAt.AT_ONCE)
	friday = datetime(2026, 3, 6, 16)
	item = replace(opened(of, now=friday), status=Status.ESCALATING, due_at=datetime(2026, 3, 9, 10))
	item = followed(item, ticket(category=PAUSED), friday, working=OFFICE)
	saturday = friday + timedelta(hours=20)
	assert followed(item, ticket(), saturday, working=OFFICE).due_at == datetime(2026, 3, 9, 11)


def test_opened_for_a_ticket_that_waits_it_stands_still_from_the_start() -> None:
	item = opened(resolution(start=StartAt.AT_ONCE), ticket(category=PAUSED))
	assert item.paused_at == T0 and item.next_at is None
	assert followed(item, ticket(), T0 + DAY).due_at == T0 + DAY


def test_a_snooze_shifts_and_a_maintenance_doesnt() -> None:
	of = resolution(0, 10)
	item = ran(opened(of, ticket(resolution_by=T0)), ticket(resolution_by=T0), T0).item
	quiet = snooze(item, T0 + minutes(30), actor("a"), T0).item
	quiet, _paused = stopped_at(quiet, ticket(), T0 + minutes(20))
	quiet = followed(quiet, ticket(), T0 + minutes(80))
	assert (quiet.status, quiet.due_at) == (Status.SNOOZED, T0 + minutes(90))
	assert quiet.resumes_at == T0 + minutes(70)
	held = replace(item, maintenance="M", due_at=T0 + minutes(30))
	held, _paused = stopped_at(held, ticket(), T0 + minutes(20))
	assert followed(held, ticket(), T0 + minutes(25)).due_at == T0 + minutes(30)
	assert followed(held, ticket(), T0 + minutes(80)).due_at == T0 + minutes(80)


def test_what_people_do_meanwhile() -> None:
	of = resolution(0, 10)
	item = ran(opened(of, ticket(resolution_by=T0)), ticket(resolution_by=T0), T0).item
	item, paused = stopped_at(item, ticket(), T0 + minutes(4))
	at = Context(T0 + minutes(50), reaches=everybody)
	assert not (can_bring_forward(item) or can_snooze(item) or can_run_again(item))
	with refused(Refusal.NOT_ESCALATING):
		bring_forward(item, item.position, at.now)
	handed = hand_over(item, "b", "B", actor("a"), paused, at)
	assert handed.pages and handed.item.next_at is None, "they are paged, and nothing falls due"
	assert followed(handed.item, ticket(), T0 + minutes(100)).due_at == T0 + minutes(110), (
		"their whole wait is left"
	)
	taken = acknowledge(item, actor("a"), at).item
	assert taken.status is Status.ACKNOWLEDGED and taken.paused_at
	back = unacknowledge(taken, actor("a"), paused, Context(T0 + minutes(60), reaches=everybody)).item
	assert back.next_at is None and followed(back, ticket(), T0 + minutes(100)).due_at == T0 + minutes(110)


def test_stalled_and_standing_still_it_starts_again_when_it_goes_on() -> None:
	of, at = resolution(), T0
	stalled = run_due(
		opened(of, ticket(resolution_by=T0)),
		ticket(resolution_by=T0),
		(),
		always,
		Context(at, reaches=nobody),
	).item
	assert stalled.stalled
	stalled, _paused = stopped_at(stalled, ticket(), T0 + minutes(5))
	again = start_again(stalled, "reachable", T0 + minutes(10)).item
	assert again.next_at is None
	assert followed(again, ticket(), T0 + minutes(20)).due_at == T0 + minutes(20)


def test_ended_while_it_stands_still_it_stands_no_more() -> None:
	item, paused = stopped_at(opened(resolution()), ticket(), T0 + minutes(1))
	ended = followed(item, replace(paused, merged_into="2"), T0 + minutes(2))
	assert ended.status is Status.CANCELLED and ended.paused_at is None


@given(
	waits=st.lists(st.integers(1, 600), min_size=1, max_size=4),
	stops=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 4000)), max_size=4),
)
def test_any_pauses_shift_every_step_by_as_much(waits: list[int], stops: list[tuple[int, int]]) -> None:
	"""Nothing is sent while it stands still, and without the pauses the times are those of a run without them."""
	of = resolution(*waits, start=StartAt.AFTER_WINDOW)
	open_, paused = ticket(), ticket(category=PAUSED)
	straight = [m.at - T0 for m in rehearse(of, open_, Context(T0, reaches=everybody)).moments if m.pages]
	item, now, stood, sent = opened(of), T0, timedelta(0), []
	for runs_for, stands_for in [*stops, (10**6, 1)]:
		until = now + timedelta(seconds=runs_for)
		while item.next_at and item.next_at <= until and item.status is not Status.EXHAUSTED:
			now = max(now, item.next_at)
			decision = ran(item, open_, now)
			sent += [now - T0 - stood] if decision.pages else []
			item = decision.item
		if item.status is Status.EXHAUSTED:
			break
		now = until
		item = followed(item, paused, now)
		now += timedelta(seconds=stands_for)
		assert ran(item, paused, now) is None
		stood += timedelta(seconds=stands_for)
		item = followed(item, open_, now)
	assert sent == straight


def test_going_on_says_when_and_moves_no_window_beside_it() -> None:
	"""In working time: two working hours before the deadline, which moved by two."""
	of = resolution(start=StartAt.BEFORE_DEADLINE, lead=minutes(120), counts_working_time=True)
	monday = datetime(2026, 3, 2, 9)
	open_ = ticket(resolution_by=monday + minutes(480), created_at=monday)
	item = open_item("ESC-1", of, open_, Context(monday, working=OFFICE)).item
	item = followed(item, replace(open_, category=PAUSED), monday + minutes(60), working=OFFICE)
	moved = replace(open_, resolution_by=datetime(2026, 3, 3, 11), held=minutes(120))
	decision = evaluate(item, moved, [], always, Context(monday + minutes(180), working=OFFICE))
	assert [(event.kind, event.data) for event in decision.events] == [
		(EventKind.CLOCK_GOES_ON, {"due": datetime(2026, 3, 2, 17)})
	]
	assert decision.item.due_at == datetime(2026, 3, 2, 17)


def test_what_passes_of_a_wait_is_working_time_where_the_plan_counts_it() -> None:
	since, until = T0 + timedelta(hours=5), T0 + timedelta(hours=8)  # Monday, 8 to 11 o'clock
	assert passed(since, until, resolution(), OFFICE) == timedelta(hours=3)
	assert passed(since, until, resolution(counts_working_time=True), OFFICE) == timedelta(hours=2)


def test_what_wakes_while_its_clock_stands_still_stands_still_from_then_on() -> None:
	quiet = replace(opened(resolution()), status=Status.SNOOZED)
	now = T0 + minutes(9)
	assert wake(quiet, Cause.RAISED, now)[0].paused_at is None
	assert wake(replace(quiet, paused_at=T0), Cause.RAISED, now)[0].paused_at == now


def test_what_was_late_when_it_stopped_is_due_at_once_and_a_snooze_counts_around_the_clock() -> None:
	of = resolution(0, 10, counts_working_time=True, start=StartAt.AT_ONCE)
	friday = datetime(2026, 3, 6, 16)
	late = replace(opened(of, now=friday), status=Status.ESCALATING, due_at=friday - minutes(5))
	late = followed(late, ticket(category=PAUSED), friday, working=OFFICE)
	assert followed(late, ticket(), friday + minutes(30), working=OFFICE).due_at == friday + minutes(30)
	quiet = replace(late, paused_at=None, status=Status.SNOOZED, due_at=friday + minutes(30))
	quiet = followed(quiet, ticket(category=PAUSED), friday, working=OFFICE)
	back = friday + timedelta(hours=20)
	assert followed(quiet, ticket(), back, working=OFFICE).due_at == back + minutes(30)


def test_people_are_added_while_it_stands_still_and_that_goes_on() -> None:
	of = resolution(0, 10)
	item = ran(opened(of, ticket(resolution_by=T0)), ticket(resolution_by=T0), T0).item
	item, _paused = stopped_at(item, ticket(), T0 + minutes(4))
	more = add_person(item, "c", "C", actor("a"), Context(T0 + minutes(9), reaches=everybody)).item
	assert (more.paused_at, more.due_at) == (item.paused_at, item.due_at)
	stalled = replace(item, stalled=True, due_at=None)
	more = add_person(stalled, "c", "C", actor("a"), Context(T0 + minutes(9), reaches=everybody)).item
	assert more.paused_at == T0 + minutes(9) and more.next_at is None


# --- beside each other


def test_whether_a_ticket_is_answered_is_another_question_for_each_clock() -> None:
	assert already_answered(ANSWERED, plan()) and already_answered(WAITING, plan())
	assert already_answered(ANSWERED, next_response()) and not already_answered(WAITING, next_response())
	assert not already_answered(ANSWERED, resolution()) and not already_answered(WAITING, resolution())


def test_another_plan_takes_what_another_plan_lost() -> None:
	of, past = resolution(), Past(status=Status.CANCELLED, facts=URGENT, ticket_was_closed=False)
	high = replace(of, name="High", takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"High"})))
	assert opens(ticket(), [high], always, T0, clock=RESOLUTION, past=past).plan is high
	assert opens(ticket(), [of], always, T0, clock=RESOLUTION, past=past) is None, "the same plan had it"
	assert opens(ticket(), [of], always, T0, clock=RESOLUTION, past=replace(past, no_match=True)).plan is of


@pytest.mark.parametrize(
	("of", "says"),
	[
		(plan(), {}),
		(plan(start=StartAt.AT_DEADLINE), {}),
		(plan(start=StartAt.BEFORE_DEADLINE), {"clock": "First Response"}),
		(plan(start=StartAt.AT_PERCENT), {"clock": "First Response"}),
		(next_response(), {"clock": "Next Response"}),
		(resolution(), {"clock": "Resolution"}),
	],
)
def test_history_says_which_clock_where_a_response_window_would_say_something_else(
	of: Plan, says: dict
) -> None:
	begun = open_item("ESC-1", of, ticket(), Context(T0))
	data = {"plan": "Outage", "due": T0 + minutes(15), **says}
	assert begun.events[0].data == data
	over = ran(begun.item, ticket(), T0 + minutes(15))
	assert over.events[0].data == {"late": 0, **says}
	at_once = open_item("ESC-1", of, ticket(), Context(T0), by="ada", at_once=True)
	assert "clock" not in at_once.events[0].data


def test_a_calendar_that_only_steps_keep_to_moves_no_start() -> None:
	of = resolution(start=StartAt.AT_PERCENT, percent=50)
	due = ticket(resolution_by=T0 + minutes(240), created_at=T0)
	assert window_end(of, due, T0, OFFICE) == T0 + minutes(120)


def test_no_start_of_another_name() -> None:
	with pytest.raises(ValueError, match="Now and Then"):
		StartAt("Now and Then")


def test_its_own_window_shifts_where_the_ticket_has_no_deadline() -> None:
	of = resolution(start=StartAt.BEFORE_DEADLINE, lead=minutes(5), window=minutes(60))
	item = opened(of, ticket())
	item, _paused = stopped_at(item, ticket(), T0 + minutes(10))
	item = followed(item, ticket(), T0 + minutes(40))
	assert item.due_at == T0 + minutes(90) and item.stood_still == minutes(30)
	assert evaluate(item, ticket(), [], always, Context(T0 + minutes(41))) is None
	item, paused = stopped_at(item, ticket(), T0 + minutes(50))
	by = actor("Ann")
	taken = acknowledge(item, by, Context(T0 + minutes(55))).item
	assert (taken.paused_at, taken.stood_still) == (T0 + minutes(55), minutes(35))
	given_back = unacknowledge(taken, by, paused, Context(T0 + minutes(60))).item
	assert given_back.due_at == T0 + minutes(100) and given_back.stood_still == minutes(40)
	assert followed(given_back, ticket(), T0 + minutes(70)).due_at == T0 + minutes(110)


def test_a_deadline_that_passed_while_it_stood_still_is_no_lateness() -> None:
	by = replace(ticket(), resolution_by=T0 + minutes(30))
	item, _paused = stopped_at(opened(resolution(start=StartAt.AT_DEADLINE), by), by, T0 + minutes(10))
	decision = evaluate(item, by, [], always, Context(T0 + minutes(50)))
	assert decision.item.due_at == T0 + minutes(50)
	assert [event.kind for event in decision.events] == [EventKind.CLOCK_GOES_ON]
	assert evaluate(decision.item, by, [], always, Context(T0 + minutes(51))) is None


def test_started_over_after_a_maintenance_it_has_its_whole_window_and_keeps_it() -> None:
	of = plan(start=StartAt.AT_DEADLINE, window=minutes(20), after_maintenance=AfterMaintenance.START_OVER)
	held = replace(opened(of, ticket()), maintenance="M", due_at=T0 + minutes(60))
	after = ran(held, ticket(), T0 + minutes(60)).item
	assert (after.status, after.due_at) == (Status.SCHEDULED, T0 + minutes(80))
	assert evaluate(after, ticket(), [], always, Context(T0 + minutes(61))) is None


def test_a_plan_for_another_clock_neither_takes_over_nor_forestalls() -> None:
	mine, other = plan(name="Mine"), resolution(name="Other", rank=1)
	urgent = replace(other, takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"Urgent"})))
	assert rematch(mine, [mine, urgent], ticket().facts, URGENT, always) is None
	assert forestalling(mine, [other, mine]) == ()
	assert forestalling(mine, [plan(name="Also", rank=1), mine])
	assert opens(ticket(), [mine, other], always, T0).plan is mine
	assert opens(ticket(), [mine, other], always, T0, clock=RESOLUTION).plan is other
	assert opens(ticket(), [mine, other], always, T0, clock=NEXT) is None


@pytest.mark.parametrize(
	("clock", "ticket_is", "taken"),
	[
		(FIRST, {"response_by": T0 + DAY}, True),
		(FIRST, {"resolution_by": T0 + DAY, "asked_at": T0 + DAY}, False),
		(RESOLUTION, {"resolution_by": T0 + DAY}, True),
		(RESOLUTION, {"response_by": T0 + DAY, "asked_at": T0 - DAY}, False),
		(NEXT, {"asked_at": T0 + minutes(1)}, True),
		(NEXT, {"asked_at": T0 - minutes(14)}, True),  # its deadline lies after it
		(NEXT, {"asked_at": T0 - minutes(16)}, False),
	],
)
def test_which_tickets_an_enabled_plan_may_take(clock: Clock, ticket_is: dict, taken: bool) -> None:
	of = plan(clock=clock, enabled_since=T0)
	old = ticket(created_at=T0 - DAY, first_responded_at=None if clock is FIRST else T0 - DAY, **ticket_is)
	assert bool(opens(old, [of], always, T0 + minutes(2), clock=clock)) is taken


def test_a_plan_takes_a_customer_who_waits_and_by_its_own_calendar() -> None:
	of = next_response(enabled_since=T0)
	nobody_waits = replace(WAITING, created_at=T0 - DAY, asked_at=None)
	assert not may_take(of, nobody_waits)
	overdue = replace(WAITING, created_at=T0 - DAY, asked_at=T0 - minutes(16))
	office = replace(of, counts_working_time=True)
	for plan_, taken in ((of, False), (office, True)):
		assert may_take(plan_, overdue, None, lambda plan_: {of.name: OFFICE}[plan_.name]) is taken


def test_a_name_that_a_plan_asks_for_takes_no_ticket_until_the_customer_writes_again() -> None:
	renamed = Remembered(renamed_at=ASKED + minutes(1))
	of = next_response(enabled_since=T0)
	assert opens(WAITING, [of], always, ASKED + minutes(2), clock=NEXT, known=renamed) is None
	later = replace(WAITING, asked_at=ASKED + minutes(3))
	assert opens(later, [of], always, ASKED + minutes(4), clock=NEXT, known=renamed)


def test_frozen_and_back() -> None:
	of = resolution(start=StartAt.BEFORE_DEADLINE, lead=minutes(30), percent=75)
	assert Plan.from_dict(of.to_dict()) == of
	old = plan().to_dict()
	for key in ("clock", "lead", "percent"):
		del old[key]
	old["start"] = "At the Response Deadline"
	assert Plan.from_dict(old) == plan(start=StartAt.AT_DEADLINE), "frozen before there were other clocks"
