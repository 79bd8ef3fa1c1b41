"""The rehearsal's timeline is what a run then does."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	EVERYONE,
	UNDO_WITHIN,
	ActionItem,
	Audience,
	Calendar,
	Clock,
	Context,
	EventKind,
	Hours,
	Maintenance,
	Notice,
	Page,
	Plan,
	Reach,
	Recipient,
	Responses,
	StartAt,
	Status,
	StatusCategory,
	Step,
	StopRules,
	Unreachable,
	WorkingTime,
	acknowledge,
	ahead,
	evaluate,
	open_item,
	rehearse,
	run_due,
)
from escalation_mgmt.engine.rehearse import MOST_MOMENTS
from tests.engine.make import T0, actor, always, everybody, minutes, nobody, plan, ticket
from tests.engine.strategies import calendars, maintenances, plans

FRIDAY = datetime(2026, 3, 6, 17, 50)
OFFICE = Calendar(
	zone="UTC", week=tuple(Hours(day, timedelta(hours=9), timedelta(hours=18)) for day in range(5))
)


def some(step: Step) -> Reach:
	"""Of two people the one is reached; of a target without a name, nobody."""
	miss = Unreachable(method=step.method, label="other", reason="no number")
	if not step.target.value:
		return Reach((), (miss,))
	return Reach((Recipient(method=step.method, address=step.target.value, label="one"),), (miss,))


class Clockwork:
	"""What a site does, minute by minute: time passes, what is due runs, people respond. It knows no rehearsal."""

	def __init__(self, of: Plan, start: datetime, working: WorkingTime, reaches, pauses=()):
		self.pauses = pauses
		self.ticket, self.working, self.reaches = ticket(assignees=("a",)), working, reaches
		opened = open_item("", of, self.ticket, Context(start, working=working))
		self.item: ActionItem = opened.item
		self.now, self.events, self.pages = start, list(opened.events), []

	def take(self, decision) -> None:
		if decision:
			self.item = decision.item
			self.events += decision.events
			self.pages += [(self.now, page) for page in decision.pages]

	def run_next(self) -> None:
		self.now = self.item.due_at
		self.take(
			run_due(
				self.item,
				self.ticket,
				[self.item.plan],
				always,
				Context(self.now, working=self.working, reaches=self.reaches, maintenances=self.pauses),
			)
		)

	def run_until(self, instant: datetime) -> None:
		"""Run what is due before an instant, each at its time."""
		while self.item.due_at and self.item.due_at < instant:
			self.run_next()

	def run_until_sent(self, number: int) -> None:
		while self.item.due_at and len(self.pages) < number:
			self.run_next()

	def acknowledge(self, page: Page, now: datetime) -> None:
		self.run_until(now)
		self.now, who = now, page.recipient
		self.take(
			acknowledge(
				self.item,
				actor(who.label, who.method, address=who.address),
				Context(now, working=self.working),
			)
		)
		self.run_until(datetime.max)

	def acknowledge_all(self, number: int, delay: timedelta) -> None:
		"""Everyone who gets that message or a later one acknowledges it."""
		self.run_until_sent(number)
		waiting = number - 1
		while waiting < len(self.pages) or self.item.due_at:
			at = self.pages[waiting][0] + delay if waiting < len(self.pages) else datetime.max
			if self.item.due_at and self.item.due_at < at:
				self.run_next()
				continue
			(_at, page), self.now, waiting = self.pages[waiting], at, waiting + 1
			who = page.recipient
			self.take(
				acknowledge(
					self.item,
					actor(who.label or who.address, who.method, address=who.address),
					Context(at, working=self.working),
				)
			)

	def answer(self, now: datetime) -> None:
		self.run_until(now)
		self.now = now
		if self.item.plan.clock is Clock.RESOLUTION:
			self.ticket = replace(self.ticket, category=StatusCategory.RESOLVED)
		else:
			self.ticket = replace(self.ticket, replied_at=now, first_responded_at=now)
		self.take(
			evaluate(self.item, self.ticket, [self.item.plan], always, Context(now, working=self.working))
		)
		self.run_until(datetime.max)


zones = st.one_of(st.just(WorkingTime()), calendars().map(WorkingTime), st.just(WorkingTime(missing="gone")))
reaching = st.sampled_from([everybody, nobody, some])
starts = st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 20))
pauses = st.just(()) | maintenances(datetime(2026, 3, 1), datetime(2026, 4, 21))
durations = st.integers(0, 20_000).map(lambda s: timedelta(seconds=s))


@settings(deadline=None)
@given(plans(), starts, zones, reaching, pauses)
def test_never_acknowledged(of: Plan, start: datetime, working: WorkingTime, reaches, pauses) -> None:
	run = Clockwork(of, start, working, reaches, pauses)
	run.run_until(datetime.max)
	timeline = rehearse(of, run.ticket, Context(start, working=working, reaches=reaches, maintenances=pauses))
	assert [event for moment in timeline.moments for event in moment.events] == run.events
	assert [(m.at, page) for m in timeline.moments for page in m.pages] == run.pages
	assert timeline.item == run.item and not timeline.cut_off
	unreachable = [event for event in run.events if event.kind is EventKind.UNREACHABLE]
	assert [(step.number, miss.reason) for step, miss in timeline.missed] == [
		(event.step, event.data["reason"]) for event in unreachable
	]


@settings(deadline=None)
@given(plans(), starts, zones, st.integers(1, 12), durations, st.integers(-600, 20_000), st.booleans())
def test_acknowledged_by_a_message(
	of: Plan, start: datetime, working: WorkingTime, number: int, delay: timedelta, after: int, paused: bool
) -> None:
	begin = start + timedelta(seconds=after)
	pauses = (Maintenance(name="M", start=begin, end=begin + timedelta(hours=2)),) if paused else ()
	run = Clockwork(of, start, working, some, pauses)
	run.run_until_sent(number)
	if len(run.pages) >= number:
		at, page = run.pages[number - 1]
		run.acknowledge(page, at + delay)
	timeline = rehearse(
		of,
		run.ticket,
		Context(start, working=working, reaches=some, maintenances=pauses),
		Responses(to_message=number, delay=delay),
	)
	assert [event for moment in timeline.moments for event in moment.events] == run.events
	assert timeline.item == run.item


@settings(deadline=None)
@given(plans(), starts, zones, reaching, st.integers(0, 12))
def test_what_is_ahead_is_the_rest(
	of: Plan, start: datetime, working: WorkingTime, reaches, moments: int
) -> None:
	run = Clockwork(of, start, working, reaches)
	for _moment in range(moments):
		if run.item.due_at:
			run.run_next()
	item, happened = run.item, len(run.events)
	run.run_until(datetime.max)
	timeline = ahead(item, run.ticket, Context(item.due_at or run.now, working=working, reaches=reaches))
	assert [event for moment in timeline.moments for event in moment.events] == run.events[happened:]
	assert timeline.item == run.item


def test_what_is_late_is_ahead_at_once() -> None:
	item = open_item("ESC-1", plan(0, 10), ticket(), Context(T0)).item
	timeline = ahead(item, ticket(), Context(T0 + minutes(60), reaches=everybody))
	assert [moment.at for moment in timeline.moments if moment.pages] == [T0 + minutes(60), T0 + minutes(70)]


def test_only_so_much_is_ahead() -> None:
	item = open_item("ESC-1", plan(0, 10, 10), ticket(), Context(T0)).item
	timeline = ahead(item, ticket(), Context(T0, reaches=everybody), most=2)
	assert len(timeline.moments) == 2 and timeline.cut_off


@settings(deadline=None)
@given(plans(), starts, zones, st.integers(1, 12), durations)
def test_acknowledged_by_all(
	of: Plan, start: datetime, working: WorkingTime, number: int, delay: timedelta
) -> None:
	of = replace(of, ack_timeout=timedelta(0))  # or they would acknowledge for ever
	run = Clockwork(of, start, working, everybody)
	run.acknowledge_all(number, delay)
	responses = Responses(to_message=number, everyone=True, delay=delay)
	timeline = rehearse(of, run.ticket, Context(start, working=working, reaches=everybody), responses)
	assert [event for moment in timeline.moments for event in moment.events] == run.events
	assert timeline.item == run.item


@settings(deadline=None)
@given(plans(), starts, zones, durations.filter(bool))
def test_answered_after_a_time(of: Plan, start: datetime, working: WorkingTime, after: timedelta) -> None:
	run = Clockwork(of, start, working, everybody)
	run.answer(start + after)
	timeline = rehearse(
		of,
		ticket(assignees=("a",)),
		Context(start, working=working, reaches=everybody),
		Responses(answered_after=after),
	)
	assert [event for moment in timeline.moments for event in moment.events] == run.events
	assert timeline.item == run.item


def kinds(timeline) -> list[tuple[datetime, EventKind]]:
	return [(moment.at, event.kind) for moment in timeline.moments for event in moment.events]


def test_friday_evening() -> None:
	of = plan(0, 30, window=minutes(0), counts_working_time=True)
	timeline = rehearse(of, ticket(), Context(FRIDAY, working=WorkingTime(OFFICE), reaches=everybody))
	monday = datetime(2026, 3, 9, 9, 20)
	assert [moment.at for moment in timeline.moments if moment.pages] == [FRIDAY, monday]
	assert kinds(timeline)[-1] == (monday + minutes(30), EventKind.EXHAUSTED)


def test_acknowledged_by_the_first_message_of_a_step() -> None:
	of = plan(0, 10, 10)
	timeline = rehearse(of, ticket(), Context(T0, reaches=everybody), Responses(to_step=2, delay=minutes(3)))
	assert kinds(timeline)[-1] == (T0 + minutes(15 + 10 + 3), EventKind.ACKNOWLEDGED)
	assert len(timeline.pages) == 2 and timeline.item.acknowledged_by == "user2"


def test_acknowledged_too_late() -> None:
	late = Responses(to_message=1, delay=minutes(24 * 60))
	timeline = rehearse(plan(0), ticket(), Context(T0, reaches=everybody), late)
	assert [kind for _at, kind in kinds(timeline)][-2:] == [EventKind.EXHAUSTED, EventKind.ACKNOWLEDGED]
	assert timeline.item.status is Status.ACKNOWLEDGED


def test_a_reply_that_stops_nothing() -> None:
	of = plan(0, stop=StopRules(on_reply=False, on_first_response=False))
	replied = Responses(answered_after=minutes(1))
	timeline = rehearse(of, ticket(), Context(T0, reaches=everybody), replied)
	assert timeline.item.status is Status.EXHAUSTED


def test_nobody_can_be_reached() -> None:
	timeline = rehearse(plan(0, 10), ticket(), Context(T0, reaches=nobody))
	assert timeline.item.stalled and not timeline.pages
	assert [miss.label for _step, miss in timeline.missed] == ["user1", "user2"]
	assert timeline.moments[-1].notices


def test_a_plan_that_repeats_for_ever_is_cut_off() -> None:
	of = plan(0, 1, repeats=1_000_000)
	timeline = rehearse(of, ticket(), Context(T0, reaches=everybody))
	assert timeline.cut_off and len(timeline.moments) == MOST_MOMENTS


def test_nobody_responds_before_it_starts() -> None:
	for wrong in ({"delay": minutes(-1)}, {"answered_after": minutes(0)}):
		with pytest.raises(ValueError, match=r"^nobody responds"):
			Responses(**wrong)


def test_acknowledged_it_is_over_and_where_nobody_is_reached_an_answer_still_comes() -> None:
	responses = Responses(to_message=1, answered_after=minutes(60))
	taken = rehearse(plan(0, 10), ticket(), Context(T0, reaches=everybody), responses)
	assert kinds(taken)[0] == (T0, EventKind.CREATED)
	assert kinds(taken)[-1] == (T0 + minutes(15), EventKind.ACKNOWLEDGED)
	assert taken.cut_off is False
	stalled = rehearse(plan(0), ticket(), Context(T0, reaches=nobody), responses)
	assert kinds(stalled)[-1] == (T0 + minutes(60), EventKind.RESOLVED)


STOPS_NOTHING = StopRules(on_reply=False, on_first_response=False)


def test_a_reply_in_the_window_moves_no_window_that_counts_in_working_time() -> None:
	of = plan(
		0,
		start=StartAt.AT_DEADLINE,
		window=minutes(30),
		counts_working_time=True,
		stop=STOPS_NOTHING,
	)
	replied = Responses(answered_after=minutes(1))
	timeline = rehearse(
		of, ticket(), Context(FRIDAY, working=WorkingTime(OFFICE), reaches=everybody), replied
	)
	monday = datetime(2026, 3, 9, 9, 20)
	assert [at for at, kind in kinds(timeline) if kind is EventKind.STEP_RAN] == [monday]
	assert EventKind.WINDOW_MOVED not in [kind for _at, kind in kinds(timeline)]


@pytest.mark.parametrize(("user", "but_not"), [("ann", "ann"), ("", "ann@x.test")])
def test_who_acknowledges_needs_no_word_that_they_did(user: str, but_not: str) -> None:
	"""A user is known by their name, and an address that is nobody's by itself."""

	def ann(step: Step) -> Reach:
		return Reach((Recipient(method=step.method, address="ann@x.test", label="Ann", user=user),))

	timeline = rehearse(plan(0), ticket(), Context(T0, reaches=ann), Responses(to_message=1))
	told = Notice(Audience.NOTIFIED, EventKind.ACKNOWLEDGED, but_not=frozenset({but_not}), wait=UNDO_WITHIN)
	assert timeline.moments[-1].notices == (told,)
	assert (timeline.item.acknowledged_by, timeline.item.acknowledged_user) == ("Ann", user)


def test_the_time_out_counts_as_the_plan_counts_and_knows_the_tickets_status() -> None:
	of = plan(
		0,
		window=minutes(0),
		counts_working_time=True,
		ack_timeout=minutes(30),
		ack_grace=minutes(5),
		stop=STOPS_NOTHING,
	)
	open_ticket, office = ticket(status="Open"), WorkingTime(OFFICE)
	idle = rehearse(
		of, open_ticket, Context(FRIDAY, working=office, reaches=everybody), Responses(to_message=1)
	)
	assert (datetime(2026, 3, 9, 9, 20), EventKind.REMINDED) in kinds(idle)
	replied = Responses(to_message=1, answered_after=minutes(5))
	busy = rehearse(of, open_ticket, Context(FRIDAY, working=office, reaches=everybody), replied)
	assert kinds(busy)[-1] == (FRIDAY + minutes(5), EventKind.WORKED_ON)
	assert busy.item.ticket_status == "Open" and busy.item.due_at is None


def test_everyone_who_gets_it_acknowledges_or_only_the_first() -> None:
	def team(step: Step) -> Reach:
		return Reach(
			tuple(Recipient(method="Email", address=w, label=w, user=w) for w in ("ann", "bob", "cid"))
		)

	of = plan(0)
	of = replace(of, steps=(replace(of.steps[0], needs=EVERYONE),))
	all_of_them = Responses(to_step=1, everyone=True, delay=minutes(1))
	timeline = rehearse(of, ticket(), Context(T0, reaches=team), all_of_them)
	part, whole = EventKind.PARTLY_ACKNOWLEDGED, EventKind.ACKNOWLEDGED
	assert kinds(timeline)[-3:] == [(T0 + minutes(16), kind) for kind in (part, part, whole)]
	timeline = rehearse(of, ticket(), Context(T0, reaches=team), replace(all_of_them, everyone=False))
	assert timeline.item.acks == ("ann",) and timeline.item.status is Status.EXHAUSTED


@pytest.mark.parametrize("answered_after", [None, minutes(1)])
def test_what_changed_on_the_ticket_is_seen_with_the_first_look(answered_after: timedelta | None) -> None:
	item = open_item("ESC-1", plan(0, stop=STOPS_NOTHING), ticket(), Context(T0)).item
	raised, responses = ticket("Urgent", 80), Responses(answered_after=answered_after)
	timeline = ahead(item, raised, Context(T0, reaches=everybody), responses)
	assert timeline.moments[0].events[0].kind is EventKind.TICKET_CHANGED
	assert timeline.item.facts == raised.facts and timeline.item.status is Status.EXHAUSTED


@pytest.mark.parametrize("clock", [Clock.FIRST_RESPONSE, Clock.NEXT_RESPONSE])
def test_what_people_do_is_a_reply_where_a_reply_ends_the_clock(clock: Clock) -> None:
	replied = Responses(answered_after=minutes(1))
	timeline = rehearse(
		plan(0, 30, clock=clock, start=StartAt.AT_ONCE), ticket(), Context(T0, reaches=everybody), replied
	)
	assert timeline.item.status is Status.RESOLVED
	assert timeline.moments[-1].events[-1].data["how"] == "reply"


def test_what_people_do_to_the_resolution_is_to_resolve_the_ticket() -> None:
	of = plan(0, 30, clock=Clock.RESOLUTION, start=StartAt.AT_ONCE)
	timeline = rehearse(of, ticket(), Context(T0, reaches=everybody), Responses(answered_after=minutes(1)))
	assert timeline.item.status is Status.RESOLVED
	assert timeline.moments[-1].events[-1].data["how"] == "resolved"
