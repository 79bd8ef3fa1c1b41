"""Steps that act on the ticket, as somebody writes them: chosen under Method, and to what in the row itself."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.desk import Desk, Window
from tests.browser.test_desk import cell, choose, control, go_to_a_new_plan, row
from tests.browser.test_writing_a_plan import chip, offered, whom

TITLE = "Acts by Itself"
CHOICES = "**/escalation_mgmt.api.plan_choices*"


@pytest.fixture
def admin(desk: Desk) -> Iterator[Window]:
	with desk.window() as window:
		window.log_in("admin@x.test")
		try:
			yield window
		finally:
			for found in window.server(
				"frappe.client.get_list", doctype="Escalation Plan", filters={"title": TITLE}, limit=0
			):
				window.server("frappe.client.delete", doctype="Escalation Plan", name=found["name"])


def method(page: Page, number: int, name: str) -> None:
	choose(cell(row(page, "steps", number), "method"), name)


def test_a_plan_that_acts_is_written_saved_and_rehearsed(admin: Window) -> None:
	go_to_a_new_plan(admin)
	page = admin.page
	control(page, "title").fill(TITLE)
	chip(page, "High").click()
	method(page, 1, "Raise the Priority")
	whom(page, 1).click()
	whom(page, 1).locator("input:visible").press_sequentially("urg")
	offered(page, "Urgent").click()
	expect(whom(page, 1).locator("input")).to_have_value("Urgent")
	method(page, 2, "Assign the Ticket")
	whom(page, 2).click()
	whom(page, 2).locator("input:visible").press_sequentially("leo")
	offered(page, "Leo Lead").click()
	method(page, 3, "Internal Comment")
	opened = page.locator(".grid-row-open")
	message = opened.locator("[data-fieldname='message'] textarea")
	expect(message).to_be_visible()
	expect(opened.locator(".frappe-control[data-fieldname='whom'] input:visible")).to_have_count(0)
	message.fill("Nobody has answered {{ ticket.name }}")
	opened.locator(".grid-collapse-row").first.click()
	ladder = page.locator(".escalation-ladder")
	expect(ladder).to_contain_text("1. raise the priority to Urgent")
	expect(ladder).to_contain_text("2. assign the ticket to Leo Lead")
	expect(ladder).to_contain_text("3. write an internal comment")
	expect(whom(page, 3)).to_contain_text("Nobody has answered")
	page.get_by_role("button", name="Save", exact=True).click()
	page.wait_for_url(re.compile("escalation-plan/Acts"))
	saved = admin.server("frappe.client.get", doctype="Escalation Plan", name=TITLE)
	steps = [(s["method"], s.get("set_priority") or s.get("user") or s["message"]) for s in saved["steps"]]
	assert steps == [
		("Raise the Priority", "Urgent"),
		("Assign the Ticket", "lead@x.test"),
		("Internal Comment", "Nobody has answered {{ ticket.name }}"),
	]
	page.get_by_role("button", name="Rehearse", exact=True).click()
	dialog = page.locator(".modal-dialog:visible")
	expect(dialog).to_contain_text("Nothing was sent.")
	expect(dialog).to_contain_text("Step 1: raise the priority to Urgent.")
	expect(dialog).to_contain_text("Step 2: assign the ticket to Leo Lead.")
	assert dialog.locator("li.red").all_inner_texts() == []


def test_what_cant_be_is_said_in_words(admin: Window) -> None:
	go_to_a_new_plan(admin)
	page = admin.page
	control(page, "title").fill(TITLE)
	method(page, 1, "Set the Status")
	page.keyboard.press("Escape")
	check = page.locator(".escalation-check.red")
	expect(check).to_contain_text("Say which status.")


def test_what_is_typed_before_the_choices_are_known_stays_and_is_offered_them(admin: Window) -> None:
	"""On a slow line somebody types at once: the box that is open then knows the methods as soon as they come."""
	held: list[Route] = []
	released: list[bool] = []
	admin.page.route(CHOICES, lambda route: route.continue_() if released else held.append(route))
	go_to_a_new_plan(admin, idle=False)
	page = admin.page
	box = cell(row(page, "steps", 1), "method")
	box.click()
	box.fill("Set the")
	while not held:
		page.wait_for_timeout(50)
	released.append(True)
	for route in held:
		route.continue_()
	expect(page.locator(f"#{box.get_attribute('aria-owns')} li", has_text="Set the Status")).to_be_visible()
	page.wait_for_timeout(400)  # Desk draws the table once more, a tenth of a second later
	expect(box).to_have_value("Set the")
	expect(page.locator(f"#{box.get_attribute('aria-owns')} li", has_text="Set the Status")).to_be_visible()
