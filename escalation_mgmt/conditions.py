"""Conditions: expressions over a whole ticket, which an administrator writes into a plan.

A sweep asks for the conditions of a hundred thousand tickets a minute. Most name columns alone: they are evaluated over
rows, which are read for a whole set at once; one that names a child table or a computed field gets the document.
"""

import ast
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import frappe
from frappe.utils import cint, flt

from escalation_mgmt.engine import Plan
from escalation_mgmt.reporting import report_once

Values = Callable[[str], dict[str, Any]]
"""What the ticket holds, for an expression that is to be evaluated over it."""

_NUMBERS = {"Check": cint, "Int": cint, "Float": flt, "Currency": flt, "Percent": flt}


def condition_holds(expression: str, values: dict[str, Any]) -> bool:
	"""Evaluate a condition over what a ticket holds. What it raises is the caller's to handle."""
	# Plain values: an expression that could call the document could write it.
	return bool(frappe.safe_eval(expression, None, {"doc": frappe._dict(values)}))


def holds_for(values: Values) -> Callable[[Plan], bool]:
	"""The function that tells the engine whether a plan's condition holds for one ticket.

	A condition that fails takes no ticket: it is logged, and the plan's form shows it when it is saved.
	"""

	def holds(plan: Plan) -> bool:
		if not plan.takes.condition:
			return True
		try:
			return condition_holds(plan.takes.condition, values(plan.takes.condition))
		except Exception:
			report_once(f"Escalation Plan {plan.name}: the condition failed")
			return False

	return holds


def stopped(plan: Plan, values: Values) -> bool:
	"""Whether the plan's own stop condition holds. One that fails stops nothing: better a page too many."""
	if not plan.stop.condition:
		return False
	try:
		return condition_holds(plan.stop.condition, values(plan.stop.condition))
	except Exception:
		report_once(f"Escalation Plan {plan.name}: the stop condition failed")
		return False


def needs_document(doctype: str, expression: str) -> bool:
	"""Whether an expression names what stands in no column of the ticket's own."""
	meta = frappe.get_meta(doctype)
	elsewhere = {df.fieldname for df in (*meta.get_table_fields(), *meta.get("fields", {"is_virtual": 1}))}
	return bool(elsewhere & _names_in(expression))


@lru_cache(maxsize=1024)
def _names_in(expression: str) -> frozenset[str]:
	"""Attributes and strings: doc.field, doc["field"], doc.get("field"). Raises SyntaxError."""
	found = set()
	for node in ast.walk(ast.parse(expression, mode="eval")):
		if isinstance(node, ast.Attribute):
			found.add(node.attr)
		elif isinstance(node, ast.Constant) and isinstance(node.value, str):
			found.add(node.value)
	return frozenset(found)


def as_document(doctype: str, row: dict[str, Any]) -> dict[str, Any]:
	"""A row as the document's `as_dict` has it: an empty number is 0."""
	meta = frappe.get_meta(doctype)
	for fieldname, value in row.items():
		if value is None and (df := meta.get_field(fieldname)) and df.fieldtype in _NUMBERS:
			row[fieldname] = _NUMBERS[df.fieldtype](value)
	return row | {"doctype": doctype}
