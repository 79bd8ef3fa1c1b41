"""Who has a ticket: its open ToDos say so, where Frappe's own list of assignees goes stale."""

import json
from typing import Any

import frappe
import pytest
from frappe.desk.form import assign_to

from escalation_mgmt.actions.action import user_as_actor
from escalation_mgmt.actions.hand_over import hand_over
from escalation_mgmt.dispatch.evaluation import evaluate_ticket
from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import assignments
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.storage import action_items
from tests.world import World
from tests.world.doctypes import doctype, name_source
from tests.world.statements import listened

OLD, NEW = "before@x.test", "after@x.test"


@pytest.fixture
def user(world: World) -> Any:
	"""A technician who is renamed, and gone afterwards."""
	make(OLD)
	yield OLD
	frappe.set_user("Administrator")
	frappe.db.rollback()
	for name in (OLD, NEW, "merged@x.test"):
		if frappe.db.exists("User", name):
			frappe.db.delete("ToDo", {"allocated_to": name})
			frappe.delete_doc("User", name, force=True)
	frappe.db.commit()


def make(name: str) -> None:
	if not frappe.db.exists("User", name):
		frappe.get_doc(
			{
				"doctype": "User",
				"email": name,
				"first_name": name.split("@", maxsplit=1)[0].title(),
				"send_welcome_email": 0,
				"roles": [{"role": "Agent"}, {"role": "Escalation Responder"}],
			}
		).insert()
	frappe.db.commit()


def rename(old: str = OLD, new: str = NEW, merge: bool = False) -> None:
	frappe.rename_doc("User", old, new, force=True, merge=merge)
	frappe.db.commit()


def stored(ticket: Any) -> list[str]:
	return json.loads(frappe.db.get_value(ticket.doctype, ticket.name, "_assign") or "[]")


def named(ticket: Any, *users: str) -> None:
	"""By another program: without a ToDo, and past every event."""
	frappe.db.set_value(ticket.doctype, ticket.name, "_assign", json.dumps(users), update_modified=False)
	frappe.db.commit()


def assignees(ticket: Any, **how: Any) -> tuple[str, ...]:
	key = TicketKey(ticket.doctype, str(ticket.name))
	return Tickets([key], **how)[key].assignees


def test_a_renamed_assignee_is_paged(world: World, user: str) -> None:
	world.plan((0, "Email"), (10, "Email"))
	ticket = world.ticket(to=user)
	rename()
	world.forward(10)
	world.expect_email(NEW, ticket.subject)
	world.forward(10)
	world.expect_email(NEW, ticket.subject)


def test_a_rename_before_we_were_there_leaves_a_stale_list_and_still_pages(world: World, user: str) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket(to=user)
	rename()
	named(ticket, OLD)  # as Frappe leaves it
	assert assignees(ticket) == assignees(ticket, lock=True) == (NEW,)
	before = world.kinds(world.item(ticket))
	world.sweep()
	assert world.kinds(world.item(ticket)) == before
	world.forward(10)
	world.expect_email(NEW, ticket.subject)


@pytest.mark.parametrize("with_todo", [True, False])
def test_a_rename_is_no_reassignment_and_nobody_is_told(world: World, user: str, with_todo: bool) -> None:
	world.plan((0, "Email"), (10, "Email"))
	ticket = world.ticket(to=user if with_todo else "")
	if not with_todo:
		named(ticket, user, "lead@x.test")
		evaluate_ticket(TicketKey(ticket.doctype, str(ticket.name)))
	world.forward(10)
	world.inbox.take_all()
	before = world.kinds(world.item(ticket))
	rename()
	world.sweep()
	world.change(ticket, subject="Another subject")
	assert world.kinds(world.item(ticket)) == before
	assert set(stored(ticket)) == ({NEW} if with_todo else {NEW, "lead@x.test"})
	assert json.loads(world.item(ticket).assignees) == list(assignees(ticket))
	world.forward(10)
	world.expect_email(NEW)
	if not with_todo:
		world.expect_email("lead@x.test")


def test_two_users_become_one(world: World, user: str) -> None:
	make("merged@x.test")
	world.plan((0, "Email"), (10, "Email"))
	ticket = world.ticket(to=user)
	assign_to.add({"doctype": ticket.doctype, "name": ticket.name, "assign_to": ["merged@x.test"]})
	frappe.db.commit()
	world.forward(10)
	world.inbox.take_all()
	rename(OLD, "merged@x.test", merge=True)
	world.sweep()
	assert assignees(ticket) == ("merged@x.test",)
	world.forward(10)
	world.expect_email("merged@x.test")


def test_whoever_frappes_list_names_without_a_todo_is_paged_too(world: World) -> None:
	"""An import, or a program that makes no ToDos: Helpdesk shows them as assignees, so they are."""
	world.plan((0, "Email"))
	alone, beside = world.ticket("Alone", to=""), world.ticket("Beside", to="tech@x.test")
	named(alone, "lead@x.test")
	named(beside, "second@x.test", "tech@x.test", "nobody@x.test")
	assert assignees(alone) == ("lead@x.test",)
	assert assignees(beside) == assignees(beside, lock=True) == ("tech@x.test", "second@x.test")
	world.sweep()
	world.forward(10)
	for who, subject in (("lead@x.test", "Alone"), ("tech@x.test", "Beside"), ("second@x.test", "Beside")):
		world.expect_email(who, subject)


def test_a_list_that_is_none_stands_in_nobodys_way_who_has_a_todo(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	for broken in ("{broken", "5", '"tech@x.test"', '{"a": 1}'):
		frappe.db.set_value(ticket.doctype, ticket.name, "_assign", broken, update_modified=False)
		frappe.db.commit()
		assert assignees(ticket) == ("tech@x.test",), broken
	world.forward(10)
	world.expect_email("tech@x.test")


@pytest.mark.parametrize("status", ["Closed", "Cancelled"])
def test_a_todo_that_is_over_assigns_nobody(world: World, status: str) -> None:
	ticket = world.ticket()
	todo = frappe.get_doc("ToDo", {"reference_name": str(ticket.name)})
	todo.update({"status": status}).save()
	frappe.db.commit()
	assert assignees(ticket) == ()


def test_who_is_handed_a_ticket_alone_has_it(world: World) -> None:
	"""Also where it had been assigned past the ToDos, to them or to others."""
	world.plan((0, "Email"), (30, "Email"))
	for had in (("second@x.test", "lead@x.test"), ("lead@x.test",), ()):
		ticket = world.ticket(to="second@x.test")
		named(ticket, *had)
		world.forward(10)
		world.inbox.take_all()
		assert hand_over(
			world.item(ticket).name, "second@x.test", "Sam", user_as_actor("tech@x.test", "Desk")
		).done
		frappe.db.commit()
		assert assignees(ticket) == ("second@x.test",)
		assert stored(ticket) == ["second@x.test"]
		kinds = world.kinds(world.item(ticket))
		world.sweep()
		assert world.kinds(world.item(ticket)) == kinds
		world.tick()
		world.inbox.take_all()
		frappe.db.delete("HD Ticket", {"name": ticket.name})
		world.sweep()
		world.tick()
		world.inbox.take_all()


def test_all_tickets_of_a_set_are_read_at_once(world: World) -> None:
	keys = [TicketKey("HD Ticket", str(world.ticket(f"Ticket {n}").name)) for n in range(4)]

	def asked(of: list[TicketKey]) -> int:
		with listened() as statements:
			Tickets(of)
		return sum("ToDo" in query or "tabUser" in query for query in statements)

	assert asked(keys) == asked(keys[:1]) == 1


def test_what_is_assigned_meanwhile_is_seen_under_a_lock(world: World) -> None:
	"""A snapshot of before has the old ToDo; the locked row has what Frappe has just written."""
	ticket = world.ticket(to="tech@x.test")
	key = TicketKey("HD Ticket", str(ticket.name))
	row = frappe._dict(name=ticket.name, _assign=json.dumps(["lead@x.test"]))
	assert assignments.read("HD Ticket", [row], locked=True) == {key.name: ["lead@x.test"]}
	assert assignments.read("HD Ticket", [row]) == {key.name: ["tech@x.test", "lead@x.test"]}


def test_a_ticket_of_another_doctype_has_assignees_too(world: World, user: str) -> None:
	fields = [{"fieldname": name, "fieldtype": "Data"} for name in ("subject", "priority", "status")]
	with doctype("Other Ticket", fields) as kind:
		name_source(kind, subject_field="subject", priority_field="priority", status_field="status")
		world.plan((0, "Email"), reference_doctype=kind)
		doc = frappe.get_doc({"doctype": kind, "subject": "Leak", "priority": "High"}).insert()
		world.assign(doc, user)
		rename()
		world.forward(10)
		world.expect_email(NEW, "Leak")
		assert action_items.read([world.item(doc).name])[0].item.assignees == (NEW,)
