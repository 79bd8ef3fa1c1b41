"""A ticket that nobody has logged, as a plan takes it: for a rehearsal, and for readiness."""

from datetime import datetime, timedelta
from typing import Any

from escalation_mgmt.engine import Clock, Plan, TicketKey
from escalation_mgmt.facts import agreed_times, sources, tickets
from escalation_mgmt.preflight.stand_in import UNASSIGNED
from escalation_mgmt.utils import bounds

DEADLINE_IN = "deadline_in"
GIVEN = ("priority", "team", "ticket_type", "customer", "agreement", "assignee", UNASSIGNED, DEADLINE_IN)
"""What may be said of it."""

ANSWERED_BEFORE = timedelta(hours=1)
"""So long before the customer's message that waits an agent had answered."""


def for_plan(plan: Plan, given: dict[str, Any], start: datetime) -> tuple[tickets.Tickets, TicketKey]:
	"""A ticket that the plan takes, but for what is given, as it is at an instant (UTC): as for `api.plans.rehearse`, or several
	"assignees", or whom its "user_fields" name.

	Its clock begins to run then. For a next response the customer has just written; a deadline is "deadline_in" seconds away, or as
	its agreement has it.
	"""
	given, takes = {what: value for what, value in given.items() if value}, plan.takes
	given.pop(UNASSIGNED, None)
	deadline_in = given.pop(DEADLINE_IN, None)
	facts = {
		"priority": next(iter(sorted(takes.priorities)), ""),
		"team": takes.team,
		"ticket_type": takes.ticket_type,
		"customer": takes.customer,
		"agreement": given.get("agreement") or sources.usual_agreement(takes.doctype),
		**given,
	}
	assignee = facts.pop("assignee", "")
	assignees = facts.pop("assignees", [assignee] if assignee else [])
	named = facts.pop("user_fields", {})
	times: dict[str, datetime] = {}
	if plan.clock is Clock.NEXT_RESPONSE:
		times = {
			"first_responded_at": start - ANSWERED_BEFORE,
			"replied_at": start - ANSWERED_BEFORE,
			"asked_at": start,
		}
	elif deadline_in:
		times = {DEADLINE[plan.clock]: start + bounds.seconds(deadline_in, DEADLINE_IN)}
	elif plan.starts_by_deadline and (by := agreed_times.deadline(takes.doctype, facts, plan.clock, start)):
		times = {DEADLINE[plan.clock]: by}
	return tickets.hypothetical(takes.doctype, assignees, named, times, **facts)


DEADLINE = {Clock.FIRST_RESPONSE: "response_by", Clock.RESOLUTION: "resolution_by"}
"""Of a ticket, by the clock that it ends."""
