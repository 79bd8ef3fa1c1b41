"""iPhone Notification, by Web Push and by FCM: scenarios 1, 3, 14, 15 and 18, and what the services answer."""

import asyncio
import json
import sys
import threading
import time
from urllib.parse import urlsplit

import frappe
import pytest
import requests

from escalation_mgmt.notifiers.base import CannotReach, Message, Sent
from escalation_mgmt.notifiers.push import content, fcm, fcm_account, iphone_push, vapid, web_push
from escalation_mgmt.notifiers.push.iphone_push import IphonePushNotifier
from escalation_mgmt.web import technician
from host.providers.fcm import problems
from tests import judges
from tests.conftest import missing
from tests.world import World

pytestmark = pytest.mark.one_database

TECH, LEAD = "tech@x.test", "lead@x.test"
PUSH = "iPhone Notification"
BOTH = pytest.mark.parametrize("kind", ["Web Push", "FCM"])


def pushing(world: World, *steps: tuple) -> object:
	world.plan(*(steps or ((0, PUSH),)))
	return world.ticket("Fire in rack 4")


def state(world: World, ticket) -> tuple:
	message = world.messages(world.item(ticket))[0]
	return message.status, message.attempts, bool(message.possible_duplicate)


def detail(world: World, ticket) -> str:
	return world.messages(world.item(ticket))[0].detail


def dead(world: World) -> dict[str, str]:
	frappe.db.commit()
	found = frappe.get_all("Escalation Device", fields=["label", "dead", "dead_reason"], order_by="added_utc")
	return {row.label: row.dead_reason for row in found if row.dead}


# --- the story


def test_1_a_notification_reaches_the_technicians_phone_and_its_link_acknowledges(world: World) -> None:
	world.device(TECH)
	ticket = pushing(world, (0, PUSH), (5, "Email", "User", LEAD))
	world.forward(10)
	push = world.expect_push(TECH, "Fire in rack 4")
	assert push.subject == f"[High] Ticket {ticket.name}: Fire in rack 4"
	assert push.headers["urgency"] == "high" and int(push.headers["ttl"]) == 24 * 3600
	assert len(push.headers["topic"]) == 32
	notification = push.body["notification"]
	assert notification["tag"] == world.item(ticket).name
	assert notification["actions"][0]["action"] == "acknowledge"
	link = notification["navigate"]
	assert world.get(link).status_code == 200
	assert world.item(ticket).status == "Escalating"  # looking changed nothing
	world.post(link)
	item = world.item(ticket)
	assert (item.status, item.acknowledged_by, item.acknowledged_via) == ("Acknowledged", "Tina Tech", "Link")
	rows = [row for row in world.report(ticket=ticket.name) if row["method"] == PUSH]
	assert [(row["person"], row["outcome"]) for row in rows] == [("Tina Tech", "Sent")]
	assert "On iPhone, Safari." in detail(world, ticket)
	world.tick()


def test_1_the_action_button_posts_to_the_link_and_is_told_in_json(world: World) -> None:
	"""What the service worker does: no cookies, and it wants to know what to show."""
	world.device(TECH)
	ticket = pushing(world)
	world.forward(10)
	link = world.expect_push(TECH).body["notification"]["data"]["link"]
	answer = world.post(link, headers={"Accept": "application/json"})
	assert answer.json()["tone"] == "good" and answer.json()["title"] == "You have it"
	assert world.item(ticket).status == "Acknowledged"
	assert world.post(link + "x", headers={"Accept": "application/json"}).status_code == 404
	world.tick()


def test_3_by_an_app_over_fcm(world: World) -> None:
	world.device(TECH, "FCM", "iPhone, our app")
	ticket = pushing(world)
	world.forward(10)
	push = world.expect_push(TECH, "Fire in rack 4")
	item = world.item(ticket)
	headers, aps = push.body["apns"]["headers"], push.body["apns"]["payload"]["aps"]
	assert headers["apns-priority"] == "10" and headers["apns-collapse-id"] == item.name
	assert aps["interruption-level"] == "time-sensitive" and aps["sound"] == "default"
	assert (aps["badge"], push.body["data"]["passes_on"]) == (1, "1")
	assert push.body["data"]["item"] == item.name
	world.post(push.body["data"]["link"])
	assert world.item(ticket).status == "Acknowledged"
	assert world.messages(item)[0].provider_message_id.startswith("projects/")
	world.tick()


def test_3_all_devices_of_a_person_get_it(world: World) -> None:
	world.device(TECH, label="iPhone")
	world.device(TECH, label="iPad")
	world.device(TECH, "FCM", "App")
	world.device(LEAD, label="Not hers")
	ticket = pushing(world)
	world.forward(10)
	for _device in range(3):
		world.expect_push(TECH)
	assert all(name in detail(world, ticket) for name in ("iPhone", "iPad", "App"))
	assert state(world, ticket) == ("Sent", 1, False)


def test_while_a_device_is_awaited_no_other_is_locked(world: World) -> None:
	world.device(TECH)
	world.device(LEAD)
	world.plan((0, PUSH), (0, PUSH, "User", LEAD))
	session = world.login(TECH)
	frappe.db.commit()
	(name,) = frappe.get_all("Escalation Device", filters={"user": TECH}, pluck="name", order_by="name")
	world.providers.faults.webpush.slow(6, to=LEAD)
	world.ticket("Fire in rack 4")
	answered = []

	def removes_their_device() -> None:
		while not any(message.to == TECH for message in world.inbox.unexpected()):
			time.sleep(0.02)
		time.sleep(0.5)  # until its answer was handed back
		url = f"{world.url}/api/method/escalation_mgmt.web.technician.remove_device"
		answered.append((session.post(url, data={"device": name}, timeout=60).status_code, time.monotonic()))

	thread = threading.Thread(target=removes_their_device)
	thread.start()
	world.forward(10)
	awaited_until = time.monotonic()
	thread.join()
	world.expect_push(TECH)
	world.expect_push(LEAD)
	((status, at),) = answered
	assert status == 200 and at < awaited_until


def test_news_replaces_the_earlier_notification_and_asks_for_nothing(world: World) -> None:
	world.device(TECH)
	ticket = pushing(world, (0, PUSH), (5, "Email", "User", LEAD))
	world.forward(10)
	world.expect_push(TECH, "has not been answered")
	world.forward(5)
	world.post(world.expect_email(LEAD).links[0])
	world.forward(1)
	news = world.expect_push(TECH, "Leo Lead has acknowledged")  # push comes before email for news
	assert news.headers["urgency"] == "normal"
	assert "actions" not in news.body["notification"]
	assert news.body["notification"]["silent"] is True
	assert news.body["notification"]["navigate"] == f"{world.url}/escalations"
	shown = world.providers.webpush.shown(TECH)
	assert [n["title"] for n in shown] == [f"Leo Lead has acknowledged ticket {ticket.name}"]


def test_a_long_text_is_cut_to_what_a_push_service_takes(world: World) -> None:
	world.device(TECH)
	world.plan((0, PUSH, "Assignee", "", 'é"\\' * 4000))
	world.ticket("x" * 139)
	world.forward(10)
	push = world.expect_push(TECH)
	assert push.text.endswith("…") and len(push.text) > 500


# --- people


def test_14_nobody_without_a_device_is_reached_and_the_reason_says_what_to_do(world: World) -> None:
	world.device(LEAD)
	ticket = pushing(world, (0, PUSH), (30, PUSH, "User", LEAD))
	world.forward(10)
	world.expect_push(LEAD)
	assert f"Has no device. They open {world.url}/escalations" in world.lines(world.item(ticket))


def test_14_a_bare_address_is_refused_with_the_plan(world: World) -> None:
	with pytest.raises(frappe.ValidationError, match="goes to a user's devices"):
		world.plan((0, PUSH, "Address", "someone@x.test"))
	frappe.db.rollback()


def test_14_fcm_that_is_not_set_up_is_a_reason_and_a_browser_is_reached_all_the_same(world: World) -> None:
	world.device(TECH, "FCM")
	world.device(LEAD, "FCM")
	world.device(LEAD, label="Safari")
	frappe.conf.escalation_fcm_service_account = '{"type": "service_account"}'
	ticket = pushing(world, (0, PUSH), (0, PUSH, "User", LEAD))
	world.forward(10)
	world.expect_push(LEAD)
	assert "not the file of a service account (project_id" in world.lines(world.item(ticket))


def test_15_push_that_breaks_stops_no_other_method(world: World) -> None:
	world.device(TECH)
	world.endpoint()
	frappe.conf.escalation_vapid_private_key = "no key"
	try:
		ticket = pushing(world, (0, PUSH), (0, "Email"), (5, "HTTP POST", "Endpoint", "Pager"))
		world.forward(10)
		world.expect_email(TECH)
		world.forward(5)
		world.expect_page()
	finally:
		del frappe.conf["escalation_vapid_private_key"]
	assert "The VAPID key is not valid" in world.lines(world.item(ticket))
	for _log in frappe.get_all("Error Log", order_by="creation"):
		world.expect_error("iPhone Notification can't be used")


def rewrite(which: dict, **secrets: str) -> None:
	"""Change what is known of a device, as nobody could by its form."""
	name = frappe.db.get_value("Escalation Device", which, "name")
	frappe.db.set_value("Escalation Device Secret", name, secrets)


# --- what the services answer


@pytest.mark.parametrize("code", [404, 410])
def test_a_subscription_that_has_ended_is_marked_and_the_other_device_is_reached(
	world: World, code: int
) -> None:
	gone = world.device(TECH, label="Old iPhone")
	world.device(TECH, label="New iPhone")
	if code == 410:
		world.providers.webpush.unsubscribe(gone)
	else:
		rewrite({"label": "Old iPhone"}, endpoint=gone.url + "x")
	ticket = pushing(world)
	world.forward(10)
	world.expect_push(TECH)
	assert state(world, ticket) == ("Sent", 1, False)
	assert "On New iPhone." in detail(world, ticket) and "Old iPhone: its subscription has ended" in detail(
		world, ticket
	)
	assert list(dead(world)) == ["Old iPhone"]
	world.ticket("Another")
	world.forward(10)
	world.expect_push(TECH, "Another")
	world.inbox.assert_empty()


def test_only_dead_devices_is_a_failure_in_words(world: World) -> None:
	world.providers.webpush.unsubscribe(world.device(TECH))
	world.providers.fcm.uninstall(world.device(TECH, "FCM", "App"))
	ticket = pushing(world)
	world.forward(10)
	assert state(world, ticket) == ("Failed", 1, False)
	assert "No device of theirs takes notifications any more" in detail(world, ticket)
	assert set(dead(world)) == {"iPhone, Safari", "App"}
	assert "app was removed" in dead(world)["App"]
	world.expect_email(TECH)  # instead
	other = world.ticket("Another")
	world.forward(10)
	assert "Nobody has a device" in world.lines(world.item(other))
	world.expect_email("owner@x.test", "Nobody could be notified")


@pytest.mark.parametrize(
	("code", "says"),
	[(400, "refuses the message: 400"), (403, "refuses our key: 403"), (413, "too long")],
)
def test_a_refusal_is_final_and_in_words(world: World, code: int, says: str) -> None:
	world.device(TECH)
	ticket = pushing(world)
	world.providers.faults.webpush.status(code, body="bad secret of the inside")
	world.forward(10)
	assert state(world, ticket) == ("Failed", 1, False) and says in detail(world, ticket)
	assert "secret" not in detail(world, ticket) + world.lines(world.item(ticket))
	assert not dead(world)
	world.expect_email(TECH)  # instead
	world.forward(20)


@pytest.mark.parametrize(("code", "asked", "waits"), [(429, 120, 120), (500, None, 10), (503, 60, 60)])
def test_18_a_busy_push_service_is_asked_again(
	world: World, code: int, asked: int | None, waits: int
) -> None:
	world.device(TECH)
	ticket = pushing(world)
	world.providers.faults.webpush.status(code, retry_after=asked)
	world.forward(10)
	assert state(world, ticket) == ("Queued", 1, False)
	world.forward(seconds=waits - 1)
	assert state(world, ticket)[1] == 1
	world.forward(seconds=1)
	world.expect_push(TECH)
	assert state(world, ticket) == ("Sent", 2, False)


@pytest.mark.parametrize(
	("code", "asked", "waits"), [("QUOTA_EXCEEDED", 90, 90), ("INTERNAL", None, 10), ("UNAVAILABLE", 30, 30)]
)
def test_18_fcm_that_is_busy_is_asked_again_and_nobody_sleeps(
	world: World, code: str, asked: int | None, waits: int
) -> None:
	world.device(TECH, "FCM")
	ticket = pushing(world)
	world.providers.faults.fcm.error(code, retry_after=asked)
	began = time.monotonic()
	world.forward(10)
	assert time.monotonic() - began < (asked or 10), "it was slept for"
	assert state(world, ticket) == ("Queued", 1, False)
	world.forward(seconds=waits)
	world.expect_push(TECH)
	assert state(world, ticket) == ("Sent", 2, False)


@pytest.mark.parametrize(
	("code", "says"),
	[
		("SENDER_ID_MISMATCH", "another Firebase project"),
		("THIRD_PARTY_AUTH_ERROR", "upload an APNs key"),
		("INVALID_ARGUMENT", "FCM refuses the message"),
	],
)
def test_what_fcm_refuses_is_final_and_in_words(world: World, code: str, says: str) -> None:
	world.device(TECH, "FCM")
	ticket = pushing(world)
	world.providers.faults.fcm.error(code)
	world.forward(10)
	assert state(world, ticket) == ("Failed", 1, False) and says in detail(world, ticket)
	world.expect_email(TECH)  # instead


@BOTH
def test_words_are_found_outside_of_the_event_loop(
	world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
	"""In there Frappe 15 knows neither the site nor a language."""

	def words(text: str) -> str:
		with pytest.raises(RuntimeError, match="no running event loop"):
			asyncio.get_running_loop()
		return frappe._(text)

	for module in (web_push, fcm, iphone_push, content):
		monkeypatch.setattr(module, "_", words)
	world.device(TECH, kind)
	ticket = pushing(world)
	if kind == "FCM":
		world.providers.faults.fcm.error("SENDER_ID_MISMATCH")
	else:
		world.providers.faults.webpush.status(413, body="bad")
	world.forward(10)
	assert state(world, ticket) == ("Failed", 1, False)
	world.expect_email(TECH)  # instead


def refuse_the_next_token(world: World) -> None:
	"""Of another key of the account: the app keeps the tokens of those that it knows."""
	key = {"private_key_id": frappe.generate_hash()}
	frappe.conf.escalation_fcm_service_account = world.providers.fcm.service_account() | key
	world.providers.faults.fcm.token()


def test_google_refuses_the_service_account(world: World) -> None:
	world.device(TECH, "FCM")
	refuse_the_next_token(world)
	ticket = pushing(world)
	world.forward(10)
	assert state(world, ticket)[0] == "Failed"
	assert "Google refuses the FCM service account" in detail(world, ticket)
	world.expect_email(TECH)  # instead


@BOTH
def test_18_a_lost_answer_is_unknown_and_sent_once_more_marked(world: World, kind: str) -> None:
	world.device(TECH, kind)
	ticket = pushing(world)
	faults = world.providers.faults
	(faults.webpush if kind == "Web Push" else faults.fcm).lose_answer()
	world.forward(10)
	first, second = world.expect_push(TECH), world.expect_push(TECH)
	assert state(world, ticket) == ("Sent", 2, True)
	assert first.links != second.links
	for link in (first.links[0], second.links[0]):
		assert world.get(link).status_code == 200


def test_18_a_reset_connection_is_unknown(world: World) -> None:
	world.device(TECH)
	ticket = pushing(world)
	world.providers.faults.webpush.lose_answer(taken=False, reset=True)
	world.forward(10)
	world.expect_push(TECH)
	assert state(world, ticket) == ("Sent", 2, True)


def test_18_no_answer_in_time_is_unknown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(web_push, "SECONDS", 2)
	monkeypatch.setattr(fcm, "SECONDS", 2)
	world.device(TECH)
	world.device(LEAD, "FCM")
	ticket = pushing(world, (0, PUSH), (0, PUSH, "User", LEAD))
	world.providers.faults.webpush.slow(5)
	world.providers.faults.fcm.slow(5)
	world.forward(10)
	for user in (TECH, TECH, LEAD, LEAD):
		world.expect_push(user)
	assert [(m.status, m.attempts) for m in world.messages(world.item(ticket))] == [("Sent", 2)] * 2


@BOTH
def test_18_a_service_that_is_away_is_asked_again(world: World, kind: str) -> None:
	from host.servers import free_port

	world.device(TECH, kind)
	nowhere = f"http://127.0.0.1:{free_port(0)}"
	if kind == "FCM":
		frappe.conf.escalation_fcm_url = f"{nowhere}/v1/projects"
	else:
		frappe.conf.escalation_push_hosts = [urlsplit(nowhere).netloc]
		rewrite({"user": TECH}, endpoint=f"{nowhere}/x")
	ticket = pushing(world)
	world.forward(10)
	assert state(world, ticket) == ("Queued", 1, False) and "no connection" in detail(world, ticket)


# --- rule 13 and our keys


@pytest.mark.parametrize("address", ["http://127.0.0.1", "https://127.0.0.1", "https://localhost"])
def test_13_an_address_inside_is_refused_when_it_is_sent_to(world: World, address: str) -> None:
	world.device(TECH)
	port = world.providers.webpush.origin.rpartition(":")[2]
	frappe.conf.escalation_push_hosts = []  # what HTTP POST may reach says nothing of it
	rewrite({"user": TECH}, endpoint=f"{address}:{port}/x")
	ticket = pushing(world)
	world.forward(10)
	assert state(world, ticket) == ("Failed", 1, False)
	# A name is none that is known, before anybody looks where it points.
	assert any(why in detail(world, ticket) for why in ("not on the public internet", "no push service"))
	world.expect_email(TECH)  # instead


def test_keys_are_rotated_and_devices_of_the_old_key_are_reached_until_the_next_time(world: World) -> None:
	world.device(TECH)
	first = next(iter(vapid.key_pairs()))
	second = vapid.rotate()
	assert second != first == list(vapid.key_pairs())[1]
	assert frappe.db.get_single_value("Escalation Settings", "vapid_public_key", cache=False) == second
	pushing(world)
	world.forward(10)
	world.expect_push(TECH)
	vapid.rotate()
	other = world.ticket("After the second")
	world.forward(10)
	assert "must be added anew" in world.lines(world.item(other))
	world.expect_email("owner@x.test", "Nobody could be notified")
	world.device(TECH)
	world.sweep()
	world.tick()
	world.expect_push(TECH, "After the second")


def test_saving_the_settings_keeps_the_keys(world: World) -> None:
	world.device(TECH)
	before = list(vapid.key_pairs())
	frappe.get_doc("Escalation Settings").save()
	assert list(vapid.key_pairs()) == before


def test_fcm_connection_is_tested_in_words_and_sends_nothing(world: World) -> None:
	assert "takes messages for the project demo-project" in fcm.test_connection()
	refuse_the_next_token(world)
	with pytest.raises(CannotReach, match="Google refuses the FCM service account"):
		fcm.test_connection()
	frappe.conf.escalation_fcm_service_account = None
	with pytest.raises(CannotReach, match="There is no FCM service account"):
		fcm.test_connection()
	account = world.providers.fcm.service_account() | {"token_uri": "https://elsewhere.example.com/token"}
	with pytest.raises(CannotReach, match="must be at oauth2"):
		fcm_account.checked(json.dumps(account))


def test_without_pyfcm_everybody_else_is_reached_and_it_says_so(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	world.device(TECH)
	monkeypatch.delitem(sys.modules, "escalation_mgmt.notifiers.push.fcm_client", raising=False)
	monkeypatch.setitem(sys.modules, "pyfcm", None)
	with pytest.raises(CannotReach, match="env/bin/pip install"):
		fcm_account.service_account_info()
	pushing(world)
	world.forward(10)
	world.expect_push(TECH)


def test_fcm_messages_fit_googles_own_description(world: World) -> None:
	urgency = fcm.Urgency(urgent=True, critical=True, badge=2)
	message = fcm.message(title="t", body="b", item="ESC-1", urgency=urgency, data={"a": "b"}, expires=1)
	client = fcm.connect({**world.providers.fcm.service_account()})
	body = json.loads(client.parse_payload(fcm_token="x", **message))
	assert not list(problems(body, "SendMessageRequest"))
	body["message"]["apns"]["header"] = {}
	assert list(problems(body, "SendMessageRequest"))


# --- many


@pytest.mark.parametrize("kind", ["Web Push", "FCM"])
def test_500_pushes_to_a_slow_service_go_out_together(world: World, kind: str) -> None:
	world.device(TECH, kind)
	service = world.providers.webpush if kind == "Web Push" else world.providers.fcm
	service.pause = 0.05
	messages = [
		Message(
			notification=f"n{n}",
			attempt=f"a{n}",
			address=TECH,
			subject="s",
			text="t",
			link="https://x.test/ack/1",
		)
		for n in range(500)
	]
	service.most_at_once = 0
	try:
		outcomes = list(IphonePushNotifier().send(messages))
	finally:
		service.pause = 0.0
	assert len(outcomes) == 500 == len(world.inbox.take_all())
	assert {type(outcome) for _message, outcome in outcomes} == {Sent}
	assert service.most_at_once >= 8, "one waits for the other"


# --- the page's API


def call(world: World, session, method: str, **data):
	frappe.db.commit()
	return session.post(
		f"{world.url}/api/method/escalation_mgmt.web.technician.{method}", data=data, timeout=30
	)


def test_a_guest_may_nothing(world: World) -> None:
	for method in ("overview", "add_device", "remove_device", "send_test", "do"):
		answer = world.post(
			f"{world.url}/api/method/escalation_mgmt.web.technician.{method}",
			data={"kind": "FCM", "endpoint": "a:b", "device": "x", "action_item": "x"},
		)
		assert answer.status_code == 403, method
	assert world.get(f"{world.url}/escalations").status_code == 302
	assert world.get(f"{world.url}/escalations").headers["Location"] == "/login?redirect-to=/escalations"
	assert not frappe.db.count("Escalation Device")


def subscription(world: World, user: str = TECH) -> dict:
	frappe.set_user("Administrator")
	key = next(iter(vapid.key_pairs(generate=True)))
	frappe.db.commit()
	given = world.providers.webpush.subscribe(user, key).as_json()
	return {"kind": "Web Push", "label": "x", "server_key": key, **given["keys"]}


@pytest.mark.parametrize(
	("wrong", "says"),
	[
		({"endpoint": "http://web.push.apple.com/x"}, "begins with https"),
		({"endpoint": "https://10.0.0.7/x"}, "not on the public internet"),
		({"endpoint": "https://[::ffff:169.254.169.254]/x"}, "not on the public internet"),
		({"endpoint": "javascript:alert(1)"}, "must begin with"),
		({"endpoint": "https://user:pw@web.push.apple.com/"}, "log-in data"),
		({"endpoint": "https://web.push.apple.com/" + "x" * 3000}, "not the address of a device"),
		({"endpoint": "https://web.push.apple.com/x\r\nX: y"}, "not the address of a device"),
		({"endpoint": ""}, "not the address of a device"),
		({"p256dh": "AAAA"}, "not the keys"),
		({"p256dh": "B" + "A" * 86}, "not the keys"),  # 65 bytes, and no point of the curve
		({"auth": "AAAA"}, "not the keys"),
		({"server_key": "B" + "A" * 86}, "another key than ours"),
		({"kind": "Telegram"}, "no such kind"),
	],
)
def test_a_forged_device_is_refused(world: World, wrong: dict, says: str) -> None:
	session = world.login(TECH)
	data = {**subscription(world), "endpoint": "https://web.push.apple.com/x", **wrong}
	answer = call(world, session, "add_device", **data)
	assert answer.status_code == 417 and says in answer.text, answer.text
	assert not frappe.db.count("Escalation Device")


def test_devices_are_their_owners_alone(world: World) -> None:
	tech, lead = world.login(TECH), world.login(LEAD)
	data = {**subscription(world), "endpoint": "https://web.push.apple.com/one"}
	added = call(world, tech, "add_device", **data).json()["message"]
	assert [row["label"] for row in added["devices"]] == ["x"]
	assert "web.push.apple.com" not in json.dumps(added)
	# The same browser again is the same device.
	again = call(world, tech, "add_device", **{**data, "label": "y"}).json()["message"]
	assert again["device"] == added["device"] and [row["label"] for row in again["devices"]] == ["y"]
	# Somebody else can't read it, remove it or take it over by its address alone ...
	name = added["device"]
	assert call(world, lead, "remove_device", device=name).status_code == 404
	assert lead.get(f"{world.url}/api/resource/Escalation Device/{name}", timeout=30).status_code == 403
	assert lead.get(f"{world.url}/api/resource/Escalation Device", timeout=30).json()["data"] == []
	other = {**subscription(world, LEAD), "endpoint": data["endpoint"]}
	assert call(world, lead, "add_device", **other).status_code == 417
	assert frappe.db.get_value("Escalation Device", name, "user") == TECH
	# ... but whoever logs in on that browser has its keys as well.
	assert call(world, lead, "add_device", **data).ok
	frappe.db.rollback()
	assert frappe.db.get_value("Escalation Device", name, "user") == LEAD
	# A device replaces one of one's own, and nobody else's.
	mine = {
		**subscription(world, TECH),
		"endpoint": "https://web.push.apple.com/two",
		"replaces": data["endpoint"],
	}
	assert len(call(world, tech, "add_device", **mine).json()["message"]["devices"]) == 1
	assert frappe.db.count("Escalation Device", {"user": LEAD}) == 1
	newer = {
		**subscription(world, TECH),
		"endpoint": "https://web.push.apple.com/3",
		"replaces": mine["endpoint"],
	}
	assert len(call(world, tech, "add_device", **newer).json()["message"]["devices"]) == 1
	assert call(world, lead, "remove_device", device=name).json()["message"]["devices"] == []


def test_nobody_sees_the_secrets_of_a_device(world: World) -> None:
	browser = world.device(TECH)
	name = frappe.get_all("Escalation Device", pluck="name", order_by="name")[0]
	for user in (TECH, "manager@x.test", "admin@x.test"):
		session = world.login(user)
		for path in (f"/{name}", '?fields=["*"]', '?fields=["name","endpoint","auth","p256dh"]'):
			answer = session.get(f"{world.url}/api/resource/Escalation Device{path}", timeout=30)
			for secret in (browser.id, *browser.as_json()["keys"].values()):
				assert secret not in answer.text, (user, path)
		for field in ("endpoint", "auth", "p256dh", "endpoint_hash"):
			answer = session.get(
				f"{world.url}/api/method/frappe.client.get_value",
				params={"doctype": "Escalation Device", "filters": name, "fieldname": field},
				timeout=30,
			)
			assert browser.id not in answer.text and browser.as_json()["keys"]["auth"] not in answer.text
		written = session.put(
			f"{world.url}/api/resource/Escalation Device/{name}",
			json={"user": user, "label": "mine"},
			timeout=30,
		)
		assert written.status_code == 403, user
	manager = world.login("manager@x.test")
	listed = manager.get(f"{world.url}/api/resource/Escalation Device", timeout=30).json()["data"]
	assert [row["name"] for row in listed] == [name]


def test_a_test_to_oneself_is_limited(world: World) -> None:
	world.device(TECH)
	world.device(LEAD)
	frappe.set_user(TECH)
	try:
		for _try in range(technician.TESTS_PER_HOUR):
			assert technician.send_test()["sent"]
			world.expect_push(TECH, "Test")
		with pytest.raises(frappe.RateLimitExceededError):
			technician.send_test()
	finally:
		frappe.set_user("Administrator")
	frappe.set_user("second@x.test")
	try:
		answer = technician.send_test()
	finally:
		frappe.set_user("Administrator")
	assert not answer["sent"] and "Has no device" in answer["message"]


def test_a_copy_sends_no_test(world: World) -> None:
	world.device(TECH)
	recorded = frappe.conf.escalation_installation_id
	frappe.conf.escalation_installation_id = "another"
	frappe.set_user(TECH)
	try:
		with pytest.raises(frappe.ValidationError, match="is a copy"):
			technician.send_test()
	finally:
		frappe.set_user("Administrator")
		frappe.conf.escalation_installation_id = recorded


def test_the_page_shows_what_concerns_one_and_acknowledges(world: World) -> None:
	world.device(TECH)
	ticket = pushing(world)
	other = world.ticket("Not hers", to=LEAD)
	world.forward(10)
	world.expect_push(TECH)
	assert "Has no device" in world.lines(world.item(other))
	world.expect_email("owner@x.test", "Nobody could be notified")
	session = world.login(TECH)
	page = session.get(f"{world.url}/escalations", timeout=30)
	assert page.ok and "default-src 'none'" in page.headers["Content-Security-Policy"]
	# That nothing is posted without the session's token is seen in tests/browser: Frappe keeps none in tests.
	given = json.loads(page.text.split('id="given">')[1].split("</script>")[0])
	session.headers["X-Frappe-CSRF-Token"] = given["csrf_token"]
	item = world.item(ticket)
	items = call(world, session, "overview").json()["message"]["items"]
	assert [(row["item"], row["can_acknowledge"]) for row in items] == [(item.name, True)]
	assert "JST" not in items[0]["since_shown"]
	frappe.db.set_value("User", TECH, "time_zone", "Asia/Tokyo")
	frappe.db.commit()
	shown = call(world, session, "overview").json()["message"]
	assert "JST" in shown["items"][0]["since_shown"] and "JST" in shown["devices"][0]["added_at"]
	frappe.db.set_value("User", TECH, "time_zone", None)
	frappe.db.commit()
	done = call(world, session, "do", action_item=item.name).json()["message"]
	assert done["message"].startswith("Acknowledged.") and done["items"][0]["state"] == "Tina Tech has it"
	assert world.item(ticket).acknowledged_via == "Phone Page"
	stranger = world.login("stranger@x.test")
	assert call(world, stranger, "overview").json()["message"]["items"] == []
	assert call(world, stranger, "do", action_item=world.item(other).name).status_code == 403
	world.tick()


def test_the_pages_files_are_served(world: World) -> None:
	worker = world.get(f"{world.url}/escalations-worker.js")
	assert worker.ok and worker.headers["Service-Worker-Allowed"] == "/escalations"
	assert worker.headers["Content-Type"].startswith("text/javascript")
	manifest = world.get(f"{world.url}/escalations.webmanifest")
	assert manifest.json()["start_url"] == "/escalations" and manifest.json()["display"] == "standalone"
	for icon in manifest.json()["icons"]:
		assert world.get(world.url + icon["src"]).content.startswith(b"\x89PNG")


# --- settings


@pytest.mark.parametrize(
	("field", "value", "says"),
	[
		("vapid_subject", "nobody", "Write an email address"),
		("vapid_subject", "mailto:", "Write an email address"),
		("fcm_service_account", "not json", "is not JSON"),
		("fcm_service_account", '{"type": "authorized_user"}', "not the file of a service account"),
	],
)
def test_settings_that_cant_work_are_refused_in_words(
	world: World, field: str, value: str, says: str
) -> None:
	settings = frappe.get_doc("Escalation Settings")
	settings.set(field, value)
	with pytest.raises(frappe.ValidationError, match=says):
		settings.save()
	frappe.db.rollback()


def test_a_service_account_in_the_settings_is_kept_secret_and_used(world: World) -> None:
	frappe.conf.escalation_fcm_service_account = None
	settings = frappe.get_doc("Escalation Settings")
	# A password's field has one line: the browser takes the new lines out of what is pasted.
	settings.fcm_service_account = json.dumps(world.providers.fcm.service_account(), indent=1).replace(
		"\n", ""
	)
	settings.vapid_subject = "duty@x.test"
	settings.save()
	try:
		assert set(frappe.get_doc("Escalation Settings").fcm_service_account) == {"*"}
		assert vapid.subject() == "mailto:duty@x.test"
		world.device(TECH, "FCM")
		pushing(world)
		world.forward(10)
		world.expect_push(TECH)
	finally:
		settings.reload()
		settings.update({"fcm_service_account": "", "vapid_subject": ""})
		settings.save()
		frappe.db.commit()


def test_only_managers_change_keys_and_test_fcm(world: World) -> None:
	for method in ("make_push_keys", "test_fcm"):
		path = f"{world.url}/api/method/escalation_mgmt.api.settings.{method}"
		assert world.login(TECH).post(path, timeout=30).status_code == 403
		assert world.login("manager@x.test").post(path, timeout=30).ok


# --- a judge that nobody here wrote


def test_web_push_before_a_judge_from_npm(world: World) -> None:
	"""web-push-testing decrypts with a library of its own, and refuses a message signed with another key."""
	try:
		with judges.web_push_testing() as url:
			_judged(world, url)
	except judges.Missing as e:
		missing("npm", str(e))


def _judged(world: World, url: str) -> None:
	def subscribed(key: str) -> dict:
		options = {"userVisibleOnly": "true", "applicationServerKey": key}
		return requests.post(f"{url}/subscribe", data=options, timeout=10).json()["data"]

	key = next(iter(vapid.key_pairs(generate=True)))
	frappe.conf.escalation_push_hosts = [urlsplit(url).netloc]
	given = subscribed(key)
	frappe.set_user(TECH)
	technician.add_device("Web Push", given["endpoint"], "x", server_key=key, **given["keys"])
	frappe.set_user("Administrator")
	ticket = pushing(world)
	world.forward(10)
	assert state(world, ticket) == ("Sent", 1, False), detail(world, ticket)
	seen = requests.post(
		f"{url}/get-notifications", data={"clientHash": given["clientHash"]}, timeout=10
	).json()
	(text,) = seen["data"]["messages"]
	assert json.loads(text)["notification"]["title"] == f"[High] Ticket {ticket.name}: Fire in rack 4"

	# The device trusts another key than the one that we believe it trusts.
	other = subscribed(vapid.public_key(vapid.new_pair()))
	rewrite({"user": TECH}, endpoint=other["endpoint"], **other["keys"])
	refused = world.ticket("Refused")
	world.forward(10)
	assert state(world, refused) == ("Failed", 1, False)
	world.expect_email(TECH, "Refused")
	requests.post(f"{url}/expire-subscription/{given['clientHash']}", timeout=10)
	rewrite({"user": TECH}, endpoint=given["endpoint"], **given["keys"])
	world.ticket("Expired")
	world.forward(10)
	assert list(dead(world)) == ["x"]
	world.expect_email(TECH, "Expired")


def test_its_buttons_its_number_and_how_loud_it_is(world: World) -> None:
	world.device(TECH)
	world.device(TECH, "FCM", "App")
	settings = frappe.get_doc("Escalation Settings")
	settings.push_critical = 1
	settings.fcm_service_account = ""
	with pytest.MonkeyPatch.context() as patch:
		patch.delitem(frappe.conf, "escalation_fcm_service_account", raising=False)
		with pytest.raises(frappe.ValidationError, match="enter its FCM service account first"):
			settings.save()
	frappe.db.set_single_value("Escalation Settings", "push_critical", 1)
	pushing(world, (0, PUSH), (5, "Email", "User", LEAD))
	world.ticket("Another fire")
	world.forward(10)
	sent = [world.expect_push(TECH).body for _message in range(4)]
	browsers = [body for body in sent if "web_push" in body]
	assert [body["app_badge"] for body in browsers] == [2, 2], "two wait for her, by then"
	for body in browsers:
		assert [each["action"] for each in body["notification"]["actions"]] == ["acknowledge", "pass_on"]
		assert body["notification"]["silent"] is False
	for body in sent:
		if "apns" in body:
			aps = body["apns"]["payload"]["aps"]
			assert (aps["interruption-level"], aps["badge"]) == ("critical", 2)
			assert aps["sound"] == {"critical": 1, "name": "default", "volume": 1.0}
	world.forward(5)
	link = world.expect_email(LEAD).links[0]
	world.expect_email(LEAD)
	world.post(link)
	world.forward(1)
	news = [world.expect_push(TECH, "Leo Lead has acknowledged").body for _device in range(2)]
	(app,) = [body["apns"]["payload"]["aps"] for body in news if "apns" in body]
	assert (app["interruption-level"], app["badge"], "sound" in app) == ("active", 1, False)
