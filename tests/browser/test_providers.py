"""Further providers in Escalation Settings: no room is taken before somebody wants one; then a row, entered and kept."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.seen import at_every_width, expect_seen

ACCOUNT = "AC" + "5" * 32
SETTINGS = "Escalation Settings"


def settings_of(desk: Desk) -> dict:
	return desk.as_administrator("frappe.client.get", doctype=SETTINGS, name=SETTINGS)


def test_a_second_provider_is_asked_for_entered_and_kept(desk: Desk, tmp_path: Path) -> None:
	with desk.window() as admin:
		admin.log_in("admin@x.test")
		admin.open("/app/escalation-settings")
		page = admin.page
		section = page.locator("[data-fieldname=providers_section]")
		more = page.get_by_role("button", name="Add a Further Provider")
		expect(more).to_be_visible()
		expect(section).to_be_hidden()
		page.screenshot(path=tmp_path / "one.png", full_page=True)
		more.click()
		row = page.locator(".grid-row-open .form-in-grid")
		expect(row.locator("[data-fieldname=auth_token] input")).to_be_visible()
		expect(more).to_have_count(0)
		row.locator("[data-fieldname=title] input").fill("Twilio EU")
		row.locator("[data-fieldname=account_sid] input").fill(ACCOUNT)
		row.locator("[data-fieldname=auth_token] input").fill("a-secret-of-this-test")
		row.locator("[data-fieldname=numbers] textarea").fill("+1 500 555 0016")
		row.locator("[data-fieldname=numbers] textarea").blur()
		page.wait_for_timeout(700)  # as a person: Frappe drops a Save that follows a change within 300 ms
		with page.expect_response("**/frappe.desk.form.save.savedocs*"):
			page.keyboard.press("Control+s")
		expect(page.locator(".indicator-pill:visible", has_text="Not Saved")).to_have_count(0)
		try:
			for shown in at_every_width(admin, 390, 1280):
				expect(section).to_be_visible()
				section.scroll_into_view_if_needed()
				expect_seen(section.locator(".section-head"))
				page.screenshot(path=tmp_path / f"two {shown}.png")
			(kept,) = settings_of(desk)["providers"]
			assert (kept["title"], kept["numbers"], kept["sms"]) == ("Twilio EU", "+15005550016", 1)
			assert "secret" not in kept["auth_token"], "stars alone leave the server"
		finally:
			doc = settings_of(desk)
			doc["providers"] = []
			desk.as_administrator("frappe.client.save", doc=doc)


def test_a_row_shows_what_its_kind_needs(desk: Desk, tmp_path: Path) -> None:
	with desk.window() as admin:
		admin.log_in("admin@x.test")
		admin.open("/app/escalation-settings")
		page = admin.page
		page.get_by_role("button", name="Add a Further Provider").click()
		row = page.locator(".grid-row-open .form-in-grid")
		kind = row.locator("[data-fieldname=kind] select")
		for name, shows, hides in (
			("SMS Settings", (), ("account_sid", "email_account", "sms")),
			("Email Account", ("email_account",), ("account_sid", "sms")),
			("Twilio, as Above", ("sms", "calls"), ("account_sid", "email_account")),
			("Twilio", ("sms", "account_sid"), ("email_account",)),
		):
			kind.select_option(name)
			for field in shows:
				expect(row.locator(f"[data-fieldname={field}]").first).to_be_visible()
			for field in hides:
				expect(row.locator(f"[data-fieldname={field}]").first).to_be_hidden()
			page.screenshot(path=tmp_path / f"row {name}.png")
