"""A field that a source names is deleted, or its DocType stops keeping it, while an escalation runs."""

from collections.abc import Iterator
from typing import Any

import frappe
import pytest

from escalation_mgmt.facts import sources
from escalation_mgmt.preflight import readiness
from tests.world import World
from tests.world.doctypes import doctype, name_source

KIND, NUMBER = "Lost Ticket", "+4915112345602"
STEPS = (0, "Email", "User", "tech@x.test"), (10, "SMS", "User", "tech@x.test")
WHAT = {
	"priority_field": "P1", "team_field": "Blue", "type_field": "Fire", "customer_field": "Acme", "status_field": "Open",
	"subject_field": "Water", "response_by_field": None, "first_response_field": None,
}  # fmt: skip


@pytest.fixture
def kind(world: World) -> Iterator[str]:
	names = [*WHAT, "note"]
	fields = [
		{"fieldname": f"its_{name}", "fieldtype": "Data" if WHAT.get(name, "") is not None else "Datetime"}
		for name in names
	]
	with doctype(KIND, fields) as name:
		name_source(
			name,
			**{column: f"its_{column}" for column in WHAT},
			resolved_statuses="Done",
		)
		yield name


def lose(fieldname: str) -> None:
	kind = frappe.get_doc("DocType", KIND)
	kind.fields = [field for field in kind.fields if field.fieldname != fieldname]
	kind.save()
	frappe.db.commit()


@pytest.mark.one_database("mariadb")
@pytest.mark.parametrize("drops", [False, True], ids=["kept", "dropped"])
@pytest.mark.parametrize("column", WHAT)
def test_no_escalation_ends_by_a_field_that_is_lost(
	world: World, kind: str, column: str, drops: bool
) -> None:
	world.contact("tech@x.test", NUMBER)
	asked = {sources.FIELDS[c]: WHAT[c] for c in ("team_field", "type_field", "customer_field")}
	world.plan(
		*STEPS,
		reference_doctype=kind,
		priorities=["P1"],
		window=10,
		**asked,
	)
	ticket = frappe.get_doc(
		{"doctype": kind, **{f"its_{name}": value for name, value in WHAT.items() if value}}
	).insert()
	frappe.db.commit()
	item = world.item(ticket)
	assert item.status == "Scheduled"

	lose(f"its_{column}")
	if drops:  # `bench trim-tables`, or somebody by hand
		frappe.db.sql_ddl(f"alter table `tab{kind}` drop column `its_{column}`")
	world.sweep()
	frappe.get_doc(kind, ticket.name).save()
	frappe.db.commit()
	assert world.item(ticket).status == "Scheduled"

	world.forward(10)
	world.expect_email("tech@x.test")
	world.sweep()
	world.forward(10)
	world.expect_sms(NUMBER)
	assert world.item(ticket).status == "Escalating"
	said = [f for f in readiness.findings() if f"its_{column}" in f.problem]
	assert said, [f.problem for f in readiness.findings()]


def test_nothing_opens_for_old_tickets_while_nobody_knows_which_are_closed(world: World, kind: str) -> None:
	def logged(**values: str) -> Any:
		doc = frappe.get_doc({"doctype": kind, "its_priority_field": "P1", **values}).insert()
		frappe.db.commit()
		return doc

	def items(ticket: Any) -> int:
		return frappe.db.count("Escalation Action Item", {"reference_name": ticket.name})

	closed = logged(its_status_field="Done")
	world.plan(*STEPS, reference_doctype=kind, priorities=["P1"], window=60)
	closed_since = logged(its_status_field="Done")
	answered = logged(its_status_field="Open")
	answered.update({"its_status_field": "Done"}).save()
	frappe.db.commit()

	field = frappe.get_doc("DocType", kind).get("fields", {"fieldname": "its_status_field"})[0].as_dict()
	lose("its_status_field")
	for ticket in (closed, closed_since, answered):
		ticket.reload().save()
	frappe.db.commit()
	new = logged()
	for _time in range(2):
		world.sweep()
		assert [items(ticket) for ticket in (closed, closed_since, answered, new)] == [0, 0, 1, 1]
		found = frappe.get_doc("DocType", kind)
		if _time == 0:
			found.append("fields", {key: field[key] for key in ("fieldname", "fieldtype", "label")})
			found.save()
			frappe.db.commit()
	assert world.item(new).status == "Scheduled" and world.item(answered).status == "Resolved"
