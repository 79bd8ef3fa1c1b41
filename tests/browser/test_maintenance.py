"""A maintenance is found, entered and ended in Desk."""

from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.seen import expect_seen


def test_a_maintenance_is_ended_from_its_form(desk: Desk) -> None:
	with desk.window() as admin:
		admin.log_in("admin@x.test")
		page = admin.page
		admin.open_workspace()
		page.get_by_role("link", name="Maintenance").first.click()
		page.wait_for_url("**/escalation-maintenance**")
		page.get_by_role("button", name="Add Escalation Maintenance").first.click()
		page.wait_for_url("**/escalation-maintenance/new**")
		reason = page.locator("[data-fieldname=reason]:visible textarea")
		reason.fill("New disks")
		ends = page.locator("[data-fieldname=ends_at]:visible input")
		ends.fill(
			page.evaluate(
				"frappe.datetime.str_to_user(frappe.datetime.add_days(frappe.datetime.now_datetime(), 1))"
			)
		)
		ends.press("Tab")
		page.keyboard.press("Escape")
		page.get_by_role("button", name="Save", exact=True).click()
		runs = page.locator(".form-message:visible", has_text="This maintenance runs")
		expect_seen(runs)
		page.get_by_role("button", name="End Now").click()
		page.locator(".modal-dialog:visible").get_by_role("button", name="Yes", exact=True).click()
		expect(runs).to_be_hidden()
		expect(page.get_by_role("button", name="End Now")).to_have_count(0)
