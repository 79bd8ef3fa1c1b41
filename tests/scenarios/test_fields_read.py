"""What a condition or a template is said to read is all that it reads: asked of its evaluation, not of its text."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import frappe
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from escalation_mgmt.delivery.messages import TicketView
from escalation_mgmt.engine import Ticket
from escalation_mgmt.facts import conditions
from escalation_mgmt.preflight import rights
from escalation_mgmt.utils import templating
from tests.world import World
from tests.world.doctypes import doctype, name_source

pytestmark = pytest.mark.one_database

MANAGER = "owner@x.test"
FIELDS = ("subject", "salary", "items", "values", "keys", "get", "note", "strip")
VALUES = {
	"subject": "Disk",
	"salary": 5000,
	"items": [{"salary": 1, "items": "a"}],
	"values": "ab",
	"keys": 0,
	"get": "salary",
	"note": "",
	"strip": None,
}


class Noting(dict[str, Any]):
	"""A ticket's values, which note what is read of them."""

	def __init__(self, values: dict[str, Any]):
		super().__init__(values)
		self.read: set[str] = set()

	def get(self, key: str, default: Any = None) -> Any:
		self.read.add(key)
		return super().get(key, default)

	def __getitem__(self, key: str) -> Any:
		self.read.add(key)
		return super().__getitem__(key)

	def items(self) -> Any:
		return self._noted("items")

	def values(self) -> Any:
		return self._noted("values")

	def keys(self) -> Any:
		return self._noted("keys")

	def __iter__(self) -> Iterator[str]:
		return self._noted("__iter__")

	def __eq__(self, other: object) -> bool:
		return self._noted("__eq__", other)

	def __repr__(self) -> str:
		return self._noted("__repr__")

	def _noted(self, of: str, *given: Any) -> Any:
		self.read.update(dict.keys(self))
		return getattr(dict, of)(self, *given)

	__hash__ = None  # type: ignore[assignment]


def shapes(name: str, keyed: str) -> st.SearchStrategy[str]:
	"""Expressions over a ticket: what its fields are called is what a dict's methods are, too."""
	field = st.sampled_from(FIELDS)
	whole = st.sampled_from([name, f"[{name}]", f"{name}.items()", f"{name}.values()", f"{name}.keys()"])
	atom = st.one_of(
		st.builds((name + ".{}").format, field),
		st.builds((name + "['{}']").format, field),
		st.builds((name + ".get('{}')").format, field),
		st.builds((name + ".get({0}.{1})").format, st.just(name), field),
		whole,
		st.sampled_from(["1", "'salary'", "[]", "0"]),
	)

	def larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
		return st.one_of(
			st.builds((name + ".get('{}', {})").format, field, smaller),
			st.builds((name + ".get('{}', k={})").format, field, smaller),
			st.builds((name + ".get(key={})").format, smaller),
			st.builds((name + ".{}({})").format, field, smaller),
			st.builds((name + "[{}]").format, smaller),
			st.builds("({} if {} else {})".format, smaller, smaller, smaller),
			st.builds(
				"({} {} {})".format, smaller, st.sampled_from(["==", "in", "and", "or", "+", "%"]), smaller
			),
			st.builds("{}.{}({})".format, smaller, st.sampled_from(["split", "get", "strip"]), smaller),
			st.builds("{}.split(sep={})".format, smaller, smaller),
			st.builds("{}.{}".format, smaller, field),
			st.builds("{}[0]".format, smaller),
			st.builds("[{}, {}]".format, smaller, smaller),
			*([st.builds(keyed.format, smaller, smaller)] if keyed else []),
		)

	return st.recursive(atom, larger, max_leaves=6)


_without = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(suppress_health_check=_without, max_examples=400)
@given(expression=shapes("doc", "[{} for doc in {}]"))
@example("doc.get('note', k=1 if doc.salary > 5 else 1/0)")
@example("doc.items()")
@example("doc.get('salary', doc.note)")
@example("doc.subject.split(sep=doc.get)")
@example("doc.values()[0]")
def test_a_condition_reads_no_field_but_those_it_is_said_to(world: World, expression: str) -> None:
	ticket = Noting(VALUES)
	with suppress(Exception):  # what was read until then may be told by how it ended
		conditions.evaluate_condition(expression, ticket)
	said = conditions.fields_in(expression)
	assert conditions.WHOLE in said or ticket.read <= said, expression


@settings(suppress_health_check=_without, max_examples=400)
@given(
	expression=shapes("ticket", ""),
	form=st.sampled_from(
		[
			"{{ %s }}",
			"{%% if %s %%}x{%% endif %%}",
			"{%% set t = %s %%}{{ t }}{{ t.salary }}{{ t.items() }}",
			"{%% for t in %s %%}{{ t }}{{ t.salary }}{%% endfor %%}",
			"{{ [%s] | map(attribute='salary') | list }}",
		]
	),
)
@example("ticket.items()", "{{ %s }}")
@example("ticket.items", "{%% set t = %s %%}{{ t() }}")
@example("ticket.get('salary')", "{{ %s }}")
def test_a_template_reads_no_field_but_those_it_is_said_to(world: World, expression: str, form: str) -> None:
	template = form % expression
	read = Noting(VALUES)
	view = TicketView(Ticket(doctype="", name="7", subject="Disk"), doc=read)
	with suppress(Exception):
		templating.render(template, {"ticket": view})
	said = templating.fields_in(template, "ticket")
	assert templating.WHOLE in said or read.read <= said | {"subject"}, template


def test_a_table_called_as_a_dicts_method_gives_no_more_than_itself(world: World) -> None:
	"""`items` is what ERPNext's commonest table is called."""
	part = [{"fieldname": "label", "fieldtype": "Data"}]
	parts = [
		{"fieldname": "subject", "fieldtype": "Data"},
		{"fieldname": "priority", "fieldtype": "Data"},
		{"fieldname": "status", "fieldtype": "Data"},
		{"fieldname": "salary", "fieldtype": "Int", "permlevel": 1},
		{"fieldname": "items", "fieldtype": "Table", "options": "Bill Part"},
	]
	reads = {"role": "Escalation Manager", "read": 1}
	with doctype("Bill Part", part, istable=1), doctype("Bill", parts, permissions=[reads]) as kind:
		name_source(kind, subject_field="subject", priority_field="priority", status_field="status")
		frappe.set_user(MANAGER)
		plan = frappe.new_doc("Escalation Plan")
		plan.reference_doctype = kind
		for condition, refused in (
			("any(row.label == 'a' for row in doc.items)", False),
			("len(doc.get('items')) > 1", False),
			("any(5 in pair for pair in doc.items())", True),
			("5000 in doc.values()", True),
			("doc.get('subject', doc.salary)", True),
		):
			plan.condition = condition
			assert bool(rights.problems(plan)) == refused, condition
		plan.condition = ""
		for message, refused in (
			("{% for row in ticket.items %}{{ row.label }}{% endfor %}", False),
			("{{ ticket.items() }}", True),
			("{{ ticket.salary }}", True),
		):
			plan.message = message
			assert bool(rights.problems(plan)) == refused, message
		frappe.set_user("Administrator")


@pytest.mark.parametrize(
	"expression",
	[
		"doc.get('note', k=1 / doc.keys)",
		"doc.get(key='note')",
		"[row for row in doc.items if row.get('a', default=1)]",
	],
)
def test_names_are_given_to_no_method_of_a_dict(world: World, expression: str) -> None:
	with pytest.raises(conditions.expressions.Refused):
		conditions.evaluate_condition(expression, dict(VALUES))
	template = "{% for row in ticket.items %}{{ row.get('salary', default=1) }}{% endfor %}"
	with pytest.raises(conditions.expressions.Refused):
		templating.render(
			template, {"ticket": TicketView(Ticket(doctype="", name="7", subject=""), doc=VALUES)}
		)
