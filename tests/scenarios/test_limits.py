"""Scenarios 20 and 41: a storm wakes people once, not forty times. Limits for one person, bundles, and the order of what waits."""

import json
from collections.abc import Iterator
from typing import Any

import frappe
import pytest

from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import EVENT, ITEM, NOTIFICATION
from tests.on_site import add_crowd
from tests.world import World

TINA, LEO, DUTY = "+4915112345601", "+4915112345602", "+4915112345603"
TECH, LEAD = "tech@x.test", "lead@x.test"
_numbers = iter(range(500_000, 900_000))


def tickets(world: World, count: int, to: str = TECH, priority: str = "High") -> list[str]:
	"""That many tickets that somebody logs at once, and their items."""
	names = [str(next(_numbers)) for _number in range(count)]
	stamp = frappe.utils.now()
	rows.insert_all(
		"HD Ticket",
		[
			{
				"name": name,
				"subject": f"Outage {name}",
				"priority": priority,
				"status": "Open",
				"status_category": "Open",
				"raised_by": "customer@x.test",
				"_assign": json.dumps([to]),
				"creation": stamp,
				"modified": stamp,
			}
			for name in names
		],
	)
	frappe.db.commit()
	world.sweep()
	return names


def items(names: list[str]) -> dict[str, Any]:
	"""The action item of each ticket."""
	frappe.db.commit()
	found = frappe.get_all(
		ITEM,
		filters={"reference_name": ("in", names)},
		fields=["name", "reference_name", "status", "acknowledged_via"],
		order_by="name",
	)
	return {row.reference_name: row for row in found}


def messages(names: list[str], **filters: Any) -> list[Any]:
	frappe.db.commit()
	wanted = [row.name for row in items(names).values()]
	return frappe.get_all(
		NOTIFICATION,
		filters={"action_item": ("in", wanted), **filters},
		fields=[
			"name",
			"action_item",
			"status",
			"method",
			"carried_by",
			"carries",
			"bundle",
			"held_utc",
			"attempts",
		],
		order_by="name",
	)


def texts(world: World, number: str = TINA) -> list[Any]:
	"""The SMS that a phone has got since it was last looked at."""
	return [message for message in world.inbox.take_all() if message.method == "SMS" and message.to == number]


def code_of(sms: Any) -> str:
	return sms.text.rsplit("Reply ", 1)[1].split()[0]


@pytest.fixture
def tina(world: World) -> World:
	world.contact(TECH, TINA)
	return world


# --- 41


def a_minute_of_storm(world: World) -> list[str]:
	"""300 tickets for Tina, logged within a minute."""
	names = []
	for _quarter in range(5):
		names += tickets(world, 60)
		world.wait(seconds=15)
	return names


def minutes_later(world: World, minutes: int) -> Iterator[list[Any]]:
	"""What was sent in each minute from now on, looked at every five seconds."""
	for _minute in range(minutes):
		got = []
		for _look in range(12):
			world.forward(seconds=5)
			got += world.inbox.take_all()
		yield got


def test_41_three_hundred_tickets_in_a_minute_are_six_sms_and_a_bundle_a_minute(tina: World) -> None:
	tina.plan((0, "SMS"))
	names = a_minute_of_storm(tina)
	tina.wait(8.5)
	got = list(minutes_later(tina, 4))
	sms = [message for minute in got for message in minute]
	assert {message.to for message in sms} == {TINA}
	alone = [message for message in sms if "escalations need you" not in message.text]
	bundles = [message for message in sms if message not in alone]
	assert len(alone) == 6
	assert all(sum(message in bundles for message in minute) <= 1 for minute in got)
	found = messages(names, purpose="Page")
	assert len(found) == 300 and {message.status for message in found} == {"Sent"}
	heads = {message.bundle for message in found if message.bundle}
	assert len(heads) == len(bundles) <= 2
	kept = {row.action_item for row in frappe.get_all(EVENT, {"kind": "Bundled"}, ["action_item"])}
	assert kept == {message.action_item for message in found if message.bundle} and len(kept) == 294
	for message in found:
		if message.bundle:
			assert f"the bundle {message.bundle}" in tina.lines(frappe.get_doc(ITEM, message.action_item))
			break
	(first, *_others) = bundles
	assert tina.get(first.links[0]).status_code == 200


def test_41_the_link_of_a_bundle_stands_for_all_of_its_items(tina: World) -> None:
	tina.plan((0, "SMS"), (30, "Email", "User", LEAD))
	names = tickets(tina, 12)
	tina.forward(10)
	assert len(texts(tina)) == 6
	tina.forward(1)
	(bundle,) = texts(tina)
	head, *_rest = bundle.text.splitlines()
	assert head.startswith("6 escalations need you: ") and " and 1 more." in bundle.text
	(link,) = bundle.links
	page = tina.get(link)
	bundled = [message.action_item for message in messages(names) if message.bundle]
	assert len(bundled) == 6
	for ticket, item in items(names).items():
		assert (f"Outage {ticket}" in page.text) == (item.name in bundled)
	assert "Acknowledge All 6" in page.text and TINA not in page.text and "Tina" not in page.text
	assert {item.status for item in items(names).values()} == {"Escalating"}, "GET changes nothing"
	answer = tina.post(link)
	assert "6 of 6 escalations have stopped for you" in answer.text
	states = {item.name: item.status for item in items(names).values()}
	assert {state for name, state in states.items() if name in bundled} == {"Acknowledged"}
	assert {state for name, state in states.items() if name not in bundled} == {"Escalating"}
	assert {item.acknowledged_via for item in items(names).values() if item.name in bundled} == {"Link"}
	assert "Nothing to do any more" in tina.post(link).text
	json_too = tina.get(link, headers={"Accept": "application/json"}).json()
	assert len(json_too["items"]) == 6 and not json_too["ticket"]


def test_41_the_code_of_a_bundle_stands_for_all_and_an_items_own_for_it_alone(tina: World) -> None:
	tina.plan((0, "SMS"), (1, "SMS"))
	names = tickets(tina, 7)
	tina.forward(10)
	first = texts(tina)
	assert [code_of(sms) for sms in first] == ["1", "2", "3", "4", "5", "6"]
	tina.forward(1)  # the seventh has waited a minute, and the second step is due
	(bundle,) = texts(tina)
	code = code_of(bundle)
	assert code == "7" and bundle.text.startswith("7 escalations need you")
	(said,) = tina.text(TINA, "what")
	assert "To acknowledge, reply 7 for tickets " in said and said.endswith(" and 2 more.")
	own = names[1]
	tina.text(TINA, "2")
	states = {name: item.status for name, item in items(names).items()}
	assert states.pop(own) == "Acknowledged" and set(states.values()) == {"Escalating"}
	(said,) = tina.text(TINA, f"ack {code}")
	assert said == "Acknowledged: 6 of 7; somebody has the others, or they are over."
	assert {item.status for item in items(names).values()} == {"Acknowledged"}
	tina.tick()


def test_41_a_key_on_a_bundled_call_stands_for_all_and_one_call_rings_at_a_time(tina: World) -> None:
	tina.plan((0, "Phone Call"), (30, "Email", "User", LEAD))
	names = tickets(tina, 5)
	tina.forward(10)
	call = tina.expect_call(TINA)  # and no other
	lines = tina.lines(frappe.get_doc(ITEM, items(names)[names[4]].name))
	assert "Phone Call to Tina Tech waits for a call to the same number to end" in lines
	call.answer().press("1")
	tina.tick()  # the number is free
	second = tina.expect_call(TINA)
	second.nobody_answers()
	tina.forward(1)
	third = tina.expect_call(TINA)
	third.answer()
	assert third.text.startswith("3 escalations need you: ")
	assert " ".join(names[2]) in third.text, "read digit by digit"
	third.press("1")
	states = [item.status for item in items(names).values()]
	assert sorted(states) == ["Acknowledged"] * 4 + ["Escalating"]


def test_41_the_first_message_of_a_new_urgent_item_is_not_behind_the_others(tina: World) -> None:
	tina.plan((0, "SMS"), (1, "SMS"))
	names = tickets(tina, 100)
	tina.plan((0, "SMS"), title="Urgent", priorities=["Urgent"], window=60)
	tina.wait(9)
	(urgent,) = tickets(tina, 1, priority="Urgent")
	tina.forward(1)  # all are due in this second
	got = texts(tina)
	assert len(got) == 6 and f"Ticket {urgent} (Urgent)" in "".join(sms.text for sms in got)
	(late,) = tickets(tina, 1, priority="Urgent")
	tina.forward(1)
	(bundle,) = texts(tina)
	assert bundle.text.startswith(f"101 escalations need you: {late}, ")
	assert len(messages([*names, urgent, late], status="Queued")) == 0


# --- 20


def test_20_a_storm_for_thirty_people(world: World) -> None:
	people = add_crowd(30)
	for user, number in people.items():
		world.contact(user, number)
	world.plan((0, "SMS"), (2, "SMS"))
	names = [name for user in people for name in tickets(world, 10, to=user)]
	world.forward(10)
	first = world.inbox.take_all()
	assert len(first) == 6 * 30 and {message.to for message in first} == {*people.values()}
	world.forward(1)
	second = world.inbox.take_all()
	assert len(second) == 30, "a bundle each"
	assert all(message.text.startswith("4 escalations need you") for message in second)
	(new,) = tickets(world, 1, to="crowd3@x.test")
	world.forward(1)
	world.inbox.take_all()
	world.forward(9)
	(late,) = (sms for sms in world.inbox.take_all() if new in sms.text)
	assert late.to == people["crowd3@x.test"]
	found = messages([*names, new], purpose="Page", status="Sent")
	said = {row.notification for row in frappe.get_all(EVENT, {"kind": "Sent"}, ["notification"])}
	assert {message.name for message in found} <= said
	assert {message.action_item for message in found} == {item.name for item in items([*names, new]).values()}
