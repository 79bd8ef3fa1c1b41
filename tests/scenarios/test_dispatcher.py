"""Scenarios 10 and 31: many dispatchers at once, and one row of a set that can't be processed."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import frappe
import pytest

from escalation_mgmt import delivery
from escalation_mgmt.actions.snooze import snooze
from escalation_mgmt.dispatch import dispatcher, monitor
from escalation_mgmt.engine import Actor
from escalation_mgmt.storage import action_items, decisions
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ITEM, PLAN_VERSION
from tests import children
from tests.world import PAGER, World
from tests.world.statements import listened

pytestmark = pytest.mark.one_database("mariadb")

FRAPPES = ("creation", "modified", "owner", "modified_by", "docstatus")
ROOT = Path(__file__).resolve().parent.parent.parent


def many(world: World, count: int) -> list[str]:
	"""That many action items due now, on tickets inserted in one go."""
	stamp = frappe.utils.now()
	tickets = []
	first = world.ticket("first")
	for number in range(count - 1):
		doc = frappe.copy_doc(first, ignore_no_copy=False)
		doc.update(
			{
				"subject": f"ticket {number}",
				"priority": "High",
				"_assign": '["tech@x.test"]',
				"creation": stamp,
			}
		)
		tickets.append(doc.insert())
		frappe.db.set_value("HD Ticket", doc.name, "_assign", '["tech@x.test"]', update_modified=False)
	frappe.db.commit()
	return [str(ticket.name) for ticket in (first, *tickets)]


def test_31_one_bad_row_is_parked_and_the_others_go_out(world: World) -> None:
	world.plan((0, "Email"))
	tickets = many(world, 12)
	bad = frappe.get_all(ITEM, filters={"reference_name": tickets[5]}, pluck="name", order_by="name")[0]
	frappe.db.set_value(ITEM, bad, "assignees", "{broken", update_modified=False)
	world.forward(10)
	for _other in range(11):
		world.expect_email("tech@x.test")
	world.expect_error(f"{bad} can't be processed")
	item = frappe.get_doc(ITEM, bad)
	assert item.parked and (item.due_utc - world.now).total_seconds() == 300
	assert "Set aside" in world.lines(item)
	world.forward(5)
	world.expect_error(f"{bad} can't be processed")
	frappe.db.set_value(ITEM, bad, "assignees", "[]", update_modified=False)
	assert monitor.health(timedelta(minutes=4)).steps_overdue == 1, (
		"what can't be processed is overdue all the same"
	)
	world.forward(5)
	world.expect_email("tech@x.test")
	assert not frappe.get_doc(ITEM, bad).parked
	message = world.messages(item)[0]
	assert message.planned_utc == world.start + timedelta(minutes=10)
	assert "(10m late)" in world.lines(item)


def test_31_what_is_snoozed_before_it_can_be_set_aside_is_not(world: World, monkeypatch) -> None:
	world.plan((0, "Email"), (1, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	park = decisions.park

	def park_too_late(name: str, *why_and_when: Any) -> bool:
		assert snooze(name, str(clock.to_site(world.now + timedelta(hours=1))), Actor(name="Tina")).done
		frappe.db.commit()
		return park(name, *why_and_when)

	with monkeypatch.context() as broken:
		broken.setattr(dispatcher, "run_due", fails(RuntimeError("for a moment")))
		broken.setattr(decisions, "park", park_too_late)
		world.forward(1)
	item = world.item(ticket)
	world.expect_error(f"{item.name} can't be processed")
	assert item.status == "Snoozed" and not item.parked
	world.forward(60)
	world.expect_email("lead@x.test")


def test_31_what_others_hold_is_for_the_next_tick(world: World, monkeypatch) -> None:
	world.plan((0, "Email"))
	world.ticket()
	with monkeypatch.context() as held:
		held.setattr(dispatcher, "run_due", fails(rows.Conflict("somebody else has it")))
		world.forward(10)
		assert dispatcher.tick() == 0
	assert dispatcher.tick() == 1
	world.expect_email("tech@x.test")


def fails(error: Exception) -> Callable[..., NoReturn]:
	def run(*_args: object) -> NoReturn:
		raise error

	return run


def test_a_renamed_ticket_keeps_its_item(world: World) -> None:
	world.todos_are_tickets()
	world.plan((0, "Email", "User", "lead@x.test"), reference_doctype="ToDo")
	todo = frappe.get_doc({"doctype": "ToDo", "description": "x", "priority": "High"}).insert()
	before = world.item(todo)
	todo.name = frappe.rename_doc("ToDo", todo.name, f"{todo.name}-2", force=True)
	world.sweep()
	assert world.item(todo).name == before.name
	world.forward(10)
	world.expect_email("lead@x.test")


@pytest.mark.parametrize("followed", [True, False], ids=["followed by Frappe", "not followed"])
def test_of_two_tickets_that_are_merged_one_goes_on(
	world: World, monkeypatch: pytest.MonkeyPatch, followed: bool
) -> None:
	"""Frappe follows by itself only those links that it has seen being inserted."""
	followed_by_frappe = [frappe._dict(parent=ITEM, fieldname="reference_name", options="reference_doctype")]
	links = {"ToDo": followed_by_frappe} if followed else {}
	monkeypatch.setattr("frappe.model.rename_doc.get_dynamic_link_map", lambda: links)
	world.todos_are_tickets()
	world.plan((0, "Email", "User", "lead@x.test"), reference_doctype="ToDo")
	first, second = (
		frappe.get_doc({"doctype": "ToDo", "description": "x", "priority": "High"}).insert()
		for _n in range(2)
	)
	items = [world.item(first).name, world.item(second).name]
	frappe.rename_doc("ToDo", first.name, second.name, force=True, merge=True)
	frappe.db.commit()
	world.sweep()
	assert [frappe.db.get_value(ITEM, item, "status") for item in items] == ["Cancelled", "Scheduled"]
	world.forward(10)
	world.expect_email("lead@x.test")


def test_31_the_other_499_go_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	"""A whole set: one row that can't be read, one of whose messages can't be rendered, 498 that can.

	The bad one is found by halves: a transaction for each of the others would hold them up for seconds.
	"""
	world.endpoint()
	world.plan((0, "HTTP POST", "Endpoint", PAGER), message="{{ 1 / ticket.subject | length }}")
	tickets = copies(world, dispatcher.SET)
	unreadable, unrendered = tickets[250], tickets[251]
	frappe.db.set_value("HD Ticket", unreadable, "_assign", "{broken", update_modified=False)
	frappe.db.set_value("HD Ticket", unrendered, "subject", "", update_modified=False)
	bad = frappe.db.get_value(ITEM, {"reference_name": unreadable})
	claims: list[int] = []
	claim = action_items.claim_due
	monkeypatch.setattr(action_items, "claim_due", lambda *a, **k: claims.append(a[1]) or claim(*a, **k))
	world.forward(10)
	# The set, two for each of nine halvings, and one that finds nothing left.
	assert len(claims) <= 20, claims
	world.expect_error(f"{bad} can't be processed")
	world.expect_error("a message can't be rendered")
	paged = [world.inbox.expect(method="HTTP POST").body["ticket"] for _other in range(499)]
	assert sorted(map(str, paged)) == sorted(set(tickets) - {unreadable})
	world.expect_email("owner@x.test", "can't be processed")
	frappe.db.commit()
	assert frappe.db.count(ITEM, {"parked": ("is", "set")}) == 1


def copies(world: World, count: int) -> list[str]:
	"""That many tickets that nothing announced, and the items that the sweep opens for them."""
	names = unannounced(world, count)
	world.sweep()
	return names


def unannounced(world: World, count: int) -> list[str]:
	"""That many tickets, of which only the first was announced."""
	first = world.ticket("first")
	row = frappe.db.sql("select * from `tabHD Ticket` where `name` = %s", (first.name,), as_dict=True)[0]
	number = isinstance(row.name, int)
	names = [row.name + n if number else f"{row.name}-{n}" for n in range(1, count)]
	columns = [column for column in row if column not in ("name", *FRAPPES)]
	rows.insert_all("HD Ticket", [{"name": name, **{c: row[c] for c in columns}} for name in names])
	frappe.db.commit()
	return [str(name) for name in (first.name, *names)]


def test_31_a_message_of_a_plan_that_is_broken_stops_no_other(world: World) -> None:
	"""In the same batch: one whose plan can't be read, one whose ticket can't, and one of a sound plan."""
	world.todos_are_tickets()
	broken = world.plan((0, "Email", "User", "lead@x.test"), title="Broken", priorities=["Urgent"])
	world.plan((0, "Email", "User", "second@x.test"), title="Tasks", reference_doctype="ToDo")
	world.plan((0, "Email"), title="Sound")
	todo = frappe.get_doc({"doctype": "ToDo", "description": "Fans", "priority": "High"}).insert()
	urgent, sound = world.ticket("Disk", priority="Urgent"), world.ticket("Power")
	world.wait(10)
	assert dispatcher.tick(lambda: None) == 3  # decided, and not sent yet
	frappe.db.set_value(PLAN_VERSION, broken.plan_version, "content", "{broken", update_modified=False)
	frappe.db.set_value("Escalation Ticket Source", {"reference_doctype": "ToDo"}, "priority_field", "gone")
	settings_changed()
	assert delivery.deliver() == 3
	world.expect_email("tech@x.test", "Power")
	world.expect_email("second@x.test", "Fans")  # as its item remembers it
	world.expect_error("can't be rendered")
	states = {str(doc.name): world.messages(world.item(doc))[0].status for doc in (urgent, sound, todo)}
	assert states == {str(urgent.name): "Failed", str(sound.name): "Sent", str(todo.name): "Sent"}


def settings_changed() -> None:
	frappe.db.commit()
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")


def test_10_without_a_worker_the_scheduled_job_sweeps(world: World) -> None:
	world.plan((0, "Email"))
	frappe.db.set_single_value("Escalation Settings", "dispatch_in_worker", 1)
	settings_changed()
	try:
		tickets = unannounced(world, 3)
		monitor.worker_ticked()
		dispatcher.scheduled()
		assert world.count_items() == 1
		frappe.cache.delete_value(monitor.WORKER)  # it is forgotten soon
		dispatcher.scheduled()
		assert world.count_items() == len(tickets)
	finally:
		frappe.db.set_single_value("Escalation Settings", "dispatch_in_worker", 0)
		settings_changed()


def test_31_a_ticket_doctype_that_nobody_can_read_any_more(world: World) -> None:
	"""One plan's tickets can't be read at all: the other plan's go out."""
	world.todos_are_tickets()
	world.plan((0, "Email", "User", "lead@x.test"), title="Tasks", reference_doctype="ToDo")
	world.plan((0, "Email"), title="Tickets")
	todo = frappe.get_doc({"doctype": "ToDo", "description": "x", "priority": "High"}).insert()
	item = world.item(todo)
	world.ticket(to="tech@x.test")
	settings = frappe.get_doc("Escalation Settings")
	settings.sources = []
	settings.save()
	world.forward(10)
	world.expect_email("tech@x.test")
	for name in frappe.get_all(ITEM, filters={"reference_doctype": "ToDo"}, pluck="name", order_by="name"):
		world.expect_error(f"{name} can't be processed")
		world.expect_email("owner@x.test", "can't be processed")
	assert "Name the fields of ToDo" in world.lines(item)


@pytest.mark.parametrize("dispatchers", [8])
def test_10_eight_dispatchers_one_claim(world: World, dispatchers: int) -> None:
	world.endpoint()
	world.plan((0, "Email"), (0, "HTTP POST", "Endpoint", "Pager"))
	tickets = many(world, 6)
	world.wait(10)
	with ExitStack() as running:
		started = [running.enter_context(children.dispatching(world)) for _dispatcher in range(dispatchers)]
		for child in started:
			child.say()
		assert sum(child.hear() for child in started) == len(tickets)
	dispatcher.tick()  # what the last of them left, if it saw another's claim
	for _ticket in tickets:
		world.expect_email("tech@x.test")
		world.expect_page()
	frappe.db.commit()
	for name in tickets:
		item = frappe.get_doc(ITEM, {"reference_name": name})
		kinds = world.kinds(item)
		assert kinds.count("Step Ran") == 2 and kinds.count("Sent") == 2
		assert [m.attempts for m in world.messages(item)] == [1, 1]


def test_8_what_the_sweep_cannot_read_stops_no_other(world: World) -> None:
	world.plan((0, "Email"))
	tickets = many(world, 3)
	bad = frappe.get_all(ITEM, filters={"reference_name": tickets[1]}, pluck="name", order_by="name")[0]
	frappe.db.set_value(ITEM, bad, "assignees", "{broken", update_modified=False)
	for ticket in (tickets[0], tickets[2]):
		frappe.db.set_value("HD Ticket", ticket, {"is_merged": 1, "merged_with": "1"})  # no document event
	world.sweep()
	world.expect_error(f"{bad} can't be followed")
	states = [frappe.db.get_value(ITEM, {"reference_name": ticket}, "status") for ticket in tickets]
	assert states == ["Cancelled", "Scheduled", "Cancelled"]


def test_8_many_save_tickets_at_once(world: World) -> None:
	world.plan((0, "Email"))
	with ExitStack() as running:
		savers = [children.Child(children.log_tickets, children.where(world), 10) for _saver in range(4)]
		for child in savers:
			running.enter_context(child)
			assert child.hear() == "ready"
		for child in savers:
			child.say()
		assert [child.hear() for child in savers] == [10] * 4
	assert world.count_items() == 40


def test_a_cycle_in_which_nothing_is_due_asks_little(world: World) -> None:
	"""Whatever waits: whether it may send, what is due, and when the next is."""
	world.plan((0, "Email"))
	many(world, 3)
	world.tick()
	with listened() as asked:
		dispatcher.tick()
		assert 0 < dispatcher.pause() <= dispatcher.LONGEST_SLEEP
	assert len([query for query in asked if "select" in query.lower()]) == 3
