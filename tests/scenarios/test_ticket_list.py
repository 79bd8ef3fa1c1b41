"""What lists of tickets show of an escalation: columns of the ticket itself, chosen and filtered like any other."""

import os
import signal
from datetime import timedelta
from typing import Any

import frappe
import pytest
import requests

from escalation_mgmt.operations import ticket_columns
from escalation_mgmt.patches.v0_1 import exhausted_tickets
from escalation_mgmt.storage import ticket_list
from escalation_mgmt.storage.ticket_list import COLUMNS, DUE, STATUS, STEP
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from tests import children
from tests.held import held
from tests.scenarios.test_crash import killed
from tests.world import World, needs

TECH, LEAD, CUSTOMER = "tech@x.test", "lead@x.test", "customer@x.test"
NOTHING = ("", "", None)
POISON = {STATUS: "Snoozed", STEP: "9/9", DUE: "2020-01-01 00:00:00"}


def shown(ticket: Any) -> tuple[str, str, Any]:
	"""The columns of a ticket, as the database has them now."""
	frappe.db.rollback()
	row = frappe.db.get_value(ticket.doctype, ticket.name, COLUMNS, as_dict=True)
	return row[STATUS] or "", row[STEP] or "", frappe.utils.get_datetime(row[DUE]) if row[DUE] else None


def spoil(ticket: Any, **values: Any) -> None:
	"""Somebody writes past every document event."""
	frappe.db.set_value(ticket.doctype, ticket.name, values or POISON, update_modified=False)
	frappe.db.commit()


def stamps(ticket: Any) -> tuple:
	return frappe.db.get_value("HD Ticket", ticket.name, ["modified", "modified_by", "_seen"])


def in_minutes(world: World, minutes: float) -> Any:
	return clock.to_site(world.now + timedelta(minutes=minutes)).replace(microsecond=0)


def exhausted(world: World, *steps: tuple, **more: Any) -> Any:
	"""A ticket whose plan has run out; the messages are taken."""
	world.plan(*(steps or ((0, "Email"),)), **more)
	ticket = world.ticket()
	world.forward(10)
	world.forward(30)
	world.inbox.take_all()
	assert shown(ticket) == ("Exhausted", "1/1", None)
	return ticket


def test_the_columns_follow_an_escalation_through_its_life(world: World) -> None:
	world.plan((0, "Email"), (30, "Email"))
	ticket = world.ticket()
	before = stamps(ticket)
	assert shown(ticket) == ("Scheduled", "", in_minutes(world, 10))
	world.forward(10)
	assert shown(ticket) == ("Escalating", "1/2", in_minutes(world, 30))
	assert frappe.get_list("HD Ticket", filters={STATUS: "Escalating"}, pluck="name") == [ticket.name]
	soon = {DUE: ("<", in_minutes(world, 31)), STEP: ("like", "1/%")}
	assert frappe.get_list("HD Ticket", filters=soon, pluck="name", order_by=f"{DUE} asc") == [ticket.name]
	world.forward(30)
	assert shown(ticket) == ("Escalating", "2/2", in_minutes(world, 30))
	world.forward(30)
	assert shown(ticket) == ("Exhausted", "2/2", None)
	assert stamps(ticket) == before, "nobody has changed the ticket"
	assert not frappe.db.count("Version", {"docname": str(ticket.name), "ref_doctype": "HD Ticket"})
	world.inbox.take_all()
	world.reply(ticket)
	assert shown(ticket) == NOTHING, "somebody has answered"
	world.sweep()
	assert shown(ticket) == NOTHING


def test_what_people_do_is_shown_at_once(world: World) -> None:
	world.plan((0, "Email"), (30, "Email"))
	ticket = world.ticket()
	world.forward(10)
	link = world.expect_email(TECH).links[0]
	assert world.post(link).ok
	assert shown(ticket) == ("Acknowledged", "1/2", None)
	world.change(ticket, status="Closed")
	assert shown(ticket) == NOTHING
	other = world.ticket("Another")
	world.change(other, priority="Low")
	assert shown(other) == NOTHING, "no plan matches: cancelled"
	world.inbox.take_all()


def test_an_exhausted_ticket_is_shown_until_nobody_needs_to_look(world: World) -> None:
	ticket = exhausted(world)
	world.sweep()
	assert shown(ticket) == ("Exhausted", "1/1", None)
	# Past every document event, as Helpdesk does it now and then.
	frappe.db.set_value("HD Ticket", ticket.name, {"status": "Closed", "status_category": "Resolved"})
	frappe.db.commit()
	world.sweep()
	assert shown(ticket) == NOTHING
	assert not frappe.db.get_value(ITEM, {"reference_name": str(ticket.name)}, "exhausted_ticket")


def test_a_late_acknowledgement_takes_the_place_of_exhausted(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.forward(10)
	link = world.expect_email(TECH).links[0]
	world.forward(30)
	world.inbox.take_all()
	assert world.post(link).ok
	assert shown(ticket) == ("Acknowledged", "1/1", None)
	world.inbox.take_all()


def test_many_exhausted_items_are_looked_at_in_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	from escalation_mgmt.dispatch import sweep

	monkeypatch.setattr(sweep, "BATCH", 1)
	monkeypatch.setattr(sweep, "EXHAUSTED", 2)
	world.plan((0, "Email"))
	many = [world.ticket(f"Outage {n}") for n in range(3)]
	world.forward(10)
	world.forward(30)
	world.inbox.take_all()
	frappe.db.sql("update `tabHD Ticket` set `status` = 'Closed', `status_category` = 'Resolved'")
	frappe.db.commit()
	world.sweep()
	assert [shown(ticket)[0] for ticket in many].count("Exhausted") == 1, "two of them, and the next later"
	world.sweep()
	world.sweep()
	assert {shown(ticket) for ticket in many} == {NOTHING}


@pytest.mark.parametrize("how", ["before", "with"])
def test_a_save_of_an_older_copy_brings_no_old_value_back(world: World, how: str) -> None:
	"""Read before a step ran, saved after it; or the saver says so on purpose."""
	world.plan((0, "Email"), (30, "Email"))
	ticket = world.ticket()
	older = frappe.get_doc("HD Ticket", ticket.name)
	world.forward(10)
	world.expect_email(TECH)
	now = shown(ticket)
	older.subject = "Changed"
	if how == "with":
		older.update(POISON)
	older.save(ignore_version=False)
	frappe.db.commit()
	assert shown(ticket) == now and now[0] == "Escalating"
	changes = frappe.get_all("Version", {"docname": str(ticket.name)}, pluck="data", order_by="name")
	assert changes and not any(STATUS in change for change in changes)


def test_a_new_ticket_has_nothing_of_what_it_was_made_of(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email(TECH)
	ticket.reload()
	copies = [frappe.copy_doc(ticket, ignore_no_copy=True), frappe.new_doc("HD Ticket")]
	copies[1].update({"subject": "Imported", "raised_by": CUSTOMER, **POISON})
	for copy in copies:
		copy.priority = "Low"
		copy.insert()
	frappe.db.commit()
	assert {shown(copy) for copy in copies} == {NOTHING}


def test_a_name_that_is_given_again_shows_nothing_of_the_first(world: World) -> None:
	ticket = exhausted(world)
	name = ticket.name
	frappe.db.sql("delete from `tabHD Ticket` where `name` = %s", (name,))  # without an event
	frappe.db.commit()
	again = frappe.new_doc("HD Ticket")
	again.update({"subject": "Another", "raised_by": CUSTOMER, "priority": "Low"})
	again.insert()
	frappe.db.sql("update `tabHD Ticket` set `name` = %s where `name` = %s", (name, again.name))
	frappe.db.commit()
	again.name = name
	world.sweep()
	assert shown(again) == NOTHING
	spoil(again)
	world.sweep()
	assert shown(again) == NOTHING, "what runs under its name is another's"


def test_the_sweep_repairs_what_others_write(world: World) -> None:
	world.plan((0, "Email"), (30, "Email"))
	runs, none = world.ticket(), world.ticket("Question", priority="Low")
	world.forward(10)
	world.expect_email(TECH)
	good = shown(runs)
	for values in (POISON, dict.fromkeys(COLUMNS), {DUE: None}, {STEP: "2/2"}, {STATUS: ""}):
		spoil(runs, **values)
		world.sweep()
		assert shown(runs) == good, values
	spoil(none)
	before = stamps(none)
	world.sweep()
	assert shown(none) == NOTHING and stamps(none) == before
	over = exhausted_of(world, none)
	for values in (dict.fromkeys(COLUMNS), POISON, {DUE: "2026-01-01"}):
		spoil(over, **values)
		world.sweep()
		assert shown(over) == ("Exhausted", "2/2", None), values


def exhausted_of(world: World, ticket: Any) -> Any:
	world.change(ticket, priority="High")
	for minutes in (10, 30, 30):
		world.forward(minutes)
	world.inbox.take_all()
	return ticket


def test_a_ticket_that_somebody_holds_is_passed_over_and_repaired_later(world: World) -> None:
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one writer at a time")
	world.plan((0, "Email"), (30, "Email"))
	tickets = [world.ticket(f"Outage {n}") for n in range(3)]
	with held(tickets[1].doctype, tickets[1].name):
		link = world.forward(10)
		assert [shown(ticket)[0] for ticket in tickets] == ["Escalating", "Scheduled", "Escalating"]
		assert len(world.inbox.take_all()) == 3, "the step itself waits for nobody"
		world.sweep()
		assert shown(tickets[1])[0] == "Scheduled"
	assert link is None
	world.sweep()
	assert {shown(ticket) for ticket in tickets} == {("Escalating", "1/2", in_minutes(world, 30))}


def test_a_save_that_began_before_the_step_writes_what_is_so_by_then(world: World) -> None:
	"""In a transaction whose snapshot is older than the step: Frappe reads under the lock, and so do we."""
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one writer at a time")
	world.plan((0, "Email"), (30, "Email"))
	ticket = world.ticket()
	world.wait(10)
	with children.dispatching(world) as child:
		older = frappe.get_doc("HD Ticket", ticket.name)  # the snapshot begins
		child.say()
		child.hear()
		child.wait()
	assert frappe.db.get_value("HD Ticket", ticket.name, STATUS) == "Scheduled", "an old snapshot"
	older.subject = "Changed"
	older.save()
	frappe.db.commit()
	assert shown(ticket)[0] == "Escalating"
	world.expect_email(TECH)


def test_whoever_writes_late_writes_what_is_so_by_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	"""Its snapshot begins; before it has the row, somebody acknowledges, and that is written."""
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one writer at a time")
	world.plan((0, "Email"), (30, "Email"))
	ticket = world.ticket()
	world.forward(10)
	link, real = world.expect_email(TECH).links[0], ticket_list.has_columns

	def late(doctype: str) -> bool:
		monkeypatch.setattr(ticket_list, "has_columns", real)
		found = real(doctype)
		assert requests.post(link, timeout=30).ok  # past `world`, which would end this transaction
		return found

	monkeypatch.setattr(ticket_list, "has_columns", late)
	world.forward(30)
	assert shown(ticket) == ("Acknowledged", "2/2", None)
	world.inbox.take_all()


@pytest.mark.parametrize(("point", "written"), [("list.before", False), ("list.after", True)])
def test_what_a_crash_left_out_the_sweep_repairs(world: World, point: str, written: bool) -> None:
	"""Between a step's commit and ours; the step is done, and goes out once."""
	world.plan((0, "Email"), (30, "Email"))
	ticket = world.ticket()
	world.wait(10)
	assert killed(world, f"{point}:1")
	assert shown(ticket)[0] == ("Escalating" if written else "Scheduled")
	world.tick()
	world.expect_email(TECH)
	world.sweep()
	assert shown(ticket)[:2] == ("Escalating", "1/2")


def test_a_writer_that_stands_still_holds_up_no_dispatcher(world: World) -> None:
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one writer at a time")
	world.plan((0, "Email"), (30, "Email"))
	ticket = world.ticket()
	world.wait(10)
	with children.dispatching(world, fault="list.before:1:stop") as child:
		child.say()
		child.wait_until_stopped()
		world.forward(30)  # the other's message, and the next step
		assert len(world.inbox.take_all()) == 2
		assert shown(ticket) == ("Escalating", "2/2", in_minutes(world, 30))
		os.kill(child.pid, signal.SIGCONT)
		child.wait()
	assert shown(ticket) == ("Escalating", "2/2", in_minutes(world, 30)), "it writes what is so by then"


def test_what_fails_here_stops_no_step_and_no_save(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.plan((0, "Email"), (30, "Email"))

	def fail(*_arguments: object) -> None:
		raise RuntimeError("no disk")

	after = []
	with monkeypatch.context() as patch:
		patch.setattr(ticket_list, "_of_item", fail)
		ticket = frappe.new_doc("HD Ticket")
		ticket.update({"subject": "Outage", "raised_by": CUSTOMER, "priority": "High"})
		ticket.insert()
		frappe.db.after_commit.add(lambda: after.append("others' callbacks"))
		frappe.db.commit()
	assert after and shown(ticket) == NOTHING
	world.expect_error("what lists of tickets show can't be written")
	world.assign(ticket, TECH)
	world.sweep()
	assert shown(ticket)[0] == "Scheduled"
	with monkeypatch.context() as patch:
		patch.setattr(ticket_list, "_wanted", fail)
		world.forward(10)
	world.expect_email(TECH)
	world.sweep()
	assert shown(ticket)[0] == "Escalating", "said once an hour, and repaired"


def test_another_doctype_has_them_once_a_plan_takes_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	needs("Issue")
	world.plan((0, "Email", "User", LEAD), reference_doctype="Issue")
	ticket_columns.install()
	issue = frappe.new_doc("Issue")
	issue.update({"subject": "Fire", "priority": "High", "raised_by": CUSTOMER})
	issue.insert()
	frappe.db.commit()
	assert shown(issue)[0] == "Scheduled"
	frappe.rename_doc("Issue", issue.name, f"{issue.name}-renamed", force=True)
	frappe.db.commit()
	issue.name += "-renamed"
	world.forward(10)
	assert shown(issue)[:2] == ("Escalating", "1/1")
	world.inbox.take_all()
	world.forward(30)
	world.inbox.take_all()
	frappe.rename_doc("Issue", issue.name, f"{issue.name}-again", force=True)
	frappe.db.commit()
	issue.name += "-again"
	world.sweep()
	assert shown(issue) == ("Exhausted", "1/1", None)
	drop = ticket_columns._drop_columns

	def dropped(doctype: str) -> None:
		assert not ticket_list.has_columns(doctype), "whoever saves one meanwhile must not write to them"
		drop(doctype)

	monkeypatch.setattr(ticket_columns, "_drop_columns", dropped)
	ticket_columns.take_off("Issue")
	assert not ticket_list.has_columns("Issue")
	issue = frappe.get_doc("Issue", issue.name)
	issue.subject = "Water"
	issue.save()


def test_installing_again_keeps_what_an_administrator_changed(world: World) -> None:
	field = frappe.get_doc("Custom Field", {"dt": "HD Ticket", "fieldname": STATUS})
	rules = {"parent": "HD Ticket", "permlevel": ticket_columns.LEVEL}
	custom = frappe.db.count("Custom DocPerm", {"parent": "HD Ticket"})
	agents = frappe.db.count("DocPerm", rules)
	assert agents and frappe.db.exists("DocPerm", {**rules, "role": "Agent", "read": 1, "write": 0})
	assert not frappe.db.exists("DocPerm", {**rules, "role": ("in", ("All", "Guest"))})
	field.db_set({"label": "Wer hat es?", "in_list_view": 0, "options": "Old"})
	frappe.db.delete("DocPerm", {**rules, "role": "Agent Manager"})
	ticket_columns.install()
	field.reload()
	try:
		assert (field.label, field.in_list_view) == ("Wer hat es?", 0)
		assert "Exhausted" in field.options, "but a status that isn't offered couldn't be saved"
		assert frappe.db.count("DocPerm", rules) == agents - 1
		frappe.db.delete("DocPerm", rules)  # as an update of Helpdesk's does
		ticket_columns.install()
		assert frappe.db.count("DocPerm", rules) == agents
		assert frappe.db.count("Custom DocPerm", {"parent": "HD Ticket"}) == custom, (
			"Helpdesk's own still count"
		)
	finally:
		field.db_set({"label": "Escalation", "in_list_view": 1})
		frappe.clear_cache(doctype="HD Ticket")
		frappe.db.commit()


def test_what_was_exhausted_before_the_columns_came_is_shown(world: World) -> None:
	ticket = exhausted(world)
	answered = world.ticket("Answered since")
	world.forward(10)
	world.forward(30)
	world.inbox.take_all()
	world.change(answered, status="Closed")
	frappe.db.sql(f"update `tab{ITEM}` set `exhausted_ticket` = null")
	spoil(ticket, **dict.fromkeys(COLUMNS))
	exhausted_tickets.execute()
	exhausted_tickets.execute()
	world.sweep()
	assert shown(ticket) == ("Exhausted", "1/1", None) and shown(answered) == NOTHING


def test_helpdesks_list_offers_shows_and_filters_them(world: World) -> None:
	"""As its page asks: columns from the fields of HD Ticket, conditions by operator."""
	get_list_data = frappe.get_attr("helpdesk.api.doc.get_list_data")
	world.plan((0, "Email"), (30, "Email"))
	runs = world.ticket()
	world.ticket("Question", priority="Low")
	world.forward(10)
	world.expect_email(TECH)
	frappe.set_user(LEAD)
	offered = {field["value"]: field for field in get_list_data("HD Ticket")["fields"]}
	assert {offered[column]["type"] for column in COLUMNS} == {"Select", "Data", "Datetime"}
	assert "Exhausted" in offered[STATUS]["options"].split("\n")
	columns = [{"key": column, "type": offered[column]["type"], "label": column} for column in COLUMNS]
	for condition in (
		{STATUS: ["in", ["Escalating"]]},
		{STATUS: ["is", "set"]},
		{STEP: ["like", "1/%"]},
		{DUE: ["is", "set"]},
	):
		found = get_list_data("HD Ticket", condition, order_by=f"{DUE} asc", columns=columns)["data"]
		assert [str(row["name"]) for row in found] == [str(runs.name)], condition
		assert (found[0][STATUS], found[0][STEP]) == ("Escalating", "1/2")
	none = get_list_data("HD Ticket", {STATUS: ["=", "Exhausted"]}, columns=columns)
	assert not none["data"]
