"""The rehearsal: a plan on virtual time. The very functions that a run goes through, and nothing beside them.

Nothing is late here, and people and calendars stay as they are when it is asked for; so a rehearsal says what
happens if nothing changes meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from escalation_mgmt.engine.acknowledge import acknowledge
from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.acts import Outcome, act_done, ends_itself, is_wanted
from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Decision, Deed, Notice, Page, Reach, Unreachable
from escalation_mgmt.engine.evaluate import evaluate
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.plan import ZERO, Clock, Plan, Step
from escalation_mgmt.engine.run import run_due
from escalation_mgmt.engine.start import open_item
from escalation_mgmt.engine.statuses import RUNNING, Status
from escalation_mgmt.engine.ticket import StatusCategory, Ticket

MOST_MOMENTS = 1000
"""So many decisions at most: a plan that repeats for ever is cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
	"""What people do: nothing, where nothing is said.

	`to_message` is the message that is acknowledged, counted from 1 over all that go out; `to_step` the number of a
	step, whose first message is. With `everyone`, all others who get it or a later one do as
	well, as long as they are asked. The acknowledgement comes `delay` later; after it the rehearsal is over, unless the plan
	has an acknowledgement time-out: then nothing is done about the ticket, and it goes on.
	`answered_after`: so long after the start an agent replies to the ticket, or resolves it where the plan guards its resolution. Raises ValueError for a negative time.
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

Leaves = Callable[[Deed, Ticket], Ticket]
"""What the shell says of an act: the ticket as it leaves it."""


def _as_it_is(_deed: Deed, ticket: Ticket) -> Ticket:
	return ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
	"""What happens at one instant (UTC). `missed` has each step that ran with those whom it can't reach."""

	at: datetime
	events: tuple[Event, ...]
	pages: tuple[Page, ...] = ()
	missed: tuple[tuple[Step, Unreachable], ...] = ()
	notices: tuple[Notice, ...] = ()
	deeds: tuple[Deed, ...] = ()


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
	plan: Plan, ticket: Ticket, context: Context, responses: Responses = NEVER, leaves: Leaves = _as_it_is
) -> Timeline:
	"""What an action item of this plan goes through that is opened for this ticket now.

	It ends with an acknowledgement, an answer or exhaustion, or where nobody can be reached. Whether the plan takes
	the ticket is not asked: that is `matching.winner`.
	"""
	opened = open_item("", plan, ticket, context)
	opening = Moment(at=context.now, events=opened.events)
	return _timeline(_VirtualTime(opened.item, ticket, context, responses, leaves), [opening], MOST_MOMENTS)


def ahead(
	item: ActionItem,
	ticket: Ticket,
	context: Context,
	responses: Responses = NEVER,
	leaves: Leaves = _as_it_is,
	*,
	most: int = MOST_MOMENTS,
) -> Timeline:
	"""What an action item still goes through from now on, as it stands; what is late comes at once.

	At most so many moments.
	"""
	return _timeline(_VirtualTime(item, ticket, context, responses, leaves), [], most)


def _timeline(virtual: "_VirtualTime", moments: list[Moment], most: int) -> Timeline:
	cut_off = False
	for moment in virtual.moments():
		if len(moments) == most:
			cut_off = True
			break
		moments.append(moment)
	return Timeline(item=virtual.item, moments=tuple(moments), cut_off=cut_off)


class _VirtualTime:
	"""An item, its ticket and what people are about to do, from one instant to the next at which anything happens."""

	def __init__(
		self, item: ActionItem, ticket: Ticket, context: Context, responses: Responses, leaves: Leaves
	):
		self._leaves = leaves
		self.item, self._ticket, self._context, self._responses = item, ticket, context, responses
		after = responses.answered_after
		self._answered_at = context.now + after if after else None
		self._to_acknowledge: list[tuple[datetime, Page]] = []  # when which messages are, in order
		self._began = False  # pragma: no mutate; None is as false
		self._sent = 0
		self._missed: list[tuple[Step, Unreachable]] = []

	def moments(self) -> Iterator[Moment]:
		while now := self._next_instant():
			self._missed.clear()
			if not (decision := self._decide(now)):
				continue
			yield Moment(
				at=now,
				events=decision.events,
				pages=decision.pages,
				missed=tuple(self._missed),
				notices=decision.notices,
				deeds=decision.deeds,
			)
			self.item = decision.item
			self._context.took(decision)
			for deed in decision.deeds:
				yield from self._act(deed, now)
			for page in decision.pages:
				self._goes_out(page, now)

	def _act(self, deed: Deed, now: datetime) -> Iterator[Moment]:
		"""Its item follows what an act does, as in a run; whoever is reached then is reached by what the ticket is then. That it is
		done is left unsaid, what it leads to isn't.
		"""
		if not is_wanted(self.item, deed.step.number, deed.user):
			return
		after = self._leaves(deed, self._ticket)
		if after == self._ticket or ends_itself(self.item, self._ticket, after):
			return
		done = act_done(self.item, deed, self._ticket, after, Outcome(), now)
		self.item, self._ticket = done.item, after
		if led_to := tuple(event for event in done.events if event.kind is not EventKind.ACT_DONE):
			yield Moment(at=now, events=led_to)

	def _next_instant(self) -> datetime | None:
		"""None: nothing is to come. What is late comes at once."""
		item, acknowledged_at = self.item, self._to_acknowledge[0][0] if self._to_acknowledge else None
		idle = item.status is Status.ACKNOWLEDGED and not item.next_at
		if (idle or item.status not in RUNNING) and not acknowledged_at:
			return None
		coming = [at for at in (acknowledged_at, self._answered_at, item.next_at) if at]
		return max(min(coming), self._context.now) if coming else None

	def _decide(self, now: datetime) -> Decision | None:
		"""What people did comes before what falls due at that same instant, as it does in a run."""
		context = replace(self._context, now=now, reaches=self._reaches)
		if self._answered_at and self._answered_at <= now:
			return self._answer(context)
		if self._to_acknowledge and self._to_acknowledge[0][0] <= now:
			_at, page = self._to_acknowledge.pop(0)
			actor = _acknowledging(page)
			return acknowledge(self.item, actor, context, ticket_status=self._ticket.status)
		return run_due(self.item, self._ticket, [self.item.plan], _always, context)

	def _answer(self, context: Context) -> Decision | None:
		"""What ends the clock: an agent's reply, or for the resolution a resolved ticket."""
		if self.item.plan.clock is Clock.RESOLUTION:
			self._ticket = replace(self._ticket, category=StatusCategory.RESOLVED)
		else:
			first = self._ticket.first_responded_at or context.now
			self._ticket = replace(self._ticket, replied_at=context.now, first_responded_at=first)
		self._answered_at = None  # pragma: no mutate; so is ""
		return evaluate(self.item, self._ticket, [self.item.plan], _always, context)

	def _goes_out(self, page: Page, now: datetime) -> None:
		"""Somebody may acknowledge it, after a while."""
		self._sent += 1
		first = not self._began and self._is_acknowledged(page)
		if first or (self._began and self._responses.everyone):
			self._began = True
			self._to_acknowledge.append((now + self._responses.delay, page))

	def _is_acknowledged(self, page: Page) -> bool:
		"""Whether it is the message that the responses name."""
		responses = self._responses
		of_step = page.step.number == responses.to_step and page.run == 0
		return self._sent == responses.to_message or of_step

	def _reaches(self, step: Step) -> Reach:
		reach = self._context.reaches(step)
		self._missed.extend((step, miss) for miss in reach.unreachable)
		return reach


def _acknowledging(page: Page) -> Actor:
	"""The one to whom a message goes, as they acknowledge by it."""
	to = page.recipient
	return Actor(
		name=to.label or to.address,
		user=to.user,
		address="" if to.user else to.address,
		via=to.method,
	)


def _always(_plan: Plan) -> bool:
	return True
