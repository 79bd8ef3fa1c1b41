"""Scenario 47: somebody else has to take it, from every door. The next step runs now, and whoever passed it on isn't paged again."""

from typing import Any

import frappe
import pytest

from escalation_mgmt.actions.from_message import What, answered_by_user, offered, position_of
from escalation_mgmt.delivery import tokens
from escalation_mgmt.notifiers.twilio import gsm7
from escalation_mgmt.storage import action_items
from tests.scenarios.test_ticket_form import Form
from tests.scenarios.test_undo import LEAD, SECOND, TECH, offers, press
from tests.world import World

TINA, LEO = "+4915112345601", "+4915112345602"


@pytest.fixture
def texted(world: World) -> tuple[Any, Any]:
	"""Tina has an SMS; five minutes later it would go to Leo and her again, then to Sam."""
	world.contact(TECH, TINA)
	steps = ((0, "SMS"), (5, "SMS"), (0, "Email", "User", LEAD), (5, "Email", "User", SECOND))
	world.plan(*steps, message="Rack 4 burns")
	ticket = world.ticket()
	world.forward(10)
	return ticket, world.expect_sms(TINA)


def is_passed_on(world: World, ticket: Any, via: str) -> None:
	"""The next step has run, without her; the one after it runs at its own time."""
	world.tick()
	world.expect_email(LEAD)
	item = world.item(ticket)
	lines = world.lines(item)
	assert f"Tina Tech passed it on ({via}): somebody else has to take it." in lines
	assert "Step 2, SMS: to nobody else. Not once more to Tina Tech, who passed it on." in lines
	assert (item.status, item.next_group, item.due_utc) == ("Escalating", 2, world.now + FIVE)
	world.forward(5)
	world.expect_email(SECOND)
	assert len(world.messages(item, user=TECH)) == 1


FIVE = frappe.utils.datetime.timedelta(minutes=5)


@pytest.mark.parametrize("said", ["PASS {}", "{} pass", "No {}", "pass on {}", "Pass"])
def test_47_by_sms(world: World, texted: tuple[Any, Any], said: str) -> None:
	ticket, sms = texted
	assert sms.text.endswith("Reply 1 to acknowledge, PASS 1 to pass on.")
	(answer,) = world.text(TINA, said.format(1))
	assert answer == f"Ticket {ticket.name}: Passed on, and not to you again. Step 2 is run now."
	is_passed_on(world, ticket, "SMS")


@pytest.mark.one_database
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_47_by_a_link_or_the_button_of_a_notification(
	world: World, texted: tuple[Any, Any], accept: str
) -> None:
	"""A notification's button posts to the message's link."""
	ticket, _sms = texted
	token, secret = tokens.new()
	row = world.messages(world.item(ticket), user=TECH)[0].name
	values = {"token_hash": secret, "token_expires_utc": tokens.expires(world.now)}
	frappe.db.set_value("Escalation Notification Secret", row, values)
	frappe.db.commit()
	answer = world.post(f"{world.url}/ack/{token}", data={"do": "pass_on"}, headers={"Accept": accept})
	assert answer.ok and "Somebody else is asked" in answer.text
	is_passed_on(world, ticket, "Link")


def test_47_by_sms_a_stale_or_unknown_code_passes_nothing_on(world: World, texted: tuple[Any, Any]) -> None:
	ticket, _sms = texted
	assert world.text(TINA, "PASS 77")[0].startswith("There is no code 77.")
	assert world.text("+4915112345699", "PASS 1") == []  # a stranger
	Form(world, ticket, SECOND).click("acknowledge")
	assert "Sam Second acknowledged this already" in world.text(TINA, "PASS 1")[0]
	assert "Passed On" not in world.kinds(world.item(ticket))
	world.forward(1)
	world.expect_email(TECH, "Sam Second has acknowledged")


def test_47_from_the_app_once(world: World, texted: tuple[Any, Any]) -> None:
	ticket, _sms = texted
	shown = position_of(action_items.read([world.item(ticket).name])[0].item)
	assert What.PASS_ON in offers(world, TECH, ticket)
	assert press(world, TECH, ticket, "pass_on", position=shown).done
	assert press(world, TECH, ticket, "pass_on", position=shown).message == "You have passed it on already."
	world.tick()
	world.expect_email(LEAD)
	stale = press(world, LEAD, ticket, "pass_on", position=shown)
	assert (stale.done, stale.message) == (False, "The next step has run meanwhile; nothing was changed.")
	for forged in ("9-9-9", "x", "0-0", "-1-0-0", "0-0-" + "9" * 40):
		assert not press(world, LEAD, ticket, "pass_on", position=forged).done, forged
	with pytest.raises(ValueError):
		press(world, LEAD, ticket, "stop")


def test_47_from_a_call(world: World) -> None:
	world.contact(TECH, TINA)
	world.contact(LEAD, LEO)
	world.plan((0, "Phone Call"), (5, "Phone Call"), (0, "Phone Call", "User", LEAD), (5, "Email"))
	ticket = world.ticket()
	world.forward(10)
	call = world.expect_call(TINA)
	call.press("3")
	assert call.text.endswith("Passed on, and not to you again. Step 2 is run now.")
	world.tick()
	world.expect_call(LEO).press("1")
	item = world.item(ticket)
	assert item.acknowledged_user == LEAD and "Tina Tech passed it on (Phone Call)" in world.lines(item)
	world.forward(1)
	world.inbox.take_all()


def test_47_the_last_step_says_who_is_left(world: World, texted: tuple[Any, Any]) -> None:
	ticket, _sms = texted
	press(world, TECH, ticket, "pass_on")
	world.tick()
	world.expect_email(LEAD)
	press(world, LEAD, ticket, "pass_on")
	world.tick()
	world.expect_email(SECOND)
	(shown,) = [
		offer
		for offer in offered(answered_by_user(SECOND, world.item(ticket).name))
		if offer.what is What.PASS_ON
	]
	left = "No step is left, and nothing was changed. The plan can be run again. Nobody else was told who has not passed it on."
	assert shown.why_not == left == press(world, SECOND, ticket, "pass_on").message
	assert press(world, TECH, ticket, "pass_on").message.endswith(
		"Those who were told can still take it: Sam Second."
	)
	assert press(world, TECH, ticket, "acknowledge").done  # who passed it on can take it all the same
	world.forward(1)
	for user in (LEAD, SECOND):
		world.expect_email(user, "Tina Tech has acknowledged")


def test_47_where_nobody_else_is_asked_the_plan_goes_on_to_who_is(world: World) -> None:
	"""The next step is hers alone: it is passed over, and the one after it runs."""
	world.plan((0, "Email"), (5, "Email"), (5, "Email", "User", LEAD))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email(TECH)
	assert press(world, TECH, ticket, "pass_on").done
	world.tick()
	world.tick()
	world.expect_email(LEAD)


def test_47_handed_over_to_who_passed_it_on_they_are_paged(world: World, texted: tuple[Any, Any]) -> None:
	ticket, _sms = texted
	press(world, TECH, ticket, "pass_on")
	world.tick()
	world.expect_email(LEAD)
	assert Form(world, ticket, SECOND).click("hand_over", to=TECH)[0]
	world.tick()
	world.expect_sms(TINA)
	world.expect_email(LEAD, "is assigned to Tina Tech now")


def test_the_word_is_named_where_there_is_room(world: World) -> None:
	"""An SMS costs no part more for it, and nothing is cut."""
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), message="x" * 120)
	world.ticket()
	world.forward(10)
	bare = world.expect_sms(TINA).text
	short = len(bare.replace(", PASS 1 to pass on", ""))
	fills = 160 - short if short <= 160 else 306 - short
	world.plan((0, "SMS"), message="x" * (120 + fills), title="Full", rank=0)
	world.ticket("Full")
	world.forward(10)
	full = world.expect_sms(TINA).text
	assert full.endswith("to acknowledge.") and gsm7.parts(full) <= 2
	world.inbox.take_all()


def test_who_is_alone_in_the_plan_burns_no_step(world: World) -> None:
	world.plan((0, "Email"), (30, "Email"), (30, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email(TECH)
	said = press(world, TECH, ticket, "pass_on")
	assert not said.done and "go to nobody else, and nothing was changed" in said.message
	world.tick()
	world.forward(30)
	world.expect_email(TECH)


def test_whom_the_ticket_is_assigned_to_by_hand_is_paged_again(world: World) -> None:
	world.plan((0, "Email"), (0, "Email", "User", SECOND), (5, "Email", "User", LEAD), (5, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email(TECH)
	world.expect_email(SECOND)
	assert press(world, SECOND, ticket, "pass_on").done
	world.tick()
	world.expect_email(LEAD)
	world.assign(ticket, SECOND)
	world.sweep()
	world.tick()
	world.inbox.take_all()
	world.forward(5)
	world.expect_email(SECOND)


def test_an_address_that_looks_like_the_one_that_passed_it_on_is_paged(world: World) -> None:
	"""Both are s…@y.test to whoever reads the history."""
	world.plan(
		(0, "Email", "Address", "sales@y.test"), (5, "Email", "Address", "support@y.test"), (30, "Email")
	)
	world.ticket()
	world.forward(10)
	link = world.expect_email("sales@y.test").links[0]
	answer = world.post(link, data={"do": "pass_on"})
	assert answer.ok
	world.tick()
	world.expect_email("support@y.test")
