"""What people do about an escalation: in how few actions, and by keys alone, in Desk's ticket form and on the agent page.

An action is a click, a press of Enter, or a choice in a list. axe finds nothing in the dialogs.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import PATIENCE, Desk, Window, plan_for, put_away
from tests.browser.seen import at_every_width, expect_seen
from tests.browser.test_accessibility import complaints
from tests.browser.test_agent_page import agent_page, ticket

SECONDS = PATIENCE / 1000
SUBJECT = "By keys: the lift is stuck"
PLAN = "Lift by Keys"
ACTS = "**/escalation_mgmt.api.act"
CLICKS = """() => {
	window.actions = 0;
	for (const type of ["click", "change"])
		document.addEventListener(type, (event) => event.isTrusted && (type === "click" || event.target.tagName === "SELECT") && window.actions++, true);
}"""


@pytest.fixture(scope="module")
def lifts(desk: Desk) -> Iterator[list[str]]:
	"""Tickets with a running escalation, of which step 1 was sent; one for each test."""
	plan = plan_for(
		SUBJECT,
		PLAN,
		{"method": "Email", "whom": "User", "user": "lead@x.test"},
		{"wait": 3600, "method": "Email", "whom": "User", "user": "second@x.test"},
		{"wait": 3600, "method": "SMS", "whom": "Assignee"},
	)
	desk.as_administrator("frappe.client.insert", doc=plan)
	with desk.dispatcher():
		names = [ticket(desk, SUBJECT) for _each in range(3)]
		for _each in names:
			desk.inbox.expect(method="Email", to="lead@x.test", contains=SUBJECT, timeout=3 * SECONDS)
	yield names
	put_away(desk, PLAN, names[2:], "lead@x.test")


def counted(page: Page) -> int:
	return page.evaluate("window.actions")


def begin_counting(page: Page) -> None:
	page.evaluate(CLICKS)


def press_until(page: Page, target: Locator, key: str = "Tab", most: int = 40) -> None:
	"""Press a key until this is focused: it can be come to by keys."""
	for _each in range(most):
		if target.count() and target.first.evaluate("(element) => element === document.activeElement"):
			return
		page.keyboard.press(key)
	raise AssertionError(f"{target} isn't come to by {key}")


class ByKeys:
	"""A ticket's form and somebody who has no mouse."""

	def __init__(self, window: Window, line: str, dialog: str):
		self.window, self.page = window, window.page
		self.line = self.page.locator(line)
		self.dialog = self.page.locator(dialog)
		self.dialog_at = dialog
		begin_counting(self.page)

	def do(self, *labels: str, key: str = "Tab") -> int:
		"""Go to the action of these labels, one after the other, and press each; how many actions that were."""
		before = counted(self.page)
		for label in labels:
			button = self.page.get_by_role("button", name=label, exact=True).locator("visible=true")
			press_until(self.page, button, key)
			self.page.keyboard.press("Enter")
		return counted(self.page) - before

	def has_focus(self) -> str:
		"""What is said of where somebody stands."""
		return self.page.evaluate("document.activeElement.innerText || document.activeElement.tagName")

	def said(self, words: str) -> None:
		"""It is spoken at once."""
		expect(self.page.locator(".escalation-said[role=alert]")).to_contain_text(words)

	def stands(self, words: str) -> None:
		expect(self.line.locator(".escalation-stands").first).to_contain_text(words)


REFUSED = "Slow down: try again at 18:00."


def what_is_refused_loses_nothing(form: ByKeys) -> None:
	"""The dialog stays, says why, and what was written is still there; also where a second try can't reach the server."""
	form.do("More", "Hand Over…")
	form.page.keyboard.type("The key is under the mat")
	note, refused = form.dialog.locator("textarea"), form.dialog.locator("[role=alert]")
	form.page.route(ACTS, lambda route: route.fulfill(json={"message": {"done": False, "message": REFUSED}}))
	form.do("Sam Second (Email)")
	expect(refused).to_have_text(REFUSED)
	expect_seen(refused)
	expect(note).to_have_value("The key is under the mat")
	assert not complaints(form.page, form.dialog_at)
	form.page.unroute(ACTS)
	form.page.route(ACTS, lambda route: route.abort())
	form.do("Sam Second (Email)")
	expect(refused).to_contain_text("The server can't be reached")
	expect(note).to_have_value("The key is under the mat")
	form.page.unroute(ACTS)
	form.page.keyboard.press("Escape")
	expect(form.dialog).to_have_count(0)


def the_story(form: ByKeys, desk: Desk) -> None:
	"""Everything that can be done, from a running escalation on, each counted in actions."""
	page = form.page
	form.stands("Step 1 of 3 has run.")
	assert form.do("More", "Snooze 15m") == 2
	form.stands("Quiet until")
	form.said("Quiet until")
	assert form.has_focus().startswith("More")
	it_can_be_thought_better_of(form)
	what_is_refused_loses_nothing(form)
	assert form.do("More", "Hand Over…") == 2
	expect(form.dialog).to_contain_text("To Whom")
	assert page.evaluate("document.activeElement.tagName") == "TEXTAREA", "the note, and no list"
	page.keyboard.type("You know this lift")
	assert form.do("Sam Second (Email)") == 1, "three in all"
	form.said("Handed over to Sam Second, who is paged now.")
	expect(form.dialog).to_have_count(0)
	assert form.has_focus().startswith("More")
	desk.inbox.expect(
		method="Email", to="second@x.test", contains="Leo Lead: You know this lift", timeout=SECONDS
	)
	assert form.do("More", "Add a Person…") + form.do("Tina Tech (Email)") == 3
	form.said("Tina Tech is paged now")
	desk.inbox.expect(method="Email", to="tech@x.test", contains=SUBJECT, timeout=SECONDS)
	assert form.do("Acknowledge", key="Shift+Tab") == 1
	form.stands("Leo Lead has it since")
	assert form.has_focus() in ("Add a Person…", "More"), "the first that is offered now"
	stopped(form)
	started(form)


def it_can_be_thought_better_of(form: ByKeys) -> None:
	form.do("More", "Stop…")
	expect(form.dialog).to_contain_text("Reason")
	form.page.keyboard.press("Escape")
	expect(form.dialog).to_have_count(0)
	assert form.has_focus().startswith("More"), "where it was opened"


def stopped(form: ByKeys) -> None:
	labels = ("Stop…",) if form.line.get_by_role("button", name="Stop…").is_visible() else ("More", "Stop…")
	actions = form.do(*labels)
	expect(form.dialog).to_contain_text("Reason")
	form.page.keyboard.type("It runs again")
	assert actions + form.do("Stop") == len(labels) + 1 <= 3
	form.said("Stopped.")
	expect(form.line).to_contain_text("It runs again")


def started(form: ByKeys) -> None:
	assert form.has_focus() == "Start a Plan…"
	actions = form.do("Start a Plan…")
	preview = form.dialog.locator(".escalation-preview")
	assert form.dialog.locator("select").first.input_value() == PLAN, "the one that takes such tickets"
	expect(preview.locator("li")).to_have_text(
		[
			re.compile(r"^\s*now\s*1\. Email to Leo Lead\s*$"),
			re.compile(r"^\s*in 1h\s*2\. Email to Sam Second\s*$"),
			re.compile(r"^\s*in 2h\s*3\. SMS to the assignee\s*Sam Second can't be reached: "),
			re.compile(r"nobody acknowledged: exhausted"),
		]
	)
	assert not complaints(form.page, form.dialog_at)
	assert actions + form.do("Start a Plan") == 2
	form.said("Started now.")


def test_the_agent_page_by_keys(desk: Desk, lifts: list[str]) -> None:
	with agent_page(desk, lifts[0]) as agent, desk.dispatcher():
		the_story(ByKeys(agent, ".escalation-line", "dialog[open]"), desk)
		end(desk, lifts[0])


def test_desks_form_by_keys(desk: Desk, lifts: list[str]) -> None:
	with desk.window() as agent, desk.dispatcher():
		agent.log_in("lead@x.test")
		agent.open(f"/app/hd-ticket/{lifts[1]}")
		the_story(ByKeys(agent, ".escalation-ticket:visible", ".escalation-dialog .modal-content"), desk)
		end(desk, lifts[1])


def end(desk: Desk, name: str) -> None:
	"""Nothing runs any more."""
	which = {"doctype": "HD Ticket", "name": name}
	desk.inbox.expect(
		method="Email", to="lead@x.test", contains=SUBJECT, timeout=SECONDS
	)  # step 1 of the new one
	for _time in range(5):  # a step may run between the look and the stop
		state = desk.as_administrator("escalation_mgmt.api.ticket", **which)
		stop = {"action": "stop", "seen": state["seen"], "values": {"reason": "the test is over"}}
		if done := desk.as_administrator("escalation_mgmt.api.act", **which, **stop)["done"]:
			break
	assert done


def test_the_dialogs_are_seen_and_axe_finds_nothing_at_any_width(desk: Desk, lifts: list[str]) -> None:
	for width in (390, 1280):
		for dark in (False, True):
			with agent_page(desk, lifts[2], width=width, dark=dark) as agent:
				for label in ("Hand Over…", "Add a Person…", "Snooze…"):
					agent.page.get_by_role("button", name="More").click()
					agent.page.locator(".escalation-menu").get_by_role("button", name=label).click()
					dialog = agent.page.locator("dialog[open]")
					expect_seen(dialog.locator("h2"))
					for button in dialog.get_by_role("button").all():
						expect_seen(button)
					assert not complaints(agent.page, "dialog[open]")
					assert agent.page.evaluate("document.documentElement.scrollWidth") <= width
					agent.page.keyboard.press("Escape")


def test_desks_dialogs_too(desk: Desk, lifts: list[str]) -> None:
	with desk.window() as agent:
		agent.log_in("lead@x.test")
		agent.open(f"/app/hd-ticket/{lifts[2]}")
		for where in at_every_width(agent, 390, 1280):
			for label in ("Hand Over…", "Add a Person…", "Snooze…", "Stop…"):
				agent.page.locator(".escalation-ticket:visible").get_by_role("button", name="More").click()
				agent.page.locator(".escalation-ticket:visible .dropdown-item", has_text=label).click()
				dialog = agent.page.locator(".modal-dialog:visible")
				expect_seen(dialog.locator(".modal-title"))
				for button in dialog.locator(".escalation-people button, .btn-primary:visible").all():
					expect_seen(button)
				found = complaints(agent.page, ".modal.escalation-dialog .modal-content")
				assert not found, f"{where}, {label}: {found}"
				agent.page.keyboard.press("Escape")
				expect(dialog).to_have_count(0)
