"""Conditions are evaluated over rows, which are read in sets, as they would be over the document."""

from typing import NoReturn

import frappe
import pytest

from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import conditions
from escalation_mgmt.facts.tickets import Tickets
from tests.scenarios.test_dispatcher import many
from tests.world import World
from tests.world.statements import listened


def test_a_row_is_what_the_document_is(world: World) -> None:
	world.todos_are_tickets()
	for doctype, name in (("HD Ticket", str(world.ticket().name)), ("ToDo", todo())):
		frappe.db.commit()
		whole = frappe.get_doc(doctype, name).as_dict()
		columns = sorted(frappe.get_meta(doctype).get_valid_columns())
		asked = " and ".join(f"doc.{column}" for column in columns)
		read = conditions.TicketValues(doctype, [name], never).of(name, asked)
		assert {column: read[column] for column in columns} == {column: whole[column] for column in columns}


def never(_name: str) -> NoReturn:
	raise AssertionError("the document is read")


def todo() -> str:
	name = frappe.get_doc({"doctype": "ToDo", "description": "x", "priority": "High"}).insert().name
	frappe.db.sql("update `tabToDo` set `date` = null where `name` = %s", (name,))
	return name


@pytest.mark.parametrize(
	("expression", "fields"),
	[
		("doc.subject", {"subject"}),
		("doc['subject'] == doc.get('team', doc.owner)", {"subject", "team", "owner"}),
		("'disk' in (doc.subject or '').lower()", {"subject"}),
		("doc.get(doc.owner)", {conditions.WHOLE, "owner"}),
		("doc.get('name', k=1 if doc.salary > 5 else 1/0)", {conditions.WHOLE}),  # is refused
		("doc.subject.split(sep=doc.owner)", {"subject", "owner"}),
		("doc.items()", {conditions.WHOLE}),
		("[x for x in doc.values() if doc.owner]", {conditions.WHOLE, "owner"}),
		("any(row.get('qty') for row in doc.items)", {"items"}),
		("doc.get('items')[0].keys()", {"items"}),
		("doc.get()", {conditions.WHOLE}),
		("doc.upper(doc.owner)", {conditions.WHOLE, "owner"}),
		("len(doc)", {conditions.WHOLE}),
		("doc[doc.owner]", {conditions.WHOLE, "owner"}),
		("any(x.get('a') for x in doc.rows)", {"rows"}),
		("doc.priority\u00a0== 'High'", {"priority"}),
		("doc.priority ==", {conditions.WHOLE}),
		("1 == 1", set()),
	],
)
def test_the_fields_that_an_expression_asks_for(expression: str, fields: set[str]) -> None:
	assert conditions.fields_in(expression) == fields


@pytest.mark.parametrize("asked", ["doc.roles != []", "doc == doc", "doc.get('role' + 's')"])
def test_what_stands_in_no_column_is_read_with_the_document(world: World, asked: str) -> None:
	read = []

	def document(name: str) -> object:
		read.append(name)
		return frappe.get_doc("User", name)

	values = conditions.TicketValues("User", ["tech@x.test"], document)
	assert conditions.evaluate_condition(asked, values.of("tech@x.test", asked))
	assert read == ["tech@x.test"]


def test_a_ticket_that_is_gone_says_so(world: World) -> None:
	with pytest.raises(frappe.DoesNotExistError):
		key = TicketKey("HD Ticket", "0")
		Tickets([key]).values(key, "doc.subject")


def sweeping(world: World, count: int) -> int:
	"""How many statements a sweep over so many tickets takes, of which a condition takes none."""
	many(world, count)
	with listened() as asked:
		world.sweep()
	assert not world.count_items()
	return len(asked)


def test_a_sweep_with_a_condition_costs_the_same_statements_whatever_its_size(world: World) -> None:
	world.plan((0, "Email"), condition="doc.subject == 'never'")
	sweeping(world, 2)  # what is read once for a process
	assert sweeping(world, 20) == sweeping(world, 5)


def test_a_condition_that_fails_is_reported_once_an_hour(world: World) -> None:
	world.plan((0, "Email"), condition="doc.subject + 1 > 2 if doc.subject else False")
	many(world, 3)
	world.sweep()
	world.expect_error("the condition failed")
	frappe.cache.delete_keys("escalation_reported:")  # an hour later
	world.sweep()
	world.expect_error("the condition failed")
