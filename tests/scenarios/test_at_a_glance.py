"""What a ticket's form shows at a glance: what was sent to whom, what was before, and what can be started."""

from pathlib import Path
from typing import Any

import frappe
import pytest

from escalation_mgmt.api import escalations
from escalation_mgmt.engine import Status, TicketKey
from escalation_mgmt.storage.message_state import MessageState
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import NOTIFICATION
from escalation_mgmt.views import sent, ticket_form
from escalation_mgmt.views.tones import TONES
from tests.scenarios.test_ticket_form import Form
from tests.world import World
from tests.world.statements import listened

LEAD, SECOND = "lead@x.test", "second@x.test"


def told(sent_to: dict[str, Any], now: float) -> list[str]:
	"""As the page says it, in minutes."""
	return [
		f"{person['name']}: "
		+ ", ".join(
			each["text"].replace(sent.AGO, f"{(now - each['at']) / 60:.0f} min ago")
			for each in person["messages"]
		)
		for person in sent_to["people"]
	]


def test_what_was_sent_to_whom(world: World) -> None:
	world.contact("tech@x.test", "+4915112345678")
	world.plan((0, "SMS"), (2, "Email"), (3, "Email", "User", LEAD), (10, "Email", "User", SECOND))
	ticket = world.ticket()
	world.forward(10)
	form = Form(world, ticket, LEAD)
	assert told(form.shown["sent"], form.shown["now"]) == ["Tina Tech: SMS 0 min ago"]
	world.forward(2)
	world.forward(3)
	world.wait(seconds=60)
	form.reload()
	assert told(form.shown["sent"], form.shown["now"]) == [
		"Tina Tech: SMS 6 min ago, email 4 min ago",
		"Leo Lead: email 1 min ago",
	]
	assert form.shown["items"][0]["sent"] == form.shown["sent"] and not form.shown["sent"]["others"]
	assert "491511" not in str(form.shown) and "12345" not in str(form.shown)
	message = form.shown["sent"]["people"][0]["messages"][0]
	assert message["exact"] and message["tone"] == ""
	world.tick()
	world.inbox.take_all()
	world.providers.twilio.clear()


def test_what_failed_is_said_and_of_each_method_the_newest(world: World) -> None:
	world.plan((0, "Email"), (5, "Email"), (5, "Email", "User", LEAD))
	ticket = world.ticket()
	world.forward(10)
	world.forward(5)
	world.inbox.take_all()
	item = world.item(ticket).name
	for status, says, tone in (
		(MessageState.FAILED, "email failed {ago}", "red"),
		(MessageState.UNKNOWN, "email perhaps arrived {ago}", "orange"),
		(MessageState.QUEUED, "email waits to be sent", ""),
	):
		newest = max(message.name for message in world.messages(world.item(ticket)))
		frappe.db.set_value(NOTIFICATION, newest, "status", status)
		(person,) = sent.at_a_glance([item])[item]["people"]
		assert [(each["text"], each["tone"]) for each in person["messages"]] == [(says, tone)]
	frappe.db.set_value(NOTIFICATION, newest, "status", MessageState.WITHDRAWN)
	(person,) = sent.at_a_glance([item])[item]["people"]
	assert person["messages"][0]["text"] == "email {ago}", "the one before it went out"
	frappe.db.commit()


def test_of_a_crowd_the_last_are_named(world: World) -> None:
	world.plan((0, "Email"))
	item = world.item(world.ticket()).name
	now = clock.now()
	rows.insert_all(
		NOTIFICATION,
		[
			{
				"name": rows.new_name(),
				"action_item": item,
				"status": "Sent",
				"method": "Email",
				"recipient": f"Person {number:02}",
				"user": None,
				"purpose": "Page",
				"created_utc": now,
				"sent_utc": now,
			}
			for number in range(20)
		],
	)
	with listened() as asked:
		shown = sent.at_a_glance([item])[item]
	assert len([query for query in asked if NOTIFICATION in query]) == 1
	assert [person["name"] for person in shown["people"]] == [f"Person {number}" for number in range(14, 20)]
	assert shown["others"] == "and 14 others"
	frappe.db.commit()


def test_what_was_before_stands_under_what_runs(world: World) -> None:
	world.plan((0, "Email"), last_wait=600)
	ticket = world.ticket()
	form = Form(world, ticket, LEAD)
	assert form.shown["earlier"] == {} and len(form.shown["items"]) == 1
	first = form.shown["item"]
	assert form.click("stop", reason="a drill")[0]
	assert form.click("start", plan="Outage", when="now")[0]
	form.reload()
	assert form.shown["item"] != first and len(form.shown["items"]) == 1
	assert form.shown["earlier"]["title"] == "One earlier escalation" and not form.shown["earlier"]["more"]
	(was,) = form.shown["earlier"]["items"]
	assert (was["item"], was["status"], was["plan"], was["tone"]) == (first, "Cancelled", "Outage", "gray")
	assert was["line"] == "Stopped by Leo Lead: a drill" and was["at"]
	for number in range(6):
		assert form.click("stop", reason=f"again {number}")[0]
		assert form.click("start", plan="Outage", when="window")[0]
		world.wait(seconds=400)  # so much by hand is refused within minutes
	form.reload()
	assert form.shown["earlier"]["title"] == "7 earlier escalations"
	assert [each["line"] for each in form.shown["earlier"]["items"]] == [
		f"Stopped by Leo Lead: again {number}" for number in (5, 4, 3, 2, 1)
	]
	assert form.shown["earlier"]["more"] == "and 2 more"
	world.tick()
	world.inbox.take_all()


def test_each_running_item_is_one_of_a_list(world: World) -> None:
	"""As it will be with a clock each: nothing here knows that there is only one."""
	world.plan((0, "Email"))
	ticket = world.ticket()
	first = world.item(ticket)
	copy = {**first.as_dict(), "name": "ESC-SECOND", "running_ticket": "HD Ticket/second"}
	frappe.get_doc(copy).db_insert()
	frappe.set_user(LEAD)
	shown = ticket_form.shown(TicketKey("HD Ticket", str(ticket.name)))
	frappe.set_user("Administrator")
	assert {each["item"] for each in shown["items"]} == {first.name, "ESC-SECOND"}
	assert all(
		{"status", "headline", "countdown", "due_in", "sent", "plan"} <= set(each) for each in shown["items"]
	)
	assert shown["earlier"] == {} and shown["item"] == shown["items"][0]["item"]
	frappe.db.delete("Escalation Action Item", {"name": "ESC-SECOND"})
	frappe.db.commit()


def test_nothing_of_it_for_whom_it_doesnt_concern(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.inbox.take_all()
	monkey = frappe.session.user
	frappe.set_user("stranger@x.test")
	try:
		with pytest.raises(frappe.PermissionError):
			escalations.ticket("HD Ticket", str(ticket.name))
	finally:
		frappe.set_user(monkey)


def test_a_plan_is_offered_only_where_one_can_start(world: World) -> None:
	ticket = world.ticket()
	assert Form(world, ticket, LEAD).offers == [], "there is no plan"
	world.plan((0, "Email"), condition="False")
	form = Form(world, ticket, LEAD)
	assert (form.shown["headline"], form.offers) == ("Not escalated: no plan takes it.", ["start"])
	(plan, when) = form.shown["actions"][0]["fields"]
	assert [option["value"] for option in plan["options"]] == ["Outage"] and when["default"] == "now"
	reader = Form(world, ticket, "manager@x.test")
	if reader.answer.ok:
		assert "start" not in reader.offers
	world.change(ticket, status="Closed")
	form.reload()
	assert (form.shown["headline"], form.offers) == ("Not escalated: this ticket is closed.", [])


def test_a_status_has_one_tone_wherever_it_is_shown(world: World) -> None:
	assert set(TONES) == set(Status)
	told_desk = frappe._dict()
	ticket_form.boot(told_desk)
	assert told_desk.escalation_tones == {str(status): tone for status, tone in TONES.items()}
	script = Path(frappe.get_app_path("escalation_mgmt", "public", "js", "desk", "tones.js")).read_text()
	for status in (Status.CANCELLED, Status.EXHAUSTED, Status.SNOOZED):
		assert f'{status}: "' not in script, "no second table"
