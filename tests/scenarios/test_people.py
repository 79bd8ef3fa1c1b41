"""Scenario 14: people who can't be reached."""

import frappe
import pytest

from escalation_mgmt.api import contacts
from tests.on_site import add_team
from tests.world import World


def test_14_each_with_a_reason_and_the_others_are_notified(world: World) -> None:
	frappe.db.set_value("User", "second@x.test", "enabled", 0)
	contact = {"doctype": "Escalation Contact", "user": "lead@x.test", "email": "lead.private@x.test"}
	frappe.get_doc(contact).insert()
	world.plan(
		(0, "Email", "User", "second@x.test"),
		(0, "Email", "User", "lead@x.test"),
		(0, "Email", "Team"),
		(0, "Email", "Address", "board@x.test"),
	)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("board@x.test")
	item = world.item(ticket)
	lines = world.lines(item)
	assert "The user is disabled" in lines
	assert "The email address is not verified" in lines
	assert "The ticket has no team" in lines
	rows = [row for row in world.report(ticket=ticket.name) if row.get("outcome") == "Unreachable"]
	assert [row["step"] for row in rows] == [1, 2, 3]
	assert item.status == "Escalating"


def test_14_an_empty_team_and_an_unassigned_ticket(world: World) -> None:
	add_team("Nobody", users=())
	world.plan((0, "Email", "Team", "Nobody"), (30, "Email"), (30, "Email", "User", "lead@x.test"))
	ticket = world.ticket(to="")
	world.forward(10)
	world.expect_email("lead@x.test")  # both waits brought forward, in one look
	lines = world.lines(world.item(ticket))
	assert "The team Nobody has no members" in lines
	assert "assigned to nobody" in lines
	assert world.kinds(world.item(ticket)).count("Brought Forward") == 2


def test_14_nobody_at_all_then_assigned(world: World) -> None:
	frappe.db.set_single_value("Escalation Settings", "catch_all_email", "duty@x.test")
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	world.plan((0, "Email"), (30, "Email"))
	ticket = world.ticket(to="")
	world.forward(10)
	world.expect_email("owner@x.test", "Nobody could be notified")
	world.expect_email("duty@x.test", "Nobody could be notified")
	item = world.item(ticket)
	assert item.stalled and item.status == "Escalating" and item.due_utc is None
	world.forward(120)
	world.sweep()
	world.tick()
	world.assign(ticket, "tech@x.test")
	assert not world.item(ticket).stalled
	world.tick()
	world.expect_email("tech@x.test")
	assert "Started again" in world.lines(item)


def test_14_a_corrected_contact_starts_it_again(world: World) -> None:
	contact = frappe.get_doc(
		{"doctype": "Escalation Contact", "user": "tech@x.test", "email": "tech.private@x.test"}
	).insert()
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("owner@x.test", "Nobody could be notified")
	contact.email_verified = 1
	contact.save()
	world.sweep()
	world.tick()
	world.expect_email("tech.private@x.test")
	assert not world.item(ticket).stalled


def test_14_a_method_that_is_not_set_up_is_a_reason(world: World) -> None:
	world.endpoint()
	world.plan((0, "Email"), (0, "HTTP POST", "Endpoint", "Pager"))
	ticket = world.ticket()
	frappe.conf.mute_emails = 1
	try:
		world.forward(10)
	finally:
		frappe.conf.mute_emails = 0
	world.expect_page()
	assert "Emails are muted" in world.lines(world.item(ticket))


def test_a_renamed_user_is_still_reached(world: World) -> None:
	"""By what runs already, whose frozen plan names them, and by their contact."""
	world.contact("second@x.test", "+4915112345603", language="de", voice="Polly.Hans")
	world.plan((0, "Email", "User", "second@x.test"), title="Frozen", priorities=["Low"])
	world.ticket(priority="Low")
	frappe.rename_doc("User", "second@x.test", "renamed@x.test", force=True)
	try:
		assert frappe.db.get_value("Escalation Contact", "second@x.test", "user") == "renamed@x.test"
		world.forward(10)
		world.expect_email("renamed@x.test")
		world.plan((0, "Phone Call", "User", "renamed@x.test"))
		world.ticket(to="")
		world.forward(10)
		call = world.expect_call("+4915112345603")
		url = world.providers.twilio.record(call.sid).asked["Url"]
		assert "Polly.Hans" in world.providers.twilio.post(url, {"CallSid": call.sid}).text
		frappe.set_user("renamed@x.test")
		assert "Phone Call" in contacts.ways("second@x.test")
		frappe.set_user("tech@x.test")
		with pytest.raises(frappe.PermissionError):
			contacts.ways("second@x.test")
	finally:
		frappe.set_user("Administrator")
		frappe.rename_doc("User", "renamed@x.test", "second@x.test", force=True)
		frappe.db.commit()
