"""Scenarios 1, 3 and 4: the story this app was asked for, each method by itself, and other ticket DocTypes."""

import frappe
import pytest

from escalation_mgmt.utils import clock
from tests.world import World, needs

TINA = "+4915112345601"


def test_1_the_seed_story(world: World) -> None:
	"""A server outage: push, SMS, then a call, all to the technician; the key pressed on the call acknowledges."""
	world.contact("tech@x.test", TINA)
	world.device("tech@x.test")
	world.plan((0, "iPhone Notification"), (5, "SMS"), (5, "Phone Call"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket("Server outage")
	created = world.start
	world.forward(10)
	world.expect_push("tech@x.test", "Server outage")
	world.forward(5)
	world.expect_sms(TINA, "Server outage")
	world.forward(5, seconds=2)  # the dispatcher comes two seconds late
	call = world.expect_call(TINA)
	world.wait(seconds=20)
	call.answer().press("1")
	item = world.item(ticket)
	assert (item.status, item.acknowledged_by, item.acknowledged_via) == (
		"Acknowledged",
		"Tina Tech",
		"Phone Call",
	)
	world.forward(60)

	rows = world.report(ticket=ticket.name)
	minutes = [
		((row["planned"] - row["created"]).total_seconds() / 60, round(row["lateness"])) for row in rows
	]
	assert minutes == [(10, 0), (15, 0), (20, 2)]
	assert [row["method"] for row in rows] == ["iPhone Notification", "SMS", "Phone Call"]
	assert [row["outcome"] for row in rows] == ["Sent", "Sent", "Answered"]
	assert {row["person"] for row in rows} == {"Tina Tech"}
	assert {row["acknowledged_by"] for row in rows} == {"Tina Tech"}
	assert {row["acknowledged_via"] for row in rows} == {"Phone Call"}
	at = clock.to_site(created).replace(microsecond=0)  # Frappe 15 cuts what it answers
	assert {row["created"].replace(microsecond=0) for row in rows} == {at}
	assert rows[0]["time_to_acknowledge"] == 20 * 60 + 22


def test_3_each_method_by_its_own_plan(world: World) -> None:
	world.endpoint(
		payload='{"incident": {{ ticket.name | tojson }}, "says": {{ message | tojson }}, "step": {{ step }}, '
		'"details": {"priority": {{ ticket.priority | tojson }}, "plan": {{ plan | tojson }}}, "ack": {{ link | tojson }}}'
	)
	world.plan((0, "Email"), title="By Email", priorities=["High"])
	world.plan((0, "HTTP POST", "Endpoint", "Pager"), title="By Pager", priorities=["Urgent"])
	by_email = world.ticket('Rack 4 "burns"', priority="High")
	by_pager = world.ticket('Rack 5 "burns"\nbadly', priority="Urgent")
	world.forward(10)

	mail = world.expect_email("tech@x.test", "burns")
	assert mail.subject == f'[High] Ticket {by_email.name}: Rack 4 "burns"'
	assert len(mail.links) == 1 and "/ack/" in mail.links[0]

	page = world.expect_page()
	link = page.body.pop("ack")
	assert "/ack/" in link
	assert page.body == {
		"incident": str(by_pager.name),
		"says": f'Ticket {by_pager.name} (Urgent) has not been answered: Rack 5 "burns" badly',
		"step": 1,
		"details": {"priority": "Urgent", "plan": "By Pager"},
	}
	assert world.count_items() == 2
	world.post(link)
	item = world.item(by_pager)
	assert (item.status, item.acknowledged_by, item.acknowledged_via) == ("Acknowledged", "Pager", "Link")
	world.tick()

	rows = {row["plan"]: row for row in world.report()}
	assert rows["By Email"]["method"] == "Email" and rows["By Email"]["person"] == "Tina Tech"
	assert rows["By Pager"]["method"] == "HTTP POST" and rows["By Pager"]["acknowledged_by"] == "Pager"
	assert rows["By Pager"]["outcome"] == "Sent" and rows["By Pager"]["lateness"] == 0


def test_4_a_plan_goes_through_different_people(world: World) -> None:
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"), (5, "Email", "Role", "Agent"))
	world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	world.forward(5)
	world.expect_email("lead@x.test")
	world.forward(5)
	for user in frappe.get_all(
		"Has Role", filters={"role": "Agent", "parenttype": "User"}, pluck="parent", order_by="parent"
	):
		if user.endswith("@x.test"):
			world.expect_email(user)
	# Helpdesk gives the role to Administrator as well, who has an address of another domain.
	for message in world.inbox.unexpected():
		assert not message.to.endswith("@x.test")
		world.inbox.expect(to=message.to)


def test_a_ticket_doctype_that_is_not_helpdesks(world: World) -> None:
	needs("Issue")
	for priority in ("High", "Low"):
		if not frappe.db.exists("Issue Priority", priority):
			frappe.get_doc({"doctype": "Issue Priority", "name": priority}).insert(set_name=priority)
	world.plan((0, "Email"), reference_doctype="Issue")
	issue = frappe.get_doc({"doctype": "Issue", "subject": "ERP down", "priority": "High"}).insert()
	other = frappe.get_doc({"doctype": "Issue", "subject": "A wish", "priority": "Low"}).insert()
	world.assign(issue, "tech@x.test")
	world.forward(10)
	mail = world.expect_email("tech@x.test", "ERP down")
	world.post(mail.links[0])
	assert world.item(issue).status == "Acknowledged"
	with pytest.raises(AssertionError):
		world.item(other)
	world.change(issue, status="Closed")
	item = world.item(issue)
	assert item.status == "Resolved" and item.acknowledged_by == "Tina Tech"
	world.tick()
	world.expect_email("tech@x.test", "has been answered")


def test_any_doctype_with_a_priority_by_naming_its_fields(world: World) -> None:
	"""A To Do has a priority and a status, and nothing of a helpdesk."""
	world.todos_are_tickets("Closed\nCancelled")
	world.plan((0, "Email", "User Field", "allocated_to"), reference_doctype="ToDo")
	todo = frappe.get_doc(
		{
			"doctype": "ToDo",
			"description": "Change the tapes",
			"priority": "High",
			"allocated_to": "lead@x.test",
		}
	).insert()
	world.forward(10)
	world.expect_email("lead@x.test", "Change the tapes")
	world.change(todo, status="Closed")
	assert world.item(todo).status == "Resolved"
	world.tick()
	world.expect_email("lead@x.test", "has been answered")
