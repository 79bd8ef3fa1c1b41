"""The rehearsal: a plan on virtual time. The very functions that a run goes through, and nothing beside them.

Nothing is late here, and people and calendars stay as they are when it is asked for; so a rehearsal says what
happens if nothing changes meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from escalation_mgmt.engine.acknowledge import acknowledge
from escalation_mgmt.engine.decision import Decision, Notice, Page, Reach, Unreachable
from escalation_mgmt.engine.escalate import look, open_item, run_due
from escalation_mgmt.engine.event import Event
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.maintenance import Maintenance
from escalation_mgmt.engine.plan import ZERO, Plan, Step
from escalation_mgmt.engine.responders import Reaches
from escalation_mgmt.engine.statuses import RUNNING, Status
from escalation_mgmt.engine.ticket import Ticket
from escalation_mgmt.engine.working_time import AROUND_THE_CLOCK, WorkingTime

MOST_MOMENTS = 1000
"""So many decisions at most: a plan that repeats for ever is cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
	"""What people do: nothing, where nothing is said.

	`to_message` is the message that is acknowledged, counted from 1 over all that go out; `to_step` the number of a
	step, whose first message is. With `everyone`, all others who get it or a later one do as
	well, as long as they are asked. The acknowledgement comes `delay` later; after it the rehearsal is over, unless the plan
	has an acknowledgement time-out: then nothing is done about the ticket, and it goes on.
	`answered_after`: so long after the start an agent replies to the ticket. Raises ValueError for a negative time.
	"""

	to_message: int = 0
	to_step: int = 0
	everyone: bool = False
	delay: timedelta = ZERO
	answered_after: timedelta | None = None

	def __post_init__(self) -> None:
		if self.delay < ZERO or (self.answered_after is not None and self.answered_after <= ZERO):
			raise ValueError("nobody responds before there is anything to respond to")


NEVER = Responses()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
	"""What happens at one instant (UTC). `missed` has each step that ran with those whom it can't reach."""

	at: datetime
	events: tuple[Event, ...]
	pages: tuple[Page, ...] = ()
	missed: tuple[tuple[Step, Unreachable], ...] = ()
	notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
	"""`item` is the action item as it stands in the end; `cut_off`: there would be more."""

	item: ActionItem
	moments: tuple[Moment, ...]
	cut_off: bool = False

	@property
	def pages(self) -> tuple[Page, ...]:
		return tuple(page for moment in self.moments for page in moment.pages)

	@property
	def missed(self) -> tuple[tuple[Step, Unreachable], ...]:
		return tuple(miss for moment in self.moments for miss in moment.missed)


def rehearse(
	plan: Plan,
	ticket: Ticket,
	start: datetime,
	responses: Responses = NEVER,
	*,
	reaches: Reaches,
	working: WorkingTime = AROUND_THE_CLOCK,
	maintenances: Sequence[Maintenance] = (),
) -> Timeline:
	"""What an action item of this plan goes through that is opened for this ticket at `start` (naive, UTC).

	It ends with an acknowledgement, an answer or exhaustion, or where nobody can be reached. Whether the plan takes
	the ticket is not asked: that is `matching.winner`.
	"""
	opened = open_item("", plan, ticket, start, working)
	return _timeline(
		opened.item, ticket, start, responses, reaches, working, maintenances, [_moment(start, opened, [])]
	)


def ahead(
	item: ActionItem,
	ticket: Ticket,
	now: datetime,
	responses: Responses = NEVER,
	*,
	reaches: Reaches,
	working: WorkingTime = AROUND_THE_CLOCK,
	maintenances: Sequence[Maintenance] = (),
	most: int = MOST_MOMENTS,
) -> Timeline:
	"""What an action item still goes through from `now` (naive, UTC) on, as it stands; what is late comes at once.

	At most so many moments.
	"""
	return _timeline(item, ticket, now, responses, reaches, working, maintenances, [], most)


def _timeline(
	item: ActionItem,
	ticket: Ticket,
	start: datetime,
	responses: Responses,
	reaches: Reaches,
	working: WorkingTime,
	maintenances: Sequence[Maintenance],
	moments: list[Moment],
	most: int = MOST_MOMENTS,
) -> Timeline:
	cut_off = False
	for at, decision, missed in _decisions(item, ticket, start, responses, reaches, working, maintenances):
		if len(moments) == most:
			cut_off = True
			break
		moments.append(_moment(at, decision, missed))
		item = decision.item
	return Timeline(item=item, moments=tuple(moments), cut_off=cut_off)


_Missed = list[tuple[Step, Unreachable]]


def _decisions(
	item: ActionItem,
	ticket: Ticket,
	start: datetime,
	responses: Responses,
	reaches: Reaches,
	working: WorkingTime,
	maintenances: Sequence[Maintenance],
) -> Iterator[tuple[datetime, Decision, _Missed]]:
	sent = 0
	taken: list[tuple[datetime, Page]] = []  # when which messages are acknowledged
	began = False  # pragma: no mutate; None is as false
	answered = start + responses.answered_after if responses.answered_after else None
	missed: _Missed = []

	def noted(step: Step) -> Reach:
		reach = reaches(step)
		missed.extend((step, miss) for miss in reach.unreachable)
		return reach

	while (item.status in RUNNING and (item.due_at or item.status is not Status.ACKNOWLEDGED)) or taken:
		# What people did comes before what falls due at that same instant, as it does in a run.
		coming = [at for at in (taken[0][0] if taken else None, answered, item.due_at) if at]
		if not coming:
			return
		now, decision = max(min(coming), start), None
		missed.clear()
		if answered and answered <= now:
			ticket = replace(ticket, replied_at=now, first_responded_at=ticket.first_responded_at or now)
			answered = None  # pragma: no mutate; so is ""
			decision = look(item, ticket, [item.plan], _always, now, working)
		elif taken and taken[0][0] <= now:
			_, page = taken.pop(0)
			who = page.recipient
			by = who.label or who.address
			decision = acknowledge(
				item,
				by,
				page.recipient.method,
				now,
				user=who.user,
				address="" if who.user else who.address,
				ticket_status=ticket.status,
				working=working,
			)
		else:
			decision = run_due(item, ticket, [item.plan], _always, noted, now, working, maintenances)
		if not decision:
			continue
		yield now, decision, list(missed)
		item = decision.item
		for page in decision.pages:
			sent += 1
			first = not began and _acknowledges(responses, sent, page)
			if first or (began and responses.everyone):
				began = True
				taken.append((now + responses.delay, page))


def _acknowledges(responses: Responses, number: int, page: Page) -> bool:
	return number == responses.to_message or (page.step.number == responses.to_step and page.run == 0)


def _moment(at: datetime, decision: Decision, missed: _Missed) -> Moment:
	return Moment(
		at=at, events=decision.events, pages=decision.pages, missed=tuple(missed), notices=decision.notices
	)


def _always(_plan: Plan) -> bool:
	return True
