"""Scenario 26, second half: acknowledged and idle too long, a reminder, then on."""

from datetime import timedelta
from typing import Any

import frappe
import pytest

from escalation_mgmt.engine import Responses
from escalation_mgmt.preflight import rehearsal
from escalation_mgmt.utils import clock
from escalation_mgmt.web import technician
from tests.scenarios.test_ticket_form import Form
from tests.world import World


@pytest.fixture
def ticket(world: World) -> Any:
	"""Tina acknowledged by the link of step 1, at 10 minutes. The time-out is 30 minutes, the grace 5."""
	world.plan(
		(0, "Email"), (15, "Email", "User", "lead@x.test"), ack_timeout=1800, ack_grace=300, stop_on_reply=0,
		stop_on_first_response=0,
	)  # fmt: skip
	ticket = world.ticket()
	world.forward(10)
	world.post(world.expect_email("tech@x.test").links[0])
	assert world.item(ticket).status == "Acknowledged"
	return ticket


def test_26_a_reminder_once_and_then_on(world: World, ticket: Any) -> None:
	form = Form(world, ticket, "tech@x.test")
	assert form.shown["countdown"].startswith("Reminder, if nothing happens") and form.shown["due_in"] == 1800
	world.forward(29)
	world.inbox.assert_empty()
	world.forward(1)
	world.expect_email("tech@x.test", "Are you still on ticket")
	world.forward(4.9)
	world.inbox.assert_empty()
	world.forward(0.1)
	world.expect_email("lead@x.test")
	item = world.item(ticket)
	assert (item.status, item.acknowledged_by) == ("Escalating", "")
	lines = world.lines(item)
	assert "Nothing has happened since Tina Tech acknowledged it: they are reminded" in lines
	assert "Nothing has happened after the reminder: Tina Tech no longer has it" in lines


@pytest.mark.parametrize("minutes", [20, 32])
@pytest.mark.parametrize("how", ["reply", "status"])
def test_26_what_an_agent_does_is_enough(world: World, ticket: Any, minutes: int, how: str) -> None:
	world.forward(minutes)
	if minutes > 30:
		world.expect_email("tech@x.test", "Are you still on ticket")
	if how == "reply":
		world.reply(ticket, sender="lead@x.test")
		# Frappe and Helpdesk stamp it by the machine's clock, which hasn't moved.
		now = clock.to_site(world.now + timedelta(seconds=1))
		frappe.db.sql("update `tabCommunication` set `creation` = %s, `communication_date` = %s", (now, now))
		if frappe.get_meta("HD Ticket").has_field("last_agent_response"):
			frappe.db.set_value("HD Ticket", ticket.name, "last_agent_response", now)
		world.sweep()
	else:
		world.change(ticket, status="Replied")
	world.forward(120)
	world.sweep()
	item = world.item(ticket)
	assert (item.status, item.acknowledged_by, item.due_utc) == ("Acknowledged", "Tina Tech", None)
	assert "The acknowledgement stands." in world.lines(item)


def test_26_their_own_word_is_enough_by_the_reminders_link_and_by_the_form(world: World, ticket: Any) -> None:
	form, other = Form(world, ticket, "tech@x.test"), Form(world, ticket, "lead@x.test")
	assert "still_on_it" not in form.offers
	world.forward(30)
	link = world.expect_email("tech@x.test", "Are you still on ticket").links[-1]
	other.reload()
	assert "still_on_it" not in other.offers, "only whoever has it is asked"
	page = world.get(link).text
	assert "Are you still on it?" in page and "I Am Still on It" in page
	assert "You are still on it" in world.post(link).text
	assert "Tina Tech is still on it (Link)." in world.lines(world.item(ticket))
	world.forward(30)
	world.expect_email("tech@x.test", "Are you still on ticket")
	frappe.set_user("tech@x.test")
	(shown,) = technician.overview()["items"]
	frappe.set_user("Administrator")
	assert shown["can_acknowledge"] and shown["state"] == "Tina Tech has it, but nothing happens"
	form.reload()
	assert "still_on_it" in form.offers
	assert form.click("still_on_it") == (True, "Noted: you are still on it.")
	world.forward(29)
	assert world.item(ticket).status == "Acknowledged"


def test_26_the_rehearsal_goes_on_after_it(world: World, ticket: Any) -> None:
	plan = world.item(ticket).plan
	found = rehearsal.of_plan(
		frappe.get_doc("Escalation Plan", plan),
		hypothetical={"assignee": "tech@x.test"},
		start=world.now,
		responses=Responses(to_message=1),
	)
	assert "Tina Tech acknowledges, but nothing happens on the ticket; it is exhausted after" in found.outcome
	kinds = [line.kind for line in found.lines]
	assert kinds.index("Reminded") < kinds.index("Timed Out") < kinds.index("Exhausted")


def test_plans_from_before_it_get_the_grace_that_new_ones_begin_with(world: World, ticket: Any) -> None:
	from escalation_mgmt.patches.v0_1 import grace_of_plans

	old = world.plan((0, "Email"), title="Old", priorities=["Low"], ack_grace=0)
	grace_of_plans.execute()
	graces = {row.name: row.ack_grace for row in frappe.get_all("Escalation Plan", ["name", "ack_grace"])}
	assert graces == {"Outage": 300, old.name: 600}
