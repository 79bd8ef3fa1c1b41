"""Which plan takes a ticket, and whether a change of the ticket's facts changes that.

A condition is an expression over the whole ticket, which only the shell can evaluate: it hands in a function
that says whether a plan's condition is met now.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from escalation_mgmt.engine.plan import Plan, TicketFilter
from escalation_mgmt.engine.statuses import Status
from escalation_mgmt.engine.ticket import MatchFacts, StatusCategory, Ticket, already_answered

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
	"""Say whether the ticket's facts moved a running item away from its frozen plan; None: it goes on.

	Plans that were edited, added or disabled since are no reason to move: where the same plans would have
	chosen alike for the old facts, the facts decided nothing (docs/decisions/0004). An item that was started
	by hand needn't match its plan at all, so only a plan that newly takes the ticket moves it.
	"""
	# Only spares what would come to the same.
	if before == after and (by_hand or condition_met(frozen)):  # pragma: no mutate
		return None
	candidates = [plan for plan in enabled if plan.name != frozen.name] + [frozen]
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
	"""What the shell remembers of the ticket's last action item once that item has ended."""

	status: Status
	facts: MatchFacts
	ticket_was_closed: bool  # resolved or closed at some time after the item was created
	no_match: bool = False  # it was cancelled because no plan took the ticket any more

	@property
	def allows_another(self) -> bool:
		"""Whether a plan that takes the ticket opens an item whatever came of this one."""
		return self.ticket_was_closed or self.no_match


def settled(past: Past, facts: MatchFacts) -> bool:
	"""Whether no plan can open an item for a ticket with these facts, because of the one that it has had.

	Neither plans nor replies are asked for that: it spares the sweep all tickets in which nothing has changed.
	"""
	return not past.allows_another and (past.status is Status.RESOLVED or past.facts == facts)


def opens(
	ticket: Ticket,
	enabled: Iterable[Plan],
	condition_met: ConditionMet,
	*,
	past: Past | None = None,
	before: MatchFacts | None = None,
	reopened: bool = False,
) -> Plan | None:
	"""Return the plan that should start a new action item for a ticket that has no running one.

	`before` are the facts before the save that is evaluated, where there was one; `reopened` says that
	this save took the ticket out of a resolved or closed status.
	"""
	# Other facts are compared below as well.
	known_end = past and settled(past, ticket.facts)  # pragma: no mutate
	if ticket.gone or (known_end and not reopened):
		return None
	plans = list(enabled)
	plan = winner(plans, ticket.facts, condition_met)
	if plan is None or ticket.category is StatusCategory.RESOLVED:
		return None
	if reopened or _wants_item(ticket, past, plan):
		return plan
	known = past.facts if past else before
	moved = known is not None and known != ticket.facts and winner(plans, known, condition_met) != plan
	return plan if moved else None


def _wants_item(ticket: Ticket, past: Past | None, plan: Plan) -> bool:
	"""Whether a ticket wants an item whatever its facts were before: nobody has answered it, or what it had is void."""
	if past:
		return past.allows_another
	return not already_answered(ticket, plan.stop)
