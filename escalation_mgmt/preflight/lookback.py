"""Which tickets a plan would have taken: those of the last days, matched as a run matches them, by their facts of now."""

from datetime import timedelta
from functools import partial
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import Clock, Plan, Ticket, takes, winner
from escalation_mgmt.facts import conditions, plans, tickets
from escalation_mgmt.preflight import validation
from escalation_mgmt.preflight.rehearsal import missing, nothing_written
from escalation_mgmt.utils import clock

DAYS = 90
LOOKED_AT = 5000
LOOKED_AT_BY_CONDITION = 1000  # each ticket is then read whole
LISTED = 200


def taken_by(doc: Any) -> dict[str, Any]:
	"""Which tickets of the last `DAYS` days the document of a plan would have taken, saved or not. Writes nothing.

	{"days", "clock": what it guards; for a next response only tickets are asked for on which a customer has written after an agent,
	"taken": how many, "forestalled": how many it would have taken but for a plan of a lower rank, "listed":
	[{"name", "subject", "at" (site's zone), "facts", "by": the plan that would have taken it instead, or empty}], the
	newest first; "unlisted": how many more there are, "unreadable": how many of them this user may not read,
	"looked_at": the limit, where it was reached}. Raises ValidationError for a plan that isn't finished.
	"""
	with nothing_written():
		if problems := missing(doc) or validation.problems(doc):
			frappe.throw(problems, title=_("The plan isn't finished"), as_list=True)
		return _taken(plans.from_doc(doc))


def _taken(plan: Plan) -> dict[str, Any]:
	others = plans.others_of_clock(plan)
	conditional = any(each.takes.condition for each in (*others, plan))
	limit = LOOKED_AT_BY_CONDITION if conditional else LOOKED_AT
	looked_at = tickets.logged_since(clock.now() - timedelta(days=DAYS), plan.takes, limit)
	found = [(ticket, by) for ticket in looked_at if (by := _taker(plan, others, ticket))]
	if plan.clock is Clock.NEXT_RESPONSE:
		asked = tickets.asked_again(plan.takes.doctype, [ticket.name for ticket, _by in found])
		found = [(ticket, by) for ticket, by in found if ticket.name in asked]
	readable = readable_of(plan.takes.doctype, [ticket.name for ticket, _by in found])
	listed = [(ticket, by) for ticket, by in found if ticket.name in readable][:LISTED]
	mine = sum(by is plan for _ticket, by in found)
	return {
		"days": DAYS,
		"doctype": plan.takes.doctype,
		"clock": str(plan.clock),
		"taken": mine,
		"forestalled": len(found) - mine,
		"listed": [row(ticket, "" if by is plan else f"{by.name} ({by.rank})") for ticket, by in listed],
		"unlisted": len(found) - len(listed),
		"unreadable": len(found) - len(readable),
		"looked_at": limit if len(looked_at) == limit else 0,
	}


def _taker(plan: Plan, others: list[Plan], ticket: Ticket) -> Plan | None:
	"""The plan that takes a ticket which this plan would take if it were alone; None where it wouldn't."""
	read, key = tickets.Tickets([]), ticket.key
	condition_met = conditions.met_by(partial(read.values, key))
	if not (takes(plan.takes, ticket.facts) and condition_met(plan)):
		return None
	return winner([*others, plan], ticket.facts, condition_met)


def readable_of(doctype: str, names: list[str]) -> set[str]:
	"""Which of these tickets the present user may read."""
	if not names or not frappe.has_permission(doctype, "read"):
		return set()
	found = frappe.get_list(doctype, filters={"name": ("in", names)}, pluck="name", order_by="name")
	return {str(name) for name in found}


def row(ticket: Ticket, by: str = "") -> dict[str, Any]:
	"""A ticket in a list: {"name", "subject", "at" (site's zone), "facts", "by"}."""
	facts = ticket.facts
	return {
		"name": ticket.name,
		"subject": ticket.subject,
		"at": clock.to_site(ticket.created_at),
		"facts": " · ".join(filter(None, (facts.priority, facts.team, facts.ticket_type, facts.customer))),
		"by": by,
	}
