"""A step that asks for the hour, goes to the next in turn, and to somebody else while nobody is available: written in its row."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.desk import Desk, Window
from tests.browser.seen import at_every_width, expect_seen
from tests.browser.test_desk import cell, close, control, row
from tests.browser.test_plan_form import plan

TITLE, CALENDAR = "At Night", "Hours of the Night's Plan"
HOURS = {
	"doctype": "Escalation Calendar",
	"title": CALENDAR,
	"time_zone": "Europe/Berlin",
	"hours": [{"workday": "Monday", "start_time": "9:00", "end_time": "17:00"}],
}
IN_THE_ROW = "Next in Turn: Network; if nobody is available: Leo Lead; only outside working time; only from priority High up"
IN_THE_LADDER = (
	"Email to the next in turn of Network (if nobody is available: Leo Lead), only outside working time,"
	" only from priority High up"
)


@pytest.fixture
def admin(desk: Desk) -> Iterator[Window]:
	with desk.window() as window:
		window.log_in("admin@x.test")
		window.server("frappe.client.insert", doc=HOURS)
		by = {"calendar": "Escalation Calendar", "escalation_calendar": CALENDAR}
		steps = [{"method": "Email", "whom": "Assignee", "wait": wait} for wait in (0, 300)]
		window.server("frappe.client.insert", doc=plan(TITLE, rank=7, enabled=0, steps=steps, **by))
		try:
			yield window
		finally:
			window.server("frappe.client.delete", doctype="Escalation Plan", name=TITLE)
			window.server("frappe.client.delete", doctype="Escalation Calendar", name=CALENDAR)


def offered(page: Page, label: str) -> Locator:
	return page.locator(".awesomplete li:visible", has_text=label).first


def field(where: Locator, name: str) -> Locator:
	return where.locator(f".frappe-control[data-fieldname='{name}']")


def head(opened: Locator, label: str) -> Locator:
	return opened.locator(".section-head:visible", has_text=label)


def test_it_is_written_in_its_row(admin: Window) -> None:
	admin.open(f"/app/escalation-plan/{TITLE}")
	page = admin.page
	expect(page.locator(".escalation-ladder")).to_contain_text("1. Email to the assignee")
	admin.idle()  # the table is drawn once more when its choices are known
	box = cell(row(page, "steps", 1), "whom")
	box.fill("next")
	offered(page, "Next in Turn: Network").click()
	expect(box).to_have_value("Next in Turn: Network")
	page.locator(".escalation-ladder").click()
	cell(row(page, "steps", 1), "whom")
	offered(page, "Somebody else, if it reaches nobody").click()
	opened = page.locator(".grid-row-open")
	second = control(opened, "second_whom")
	expect(second).to_be_focused()
	page.keyboard.type("leo")
	offered(page, "Leo Lead").click()
	expect(second).to_have_value("Leo Lead")
	expect(field(opened, "second_user").locator("input:visible")).to_have_count(0)
	head(opened, "Only If").click()
	field(opened, "only_if_hours").locator("select").select_option("Outside Working Time")
	least = control(opened, "only_if_priority")
	least.fill("High")
	offered(page, "High").click()
	close(opened)
	shown = row(page, "steps", 1).locator(".grid-static-col[data-fieldname='whom']")
	expect(shown).to_contain_text(IN_THE_ROW)
	expect(page.locator(".escalation-ladder")).to_contain_text(IN_THE_LADDER)
	page.get_by_role("button", name="Save", exact=True).click()
	expect(page.locator(".page-head .indicator-pill", has_text="Not Saved")).to_have_count(0)
	saved = admin.server("frappe.client.get", doctype="Escalation Plan", name=TITLE)["steps"][0]
	assert (saved["whom"], saved["team"]) == ("Next in Turn", "Network")
	assert (saved["second_whom"], saved["second_user"]) == ("User", "lead@x.test")
	assert (saved["only_if_hours"], saved["only_if_priority"]) == ("Outside Working Time", "High")
	for _where in at_every_width(admin):
		expect_seen(page.get_by_role("button", name="Email to the next in turn of Network"))
	is_short_for_who_needs_none_of_it(page)
	goes_to_nobody_else_once_it_is_emptied(page)
	admin.idle()


def is_short_for_who_needs_none_of_it(page: Page) -> None:
	"""The second step asks for none of it: there it is folded away; in the first it isn't."""
	row(page, "steps", 2).locator(".btn-open-row").click()
	opened = page.locator(".grid-row-open")
	for label, asked in (("If It Reaches Nobody", "second_whom"), ("Only If", "only_if_priority")):
		expect(head(opened, label)).to_be_visible()
		expect(control(opened, asked)).to_have_count(0)
	close(opened)
	row(page, "steps", 1).locator(".btn-open-row").click()
	opened = page.locator(".grid-row-open")
	expect(control(opened, "second_whom")).to_have_value("Leo Lead")
	expect(control(opened, "only_if_priority")).to_have_value("High")


def goes_to_nobody_else_once_it_is_emptied(page: Page) -> None:
	opened = page.locator(".grid-row-open")
	control(opened, "second_whom").fill("")
	control(opened, "only_if_priority").focus()
	close(opened)
	shown = row(page, "steps", 1).locator(".grid-static-col[data-fieldname='whom']")
	expect(shown).not_to_contain_text("Leo Lead")
	step = page.evaluate("cur_frm.doc.steps[0]")
	assert not step["second_whom"] and not step["second_user"]


def test_a_click_is_not_lost_to_an_answer_that_comes_meanwhile(admin: Window) -> None:
	"""Between the button's going down and up: the list would be drawn anew, and the click be on none of it."""
	admin.open(f"/app/escalation-plan/{TITLE}")
	page = admin.page
	admin.idle()
	box = cell(row(page, "steps", 1), "whom")
	expect(offered(page, "Leo Lead")).to_be_visible()
	held: list[Route] = []

	def hold(route: Route) -> None:
		held.append(route)

	page.route("**/escalation_mgmt.api.plans.step_targets*", hold)
	box.fill("leo")
	offered(page, "Leo Lead").hover()
	page.mouse.down()
	while not held:
		page.wait_for_timeout(50)
	with page.expect_response("**/escalation_mgmt.api.plans.step_targets*"):
		held[-1].continue_()
	page.wait_for_timeout(300)  # it is drawn, or it isn't
	page.mouse.up()
	expect(box).to_have_value("Leo Lead")
	page.unroute_all()
	page.evaluate("cur_frm.reload_doc()")
	admin.idle()
