"""Our line on Helpdesk's agent page: seen, and read, in both of its themes and at every width.

A page that has of Helpdesk 1.28 what touches ours: its header, which cuts off what stands out of it, its theme, and those
of its colours whose names ours once knew. Everything else is real.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import PATIENCE, Desk, Window, plan_for, put_away
from tests.browser.seen import WIDTHS, expect_seen
from tests.browser.test_accessibility import complaints

SECONDS = PATIENCE / 1000
SUBJECT = "Agent page: the cold store is warm"
HELPDESK = """<!doctype html>
<html lang="en" data-theme="THEME">
<head><title>Ticket</title><style>
	*, ::before, ::after { margin: 0; padding: 0; border: 0 solid; box-sizing: border-box; }
	button, textarea, select, input { font: inherit; color: inherit; background-color: transparent; }
	body { font: 16px sans-serif; background: #fff; color: #171717; --surface-gray-7: #7a7a7a; --ink-gray-9: #171717; --surface-gray-2: #f3f3f3;
		--ink-gray-8: #383838; --outline-gray-3: #c7c7c7; }
	[data-theme=dark] body { background: #171717; color: #f3f3f3; --surface-gray-7: #9b9b9b; --ink-gray-9: #f8f8f8; --surface-gray-2: #232323;
		--ink-gray-8: #e0e0e0; --outline-gray-3: #4f4f4f; }
	#app-header { overflow: hidden; } main { position: relative; z-index: 5; height: 900px; background: inherit; }
</style></head>
<body><div style="background: inherit"><header id="app-header"></header></div><main><h1>Activity</h1></main></body></html>"""
SHOWN = """async ([name, token]) => {
	window.csrf_token = token;
	window.said = [];
	const say = (message) => window.said.push(message);
	const { setup } = await import("/assets/escalation_mgmt/js/agent_page.js?v=test");
	setup({ doc: { name }, toast: { success: say, error: say } });
}"""


@pytest.fixture(scope="module")
def escalating(desk: Desk) -> Iterator[str]:
	"""A ticket of which step 1 was sent, with everything on offer."""
	plan = plan_for(
		SUBJECT,
		"Agent Page",
		{"method": "Email", "whom": "User", "user": "lead@x.test"},
		{"wait": 3600, "method": "Email", "whom": "User", "user": "lead@x.test"},
	)
	desk.as_administrator("frappe.client.insert", doc=plan)
	with desk.dispatcher():
		name = ticket(desk, SUBJECT)
		desk.inbox.expect(method="Email", to="lead@x.test", contains=SUBJECT, timeout=SECONDS)
	yield name
	put_away(desk, "Agent Page", [name], "lead@x.test")


def ticket(desk: Desk, subject: str, priority: str = "Urgent") -> str:
	doc = {"doctype": "HD Ticket", "subject": subject, "raised_by": "c@x.test", "priority": priority}
	return str(desk.as_administrator("frappe.client.insert", doc={**doc, "description": subject})["name"])


@contextmanager
def agent_page(desk: Desk, name: str, *, width: int = 1280, dark: bool = False) -> Iterator[Window]:
	with desk.window() as agent:
		agent.log_in("lead@x.test")
		agent.page.goto("/escalations")
		token = agent.page.evaluate("JSON.parse(document.getElementById('given').textContent).csrf_token")
		body = HELPDESK.replace("THEME", "dark" if dark else "light")
		agent.page.route(
			"**/helpdesk/tickets/*", lambda route: route.fulfill(body=body, content_type="text/html")
		)
		agent.page.set_viewport_size({"width": width, "height": 900})
		agent.page.goto(f"/helpdesk/tickets/{name}")
		agent.page.evaluate(SHOWN, [name, token])
		expect(agent.page.locator(".escalation-line")).to_be_visible()
		yield agent


def in_sight(locator: Locator) -> None:
	"""Each of these elements is seen, and there is one at least."""
	expect(locator.first).to_be_visible()
	for each in locator.all():
		expect_seen(each)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everything_is_in_sight_and_can_be_read(desk: Desk, escalating: str, width: int, dark: bool) -> None:
	with agent_page(desk, escalating, width=width, dark=dark) as agent:
		page = agent.page
		line = page.locator(".escalation-line")
		expect(line).to_contain_text("Step 1 of 2 has run.")
		row = line.locator(".escalation-actions > button")
		assert [text.strip() for text in row.all_inner_texts()] == ["Acknowledge", "Escalate Now", "More"]
		in_sight(line.locator(":scope > :not(style):not(:empty)"))
		in_sight(row)
		row.last.click()
		menu = page.locator(".escalation-menu button")
		assert menu.all_inner_texts() == [
			*("Snooze 15m", "Snooze 30m", "Snooze 1h", "Snooze…", "Add a Person…", "Hand Over…", "Stop…"),
		]
		in_sight(menu)
		assert not complaints(page, ".escalation-line")
		assert tall_enough(page, width)
		menu.last.click()
		expect(page.locator(".escalation-menu")).to_be_hidden()
		dialog = page.locator("dialog[open]")
		in_sight(dialog.locator("h2, label, button"))
		assert not complaints(page, "dialog")
		dialog.locator("textarea").fill("It is cold again")
		assert not complaints(page, "dialog")
		dialog.get_by_role("button", name="Cancel").click()
		assert page.evaluate("document.documentElement.scrollWidth") <= width


def tall_enough(page: Page, width: int) -> bool:
	"""For a thumb, where it is a phone's."""
	heights = page.evaluate(
		"[...document.querySelectorAll('.escalation-line button')].map((b) => b.getBoundingClientRect().height)"
	)
	return width > 767 or all(height >= 40 for height in heights)


def test_the_main_button_stands_out_and_none_looks_disabled(desk: Desk, escalating: str) -> None:
	for dark in (False, True):
		with agent_page(desk, escalating, dark=dark) as agent:
			colours = agent.page.evaluate(
				"""() => [...document.querySelectorAll(".escalation-actions > button")].map((button) => {
					const of = (element) => getComputedStyle(element).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number);
					return of(button).map((part, i) => Math.abs(part - of(document.querySelector(".escalation-line"))[i]));
				})"""
			)
			assert min(colours[0]) > 150, (
				"Acknowledge is as far from its background as black from white, nearly"
			)
			assert max(colours[1]) < 60, "the others are quiet"


def test_the_menu_stays_open_while_news_come_and_goes_by_keys(desk: Desk, escalating: str) -> None:
	with agent_page(desk, escalating) as agent:
		page = agent.page
		page.get_by_role("button", name="More").focus()
		page.keyboard.press("Enter")
		in_sight(page.locator(".escalation-menu"))
		page.keyboard.press("Tab")
		expect(page.get_by_role("button", name="Snooze 15m")).to_be_focused()
		desk.as_administrator(
			"escalation_mgmt.api.act",
			doctype="HD Ticket",
			name=escalating,
			action="add_person",
			seen=seen(agent, escalating),
			values={"who": "second@x.test"},
		)
		page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
		expect(page.locator(".escalation-sent")).to_contain_text("Sam Second")
		in_sight(page.locator(".escalation-menu"))
		page.keyboard.press("Escape")
		expect(page.locator(".escalation-menu")).to_be_hidden()


def seen(agent: Window, name: str) -> str:
	answer = agent.context.request.get(
		f"/api/method/escalation_mgmt.api.ticket?doctype=HD Ticket&name={name}"
	)
	return answer.json()["message"]["seen"]


def test_what_no_plan_takes_is_said_in_words(desk: Desk, escalating: str) -> None:
	with agent_page(desk, ticket(desk, "Agent page: nobody's", "Low")) as agent:
		line = agent.page.locator(".escalation-line")
		expect(line).to_contain_text("Not escalated: no plan takes it.")
		expect(line.get_by_role("button", name="Start a Plan…")).to_be_visible()
		in_sight(line.locator(":scope > span:not(:empty), button"))
		assert not line.locator(".escalation-status, a").count()


WRONG = {
	"no connection": (lambda route: route.abort(), "The server can't be reached"),
	"a page in place of an answer": (
		lambda route: route.fulfill(status=502, body="<html>Bad Gateway</html>"),
		"That didn't work.",
	),
	"an error of the server": (
		lambda route: route.fulfill(
			status=500, json={"exception": "pymysql.err.OperationalError", "exc_type": "OperationalError"}
		),
		"That didn't work.",
	),
	"a list that is none": (
		lambda route: route.fulfill(status=417, json={"_server_messages": "[nonsense"}),
		"That didn't work.",
	),
	"logged out": (
		lambda route: route.fulfill(status=403, json={"exc_type": "PermissionError"}),
		"You are logged out",
	),
	"another session": (
		lambda route: route.fulfill(
			status=400, json={"exc_type": "CSRFTokenError", "exception": "CSRFTokenError"}
		),
		"You are logged out",
	),
	"too often": (lambda route: route.fulfill(status=429, body="slow"), "That was too often."),
	"no JSON": (lambda route: route.fulfill(status=200, body="<html>"), "That didn't work."),
	"refused in words": (
		lambda route: route.fulfill(
			status=417, json={"_server_messages": '["{\\"message\\": \\"Not <b>now</b>.\\"}"]'}
		),
		"Not now.",
	),
}


def test_what_goes_wrong_is_said_in_words(desk: Desk, escalating: str) -> None:
	with agent_page(desk, escalating) as agent:
		for what, (answer, says) in WRONG.items():
			agent.page.unroute("**/escalation_mgmt.api.act")
			agent.page.route("**/escalation_mgmt.api.act", answer)
			agent.page.evaluate("window.said = []")
			agent.page.get_by_role("button", name="Acknowledge").click()
			agent.page.wait_for_function("window.said.length")
			said = agent.page.evaluate("window.said[0]")
			assert said.startswith(says) and "undefined" not in said, f"{what}: {said}"
			expect(agent.page.locator(".escalation-said[role=alert]")).to_have_text(said)
		agent.errors = [error for error in agent.errors if not error.startswith(("502 ", "500 "))]


def test_what_was_sent_to_whom_and_what_was_before(desk: Desk, escalating: str) -> None:
	for width in (390, 1280):
		for dark in (False, True):
			with agent_page(desk, escalating, width=width, dark=dark) as agent:
				page = agent.page
				sent = page.locator(".escalation-sent")
				expect(sent).to_contain_text(re.compile(r"^Sent:.*Leo Lead: email (just now|\d+ min ago)"))
				in_sight(sent.locator("b, time"))
				assert sent.locator("time").first.get_attribute("title")
				assert "x.test" not in sent.inner_text()


EARLIER = "Agent page: it was started again"


def test_what_was_before_is_folded_away_and_opens_by_keys(desk: Desk) -> None:
	name = ticket(desk, EARLIER, "Low")
	doc = plan_for(EARLIER, "By Hand", {"method": "Email", "whom": "User", "user": "lead@x.test"})
	desk.as_administrator("frappe.client.insert", doc={**doc, "condition": "False"})
	with agent_page(desk, name) as agent:
		page = agent.page
		line = page.locator(".escalation-line")
		expect(line).to_contain_text("Not escalated: no plan takes it.")
		clicks = start_a_plan(page, "By Hand")
		expect(line).to_contain_text("Scheduled")  # nothing dispatches here
		assert clicks == 2
		expect(line.locator(".escalation-earlier")).to_be_hidden()
		line.get_by_role("button", name="Stop…").click()
		page.locator("dialog[open] textarea").fill("It was a drill")
		page.locator("dialog[open]").get_by_role("button", name="Stop").click()
		expect(line).to_contain_text("Stopped by Leo Lead: It was a drill")
		start_a_plan(page, "By Hand")
		earlier = line.locator(".escalation-earlier")
		expect(earlier).to_contain_text("One earlier escalation")
		earlier.locator("summary").focus()
		page.keyboard.press("Enter")
		in_sight(earlier.locator("li"))
		expect(earlier).to_contain_text(
			re.compile(r"ESC-\d+ · Cancelled · By Hand · .* · Stopped by Leo Lead: It was a drill")
		)
		assert not complaints(page, ".escalation-line")
		page.get_by_role("button", name="Acknowledge").click()
		expect(line.locator(".escalation-stands")).to_contain_text("Leo Lead has it since")
		assert earlier.evaluate("(element) => element.open"), "what somebody reads stays open"
	off = {"doctype": "Escalation Plan", "name": "By Hand", "fieldname": "enabled", "value": 0}
	desk.as_administrator("frappe.client.set_value", **off)
	closed = {"doctype": "HD Ticket", "name": name, "fieldname": "status", "value": "Closed"}
	desk.as_administrator("frappe.client.set_value", **closed)


QUICKER = "Agent page: somebody was quicker"


def test_whoever_was_refused_has_read_why_and_may_go_on(desk: Desk) -> None:
	"""Nothing is written twice."""
	name = ticket(desk, QUICKER, "Low")
	doc = plan_for(
		QUICKER, "Quicker", {"method": "Email", "whom": "User", "user": "lead@x.test"}, window=7200
	)
	desk.as_administrator("frappe.client.insert", doc=doc)
	of = {"doctype": "HD Ticket", "name": name}
	start = {"plan": "Quicker", "at_once": False}
	desk.as_administrator("escalation_mgmt.api.start", **of, **start)
	with agent_page(desk, name) as agent:
		page, dialog = agent.page, agent.page.locator("dialog[open]")
		line = page.locator(".escalation-line")
		expect(line).to_contain_text("Scheduled")
		line.get_by_role("button", name="Stop…").click()
		dialog.locator("textarea").fill("It was a drill")
		desk.as_administrator("escalation_mgmt.api.act", **of, action="acknowledge", seen=seen(agent, name))
		expect(line).to_contain_text("Administrator has it")
		dialog.get_by_role("button", name="Stop").click()
		expect(dialog.locator(".escalation-refused")).to_contain_text(
			"Nothing was done, because this happened"
		)
		expect(line).to_contain_text("Administrator has it")
		dialog.get_by_role("button", name="Stop").click()
		expect(dialog).to_have_count(0)
		expect(line).to_contain_text("Stopped by Leo Lead: It was a drill")
	off = {"doctype": "Escalation Plan", "name": "Quicker", "fieldname": "enabled", "value": 0}
	desk.as_administrator("frappe.client.set_value", **off)
	closed = {"doctype": "HD Ticket", "name": name, "fieldname": "status", "value": "Closed"}
	desk.as_administrator("frappe.client.set_value", **closed)


CLICKS = """() => {
	window.clicks = 0;
	if (!window.counting) document.addEventListener("click", (event) => event.isTrusted && window.clicks++, true);
	window.counting = true;
}"""


def start_a_plan(page: Page, plan: str) -> int:
	"""By the button on the line; how many clicks it took: where there are several plans, one is chosen by a key."""
	page.evaluate(CLICKS)
	page.locator(".escalation-line").get_by_role("button", name="Start a Plan…").click()
	dialog = page.locator("dialog[open]")
	dialog.locator("select").first.select_option(plan)
	dialog.get_by_role("button", name="Start a Plan").click()
	expect(dialog).to_have_count(0)
	return page.evaluate("window.clicks")


CROWD = """(count) => Array.from({ length: count }, (_, n) => ({
	name: n % 2 ? "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamter " + n : "انقطاع الكهرباء " + n,
	messages: ["push {ago}", "SMS failed {ago}"].map((text, m) => ({ text, at: Date.now() / 1000 - 60 * m, exact: "12:00", tone: m ? "red" : "" })),
}))"""


@pytest.mark.parametrize("width", [390, 1280])
def test_twenty_people_several_items_and_long_names(desk: Desk, escalating: str, width: int) -> None:
	"""Two running items, as of two clocks; nothing is wider than its window, and only what changes is spoken."""
	with agent_page(desk, escalating, width=width) as agent:
		page = agent.page
		said = with_a_second_item(agent, escalating)
		page.route("**/escalation_mgmt.api.ticket?*", lambda route: route.fulfill(json=said))
		page.evaluate(REFRESH)
		second = page.locator(".escalation-item")
		expect(second).to_contain_text("and 12 others")
		in_sight(second.locator(".escalation-stands, li, a"))
		expect(second.locator("li")).to_have_count(21)
		expect(second.locator(".escalation-next")).to_have_text(re.compile(r"Step 2 \(Email\) in \d"))
		assert page.evaluate("document.documentElement.scrollWidth") <= width
		assert not complaints(page, ".escalation-line")
		live = page.evaluate(LIVE)
		page.wait_for_timeout(2500)
		page.evaluate(REFRESH)
		assert not page.evaluate("window.spoken.length"), "what counts is not spoken"
		assert live == 2


REFRESH = "document.dispatchEvent(new Event('visibilitychange'))"
LIVE = """() => {
	window.spoken = [];
	const live = document.querySelectorAll(".escalation-line [role=status]");
	for (const each of live) new MutationObserver((all) => window.spoken.push(...all)).observe(each, { subtree: true, childList: true, characterData: true });
	return live.length;
}"""


def with_a_second_item(agent: Window, name: str) -> dict[str, Any]:
	said = agent.context.request.get(
		f"/api/method/escalation_mgmt.api.ticket?doctype=HD Ticket&name={name}"
	).json()
	crowd = {"people": agent.page.evaluate(CROWD, 20), "others": "and 12 others"}
	items = said["message"]["items"]
	items.append({**items[0], "plan": "Resolution", "sent": crowd})
	return said
