"""A contact's form in Desk: what a manager does for somebody."""

from playwright.sync_api import expect

from tests.browser.desk import PATIENCE, Desk


def test_a_manager_sends_somebody_a_test(desk: Desk) -> None:
	desk.as_administrator(
		"frappe.client.insert", doc={"doctype": "Escalation Contact", "user": "second@x.test"}
	)
	with desk.window() as manager:
		manager.log_in("admin@x.test")
		manager.open("/app/escalation-contact/second@x.test")
		manager.page.get_by_role("button", name="Send a Test", exact=True).click()
		asked = manager.page.locator(".modal-dialog:visible", has_text="Method")
		asked.locator("select").select_option("Email")
		asked.get_by_role("button", name="Send", exact=True).click()
		desk.inbox.expect(method="Email", to="second@x.test", timeout=PATIENCE / 1000)
		expect(manager.page.locator(".msgprint-dialog:visible")).to_be_visible()
		expect(asked).to_have_count(0)
	desk.inbox.assert_empty()
	desk.as_administrator("frappe.client.delete", doctype="Escalation Contact", name="second@x.test")
