"""The texts that a plan begins with: which of a ticket's clocks it is about shows in them."""

from typing import Any

from escalation_mgmt.engine import Clock

MESSAGES = {
	Clock.FIRST_RESPONSE: "Ticket {{ ticket.name }} ({{ ticket.priority }}) has not been answered: {{ ticket.subject }}",
	Clock.NEXT_RESPONSE: (
		"The customer of ticket {{ ticket.name }} ({{ ticket.priority }}) waits for an answer: {{ ticket.subject }}"
	),
	Clock.RESOLUTION: "Ticket {{ ticket.name }} ({{ ticket.priority }}) has not been resolved: {{ ticket.subject }}",
}


def follow_clock(plan: Any) -> None:
	"""A plan with the text of another clock, as it began, gets that of its own. What somebody wrote stays."""
	clock = Clock(plan.clock or Clock.FIRST_RESPONSE)
	if (plan.message or "").strip() in MESSAGES.values():
		plan.message = MESSAGES[clock]
