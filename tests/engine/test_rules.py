"""Whatever happens in whatever order, the rules (docs/rules.md) hold: a model of tickets, clocks, faults and commands.

Hypothesis invents plans, tickets and what befalls them; after each step the rules are checked against what was written.
`make nightly` does the same for at least 50,000 steps.
"""

from dataclasses import fields, replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
	RuleBasedStateMachine,
	initialize,
	invariant,
	precondition,
	rule,
	run_state_machine_as_test,
)

from escalation_mgmt.engine import (
	AROUND_THE_CLOCK,
	RUNNING,
	ActionItem,
	Audience,
	CannotBeReached,
	Clock,
	Decision,
	EventKind,
	Maintenance,
	MatchFacts,
	Page,
	Plan,
	Refused,
	Status,
	StatusCategory,
	Step,
	Ticket,
	WorkingTime,
	acknowledge,
	add_person,
	already_answered,
	bring_forward,
	can_acknowledge,
	can_add,
	can_be_on_the_way,
	can_hand_over,
	can_snooze,
	can_unacknowledge,
	hand_over,
	may_renew,
	on_the_way,
	pass_on,
	run_again,
	running_maintenance,
	snooze,
	status_after,
	stop,
	unacknowledge,
	undo,
	waits_for,
)
from escalation_mgmt.engine.quorum import complete
from escalation_mgmt.engine.responders import is_personal
from tests.engine.due_by_history import due_by_history, group_of
from tests.engine.make import T0, actor
from tests.engine.shell import BrokenRow, Conflict, Outcome, Shell, State
from tests.engine.strategies import calendars, plans
from tests.profiles import NIGHTLY

EXAMPLES, STEPS = (1400, 50) if NIGHTLY else (80, 50)
PEOPLE = ("a", "b", "c")
LEVELS = {"Low": 20, "High": 60, "Urgent": 80}
K = EventKind
UNDONE = (K.UNDONE, K.UNDONE_IN_WINDOW, K.UNDONE_SNOOZED, K.UNDONE_EXHAUSTED)
MEANWHILE = {"version", "facts", "assignees", "parked", "held_at"}
"""What an undo leaves as the ticket and the shell have made it meanwhile."""
GIVEN_BACK = (K.UNACKNOWLEDGED, K.HANDED_OVER, K.TIMED_OUT)
ANEW = (*GIVEN_BACK, K.STARTED_AGAIN, K.RUN_AGAIN)

outcomes = st.lists(
	st.sampled_from([*Outcome, Outcome.SENT, Outcome.SENT, Outcome.KILLED_AFTER]), min_size=1, max_size=6
)
people = st.sets(st.sampled_from(PEOPLE), max_size=2)
tickets = st.integers(0, 4).map(str)
pick = st.integers(0, 100)


class Rules(RuleBasedStateMachine):
	steps = 0
	"""How many were taken, by all examples together."""

	def __init__(self) -> None:
		super().__init__()
		self.shell = Shell(T0, judge=self.judge)
		self.first_seen: dict[str, ActionItem] = {}
		self.held: list[tuple[datetime, list[ActionItem], list[Decision]]] = []  # decided, not yet committed
		self.in_a_row: dict[str, int] = {}  # groups that reached nobody
		self.positions: dict[str, list[tuple[int, int, int]]] = {}  # what pages that are open show

	# --- what can happen

	@initialize(
		first=plans(),
		second=plans(),
		to=st.lists(people, min_size=1, max_size=3),
		calendar=st.just(AROUND_THE_CLOCK) | st.builds(WorkingTime, calendars()),
	)
	def a_helpdesk(self, first: Plan, second: Plan, to: list[set[str]], calendar: WorkingTime) -> None:
		"""Two plans, one for every ticket and one for the urgent, some tickets, and the calendar of all who ask for one."""
		self.shell.calendar = calendar
		self.shell.enabled["A"] = replace(
			first,
			name="A",
			rank=9,
			clock=Clock.FIRST_RESPONSE,
			takes=replace(first.takes, priorities=frozenset()),
			enabled_since=self.shell.now,
		)
		self.shell.enabled["B"] = replace(second, name="B", rank=1, enabled_since=self.shell.now)
		for number, people in enumerate(to):
			self.a_ticket_is_logged(str(number), "High", people, 600 if number else None)

	@rule(plan=plans(), team=st.sampled_from(["", "x"]), enabled=st.booleans())
	def a_plan_is_edited_or_disabled(self, plan: Plan, team: str, enabled: bool) -> None:
		self.shell.enabled.pop(plan.name, None)
		if enabled:
			takes = replace(plan.takes, team=team)
			self.shell.enabled[plan.name] = replace(plan, takes=takes, enabled_since=self.shell.now)

	@rule(
		name=tickets,
		priority=st.sampled_from(sorted(LEVELS)),
		to=people,
		response_by=st.sampled_from([None, -60, 0, 600]),
	)
	def a_ticket_is_logged(self, name: str, priority: str, to: set[str], response_by: int | None) -> None:
		if name in self.shell.tickets:
			return
		deadline = None if response_by is None else self.shell.now + timedelta(seconds=response_by)
		self.shell.tickets[name] = Ticket(
			doctype="HD Ticket",
			name=name,
			facts=MatchFacts(priority=priority, level=LEVELS[priority]),
			assignees=tuple(sorted(to)),
			response_by=deadline,
			resolution_by=deadline and deadline + timedelta(minutes=30),
			created_at=self.shell.now,
		)
		self.shell.evaluate_ticket(name)
		self._nothing_is_left_to_open(name)

	@precondition(lambda self: self.shell.tickets)
	@rule(
		which=pick,
		announced=st.booleans(),
		change=st.one_of(
			st.tuples(st.just("priority"), st.sampled_from(sorted(LEVELS))),
			st.tuples(st.just("team"), st.sampled_from(["", "x"])),
			st.tuples(st.just("status"), st.sampled_from(["", "On It"])),
			st.tuples(st.just("assignees"), people),
			st.tuples(
				st.sampled_from(["response_by", "resolution_by"]), st.sampled_from([None, -60, 60, 900])
			),
		),
	)
	def a_ticket_changes(self, which: int, announced: bool, change: tuple) -> None:
		"""With a document event, or without one: then the next evaluation finds it."""
		before = self._ticket(which)
		what, value = change
		match what:
			case "priority":
				facts = replace(before.facts, priority=value, level=LEVELS[value])
				after = replace(before, facts=facts)
			case "team":
				after = replace(before, facts=replace(before.facts, team=value))
			case "assignees":
				after = replace(before, assignees=tuple(sorted(value)))
			case "category" | "merged_into" | "exists" | "status":
				after = replace(before, **{what: value})
			case "response_by" | "resolution_by":
				deadline = None if value is None else self.shell.now + timedelta(seconds=value)
				after = replace(before, **{what: deadline})
			case "asked":
				answered = before.replied_at or before.first_responded_at
				first = before.asked_at or (
					self.shell.now if answered and answered < self.shell.now else None
				)
				after = replace(before, asked_at=first)
			case "replied":
				after = replace(before, replied_at=self.shell.now, asked_at=None)
			case "responded":
				after = replace(before, first_responded_at=before.first_responded_at or self.shell.now)
			case "stopped":
				after = replace(before, stopped_by_condition=value)
		self.shell.tickets[before.name] = after
		if announced:
			self.shell.evaluate_ticket(before.name, before)
			self._nothing_is_left_to_open(before.name)

	def _nothing_is_left_to_open(self, name: str) -> None:
		"""The sweep finds no more than the save did, unless that ended an item: then the next look decides."""
		items = [item for id, item in self.shell.items.items() if self.shell.ticket_of[id] == name]
		for clock in Clock:
			theirs = [item for item in items if item.plan.clock is clock]
			if not self.shell.running(name, clock) and not any(i.ended_at == self.shell.now for i in theirs):
				assert self.shell.opening(name, clock) is None, "a save and the sweep differ"

	@precondition(lambda self: self.shell.tickets)
	@rule(
		which=pick,
		announced=st.booleans(),
		change=st.one_of(
			st.tuples(st.just("category"), st.sampled_from(StatusCategory)),
			st.sampled_from([("replied", True), ("responded", True), ("stopped", True), ("stopped", False)]),
			st.just(("asked", True)),
			st.sampled_from([("merged_into", "9"), ("exists", False)]),
		),
	)
	def a_ticket_is_answered_or_goes(self, which: int, announced: bool, change: tuple) -> None:
		self.a_ticket_changes(which, announced, change)

	@rule(seconds=st.sampled_from([0, 1, 59, 60, 90.5, 300, 601, 3600, 86400]))
	def time_passes(self, seconds: float) -> None:
		self.shell.now += timedelta(seconds=seconds)

	@rule(seconds=st.sampled_from([0, 1, 60, 300, 3600]), outcomes=st.just([]) | outcomes)
	def dispatcher(self, seconds: float, outcomes: list[Outcome]) -> None:
		self.shell.now += timedelta(seconds=seconds)
		due = {item.id for item in self.shell.due()}
		for item in self.shell.items.values():  # who comes too early does nothing
			if item.id not in due | self.shell.broken and (decision := self.shell.decide(item)):
				assert not decision.pages or _due(item, decision) <= self.shell.now, "never early"
		self.shell.tick()
		# Everyone alone: what can't be processed is set aside, and the others have run.
		for id in due - self.shell.broken:
			assert self.shell.items[id].version > 0 and not self.shell.items[id].parked
		if outcomes:
			self.delivery(outcomes)

	@rule(outcomes=outcomes)
	def the_next_falls_due(self, outcomes: list[Outcome]) -> None:
		due = self.shell.next_due()
		if due:
			self.shell.now = max(self.shell.now, due)
		self.dispatcher(0, outcomes)

	@rule(seconds=st.sampled_from([0, 0.5, 7200]))
	def the_next_falls_due_and_nothing_is_sent_yet(self, seconds: float) -> None:
		self.the_next_falls_due([])
		self.shell.now += timedelta(seconds=seconds)

	@rule()
	def another_dispatcher_reads(self) -> None:
		try:
			due = self.shell.due()
			self.held.append((self.shell.now, due, list(filter(None, map(self.shell.decide, due)))))
		except BrokenRow:
			pass

	@precondition(lambda self: self.held)
	@rule(which=pick, killed=st.booleans())
	def another_dispatcher_commits(self, which: int, killed: bool) -> None:
		"""Late: what it read may have been run, acknowledged or answered meanwhile."""
		read_at, _read, decisions = self.held.pop(which % len(self.held))
		if killed or not decisions:
			return
		before = dict(self.shell.items)
		stale = [d for d in decisions if before[d.item.id].version + 1 != d.item.version]
		if not stale and read_at != self.shell.now:
			return  # a lock is held for less than an instant
		try:
			self.shell.commit(*decisions)
			assert not stale, "one claim"
		except Conflict:
			assert stale and self.shell.items == before, "all or nothing"

	@rule(outcomes=outcomes)
	def delivery(self, outcomes: list[Outcome]) -> None:
		"""What was given no outcome is sent."""
		self.shell.deliver(iter(outcomes + [Outcome.SENT] * len(self.shell.outbox)))

	@rule()
	def sweep(self) -> None:
		self.shell.sweep()
		for name, ticket in self.shell.tickets.items():
			closed = ticket.gone or ticket.category is StatusCategory.RESOLVED
			assert not (closed and self.shell.all_running(name))

	@precondition(lambda self: self.shell.items)
	@rule(which=pick, by=st.sampled_from(PEOPLE))
	def acknowledgement(self, which: int, by: str) -> None:
		item = self._item(which)
		status, context = self._of(item).status, self.shell.context(item)
		decision = acknowledge(item, actor(by, "Link", user=by), context, ticket_status=status)
		first = waits_for(item, by)
		assert (decision is not None) == (first or may_renew(item, actor(by, user=by)))
		if not decision:
			return None
		if decision.item.status is item.status and not item.reminded:  # others are asked as well
			assert any(ask.needed > 1 for ask in item.ack_requests) and decision.item.acks == (*item.acks, by)
			self.shell.commit(decision)
			for message in self.shell.outbox:
				if message.item == item.id and message.page and message.page.recipient.label == by:
					assert message.state is not State.QUEUED, "they aren't paged again"
			return None
		if not can_acknowledge(item.status):  # they were reminded, and are still on it
			assert item.reminded and item.acknowledged_by == by
			return self.shell.commit(decision)
		# Two in the same second: both read the same state, and the second is refused.
		other = acknowledge(item, actor("z", "SMS"), context, ticket_status=status)
		name = self.shell.ticket_of[item.id]
		if item.status is Status.EXHAUSTED and self.shell.running(name, item.plan.clock):
			return None  # a newer item follows the ticket already
		self.shell.commit(decision)
		try:
			self.shell.commit(other)
			raise AssertionError("acknowledged twice")
		except Conflict:
			assert self.shell.items[item.id].acknowledged_by == by
		self._nothing_waits_to_be_sent(item)

	def _nothing_waits_to_be_sent(self, item: ActionItem) -> None:
		for message in self.shell.outbox:
			if message.item == item.id and message.page:
				assert message.state is not State.QUEUED, "acknowledgement wins"
				assert message.next_attempt is None or message.in_flight

	def _is_followed_by_another(self, item: ActionItem) -> bool:
		"""Acknowledged late, while a newer item follows the ticket."""
		of = self.shell.ticket_of[item.id]
		return any(
			other.id > item.id and other.plan.clock is item.plan.clock
			for other in self.shell.items.values()
			if self.shell.ticket_of[other.id] == of
		)

	@precondition(lambda self: self.shell.items)
	@rule(which=pick, shown=pick, to=st.integers(0, 6))
	def escalate_now(self, which: int, shown: int, to: int) -> None:
		"""By a page that shows the item as it is, or as it was before what came since; to the next step or a chosen one."""
		item = self._item(which)
		positions = self.positions[item.id][-4:]
		expected = positions[-1 - shown % len(positions)]
		to_come = [step.number for group in item.plan.groups[item.group :] for step in group]
		try:
			self.shell.commit(bring_forward(item, expected, self.shell.now, to=to, actor=actor("a")))
			assert expected == item.position, "a stale page does nothing"
			assert not to or to in to_come
		except Refused:
			quiet = item.status not in (Status.SCHEDULED, Status.ESCALATING, Status.SNOOZED)
			nothing = quiet or item.next_at is None or item.in_last_wait
			assert nothing or expected != item.position or (to and to not in to_come)

	@precondition(lambda self: self.shell.items)
	@rule(which=pick, shown=pick)
	def run_again(self, which: int, shown: int) -> None:
		item = self._item(which)
		positions = self.positions[item.id][-4:]
		expected = positions[-1 - shown % len(positions)]
		running = item.status in (Status.ESCALATING, Status.SNOOZED)
		try:
			self.shell.commit(run_again(item, expected, actor("a"), self.shell.now))
			assert running and item.in_last_wait and expected == item.position
		except Refused:
			assert not running or not item.in_last_wait or item.paused_at or expected != item.position

	@rule(
		name=st.sampled_from(["M1", "M2"]),
		begins=st.sampled_from([0, 60, 600]),
		length=st.sampled_from([0, 60, 900, 86400]),
	)
	def maintenance(self, name: str, begins: int, length: int) -> None:
		"""Announced, changed, ended early or deleted."""
		start = self.shell.now + timedelta(seconds=begins)
		end = start + timedelta(seconds=length)
		self.shell.maintenance_changes(name, Maintenance(name=name, start=start, end=end) if length else None)

	@precondition(lambda self: self.shell.items)
	@rule(which=pick, seconds=st.sampled_from([-1, 0, 1, 120, 900, 86400, 7 * 86400, 7 * 86400 + 1]))
	def snoozed(self, which: int, seconds: int) -> None:
		item = self._item(which)
		if not can_snooze(item):
			return
		try:
			self.shell.commit(
				snooze(item, self.shell.now + timedelta(seconds=seconds), actor("a"), self.shell.now)
			)
			assert 0 < seconds <= 7 * 86400
		except Refused:
			assert seconds <= 0 or seconds > 7 * 86400
			return
		self._nothing_waits_to_be_sent(item)

	@precondition(lambda self: self.shell.items)
	@rule(which=pick, by=st.sampled_from(PEOPLE))
	def given_back(self, which: int, by: str) -> None:
		item = self._item(which)
		if not can_unacknowledge(item) or self._is_followed_by_another(item):
			return
		self.shell.commit(unacknowledge(item, actor(by), self._of(item), self.shell.context(item)))

	@precondition(lambda self: self.shell.items)
	@rule(which=pick, shown=pick, by=st.sampled_from(PEOPLE))
	def passed_on(self, which: int, shown: int, by: str) -> None:
		item = self._item(which)
		positions = self.positions[item.id][-4:]
		expected = positions[-1 - shown % len(positions)]
		try:
			decision = pass_on(item, expected, actor(by, "Link", user=by), self.shell.now)
		except Refused:
			quiet = item.status not in (Status.SCHEDULED, Status.ESCALATING, Status.SNOOZED)
			nothing = quiet or item.next_at is None or item.in_last_wait or expected != item.position
			assert nothing or (by in item.passed_on_now and item.due_at <= self.shell.now)
			return
		assert expected == item.position and by in decision.item.passed_on_now
		assert decision.item.due_at <= self.shell.now
		self.shell.commit(decision)

	@precondition(lambda self: self.shell.items)
	@rule(which=pick, by=st.sampled_from(PEOPLE), seconds=st.sampled_from([0, 1, 900, 7200, 7201]))
	def on_their_way(self, which: int, by: str, seconds: int) -> None:
		item, now = self._item(which), self.shell.now
		try:
			decision = on_the_way(item, now + timedelta(seconds=seconds), actor(by, user=by), now)
		except Refused:
			assert not can_be_on_the_way(item) or not 0 < seconds <= 7200
			return
		assert decision.item.is_coming == ((by, by),)
		self.shell.commit(decision)
		self._nothing_waits_to_be_sent(item)

	@precondition(lambda self: self.shell.items)
	@rule(which=pick, by=st.sampled_from(PEOPLE), seconds=st.sampled_from([0, 1, 59]))
	def acknowledged_and_undone(self, which: int, by: str, seconds: int) -> None:
		"""At once, or after what time brings within the minute; the ticket may have changed, and a newer item may follow it."""
		item = self._item(which)
		self.acknowledgement(which, by)
		taken, fresh = self.shell.items[item.id], item.status is not Status.ACKNOWLEDGED
		if not (fresh and taken.acknowledged_by == by and taken.acknowledged_at == self.shell.now):
			return
		self.shell.now += timedelta(seconds=seconds)
		self.shell.tick()
		taken = self.shell.items[item.id]
		if taken.status is not Status.ACKNOWLEDGED or taken.id in self.shell.broken:
			return
		back = undo(taken, actor(by, user=by), self.shell.context(taken))
		assert back.queue_again == taken.acknowledged_at and not back.notices and not back.pages
		restored = {each.name for each in fields(item)} - MEANWHILE
		if not (item.paused_at or taken.paused_at):
			assert all(getattr(back.item, name) == getattr(item, name) for name in restored), "as it was"
		self.shell.commit(back)

	@precondition(lambda self: self.shell.items)
	@rule(which=pick, to=st.sampled_from(PEOPLE))
	def handed_over(self, which: int, to: str) -> None:
		item = self._item(which)
		if not can_hand_over(item) or self._is_followed_by_another(item) or item.id in self.shell.broken:
			return
		try:
			decision = hand_over(item, to, to, actor("z"), self._of(item), self.shell.context(item))
		except CannotBeReached:
			assert to in self.shell.away or not any(is_personal(step) for step in item.plan.steps)
			return
		assert decision.pages and {page.recipient.label for page in decision.pages} == {to}
		name = self.shell.ticket_of[item.id]
		self.shell.tickets[name] = replace(self.shell.tickets[name], assignees=(to,))
		self.shell.commit(decision)

	@precondition(lambda self: self.shell.items)
	@rule(which=pick, who=st.sampled_from(PEOPLE))
	def a_person_is_added(self, which: int, who: str) -> None:
		item = self._item(which)
		if not can_add(item) or item.id in self.shell.broken:
			return
		try:
			decision = add_person(item, who, who, actor("z"), self.shell.context(item))
			self.shell.commit(decision)
			again = (
				who in item.added and item.status is not Status.ACKNOWLEDGED
			)  # who helps can be asked again
			assert decision.pages and not again
			assert decision.item.due_at == item.due_at or item.stalled
		except Refused:
			nobody = not any(is_personal(step) for step in item.plan.steps)
			has_it = who in (*item.acks, item.acknowledged_user)
			assert who in item.added or has_it or who in self.shell.away or nobody

	@precondition(lambda self: self.shell.tickets and self.shell.enabled)
	@rule(which=pick, plan=pick, at_once=st.booleans())
	def started_or_stopped_by_hand(self, which: int, plan: int, at_once: bool) -> None:
		ticket, names = self._ticket(which), sorted(self.shell.enabled)
		chosen = self.shell.enabled[names[plan % len(names)]]
		if item := self.shell.running(ticket.name, chosen.clock):
			if plan % 3 == 0:
				self.shell.commit(stop(item, actor("a"), "drill", self.shell.now))
		elif not ticket.gone and ticket.category is not StatusCategory.RESOLVED:
			self.shell.open(ticket.name, chosen, by="a", at_once=at_once)

	@rule()
	def conditions_of_steps_change(self) -> None:
		self.shell.conditions_hold = not self.shell.conditions_hold

	@rule(who=st.sampled_from(PEOPLE), which=pick)
	def trouble_comes_or_goes(self, who: str, which: int) -> None:
		if which % 2 or not self.shell.items:
			self.shell.away ^= {who}
		else:
			self.shell.broken ^= {self._item(which).id}

	def _ticket(self, which: int) -> Ticket:
		names = sorted(self.shell.tickets)
		return self.shell.tickets[names[which % len(names)]]

	def _of(self, item: ActionItem) -> Ticket:
		return self.shell.tickets[self.shell.ticket_of[item.id]]

	def _item(self, which: int) -> ActionItem:
		"""Mostly one that runs."""
		items = sorted(self.shell.items.values(), key=lambda item: item.id)
		running = [item for item in items if item.status in RUNNING] if which % 4 else []
		items = running or items
		return items[which % len(items)]

	# --- the rules, at each decision

	def judge(self, before: ActionItem | None, decision: Decision) -> None:
		now, after = self.shell.now, decision.item
		self.positions.setdefault(after.id, []).append(after.position)
		assert decision.events, "nothing changes without a line of history"
		assert all(event.at == now for event in decision.events)
		if before is None:
			assert after.version == 0 and not decision.pages and not decision.notices
			self.first_seen[after.id] = after
			return self._judge_opening(decision)
		self._judge_state(before, decision)
		by_a_person = any(event.kind in (K.HANDED_OVER, K.PERSON_ADDED) for event in decision.events)
		for deed in decision.deeds:
			assert deed.step.act and deed.planned_at <= now
			again = [one for id, one in self.shell.deeds if id == after.id and one.step == deed.step]
			anew = after.generation > 0
			assert anew or all(one.run < deed.run for one in again), "ordered once"
		for page in decision.pages:
			assert page.step in after.plan.steps and not page.step.act
			again = page.recipient.label in before.acks and before.status is not Status.ACKNOWLEDGED
			assert by_a_person or not again, "they aren't paged again"
			if not by_a_person:  # who is paged by somebody's wish is paged at once, at any hour
				self._judge_page(before, decision, page)
		self._judge_steps(decision)
		anew_quiet = any(event.kind is K.ON_THE_WAY for event in decision.events)
		undone = any(event.kind in UNDONE for event in decision.events)
		assert decision.withdraw == (
			(after.status is not before.status or anew_quiet)
			and not undone
			and after.status in (Status.ACKNOWLEDGED, Status.RESOLVED, Status.CANCELLED, Status.SNOOZED)
		)
		owners = [notice.about for notice in decision.notices if notice.audience is Audience.OWNERS]
		assert owners == [e.kind for e in decision.events if e.kind in (K.EXHAUSTED, K.NOBODY_NOTIFIED)]
		self._passes(after, decision)

	def _judge_opening(self, decision: Decision) -> None:
		"""Of itself: nobody has answered, or the priority was raised since; and what was overdue before starts nothing."""
		item, name = decision.item, self.shell.ticket_of[decision.item.id]
		if item.by_hand or decision.events[0].data.get("follows"):
			return
		ticket, known, clock = self.shell.tickets[name], self.shell.known[name], item.plan.clock
		asked = ticket.asked_at if clock is Clock.NEXT_RESPONSE else None
		by = {
			Clock.FIRST_RESPONSE: ticket.response_by,
			Clock.NEXT_RESPONSE: asked and asked + item.plan.window,
			Clock.RESOLUTION: ticket.resolution_by,
		}[clock]
		since = (ticket.created_at, by, asked, known.raised_at, known.reopened_at)
		assert any(at and at >= item.plan.enabled_since for at in since), "overdue before"
		assert ticket.category is not StatusCategory.RESOLVED and not ticket.gone
		if clock is not Clock.FIRST_RESPONSE:
			assert clock is Clock.RESOLUTION or asked == item.clock_at, "once for the first message"
			assert not item.after_answer
			return
		if item.after_answer:
			assert ticket.facts.level > item.answered_level
			assert item.due_at >= self.shell.now
		elif not known.reopened:
			last = [other for id, other in self.shell.items.items() if self.shell.ticket_of[id] == name]
			assert last or not already_answered(ticket, item.plan), "answered, and nothing was raised"

	def _judge_state(self, before: ActionItem, decision: Decision) -> None:
		after, first = decision.item, self.first_seen[decision.item.id]
		assert after.version == before.version + 1
		goes_on = after.status in (Status.ESCALATING, Status.SNOOZED)
		assert not (goes_on and after.ack_requests and complete(after.ack_requests, after.acks)), (
			"complete, and it goes on"
		)
		assert after.status is status_after(before.status, [event.kind for event in decision.events])
		anew = any(event.kind in ANEW or event.data.get("over") for event in decision.events)
		assert (after.generation > before.generation) is anew, "what was sent before is stale from then on"
		assert after.plan is first.plan and after.opened_at == first.opened_at, "frozen"

	def _judge_page(self, before: ActionItem, decision: Decision, page: Page) -> None:
		now, after = self.shell.now, decision.item
		ticket = self.shell.tickets[self.shell.ticket_of[after.id]]
		assert before.status in RUNNING and _due(before, decision) <= now, "never early"
		assert not running_maintenance(self.shell.maintenances.values(), now), "in maintenance"
		assert page.planned_at <= now
		if page.step.in_working_time:
			assert self.shell.working(after.plan).next(now) == now, "out of hours"
		assert not ticket.gone and ticket.category is not StatusCategory.RESOLVED, "evaluated again"
		assert not _answered_since(ticket, after), "evaluated again"
		assert not (after.plan.clock is Clock.RESOLUTION and ticket.category is StatusCategory.PAUSED), (
			"stands still"
		)

	def _judge_steps(self, decision: Decision) -> None:
		ran = [event for event in decision.events if event.kind is K.STEP_RAN]
		assert len({group_of(decision.item.plan, event.step) for event in ran}) <= 1, "one group at a time"
		spared = any({"spared", "passed_on"} & event.data.keys() for event in ran)
		if ran and not decision.pages and not spared:
			for step in ran:
				if self._step(decision.item, step.step).act:
					continue
				assert any(e.kind is K.UNREACHABLE and e.step == step.step for e in decision.events)

	def _step(self, item: ActionItem, number: int) -> Step:
		return next(step for step in item.plan.steps if step.number == number)

	def _passes(self, item: ActionItem, decision: Decision) -> None:
		"""At most one pass through the plan goes by without reaching anybody."""
		kinds = [event.kind for event in decision.events]
		missed = {event.data["who"] for event in decision.events if event.kind is K.UNREACHABLE}
		spared = any("spared" in event.data for event in decision.events) and missed <= set(item.acks)
		if {*ANEW} & set(kinds) or decision.pages or spared:
			self.in_a_row[item.id] = 0
		came = [e for e in decision.events if e.kind in (K.STEP_RAN, K.PASSED_OVER)]
		for_people = [e for e in came if not self._step(item, e.step).act]
		if not came:
			return
		left = any("passed_on" in e.data for e in came) and K.UNREACHABLE not in kinds
		nobody = for_people and not decision.pages and not spared and not left
		in_a_row = self.in_a_row[item.id] = self.in_a_row.get(item.id, 0) + bool(nobody)
		of_people = [group for group in item.plan.groups if any(not step.act for step in group)]
		coming = item.plan.groups[group_of(item.plan, came[-1].step) + 1 :]
		acts_follow = bool(coming) and all(step.act for step in coming[0])
		whole_pass = 0 < len(of_people) <= in_a_row and not acts_follow
		assert (K.NOBODY_NOTIFIED in kinds) == whole_pass == item.stalled
		if nobody:
			missed = any(e.kind is K.STEP_RAN for e in for_people)
			forward = item.due_at == self.shell.now or not missed
			assert whole_pass or item.in_last_wait or forward, "brought forward"
			assert missed or K.BROUGHT_FORWARD not in kinds, "who is passed over brings nothing forward"
			assert item.due_at is None or not whole_pass

	# --- the rules, after each step

	@invariant()
	def count(self) -> None:
		Rules.steps += 1

	@invariant()
	def the_clock_is_what_the_history_says(self) -> None:
		for item in self.shell.items.values():
			assert (item.ended_at is not None) == (item.status not in RUNNING)
			assert not (item.reminded and can_acknowledge(item.status))
			working = self.shell.working(item.plan)
			assert item.due_at == due_by_history(item, self.shell.history[item.id], working)

	@invariant()
	def each_step_ran_once_a_pass_and_never_early(self) -> None:
		for item in self.shell.items.values():
			ran: list[tuple[int, int]] = []
			stalled = False
			for event in self.shell.history[item.id]:
				again = event.kind is K.STARTED_AGAIN or (stalled and event.kind in GIVEN_BACK)
				if event.kind is K.MAINTENANCE_OVER and event.data.get("over"):
					ran = []
				stalled = event.kind is K.NOBODY_NOTIFIED or (stalled and not again)
				if again:
					ran = [pair for pair in ran if pair[0] < ran[-1][0]]  # its last run begins anew
				elif event.kind in (K.STEP_RAN, K.PASSED_OVER):
					assert (event.run, event.step) not in ran, "ran twice"
					assert not ran or ran[-1] < (event.run, event.step), "out of order"
					assert event.data["planned"] <= event.at and event.data["late"] >= 0
					ran.append((event.run, event.step))

	@invariant()
	def who_has_it_stays_and_nothing_goes_on(self) -> None:
		for id, events in self.shell.history.items():
			kinds = [event.kind for event in events]
			over = (*GIVEN_BACK, *UNDONE)
			since = max((n for n, kind in enumerate(kinds) if kind in over), default=0)
			assert kinds[since:].count(K.ACKNOWLEDGED) == bool(self.shell.items[id].acknowledged_by), (
				"one wins"
			)
			has_it = False
			for kind in kinds:
				has_it = kind is K.ACKNOWLEDGED or (has_it and kind not in over)
				assert not (has_it and kind is K.STEP_RAN)
			ends = {K.RESOLVED, K.CANCELLED, K.REPLACED}
			assert not ends & set(kinds[:-1]), "an end is the end"

	@invariant()
	def written_then_sent_and_doubled_only_marked(self) -> None:
		for number, taken in enumerate(self.shell.received):
			assert taken.attempt_was_committed
			if taken.message.page:
				assert taken.at >= taken.message.page.planned_at, "early"
				assert taken.item_was in (Status.ESCALATING, Status.EXHAUSTED), "acknowledgement wins"
				assert not taken.has_acknowledged, "they aren't paged again"
			if any(taken.message is earlier.message for earlier in self.shell.received[:number]):
				assert taken.message.possible_duplicate
		for message in self.shell.outbox:
			times = sum(taken.message is message for taken in self.shell.received)
			assert times <= 2
			if message.state is State.SENT:
				assert times
			if message.state in (State.FAILED, State.WITHDRAWN):
				assert not times or message.possible_duplicate

	@invariant()
	def looking_twice_is_looking_once(self) -> None:
		for name in self.shell.tickets:
			for item in self.shell.all_running(name):
				if decision := self.shell.evaluated(item):
					assert self.shell.evaluated(decision.item) is None

	def teardown(self) -> None:
		"""Everything is mended and time goes on: nothing is lost, and nothing stays silent."""
		shell = self.shell
		shell.broken.clear()
		shell.away.clear()
		for name, ticket in shell.tickets.items():
			waits = ticket.category is StatusCategory.PAUSED
			category = StatusCategory.OPEN if waits else ticket.category
			shell.tickets[name] = replace(ticket, assignees=ticket.assignees or ("a",), category=category)
		for _turn in range(200):
			shell.sweep()
			shell.tick()
			shell.deliver(iter([Outcome.SENT] * len(shell.outbox)))
			instants = [message.next_attempt for message in shell.outbox if message.next_attempt]
			if due := shell.next_due():
				instants.append(due)
			if not instants:
				break
			shell.now = max(shell.now, min(instants))
		for item in shell.items.values():
			assert item.status not in (Status.SCHEDULED, Status.SNOOZED)
			assert item.status is not Status.ESCALATING or item.stalled, "silent"
		for message in shell.outbox:
			assert message.next_attempt is None
			times = sum(taken.message is message for taken in shell.received)
			assert times or message.state in (State.FAILED, State.UNKNOWN, State.WITHDRAWN), "lost"


def _answered_since(ticket: Ticket, item: ActionItem) -> bool:
	rules = item.plan.stop
	if item.plan.clock is Clock.RESOLUTION:
		return False
	if item.plan.clock is Clock.NEXT_RESPONSE:
		paused = rules.on_paused_status and ticket.category is StatusCategory.PAUSED
		return paused or bool(ticket.replied_at and ticket.replied_at > item.clock_at)
	return (
		bool(rules.on_reply and ticket.replied_at and ticket.replied_at > item.opened_at)
		or bool(
			rules.on_first_response
			and ticket.first_responded_at
			and ticket.first_responded_at > item.opened_at
		)
		or (rules.on_paused_status and ticket.category is StatusCategory.PAUSED)
		or ticket.stopped_by_condition
	)


def _due(before: ActionItem, decision: Decision) -> datetime:
	"""When what a decision runs was due: the ticket's deadline may have moved unseen, or somebody can be reached again."""
	kinds = (K.WINDOW_MOVED, K.CLOCK_GOES_ON, K.STARTED_AGAIN)
	moved = [event.data.get("due", event.at) for event in decision.events if event.kind in kinds]
	return moved[-1] if moved else before.due_at


def test_rules() -> None:
	Rules.steps = 0
	run_state_machine_as_test(
		Rules,
		settings=settings(
			max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, report_multiple_bugs=False
		),
	)
	print(f"{Rules.steps} transitions of the engine's model")
	assert Rules.steps >= (50_000 if NIGHTLY else 2_000)
