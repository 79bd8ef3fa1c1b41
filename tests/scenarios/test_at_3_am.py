"""Scenarios 46 and 47, as far as they are seen: what the page behind a link and the app's cards say, and what they offer."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import frappe
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.actions.unacknowledge import unacknowledge
from escalation_mgmt.delivery import tokens
from escalation_mgmt.engine import Actor
from escalation_mgmt.utils import clock
from tests.profiles import NIGHTLY
from tests.world import World

TECH, LEAD = "tech@x.test", "lead@x.test"
TINA = "+4915112345601"
BARE = "bare@y.test"
SECRET = "the root password is in the drawer"
LARGEST = 20_000  # bytes of a page, by a slow network


def paged(world: World, **plan: Any) -> tuple[Any, dict[str, str]]:
	"""A ticket that a user and a bare address were paged about, and their links."""
	world.contact(TECH, TINA)
	world.plan(
		*((0, "SMS"), (0, "Email"), (0, "Email", "Address", BARE)),
		*((5, "Email", "User", LEAD), (5, "Email", "User", "second@x.test")),
		**plan,
	)
	ticket = world.ticket("Rack 4 burns", description=SECRET)
	world.forward(10)
	world.expect_sms(TINA)
	links = {to: world.expect_email(to).links[0] for to in (TECH, BARE)}
	world.wait(2)
	return ticket, links


def text_of(page: requests.Response) -> str:
	"""What is read on it, on one line."""
	body = re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", page.text, flags=re.S)
	return " ".join(html.unescape(body).split())


def pressed(world: World, link: str, **form: Any) -> str:
	answer = world.post(link, data=form)
	assert answer.status_code == 200, answer.text
	return text_of(answer)


def test_the_page_says_at_one_glance_what_is_on_fire(world: World) -> None:
	ticket, links = paged(world)
	page = world.get(links[TECH])
	said = text_of(page)
	for part in (
		*("Rack 4 burns", f"Ticket {ticket.name}", "High", "First Response", "since "),
		*(
			"Escalating: step 3 of 5",
			"Next Step 4 (Email) in 3 min",
			"Tina Tech : SMS 2 min ago, email 2 min ago",
		),
		*("Acknowledge", "Somebody Else Has to Take It", "I Am on My Way", "Snooze", "Open the Ticket"),
	):
		assert part in said, f"{part!r} isn't in {said!r}"
	assert re.search(r"High 1[12] min Ticket", said), (
		said
	)  # Frappe writes its creation by another clock than the test's
	for never in (TECH, TINA, BARE, SECRET):
		assert never not in page.text
	assert len(page.content) < LARGEST and "<script" not in page.text
	assert '<meta name="referrer" content="no-referrer">' in page.text, "a proxy may add a header of its own"


def test_to_a_bare_address_it_names_nobody_and_no_method(world: World) -> None:
	_ticket, links = paged(world)
	page = world.get(links[BARE])
	said = text_of(page)
	for part in ("Rack 4 burns", "High", "Next The next step in 3 min", "Acknowledge"):
		assert part in said, f"{part!r} isn't in {said!r}"
	for never in ("Tina", "SMS", "step 3", "Email", "Told", "Open the Ticket", BARE, TECH, SECRET):
		assert never not in said, f"{never!r} is in {said!r}"


def test_nothing_that_a_bare_address_presses_names_anybody(world: World) -> None:
	ticket, links = paged(world)
	link = links[BARE]

	def of(said: str, part: str) -> None:
		assert part in said, said
		for never in ("Tina", "Leo", "SMS", "Email", "Link", TECH):
			assert never not in said, f"{never!r} is in {said!r}"

	assert "You are on your way" in pressed(world, links[TECH], do="on_my_way", minutes=15)
	of(pressed(world, link, do="on_my_way", minutes=30), "Somebody is on the way, quiet until")
	pressed(world, links[TECH], do="acknowledge")
	for what, part in (
		("on_my_way", "Already acknowledged."),
		("snooze", "Already acknowledged."),
		("undo", "Somebody has it."),
		("acknowledge", "Already acknowledged, "),
	):
		of(pressed(world, link, do=what, minutes=15), part)
	of(text_of(world.get(link)), "Already acknowledged, ")
	assert world.item(ticket).acknowledged_by == "Tina Tech"
	world.tick()
	world.inbox.take_all()


def test_a_bundles_lines_name_nobody_to_a_bare_number(world: World) -> None:
	number = "+4915112345609"
	world.plan((0, "SMS", "Address", number), (30, "Email", "User", LEAD))
	tickets = [world.ticket(f"Rack {n}") for n in range(8)]
	world.forward(10)
	world.forward(1)
	bundle = next(each for each in world.inbox.take_all() if "escalations need you" in each.text)
	acknowledge_as(LEAD, world.item(tickets[-1]).name, "Desk")
	frappe.db.commit()
	said = text_of(world.get(bundle.links[0]))
	assert "Already acknowledged." in said and "Leo" not in said and "Desk" not in said, said
	world.forward(1)
	world.inbox.take_all()


def test_a_bare_address_learns_that_no_step_is_left(world: World) -> None:
	world.plan((0, "Email", "Address", BARE))
	world.ticket()
	world.forward(10)
	said = text_of(world.get(world.expect_email(BARE).links[0]))
	assert "Next No step is left." in said and "next step" not in said.lower(), said


def test_what_it_offers_works_by_the_forms_that_it_has(world: World) -> None:
	"""As a browser without JavaScript sends them."""
	ticket, links = paged(world)
	link = links[TECH]

	def press(label: str) -> str:
		"""The form of the button with this label is filled in and posted."""
		forms = re.findall(r"<form.*?</form>", world.get(link).text, flags=re.S)
		(form,) = [each for each in forms if f">{label}</button>" in each]
		fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', form))
		button = re.search(rf"<button ([^>]*)>{label}</button>", form)
		fields |= dict(
			[re.findall(r'name="(\w+)" value="(\w+)"', button[1])[0]] if "name=" in button[1] else []
		)
		return pressed(world, link, **fields)

	assert "You have it" in (said := press("Acknowledge")) and "Undo" in said, said
	assert world.item(ticket).status == "Acknowledged"
	assert "Undone" in press("Undo")
	assert world.item(ticket).status == "Escalating"
	assert "You are on your way" in press("120 min")
	item = world.item(ticket)
	assert item.status == "Snoozed" and "Tina Tech is on the way" in text_of(world.get(link))
	assert re.search(r"Next End of the snooze in (2 h 0|1 h 59) min", text_of(world.get(link)))
	world.tick()
	assert "You have it" in press("Acknowledge")
	assert world.item(ticket).acknowledged_via == "Link"
	said = pressed(world, links[BARE])
	assert "Already acknowledged, " in said and "Tina" not in said, "by two people, after an undo"
	world.tick()
	world.inbox.take_all()  # who hears of it is scenario 47's


def test_somebody_else_has_to_take_it(world: World) -> None:
	ticket, links = paged(world)
	said = pressed(world, links[TECH], do="pass_on")
	assert "Somebody else is asked" in said
	world.tick()
	world.expect_email(LEAD)
	assert world.item(ticket).status == "Escalating"
	assert "Nothing was changed" in pressed(world, links[TECH], do="pass_on"), "the step has run"
	assert "Somebody Else Has to Take It" not in text_of(world.get(links[TECH]))
	assert "Leo Lead : email just now" in text_of(world.get(links[TECH]))


def test_a_bundles_page_says_of_each_how_urgent_and_what_is_next(world: World) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (30, "Email", "User", LEAD))
	for n in range(8):
		world.ticket(f"Outage {n}")
	world.forward(10)
	world.forward(1)
	bundle = next(each for each in world.inbox.take_all() if "escalations need you" in each.text)
	page = world.get(bundle.links[0])
	said = text_of(page)
	assert (
		len(re.findall(r"High 1\d min Ticket", said)) == 2 and said.count("Step 2 (Email) in 29 min") == 2
	), said
	assert "Acknowledge All 2" in said and TINA not in said and len(page.content) < LARGEST
	assert "You have them" in pressed(world, bundle.links[0])


# --- the app


def call(world: World, session: requests.Session, method: str, **data: Any) -> requests.Response:
	frappe.db.commit()
	url = f"{world.url}/api/method/escalation_mgmt.web.technician.{method}"
	return session.post(url, data=data, timeout=30)


def sent(session: requests.Session, world: World, *paths: str) -> int:
	"""How many bytes go over the network for these, as they are sent."""
	answers = [session.get(world.url + path, timeout=30) for path in paths]
	return sum(int(answer.headers["Content-Length"]) for answer in answers)


def test_the_app_says_the_same_in_the_same_words(world: World) -> None:
	ticket, links = paged(world)
	session = world.login(TECH)
	(item,) = call(world, session, "overview").json()["message"]["items"]
	said = text_of(world.get(links[TECH]))
	for part in (item["priority"], item["clock"], item["next"].format(time="3 min"), item["subject"]):
		assert part in said
	assert [each["what"] for each in item["offers"]] == ["acknowledge", "pass_on", "on_my_way", "snooze"]
	assert all(each["label"] in said for each in item["offers"])
	assert item["ticket"] == str(ticket.name) and item["tone"] == "high"
	page = session.get(f"{world.url}/escalations", timeout=30)
	scripts = re.findall(r'<script src="(/escalations/[^"]+)"', page.text)
	assert len(scripts) == 4 and sent(session, world, "/escalations", *scripts) < LARGEST
	given = json.loads(page.text.split('id="given">')[1].split("</script>")[0])
	fresh = session.get(f"{world.url}/escalations", headers={"Accept": "application/json"}, timeout=30)
	assert fresh.json()["user"] == given["user"] == TECH and fresh.json()["csrf_token"]
	nobody = world.get(f"{world.url}/escalations", headers={"Accept": "application/json"})
	assert nobody.json() == {"user": "Guest"}


def test_the_most_urgent_comes_first(world: World) -> None:
	world.plan((0, "Email"), priorities=["Low", "High", "Urgent"])
	for priority in ("High", "Urgent", "Low"):
		world.ticket(f"Outage {priority}", priority=priority)
	world.forward(10)
	world.inbox.take_all()
	items = call(world, world.login(TECH), "overview").json()["message"]["items"]
	assert [(item["priority"], item["tone"]) for item in items] == [
		*(("Urgent", "urgent"), ("High", "high"), ("Low", "")),
	]


def test_nothing_is_done_in_anothers_name_nor_to_what_doesnt_concern_one(world: World) -> None:
	ticket, _links = paged(world)
	name = world.item(ticket).name
	tina, sam = world.login(TECH), world.login("second@x.test")
	for session in (tina, sam):  # a page of Leo's, after somebody else has logged in
		assert call(world, session, "do", action_item=name, as_user=LEAD).status_code == 403
		assert call(world, session, "overview", as_user=LEAD).status_code == 403
	stranger = world.login("stranger@x.test")
	for what in ("acknowledge", "pass_on", "snooze", "undo"):
		answer = call(world, stranger, "do", action_item=name, what=what, minutes=15)
		assert answer.status_code == 403
	assert call(world, tina, "do", action_item=name, what="nonsense").status_code == 417
	assert world.item(ticket).status == "Escalating"


def test_an_acknowledgement_that_was_kept_counts_for_what_was_on_fire_then(world: World) -> None:
	ticket, links = paged(world)
	session = world.login(TECH)
	(item,) = call(world, session, "overview").json()["message"]["items"]
	kept = {"action_item": item["item"], "position": item["position"], "as_user": TECH, "kept": 1}
	pressed(world, links[BARE])
	# Somebody gives it back: it begins anew.
	unacknowledge(item["item"], Actor(name="Leo Lead", user=LEAD, via="Desk"))
	frappe.db.commit()
	assert "begun anew" in call(world, session, "do", **kept).json()["message"]["message"]
	assert world.item(ticket).status == "Escalating"
	(item,) = call(world, session, "overview").json()["message"]["items"]
	kept["position"] = item["position"]
	assert "Acknowledged." in call(world, session, "do", **kept).json()["message"]["message"]
	again = call(world, session, "do", **kept).json()["message"]["message"]  # the answer was lost on its way
	assert "Tina Tech acknowledged this already" in again
	assert world.kinds(world.item(ticket)).count("Acknowledged") == 2
	world.tick()
	world.inbox.take_all()


def test_an_acknowledgement_that_was_kept_yields_to_a_later_undo(world: World) -> None:
	ticket, links = paged(world)
	session = world.login(TECH)
	(item,) = call(world, session, "overview").json()["message"]["items"]
	kept = {"action_item": item["item"], "position": item["position"], "as_user": TECH}

	def sent(at: float) -> str:
		return call(world, session, "do", **kept, kept=at).json()["message"]["message"]

	before = clock.unix(world.now)  # pressed on a phone without a network
	world.wait(seconds=5)
	pressed(world, links[TECH], do="acknowledge")
	assert "Undone" in pressed(world, links[TECH], do="undo")
	assert sent(before) == "You took it back after you had pressed this; nothing was changed."
	assert world.item(ticket).status == "Escalating"
	world.wait(seconds=5)
	assert "Acknowledged." in sent(clock.unix(world.now) - 2), "they thought better of it"
	world.tick()
	world.inbox.take_all()


# --- whatever a stranger sends


@pytest.fixture
def doors(world: World) -> Iterator[tuple[World, Any, str, list[tuple]]]:
	ticket, links = paged(world)
	known = world.get(f"{world.url}/ack/x")
	yield world, ticket, links[TECH].rsplit("/", 1)[1], [(known.status_code, known.text)]


def altered(token: str) -> st.SearchStrategy[str]:
	"""Nearly the right one."""
	return st.sampled_from(
		[
			token[:-1],
			token + "A",
			token[::-1],
			token.swapcase(),
			token + "/",
			" " + token,
			token + "\x00",
			token + "?x",
		]
	)


BODIES = st.one_of(
	st.dictionaries(
		st.sampled_from(["do", "minutes", "csrf_token", "cmd", "data", "x"]),
		st.one_of(
			st.text(max_size=40),
			st.sampled_from(["acknowledge", "undo", "pass_on", "snooze", "15", "-1", "1e9"]),
		),
	),
	st.binary(max_size=200),
)
TYPES = st.sampled_from(
	["application/x-www-form-urlencoded", "application/json", "multipart/form-data", "text/plain", ""]
)
VERBS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])


def test_whatever_a_stranger_sends_changes_nothing_and_learns_nothing(doors: tuple) -> None:
	world, ticket, token, (unknown,) = doors
	before = world.item(ticket).version

	@settings(
		max_examples=400 if NIGHTLY else 50,
		suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
	)
	@given(
		verb=VERBS,
		tried=st.one_of(altered(token), st.text(max_size=60), st.binary(max_size=30)),
		body=BODIES,
		kind=TYPES,
	)
	def try_it(verb: str, tried: str | bytes, body: Any, kind: str) -> None:
		frappe.cache.delete_keys("escalation_limit:ack")
		address = f"{world.url}/ack/{quote(tried, safe='')}"
		headers = {"Content-Type": kind} if kind and not isinstance(body, dict) else {}

		def answered(url: str) -> requests.Response:
			return requests.request(verb, url, data=body, headers=headers, timeout=30, allow_redirects=False)

		answer = answered(address)
		assert answer.status_code < 500, (verb, address, body, answer.text)
		assert "Rack 4" not in answer.text
		if (answer.status_code, answer.text) != unknown:  # Frappe's own, before it is ours to look at
			assert answer.status_code == answered(f"{world.url}/ack/unknown").status_code
		assert world.item(ticket).version == before

	try_it()


def test_with_a_link_only_what_it_offers_changes_anything(doors: tuple) -> None:
	world, ticket, token, _unknown = doors
	before = world.item(ticket).version
	for verb in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
		for form in ({}, {"do": "acknowledge"}, {"do": "pass_on"}):
			answer = requests.request(verb, f"{world.url}/ack/{token}", data=form, timeout=30)
			assert answer.status_code < 500, (verb, answer.text)
	for form in (
		*(
			{"do": "stop"},
			{"do": "ACKNOWLEDGE"},
			{"do": "x" * 10_000},
			{"do": "\x00"},
			{"do": "unacknowledge"},
		),
		*({"do": "snooze"}, {"do": "snooze", "minutes": "99999"}, {"do": "on_my_way", "minutes": "-15"}),
		*({"do": "snooze", "minutes": "x"}, {"do": "undo"}, {"do": "on_my_way", "minutes": "9" * 400}),
	):
		answer = requests.post(f"{world.url}/ack/{token}", data=form, timeout=30)
		assert answer.status_code in (200, 400), (form, answer.status_code, answer.text)
	assert world.item(ticket).version == before


def test_links_that_dont_hold_any_more_answer_as_those_that_never_did(world: World) -> None:
	"""Altered, expired, of somebody who was disabled, of an escalation that is gone: to the letter as one that was made up."""
	ticket, links = paged(world)
	item, token = world.item(ticket), links[TECH].rsplit("/", 1)[1]

	def answers(token: str) -> list[tuple]:
		frappe.db.commit()
		asked = [("GET", None), ("POST", None), ("POST", {"do": "pass_on"}), ("POST", {"do": "nonsense"})]
		return [
			(answer.status_code, answer.text, {**answer.headers, "Date": "", "Set-Cookie": ""})
			for verb, form in asked
			for accept in ("text/html", "application/json")
			for answer in [
				requests.request(
					verb, f"{world.url}/ack/{token}", data=form, headers={"Accept": accept}, timeout=30
				)
			]
		]

	unknown = answers("A" * len(token))
	assert {status for status, *_more in unknown} == {404}
	assert answers(token[:-1] + ("A" if token[-1] != "A" else "B")) == unknown
	frappe.db.set_value("User", TECH, "enabled", 0)
	assert answers(token) == unknown, "of somebody who was disabled"
	frappe.db.set_value("User", TECH, "enabled", 1)
	frappe.db.commit()
	assert world.get(links[TECH]).ok
	secret = {"token_hash": tokens.hashed(token)}
	frappe.db.set_value("Escalation Notification Secret", secret, "token_expires_utc", world.now)
	assert answers(token) == unknown, "expired"
	assert world.item(ticket).status == "Escalating"
	frappe.delete_doc("Escalation Action Item", item.name, force=True)
	assert answers(token) == unknown and answers(links[BARE].rsplit("/", 1)[1]) == unknown, "gone"
	frappe.cache.delete_keys("escalation_limit:ack")
