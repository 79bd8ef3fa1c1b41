"""The clocks of a ticket, as people see them: the plan that warns before a deadline, and a ticket with two that run."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import Desk, Window, plan_for
from tests.browser.seen import at_every_width, expect_seen
from tests.browser.test_accessibility import complaints
from tests.browser.test_agent_page import SECONDS, agent_page, in_sight, ticket
from tests.browser.test_writing_a_plan import MOST, Actions

WRITTEN = "Warns in Time"
SUBJECT = "Clocks: the scanner eats labels"
FIRST, RESOLUTION = "First Response", "Resolution"
STEP = {"method": "Email", "whom": "User", "user": "lead@x.test"}


@pytest.fixture(scope="module")
def both(desk: Desk) -> Iterator[str]:
	"""A ticket whose first response escalates, while its resolution is scheduled."""
	first = plan_for(SUBJECT, "Clocks: First", STEP, {**STEP, "wait": 3600})
	resolve = plan_for(SUBJECT, "Clocks: Resolve", STEP, clock=RESOLUTION, window=7200)
	for plan in (first, resolve):
		desk.as_administrator("frappe.client.insert", doc=plan)
	with desk.dispatcher():
		name = ticket(desk, SUBJECT)
		desk.inbox.expect(method="Email", to="lead@x.test", contains=SUBJECT, timeout=SECONDS)
	yield name
	for plan in (first, resolve):
		disabled = {"doctype": "Escalation Plan", "name": plan["title"], "fieldname": "enabled", "value": 0}
		desk.as_administrator("frappe.client.set_value", **disabled)
	closed = {"doctype": "HD Ticket", "name": name, "fieldname": "status", "value": "Closed"}
	with desk.dispatcher():
		desk.as_administrator("frappe.client.set_value", **closed)
		desk.inbox.expect(method="Email", to="lead@x.test", contains="has been answered", timeout=SECONDS)
	desk.inbox.take_all()


@pytest.fixture
def admin(desk: Desk) -> Iterator[Window]:
	with desk.window() as window:
		window.log_in("admin@x.test")
		yield window
	found = desk.as_administrator(
		"frappe.client.get_list", doctype="Escalation Plan", filters={"title": WRITTEN}
	)
	for plan in found:
		desk.as_administrator("frappe.client.delete", doctype="Escalation Plan", name=plan["name"])


def field(page: Page, name: str) -> Locator:
	"""All of it: label, box, description."""
	return page.locator(f".form-page .frappe-control[data-fieldname='{name}']")


def select(page: Page, name: str) -> Locator:
	return field(page, name).locator("select")


def rungs(page: Page) -> Locator:
	return page.locator(".escalation-ladder:visible > li")


def choose(actions: Actions, field: Locator, value: str) -> None:
	field.select_option(value)
	actions.count += 1


def test_a_plan_that_warns_before_the_resolution_deadline_takes_few_actions(admin: Window) -> None:
	page, actions = admin.page, Actions()
	admin.open("/app/escalation-plan")
	actions.click(page.get_by_role("button", name="Add Escalation Plan").first)
	expect(page.locator(".escalation-priorities button").first).to_be_visible()
	actions.type(field(page, "title").locator("input"), WRITTEN)
	choose(actions, select(page, "clock"), RESOLUTION)
	expect(field(page, "clock")).to_contain_text("Until the ticket is resolved or closed.")
	expect(field(page, "message").locator("textarea")).to_have_value(re.compile("has not been resolved"))
	choose(actions, select(page, "start"), "Before the Deadline")
	expect(rungs(page).first).to_contain_text("30m before the resolution deadline")
	page.wait_for_timeout(700)  # as a person: Frappe drops a Save that follows a choice within 300 ms
	actions.click(page.get_by_role("button", name="Save", exact=True))
	page.wait_for_url(re.compile("escalation-plan/Warns"))
	actions.click(page.get_by_role("button", name="Rehearse", exact=True).first)
	expect(page.locator(".modal-dialog:visible")).to_contain_text("Nothing was sent.")
	assert actions.count <= MOST


def test_the_form_asks_only_what_counts_for_the_clock(admin: Window) -> None:
	page = admin.page
	admin.open("/app/escalation-plan/new")
	expect(field(page, "stop_on_reply")).to_be_visible()
	assert not field(page, "lead").is_visible() and not field(page, "percent").is_visible()
	message = field(page, "message").locator("textarea")
	written = message.input_value()
	select(page, "clock").select_option("Next Response")
	expect(field(page, "window")).to_contain_text("Time for an Answer")
	expect(field(page, "stop_on_reply")).to_be_hidden()
	expect(field(page, "stop_on_paused_status")).to_be_visible()
	starts = field(page, "start").locator("option")
	assert "At the Deadline" not in starts.all_inner_texts()
	assert "When the Time for an Answer Is Over" in starts.all_inner_texts()
	expect(message).to_have_value(
		"The customer of ticket {{ ticket.name }} ({{ ticket.priority }}) waits for an answer: {{ ticket.subject }}"
	)
	select(page, "clock").select_option(RESOLUTION)
	expect(field(page, "stop_on_paused_status")).to_be_hidden()
	expect(field(page, "window")).to_contain_text("Time to Resolve")
	message.fill("Hurry")
	message.blur()
	select(page, "clock").select_option(FIRST)
	expect(message).to_have_value("Hurry")
	expect(field(page, "window")).to_contain_text("Response Window")
	assert written != "Hurry"
	select(page, "start").select_option("At a Percentage of the Time")
	expect(field(page, "percent")).to_be_visible()
	expect(field(page, "lead")).to_be_hidden()
	for _where in at_every_width(admin, 390, 1280):
		if select(page, "clock").input_value() != RESOLUTION:
			select(page, "clock").select_option(RESOLUTION)
			select(page, "start").select_option("Before the Deadline")
		expect(field(page, "clock")).to_contain_text("Until the ticket is resolved or closed.")
		expect_seen(field(page, "clock").locator("label"))
		rung = rungs(page).first
		expect(rung).to_contain_text("30m before the resolution deadline")
		expect_seen(rung)


def lines(page: Page) -> Locator:
	return page.locator(".escalation-one:visible")


def test_an_agent_sees_both_clocks_on_a_ticket_and_acts_on_one(desk: Desk, both: str) -> None:
	with desk.window() as agent:
		agent.log_in("lead@x.test")
		agent.open(f"/app/hd-ticket/{both}")
		page = agent.page
		for _where in at_every_width(agent, 390, 1280):
			expect(lines(page)).to_have_count(2)
			for line, (clock, plan) in zip(
				lines(page).all(), ((FIRST, "Clocks: First"), (RESOLUTION, "Clocks: Resolve")), strict=True
			):
				expect(line.locator(".escalation-clock")).to_have_text(clock)
				expect(line.locator(".escalation-plan")).to_have_text(plan)
				expect_seen(line.locator(".escalation-stands"))
				in_sight(line.locator(".escalation-actions > .btn, .escalation-more > .btn"))
		lines(page).last.locator("[data-action=acknowledge]").click()
		expect(lines(page).last).to_contain_text("Leo Lead has it")
		expect(lines(page).first).to_contain_text("Step 1 of 2 has run.")
		assert not lines(page).last.locator("[data-action=acknowledge]").count()
		lines(page).first.locator(".escalation-more > .btn").click()
		in_sight(lines(page).first.locator(".dropdown-menu.show .dropdown-item"))
	with agent_page(desk, both) as agent:  # and takes that back, on Helpdesk's page
		row = agent.page.locator(".escalation-item")
		expect(row).to_contain_text("Leo Lead has it")
		row.locator("[data-action=more]").click()
		agent.page.locator(".escalation-menu:popover-open [data-action=unacknowledge]").click()
		dialog = agent.page.locator("dialog[open]")
		if dialog.count():
			dialog.locator(".escalation-send").click()
		expect(agent.page.locator(".escalation-line")).not_to_contain_text("has it")
		expect(agent.page.locator(".escalation-line > .escalation-stands")).to_contain_text(
			f"{FIRST} Clocks: First"
		)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_both_clocks_on_helpdesks_page(desk: Desk, both: str, width: int, dark: bool) -> None:
	with agent_page(desk, both, width=width, dark=dark) as agent:
		page = agent.page
		line = page.locator(".escalation-line")
		expect(line.locator(".escalation-clock")).to_have_text([FIRST, RESOLUTION])
		in_sight(line.locator(".escalation-clock, .escalation-plan, .escalation-actions > button"))
		assert not complaints(page, ".escalation-line")
		assert page.evaluate("document.documentElement.scrollWidth") <= width
