"""The smallest shell around the engine: tables in memory, providers that take, lose or refuse.

It does what the app's shell does and no more: compares and sets versions, withdraws what a decision withdraws, commits an
attempt before it is sent, takes a failed set item by item. What it records is what `test_rules` judges.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from escalation_mgmt.engine import (
	AROUND_THE_CLOCK,
	RUNNING,
	ActionItem,
	CancelReason,
	Clock,
	Context,
	Decision,
	Deed,
	Event,
	EventKind,
	Maintenance,
	Opening,
	Page,
	Past,
	Plan,
	Reach,
	Recipient,
	Remembered,
	Status,
	StatusCategory,
	Step,
	TargetKind,
	Ticket,
	Unreachable,
	WorkingTime,
	can_reach,
	evaluate,
	open_item,
	opens,
	release,
	remember,
	run_due,
	start_again,
)

HEARD_OF_WITHIN = timedelta(minutes=2)
PARKED_FOR = timedelta(minutes=5)


class Conflict(Exception):
	"""Another process changed an item meanwhile; nothing was written."""


class BrokenRow(Exception):
	"""What a row that can't be processed raises."""


class State(StrEnum):
	QUEUED = "queued"
	SENDING = "sending"
	SENT = "sent"
	FAILED = "failed"
	UNKNOWN = "unknown"
	WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
	SENT = "sent"
	REFUSED = "refused"
	BUSY = "busy"
	LOST = "lost"  # the provider took it, and its answer never came
	KILLED_BEFORE = "killed before"  # the process died after the commit, before the send
	KILLED_AFTER = "killed after"  # the provider took it, and the process died


@dataclass
class Message:
	id: int
	item: str
	page: Page | None  # None: a word to somebody
	next_attempt: datetime | None
	state: State = State.QUEUED
	attempts: int = 0
	possible_duplicate: bool = False
	in_flight: bool = False


@dataclass(frozen=True)
class Received:
	"""What a provider took, and what the database said of it at that moment."""

	message: Message
	at: datetime
	attempt_was_committed: bool
	item_was: Status
	has_acknowledged: bool  # the one whom it is for


@dataclass
class Shell:
	now: datetime
	tickets: dict[str, Ticket] = field(default_factory=dict)
	enabled: dict[str, Plan] = field(default_factory=dict)
	items: dict[str, ActionItem] = field(default_factory=dict)
	ticket_of: dict[str, str] = field(default_factory=dict)
	history: dict[str, list[Event]] = field(default_factory=dict)
	known: dict[str, Remembered] = field(default_factory=dict)  # what is remembered of tickets
	closed_after: set[str] = field(default_factory=set)  # items whose ticket was closed at some time
	outbox: list[Message] = field(default_factory=list)
	received: list[Received] = field(default_factory=list)
	away: set[str] = field(default_factory=set)  # whom nothing reaches
	broken: set[str] = field(default_factory=set)  # items that can't be processed
	set_aside_until: dict[str, datetime] = field(default_factory=dict)
	deeds: list[tuple[str, Deed]] = field(default_factory=list)  # what was ordered to be done on tickets
	conditions_hold: bool = True  # those of steps
	calendar: WorkingTime = AROUND_THE_CLOCK  # of every plan that asks for one
	maintenances: dict[str, Maintenance] = field(default_factory=dict)  # they cover every ticket
	judge: Callable[[ActionItem | None, Decision], None] = lambda before, decision: None

	# --- reading

	def running(self, ticket: str, clock: Clock = Clock.FIRST_RESPONSE) -> ActionItem | None:
		found = [i for i in self.all_running(ticket) if i.plan.clock is clock]
		assert len(found) <= 1, "a ticket never has two running items for one clock"
		return found[0] if found else None

	def all_running(self, ticket: str) -> list[ActionItem]:
		return [i for i in self.items.values() if self.ticket_of[i.id] == ticket and i.status in RUNNING]

	def due(self) -> list[ActionItem]:
		return [item for item in self.items.values() if (at := self._taken_up(item)) and at <= self.now]

	def next_due(self) -> datetime | None:
		return min(filter(None, map(self._taken_up, self.items.values())), default=None)

	def _taken_up(self, item: ActionItem) -> datetime | None:
		return item.next_at and max(item.next_at, self.set_aside_until.get(item.id, item.next_at))

	def condition_met(self, _plan: Plan) -> bool:
		return True

	def working(self, plan: Plan) -> WorkingTime:
		return self.calendar if plan.asks_calendar else AROUND_THE_CLOCK

	def context(self, item: ActionItem) -> Context:
		return Context(
			self.now,
			working=self.working(item.plan),
			reaches=self.reaches(item),
			maintenances=tuple(self.maintenances.values()),
			holds=lambda step: self.conditions_hold or not step.only_if.condition,
		)

	def reaches(self, item: ActionItem) -> Callable[[Step], Reach]:
		def reach(step: Step) -> Reach:
			if item.id in self.broken:
				raise BrokenRow(item.id)
			who = self._people(step, self.tickets[self.ticket_of[item.id]])
			return Reach(
				tuple(
					Recipient(method=step.method, address=f"{w}@x.test", label=w, user=w if step.act else "")
					for w in who
					if w not in self.away
				),
				tuple(
					Unreachable(method=step.method, label=w, reason="away")
					for w in who or ["nobody"]
					if w in self.away or not who
				),
			)

		return reach

	def _people(self, step: Step, ticket: Ticket) -> tuple[str, ...]:
		if step.target.kind is TargetKind.ASSIGNEE:
			return ticket.assignees
		if step.target.kind is TargetKind.TEAM:
			return ("a", "b", "c")
		return (step.target.value,) if step.target.value else ()

	# --- writing: one transaction each

	def commit(self, *decisions: Decision) -> None:
		"""All of these or none. Compares and sets each item's version."""
		for decision in decisions:
			known = self.items.get(decision.item.id)
			if known and decision.item.version != known.version + 1:
				raise Conflict(known.id)
		for decision in decisions:
			self.judge(self.items.get(decision.item.id), decision)
			self._write(decision)

	def _write(self, decision: Decision) -> None:
		item = decision.item
		self.items[item.id] = replace(item, parked=False)  # what could be processed is no longer set aside
		self.set_aside_until.pop(item.id, None)
		self.history.setdefault(item.id, []).extend(decision.events)
		if decision.withdraw:
			for message in self.outbox:
				if message.item == item.id and message.page and message.next_attempt:
					if message.state is State.QUEUED:
						self._take_back(message)
					else:
						message.in_flight = True
		for message in self.outbox:
			page = message.page
			if message.item == item.id and page and page.recipient.label == decision.withdraw_from:
				if message.state is State.QUEUED:
					self._take_back(message)
				elif message.state is State.SENDING:
					message.in_flight = True
		self.deeds += [(item.id, deed) for deed in decision.deeds]
		for page in decision.pages:
			self.outbox.append(Message(len(self.outbox), item.id, page, self.now))
		for _notice in decision.notices:
			self.outbox.append(Message(len(self.outbox), item.id, None, self.now))
		for event in decision.events:
			if event.data.get("how") == "resolved":
				self._note_closed(self.ticket_of[item.id])
			if event.kind is EventKind.REPLACED:
				plan = self.enabled[event.data["replaced_by"]]
				level = item.answered_level
				self.open(self.ticket_of[item.id], plan, follows=item.id, answered_level=level)

	def open(
		self,
		ticket: str,
		plan: Plan,
		*,
		by: str = "",
		at_once: bool = False,
		follows: str = "",
		answered_level=None,
	) -> ActionItem:
		assert not self.running(ticket, plan.clock)
		id = f"ESC-{len(self.items) + 1}"
		self.ticket_of[id] = ticket
		context = Context(self.now, working=self.working(plan))
		how = {"by": by, "at_once": at_once, "follows": follows, "answered_level": answered_level}
		self.commit(open_item(id, plan, self.tickets[ticket], context, **how))
		if plan.clock is Clock.FIRST_RESPONSE and (known := self.known.get(ticket)):
			self.known[ticket] = replace(known, raised=False, reopened=False)
		return self.items[id]

	def _note_closed(self, ticket: str) -> None:
		self.closed_after |= {id for id, of in self.ticket_of.items() if of == ticket}

	# --- evaluations

	def evaluate_ticket(self, ticket: str, before: Ticket | None = None) -> None:
		"""As after a save of the ticket (`before` is what it was), or as the sweep does."""
		running = self.all_running(ticket)
		clocks = {item.plan.clock for item in running}
		self._see(ticket, before, Clock.FIRST_RESPONSE in clocks)
		self.commit(*filter(None, map(self.evaluated, running)))
		for clock in Clock:
			if clock not in clocks and (opening := self.opening(ticket, clock)):
				self.open(ticket, opening.plan, answered_level=opening.answered_level)
		if self.tickets[ticket].category is StatusCategory.RESOLVED:
			self._note_closed(ticket)

	def opening(self, ticket: str, clock: Clock = Clock.FIRST_RESPONSE) -> Opening | None:
		return opens(
			self.tickets[ticket],
			self.enabled.values(),
			self.condition_met,
			self.now,
			clock=clock,
			past=self._past(ticket, clock),
			known=self.known.get(ticket),
		)

	def _see(self, ticket: str, before: Ticket | None, running: bool) -> None:
		known = self.known.get(ticket)
		for seen in filter(None, (before, self.tickets[ticket])):
			known = remember(known, seen, self.now, running=running)
		self.known[ticket] = known

	def evaluated(self, item: ActionItem) -> Decision | None:
		ticket, plans = self.tickets[self.ticket_of[item.id]], self.enabled.values()
		return evaluate(item, ticket, plans, self.condition_met, self.context(item))

	def sweep(self) -> None:
		for ticket in self.tickets:
			self.evaluate_ticket(ticket)
			for item in self.all_running(ticket):
				waits = item.stalled and item.id not in self.broken
				if waits and can_reach(item, self.context(item)):
					self.commit(start_again(item, "reachable", self.now))

	def _past(self, ticket: str, clock: Clock) -> Past | None:
		theirs = [item for item in self.items.values() if self.ticket_of[item.id] == ticket]
		last = [item for item in theirs if item.plan.clock is clock][-1:]
		if not last:
			return None
		(item,) = last
		no_match = any(event.data.get("reason") == CancelReason.NO_MATCH for event in self.history[item.id])
		return Past(
			status=item.status,
			facts=item.facts,
			ticket_was_closed=item.id in self.closed_after,
			no_match=no_match,
			after_answer=item.after_answer,
			opened_at=item.opened_at,
			ended_at=item.ended_at,
			clock_at=item.clock_at,
		)

	# --- the dispatcher

	def decide(self, item: ActionItem) -> Decision | None:
		ticket, plans = self.tickets[self.ticket_of[item.id]], self.enabled.values()
		return run_due(item, ticket, plans, self.condition_met, self.context(item))

	def maintenance_changes(self, name: str, maintenance: Maintenance | None) -> None:
		"""It begins or ends, is prolonged or deleted; what it held is evaluated again."""
		self.maintenances.pop(name, None)
		if maintenance:
			self.maintenances[name] = maintenance
		held = [item for item in self.items.values() if item.maintenance == name]
		self.commit(*filter(None, (release(item, self.now) for item in held)))

	def tick(self) -> None:
		"""Every due step, until nothing is due."""
		for _turn in range(1000):
			due = self.due()
			if not due:
				return
			self.run_set(due)
		raise AssertionError("what is due never ends")

	def run_set(self, due: list[ActionItem]) -> None:
		"""All in one transaction; if that fails, each by itself, and what still fails is parked."""
		try:
			self.commit(*filter(None, [self.decide(item) for item in due]))
		except (BrokenRow, Conflict):
			for item in due:
				self._run_alone(item)

	def _run_alone(self, item: ActionItem) -> None:
		known = self.items[item.id]
		if known.version != item.version:
			return
		try:
			if decision := self.decide(known):
				self.commit(decision)
		except BrokenRow:
			until = self.now + PARKED_FOR
			self.items[item.id] = replace(known, parked=True, version=known.version + 1)
			self.set_aside_until[item.id] = until
			event = Event(EventKind.PARKED, self.now, data={"until": until})
			self.history[item.id].append(event)

	# --- delivery

	def deliver(self, outcomes: Iterator[Outcome]) -> None:
		"""Send what is due. Stops where the process dies."""
		for message in list(self.outbox):
			if message.next_attempt is None or message.next_attempt > self.now:
				continue
			if not self._claim(message):
				continue
			if self._send(message, next(outcomes)):
				return

	def _claim(self, message: Message) -> bool:
		item, page = self.items[message.item], message.page
		running = item.status in (Status.ESCALATING, Status.EXHAUSTED)
		wanted = not page or (running and page.recipient.label not in item.acks)
		if message.state is State.SENDING:  # never heard of again
			if message.possible_duplicate or not wanted:
				message.state, message.next_attempt = State.UNKNOWN, None
				return False
			message.possible_duplicate = True
		elif not wanted:
			self._take_back(message)
			return False
		message.state, message.attempts = State.SENDING, message.attempts + 1
		message.next_attempt = self.now + HEARD_OF_WITHIN
		return True

	def _send(self, message: Message, outcome: Outcome) -> bool:
		"""Hand it to the provider and record what it says; whether the process died."""
		if outcome in (Outcome.SENT, Outcome.LOST, Outcome.KILLED_AFTER):
			committed = message.state is State.SENDING
			item = self.items[message.item]
			has = bool(message.page) and message.page.recipient.label in item.acks
			self.received.append(Received(message, self.now, committed, item.status, has))
		if outcome in (Outcome.KILLED_BEFORE, Outcome.KILLED_AFTER):
			return True
		message.next_attempt = None
		if outcome is Outcome.SENT:
			message.state = State.SENT
		elif outcome is Outcome.REFUSED or (outcome is Outcome.BUSY and message.attempts > 4):
			message.state = State.FAILED
		elif outcome is Outcome.LOST and message.possible_duplicate:
			message.state = State.UNKNOWN
		else:
			message.possible_duplicate |= outcome is Outcome.LOST
			pause = timedelta(0) if outcome is Outcome.LOST else timedelta(seconds=10)
			message.state, message.next_attempt = State.QUEUED, self.now + pause
		return False

	def _take_back(self, message: Message) -> None:
		message.state = State.UNKNOWN if message.possible_duplicate else State.WITHDRAWN
		message.next_attempt = None
