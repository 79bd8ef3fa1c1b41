"""SMS from people's phones and from machines: Twilio's own words, codes as they are typed, and an end to answers."""

import frappe
import pytest

from escalation_mgmt.api import contacts
from escalation_mgmt.inbound import replies
from tests.scenarios.test_contacts import code_of
from tests.scenarios.test_sms import LEO, TINA, acknowledged, planned, texted
from tests.world import World

pytestmark = pytest.mark.one_database

STOPS = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"]
STARTS = ["START", "YES", "UNSTOP"]


def stopped(user: str = "tech@x.test") -> bool:
	frappe.db.commit()
	return bool(frappe.db.get_value("Escalation Contact", user, "sms_stopped"))


# --- Twilio's own words


def test_after_every_word_that_stops_every_word_that_starts_is_heard(world: World) -> None:
	world.contact("tech@x.test", TINA)
	for number, stop in enumerate(STOPS):
		for start in STARTS:
			cases = (str.upper, str.lower, str.capitalize)
			assert world.text(TINA, f" {cases[number % 3](stop)} ") == []
			assert stopped(), stop
			assert world.text(TINA, f"{cases[(number + 1) % 3](start)}\n") == []
			assert not stopped(), start


def test_whoever_has_started_again_is_paged(world: World) -> None:
	planned(world)
	world.text(TINA, "Stop")
	world.text(TINA, "Yes")
	texted(world)


def test_yes_of_a_phone_that_hasnt_stopped_is_an_answer_that_isnt_understood(world: World) -> None:
	planned(world)
	ticket, _sms = texted(world)
	(reply,) = world.text(TINA, "YES")
	assert reply == f"This wasn't understood. To acknowledge, reply 1 for ticket {ticket.name}."
	assert not acknowledged(world, ticket) and not stopped()


@pytest.mark.parametrize("said", ["HELP", "info", " Help "])
def test_help_says_what_waits(world: World, said: str) -> None:
	planned(world)
	ticket, _sms = texted(world)
	assert world.text(TINA, said) == [f"To acknowledge, reply 1 for ticket {ticket.name}."]


@pytest.mark.parametrize("said", ["stop please", "yes please", "restart", "the end"])
def test_a_sentence_stops_nothing(world: World, said: str) -> None:
	world.contact("tech@x.test", TINA)
	world.text(TINA, said)
	assert not stopped()


# --- as they are typed


@pytest.mark.parametrize(
	"said", ["“1”", "1️⃣", "١", "۱", "१", "\u200f1\u200e", "Acknowledged", "1\n\nSent from my iPhone", "1\n-- \nTina\n+49 151 12345601", "Ack – 1", "1।"]
)  # fmt: skip
def test_a_reply_is_understood_as_phones_write_it(world: World, said: str) -> None:
	planned(world)
	ticket, _sms = texted(world)
	(reply,) = world.text(TINA, said)
	assert reply == f"Ticket {ticket.name}: Acknowledged. The escalation has stopped."
	assert acknowledged(world, ticket)


TYPED = {
	"Arabic": lambda code: code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
	"Persian": lambda code: code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")),
	"Devanagari": lambda code: code.translate(str.maketrans("0123456789", "०१२३४५६७८९")),
	"full-width": lambda code: code.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
	"dash": lambda code: f"{code[:3]}-{code[3:]}",
	"direction": lambda code: f"\u200f{code}\u200e",
	"full stop": lambda code: f"{code}.",
	"the whole SMS": lambda code: f"{code} is your code. It is valid for 10 minutes.",
}


@pytest.mark.parametrize("how", TYPED)
def test_a_verification_code_is_understood(world: World, how: str) -> None:
	world.contact("tech@x.test", TINA, mobile_verified=0)
	contacts.send_code("tech@x.test")
	assert contacts.check_code("tech@x.test", TYPED[how](code_of(world)))["verified"]


def test_what_is_no_code_costs_no_try(world: World) -> None:
	world.contact("tech@x.test", TINA, mobile_verified=0)
	contacts.send_code("tech@x.test")
	code = code_of(world)
	for _time in range(contacts.TRIES + 1):
		said = contacts.check_code("tech@x.test", code[:-1])
		assert not said["verified"] and "6 digits" in said["message"]
	assert contacts.check_code("tech@x.test", code)["verified"]


# --- an end


def test_two_machines_dont_talk_for_ever(world: World) -> None:
	planned(world)
	ticket, _sms = texted(world)
	answers = [len(world.text(TINA, "I am on holiday.")) for _time in range(replies.ANSWERS_PER_HOUR + 5)]
	assert answers == [1] * replies.ANSWERS_PER_HOUR + [0] * 5
	assert world.text(TINA, "1") == [] and acknowledged(world, ticket), (
		"what it asks for is done all the same"
	)
	world.contact("lead@x.test", LEO)
	assert len(world.text(LEO, "hello")) == 1, "another phone has a limit of its own"
