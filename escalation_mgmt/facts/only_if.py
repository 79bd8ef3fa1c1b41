"""Whether a step's *only if* holds for its ticket when it falls due. Its hours are the engine's to read."""

from frappe import _

from escalation_mgmt.engine import Plan, Step, Ticket
from escalation_mgmt.facts import conditions, field_types, sources, stored_names
from escalation_mgmt.facts.conditions import Values


def holds(plan: Plan, step: Step, ticket: Ticket, values: Values) -> bool:
	"""Whether the ticket is as urgent as the step asks for, and its expression true. What can't be told holds, and is
	reported: better a page too many.
	"""
	only_if, which = step.only_if, f"only_if_of_step_{step.number}"
	if only_if.priority:
		try:
			if not _is_as_urgent(ticket, only_if.priority):
				return False
		except ValueError:
			conditions.report_failed(plan, which, otherwise=True)
	return not only_if.condition or conditions.is_true(only_if.condition, values, plan, which, otherwise=True)


def problem_of_priority(doctype: str, priority: str) -> str:
	"""Why nobody can tell which tickets of a DocType are at least as urgent, in words; empty: it can be told."""
	try:
		_level(doctype, priority)
	except ValueError as e:
		return str(e)
	return ""


def _is_as_urgent(ticket: Ticket, least: str) -> bool:
	"""Raises ValueError where nobody knows."""
	priority = ticket.facts.priority
	if not priority or priority == least:
		return bool(priority)
	return _level(ticket.doctype, priority) >= _level(ticket.doctype, least)


def _level(doctype: str, priority: str) -> int:
	"""How urgent it is. Raises ValueError where nobody knows."""
	if not stored_names.canonical(doctype, "priority", priority):
		raise ValueError(_("There is no priority {0}.").format(priority))
	src = sources.source(doctype)
	level = sources.level(doctype, priority)
	if not level and not field_types.is_scale(src.field(src.priority)):
		raise ValueError(_("How urgent {0} is can't be told by its name.").format(priority))
	return level
