"""Bundles where something goes wrong: crashes, refusals, two senders, people who share a phone. And what limits leave alone."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import frappe
import pytest

from escalation_mgmt.actions.acknowledge import acknowledge_as, acknowledge_by
from escalation_mgmt.actions.action import user_as_actor
from escalation_mgmt.actions.no_more_calls import no_more_calls
from escalation_mgmt.actions.snooze import snooze
from escalation_mgmt.facts import limits
from escalation_mgmt.notifiers.email import EmailNotifier
from escalation_mgmt.notifiers.twilio.sms import SmsNotifier
from escalation_mgmt.patches.v0_1 import limits_of_settings
from escalation_mgmt.storage import addressees
from escalation_mgmt.utils.doctypes import EVENT, ITEM, NOTIFICATION, SETTINGS
from tests import children
from tests.scenarios.test_crash import killed
from tests.scenarios.test_limits import DUTY, LEAD, LEO, TECH, TINA, code_of, items, messages, texts, tickets
from tests.scenarios.test_providers_in_order import two_accounts
from tests.world import World
from tests.world.statements import listened


@pytest.fixture
def tina(world: World) -> World:
	world.contact(TECH, TINA)
	return world


def above_the_limit(world: World, count: int, *steps: tuple) -> list[str]:
	"""So many tickets more than Tina's limit, whose SMS she has."""
	world.plan((0, "SMS"), *(steps or ((30, "Email", "User", LEAD),)))
	names = tickets(world, 6 + count)
	world.forward(10)
	assert len(texts(world)) == 6
	return names


def bundled(names: list[str]) -> list[Any]:
	return messages(names, bundle=("is", "set"))


# --- what one answer does to many


def statements_of(do: Callable[[], Any]) -> int:
	"""How many the database is asked meanwhile, with what follows from it after the commit."""
	with listened() as asked:
		do()
		frappe.db.commit()
	return len(asked)


def bundle_of(world: World, count: int) -> list[Any]:
	"""A bundle that Tina has got: a message about each item, as whoever answers it answers them."""
	tickets(world, 6 + count)
	world.forward(10)
	world.wait(1)
	world.tick()
	world.inbox.take_all()
	found = [
		row for row in frappe.get_all(NOTIFICATION, {"carries": 1}, "*", order_by="name desc") if row.bundle
	]
	return addressees.who_answers(found[0])


@pytest.mark.parametrize("answer", [lambda these: acknowledge_by(these, "Link"), no_more_calls])
def test_an_answer_to_a_bundle_costs_the_same_statements_whatever_its_size(
	tina: World, answer: Callable[[list[Any]], Any]
) -> None:
	tina.plan((0, "SMS"), (0, "Email", "User", LEAD), (300, "Email", "User", LEAD))
	costs = {}
	for count in (3, 2, 8):  # the first reads what is read once for a process
		these = bundle_of(tina, count)
		assert len(these) == count
		costs[count] = statements_of(lambda these=these: answer(these))
		tina.forward(30)
		tina.inbox.take_all()
	assert costs[2] == costs[8]


def test_what_stands_in_the_way_of_one_of_a_bundle_stops_no_other(tina: World) -> None:
	tina.plan((0, "SMS"), (300, "Email", "User", LEAD))
	these = bundle_of(tina, 3)
	first, second, third = (row.action_item for row in these)
	refuse = f"before insert on `tab{EVENT}` for each row"  # when its state is written already
	if frappe.db.db_type == "sqlite":
		broken = f"when new.action_item = '{second}' begin select raise(abort, 'broken'); end"
	else:
		broken = f"begin if new.action_item = '{second}' then signal sqlstate '45000' set message_text = 'broken'; end if; end"
	frappe.db.sql_ddl(f"create trigger escalation_broken {refuse} {broken}")
	try:
		done = acknowledge_by(these, "Link")
		frappe.db.commit()
	finally:
		frappe.db.sql_ddl("drop trigger escalation_broken")
	tina.expect_error(f"{second} can't be acknowledged with the others")
	assert {*done} == {first, third} and all(each.taken for each in done.values())
	states = frappe.get_all(ITEM, {"name": ("in", [first, second, third])}, pluck="status", order_by="name")
	assert states == ["Acknowledged", "Escalating", "Acknowledged"]


# --- crashes


@pytest.mark.parametrize(
	"point",
	[
		"delivery.claimed.before:1",
		"delivery.claimed.after:1",
		"delivery.taken:1",
		"delivery.recorded.before:1",
		"delivery.recorded.after:1",
	],
)
def test_a_bundle_is_neither_lost_nor_doubled_where_its_sender_dies(tina: World, point: str) -> None:
	names = above_the_limit(tina, 3)
	tina.wait(1)
	assert killed(tina, point)
	tina.tick()
	tina.forward(3)
	tina.forward(3)
	(bundle,) = texts(tina)  # Twilio is asked for it, whatever became of its sender
	assert bundle.text.startswith("3 escalations need you")
	found = bundled(names)
	assert [message.status for message in found] == ["Sent"] * 3 and len({m.bundle for m in found}) == 1
	assert tina.post(bundle.links[0]).ok
	stopped = [item for item in items(names).values() if item.status == "Acknowledged"]
	assert {item.name for item in stopped} == {message.action_item for message in found}


# --- refusals


def test_a_bundle_that_is_refused_goes_on_by_another_way_for_each_item(tina: World) -> None:
	names = above_the_limit(tina, 3)
	tina.providers.faults.twilio.refuse(21211)
	tina.forward(1)
	tina.tick()
	mails = [message for message in tina.inbox.take_all() if message.method == "Email"]
	assert len(mails) == 3 and {mail.to for mail in mails} == {TECH}
	assert {message.status for message in bundled(names)} == {"Failed"}
	for message in bundled(names):
		assert "Email to Tina Tech is sent instead." in tina.lines(frappe.get_doc(ITEM, message.action_item))


def test_a_bundle_that_does_not_arrive_goes_on_by_another_way_for_each_item(tina: World) -> None:
	names = above_the_limit(tina, 3)
	tina.forward(1)
	(bundle,) = texts(tina)
	tina.receipt(bundle, "undelivered", error=30003)
	assert {message.status for message in bundled(names)} == {"Failed"}
	tina.tick()
	mails = [message for message in tina.inbox.take_all() if message.method == "Email"]
	assert len(mails) == 3 and {mail.to for mail in mails} == {TECH}


def test_a_receipt_is_each_items(tina: World) -> None:
	names = above_the_limit(tina, 2)
	tina.forward(1)
	(bundle,) = texts(tina)
	tina.receipt(bundle, "delivered")
	tina.receipt(bundle, "delivered")
	assert [message.status for message in bundled(names)] == ["Delivered"] * 2
	for message in bundled(names):
		kinds = tina.kinds(frappe.get_doc(ITEM, message.action_item))
		assert kinds.count("Delivered") == 1 and kinds.count("Bundled") == 1


@pytest.mark.parametrize("which", [0, 1])
def test_what_somebody_has_drops_out_of_a_bundle_that_is_tried_again(tina: World, which: int) -> None:
	names = above_the_limit(tina, 3)
	tina.providers.faults.twilio.status(503)
	tina.forward(1)
	found = sorted(bundled(names), key=lambda message: bool(message.carried_by))
	assert [message.status for message in found] == ["Queued"] * 3
	acknowledge_as(LEAD, found[which].action_item, "Desk")
	tina.forward(seconds=10)
	(again,) = (sms for sms in texts(tina) if "escalations need you" in sms.text)
	gone = next(name for name, item in items(names).items() if item.name == found[which].action_item)
	assert again.text.startswith("2 escalations need you") and gone not in again.text
	assert sorted(message.status for message in messages(names, name=("in", [m.name for m in found]))) == [
		"Sent",
		"Sent",
		"Withdrawn",
	]
	tina.text(TINA, code_of(again))
	states = {item.name: item.status for item in items(names).values()}
	assert {states[message.action_item] for message in found} == {"Acknowledged"}
	tina.tick()
	tina.inbox.take_all()


@pytest.mark.parametrize("by", ["link", "code"])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_answer_is_for_what_the_bundle_carried_in_the_end(tina: World, which: int, by: str) -> None:
	names = above_the_limit(tina, 3)
	tina.providers.faults.twilio.status(503)
	tina.forward(1)
	found = sorted(bundled(names), key=lambda message: (bool(message.carried_by), message.name))
	dropped = found[which].action_item
	snoozed = snooze(dropped, "+60", user_as_actor(LEAD, "Desk"))
	assert snoozed.done
	frappe.db.commit()
	tina.forward(seconds=10)
	(again,) = (sms for sms in texts(tina) if "2 escalations need you" in sms.text)
	if by == "link":
		assert tina.post(again.links[0]).ok
	else:
		tina.text(TINA, code_of(again))
	states = {item.name: item.status for item in items(names).values()}
	assert states[dropped] == "Snoozed"
	assert {states[each.action_item] for each in found if each.action_item != dropped} == {"Acknowledged"}
	tina.tick()
	tina.inbox.take_all()


def test_an_unknown_outcome_is_repeated_as_it_was_and_marked(tina: World) -> None:
	names = above_the_limit(tina, 2)
	tina.providers.faults.twilio.lose_answer(taken=False)
	tina.forward(1)
	assert not texts(tina)
	(more,) = tickets(tina, 1)
	tina.forward(seconds=10)
	(bundle,) = texts(tina)
	assert bundle.text.startswith("2 escalations need you") and more not in bundle.text
	found = bundled(names)
	assert [bool(message.status == "Sent") for message in found] == [True, True]
	marked = frappe.get_all("Escalation Notification", {"possible_duplicate": 1}, pluck="name")
	assert {message.name for message in found} == {*marked}
	assert tina.get(bundle.links[0]).text.count("<li>") == 2


def carrier_has(names: list[str], **values: int) -> str:
	"""What will go first of those that are held had other attempts than the rest; returns its name."""
	first = min(messages(names, held_utc=("is", "set")), key=lambda message: message.name).name
	frappe.db.set_value("Escalation Notification", first, values)
	frappe.db.commit()
	return first


def test_what_was_tried_too_often_takes_nothing_with_it_that_was_not(tina: World) -> None:
	names = above_the_limit(tina, 3)
	first = carrier_has(names, attempts=4)  # refused for the moment four times, before there was a bundle
	tina.providers.faults.twilio.status(503)
	tina.forward(1)
	found = {message.name: message for message in bundled(names)}
	assert found[first].status == "Failed" and len(found) == 3
	tina.forward(2)
	sent = [sms for sms in texts(tina) if "escalations need you" in sms.text]
	assert [sms.text[:24] for sms in sent] == ["2 escalations need you: "]
	states = {message.name: message.status for message in messages(names) if message.name in found}
	assert states == {name: "Failed" if name == first else "Sent" for name in found}
	item = frappe.db.get_value("Escalation Notification", first, "action_item")
	assert "Email to Tina Tech is sent instead." in tina.lines(frappe.get_doc(ITEM, item))


def test_what_is_unknown_twice_takes_nothing_with_it_that_is_so_once(tina: World) -> None:
	names = above_the_limit(tina, 3)
	first = carrier_has(names, possible_duplicate=1)  # an attempt of long ago may have arrived
	tina.providers.faults.twilio.lose_answer(taken=False)
	tina.forward(1)
	found = {message.name: message for message in bundled(names)}
	assert found[first].status == "Unknown" and len(found) == 3
	tina.forward(2)
	assert texts(tina)
	states = {message.name: message.status for message in messages(names) if message.name in found}
	assert states == {name: "Unknown" if name == first else "Sent" for name in found}


def test_news_in_a_bundle_of_pages_that_one_provider_refuses_go_by_the_next(tina: World) -> None:
	two_accounts(tina)
	names = above_the_limit(tina, 3)
	first = carrier_has(names, attempts=0)
	told = next(m.name for m in messages(names, held_utc=("is", "set")) if m.name != first)
	frappe.db.set_value("Escalation Notification", told, {"purpose": "Notice", "about": "Acknowledged"})
	frappe.db.commit()
	tina.providers.faults.twilio.refuse(20003)
	tina.forward(1)
	tina.forward(2)
	assert texts(tina)
	news = frappe.db.get_value("Escalation Notification", told, ["status", "provider"])
	assert news == ("Sent", "Twilio EU")


def test_what_may_have_been_sent_long_ago_has_no_place_of_its_own(tina: World) -> None:
	"""As after a restore: a hundred of them don't ring one phone at once."""
	tina.plan((0, "SMS"), (30, "Email", "User", LEAD))
	names = tickets(tina, 9)
	tina.providers.faults.twilio.status(503, times=6)
	tina.forward(10)
	table = "`tabEscalation Notification`"
	frappe.db.sql(f"update {table} set `possible_duplicate` = 1, `handed_utc` = null, `held_utc` = null")
	tina.forward(seconds=30)
	assert len(texts(tina)) == 6
	assert [message.status for message in messages(names)].count("Queued") == 3
	tina.forward(2)
	assert len(texts(tina)) == 1


# --- two senders


def test_two_senders_do_not_both_give_away_the_last_place(tina: World) -> None:
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one writer at a time")
	tina.plan((0, "SMS"), (30, "Email", "User", LEAD))
	first = tickets(tina, 6)
	tina.wait(1)
	later = tickets(tina, 3)
	tina.wait(9)
	frappe.db.commit()
	with children.dispatching(tina, fault="delivery.claimed.before:1:stop") as one:
		one.say()
		one.wait_until_stopped()  # with six in its hand that nobody else can see
		tina.wait(1)
		with children.dispatching(tina) as other:
			other.say()
			threading.Timer(1.5, os.kill, (one.pid, signal.SIGCONT)).start()
			assert other.wait() == 0
		assert one.wait() == 0
	assert len(texts(tina)) == 6
	assert [message.status for message in messages(later)] == ["Queued"] * 3
	assert [message.status for message in messages(first)] == ["Sent"] * 6


# --- calls


@pytest.mark.parametrize("said", [True, False])
def test_a_call_above_the_limit_waits_five_minutes_where_an_sms_says_it_at_once(
	tina: World, said: bool
) -> None:
	tina.plan((0, "Phone Call"), *([(0, "SMS")] if said else []), (30, "Email", "User", LEAD))
	names = tickets(tina, 5)
	tina.forward(10)
	for _call in range(3):
		tina.expect_call(TINA).nobody_answers()
		tina.tick()
	assert len(texts(tina)) == (5 if said else 0)
	tina.forward(seconds=59)
	assert not tina.inbox.unexpected()
	tina.forward(seconds=1)
	if said:
		assert not tina.inbox.unexpected(), "an SMS says it"
		tina.forward(seconds=239)
		assert not tina.inbox.unexpected()
		tina.forward(seconds=1)
	call = tina.expect_call(TINA)
	call.answer()
	assert call.text.startswith("2 escalations need you")
	call.press("9")
	quiet = frappe.get_all("Escalation Notification", {"no_more_calls": 1}, pluck="action_item")
	assert {*quiet} == {message.action_item for message in bundled(names)} and len(quiet) == 2
	assert "Done for all 2." in call.text


def test_key_3_on_a_bundled_call_lets_each_item_go_on(tina: World) -> None:
	tina.plan((0, "Phone Call"), (30, "Email", "User", LEAD))
	names = tickets(tina, 5)
	tina.forward(10)
	for _call in range(3):
		tina.expect_call(TINA).nobody_answers()
		tina.tick()
	tina.forward(1)
	tina.expect_call(TINA).answer().press("3")
	tina.tick()
	mails = [message for message in tina.inbox.take_all() if message.method == "Email"]
	assert len(mails) == 2 and {mail.to for mail in mails} == {LEAD}
	assert len(bundled(names)) == 2


# --- people


def test_who_share_a_phone_share_its_bundles(world: World) -> None:
	for user in (TECH, LEAD):
		world.contact(user, DUTY)
	world.plan((0, "SMS"), (0, "SMS", "User", LEAD), (30, "Email"))
	names = tickets(world, 8)
	world.forward(10)
	assert len(texts(world, DUTY)) == 6
	world.forward(1)
	(bundle,) = texts(world, DUTY)
	found = bundled(names)
	assert len(found) == 4 and {message.status for message in found} == {"Sent"}
	world.text(DUTY, code_of(bundle))
	states = [item for item in items(names).values() if item.status == "Acknowledged"]
	assert len(states) == 2
	for item in states:
		assert "as well, at the same address." in world.lines(frappe.get_doc(ITEM, item.name))
	world.tick()
	world.inbox.take_all()


def test_a_bare_number_has_a_limit_and_news_are_bundled_too(world: World) -> None:
	world.plan((0, "SMS", "Address", LEO), (30, "Email"))
	names = tickets(world, 8)
	world.forward(10)
	assert len(texts(world, LEO)) == 6
	world.forward(1)
	(bundle,) = texts(world, LEO)
	assert bundle.text.startswith("2 escalations need you")
	for item in items(names).values():
		acknowledge_as(LEAD, item.name, "Desk")
	world.forward(1)
	assert not texts(world, LEO)
	world.forward(1)
	(news,) = texts(world, LEO)
	assert news.text.startswith("News of 8 escalations: Leo Lead has acknowledged ticket ")
	assert "Reply" not in news.text and not news.links


# --- what limits leave alone


@pytest.mark.parametrize("method", ["HTTP POST", "Email"])
def test_what_has_no_limit_is_asked_nothing(world: World, method: str) -> None:
	world.endpoint()
	world.plan((0, method, *(("Endpoint", "Pager") if method == "HTTP POST" else ())))
	tickets(world, 20)
	world.wait(10)
	frappe.db.commit()
	with listened() as asked:
		world.tick()
	assert len(world.inbox.take_all()) == 20
	lock = "select `value` from `tabSingles`"
	assert not [text for text in asked if "handed_utc" in text or text.startswith(lock)]


def test_of_more_than_is_claimed_at_once_first_messages_of_new_items_go_first(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(EmailNotifier, "batch", 2)
	world.plan((0, "Email"), (1, "Email"))
	world.plan((0, "Email"), title="Urgent", priorities=["Urgent"])
	old = tickets(world, 5)
	world.forward(10)
	assert len(world.inbox.take_all()) == 5
	world.wait(-8.5)  # the second step of the old ones falls due before what is new
	world.wait(8.5)
	high = tickets(world, 1)
	urgent = tickets(world, 1, priority="Urgent")
	frappe.db.sql(f"update `tab{ITEM}` set `due_utc` = %s where `status` = 'Scheduled'", (world.now,))
	world.forward(1)
	got = [message.text for message in world.inbox.take_all()]
	order = [next(name for name in (*old, *high, *urgent) if name in text) for text in got]
	assert {*order[:2]} == {*urgent, *high} and {*order[2:]} == {*old}


# --- settings


def set_to(**values: int) -> None:
	settings = frappe.get_doc(SETTINGS)
	settings.update(values)
	settings.save()
	frappe.db.commit()


def test_a_limit_can_be_set_and_counts_for_what_people_do_as_well(tina: World) -> None:
	set_to(most_sms=2, limit_minutes=5)
	tina.plan((0, "SMS"), (60, "Email"))
	names = tickets(tina, 4)
	tina.forward(10)
	assert len(texts(tina)) == 2
	lines = tina.lines(frappe.get_doc(ITEM, items(names)[names[3]].name))
	assert "they have had 2 within 5 minutes." in lines
	tina.forward(1)
	assert len(texts(tina)) == 1
	tina.forward(4)
	tickets(tina, 2)
	tina.forward(10)
	assert len(texts(tina)) == 2, "five minutes later there is room again"
	assert limits.to_one("SMS") == 2 and limits.to_one("Phone Call") == 3 and limits.to_one("Email") == 30


@pytest.mark.parametrize(("value", "words"), [(-1, "can't be negative"), (5000, "between 0 and 1000")])
def test_a_limit_that_cannot_be_is_refused_in_words(world: World, value: int, words: str) -> None:
	with pytest.raises(frappe.ValidationError, match=words):
		set_to(most_sms=value)
	frappe.db.rollback()


def test_nothing_is_what_it_was_at_first(world: World) -> None:
	set_to(most_sms=0, limit_minutes=0)
	settings = frappe.get_doc(SETTINGS)
	assert (settings.most_sms, settings.limit_minutes) == (6, 15)
	assert limits.of(SmsNotifier).most == 6 and limits.of(EmailNotifier) is None


def test_settings_from_before_say_what_is_counted_by(world: World) -> None:
	frappe.db.delete("Singles", {"doctype": SETTINGS, "field": ("in", list(limits.DEFAULTS))})
	frappe.db.set_single_value(SETTINGS, "most_calls", 5)
	limits_of_settings.execute()
	settings = frappe.get_doc(SETTINGS)
	assert {field: settings.get(field) for field in limits.DEFAULTS} == limits.DEFAULTS | {"most_calls": 5}
	frappe.db.rollback()
	frappe.clear_document_cache(SETTINGS, SETTINGS)
