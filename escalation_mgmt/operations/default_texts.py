"""The texts that a plan begins with: which of a ticket's clocks it is about shows in them."""

from typing import Any

import frappe
from frappe import _lt

from escalation_mgmt.engine import Clock
from escalation_mgmt.utils.doctypes import PLAN

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


def offered() -> dict[str, Any]:
	"""What a form needs to let the message follow the clock: {"messages": {clock: text}, "begun": the texts that somebody may
	have begun with}.
	"""
	return {
		"messages": {str(clock): str(text) for clock, text in MESSAGES.items()},
		"begun": sorted(_begun()),
	}


def follow_clock(plan: Any) -> None:
	"""A plan with the text of another clock, as it began, gets that of its own. What somebody wrote stays."""
	own = str(MESSAGES[Clock(plan.clock or Clock.FIRST_RESPONSE)])
	if plan.message != own and (plan.message or "").strip() in _begun():
		plan.message = own


def _begun() -> set[str]:
	return {frappe.get_meta(PLAN).get_field("message").default, *map(str, MESSAGES.values())}
