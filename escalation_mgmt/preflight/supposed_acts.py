"""What an act would make of a ticket, for a rehearsal: whom later steps reach follows it. Nothing is written."""

from dataclasses import replace

from escalation_mgmt.engine import Act, Deed, MatchFacts, Ticket, TicketKey
from escalation_mgmt.facts import acts, sources
from escalation_mgmt.facts.tickets import Tickets


def leaves(read: Tickets, key: TicketKey, deed: Deed, ticket: Ticket) -> Ticket:
	"""The ticket as the act would leave it; `read` has it like that from now on."""
	act = deed.step.act
	if not act or acts.refusal(ticket.doctype, act, deed.step.value):
		return ticket
	after = _after(act, deed, ticket)
	read.suppose(key, after)
	return after


def _after(act: Act, deed: Deed, ticket: Ticket) -> Ticket:
	value = deed.step.value
	match act:
		case Act.ASSIGN:
			return replace(ticket, assignees=(deed.user,))
		case Act.RAISE:
			return replace(ticket, facts=_raised(ticket, value))
		case Act.SET_TEAM:
			return replace(ticket, facts=replace(ticket.facts, team=value))
		case Act.SET_STATUS:
			category = sources.category_of(ticket.doctype, value)
			return replace(ticket, status=value, category=category)
		case _:
			return ticket


def _raised(ticket: Ticket, priority: str) -> MatchFacts:
	"""Never lowered; of two whose order nobody knows, neither is raised to the other."""
	level = sources.level(ticket.doctype, priority)
	has = ticket.facts
	known = has.level or not has.priority
	return replace(has, priority=priority, level=level) if known and level > has.level else has
