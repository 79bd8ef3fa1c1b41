"""From nothing to a saved, rehearsed plan in at most twelve actions: with the mouse, by the keyboard alone, from an example.

A click, a chosen option and a typed field are one action each; they are counted from the open list of plans.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import Desk, Window
from tests.browser.seen import at_every_width, expect_seen
from tests.browser.test_accessibility import complaints
from tests.browser.test_desk import cell, control, row, rows
from tests.browser.test_plan_form import plan, rungs

MOST = 12
TITLES = ("Counted", "By Keys", "Chosen in the Row")


class Actions:
	"""What a person does, counted."""

	def __init__(self) -> None:
		self.count = 0

	def click(self, what: Locator) -> None:
		what.click()
		self.count += 1

	def type(self, box: Locator, text: str) -> None:
		box.press_sequentially(text)
		self.count += 1


@pytest.fixture
def admin(desk: Desk) -> Iterator[Window]:
	with desk.window() as window:
		window.log_in("admin@x.test")
		try:
			yield window
		finally:
			for name in window.server(
				"frappe.client.get_list",
				doctype="Escalation Plan",
				filters={"title": ("in", [*TITLES, "Urgent, first the assignee, then the team"])},
				limit=0,
			):
				window.server("frappe.client.delete", doctype="Escalation Plan", name=name["name"])


def open_the_list(admin: Window) -> Page:
	admin.open("/app/escalation-plan")
	expect(admin.page.get_by_role("button", name="Add Escalation Plan")).to_be_visible()
	return admin.page


def chip(page: Page, name: str) -> Locator:
	return page.locator(".escalation-priorities").get_by_role("button", name=name, exact=True)


def offered(page: Page, label: str) -> Locator:
	return page.locator(".awesomplete li:visible", has_text=label).first


def begins(page: Page, number: int) -> None:
	"""Desk puts whoever adds a row into its first box, a moment later."""
	expect(rows(page, "steps")).to_have_count(number)
	expect(row(page, "steps", number).locator("input[data-fieldname=wait]")).to_be_focused()


def tab_to_whom(page: Page, number: int) -> Locator:
	box = whom(page, number).locator("input")
	for _press in range(4):  # Desk's box of a duration has boxes behind it
		page.keyboard.press("Tab")
		page.wait_for_timeout(100)
		if box.evaluate("box => box === document.activeElement"):
			break
	expect(box).to_be_focused()
	return box


def whom(page: Page, number: int) -> Locator:
	return row(page, "steps", number).locator(".grid-static-col[data-fieldname='whom']")


def test_a_plan_of_three_steps_is_saved_and_rehearsed_in_eleven_actions(admin: Window) -> None:
	page, does = open_the_list(admin), Actions()
	does.click(page.get_by_role("button", name="Add Escalation Plan"))
	expect(chip(page, "High")).to_be_visible()
	expect(control(page, "plan_owner")).to_have_value("admin@x.test")
	does.type(control(page, "title"), "Counted")
	does.click(chip(page, "High"))
	add = page.locator(".frappe-control[data-fieldname='steps'] .grid-add-row")
	does.click(add)
	does.click(add)
	begins(page, 3)
	does.click(whom(page, 3))
	does.type(whom(page, 3).locator("input:visible"), "Leo")
	does.click(offered(page, "Leo Lead"))
	does.click(page.get_by_role("button", name="Save", exact=True))
	page.wait_for_url(re.compile("escalation-plan/Counted"))
	does.click(page.get_by_role("button", name="Rehearse", exact=True))
	dialog = page.locator(".modal-dialog:visible")
	expect(dialog).to_contain_text("Nothing was sent.")
	does.click(dialog.get_by_role("button", name="Friday 17:50"))
	expect(dialog).to_contain_text(re.compile(r"Step 3, Email: to Leo Lead"))
	expect(dialog.locator("li.red")).to_have_count(0)
	assert does.count == 11 <= MOST

	saved = admin.server("frappe.client.get", doctype="Escalation Plan", name="Counted")
	assert (saved["enabled"], saved["plan_owner"]) == (0, "admin@x.test")
	assert [each["priority"] for each in saved["priorities"]] == ["High"]
	steps = [(s["wait"], s["method"], s["whom"], s.get("user") or None) for s in saved["steps"]]
	assert steps[0] == (0, "Email", "Assignee", None)
	assert steps[1] == (300, "Email", "Assignee", None)
	assert steps[2] == (300, "Email", "User", "lead@x.test")


def test_by_the_keyboard_alone(admin: Window) -> None:
	"""From the list to the rehearsal. Tab goes from one field to the next, and changes nothing on its way."""
	page = open_the_list(admin)
	press = page.keyboard.press
	page.get_by_role("button", name="Add Escalation Plan").focus()
	press("Enter")
	expect(chip(page, "High")).to_be_visible()
	control(page, "title").focus()
	page.keyboard.type("By Keys")
	chip(page, "High").focus()
	press("Space")
	expect(chip(page, "High")).to_have_attribute("aria-pressed", "true")
	expect(chip(page, "High")).to_be_focused()
	press("Enter")
	expect(chip(page, "High")).to_have_attribute("aria-pressed", "false")
	press("Enter")
	page.locator(".frappe-control[data-fieldname='steps'] .grid-add-row").focus()
	press("Enter")
	begins(page, 2)
	box = tab_to_whom(page, 2)
	expect(box).to_have_value("Assignee")
	expect(offered(page, "The Ticket's Team")).to_be_visible()
	press("Tab")  # from the last box of the last row: Desk adds another
	begins(page, 3)
	expect(whom(page, 2)).to_contain_text("Assignee")
	box = tab_to_whom(page, 3)
	page.keyboard.type("leo")
	expect(offered(page, "Leo Lead")).to_be_visible()
	press("Enter")
	expect(box).to_have_value("Leo Lead")
	page.keyboard.type("nobody of this name")
	press("Shift+Tab")
	expect(whom(page, 3).locator("input")).to_have_value("Leo Lead")
	press("Control+s")
	page.wait_for_url(re.compile("escalation-plan/By%20Keys"))
	saved = admin.server("frappe.client.get", doctype="Escalation Plan", name="By Keys")
	went_to = [(step["whom"], step.get("user") or None) for step in saved["steps"]]
	assert went_to == [("Assignee", None), ("Assignee", None), ("User", "lead@x.test")]
	page.get_by_role("button", name="Rehearse", exact=True).focus()
	press("Enter")
	expect(page.locator(".modal-dialog:visible")).to_contain_text("Nothing was sent.")


def test_the_row_offers_whoever_a_step_can_go_to(admin: Window) -> None:
	page = open_the_list(admin)
	admin.server("frappe.client.insert", doc=plan(TITLES[2], rank=95, enabled=0))
	admin.go(f"/app/escalation-plan/{TITLES[2]}")
	for typed, label, fields in (
		("Leo", "Leo Lead", {"whom": "User", "user": "lead@x.test"}),
		("Network", "Team: Network", {"whom": "Team", "team": "Network", "user": ""}),
		(
			"Escalation Man",
			"Role: Escalation Manager",
			{"whom": "Role", "role": "Escalation Manager", "team": ""},
		),
		("owner", "Field: ", {"whom": "User Field", "user_field": "owner", "role": ""}),
		("duty@x.test", "duty@x.test", {"whom": "Address", "address": "duty@x.test", "user_field": ""}),
		("The Tick", "The Ticket's Team", {"whom": "Team", "team": "", "address": ""}),
		("Assig", "Assignee", {"whom": "Assignee"}),
	):
		box = cell(row(page, "steps", 1), "whom")
		box.fill(typed)
		offered(page, label).click()
		admin.page.wait_for_function(
			"fields => Object.entries(fields).every(([field, value]) => (cur_frm.doc.steps[0][field] || '') === value)",
			arg=fields,
		)
		page.locator("[data-fieldname='steps'] .control-label").first.click()
		if fields["whom"] not in ("User Field", "Address"):
			expect(whom(page, 1)).to_contain_text(label)
	assert rungs(page)


def test_from_an_example_in_four_actions(admin: Window) -> None:
	page, does = open_the_list(admin), Actions()
	does.click(page.get_by_role("button", name="New from Example"))
	does.click(page.locator(".escalation-example").first)
	expect(control(page, "plan_owner")).to_have_value("admin@x.test")
	expect(rows(page, "steps")).to_have_count(5)
	expect(chip(page, "Urgent")).to_have_attribute("aria-pressed", "true")
	does.click(page.get_by_role("button", name="Save", exact=True))
	page.wait_for_url(re.compile("escalation-plan/Urgent%2C%20first"))
	does.click(page.get_by_role("button", name="Rehearse", exact=True))
	expect(page.locator(".modal-dialog:visible")).to_contain_text("Nothing was sent.")
	assert does.count == 4
	name = "Urgent, first the assignee, then the team"
	saved = admin.server("frappe.client.get", doctype="Escalation Plan", name=name)
	assert (saved["enabled"], saved["plan_owner"], saved["repeats"]) == (0, "admin@x.test", 1)


def test_enabling_says_first_what_it_takes_and_does(admin: Window) -> None:
	"""And what it said, it doesn't say once more. Ticking the box by hand works as well."""
	page = open_the_list(admin)
	admin.server(
		"frappe.client.insert",
		doc=plan(TITLES[0], rank=95, enabled=0, start="At Once", condition="doc.subject == 'Enabled'"),
	)
	admin.go(f"/app/escalation-plan/{TITLES[0]}")
	page.get_by_role("button", name="Enable", exact=True).locator("visible=true").click()
	dialog = page.locator(".modal-dialog:visible")
	expect(dialog).to_contain_text("No open ticket is taken.")
	expect(dialog).to_contain_text("Step 1, Email: to")
	dialog.get_by_role("button", name="Enable", exact=True).click()
	expect(page.locator(".page-head .indicator-pill:visible")).to_have_text("Enabled")
	expect(page.locator(".modal-dialog:visible")).to_have_count(0)
	assert admin.server("frappe.client.get", doctype="Escalation Plan", name=TITLES[0])["enabled"]


def test_axe_finds_nothing_in_our_parts(admin: Window) -> None:
	page = open_the_list(admin)
	page.get_by_role("button", name="New from Example").click()
	assert not complaints(page, ".modal-dialog [data-fieldname=examples]")
	page.locator(".escalation-example").last.click()
	expect(chip(page, "High")).to_be_visible()
	box = cell(row(page, "steps", 1), "whom")
	expect(offered(page, "Assignee")).to_be_visible()
	assert not complaints(page, f"#{box.get_attribute('aria-owns')}", ".escalation-priorities")
	admin.server("frappe.client.insert", doc=plan(TITLES[0], rank=95, enabled=0))
	admin.go(f"/app/escalation-plan/{TITLES[0]}")
	for _where in at_every_width(admin, 390, 1280):
		assert not complaints(page, ".escalation-priorities", ".form-message")
		page.get_by_role("button", name="Enable", exact=True).locator("visible=true").click()
		page.locator(".modal-dialog:visible").get_by_text("What it says").first.click()
		assert not complaints(page, ".modal.show [data-fieldname=means]")
		page.keyboard.press("Escape")
		expect(page.locator(".modal-dialog:visible")).to_have_count(0)


def test_it_is_seen_at_every_width(admin: Window) -> None:
	open_the_list(admin)
	admin.server(
		"frappe.client.insert", doc=plan(TITLES[0], rank=95, enabled=0, priorities=[{"priority": "High"}])
	)
	admin.go(f"/app/escalation-plan/{TITLES[0]}")
	page = admin.page
	for _where in at_every_width(admin):
		for name in ("High", "Low"):
			expect_seen(chip(page, name))
		expect_seen(page.get_by_role("button", name="Enable", exact=True).locator("visible=true"))
