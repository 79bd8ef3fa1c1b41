"""The phone's pages, as they are seen: answers where the thumb is, words in place of errors, dark, small, right to left."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from host import paths
from tests.browser.desk import PATIENCE, PHONE, Desk, log_urgent, plan_for, put_away
from tests.browser.seen import WIDTHS, expect_seen
from tests.browser.test_accessibility import complaints

SECONDS = PATIENCE / 1000
SUBJECT = "Phone pages: the lift stands"
METHOD = "**/escalation_mgmt.web.technician."
USER = "lead@x.test"


@pytest.fixture(scope="module")
def link(desk: Desk) -> Iterator[str]:
	"""Enough escalations that the page is longer than the phone; one's acknowledgement link."""
	step = {"method": "Email", "whom": "User", "user": USER}
	plan = plan_for(
		SUBJECT, "Phone Pages", step, last_wait=3600, condition=f"(doc.subject or '').startswith('{SUBJECT}')"
	)
	desk.as_administrator("frappe.client.insert", doc=plan)
	with desk.dispatcher():
		tickets = log_urgent(desk, SUBJECT, 7)
		mails = [
			desk.inbox.expect(method="Email", to=USER, contains=f"{SUBJECT} {n}", timeout=SECONDS)
			for n in range(7)
		]
	yield mails[0].links[0]
	put_away(desk, "Phone Pages", tickets, USER)


def opened(page: Page, width: int) -> None:
	page.set_viewport_size({"width": width, "height": PHONE["height"]})
	page.goto("/escalations")
	expect(page.locator("article").first).to_be_visible()
	expect(page.locator("#state")).not_to_be_empty()


def in_sight(locator: Locator) -> None:
	"""Each of these elements is seen where the page stands now: nothing is scrolled for it."""
	expect(locator.first).to_be_visible()
	for each in locator.all():
		at = each.evaluate(
			"(element) => [scrollY, element.getBoundingClientRect().top, element.getBoundingClientRect().bottom]"
		)
		assert at[1] >= 0 and at[2] <= PHONE["height"], f"{each.inner_text()!r} is out of the window: {at}"
		expect_seen(each)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_an_answer_is_in_sight_wherever_the_page_is_scrolled(
	desk: Desk, link: str, width: int, dark: bool
) -> None:
	with desk.window(phone=True, dark=dark) as window:
		window.log_in(USER)
		page = window.page
		opened(page, width)
		page.route(f"{METHOD}do", lambda route: route.abort())
		for n in (0, -1):
			said = page.locator("#said")
			button = page.locator("article button.take").nth(n)
			button.scroll_into_view_if_needed()
			button.click()
			expect(page.locator("#said-text")).to_have_text(re.compile("^No connection: not sent yet"))
			in_sight(said)
			in_sight(said.locator("p, #close"))
			middle = said.bounding_box()
			assert middle["y"] > PHONE["height"] / 2, "where the thumb is"
			assert not complaints(page)
			in_sight_when_scrolled_to(page, page.locator("#devices"))
			said.get_by_role("button", name="Close").click()
			expect(said).to_be_hidden()
		page.screenshot(path=paths.LOGS / f"phone-pages-{width}-{'dark' if dark else 'light'}.png")
		assert page.evaluate("document.documentElement.scrollWidth") <= width


def in_sight_when_scrolled_to(page: Page, locator: Any) -> None:
	"""What tells lies over nothing that can't be scrolled out from under it."""
	page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
	expect_seen(locator)


WRONG: dict[str, tuple[Any, str]] = {
	"a fault": (
		lambda route: route.fulfill(status=500, json={"exception": "KeyError: 'x'"}),
		"That didn't work.",
	),
	"a fault with words for programmers": (
		lambda route: route.fulfill(
			status=500, json={"_server_messages": '["{\\"message\\": \\"KeyError\\"}"]'}
		),
		"That didn't work.",
	),
	"no answer of Frappe's": (
		lambda route: route.fulfill(status=200, body="<html>Log in to the hotel"),
		"That didn't work.",
	),
	"another session": (
		lambda route: route.fulfill(status=400, json={"exc_type": "CSRFTokenError"}),
		"You are logged out.",
	),
	"logged out": (lambda route: route.fulfill(status=403, json={}), "You are logged out."),
	"too often": (lambda route: route.fulfill(status=429, json={}), "That was too often."),
	"refused": (
		lambda route: route.fulfill(
			status=417, json={"_server_messages": '["{\\"message\\": \\"Not <b>now</b>.\\"}"]'}
		),
		"Not now.",
	),
	"no connection": (lambda route: route.abort(), "No connection: not sent yet"),
	"a gateway": (
		lambda route: route.fulfill(status=502, body="<html>Bad Gateway"),
		"No connection: not sent yet",
	),
}


def says_nobody(route: Route) -> None:
	"""Who is logged in, as the page asks for it."""
	if route.request.headers.get("accept") == "application/json":
		route.fulfill(json={"user": "Guest"})
	else:
		route.fallback()


def test_what_goes_wrong_is_said_in_words(desk: Desk, link: str) -> None:
	with desk.window(phone=True) as window:
		window.log_in(USER)
		opened(window.page, PHONE["width"])
		for what, (answer, says) in WRONG.items():
			window.page.route(f"{METHOD}do", answer)
			window.page.route(
				"**/escalations", says_nobody if what == "logged out" else lambda route: route.fallback()
			)
			window.page.locator("article button.take").first.click()
			expect(window.page.locator("#said-text")).to_have_text(re.compile(f"^{re.escape(says)}"))
			text = window.page.locator("#said-text").inner_text()
			assert not re.search(r"fetch|Error|undefined|\d{3}", text), f"{what}: {text}"
			window.page.unroute(f"{METHOD}do")
			window.page.unroute("**/escalations")
			if says.startswith("You are logged out"):  # whoever holds the phone now sees nothing
				expect(window.page.locator("article")).to_have_count(0)
				opened(window.page, PHONE["width"])
		window.page.evaluate("localStorage.clear()")  # what was kept
		window.errors = [error for error in window.errors if not error.startswith(("50",))]


def test_without_a_connection_it_says_so_and_keeps_what_was_answered(desk: Desk, link: str) -> None:
	with desk.window(phone=True) as window:
		window.log_in(USER)
		page = window.page
		opened(page, PHONE["width"])
		page.evaluate("window.first = document.querySelector('article')")
		page.route(f"{METHOD}overview", lambda route: route.abort())
		page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
		expect(page.locator("#connection-text")).to_have_text("No connection. Shown is what was last known.")
		expect(page.locator("#known")).to_have_text("Last heard of the server: just now.")
		in_sight(page.locator("#connection"))
		page.unroute(f"{METHOD}overview")
		with page.expect_response("**/*.overview"):
			page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
		expect(page.locator("#connection")).to_be_hidden()
		assert page.evaluate("window.first.isConnected"), "not drawn, nor read out, anew without news"


def test_it_says_what_happens_when_the_last_wait_is_over(desk: Desk, link: str) -> None:
	with desk.window(phone=True) as window:
		window.log_in(USER)
		opened(window.page, PHONE["width"])
		card = window.page.locator("article", has_text=f"{SUBJECT} 3")
		expect(card.locator(".next")).to_have_text(
			re.compile(
				r"^No step is left. If nobody acknowledges within \d+ min \d+ s, the plan's owner is told\."
			)
		)
		expect(card).not_to_contain_text("ext step")


def test_an_acknowledgement_is_answered_in_sight(desk: Desk, link: str) -> None:
	"""The card moves to the end of the list when it is taken."""
	with desk.window(phone=True) as window:
		window.log_in(USER)
		opened(window.page, PHONE["width"])
		window.page.locator("article", has_text=f"{SUBJECT} 6").get_by_role(
			"button", name="Acknowledge"
		).click()
		said = window.page.locator("#said")
		expect(said).to_contain_text("Acknowledged. The escalation has stopped.")
		in_sight(said)


def test_the_page_behind_a_link_speaks_its_readers_language(desk: Desk, link: str) -> None:
	"""How it looks, in each, is seen in `test_pages_at_night`."""
	speaks(desk, "ar")
	try:
		with desk.window(phone=True) as window:
			window.page.goto(link)
			assert window.page.evaluate("document.dir") == "rtl"
			in_sight(window.page.locator("#state, .subject, button.take"))
			window.page.goto("/ack/nonsense")
			in_sight(window.page.locator("h1, #text"))
	finally:
		speaks(desk, "en")


def speaks(desk: Desk, language: str) -> None:
	desk.as_administrator(
		"frappe.client.set_value", doctype="User", name=USER, fieldname="language", value=language
	)
