"""Conditions are evaluated over rows, which are read in sets, as they would be over the document."""

import frappe
import pytest
from frappe.database.database import Database

from escalation_mgmt import conditions
from escalation_mgmt.tickets import Tickets
from tests.scenarios.test_dispatcher import many
from tests.world import World


def test_a_row_is_what_the_document_is(world: World) -> None:
	world.todos_are_tickets()
	for key in (("HD Ticket", str(world.ticket().name)), ("ToDo", todo())):
		frappe.db.commit()
		seen, whole = Tickets([key]).values(key, "doc.priority"), frappe.get_doc(*key).as_dict()
		columns = frappe.get_meta(key[0]).get_valid_columns()
		assert {column: seen[column] for column in columns} == {column: whole[column] for column in columns}
		assert seen["doctype"] == key[0]


def todo() -> str:
	name = frappe.get_doc({"doctype": "ToDo", "description": "x", "priority": "High"}).insert().name
	frappe.db.sql("update `tabToDo` set `date` = null where `name` = %s", (name,))
	return name


def test_an_empty_number_counts_as_0(world: World) -> None:
	fields = [df for df in frappe.get_meta("HD Ticket").fields if df.fieldtype in ("Int", "Float", "Check")]
	row = {"subject": None, **{df.fieldname: None for df in fields}}
	seen = conditions.as_document("HD Ticket", row)
	assert fields and seen["subject"] is None
	assert all(conditions.condition_holds(f"doc.{df.fieldname} < 1", seen) for df in fields)


@pytest.mark.parametrize("asked", ["doc.roles", "len(doc['roles'])", "any(doc.get('roles'))"])
def test_what_stands_in_other_tables_is_read_with_the_document(world: World, asked: str) -> None:
	assert conditions.needs_document("User", asked)
	assert not conditions.needs_document("User", "doc.enabled and doc.email != 'guest'")


def test_a_child_table_can_be_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(conditions, "needs_document", lambda _doctype, asked: "children" in asked)
	key = ("HD Ticket", str(world.ticket().name))
	read = Tickets([key])
	read.values(key, "doc.priority")
	assert key not in read._docs
	read.values(key, "doc.children")
	assert key in read._docs


def sweeping(world: World, monkeypatch: pytest.MonkeyPatch, count: int) -> int:
	"""How many statements a sweep over so many tickets takes, of which a condition takes none."""
	many(world, count)
	asked: list[str] = []
	sql = Database.sql
	with monkeypatch.context() as patch:
		patch.setattr(Database, "sql", lambda self, *a, **k: asked.append(str(a[0])) or sql(self, *a, **k))
		world.sweep()
	assert not world.count_items()
	return len(asked)


def test_a_sweep_with_a_condition_costs_the_same_statements_whatever_its_size(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	world.plan((0, "Email"), condition="doc.subject == 'never'")
	sweeping(world, monkeypatch, 2)  # what is read once for a process
	assert sweeping(world, monkeypatch, 20) == sweeping(world, monkeypatch, 5)


def test_a_condition_that_fails_is_reported_once_an_hour(world: World) -> None:
	world.plan((0, "Email"), condition="doc.subject + 1 > 2 if doc.subject else False")
	many(world, 3)
	world.sweep()
	world.expect_error("the condition failed")
	frappe.cache.delete_keys("escalation_reported:")  # an hour later
	world.sweep()
	world.expect_error("the condition failed")
