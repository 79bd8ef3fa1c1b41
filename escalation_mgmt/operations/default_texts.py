"""The texts that a plan begins with: which of a ticket's clocks it is about shows in them."""

from typing import Any

from frappe import _lt

from escalation_mgmt.engine import Clock

MESSAGES = {
	Clock.FIRST_RESPONSE: _lt(
		"Ticket {{ ticket.name }} ({{ ticket.priority }}) has not been answered: {{ ticket.subject }}"
	),
	Clock.NEXT_RESPONSE: _lt(
		"The customer of ticket {{ ticket.name }} ({{ ticket.priority }}) waits for an answer: {{ ticket.subject }}"
	),
	Clock.RESOLUTION: _lt(
		"Ticket {{ ticket.name }} ({{ ticket.priority }}) has not been resolved: {{ ticket.subject }}"
	),
}


def follow_clock(plan: Any) -> None:
	"""A plan with the text of another clock, as it began, gets that of its own. What somebody wrote stays."""
	clock = Clock(plan.clock or Clock.FIRST_RESPONSE)
	begun = {plan.meta.get_field("message").default, *map(str, MESSAGES.values())}
	own = str(MESSAGES[clock])
	if plan.message != own and (plan.message or "").strip() in begun:
		plan.message = own
