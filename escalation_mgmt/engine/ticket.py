"""What the engine knows of a ticket: facts read by the shell at one instant, in UTC."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from escalation_mgmt.engine.plan import ZERO, Clock, Plan


class StatusCategory(StrEnum):
	OPEN = "Open"
	PAUSED = "Paused"  # waits for the customer
	RESOLVED = "Resolved"  # resolved or closed


@dataclass(frozen=True, slots=True)
class TicketKey:
	"""Which ticket. A name is given again once its ticket is deleted, so what remembers a ticket remembers `created` too.

	That is `creation` as the ticket's row has it, in the site's zone: compared, never computed with. Whoever asks for the
	ticket that has the name now leaves it out. Keys are equal without it.
	"""

	doctype: str
	name: str
	created: datetime | None = field(default=None, compare=False)

	def is_another(self, than: "TicketKey") -> bool:
		"""Whether it is known that these two of one name are different tickets."""
		return None not in (self.created, than.created) and self.created != than.created


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFacts:
	"""The facts by which a plan is chosen. `level` orders priorities: a greater one is more urgent."""

	priority: str = ""
	level: int = 0
	team: str = ""
	ticket_type: str = ""
	customer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
	doctype: str
	name: str
	facts: MatchFacts = MatchFacts()
	exists: bool = True
	cancelled: bool = False  # as Frappe cancels what was submitted
	merged_into: str = ""
	status: str = ""  # as the site calls it
	category: StatusCategory = StatusCategory.OPEN
	subject: str = ""
	assignees: tuple[str, ...] = ()
	created_at: datetime | None = None
	created_stamp: datetime | None = None  # the same as its row has it, for its key
	response_by: datetime | None = None
	resolution_by: datetime | None = None
	held: timedelta = ZERO  # so long it has waited for the customer, as its agreement counts it
	agreement: str = ""  # the service level agreement that it is under
	first_responded_at: datetime | None = None
	replied_at: datetime | None = None  # an agent's last reply
	asked_at: datetime | None = (
		None  # the customer's first message since; None: none, or nobody has responded yet
	)
	asked_later: tuple[datetime, ...] = ()  # their messages after that one, rising
	stopped_by_condition: bool = False  # the plan's own stop condition is met

	@property
	def key(self) -> TicketKey:
		return TicketKey(self.doctype, self.name, self.created_stamp)

	@property
	def gone(self) -> bool:
		return not self.exists or self.cancelled or bool(self.merged_into)


def asked_since(ticket: Ticket, closed_at: datetime | None) -> Ticket:
	"""The ticket with the customer's first message since it was last seen closed: what they wrote before was answered by that."""
	if not closed_at or not ticket.asked_at or ticket.asked_at > closed_at:
		return ticket
	later = tuple(at for at in ticket.asked_later if at > closed_at)
	return replace(ticket, asked_at=later[0] if later else None, asked_later=later[1:])


class Answer(StrEnum):
	"""How a ticket was answered, in a word for the history, which keeps these values."""

	RESOLVED = "resolved"  # resolved or closed
	REPLY = "reply"  # of an agent
	FIRST_RESPONSE = "first response"
	PAUSED = "paused"  # it waits for the customer
	STOP_CONDITION = "stop condition"  # the plan's own


def answer(ticket: Ticket, plan: Plan, since: datetime) -> Answer | None:
	"""Say how the ticket was answered after `since` (UTC), by what the plan's clock counts; None: it wasn't."""
	if ticket.category is StatusCategory.RESOLVED:
		return Answer.RESOLVED
	if plan.clock is Clock.RESOLUTION:
		return None
	rules, first = plan.stop, plan.clock is Clock.FIRST_RESPONSE
	if (rules.on_reply or not first) and _is_after(ticket.replied_at, since):
		return Answer.REPLY
	if first and rules.on_first_response and _is_after(ticket.first_responded_at, since):
		return Answer.FIRST_RESPONSE
	if rules.on_paused_status and ticket.category is StatusCategory.PAUSED:
		return Answer.PAUSED
	if first and ticket.stopped_by_condition:
		return Answer.STOP_CONDITION
	return None


def already_answered(ticket: Ticket, plan: Plan) -> bool:
	"""Whether nothing is left to answer, by the plan's own idea of an answer."""
	if plan.clock is Clock.NEXT_RESPONSE and not ticket.asked_at:
		return True
	since = ticket.asked_at if plan.clock is Clock.NEXT_RESPONSE else None
	return answer(ticket, plan, since or datetime.min) is not None


def _is_after(at: datetime | None, since: datetime) -> bool:
	return at is not None and at > since
