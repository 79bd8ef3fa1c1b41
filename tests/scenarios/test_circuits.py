"""Scenario 42: what refuses everything for a while is passed over, and tried again by one message."""

import threading
from typing import Any

import frappe
import pytest

from escalation_mgmt import delivery
from escalation_mgmt.dispatch import dispatcher
from escalation_mgmt.engine.circuit import Lets
from escalation_mgmt.notifiers.http_post import HttpPostNotifier
from escalation_mgmt.storage import circuits
from escalation_mgmt.storage.circuits import Circuits, Of
from tests.scenarios.test_limits import TECH
from tests.scenarios.test_providers_in_order import TINA, by, paged, two_accounts, went
from tests.world import World
from tests.world.statements import listened

STUCK, SOUND = "Stuck", "Sound"
HTTP, SMS, CALL = "HTTP POST", "SMS", "Phone Call"


def is_open(of: Of) -> bool:
	frappe.db.rollback()
	return Circuits.read().circuit(of).is_open


def endpoints(world: World) -> None:
	for name in (STUCK, SOUND):
		world.endpoint(name, url=f"{world.providers.pager_url}/{name.lower()}", timeout=1)


def tried(world: World, to: str) -> int:
	return sum(attempt.to == to for attempt in world.providers.pager.attempts)


def fails_until_open(world: World, of: Of) -> None:
	"""Three times in half a minute and more: at 0, 10 and 40 seconds, as pauses are."""
	world.forward(10)
	for seconds in (10, 30):
		assert not is_open(of)
		world.forward(seconds=seconds)
	assert is_open(of)


def test_42_a_receiver_that_stands_still_is_passed_over_and_tried_by_one_message(world: World) -> None:
	endpoints(world)
	world.plan((0, HTTP, "Endpoint", STUCK), (0, HTTP, "Endpoint", SOUND))
	tickets = [world.ticket(f"ticket {number}") for number in range(3)]
	world.providers.faults.pager.status(503, to="stuck", times=9)
	fails_until_open(world, Of(HTTP, STUCK))
	for _ticket in tickets:
		world.expect_page()
	before = tried(world, "stuck")
	world.providers.faults.pager.status(503, to="stuck")
	world.forward(seconds=90)
	assert tried(world, "stuck") == before + 1, "one message tries it"
	assert is_open(Of(HTTP, STUCK))
	lines = [world.lines(world.item(ticket)) for ticket in tickets]
	assert sum("Stuck is passed over: it has taken nothing since" in each for each in lines) == 2


def test_42_it_closes_with_the_first_success_and_what_waited_goes(world: World) -> None:
	endpoints(world)
	world.plan((0, HTTP, "Endpoint", STUCK))
	world.ticket("first")
	world.providers.faults.pager.status(503, to="stuck", times=3)
	fails_until_open(world, Of(HTTP, STUCK))
	world.forward(seconds=90)  # its own fourth try
	world.expect_page("first")
	assert not is_open(Of(HTTP, STUCK)) and not frappe.db.count("Escalation Circuit")


def test_42_what_waits_ends_as_what_is_tried_and_refused(world: World) -> None:
	"""Never lost: five times in seven minutes, passed over or not, and then the plan goes on."""
	endpoints(world)
	world.plan((0, HTTP, "Endpoint", STUCK), (60, "Email", "User", "lead@x.test"))
	world.ticket("first")
	world.providers.faults.pager.status(503, to="stuck", times=3)
	fails_until_open(world, Of(HTTP, STUCK))
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(Circuits, "take_try", lambda *_args: False)  # another sender's message tries it
		world.forward(seconds=90)
		world.forward(seconds=300)
	world.expect_email("lead@x.test")


def test_42_a_moments_trouble_of_one_opens_nothing(world: World) -> None:
	endpoints(world)
	world.plan((0, HTTP, "Endpoint", STUCK))
	for number in range(5):
		world.ticket(f"ticket {number}")
	world.providers.faults.pager.status(503, to="stuck", times=5)
	world.forward(10)
	assert not is_open(Of(HTTP, STUCK))
	world.forward(seconds=10)
	for _each in range(5):
		world.expect_page()


def test_40_what_the_first_provider_stands_still_for_goes_by_the_next_at_once(world: World) -> None:
	two_accounts(world)
	paged(world)
	world.providers.faults.twilio.status(503, times=3)
	for _other in range(2):
		world.wait(seconds=20)
		world.ticket()
	world.wait(minutes=9, seconds=20)
	for _ticket in range(3):
		assert not is_open(Of(SMS, "Twilio"))
		world.tick()
		assert by(world.expect_sms(TINA)) == "second"
		world.wait(seconds=20)
	assert is_open(Of(SMS, "Twilio"))


def broken(world: World, of: Of, minutes: float = 0) -> None:
	"""Its circuit is open, and the next to try is so many minutes away."""
	for seconds in (40, 20, 0):
		at = world.now + frappe.utils.datetime.timedelta(minutes=minutes, seconds=-seconds)
		circuits.record([circuits.Trial(of, at, refused=True, was_try=False, why="out of order")])
	assert is_open(of)


def test_40_an_open_circuit_goes_by_the_next_provider_and_one_message_tries_it(world: World) -> None:
	two_accounts(world)
	ticket = paged(world)
	broken(world, Of(SMS, "Twilio"), minutes=10)
	world.forward(10)
	assert by(world.expect_sms(TINA)) == "second"
	assert went(world, ticket) == [(SMS, "Twilio EU", "Sent")]
	again = world.ticket("again")
	world.forward(10)
	assert by(world.expect_sms(TINA)) == "first", "half a minute is over"
	assert went(world, again) == [(SMS, "Twilio", "Sent")]
	assert not is_open(Of(SMS, "Twilio"))


def test_40_who_tries_in_vain_goes_by_the_next_at_once(world: World) -> None:
	two_accounts(world)
	ticket = paged(world)
	broken(world, Of(SMS, "Twilio"))
	world.providers.faults.twilio.status(503)
	world.forward(10)
	assert by(world.expect_sms(TINA)) == "second"
	(message,) = world.messages(world.item(ticket))
	assert message.attempts == 2 and is_open(Of(SMS, "Twilio"))


def test_40_all_are_open_and_a_person_is_reached_another_way_at_once(world: World) -> None:
	ticket = paged(world, (60, "SMS", "User", "lead@x.test"))
	broken(world, Of(SMS, "Twilio"), minutes=10)
	world.forward(10)
	world.tick()
	world.expect_call(TINA)
	assert went(world, ticket) == [(SMS, None, "Failed"), (CALL, "Twilio", "Sent")]
	assert "Twilio is passed over: it has taken nothing since" in world.lines(world.item(ticket))


def test_40_all_is_open_and_it_waits(world: World) -> None:
	"""No other method is sound: nothing is lost, and the first that closes takes it."""
	ticket = paged(world, (60, "SMS", "User", "lead@x.test"))
	for of in (Of(SMS, "Twilio"), Of(CALL, "Twilio"), Of("Email", "Escalation Test")):
		broken(world, of, minutes=10)
	world.forward(10)
	world.tick()
	assert [status for _method, _provider, status in went(world, ticket)] == ["Queued"]
	world.forward(seconds=10)
	assert [status for _method, _provider, status in went(world, ticket)] == ["Queued"]
	world.forward(seconds=30)
	assert by(world.expect_sms(TINA)) == "first"


def test_40_a_number_that_is_refused_says_nothing_against_the_provider(world: World) -> None:
	world.plan((0, "SMS", "Address", TINA))
	for _each in range(4):
		world.ticket()
	world.providers.faults.twilio.refuse(21610, times=4)
	world.forward(10)
	assert not frappe.db.count("Escalation Circuit")
	for _each in range(4):
		world.expect_email("owner@x.test", "no step is left")


def test_42_of_several_senders_one_tries(world: World) -> None:
	of = Of(HTTP, STUCK)
	broken(world, of)
	world.wait(1)
	frappe.db.rollback()
	senders = [Circuits.read() for _sender in range(4)]
	assert all(sender.lets(of, world.now) is Lets.TRY for sender in senders)
	assert [sender.take_try(of, world.now) for sender in senders] == [True, False, False, False]
	frappe.db.commit()
	assert Circuits.read().lets(of, world.now) is Lets.PASS
	world.wait(2)  # whoever tried it was never heard of again
	assert Circuits.read().lets(of, world.now) is Lets.TRY


def test_42_who_corrects_an_endpoint_lets_the_next_message_try_it(world: World) -> None:
	endpoints(world)
	of = Of(HTTP, STUCK)
	broken(world, of)
	assert Circuits.read().lets(of, world.now) is Lets.PASS
	doc = frappe.get_doc("Escalation Endpoint", STUCK)
	doc.timeout = 2
	doc.save()
	assert Circuits.read().lets(of, world.now) is Lets.TRY
	frappe.rename_doc("Escalation Endpoint", STUCK, "Renamed", force=True)
	frappe.db.commit()
	assert not is_open(Of(HTTP, "Renamed")) and not is_open(of)


def test_42_who_corrects_an_email_account_lets_the_next_message_try_it(world: World) -> None:
	of = Of("Email", "Escalation Test")
	broken(world, of)
	frappe.get_doc("Email Account", "Escalation Test").run_method("on_update")
	assert Circuits.read().lets(of, world.now) is Lets.TRY


def test_9_what_a_circuit_says_holds_no_token(world: World) -> None:
	"""A receiver may send back what it got, and the readiness check shows what it said."""
	world.endpoint(payload='{"link": {{ link | tojson }}}')
	world.plan((0, HTTP, "Endpoint", "Pager"))
	ticket = world.ticket()
	attempts = []
	send = HttpPostNotifier.send

	def echoes(self: HttpPostNotifier, messages: Any) -> Any:
		attempts.extend(messages)
		link = messages[0].link
		world.providers.faults.pager.status(500, body=f"I can't take {link}")
		return send(self, messages)

	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(HttpPostNotifier, "send", echoes)
		world.forward(10)
	why = frappe.db.get_value("Escalation Circuit", {"provider": "Pager"}, "why")
	token = attempts[0].link.rpartition("/")[2]
	assert "can't take" in why and token not in why
	world.change(ticket, status="Closed")


def test_9_what_a_circuit_says_names_nobody(world: World) -> None:
	"""It stands in readiness, and in the histories of others, where an erasure doesn't look for this person."""
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.providers.faults.smtp.refuse(451, f"4.7.1 Too much for {TECH}, later")
	world.forward(10)
	assert "Too much for Tina Tech, later" in world.lines(world.item(ticket))
	(why,) = frappe.get_all("Escalation Circuit", pluck="why")
	assert "Too much for …, later" in why
	world.change(ticket, status="Closed")


def test_4_a_step_that_runs_while_circuits_are_read_is_sent(world: World) -> None:
	"""What is claimed is seen as it is when it is locked, and no earlier: a page whose item still looked Scheduled was withdrawn."""
	ticket = paged(world)
	world.wait(10)
	frappe.db.commit()
	path, read = frappe.local.sites_path, Circuits.read

	def another_dispatcher() -> None:
		frappe.destroy()
		frappe.init(world.site, sites_path=path)
		frappe.connect()
		dispatcher.tick(lambda: None)
		frappe.destroy()

	def meanwhile() -> Circuits:
		found = read()
		thread = threading.Thread(target=another_dispatcher)
		thread.start()
		thread.join(60)
		return found

	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(Circuits, "read", meanwhile)
		delivery.deliver_by(SMS)
	world.expect_sms(TINA)
	assert went(world, ticket) == [(SMS, "Twilio", "Sent")]


def test_circuits_cost_one_query_a_set(world: World) -> None:
	world.endpoint()
	world.plan((0, HTTP, "Endpoint", "Pager"))
	for number in range(5):
		world.ticket(f"ticket {number}")
	world.wait(10)
	with listened() as asked:
		world.tick()
	for _each in range(5):
		world.expect_page()
	of_circuits = [query for query in asked if "Escalation Circuit" in query]
	sets = sum("for update skip locked" in query and "next_attempt_utc" in query for query in asked)
	assert 0 < len(of_circuits) <= sets + 1
