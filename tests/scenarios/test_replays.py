"""A callback that was recorded and is sent again, signature and all: nothing is done twice (design rule 12)."""

import threading

import frappe
import pytest

from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.actions.action import user_as_actor
from escalation_mgmt.actions.unacknowledge import unacknowledge
from escalation_mgmt.operations import retention
from escalation_mgmt.storage import callbacks
from escalation_mgmt.utils.doctypes import CALLBACK
from tests.scenarios.test_callbacks import everything
from tests.world import World

TECH, LEAD = "tech@x.test", "lead@x.test"
TINA, LEO = "+4915112345601", "+4915112345602"


def recorded(monkeypatch: pytest.MonkeyPatch, world: World) -> list[tuple[str, dict]]:
	"""All that Twilio posts to us from now on."""
	kept: list[tuple[str, dict]] = []
	post = world.providers.twilio.post

	def and_keep(url: str, said: dict, **how: object):
		kept.append((url, dict(said)))
		return post(url, said, **how)

	monkeypatch.setattr(world.providers.twilio, "post", and_keep)
	return kept


def replay(world: World, kept: list[tuple[str, dict]]) -> list:
	frappe.db.commit()
	return [
		world.providers.twilio.__class__.post(world.providers.twilio, url, said) for url, said in list(kept)
	]


def begin_anew(world: World, ticket: object, user: str = TECH) -> None:
	"""Acknowledged, if it isn't yet, and given back."""
	item = world.item(ticket).name
	acknowledge_as(user, item, "Desk")
	assert unacknowledge(item, user_as_actor(user, "Desk")).done
	frappe.db.commit()


def test_key_1_acknowledges_no_newer_generation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "Phone Call"), (30, "Email", "User", LEAD))
	ticket = world.ticket()
	world.forward(10)
	phone = world.expect_call(TINA).answer()
	kept = recorded(monkeypatch, world)
	phone.press("1")
	assert world.item(ticket).status == "Acknowledged"
	begin_anew(world, ticket)
	assert world.item(ticket).status == "Escalating"
	before = everything(world)
	keys = [(url, said) for url, said in kept if "Digits" in said]
	assert len(keys) == 1
	for answer in replay(world, keys):
		assert answer.ok and "Acknowledged. The escalation has stopped." in answer.text  # as it was said then
	replay(world, kept)
	assert everything(world) == before and world.item(ticket).status == "Escalating"
	world.inbox.take_all()


def test_a_key_pressed_late_in_a_live_call_counts_for_its_own_generation(world: World) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "Phone Call"), (30, "Email", "User", LEAD))
	ticket = world.ticket()
	world.forward(10)
	phone = world.expect_call(TINA).answer()
	begin_anew(world, ticket, LEAD)
	phone.press("1")
	assert "begun anew meanwhile" in phone.text
	assert world.item(ticket).status == "Escalating"
	world.inbox.take_all()


def test_an_sms_acknowledges_nothing_26_hours_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (60 * 24 * 3, "Email", "User", LEAD))
	first = world.ticket("First")
	world.forward(10)
	world.expect_sms(TINA)
	kept = recorded(monkeypatch, world)
	world.text(TINA, "1")
	assert world.item(first).status == "Acknowledged"
	world.change(first, status="Resolved")
	world.wait(minutes=26 * 60)
	second = world.ticket("Second")
	world.forward(10)
	sms = world.expect_sms(TINA, "Second")
	assert "Reply 1" in sms.text  # the code is free again
	(answer,) = replay(world, kept)
	assert answer.ok and world.item(second).status == "Escalating"
	world.text(TINA, "1")  # a new one is heard
	assert world.item(second).status == "Acknowledged"
	world.inbox.take_all()


@pytest.mark.parametrize("word", ["STOP", "START"])
def test_stop_and_start_are_heard_once(world: World, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
	contact = world.contact(TECH, TINA)
	kept = recorded(monkeypatch, world)
	world.text(TINA, word)
	frappe.db.set_value("Escalation Contact", contact.name, "sms_stopped", int(word == "START"))
	replay(world, kept)
	frappe.db.rollback()
	assert frappe.db.get_value("Escalation Contact", contact.name, "sms_stopped") == int(word == "START")


def test_twilio_that_asks_again_hears_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (0, "Phone Call"), (30, "Email", "User", LEAD))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(TINA)
	kept = recorded(monkeypatch, world)
	phone = world.expect_call(TINA).answer().press("2").press("2").press("7").press("3")
	phone.hang_up()
	world.text(TINA, "1")
	assert world.item(ticket).status == "Acknowledged"
	first = [world.item(ticket).version, *world.kinds(world.item(ticket))]
	answers = replay(world, kept), replay(world, kept)
	assert [answer.text for answer in answers[0]] == [answer.text for answer in answers[1]]
	assert [world.item(ticket).version, *world.kinds(world.item(ticket))] == first
	world.inbox.take_all()


def test_everything_recorded_changes_nothing_a_day_later(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	world.contact(TECH, TINA)
	world.contact(LEAD, LEO)
	world.plan((0, "SMS"), (0, "Phone Call"), (0, "SMS", "User", LEAD), (30, "Email", "User", LEAD))
	ticket = world.ticket("Fire in rack 4")
	world.forward(10)
	kept = recorded(monkeypatch, world)
	sms, other = world.expect_sms(TINA), world.expect_sms(LEO)
	world.receipt(sms, "delivered")
	world.receipt(other, "sent")
	world.expect_call(TINA).answer().press("2").press("3").hang_up()
	world.text(TINA, "?")
	world.text(TINA, "1")
	begin_anew(world, ticket)
	world.wait(minutes=25 * 60)
	frappe.cache.delete_keys("escalation_limit:said:")  # an hour later nothing of the answers is left
	before = everything(world)
	answers = replay(world, kept)
	assert len(kept) >= 8 and all(answer.ok for answer in answers)
	assert everything(world) == before and world.item(ticket).status == "Escalating"
	assert not any("Fire in rack 4" in answer.text for answer in answers)  # nothing is read out once more
	world.inbox.take_all()


def test_two_at_once_do_it_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (30, "Email", "User", LEAD))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(TINA)
	said = {"From": TINA, "Body": "1", "MessageSid": "SM" + "5" * 32, "AccountSid": "AC", "To": "x"}
	url, answers = world.providers.twilio.sms_url, []
	frappe.db.commit()
	threads = [
		threading.Thread(target=lambda: answers.append(world.providers.twilio.post(url, said)))
		for _n in range(4)
	]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert [answer.status_code for answer in answers] == [200] * 4
	assert len({answer.text for answer in answers}) == 1 and "stopped" in answers[0].text
	assert world.kinds(world.item(ticket)).count("Acknowledged") == 1
	assert frappe.db.count(CALLBACK) == 1
	world.tick()


def test_what_failed_isnt_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	"""Twilio asks again after an error, and then it is."""
	from escalation_mgmt.inbound import replies

	world.contact(TECH, TINA)
	world.plan((0, "SMS"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(TINA)
	take = replies.take
	monkeypatch.setattr(replies, "take", lambda *_said: 1 / 0)
	said = {"From": TINA, "Body": "1", "MessageSid": "SM" + "6" * 32}
	url = world.providers.twilio.sms_url
	frappe.db.commit()
	assert world.providers.twilio.post(url, said).status_code == 500
	world.expect_error("a callback of Twilio's broke")
	monkeypatch.setattr(replies, "take", take)
	assert world.providers.twilio.post(url, said).ok
	assert world.item(ticket).status == "Acknowledged"


def test_an_sms_without_an_id_does_nothing(world: World) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "SMS"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(TINA)
	assert world.providers.twilio.post(world.providers.twilio.sms_url, {"From": TINA, "Body": "1"}).ok
	assert world.item(ticket).status == "Escalating"


def test_a_call_that_is_long_over_is_read_to_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "Phone Call"), (60 * 24, "Email", "User", LEAD))
	world.ticket("Fire in rack 4")
	world.forward(10)
	kept = recorded(monkeypatch, world)
	world.expect_call(TINA).answer().press("2")
	assert any("Fire in rack 4" in answer.text for answer in replay(world, kept))  # as Twilio asks again
	world.wait(minutes=5 * 60)
	frappe.cache.delete_keys("escalation_limit:said:")
	assert not any("Fire in rack 4" in answer.text for answer in replay(world, kept))


def test_what_is_kept_of_a_callback_names_nobody_and_goes(world: World) -> None:
	world.contact(TECH, TINA)
	world.text(TINA, "hello")
	frappe.db.commit()
	(row,) = frappe.get_all(CALLBACK, fields=["*"])
	assert TINA not in str(row) and len(row.name) == 64
	world.wait(minutes=callbacks.KEPT.days * 24 * 60 - 10)
	retention.daily()
	assert frappe.db.count(CALLBACK) == 1
	world.wait(minutes=20)
	retention.daily()
	assert frappe.db.count(CALLBACK) == 0
