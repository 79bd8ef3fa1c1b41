"""Scenarios 21 and 25: the link, the button, the API, and who may."""

import secrets
import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from typing import Any

import frappe
import pytest

from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ITEM
from tests.scenarios.test_changes import exhausted
from tests.scenarios.test_ticket_form import Form
from tests.world import World

TINA = "+4915112345601"


def paged(world: World) -> tuple:
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"), (5, "Email", "User", "second@x.test"))
	ticket = world.ticket("Fire <b>in</b> rack 4")
	world.forward(10)
	return ticket, world.expect_email("tech@x.test").links[0]


def test_21_looking_changes_nothing_and_the_button_acknowledges(world: World) -> None:
	ticket, link = paged(world)
	before = world.item(ticket)
	for _look in range(3):
		shown = world.get(link)
		assert shown.status_code == 200 and "Fire &lt; b&gt;in&lt; /b&gt; rack 4" in shown.text
		assert world.get(link, headers={"User-Agent": "Mail scanner"}).status_code == 200
	assert frappe.get_doc(before.doctype, before.name).version == before.version
	assert shown.headers["Cache-Control"] == "no-store" and shown.headers["Referrer-Policy"] == "no-referrer"
	assert "frame-ancestors 'none'" in shown.headers["Content-Security-Policy"]

	world.forward(5)
	world.expect_email("lead@x.test")
	done = world.post(link)
	assert done.status_code == 200 and "Acknowledged" in done.text
	item = world.item(ticket)
	assert (item.status, item.acknowledged_user, item.acknowledged_via) == (
		"Acknowledged",
		"tech@x.test",
		"Link",
	)
	world.forward(1)
	world.expect_email("lead@x.test", "Tina Tech has acknowledged")
	world.forward(60)

	second = world.post(link)
	assert "Already acknowledged" in second.text and "Tina Tech" in second.text
	assert frappe.utils.format_datetime(clock.to_site(item.acknowledged_utc)) in second.text
	assert world.item(ticket).version == item.version


def test_a_ticket_whose_subject_shows_nothing_is_headed_by_its_number(world: World) -> None:
	ticket, link = paged(world)
	frappe.db.set_value("HD Ticket", ticket.name, "subject", " \t ")
	frappe.db.set_value(ITEM, world.item(ticket).name, "ticket_subject", "")
	frappe.db.commit()
	assert f'<h1 class="subject" dir="auto">Ticket {ticket.name}</h1>' in world.get(link).text


def test_21_expired_altered_and_other_tokens_are_refused(world: World) -> None:
	ticket, link = paged(world)
	token = link.rsplit("/", 1)[1]
	for forged in (
		token[:-1] + ("a" if token[-1] != "a" else "b"),
		secrets.token_urlsafe(32),
		"",
		"%00",
		"../" + token,
		"' or 1=1 --",
		"é" * 50,
	):
		answer = world.post(f"{world.url}/ack/{forged}")
		assert answer.status_code == 404, forged
		assert "rack 4" not in answer.text
	assert world.item(ticket).status == "Escalating"
	world.wait(minutes=72 * 60 + 1)
	assert world.get(link).status_code == 404 and world.post(link).status_code == 404
	assert world.item(ticket).status == "Escalating"


def test_21_a_link_acknowledges_its_own_item_only(world: World) -> None:
	ticket, link = paged(world)
	other = world.ticket("Other")
	world.forward(10)
	world.expect_email("lead@x.test", "Fire")
	world.expect_email("tech@x.test", "Other")
	world.post(link)
	assert world.item(ticket).status == "Acknowledged" and world.item(other).status == "Escalating"
	world.forward(1)
	world.expect_email("lead@x.test", "has acknowledged")


def test_21_a_guest_is_limited(world: World) -> None:
	_ticket, _link = paged(world)
	answers = [world.get(f"{world.url}/ack/{secrets.token_urlsafe(32)}").status_code for _try in range(70)]
	assert answers[-1] == 429 and answers[0] == 404
	frappe.cache.delete_keys("rl:")


def test_21_a_logged_in_session_can_use_its_link(world: World) -> None:
	"""Desk's sessions refuse posts without their token: the page carries it."""
	ticket, link = paged(world)
	session = world.login("tech@x.test")
	page = session.get(link, timeout=30).text
	token = page.split('name="csrf_token" value="')[1].split('"')[0]
	assert session.post(link, data={"csrf_token": token}, timeout=30).ok
	assert world.item(ticket).status == "Acknowledged"
	world.tick()


def acknowledge_by(world: World, user: str, item: str):
	session = world.login(user)
	page = session.get(f"{world.url}/api/method/frappe.auth.get_logged_user", timeout=30)
	assert page.json()["message"] == user
	return session.post(
		f"{world.url}/api/method/escalation_mgmt.api.acknowledge", data={"action_item": item}, timeout=30
	)


def test_25_whoever_may_read_the_ticket_acknowledges(world: World) -> None:
	ticket, _link = paged(world)
	item = world.item(ticket)
	answer = acknowledge_by(world, "second@x.test", item.name)  # an agent, not notified yet
	assert answer.ok and answer.json()["message"]["taken"], answer.text
	item = world.item(ticket)
	assert (item.acknowledged_user, item.acknowledged_via) == ("second@x.test", "Desk")
	again = acknowledge_by(world, "lead@x.test", item.name).json()["message"]
	assert not again["taken"] and "Sam Second" in again["message"]
	world.forward(1)
	world.expect_email("tech@x.test", "Sam Second has acknowledged")


def test_25_whoever_may_not_see_the_ticket_may_not(world: World) -> None:
	ticket, _link = paged(world)
	item = world.item(ticket)
	assert acknowledge_by(world, "stranger@x.test", item.name).status_code == 403
	guest = world.post(
		f"{world.url}/api/method/escalation_mgmt.api.acknowledge", data={"action_item": item.name}
	)
	assert guest.status_code == 403
	assert world.item(ticket).status == "Escalating"
	session = world.login("stranger@x.test")
	for method in ("timeline",):
		answer = session.get(
			f"{world.url}/api/method/escalation_mgmt.api.{method}",
			params={"action_item": item.name},
			timeout=30,
		)
		assert answer.status_code == 403
	listed = session.get(f"{world.url}/api/resource/Escalation Action Item", timeout=30).json()["data"]
	assert listed == []


def test_25_a_stranger_who_was_notified_may(world: World) -> None:
	world.plan((0, "Email", "User", "stranger@x.test"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("stranger@x.test")
	session = world.login("stranger@x.test")
	listed = session.get(f"{world.url}/api/resource/Escalation Action Item", timeout=30).json()["data"]
	assert [row["name"] for row in listed] == [world.item(ticket).name]
	assert acknowledge_by(world, "stranger@x.test", world.item(ticket).name).ok
	world.tick()


def test_25_with_a_key_it_is_the_api(world: World) -> None:
	ticket, _link = paged(world)
	user = frappe.get_doc("User", "lead@x.test")
	user.api_key, user.api_secret = "key-of-lead", "secret-of-lead"
	user.save()
	answer = world.post(
		f"{world.url}/api/method/escalation_mgmt.api.acknowledge",
		data={"action_item": world.item(ticket).name},
		headers={"Authorization": "token key-of-lead:secret-of-lead"},
	)
	assert answer.ok, answer.text
	assert world.item(ticket).acknowledged_via == "API"
	world.forward(1)
	world.expect_email("tech@x.test", "Leo Lead has acknowledged")


def test_21_times_are_those_of_the_persons_own_clock(world: World) -> None:
	world.contact("tech@x.test", time_zone="Asia/Kathmandu")
	world.plan((0, "Email"))
	world.ticket()
	world.forward(10)
	link = world.expect_email("tech@x.test").links[0]
	world.post(link)
	there = world.now + timedelta(hours=5, minutes=45)
	assert f"{there:%H:%M:%S} +0545" in world.get(link).text


# --- 13: something else of the database is in the way


def test_13_what_stands_in_the_way_once_stops_no_acknowledgement(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""By no door: the database refuses the first try, as one of two that wait for each other."""
	world.contact("tech@x.test", TINA)
	world.plan((0, "SMS"), (0, "Phone Call"))
	session = world.login("tech@x.test")

	def call(method: str, **data: str) -> Any:
		frappe.db.commit()
		answer = session.post(f"{world.url}/api/method/escalation_mgmt.{method}", data=data, timeout=30)
		assert answer.ok, answer.text
		return answer.json()["message"]

	doors: dict[str, Callable[..., Any]] = {
		"link": lambda ticket, sms, ring: world.post(sms.links[0]).text,
		"button": lambda ticket, sms, ring: world.post(
			sms.links[0], headers={"Accept": "application/json"}
		).json()["text"],
		"api": lambda ticket, sms, ring: call("api.acknowledge", action_item=world.item(ticket).name)[
			"message"
		],
		"form": lambda ticket, sms, ring: Form(world, ticket, "tech@x.test").click("acknowledge")[1],
		"item": lambda ticket, sms, ring: call(
			"api.act_on_item", action_item=world.item(ticket).name, action="acknowledge"
		)["message"],
		"phone": lambda ticket, sms, ring: call("web.technician.do", action_item=world.item(ticket).name)[
			"message"
		],
		"reply": lambda ticket, sms, ring: world.text(TINA, sms.text.split("Reply ")[1].split()[0])[0],
		"key": lambda ticket, sms, ring: ring.press("1").text,
	}
	for error, (transport, acknowledge) in zip(cycle(["deadlock", "time-out"]), doors.items(), strict=False):
		ticket = world.ticket(transport)
		world.forward(10)
		sms, ring = world.expect_sms(TINA), world.expect_call(TINA)
		with monkeypatch.context() as patch:
			refused = refuse_once(patch, error)
			said = acknowledge(ticket, sms, ring)
		assert refused == [error], transport
		assert "Acknowledged" in said, (transport, said)
		item = world.item(ticket)
		assert (item.status, item.acknowledged_user) == ("Acknowledged", "tech@x.test"), transport
		assert world.kinds(item).count("Acknowledged") == 1, transport


def refuse_once(monkeypatch: pytest.MonkeyPatch, error: str) -> list[str]:
	"""Let the driver refuse the statement that writes an acknowledgement, once. Returns what was refused."""
	database, refused = frappe.db.__class__, []
	codes = {"deadlock": 1213, "time-out": 1205}
	if frappe.db.db_type == "mariadb":
		asked, said = (type(frappe.db._cursor), "execute"), (codes[error], error)
	else:  # whose cursor can't be patched
		asked, said = (database, "execute_query"), ("database is locked",)
	execute = getattr(*asked)

	def refusing(self: Any, query: str, *values: Any) -> Any:
		writes = query.startswith("update") and f"tab{ITEM}" in query and "acknowledged_via" in query
		if writes and not refused:
			refused.append(error)
			raise database.OperationalError(*said)
		return execute(self, query, *values)

	monkeypatch.setattr(*asked, refusing)
	return refused


def test_13_a_newer_item_opens_while_the_old_one_is_acknowledged_late(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""The acknowledgement has looked for a newer one already, and is about to write."""
	world.plan((0, "Email"), title="Low", priorities=["Low"], window=3600 * 24)
	ticket, link = exhausted(world)
	several = frappe.db.db_type == "mariadb"  # SQLite has one writer: there, this very transaction opens it
	site, path, opened = world.site, frappe.local.sites_path, []

	def saved() -> None:
		doc = frappe.get_doc(ticket.doctype, ticket.name)
		doc.priority = "Low"
		doc.save(ignore_permissions=True)

	def elsewhere() -> None:
		frappe.init(site, sites_path=path, force=True)
		frappe.connect()
		frappe.set_user("Administrator")
		saved()
		frappe.db.commit()
		frappe.destroy()

	update_all = rows.update_all

	def meanwhile(doctype: str, changed: Any, where: str = "") -> int:
		if not opened and doctype == ITEM and where == "version":
			opened.append(True)
			if several:
				thread = threading.Thread(target=elsewhere)
				thread.start()
				thread.join()
			else:
				saved()
		return update_all(doctype, changed, where)

	monkeypatch.setattr(rows, "update_all", meanwhile)
	answer = world.post(link)
	assert opened and answer.ok and "Acknowledged" in answer.text, answer.text
	item = world.item(ticket, 0)
	assert (item.status, item.acknowledged_user) == ("Acknowledged", "tech@x.test")
	assert world.kinds(item).count("Acknowledged") == 1
	assert [row.plan for row in running(ticket)] == (["Low"] if several else ["Outage"])


def running(ticket: Any) -> list[Any]:
	filters = {"reference_name": str(ticket.name), "running_ticket": ("is", "set")}
	return frappe.get_all(ITEM, filters=filters, fields=["plan"], order_by="name")
