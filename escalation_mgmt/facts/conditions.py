"""Conditions: expressions over a whole ticket, which an administrator writes into a plan.

A sweep asks for the conditions of a hundred thousand tickets a minute. Most name columns alone: they are evaluated over
rows, which are read for a whole set at once; one that names a child table or a computed field gets the document.
"""

import ast
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import frappe

from escalation_mgmt.engine import Plan
from escalation_mgmt.facts import plain_values
from escalation_mgmt.utils import expressions
from escalation_mgmt.utils.error_reports import report_once
from escalation_mgmt.utils.rows import placeholders

Values = Callable[[str], dict[str, Any]]
"""What the ticket holds, for an expression that is to be evaluated over it."""


def evaluate_condition(expression: str, values: dict[str, Any]) -> bool:
	"""Evaluate a condition over what a ticket holds, which are plain values. What it raises is the caller's to handle."""
	return bool(expressions.evaluate(expression, {"doc": values}))


def met_by(values: Values) -> Callable[[Plan], bool]:
	"""The function that tells the engine whether a plan's condition is met for one ticket.

	A condition that fails takes no ticket: it is logged, and the plan's form shows it when it is saved.
	"""

	def is_met(plan: Plan) -> bool:
		asked = plan.takes.condition
		return not asked or is_true(asked, values, plan, "condition")

	return is_met


def stopped(plan: Plan, values: Values) -> bool:
	"""Whether the plan's own stop condition is met. One that fails stops nothing: better a page too many."""
	asked = plan.stop.condition
	return bool(asked) and is_true(asked, values, plan, "stop_condition")


def is_true(expression: str, values: Values, plan: Plan, which: str, *, otherwise: bool = False) -> bool:
	"""Whether an expression of a plan is; `otherwise` where it can't be evaluated, which is reported under `which` it is."""
	try:
		return evaluate_condition(expression, values(expression))
	except Exception:
		report_failed(plan, which, otherwise=otherwise)
		return otherwise


def report_failed(plan: Plan, which: str, *, otherwise: bool) -> None:
	"""Report the exception at hand, once an hour, with as what it counts."""
	counts_as = str(otherwise).lower()
	report_once(
		f"Escalation Plan {plan.name}: the {which.replace('_', ' ')} failed, and counts as {counts_as}"
	)


class TicketValues:
	"""The values of many tickets of one DocType, for expressions: an expression's columns are read of all of them at once."""

	def __init__(self, doctype: str, names: Sequence[str], get_doc: Callable[[str], Any]):
		"""`get_doc` reads a whole ticket."""
		self._doctype, self._names, self._get_doc = doctype, names, get_doc
		self._rows: dict[str, dict[str, dict[str, Any]]] = {}

	def of(self, name: str, expression: str) -> dict[str, Any]:
		"""What this ticket holds. Raises DoesNotExistError where it is gone."""
		if expression not in self._rows:
			self._rows[expression] = self._read(expression)
		return self._rows[expression].get(name) or plain_values.of(self._get_doc(name))

	def _read(self, expression: str) -> dict[str, dict[str, Any]]:
		"""{name: values}; {} where columns alone won't do."""
		fields = fields_in(expression)
		hidden = {field for field in fields if not plain_values.readable(self._doctype, field)}
		if not self._names or hidden or not fields <= columns(self._doctype):
			return {}
		wanted = ", ".join(f"`{field}`" for field in sorted({"name", *fields} - {"doctype"}))
		rows = frappe.db.sql(
			f"select {wanted} from `tab{self._doctype}` where `name` in ({placeholders(self._names)})",
			tuple(self._names),
			as_dict=True,
		)
		return {str(row.name): row | {"doctype": self._doctype} for row in rows}


def columns(doctype: str) -> set[str]:
	"""What a DocType keeps in columns of its own table."""
	meta = frappe.get_meta(doctype)
	elsewhere = {df.fieldname for df in meta.fields if df.get("is_virtual")}
	return set(meta.get_valid_columns()) - elsewhere


WHOLE = "*"
"""Stands for the whole ticket."""


@lru_cache(maxsize=1024)
def fields_in(expression: str) -> frozenset[str]:
	"""The fields that it asks for: doc.field, doc["field"] and doc.get("field"); with WHOLE, where it uses `doc` in any
	other way, or can't be parsed.
	"""
	finder = _Fields()
	try:
		finder.visit(expressions.checked(expression))
	except (SyntaxError, expressions.Refused):
		return frozenset({WHOLE})
	return frozenset(finder.found)


def can_be_parsed(expression: str) -> bool:
	"""Whether it is an expression at all; what is none reads nothing, and no plan is saved with it."""
	try:
		return bool(expressions.checked(expression))
	except (SyntaxError, expressions.Refused):
		return False


class _Fields(ast.NodeVisitor):
	def __init__(self) -> None:
		self.found: set[str] = set()

	def visit_Name(self, node: ast.Name) -> None:
		if node.id == "doc":
			self.found.add(WHOLE)

	def visit_Attribute(self, node: ast.Attribute) -> None:
		self._take(node, node.value, node.attr)

	def visit_Subscript(self, node: ast.Subscript) -> None:
		self._take(node, node.value, getattr(node.slice, "value", None))

	def visit_Call(self, node: ast.Call) -> None:
		"""`doc.get("field")` asks for a field; any other method of the ticket may give all of them, whatever its fields are called."""
		called = node.func
		if not (isinstance(called, ast.Attribute) and _is_ticket(called.value)):
			self.generic_visit(node)
			return
		name, *others = node.args or [None]
		field = getattr(name, "value", None)
		if called.attr == "get" and isinstance(field, str):
			self.found.add(field)
		else:
			self.found.add(WHOLE)
			others = node.args
		for other in (*others, *node.keywords):
			self.visit(other)

	def _take(self, node: ast.AST, of: ast.AST, field: Any) -> None:
		if _is_ticket(of) and isinstance(field, str):
			self.found.add(field)
		else:
			self.generic_visit(node)


def _is_ticket(node: ast.AST) -> bool:
	return isinstance(node, ast.Name) and node.id == "doc"
