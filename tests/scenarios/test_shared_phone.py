"""People who share an address: one message goes there, anybody it was for may answer, and each one's message says what happened."""

from typing import Any

import frappe

from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.operations.erasure import Erased, messages_of
from tests.scenarios.test_sms import TINA as DUTY
from tests.scenarios.test_sms import state
from tests.world import World

TEAM = "Duty Phone"
TECH, LEAD = "tech@x.test", "lead@x.test"


def shared(world: World, *steps: tuple, methods: tuple[str, ...] = ("SMS",), **more: Any) -> Any:
	"""A ticket whose first group goes to the phone that Tina and Leo share."""
	for user in (TECH, LEAD):
		world.contact(user, DUTY)
	both = [(0, method, "User", user) for method in methods for user in (TECH, LEAD)]
	world.plan(*both, *(steps or ((60, "Email", "User", "owner@x.test"),)), **more)
	ticket = world.ticket("Fire")
	world.forward(10)
	return ticket


def team(world: World) -> None:
	"""Both have one role, which nobody else has."""
	if not frappe.db.exists("Role", TEAM):
		frappe.get_doc({"doctype": "Role", "role_name": TEAM}).insert()
	for user in (TECH, LEAD):
		world.contact(user, DUTY)
		frappe.get_doc("User", user).add_roles(TEAM)


def of_item(world: World, ticket: Any) -> list[Any]:
	return world.messages(world.item(ticket))


def test_one_sms_and_both_have_it(world: World) -> None:
	ticket = shared(world)
	sms = world.expect_sms(DUTY, "Fire")
	one, two = of_item(world, ticket)
	assert {one.user, two.user} == {TECH, LEAD}
	assert (one.status, two.status) == ("Sent", "Sent") and two.carried_by == one.name
	lines = world.lines(world.item(ticket))
	assert "SMS to Tina Tech was sent." in lines and "SMS to Leo Lead was sent." in lines
	world.receipt(sms, "delivered")
	assert [message.status for message in of_item(world, ticket)] == ["Delivered", "Delivered"]
	world.text(DUTY, "1")
	item = world.item(ticket)
	assert (item.status, item.acknowledged_user, item.acknowledged_via) == ("Acknowledged", TECH, "SMS")
	assert "The message was for Leo Lead as well, at the same address." in world.lines(item)
	world.forward(1)  # nobody is told at the phone that has just answered, and elsewhere the other is
	world.expect_email(LEAD, "Tina Tech has acknowledged")


def test_a_team_that_shares_a_phone_gets_one_message_of_one_step(world: World) -> None:
	team(world)
	world.plan((0, "SMS", "Role", TEAM))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(DUTY)
	assert [message.status for message in of_item(world, ticket) if message.user in (TECH, LEAD)] == [
		"Sent",
		"Sent",
	]


def test_one_call_rings_and_a_key_acknowledges(world: World) -> None:
	ticket = shared(world, methods=("Phone Call",))
	call = world.expect_call(DUTY)
	call.answer()
	assert [message.status for message in of_item(world, ticket)] == ["Answered", "Answered"]
	call.press("1")
	item = world.item(ticket)
	assert (item.status, item.acknowledged_user) == ("Acknowledged", TECH)
	assert "Leo Lead as well" in world.lines(item)


def test_the_link_acknowledges_for_whoever_is_still_asked(world: World) -> None:
	ticket = shared(world)
	link = world.expect_sms(DUTY).links[0]
	frappe.db.set_value("User", TECH, "enabled", 0)  # has left since
	frappe.db.commit()
	assert world.get(link).status_code == 200
	world.post(link)
	assert world.item(ticket).acknowledged_user == LEAD


def test_where_two_are_asked_each_may_answer_from_the_same_phone(world: World) -> None:
	team(world)
	step = world.step(0, "SMS", "Role", TEAM) | {"acknowledgements": "Everyone"}
	plan = world.plan((0, "Email"))
	plan.steps = []
	plan.append("steps", step)
	plan.save()
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(DUTY)
	assert {message.user for message in of_item(world, ticket)} == {TECH, LEAD}
	(first,) = world.text(DUTY, "1")
	assert "1 of 2" in first and world.item(ticket).status == "Escalating"
	(second,) = world.text(DUTY, "1")
	assert second.endswith("Acknowledged. The escalation has stopped.")


def test_a_retry_and_a_refusal_are_both_ones(world: World) -> None:
	world.providers.faults.twilio.status(503)
	ticket = shared(world)
	assert [state(world, ticket, n) for n in (0, 1)] == [("Queued", 1, False)] * 2
	world.forward(seconds=10)
	world.expect_sms(DUTY)
	assert [state(world, ticket, n) for n in (0, 1)] == [("Sent", 2, False)] * 2


def test_an_sms_that_didnt_arrive_goes_to_each_by_another_way(world: World) -> None:
	ticket = shared(world)
	world.receipt(world.expect_sms(DUTY), "undelivered", error=30003)
	world.tick()
	world.expect_email(TECH, "Fire")
	world.expect_email(LEAD, "Fire")
	assert [message.status for message in of_item(world, ticket)][:2] == ["Failed", "Failed"]


def test_a_lost_answer_is_asked_for_once(world: World) -> None:
	world.providers.faults.twilio.lose_answer("close")
	ticket = shared(world)
	world.forward(seconds=10)
	world.expect_sms(DUTY)
	assert [message.status for message in of_item(world, ticket)] == ["Sent", "Sent"]


def test_who_acknowledged_while_it_waits_leaves_it_to_the_other(world: World) -> None:
	"""The first's message carries the second's: withdrawn, it hands it on."""
	world.providers.faults.twilio.status(503)
	ticket = shared(world, methods=("SMS",))
	item = world.item(ticket)
	frappe.db.set_value("Escalation Action Item", item.name, "acks", f'["{TECH}"]')
	frappe.db.commit()
	world.forward(seconds=10)
	world.expect_sms(DUTY)
	one, two = of_item(world, ticket)
	assert (one.user, one.status, two.user, two.status) == (TECH, "Withdrawn", LEAD, "Sent")


def test_an_acknowledgement_withdraws_both(world: World) -> None:
	world.providers.faults.twilio.status(503)
	ticket = shared(world)
	acknowledge_as("owner@x.test", world.item(ticket).name, "Form")
	world.forward(seconds=10)
	assert [message.status for message in of_item(world, ticket)] == ["Withdrawn", "Withdrawn"]


def test_erasing_the_first_leaves_the_second_their_message(world: World) -> None:
	world.providers.faults.twilio.status(503)
	ticket = shared(world)
	frappe.db.sql("update `tabEscalation Notification` set `user` = 'gone' where `user` = %s", TECH)
	messages_of(Erased(user=TECH, called="gone"))
	frappe.db.commit()
	world.forward(seconds=10)
	world.expect_sms(DUTY)
	assert [message.status for message in of_item(world, ticket)] == ["Withdrawn", "Sent"]


def test_a_notice_comes_once_too(world: World) -> None:
	ticket = shared(world)
	world.expect_sms(DUTY)
	world.change(ticket, status="Resolved")
	world.tick()
	told = world.inbox.take_all()
	assert {message.to for message in told} <= {TECH, LEAD, DUTY}
	assert len([message for message in told if message.to == DUTY]) <= 1


def test_an_email_address_that_two_share_gets_one_email(world: World) -> None:
	for user in (TECH, LEAD):
		world.contact(user, email="duty@x.test", email_verified=1)
	world.plan((0, "Email", "User", TECH), (0, "Email", "User", LEAD))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("duty@x.test")
	assert [message.status for message in of_item(world, ticket)] == ["Sent", "Sent"]


def test_one_person_twice_in_a_group_is_one_line(world: World) -> None:
	world.contact(TECH, DUTY)
	world.plan((0, "SMS", "User", TECH), (0, "SMS", "User", TECH))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(DUTY)
	assert len(of_item(world, ticket)) == 1
