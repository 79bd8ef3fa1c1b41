"""Which plan takes a ticket, and whether a change of the ticket's facts changes that.

A condition is an expression over the whole ticket, which only the shell can evaluate: it hands in a function
that says whether a plan's condition is met now.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from escalation_mgmt.engine.plan import Clock, Plan, TicketFilter
from escalation_mgmt.engine.remembered import Remembered
from escalation_mgmt.engine.statuses import Status
from escalation_mgmt.engine.ticket import MatchFacts, Ticket, already_answered, answer, asked_since
from escalation_mgmt.engine.waits import deadline
from escalation_mgmt.engine.working_time import AROUND_THE_CLOCK, WorkingTime

ConditionMet = Callable[[Plan], bool]

ANY_OTHER = ""
"""A priority that no plan names."""


def takes(filter_: TicketFilter, facts: MatchFacts) -> bool:
	"""Whether the filter takes a ticket with these facts, its condition apart."""
	return (
		(not filter_.priorities or facts.priority in filter_.priorities)
		and filter_.team in ("", facts.team)
		and filter_.ticket_type in ("", facts.ticket_type)
		and filter_.customer in ("", facts.customer)
	)


def takes_more(now: TicketFilter, before: TicketFilter) -> bool:
	"""Whether a filter may take a ticket that the other doesn't. Only what is certain counts: another condition may."""

	def widened(mine: str, was: str) -> bool:
		return was not in ("", mine)

	fewer = not before.priorities or (now.priorities and now.priorities <= before.priorities)
	return (
		not fewer
		or now.doctype != before.doctype
		or widened(now.team, before.team)
		or widened(now.ticket_type, before.ticket_type)
		or widened(now.customer, before.customer)
		or widened(now.condition, before.condition)
	)


def winner(plans: Iterable[Plan], facts: MatchFacts, condition_met: ConditionMet) -> Plan | None:
	"""The plan of lowest rank that takes the ticket; of equal ranks the first by name."""
	return min(
		(plan for plan in plans if takes(plan.takes, facts) and condition_met(plan)),
		key=lambda plan: (plan.rank, plan.name),
		default=None,
	)


def forestalling(plan: Plan, enabled: Iterable[Plan]) -> tuple[Plan, ...]:
	"""The plans that between them take every ticket before this plan gets it; () where it can get some.

	Only what is certain counts: a plan with a condition may leave any ticket to others, and a plan for all priorities
	gets those that have none.
	"""
	mine = plan.takes
	first = sorted(
		(
			other
			for other in enabled
			if (other.rank, other.name) < (plan.rank, plan.name)
			and other.clock is plan.clock
			and other.takes.doctype == mine.doctype
			and other.takes.team in ("", mine.team)
			and other.takes.ticket_type in ("", mine.ticket_type)
			and other.takes.customer in ("", mine.customer)
			and not other.takes.condition
		),
		key=lambda other: (other.rank, other.name),
	)
	found: list[Plan] = []
	for priority in sorted(mine.priorities) or [ANY_OTHER]:
		by = next((o for o in first if not o.takes.priorities or priority in o.takes.priorities), None)
		if by is None:
			return ()
		if by not in found:
			found.append(by)
	return tuple(found)


@dataclass(frozen=True, slots=True)
class Rematch:
	"""Another plan, or none, takes the ticket now."""

	plan: Plan | None


def rematch(
	frozen: Plan,
	enabled: Iterable[Plan],
	before: MatchFacts,
	after: MatchFacts,
	condition_met: ConditionMet,
	*,
	by_hand: bool = False,
) -> Rematch | None:
	"""Say whether the ticket's facts moved a running item away from its frozen plan; None: it goes on. Plans for other clocks
	have no part in it.

	Plans that were edited, added or disabled since are no reason to move: where the same plans would have
	chosen alike for the old facts, the facts decided nothing (docs/decisions/0004). An item that was started
	by hand needn't match its plan at all, so only a plan that newly takes the ticket moves it.
	"""
	# Only spares what would come to the same.
	if before == after and (by_hand or condition_met(frozen)):  # pragma: no mutate
		return None
	others = [plan for plan in enabled if plan.name != frozen.name and plan.clock is frozen.clock]
	candidates = [*others, frozen]
	now = winner(candidates, after, condition_met)
	if now is frozen:
		return None
	frozen_took = takes(frozen.takes, before) and not by_hand
	frozen_takes = takes(frozen.takes, after) and condition_met(frozen)
	if (frozen_takes or not frozen_took) and (
		now is None or now is winner(candidates, before, condition_met)
	):
		return None
	return Rematch(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
	"""What the shell remembers of the ticket's last action item of one clock, once that item has ended."""

	status: Status
	facts: MatchFacts
	ticket_was_closed: bool  # resolved or closed at some time after the item was created
	no_match: bool = False  # it was cancelled because no plan took the ticket any more
	after_answer: bool = False  # the ticket had been answered before the item was opened
	opened_at: datetime | None = None
	ended_at: datetime | None = None
	clock_at: datetime | None = None  # when its clock began, where the item knows it

	@property
	def allows_another(self) -> bool:
		"""Whether a plan that takes the ticket opens an item whatever came of this one, unless it was answered since."""
		return self.ticket_was_closed or self.no_match

	@property
	def was_answered(self) -> bool:
		return self.after_answer or self.status is Status.RESOLVED


def settled(
	past: Past,
	facts: MatchFacts,
	known: Remembered | None = None,
	*,
	clock: Clock = Clock.FIRST_RESPONSE,
	asked: Sequence[datetime] = (),
) -> bool:
	"""Whether no plan for a clock can open an item for a ticket with these facts, because of the one that it has had.

	`asked`, for the next response: when the customer has written since the last answer, rising; of these the earliest may be
	missing. Neither plans nor replies are asked for that: it spares the sweep all tickets in which nothing has changed.
	"""
	if past.allows_another:
		return False
	if clock is Clock.NEXT_RESPONSE and not _no_later(asked, past, known):
		return False
	if clock is Clock.FIRST_RESPONSE and known and (known.raised or known.reopened):
		return False
	if clock is Clock.RESOLUTION and _reopened_since(past, known):
		return False
	return past.was_answered or past.facts == facts


def _no_later(asked: Sequence[datetime], past: Past, known: Remembered | None) -> bool:
	"""Whether the customer still waits since the message that the last item was about, or since an earlier one (`asked_since`)."""
	closed_at = known.closed_at if known else None
	first = next((at for at in asked if not closed_at or at > closed_at), None)
	return bool(first and past.clock_at and first <= past.clock_at)


def may_take(
	plan: Plan,
	ticket: Ticket,
	known: Remembered | None = None,
	working_of: Callable[[Plan], WorkingTime] = lambda _plan: AROUND_THE_CLOCK,
) -> bool:
	"""Whether the plan had been enabled when the ticket was logged, or falls due, was raised or was opened again.

	What was overdue before that starts nothing, whoever looks at it, and however often it is saved; nor does a rename.
	"""
	since, asked_at = plan.enabled_since, None
	if plan.clock is Clock.NEXT_RESPONSE:
		asked_at = ticket.asked_at
	if known and known.renamed_at and (since is None or since <= known.renamed_at):
		later = (known.raised_at, known.reopened_at, asked_at)
		return any(at is not None and at >= known.renamed_at for at in later)
	if since is None:
		return True
	seen = (known.logged_at, known.raised_at, known.reopened_at) if known else ()
	if any(at is not None and at >= since for at in (ticket.created_at, asked_at, *seen)):
		return True
	if plan.clock is Clock.NEXT_RESPONSE and not asked_at:
		return False
	by = deadline(plan, ticket, asked_at or since, working_of(plan))
	return by is not None and by >= since


@dataclass(frozen=True, slots=True)
class Opening:
	"""A plan that should start a new action item.

	`answered_level`: of the priority at which the ticket was answered, where its being raised is the only reason.
	"""

	plan: Plan
	answered_level: int | None = None


def opens(  # noqa: PLR0913 - each says another thing of what is known
	ticket: Ticket,
	enabled: Iterable[Plan],
	condition_met: ConditionMet,
	now: datetime,
	*,
	clock: Clock = Clock.FIRST_RESPONSE,
	past: Past | None = None,
	known: Remembered | None = None,
	working_of: Callable[[Plan], WorkingTime] = lambda _plan: AROUND_THE_CLOCK,
) -> Opening | None:
	"""Return what should be opened for a clock of a ticket that has no running item for it; None: nothing.

	`past` is what is remembered of its last item for that clock, `known` of the ticket itself, this evaluation included;
	`working_of` says by which calendar a plan counts for it. What the customer asked before the ticket was closed was answered by that
	(`asked_since`); whoever opens the item counts from the same.
	"""
	ticket = asked_since(ticket, known.closed_at if known else None)
	# Only spares what would come to the same.
	known_end = past and settled(past, ticket.facts, known, clock=clock)  # pragma: no mutate
	if ticket.gone or known_end:
		return None
	plans = [plan for plan in enabled if plan.clock is clock and may_take(plan, ticket, known, working_of)]
	plan = winner(plans, ticket.facts, condition_met)
	if plan is None:
		return None

	case = _Case(ticket, plan, past, known, now, lambda facts: winner(plans, facts, condition_met) != plan)
	if _WANTS[clock](case):
		return Opening(plan)
	raised = clock is Clock.FIRST_RESPONSE and known and known.raised
	if known and raised and not case.answered_since(known.raised_at):
		before = replace(ticket.facts, priority=known.raised_from)
		return Opening(plan, known.raised_from_level) if case.another_for(before) else None
	return None


@dataclass(frozen=True, slots=True)
class _Case:
	"""A ticket without a running item for a clock, and the plan for that clock which takes it."""

	ticket: Ticket
	plan: Plan
	past: Past | None
	known: Remembered | None
	now: datetime
	another_for: Callable[[MatchFacts], bool]  # whether with these facts another plan would take it

	def is_another_plans(self, past: Past) -> bool:
		"""Whether the ticket has changed since its last item, so that it is another plan's; not once that was answered."""
		return not past.was_answered and (past.no_match or self.another_for(past.facts))

	def answered_since(self, since: datetime | None) -> bool:
		"""Whether somebody has answered, by the plan's own idea of an answer, since an instant; None: at any time.

		Since what has only been seen now, nobody can have. A ticket that is resolved or closed is answered.
		"""
		if since is None:
			return already_answered(self.ticket, self.plan)
		return answer(self.ticket, self.plan, datetime.max if since >= self.now else since) is not None


def _wants_first_response(case: _Case) -> bool:
	"""Whether a ticket wants an item though its priority wasn't raised: nobody has answered it since it began anew."""
	past, known = case.past, case.known
	reopened_at = known.reopened_at if known and known.reopened else None
	if reopened_at or not past:
		return not case.answered_since(reopened_at)
	if past.ticket_was_closed:
		return not case.answered_since(past.ended_at)
	return case.is_another_plans(past) and not case.answered_since(past.opened_at)


def _wants_next_response(case: _Case) -> bool:
	"""Once for the first message of the customer that no agent has answered; those that follow it are no other."""
	past, asked_at = case.past, case.ticket.asked_at
	if not asked_at or answer(case.ticket, case.plan, asked_at):
		return False
	if not past or (past.clock_at and past.clock_at < asked_at):
		return True
	return case.is_another_plans(past)


def _wants_resolution(case: _Case) -> bool:
	"""Once, as long as it is neither resolved nor closed; and once more when it was opened again."""
	past = case.past
	if already_answered(case.ticket, case.plan):
		return False
	if not past or past.ticket_was_closed or _reopened_since(past, case.known):
		return True
	return case.is_another_plans(past)


def _reopened_since(past: Past, known: Remembered | None) -> bool:
	"""Whether the ticket was seen to be open again after its last item had ended."""
	return bool(known and known.reopened_at and past.ended_at and known.reopened_at > past.ended_at)


_WANTS = {
	Clock.FIRST_RESPONSE: _wants_first_response,
	Clock.NEXT_RESPONSE: _wants_next_response,
	Clock.RESOLUTION: _wants_resolution,
}
