"""Who has an escalation calls somebody to help; and whoever chooses a person sees how they can be reached."""

from typing import Any

import frappe
import pytest

from escalation_mgmt.actions import person
from escalation_mgmt.engine import Recipient
from escalation_mgmt.facts import limits, people
from escalation_mgmt.storage import message_secrets, outbox
from tests.scenarios.test_ticket_form import Form
from tests.world import PAGER, World

pytestmark = pytest.mark.one_database

LEO = "+4915112345602"


@pytest.fixture
def ticket(world: World) -> Any:
	"""Tina was paged, and has it."""
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	form = Form(world, ticket, "tech@x.test")
	assert form.click("acknowledge")[0]
	return ticket


def test_whoever_has_it_calls_somebody_to_help(world: World, ticket: Any) -> None:
	form = Form(world, ticket, "tech@x.test")
	assert form.offers[:2] == ["add_person", "hand_over"]
	done, words = form.click("add_person", who="second@x.test")
	assert (done, words) == (True, "Sam Second is paged now, and asked to help. Tina Tech still has it.")
	world.tick()
	page = world.expect_email("second@x.test", "Tina Tech has it, and you are asked to help.")
	item = world.item(ticket)
	assert (item.status, item.acknowledged_by) == ("Acknowledged", "Tina Tech")
	assert (
		"Tina Tech called Sam Second to help (Ticket Form), who is paged: Email. Tina Tech still has it."
		in (world.lines(item))
	)
	assert "Already acknowledged" in world.post(page.links[0]).text
	assert world.item(ticket).acknowledged_by == "Tina Tech"
	world.forward(60)  # no further step runs for it


def test_a_call_for_help_that_a_provider_refuses_for_now_is_tried_again(world: World, ticket: Any) -> None:
	world.providers.faults.smtp.refuse(450, "busy", to="second@x.test")
	assert Form(world, ticket, "tech@x.test").click("add_person", who="second@x.test")[0]
	world.tick()
	world.forward(2)
	world.expect_email("second@x.test", "you are asked to help")


def test_what_waited_for_one_who_was_added_before_is_not_sent_after_the_acknowledgement(world: World) -> None:
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	world.providers.faults.smtp.refuse(450, "busy", to="second@x.test")
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	form = Form(world, ticket, "tech@x.test")
	assert form.click("add_person", who="second@x.test")[0]
	world.tick()
	assert form.click("acknowledge")[0]
	world.forward(2)
	(message,) = world.messages(world.item(ticket), user="second@x.test")
	assert message.status == "Withdrawn"
	# But called to help they are paged, though they were added before.
	assert form.click("add_person", who="second@x.test")[0]
	world.tick()
	world.expect_email("second@x.test", "Tina Tech has it")


def test_once_it_is_given_back_who_helped_is_paged_with_every_step(world: World, ticket: Any) -> None:
	form = Form(world, ticket, "tech@x.test")
	assert form.click("add_person", who="second@x.test")[0]
	world.tick()
	world.expect_email("second@x.test", "asked to help")
	assert form.click("unacknowledge")[0]
	world.forward(5)
	world.expect_email("lead@x.test")
	second = world.inbox.take_all()
	assert sorted(message.to for message in second) == ["second@x.test"] * 2, "a notice, and the step's page"
	assert not any("asked to help" in message.text for message in second)


def test_nobody_calls_whoever_has_it_nor_without_bound(world: World, ticket: Any) -> None:
	form = Form(world, ticket, "lead@x.test")
	assert form.click("add_person", who="tech@x.test") == (
		False,
		"Tina Tech has acknowledged already; nothing was changed.",
	)
	for _time in range(limits.DEFAULTS["most_on_ticket"] + 1):
		done, words = form.click("add_person", who="second@x.test")
	assert not done and "It is possible again at" in words
	world.tick()
	world.inbox.take_all()


def test_a_person_is_chosen_knowing_how_they_can_be_reached(world: World) -> None:
	world.contact("lead@x.test", LEO)
	world.contact("second@x.test", enabled=0)
	world.plan((0, "Email"), (5, "SMS", "User", "lead@x.test"), (5, "Phone Call"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	form = Form(world, ticket, "tech@x.test")
	for action, field in (("add_person", "who"), ("hand_over", "to")):
		note, asked = next(each for each in form.shown["actions"] if each["name"] == action)["fields"]
		assert (note["name"], note["optional"], asked["optional"]) == ("note", True, False)
		assert (asked["name"], asked["default"], asked["kind"]) == (field, "", "person"), "nobody is chosen"
		labels = {option["value"]: option["label"] for option in asked["options"]}
		assert labels["lead@x.test"] == "Leo Lead (Email, SMS, Phone Call)"
		assert labels["tech@x.test"] == "Tina Tech (Email)"
		assert labels["second@x.test"] == "Sam Second (can't be reached)"
		refused = form.post(action, **{field: ""})
		assert refused.status_code == 417 and "Choose one of the people" in refused.text
	frappe.db.rollback()


def test_the_likeliest_stand_first(world: World) -> None:
	"""Whom the plan would page yet, then the others, then who has the ticket, at last who can't be reached."""
	world.contact("second@x.test", enabled=0)
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	form = Form(world, ticket, "tech@x.test")
	asked = next(each for each in form.shown["actions"] if each["name"] == "hand_over")["fields"][1]
	users = [option["value"] for option in asked["options"]]
	assert users[0] == "lead@x.test" and users[-2:] == ["tech@x.test", "second@x.test"]
	world.forward(5)
	world.expect_email("lead@x.test")
	form.reload()
	asked = next(each for each in form.shown["actions"] if each["name"] == "hand_over")["fields"][1]
	rest = [option["value"] for option in asked["options"][:-2]]
	assert rest == sorted(rest, key=dict(people.names(rest)).get), "no step is to come: by name"


@pytest.mark.parametrize(("action", "field"), [("hand_over", "to"), ("add_person", "who")])
def test_a_note_goes_into_the_page_and_the_history(world: World, action: str, field: str) -> None:
	world.plan((0, "Email"), (60, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	form = Form(world, ticket, "tech@x.test")
	written = "Rack 4,\n the one with the <b>blue</b> lamp"
	assert form.click(action, **{field: "second@x.test"}, note=written)[0]
	world.tick()
	page = next(each for each in world.inbox.take_all() if each.links)
	note = "Rack 4, the one with the < b>blue< /b> lamp"
	assert page.to == "second@x.test" and page.text.splitlines()[0] == f"Tina Tech: {note}"
	assert any(f"Their note: {note}" in line for line in world.lines(world.item(ticket)).splitlines())
	assert form.click("hand_over", to="lead@x.test")[0]
	world.tick()
	assert not any("Tina Tech:" in message.text for message in world.inbox.take_all()), "said once"


def test_a_note_is_kept_where_its_page_goes_another_way_and_goes_with_the_address(world: World) -> None:
	world.contact("second@x.test", "+4915112345677")
	world.plan((0, "SMS"), (60, "Email"))
	world.contact("tech@x.test", "+4915112345678")
	ticket = world.ticket()
	world.forward(10)
	world.inbox.take_all()
	form = Form(world, ticket, "lead@x.test")
	assert form.click("add_person", who="second@x.test", note="x" * 200)[0]
	world.tick()
	(sms,) = world.inbox.take_all()
	assert sms.text.startswith("Leo Lead: xxx") and sms.links
	(message,) = world.messages(world.item(ticket), user="second@x.test")
	assert message_secrets.note_of(message.name)["note"] == f"Leo Lead: {'x' * person.LONGEST_NOTE}"
	instead = outbox.queue_instead(message, recipient(message), world.now)
	assert message_secrets.note_of(instead) == message_secrets.note_of(message.name)
	assert message_secrets.note_of(instead)["noted_by"] == "lead@x.test"
	message_secrets.forget_addresses([instead])
	assert message_secrets.note_of(instead) == {"note": None, "noted_by": None}
	frappe.db.rollback()


def recipient(message: Any) -> Recipient:
	return Recipient(method="Email", address="second@x.test", label=message.recipient, user=message.user)


def test_no_pager_gets_a_note(world: World) -> None:
	"""What one person writes to another isn't for a paging system."""
	world.endpoint()
	world.plan((0, "Email"), (0, "HTTP POST", "Endpoint", PAGER), (5, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.inbox.take_all()
	form = Form(world, ticket, "lead@x.test")
	assert form.click("add_person", who="second@x.test", note="Rack 4")[0]
	assert form.click("escalate_now")[0]
	world.tick()
	texts = [message.text for message in world.inbox.take_all()]
	assert sum("Rack 4" in text for text in texts) == 1
