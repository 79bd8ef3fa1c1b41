"""Scenario 46: the technician's app without a network, on a phone that others use, too. The network is the browser's own to take away."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from host import paths
from tests.browser.desk import PATIENCE, PHONE, Desk, Window, log_urgent, plan_for, put_away
from tests.browser.renders import LANGUAGES
from tests.browser.seen import expect_seen
from tests.browser.test_accessibility import complaints
from tests.browser.test_pages_at_night import MAGNIFIED, in_the_window

SECONDS = PATIENCE / 1000
SUBJECT = "Offline: the pump"
USER, OTHER, SECOND = "lead@x.test", "stranger@x.test", "second@x.test"
DO = "**/escalation_mgmt.web.technician.do"
OVERVIEW = "**/escalation_mgmt.web.technician.overview"


ABLE = "(async () => Boolean(navigator.serviceWorker.controller && await caches.match('/escalations')))()"


@pytest.fixture(scope="module")
def tickets(desk: Desk) -> Iterator[list[str]]:
	steps = [
		{"method": "Email", "whom": "User", "user": USER},
		{"method": "Email", "whom": "User", "user": SECOND, "wait": 1800},
	]
	more = {"last_wait": 3600, "condition": f"(doc.subject or '').startswith('{SUBJECT}')"}
	desk.as_administrator("frappe.client.insert", doc=plan_for(SUBJECT, "Offline", *steps, **more))
	with desk.dispatcher():
		names = log_urgent(desk, SUBJECT, 5)
		for n in range(5):
			desk.inbox.expect(method="Email", to=USER, contains=f"{SUBJECT} {n}", timeout=SECONDS)
	yield names
	put_away(desk, "Offline", names, USER)


def opened(window: Window) -> Page:
	"""The app, once it is able to start without a network."""
	window.page.goto("/escalations")
	expect(card(window.page, 0)).to_be_visible()
	until = time.monotonic() + SECONDS
	while not window.page.evaluate(ABLE) and time.monotonic() < until:
		window.page.wait_for_timeout(50)
	return window.page


def card(page: Page, n: int) -> Locator:
	return page.locator("article", has_text=f"{SUBJECT} {n}")


def in_sight(locator: Locator) -> None:
	expect_seen(locator)
	box = locator.bounding_box()
	assert box["y"] >= 0 and box["y"] + box["height"] <= PHONE["height"], box


def item_of(desk: Desk, ticket: str) -> str:
	filters = {"reference_name": ticket}
	(item,) = desk.as_administrator(
		"frappe.client.get_list", doctype="Escalation Action Item", filters=filters
	)
	return item["name"]


def acknowledged_by(desk: Desk, ticket: str) -> tuple[str, int]:
	"""Who has it, and how often history says so."""
	filters = {"reference_name": ticket}
	fields = ["name", "acknowledged_user"]
	(item,) = desk.as_administrator(
		"frappe.client.get_list", doctype="Escalation Action Item", filters=filters, fields=fields
	)
	events = desk.as_administrator(
		"frappe.client.get_count",
		doctype="Escalation Event",
		filters={"action_item": item["name"], "kind": "Acknowledged"},
	)
	return item["acknowledged_user"], events


def test_46_it_starts_offline_and_an_acknowledgement_is_sent_once(desk: Desk, tickets: list[str]) -> None:
	with desk.window(phone=True) as window:
		window.log_in(USER)
		page = opened(window)
		sent: list[float] = []  # when what is sent says that it was pressed
		window.context.on(
			"request",
			lambda request: (
				sent.append(request.post_data_json.get("kept")) if "technician.do" in request.url else None
			),
		)
		window.context.set_offline(True)
		page.reload()
		expect(page.locator("#connection-text")).to_have_text("No connection. Shown is what was last known.")
		expect(page.locator("#known")).to_have_text(
			re.compile(r"^Last heard of the server: (just now|\d+ min ago)\.$")
		)
		in_sight(page.locator("#connection"))
		expect(card(page, 0).locator(".next")).to_have_text(
			re.compile(r"^Step 2 \(Email\) in \d+ min \d+ s$")
		)

		card(page, 0).get_by_role("button", name="Acknowledge").tap()
		expect(page.locator("#said-text")).to_have_text(
			re.compile("^No connection: not sent yet, and nobody knows of it")
		)
		assert page.locator("#said-text").get_attribute("role") == "alert"
		in_sight(page.locator("#said"))
		card(page, 1).get_by_role(
			"button", name="Somebody Else"
		).tap()  # what means another thing later is not kept
		expect(page.locator("#said-text")).to_have_text(re.compile("^The server can't be reached"))
		page.screenshot(path=paths.LOGS / "phone-waiting.png")
		page.close()

		page = window.page = window.context.new_page()
		page.goto("/escalations")
		waits = card(page, 0).locator(".waits")
		expect(waits).to_have_text("Waiting to be sent. Nobody knows yet that you take it.")
		expect_seen(waits)
		expect(card(page, 0).get_by_role("button", name="Acknowledge")).to_have_count(0)
		assert not complaints(page)
		assert acknowledged_by(desk, tickets[0]) == (None, 0)

		sent.clear()
		window.context.set_offline(False)
		expect(page.locator("#said-text")).to_have_text(
			f"Sent, now that there is a network: Ticket {tickets[0]}: Acknowledged. The escalation has stopped."
		)
		in_sight(page.locator("#said"))
		in_sight(page.get_by_role("button", name="Undo").last)
		expect(card(page, 0)).to_contain_text("Leo Lead has it")
		page.reload()
		expect(card(page, 0)).to_contain_text("Leo Lead has it")
		assert len(sent) == 1 and 0 < time.time() - sent[0] < 300, sent
		assert acknowledged_by(desk, tickets[0]) == (USER, 1)


def test_46_an_answer_that_was_lost_acknowledges_no_second_time(desk: Desk, tickets: list[str]) -> None:
	def loses(route: Route) -> None:
		route.fetch()  # the server has done it, and nobody hears of it
		route.abort()

	with desk.window(phone=True) as window:
		window.log_in(USER)
		page = opened(window)
		page.route(DO, loses, times=1)
		card(page, 1).get_by_role("button", name="Acknowledge").tap()
		expect(page.locator("#said-text")).to_have_text(re.compile("^No connection: not sent yet"))
		page.evaluate("dispatchEvent(new Event('online'))")
		expect(page.locator("#said-text")).to_have_text(
			re.compile(
				f"^Sent, now that there is a network:\\s+Ticket {tickets[1]}: Leo Lead acknowledged this already"
			)
		)
		expect(card(page, 1).locator(".waits")).to_have_count(0)
		assert acknowledged_by(desk, tickets[1]) == (USER, 1)


def test_46_what_waits_is_sent_in_nobody_elses_name_nor_shown_to_them(desk: Desk, tickets: list[str]) -> None:
	with desk.window(phone=True) as window:
		window.log_in(USER)
		page = opened(window)
		window.context.set_offline(True)
		for n in (2, 4):
			card(page, n).get_by_role("button", name="Acknowledge").tap()
			expect(card(page, n).locator(".waits")).to_be_visible()

		window.context.clear_cookies()
		window.context.set_offline(False)
		expect(page.locator("#connection-text")).to_have_text(
			re.compile(
				"^You are logged out. What was pressed on this phone has not been sent, and nobody knows"
			)
		)
		in_sight(page.locator("#connection"))
		expect(page.locator("article")).to_have_count(0)
		window.log_in(OTHER)
		with page.expect_response(OVERVIEW):  # the page is still his, the session isn't
			page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
		expect(page.locator("article")).to_have_count(0)
		window.context.set_offline(True)
		page.reload()  # kept for the one, while the other is logged in
		expect(page.locator("#connection")).to_be_visible()
		expect(page.locator("article")).to_have_count(0)
		window.context.set_offline(False)
		page.goto("/escalations")
		expect(page.locator("header")).to_contain_text("Stan Stranger")
		expect(page.locator("#items")).to_have_text("Nothing is escalating that concerns you.")
		assert SUBJECT not in page.evaluate("JSON.stringify(localStorage)")
		assert acknowledged_by(desk, tickets[2]) == (None, 0)

		with desk.window() as sam:  # is faster with one of the two
			sam.log_in(SECOND)
			sam.server("escalation_mgmt.api.acknowledge", action_item=item_of(desk, tickets[4]))
		window.context.clear_cookies()
		window.log_in(USER)
		page.goto("/escalations")
		said = page.locator("#said-text")
		expect(said).to_contain_text(f"Ticket {tickets[4]}: Sam Second acknowledged this already")
		expect(said).to_have_text(
			re.compile(
				f"^Sent, now that there is a network:\\s+Ticket {tickets[2]}: Acknowledged. The escalation"
			)
		)
		in_sight(page.locator("#said"))
		page.screenshot(path=paths.LOGS / "phone-sent.png")
		assert acknowledged_by(desk, tickets[2]) == (USER, 1)


SIZES = {(320, 568): "de", (390, 664): "ar", (1280, 800): "en", (195, 422): "de"}
"""In each the language that it is hardest for; the last is a phone at 200 %."""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_cards_are_clear_in_the_first_second(desk: Desk, tickets: list[str], lang: str) -> None:
	"""At their longest, and without a connection at that; and a clock that ticks isn't read out each second."""
	with desk.window(phone=True) as window:
		window.log_in(USER)
		page = window.page
		page.route("**/escalations", lambda route: speaks(route, lang))
		page.route(OVERVIEW, lambda route: longest(route, lang))
		page.goto("/escalations")
		first = page.locator("article").first
		expect(first).to_contain_text(LANGUAGES[lang]["subject"])
		expect(page.locator("#state")).not_to_be_empty()
		page.evaluate(WITHOUT_A_CONNECTION)
		for theme in ("light", "dark"):
			page.emulate_media(color_scheme=theme)
			for width, height in (size for size, hardest in SIZES.items() if hardest == lang):
				at = f"{width} {lang} {theme}"
				page.set_viewport_size({"width": width, "height": height})
				page.evaluate("scrollTo(0, 0)")
				page.screenshot(path=paths.LOGS / f"phone-card-{width}-{lang}-{theme}.png")
				assert page.evaluate("document.documentElement.scrollWidth") <= width, at
				if width > MAGNIFIED:
					for what in (".badge", ".age", ".subject", "button.take"):
						in_the_window(first.locator(what), height, at)
				badge, age = (first.locator(what).bounding_box() for what in (".badge", ".age"))
				assert lang != "ar" or badge["x"] > age["x"], f"{at}: begins where its readers end"
				for what in (".badge", ".age", ".subject", ".next", "li", "button.take", "summary", "a.open"):
					expect_seen(first.locator(what))
			assert not complaints(page)
		assert lang != "en" or spoken(page, 2500) == []


def speaks(route: Route, lang: str) -> None:
	"""The app in a language, as far as its cards go: no translation of the app's is needed."""
	answer = route.fetch()
	of, page = LANGUAGES[lang], answer.text()
	before, given, after = re.split(r'(?<=id="given">)(.*)(?=</script>)', page, maxsplit=1)
	known = json.loads(given)
	names = ("ticket", "since", "next", "told", "minutes", "open")
	known["words"] |= dict(zip(names, of["words"], strict=True)) | {"acknowledge": of["labels"][0]}
	direction = "rtl" if lang == "ar" else "ltr"
	before = before.replace('lang="en" dir="ltr"', f'lang="{lang}" dir="{direction}"')
	route.fulfill(response=answer, body=before + json.dumps(known).replace("<", "\\u003c") + after)


def longest(route: Route, lang: str) -> None:
	"""The first card says the longest that its people are likely to write."""
	answer, of = route.fetch(), LANGUAGES[lang]
	shown = answer.json()
	first = next(one for one in shown["message"]["items"] if one["subject"].endswith(" 3"))
	priority, clock, _age, _since, then = of["facts"]
	first |= {"subject": of["subject"], "priority": priority, "clock": clock, "state": of["state"]}
	first["next"] = first["next"] if lang == "en" else then  # there it is seen to count
	first["told"] = [{**first["told"][0], "name": name} for name, _how in of["told"] * 2]
	for offer, label in zip(first["offers"], of["labels"], strict=False):
		offer["label"] = label
	shown["message"]["items"].sort(key=lambda one: one["item"] != first["item"])
	route.fulfill(response=answer, json=shown)


WITHOUT_A_CONNECTION = """() => {
	document.getElementById("connection-text").textContent = escalations.given.words.offline_known;
	document.getElementById("known").textContent = escalations.given.words.known.replace("{0}", "12 min");
	document.getElementById("connection").hidden = false;
}"""


def spoken(page: Page, milliseconds: int) -> list[str]:
	"""What a screen reader would be told of by itself in this time, in which the countdown was seen to go on."""
	return page.evaluate(
		"""async (time) => {
			const heard = [], quiet = "[aria-live=off], [role=timer]";
			const watch = new MutationObserver((found) => found.forEach(({ target }) => {
				const element = target.nodeType === 1 ? target : target.parentElement;
				const live = element.closest("[aria-live], [role=status], [role=alert], [role=log], [role=timer]");
				if (live && !live.matches(quiet)) heard.push(element.outerHTML);
			}));
			watch.observe(document.body, { subtree: true, childList: true, characterData: true });
			const next = document.querySelector("article .next"), before = next.textContent;
			await new Promise((done) => setTimeout(done, time));
			watch.disconnect();
			return next.textContent === before ? ["the countdown stands still"] : heard;
		}""",
		milliseconds,
	)


def test_by_keys_alone(desk: Desk, tickets: list[str]) -> None:
	with desk.window() as window:
		window.log_in(USER)
		page = window.page
		page.goto("/escalations")
		button = card(page, 3).get_by_role("button", name="Acknowledge")
		expect(button).to_be_visible()
		for _press in range(40):
			page.keyboard.press("Tab")
			if button.evaluate("(element) => element === document.activeElement"):
				break
		page.keyboard.press("Enter")
		expect(page.locator("#said-text")).to_have_text("Acknowledged. The escalation has stopped.")
		expect(page.locator("#undo")).to_be_focused()
		page.keyboard.press("Enter")
		expect(page.locator("#said-text")).to_have_text(re.compile("^Undone"))
		expect(button).to_be_visible()
