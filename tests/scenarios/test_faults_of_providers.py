"""Scenarios 18 and 40: every fault that a provider can have, over real HTTP and SMTP, and what must follow from each.

For good: the next provider, or another way. For the moment: the next provider at once; where there is none, after pauses that
grow, five times at most. Nobody knows: the provider is asked; one that can't be, or knows nothing, gets it once more, marked.
"""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import frappe
import pytest

from escalation_mgmt.notifiers import email
from escalation_mgmt.notifiers.push import web_push
from escalation_mgmt.notifiers.twilio import client
from escalation_mgmt.storage.circuits import Of
from host.providers import Faults
from tests.scenarios.test_circuits import broken
from tests.scenarios.test_providers_in_order import TECH, TINA, by, second_mail, two_accounts
from tests.world import PAGER, World

SMS, CALL, PUSH, EMAIL, HTTP = "SMS", "Phone Call", "iPhone Notification", "Email", "HTTP POST"
SHORT = 0.3  # seconds, in place of how long we wait for an answer
LATE = 1.0
PAUSES = (10, 30, 90, 300)
Queue = Callable[[Faults], None]

FOR_GOOD: dict[str, dict[str, Queue]] = {
	SMS: {
		"the log-in is refused": lambda f: f.twilio.refuse(20003, status=401),
		"the account is suspended": lambda f: f.twilio.refuse(10001),
		"its refusal is no JSON": lambda f: f.twilio.status(403),
	},
	CALL: {"the log-in is refused": lambda f: f.twilio.refuse(20003, status=401, kind=CALL)},
	EMAIL: {
		"the sender is refused": lambda f: f.smtp.refuse(550, "5.1.8 no", at="MAIL"),
		"its policy": lambda f: f.smtp.refuse(554, "5.7.1 no", at="DATA"),
		"the whole message": lambda f: f.smtp.refuse(554, "5.6.0 no", at="MESSAGE"),
	},
}
FOR_THE_MOMENT: dict[str, dict[str, Queue]] = {
	SMS: {
		"429": lambda f: f.twilio.status(429, retry_after=3),
		"500": lambda f: f.twilio.status(500),
		"503": lambda f: f.twilio.status(503),
		"its queue is full": lambda f: f.twilio.refuse(21611),
	},
	CALL: {
		"429": lambda f: f.twilio.status(429, kind=CALL),
		"500": lambda f: f.twilio.status(500, kind=CALL),
	},
	EMAIL: {
		"450": lambda f: f.smtp.refuse(450),
		"421 and gone": lambda f: f.smtp.refuse(421, at="MAIL", drop=True),
		"gone before the message": lambda f: f.smtp.drop(at="RCPT"),
	},
	PUSH: {
		"429": lambda f: f.webpush.status(429),
		"500": lambda f: f.webpush.status(500),
	},
	HTTP: {
		"429": lambda f: f.pager.status(429),
		"500": lambda f: f.pager.status(500),
		"503 and a body that is no JSON": lambda f: f.pager.status(503, body="<html>"),
	},
}
NOBODY_KNOWS: dict[str, dict[str, Queue]] = {
	SMS: {
		"closed": lambda f: f.twilio.lose_answer(),
		"reset": lambda f: f.twilio.lose_answer("reset"),
		"reset in mid-answer": lambda f: f.twilio.lose_answer("half"),
		"slow": lambda f: f.twilio.slow(LATE),
		"slow body": lambda f: f.twilio.slow_body(LATE),
		"malformed JSON": lambda f: f.twilio.malformed(),
		"no JSON": lambda f: f.twilio.malformed("<html>"),
		"502": lambda f: f.twilio.status(502, taken=True),
	},
	CALL: {
		"closed": lambda f: f.twilio.lose_answer(kind=CALL),
		"reset in mid-answer": lambda f: f.twilio.lose_answer("half", kind=CALL),
		"slow body": lambda f: f.twilio.slow_body(LATE, kind=CALL),
		"malformed JSON": lambda f: f.twilio.malformed(kind=CALL),
	},
	EMAIL: {
		"closed": lambda f: f.smtp.drop(),
		"slow": lambda f: f.smtp.hang(LATE),
	},
	PUSH: {
		"closed": lambda f: f.webpush.lose_answer(),
		"reset": lambda f: f.webpush.lose_answer(reset=True),
		"slow": lambda f: f.webpush.slow(LATE),
	},
	HTTP: {
		"closed": lambda f: f.pager.close(),
		"slow": lambda f: f.pager.hang(2),
	},
}
CHANGES_NOTHING: dict[str, dict[str, Queue]] = {
	HTTP: {  # the status was there
		"reset in mid-answer": lambda f: f.pager.half(),
		"slow body": lambda f: f.pager.slow_body(2),
		"malformed JSON": lambda f: f.pager.status(200, body='{"ok": '),
	},
}


def cases(table: dict[str, dict[str, Queue]], *methods: str) -> list:
	return [
		pytest.param(method, queue, id=f"{method}, {name}")
		for method, faults in table.items()
		for name, queue in faults.items()
		if not methods or method in methods
	]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(client, "SECONDS", SHORT)
	monkeypatch.setattr(web_push, "SECONDS", SHORT)
	monkeypatch.setattr(email, "SECONDS", SHORT)


@pytest.fixture
def two(world: World) -> Iterator[None]:
	"""Two providers of each method that may have several."""
	two_accounts(world)
	second_mail(world)
	yield
	settings = frappe.get_doc("Escalation Settings")
	settings.providers = []
	settings.save()
	frappe.delete_doc("Email Account", "Second Mail", force=True)
	frappe.db.commit()


def paged(world: World, method: str) -> Any:
	"""A ticket that falls due in ten minutes, of a plan of one step."""
	if method in (SMS, CALL):
		world.contact(TECH, TINA)
	if method == PUSH:
		world.device(TECH)
	if method == HTTP:
		world.endpoint(timeout=1)
	step = (0, method, "Endpoint", PAGER) if method == HTTP else (0, method)
	world.plan(step)
	return world.ticket()


def received(world: World, method: str) -> Any:
	match method:
		case "SMS":
			return world.expect_sms(TINA)
		case "Phone Call":
			return world.inbox.expect(method=CALL, to=TINA)
		case "Email":
			return world.expect_email(TECH)
		case "iPhone Notification":
			return world.expect_push(TECH)
	return world.expect_page()


def pages(world: World, ticket: Any) -> list[tuple]:
	found = world.messages(world.item(ticket), purpose="Page")
	return [(m.method, m.status, m.attempts, m.possible_duplicate) for m in found]


def of_second(message: Any) -> bool:
	return message.sender in ("second@mail.x.test", "+15005550016")


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(("method", "queue"), cases(FOR_GOOD))
def test_18_refused_for_good_goes_by_the_next_provider_at_once(
	world: World, method: str, queue: Queue
) -> None:
	ticket = paged(world, method)
	queue(world.providers.faults)
	world.forward(10)
	assert of_second(received(world, method))
	assert pages(world, ticket) == [(method, "Failed", 1, 0), (method, "Sent", 1, 0)]


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(("method", "queue"), cases(FOR_THE_MOMENT, SMS, CALL, EMAIL))
def test_18_what_one_cant_take_now_goes_by_the_next_at_once(world: World, method: str, queue: Queue) -> None:
	ticket = paged(world, method)
	queue(world.providers.faults)
	world.forward(10)
	assert of_second(received(world, method))
	assert pages(world, ticket) == [(method, "Sent", 2, 0)]


@pytest.mark.parametrize(("method", "queue"), cases(FOR_THE_MOMENT))
def test_18_with_one_provider_it_is_tried_again_after_pauses_that_grow(
	world: World, method: str, queue: Queue
) -> None:
	ticket = paged(world, method)
	for _each in range(3):
		queue(world.providers.faults)
	world.forward(10)
	for number, pause in enumerate(PAUSES[:3], 1):
		world.forward(seconds=pause - 1)
		assert pages(world, ticket) == [(method, "Queued", number, 0)]
		world.forward(seconds=1)
	received(world, method)
	assert pages(world, ticket) == [(method, "Sent", 4, 0)]


@pytest.mark.one_database
@pytest.mark.parametrize(("method", "queue"), cases(NOBODY_KNOWS))
@pytest.mark.parametrize("how_many", [1, 2])
def test_18_what_may_have_arrived_is_asked_or_goes_once_more_marked(
	world: World, method: str, queue: Queue, how_many: int, request: pytest.FixtureRequest
) -> None:
	if how_many == 2:
		if method in (PUSH, HTTP):
			pytest.skip("it has one provider")
		request.getfixturevalue("two")
	ticket = paged(world, method)
	queue(world.providers.faults)
	world.forward(10)
	first = received(world, method)
	world.forward(seconds=10)
	if method in (SMS, CALL):  # Twilio is asked: nothing goes twice
		assert pages(world, ticket) == [(method, "Sent", 2, 0)]
		assert by(first) == "first"
	else:
		second = received(world, method)
		assert method == HTTP or not of_second(second), "by the one that it was handed to"
		assert pages(world, ticket) == [(method, "Sent", 2, 1)]


@pytest.mark.parametrize(("method", "queue"), cases(CHANGES_NOTHING))
def test_18_what_breaks_after_the_status_changes_nothing(world: World, method: str, queue: Queue) -> None:
	ticket = paged(world, method)
	queue(world.providers.faults)
	world.forward(10)
	received(world, method)
	assert pages(world, ticket) == [(method, "Sent", 1, 0)]


# --- receipts, of the second account: late, doubled, out of order, forged


@pytest.mark.parametrize("order", list(permutations(("sent", "delivered", "delivered"))), ids=" ".join)
def test_18_receipts_in_any_order_and_doubled_take_no_state_back(world: World, order: tuple) -> None:
	two_accounts(world)
	ticket = paged(world, SMS)
	world.providers.faults.twilio.refuse(20003)
	world.forward(10)
	sms = world.expect_sms(TINA)
	for status in order:
		assert world.receipt(sms, status).ok
		world.wait(60)  # hours late, too
	assert pages(world, ticket) == [(SMS, "Failed", 1, 0), (SMS, "Delivered", 1, 0)]
	assert world.kinds(world.item(ticket)).count("Delivered") == 1
	assert not world.receipt(sms, "undelivered", token="f" * 32).ok  # forged
	assert world.receipt(sms, "undelivered").ok  # it is delivered
	assert pages(world, ticket)[1][1] == "Delivered"


def test_18_a_late_receipt_of_the_first_provider_is_taken_where_the_message_went_by_both(
	world: World,
) -> None:
	"""It may have arrived by the first, which stands still since; so it went by the second, marked. The first says so later."""
	two_accounts(world)
	ticket = paged(world, SMS)
	world.providers.faults.twilio.lose_answer(taken=True)
	world.forward(10)
	first = world.expect_sms(TINA)
	broken(world, Of(SMS, "Twilio"))
	world.forward(seconds=10)
	assert by(world.expect_sms(TINA)) == "second"
	assert pages(world, ticket) == [(SMS, "Sent", 2, 1)]
	world.receipt(first, "delivered")
	assert pages(world, ticket) == [(SMS, "Delivered", 2, 1)]
