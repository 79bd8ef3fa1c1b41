"""Erasure of a person, by Frappe's Personal Data Deletion Request: what happened stays, who it was doesn't (rule 9)."""

import json
import re
from pathlib import Path
from typing import Any

import frappe
import pytest
from frappe.utils import get_site_path

from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.actions.add_person import add_person
from escalation_mgmt.actions.hand_over import hand_over
from escalation_mgmt.actions.stop import stop
from escalation_mgmt.actions.unacknowledge import unacknowledge
from escalation_mgmt.api import contacts
from escalation_mgmt.engine import Actor
from escalation_mgmt.operations import personal_data
from escalation_mgmt.storage import history
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.error_reports import report_error
from tests import on_site
from tests.world import World

pytestmark = pytest.mark.one_database("mariadb")

GONE, NAME = "gone@x.test", "Gül Gone"
OURS = re.compile(
	r"tabEscalation |tabHD Ticket Activity|tabVersion|tabDeleted Document|tabSingles|tabError Log|tabToDo"
)
LEO = Actor(name="Leo Lead", user="lead@x.test", via="Desk")


def erased(user: str) -> Any:
	"""The request, carried out."""
	request = frappe.get_doc({"doctype": "Personal Data Deletion Request", "email": user})
	request.insert()
	request.db_set("status", "Pending Approval")
	request.disable_user()  # what trigger_data_deletion does, without a worker
	request._anonymize_data()
	frappe.db.commit()
	request.reload()
	assert request.status == "Deleted"
	return request


def person(user: str, name: str) -> Actor:
	frappe.db.delete("User", {"name": user})
	for doctype in ("Version", "Deleted Document", "Notification Log"):
		frappe.db.delete(doctype)
	on_site.add_person(user, name, "Escalation Responder", "Agent")
	return Actor(name=name, user=user, via="Desk")


def found(*texts: str) -> set[tuple[str, str, str]]:
	"""Where one of these texts stands in the database: (table, column, row)."""
	frappe.db.commit()
	there, sought = set(), re.compile("|".join(rf"(?<![\w.]){re.escape(text)}" for text in texts))
	for table in frappe.db.get_tables(cached=False):
		for row in frappe.db.sql(f"select * from `{table}`", as_dict=True):
			for column, value in row.items():
				text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
				spelled = {text, text.encode().decode("unicode_escape", "ignore") if "\\u" in text else text}
				if any(map(sought.search, spelled)):
					there.add((table, column, str(row.get("name") or row.get("field"))))
	return there


def ours(there: set[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
	"""Those of it that we wrote, or had written: not the User and the ticket, nor what Frappe keeps of them."""
	mine = []
	for table, column, name in sorted(there):
		if table in ("tabVersion", "tabDeleted Document"):
			of = {"tabVersion": "ref_doctype", "tabDeleted Document": "deleted_doctype"}[table]
			if not str(frappe.db.get_value(table[3:], name, of)).startswith("Escalation"):
				continue
		if OURS.match(table):
			mine.append((table, column, name))
	return mine


def logged(*texts: str) -> list[str]:
	"""Log files of the site that have one of these texts."""
	logs = [*Path(get_site_path("logs")).glob("*.log")]
	return [log.name for log in logs if any(text in log.read_text(errors="replace") for text in texts)]


def test_a_person_is_erased(world: World) -> None:
	on_site.add_person(GONE, NAME, "Escalation Responder")
	world.contact(GONE, email="gone.private@x.test", email_verified=1)
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket(to=GONE)
	world.forward(10)
	link = world.expect_email("gone.private@x.test").links[0]
	running = world.ticket("Still open", to=GONE)
	world.forward(5)
	world.expect_email("lead@x.test")
	world.post(link)
	world.forward(1)
	world.expect_email("lead@x.test", NAME)
	before = world.lines(world.item(ticket))
	assert f"Acknowledged by {NAME}" in before

	request = erased(GONE)

	item = world.item(ticket)
	assert world.lines(item) == before.replace(NAME, request.name).replace(GONE, request.name)
	assert (item.status, item.acknowledged_user) == ("Acknowledged", request.name)
	for doctype in ("Escalation Action Item", "Escalation Notification", "Escalation Event"):
		for row in frappe.get_all(doctype, fields=["*"], order_by="name"):
			assert not [value for value in row.values() if GONE in str(value) or "Gone" in str(value)], row
	assert not frappe.get_all("Escalation Contact", filters={"name": GONE}, order_by="name")
	contact = frappe.get_doc("Escalation Contact", {"user": request.name})
	assert "private" not in str(contact.as_dict())
	assert not [row for row in world.report(ticket=ticket.name) if "Gone" in str(row) or GONE in str(row)]
	world.forward(5)  # what runs goes on: whoever it was assigned to is gone
	assert request.name in world.lines(world.item(running))
	world.inbox.take_all()


SHORT, LONG, TWIN = "ann@x.test", "ann.smith@x.test", "ann.twin@x.test"
NUMBER, PRIVATE, OLDER = "+4915112345677", "ann.private@x.test", "+4915112345678"
THEIRS = (SHORT, PRIVATE, NUMBER, OLDER)


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> None:
	"""Frappe keeps versions of what changes, as outside of tests."""
	monkeypatch.setattr(frappe.flags, "in_test", False, raising=False)
	monkeypatch.setattr(frappe, "in_test", False, raising=False)


def story(world: World, ann: Actor) -> tuple[Any, Any]:
	"""All that can name a person: every method, all that is done by them and to them, notes, versions, deleted rows, errors."""
	contact = world.contact(SHORT, OLDER, email=PRIVATE, email_verified=1)
	contact.update({"mobile_no": NUMBER, "mobile_verified": 1})
	contact.save()
	other = world.contact(LONG, "+4915112345679")
	browser = world.device(SHORT, label="Ann's iPhone")
	world.plan(
		*((0, method, "User", SHORT) for method in ("Email", "SMS", "Phone Call", "iPhone Notification")),
		(5, "Email", "User", LONG, "Ask Ann, or write to ann@x.test."),
		(5, "SMS", "Address", NUMBER),
		plan_owner=SHORT,
		stop_condition="doc.owner == 'ann@x.test'",
	)
	plan = frappe.get_doc("Escalation Plan", "Outage")
	plan.update({"last_wait": 3600, "subject": "{{ ticket.subject }} (or call +4915112345677)"})
	plan.steps[4].update(
		{
			"second_whom": "Address",
			"second_address": PRIVATE,
			"only_if_condition": "doc.owner != 'ann@x.test'",
		}
	)
	plan.save()
	turn = {"name": rows.new_name(), "team": "Network", "user": SHORT, "chosen_utc": world.now}
	rows.insert_all("Escalation Turn", [turn])
	doomed = world.plan((0, "Email", "User", SHORT), title="Doomed", plan_owner=SHORT, rank=50)
	doomed.delete()
	ticket = world.ticket(to=SHORT)
	world.forward(10)
	world.forward(5)
	world.providers.twilio.clear()
	item = world.item(ticket).name
	acknowledge_as(SHORT, item, "Ticket Form")
	unacknowledge(item, ann)
	hand_over(item, LONG, "Ann Smith", ann)
	hand_over(item, SHORT, "Ann", LEO)
	hand_over(item, LONG, "Ann Smith", ann)
	add_person(item, TWIN, "Ann", ann)
	world.tick()
	frappe.db.commit()
	stop(item, "Ann said so: ann@x.test, not joann@x.test", ann)
	second = world.ticket("Second", to=SHORT)
	world.forward(10)
	contacts.send_code(LONG)
	contacts.send_code(SHORT)
	try:
		raise ValueError("Ann")
	except ValueError:
		report_error("Escalation: a message to ann@x.test can't be rendered")
	frappe.db.set_single_value("Escalation Settings", "catch_all_email", PRIVATE)
	world.tick()
	world.inbox.take_all()
	assert other.name and browser
	return ticket, second


def test_nothing_is_left_of_a_person_but_what_frappe_and_helpdesk_own(world: World, versions: None) -> None:
	ann = person(SHORT, "Ann")
	person(LONG, "Ann Smith")
	person(TWIN, "Ann")
	ticket, _second = story(world, ann)
	token = frappe.get_all("Escalation Device Secret", pluck="endpoint", order_by="name")[0]
	before = ours(found(*THEIRS, token))
	assert len({table for table, _column, _name in before}) > 8, "the story names them in many places"
	lines = world.lines(world.item(ticket))
	activity = frappe.get_all("HD Ticket Activity", pluck="action", order_by="name")

	called = erased(SHORT).name

	left = found(*THEIRS, token)
	assert not ours(left)
	assert not logged(NUMBER, OLDER, PRIVATE, token)
	after = world.lines(world.item(ticket))
	assert "Ann Smith" in after and after.count("Ann Smith") == lines.count("Ann Smith")
	assert (
		f"{called} handed it over to Ann Smith" in after and f"Leo Lead handed it over to {called}" in after
	)
	assert f"{called} added Ann " in after, "the other Ann is another"
	assert f"Stopped by {called}: Ann said so: {called}, not joann@x.test" in after
	assert not re.search(r"^Ann (handed|gave|added)|by Ann( |$)", after, re.MULTILINE)
	noted = frappe.get_all("HD Ticket Activity", fields=["owner", "action"], order_by="name")
	assert len(noted) == len(activity)
	assert not [row for row in noted if row.owner == SHORT or re.search(r"(by|to) Ann[ .:(]*$", row.action)]
	assert [row for row in noted if row.owner == called and "escalation over to Ann Smith" in row.action]
	assert [row for row in noted if f"escalation over to {called}" in row.action]
	for message in frappe.get_all(
		"Escalation Notification", fields=["user", "recipient", "detail"], order_by="name"
	):
		assert message.user != called or (message.recipient, message.detail) == (called, "")
	assert {row.recipient for row in world.messages(world.item(ticket), user=LONG)} == {"Ann Smith"}
	plan = json.loads(
		frappe.db.get_value("Escalation Plan Version", {"name": world.item(ticket).plan_version}, "content")
	)
	assert [step["target"] for step in plan["steps"]][-3:] == [
		["User", called],
		["User", LONG],
		["Address", ""],
	]
	assert plan["owner"] == called and "Ask Ann, or write to" in plan["steps"][4]["message"]
	assert frappe.db.get_value("Escalation Contact", {"user": LONG}, "mobile_no") == "+4915112345679"
	assert frappe.db.exists("Escalation Contact Code", LONG), "somebody else's code still waits"
	world.inbox.take_all()


def test_a_number_that_two_share_stays_the_others(world: World) -> None:
	person(SHORT, "Ann")
	person(LONG, "Ann Smith")
	world.contact(SHORT, NUMBER)
	world.contact(LONG, NUMBER)
	world.plan((0, "SMS", "Address", NUMBER))
	erased(SHORT)
	assert frappe.db.get_value("Escalation Contact", {"user": LONG}, "mobile_no") == NUMBER
	assert frappe.db.get_value("Escalation Step", {"parent": "Outage"}, "address") == NUMBER


def test_tickets_that_nobody_can_read_any_more_stop_no_erasure(world: World) -> None:
	person(SHORT, "Ann")
	world.todos_are_tickets()
	world.plan((0, "Email", "User", SHORT), reference_doctype="ToDo")
	todo = {"doctype": "ToDo", "description": "x", "priority": "High"}
	ticket = frappe.get_doc(todo).insert()
	frappe.db.commit()
	world.forward(10)
	world.inbox.take_all()
	settings = frappe.get_doc("Escalation Settings")
	settings.sources = []
	settings.save()
	called = erased(SHORT).name
	frappe.db.commit()
	assert f"Email to {called}" in world.lines(world.item(ticket))
	frappe.db.delete("Error Log")  # the sweep says that these tickets can't be read
	frappe.db.commit()


def test_lines_from_before_they_said_whose_their_names_are(world: World) -> None:
	"""As they stand on a site that was installed earlier."""
	frappe.db.delete("User", {"name": TWIN})  # with a second Ann nobody could say whose they are
	ann = person(SHORT, "Ann")
	person(LONG, "Ann Smith")
	world.plan((0, "Email", "User", LONG), (5, "Email", "User", SHORT))
	ticket = world.ticket(to=SHORT)
	world.forward(10)
	world.forward(5)
	item = world.item(ticket).name
	hand_over(item, LONG, "Ann Smith", ann)
	world.tick()
	world.inbox.take_all()
	for row in frappe.get_all("Escalation Event", fields=["name", "data"], order_by="name"):
		data = json.loads(row.data or "{}")
		data.pop(history.PEOPLE, None)
		frappe.db.set_value("Escalation Event", row.name, "data", json.dumps(data))
	before = world.lines(world.item(ticket))
	called = erased(SHORT).name
	after = world.lines(world.item(ticket))
	assert f"{called} handed it over to Ann Smith" in after and f"to {called}." in after
	assert after.count("Ann Smith") == before.count("Ann Smith") and not re.search(
		r"\bAnn\b(?! Smith)", after
	)
	world.inbox.take_all()


def test_who_was_renamed_is_erased_by_their_new_name(world: World) -> None:
	person("ann.old@x.test", "Ann")
	person(LONG, "Ann Smith")
	world.plan((0, "Email"), (5, "Email", "User", LONG))
	ticket = world.ticket(to="ann.old@x.test")
	world.forward(10)
	world.inbox.take_all()
	frappe.db.delete("User", {"name": SHORT})
	frappe.rename_doc("User", "ann.old@x.test", SHORT, force=True)
	frappe.db.commit()
	assert "Email to Ann was sent." in world.lines(world.item(ticket))
	called = erased(SHORT).name
	after = world.lines(world.item(ticket))
	assert f"Email to {called} was sent." in after and not re.search(r"\bAnn\b(?! Smith)", after)
	assert personal_data and world.inbox.take_all() is not None


def test_what_an_erased_person_wrote_to_whom_they_had_paged(world: World) -> None:
	actor = person(GONE, NAME)
	world.plan((0, "Email"), (60, "Email"))
	ticket = world.ticket()
	world.forward(10)
	add_person(world.item(ticket).name, "second@x.test", "Sam Second", actor, "Call me: Gül Gone")
	frappe.db.commit()
	assert any(table == "tabEscalation Notification Secret" for table, _column, _row in found(NAME, GONE))
	erased(GONE)
	assert not ours(found(NAME, GONE))
	world.tick()
	world.inbox.take_all()


def test_whom_others_were_asked_to_help_is_erased(world: World) -> None:
	person(GONE, NAME)
	world.plan((0, "Email", "User", GONE))
	ticket = world.ticket()
	world.forward(10)
	item = world.item(ticket).name
	acknowledge_as(GONE, item, "Desk")
	add_person(item, "second@x.test", "Sam Second", LEO)
	frappe.db.commit()
	world.forward(2)
	world.inbox.take_all()
	assert NAME in world.lines(world.item(ticket))
	erased(GONE)
	assert not ours(found(GONE, NAME))
