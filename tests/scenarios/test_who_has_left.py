"""What was sent to somebody who has left, or about what is gone, is worth nothing at any door, and looks like a forgery."""

import secrets

import frappe
import pytest

from escalation_mgmt.api import contacts
from escalation_mgmt.utils.doctypes import ITEM
from tests.scenarios.test_push import call
from tests.world import World

TECH, TINA = "tech@x.test", "+4915112345601"


def paged_by(world: World, *methods: str) -> object:
	world.contact(TECH, TINA)
	world.device(TECH)
	world.plan(*((0, method) for method in methods))
	ticket = world.ticket("Fire in rack 4")
	world.forward(10)
	return ticket


def disable(user: str = TECH) -> None:
	frappe.db.set_value("User", user, "enabled", 0)
	frappe.db.commit()


def delete_item(world: World, ticket: object) -> None:
	"""As an administrator does it; Frappe asks for a reason to delete what is linked to."""
	frappe.delete_doc(ITEM, world.item(ticket).name, force=True, ignore_permissions=True)
	frappe.db.commit()


GONE = {"disabled": lambda world, ticket: disable(), "item deleted": delete_item}


@pytest.mark.parametrize("gone", GONE)
def test_a_link_is_not_valid(world: World, gone: str) -> None:
	ticket = paged_by(world, "Email", "iPhone Notification")
	links = [world.expect_email(TECH).links[0], world.expect_push(TECH).body["notification"]["data"]["link"]]
	GONE[gone](world, ticket)
	forged = f"{world.url}/ack/{secrets.token_urlsafe(32)}"
	for headers in ({}, {"Accept": "application/json"}):  # the button on a notification asks for JSON
		for do in (world.get, world.post):
			unknown = do(forged, headers=headers)
			for link in links:
				answer = do(link, headers=headers)
				assert (answer.status_code, answer.text) == (404, unknown.text), (link, headers)
	if gone == "disabled":
		assert world.item(ticket).status == "Escalating"


@pytest.mark.parametrize("gone", GONE)
def test_a_reply_is_a_strangers(world: World, gone: str) -> None:
	ticket = paged_by(world, "SMS")
	world.expect_sms(TINA)
	GONE[gone](world, ticket)
	if gone == "disabled":
		assert world.text(TINA, "1") == [] and world.text(TINA, "anything") == []
		assert world.item(ticket).status == "Escalating"
	else:
		assert "no code 1" in world.text(TINA, "1")[0]  # they are still somebody here


@pytest.mark.parametrize("gone", GONE)
def test_a_key_in_a_call_does_nothing(world: World, gone: str) -> None:
	ticket = paged_by(world, "Phone Call")
	phone = world.expect_call(TINA).answer()
	GONE[gone](world, ticket)
	phone.press("1")
	assert "nothing to acknowledge" in phone.text
	if gone == "disabled":
		assert world.item(ticket).status == "Escalating"


def test_stop_is_still_heard_from_who_has_left(world: World) -> None:
	world.contact(TECH, TINA)
	disable()
	world.text(TINA, "STOP")
	frappe.db.commit()
	assert frappe.db.get_value("Escalation Contact", {"user": TECH}, "sms_stopped")


def test_whoever_was_renamed_has_not_left(world: World) -> None:
	"""Nor has a bare address, which is no user's."""
	world.plan((0, "Email"), (0, "Email", "Address", "duty@x.test"))
	one, other = world.ticket("One"), world.ticket("Other")
	world.forward(10)
	link = world.expect_email(TECH, "One").links[0]
	bare = world.expect_email("duty@x.test", "Other").links[0]
	world.expect_email(TECH, "Other")
	world.expect_email("duty@x.test", "One")
	frappe.rename_doc("User", TECH, "tina@x.test", force=True)
	frappe.db.commit()
	try:
		assert world.post(link).status_code == 200 and world.item(one).status == "Acknowledged"
		assert world.post(bare).status_code == 200 and world.item(other).status == "Acknowledged"
	finally:
		frappe.rename_doc("User", "tina@x.test", TECH, force=True)
		frappe.db.commit()
	world.inbox.take_all()


def test_a_deleted_users_link_is_not_valid(world: World) -> None:
	user = frappe.get_doc(
		{"doctype": "User", "email": "gone@x.test", "first_name": "Gone", "send_welcome_email": 0}
	).insert()
	user.add_roles("Escalation Responder")
	world.plan((0, "Email", "User", user.name))
	ticket = world.ticket()
	world.forward(10)
	link = world.expect_email("gone@x.test").links[0]
	frappe.delete_doc("User", user.name, force=True)
	frappe.db.commit()
	assert world.post(link).status_code == 404 and world.item(ticket).status == "Escalating"


def test_a_deleted_ticket_is_said_to_be_over(world: World) -> None:
	"""Who is woken by its page learns that nothing is left to do; nothing can be acknowledged."""
	ticket = paged_by(world, "Email")
	link = world.expect_email(TECH).links[0]
	frappe.delete_doc("HD Ticket", ticket.name, force=True)
	frappe.db.commit()
	for do in (world.get, world.post):
		answer = do(link)
		assert answer.status_code == 200 and "Nothing to do any more" in answer.text
	assert frappe.get_all(ITEM, pluck="status") == ["Cancelled"]
	world.inbox.take_all()


def test_the_phones_page_knows_nothing_of_a_deleted_item(world: World) -> None:
	ticket = paged_by(world, "Email")
	world.expect_email(TECH)
	name = world.item(ticket).name
	session = world.login(TECH)
	delete_item(world, ticket)
	assert call(world, session, "do", action_item=name).status_code == 404


def test_codes_of_a_disabled_users_contact(world: World) -> None:
	contact = world.contact(TECH, TINA, mobile_verified=0)
	assert contacts.send_code(contact.name)["sent"]
	code = world.expect_sms(TINA).text.split()[0]
	disable()
	assert contacts.check_code(contact.name, code) == {
		"verified": False,
		"message": "There is no valid code for this number. Send a new one.",
	}
	assert contacts.send_code(contact.name) == {"sent": False, "message": "The user is disabled."}
	assert not frappe.db.get_value("Escalation Contact", contact.name, "mobile_verified")
	frappe.delete_doc("Escalation Contact", contact.name, force=True)
	frappe.db.commit()
	for user in ("Administrator", TECH):
		frappe.set_user(user)
		with pytest.raises((frappe.DoesNotExistError, frappe.PermissionError)):
			contacts.check_code(contact.name, code)
	frappe.set_user("Administrator")
