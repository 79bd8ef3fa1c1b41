"""The workspace shows how it stands, to whoever works with escalations."""

from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.seen import expect_seen


def test_the_cards(desk: Desk) -> None:
	with desk.window() as manager:
		manager.log_in("manager@x.test")
		manager.open("/app/escalation")
		cards = manager.page.locator(".number-widget-box")
		for label in ("Open Escalations", "Overdue Steps", "Reaching Nobody", "Acknowledge Time Today"):
			expect_seen(cards.filter(has_text=label).locator(".number"))
		cards.filter(has_text="Overdue Steps").locator(".widget-body").click()
		manager.page.wait_for_url("**/escalation-action-item**")
		manager.idle()
		expect(manager.page.locator(".msgprint-dialog:visible")).to_have_count(0)
		expect(manager.page.locator(".filter-selector .filter-button:visible")).to_contain_text("2")
