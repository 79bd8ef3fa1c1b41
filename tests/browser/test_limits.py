"""Limits for one person in Escalation Settings: seen, changed, and refused in words where they can't be."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.seen import at_every_width, expect_seen

SETTINGS = "Escalation Settings"


def test_limits_are_seen_changed_and_refused_in_words(desk: Desk, tmp_path: Path) -> None:
	before = desk.as_administrator("frappe.client.get", doctype=SETTINGS, name=SETTINGS)
	with desk.window() as admin:
		admin.log_in("admin@x.test")
		admin.open("/app/escalation-settings")
		page = admin.page
		for shown in at_every_width(admin, 390, 1280):
			for name in ("limits_section", "by_hand_section"):
				section = page.locator(f"[data-fieldname={name}]")
				section.scroll_into_view_if_needed()
				expect_seen(section.locator(".section-head"))
				expect_seen(
					section.locator("label", has_text="SMS" if name == "limits_section" else "By One")
				)
			page.screenshot(path=tmp_path / f"limits {shown}.png")
		most = page.locator("[data-fieldname=most_sms] input")
		expect(most).to_have_value("6")
		most.fill("4")
		most.blur()
		page.keyboard.press("Control+s")
		expect(page.locator(".indicator-pill:visible", has_text="Not Saved")).to_have_count(0)
		try:
			kept = desk.as_administrator("frappe.client.get", doctype=SETTINGS, name=SETTINGS)
			assert (kept["most_sms"], kept["most_calls"], kept["limit_minutes"]) == (4, 3, 15)
			most.fill("5000")
			most.blur()
			page.keyboard.press("Control+s")
			expect(page.locator(".modal-body:visible")).to_contain_text("SMS must be between 0 and 1000")
			admin.expect_error("SMS must be between 0 and 1000")
		finally:
			doc = desk.as_administrator("frappe.client.get", doctype=SETTINGS, name=SETTINGS)
			desk.as_administrator("frappe.client.save", doc=doc | {"most_sms": before["most_sms"] or 6})
