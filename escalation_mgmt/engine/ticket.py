"""What the engine knows of a ticket: facts read by the shell at one instant, in UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from escalation_mgmt.engine.plan import StopRules


class StatusCategory(StrEnum):
	OPEN = "Open"
	PAUSED = "Paused"  # waits for the customer
	RESOLVED = "Resolved"  # resolved or closed


@dataclass(frozen=True, slots=True)
class TicketKey:
	"""Which ticket. `created` (UTC) is when it was logged, where whoever names it knows that; keys are equal without it."""

	doctype: str
	name: str
	created: datetime | None = field(default=None, compare=False)


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
	merged_into: str = ""
	status: str = ""  # as the site calls it
	category: StatusCategory = StatusCategory.OPEN
	subject: str = ""
	assignees: tuple[str, ...] = ()
	created_at: datetime | None = None
	response_by: datetime | None = None
	agreement: str = ""  # the service level agreement that it is under
	first_responded_at: datetime | None = None
	replied_at: datetime | None = None  # an agent's last reply
	stopped_by_condition: bool = False  # the plan's own stop condition holds

	@property
	def key(self) -> TicketKey:
		return TicketKey(self.doctype, self.name, self.created_at)

	@property
	def gone(self) -> bool:
		return not self.exists or bool(self.merged_into)


def answer(ticket: Ticket, rules: StopRules, since: datetime) -> str | None:
	"""Say how the ticket was answered after `since` (UTC), in a word for the history, or return None."""
	if ticket.category is StatusCategory.RESOLVED:
		return "resolved"
	if rules.on_reply and ticket.replied_at and ticket.replied_at > since:
		return "reply"
	if rules.on_first_response and ticket.first_responded_at and ticket.first_responded_at > since:
		return "first response"
	if rules.on_paused_status and ticket.category is StatusCategory.PAUSED:
		return "paused"
	if ticket.stopped_by_condition:
		return "stop condition"
	return None


def already_answered(ticket: Ticket, rules: StopRules) -> bool:
	"""Whether somebody has answered at any time, by the plan's own idea of an answer."""
	return answer(ticket, rules, datetime.min) is not None
