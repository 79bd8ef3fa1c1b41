"""What one person can cause by hand has a limit; what helps is never refused, and what a plan does by itself isn't held up."""

import re
import threading
from datetime import timedelta
from typing import Any

import frappe
import pytest
import redis
import requests

from escalation_mgmt.actions import by_hand
from escalation_mgmt.actions.acknowledge import acknowledge, acknowledge_as
from escalation_mgmt.actions.add_person import add_person
from escalation_mgmt.actions.escalate_now import escalate_now
from escalation_mgmt.actions.hand_over import hand_over
from escalation_mgmt.actions.start import start
from escalation_mgmt.actions.stop import stop
from escalation_mgmt.actions.unacknowledge import unacknowledge
from escalation_mgmt.engine import Actor, Recipient, TicketKey
from escalation_mgmt.facts import limits
from escalation_mgmt.storage import notice_quota
from escalation_mgmt.utils import clock
from host.servers import free_port
from tests import children
from tests.world import World

LEO, TINA, SAM = "lead@x.test", "tech@x.test", "second@x.test"
NUMBER = "+4915112345602"
AGENTS = [
	Actor(name=name, user=user, via="Desk") for user, name in ((SAM, "Sam Second"), (TINA, "Tina Tech"))
]
AGENT = AGENTS[0]
AGAIN = re.compile(r"It is possible again at (.+)\.$")


@pytest.fixture
def plan(world: World) -> Any:
	world.contact(LEO, NUMBER)
	return world.plan(
		(0, "SMS", "User", LEO),
		(1, "Phone Call", "User", LEO),
		(1, "Email", "User", LEO),
		title="By Hand",
		priorities=["Urgent"],
	)


def begin(ticket: Any, actor: Actor = AGENT) -> str:
	"""Start the plan by hand; what is refused with, or nothing."""
	try:
		start(TicketKey(ticket.doctype, str(ticket.name)), "By Hand", actor)
	except frappe.RateLimitExceededError as e:
		frappe.db.rollback()
		frappe.clear_messages()
		return str(e)
	frappe.db.commit()
	return ""


def pressed(world: World, result: Any) -> str:
	frappe.db.commit()
	world.tick()
	return "" if result.done else result.message


def counted(world: World) -> dict[str, int]:
	"""Messages that were received, by method."""
	found: dict[str, int] = {}
	for message in world.inbox.take_all():
		found[message.method] = found.get(message.method, 0) + 1
	return found


def test_start_escalate_and_stop_again_and_again(world: World, plan: Any) -> None:
	tickets = [world.ticket(f"Ticket {n}", priority="Low") for n in range(5)]
	refused, last = [], ""
	for _round in range(6):
		for ticket in tickets:
			if why := begin(ticket):
				refused.append(why)
				continue
			world.tick()
			item = world.item(ticket).name
			for _press in range(2):
				if why := pressed(world, escalate_now(item, AGENT)):
					refused.append(why)
			assert stop(item, "enough", AGENT).done, "stopping is never refused"
			frappe.db.commit()
			last = item
	world.tick()
	sent = counted(world)
	assert sent["SMS"] <= 6 and sent["Phone Call"] <= 3, sent
	assert refused and all(AGAIN.search(why) for why in refused)
	assert any("Leo Lead was paged by hand 6 times within 15 minutes by SMS." in why for why in refused)
	assert last and begin(world.ticket("Another", priority="Low"), AGENTS[1]) != ""
	world.wait(15.1)
	assert not begin(tickets[0])
	world.tick()
	world.expect_sms(NUMBER)
	world.providers.twilio.clear()


def test_whoever_pages_by_whichever_door_it_counts_for_who_is_paged(world: World, plan: Any) -> None:
	"""Six people and six tickets: it is one phone that rings."""
	rings = 0
	for number in range(6):
		actor = Actor(name=f"Agent {number}", user=f"agent{number}@x.test", via="API")
		ticket = world.ticket(f"Ticket {number}", priority="Low")
		assert not begin(ticket, actor)
		world.tick()
		world.expect_sms(NUMBER)
		why = pressed(world, escalate_now(world.item(ticket).name, actor))
		if not why:
			rings += 1
			call = world.expect_call(NUMBER)
			call.press("3") if rings == 1 else call.answer().hang_up()  # else no other rings meanwhile
		else:
			assert "Leo Lead was paged by hand 3 times within 15 minutes by Phone Call." in why
			assert AGAIN.search(why)
	assert rings == 3
	world.inbox.take_all()


def test_the_key_on_a_call_counts_as_well(world: World) -> None:
	"""Whoever passes it on isn't called again: so it is four others who have Leo called."""
	world.contact(LEO, NUMBER)
	others = [f"+49151123457{n}" for n in range(10, 14)]
	steps = [
		step for n in others for step in ((3, "Phone Call", "Address", n), (3, "Phone Call", "User", LEO))
	]
	world.plan(*steps, title="Calls")
	ticket = world.ticket()
	world.forward(10)
	said = []
	for number in others:
		world.forward(3)
		call = world.expect_call(number)
		call.answer()
		call.press("3")
		said.append(call.text)
		world.tick()
		if len(said) < len(others):
			world.expect_call(NUMBER).busy()
	assert (
		"Whoever is next was paged by hand too often within 15 minutes. It is possible again at" in said[-1]
	)
	assert "Leo" not in said[-1] and "Phone Call" not in said[-1], (
		"a bare number learns no name and no method"
	)
	assert not any("by hand" in each for each in said[:-1]), said
	assert acknowledge(world.item(ticket).name, AGENT).by != ""
	frappe.db.commit()
	world.inbox.take_all()


def test_acknowledging_and_giving_back_again_and_again(world: World) -> None:
	world.plan((0, "Email", "User", LEO), (60, "Email", "User", LEO))
	tickets = [world.ticket(f"Ticket {n}") for n in range(4)]
	world.forward(10)
	world.inbox.take_all()
	refused = []
	for _click in range(40):
		for ticket in tickets:
			item = world.item(ticket)
			if item.status != "Acknowledged":
				done = acknowledge_as(SAM, item.name, "Desk")
				assert done.taken, "acknowledging is never refused"
			if why := pressed(world, unacknowledge(item.name, AGENTS[1])):
				refused.append(why)
	world.tick()
	assert counted(world) == {"Email": notice_quota.MOST}
	assert refused and all(AGAIN.search(why) for why in refused)
	assert any("of this ticket by hand 12 times within 15 minutes" in why for why in refused)
	lines = "\n".join(world.lines(world.item(ticket)) for ticket in tickets)
	assert "Email to Leo Lead was left out, because they have had 19 within 15 minutes." in lines
	world.wait(15.1)
	item = world.item(tickets[0]).name
	if world.item(tickets[0]).status == "Acknowledged":
		assert unacknowledge(item, AGENT).done
	else:
		assert acknowledge_as(SAM, item, "Desk").taken
	frappe.db.commit()
	world.tick()
	world.expect_email(LEO)


def test_handing_over_and_adding_count(world: World, plan: Any) -> None:
	world.contact(TINA, "+4915112345601")
	world.plan((0, "SMS"), (60, "Email"), title="Other")
	tickets = [world.ticket(f"Ticket {number}", to=TINA) for number in range(8)]
	world.forward(10)
	world.inbox.take_all()
	refused = []
	for number, ticket in enumerate(tickets):
		item = world.item(ticket).name
		do = hand_over if number % 2 else add_person
		why = pressed(world, do(item, LEO, "Leo Lead", AGENT))
		refused += [why] if why else []
		if why:
			assigned = frappe.db.get_value("HD Ticket", ticket.name, "_assign")
			assert LEO not in assigned, "nothing was changed"
	texts = [message for message in world.inbox.take_all() if message.to == NUMBER]
	assert len(texts) == 6 and len(refused) == 2
	assert "Leo Lead was paged by hand 6 times within 15 minutes by SMS." in refused[0]


def test_what_a_plan_does_by_itself_isnt_held_up(world: World) -> None:
	world.contact(LEO, NUMBER)
	world.plan(*((0 if n == 0 else 1, "SMS", "User", LEO) for n in range(12)), title="Insistent")
	ticket = world.ticket()
	world.forward(10)
	for _step in range(12):  # what is above the limit is a minute late
		world.forward(1)
	assert counted(world) == {"SMS": 9}, "six alone, and then two each, as nobody is to have more"
	assert [message.status for message in world.messages(world.item(ticket))] == ["Sent"] * 12
	# And it uses up nothing of what hands may do.
	item = world.item(ticket).name
	assert world.item(ticket).status == "Escalating"
	acknowledge_as(SAM, item, "Desk")
	assert unacknowledge(item, AGENT).done
	frappe.db.commit()
	world.tick()
	world.inbox.take_all()


def test_what_was_rolled_back_doesnt_count(world: World, plan: Any) -> None:
	ticket = world.ticket(priority="Low")
	for _try in range(limits.DEFAULTS["most_by_one"] + 1):
		start(TicketKey("HD Ticket", str(ticket.name)), "By Hand", AGENT)
		frappe.db.rollback()
	assert not begin(ticket)
	world.tick()
	world.expect_sms(NUMBER)


def test_of_many_at_once_no_more_pass_than_of_one_after_the_other(world: World) -> None:
	"""By real requests, to two web servers: each on a ticket of its own, all with the same phone."""
	world.contact(LEO, NUMBER)
	world.plan((0, "Phone Call", "User", LEO), (60, "Email"), title="By Hand", priorities=["Urgent"])
	tickets = [world.ticket(f"Ticket {number}", priority="Low") for number in range(12)]
	cookies = world.login(SAM).cookies
	ports = [free_port(0), free_port(0)]
	together, answers = threading.Barrier(len(tickets)), []

	def begin_by_request(number: int, ticket: Any) -> None:
		url = f"http://127.0.0.1:{ports[number % 2]}/api/method/escalation_mgmt.api.escalations.start"
		given = {"doctype": ticket.doctype, "name": str(ticket.name), "plan": "By Hand"}
		together.wait()
		answer = requests.post(url, json=given, cookies=cookies, timeout=60)
		answers.append(answer.status_code)

	frappe.db.commit()
	with children.served(world, ports[0]), children.served(world, ports[1]):
		threads = [threading.Thread(target=begin_by_request, args=each) for each in enumerate(tickets)]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
	assert sorted(answers) == [200] * 3 + [429] * 9
	frappe.db.rollback()
	assert world.count_items() == 3
	frappe.db.delete("Error Log")
	frappe.db.commit()
	world.inbox.take_all()


def test_threads_that_ask_at_once_get_no_more_than_there_is(world: World) -> None:
	"""The count alone, without the locks of a database that may set them in line."""
	site, sites_path, now = world.site, frappe.local.sites_path, world.now
	together, given = threading.Barrier(16), []

	def ask(number: int) -> None:
		frappe.init(site, sites_path=sites_path)
		frappe.connect()
		try:
			together.wait()
			actor = Actor(name=f"Agent {number}", user=f"agent{number}@x.test", via="API")
			key = TicketKey("HD Ticket", str(number))
			given.append(by_hand.take(actor, key, [called(LEO)], now))
			together.wait()  # nobody has committed until all have asked
			frappe.db.commit()
		finally:
			frappe.destroy()

	threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert given.count("") == 3 and len(given) == 16
	assert sum("was paged by hand 3 times" in why for why in given) == 13


def called(user: str) -> Recipient:
	return Recipient(method="Phone Call", address=NUMBER, label="Leo Lead", user=user)


def test_what_would_page_too_often_is_refused_before_it_does(world: World) -> None:
	"""What is asked for counts, not only what was: two calls are left no room by two of three."""
	key, now = TicketKey("HD Ticket", "1"), world.now
	twice = [called(LEO), called(LEO)]
	assert not by_hand.take(AGENT, key, twice, now)
	assert "paged by hand 3 times within 15 minutes by Phone Call" in by_hand.take(AGENT, key, twice, now)
	assert not by_hand.take(AGENT, key, twice[:1], now), "one there is room for"
	assert by_hand.take(AGENT, key, twice[:1], now)
	later = now + limits.within()
	assert not by_hand.take(AGENT, key, twice * 4, later), "alone and with room, it pages as often as it does"
	why = by_hand.take(AGENT, key, twice[:1], later + timedelta(minutes=5))
	assert AGAIN.search(why).group(1) == clock.shown(later + limits.within())
	frappe.db.rollback()
	assert not by_hand.take(AGENT, key, twice, later), "taken back with the transaction"
	frappe.db.rollback()


def test_what_is_refused_uses_up_nothing(world: World) -> None:
	key, now = TicketKey("HD Ticket", "1"), world.now
	for _call in range(3):
		assert not by_hand.take(AGENTS[1], TicketKey("HD Ticket", "2"), [called(LEO)], now)
	for _try in range(limits.DEFAULTS["most_by_one"] + limits.DEFAULTS["most_on_ticket"]):
		assert "Leo Lead was paged by hand" in by_hand.take(AGENT, key, [called(LEO)], now)
	assert not by_hand.take(AGENT, key, [called(SAM)], now)
	frappe.db.commit()


def test_without_redis_nobody_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	def gone(*_arguments: Any, **_more: Any) -> None:
		raise redis.exceptions.ConnectionError

	monkeypatch.setattr(type(frappe.cache), "eval", gone)
	for _call in range(limits.DEFAULTS["most_by_one"] + 1):
		assert not by_hand.take(AGENT, TicketKey("HD Ticket", "1"), [called(LEO)], world.now)
	frappe.db.rollback()
