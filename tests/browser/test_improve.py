"""A manager looks for what to change, and at what says so."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk import SITE, Desk, Window, run
from tests.browser.improvable import PLAN, REFUSED, RUNS
from tests.browser.seen import expect_seen


@pytest.fixture(scope="module")
def escalated(desk: Desk) -> Iterator[None]:
	run("-m", "tests.browser.improvable", SITE)
	yield
	put = {"doctype": "Escalation Plan", "name": PLAN, "fieldname": "enabled", "value": 0}
	desk.as_administrator("frappe.client.set_value", **put)


def rows(window: Window) -> Locator:
	return window.page.locator(".dt-scrollable .dt-row:visible")


def value(window: Window, field: str) -> str:
	window.idle()
	return window.page.evaluate("field => frappe.query_report.get_filter_value(field)", field)


@pytest.mark.usefixtures("escalated")
def test_three_clicks_to_what_fails_most(desk: Desk) -> None:
	with desk.window() as manager:
		manager.log_in("manager@x.test")
		manager.open_workspace()
		page = manager.page
		page.locator(".link-item", has_text="What to Improve").click()
		first = rows(manager).first
		expect(first).to_contain_text("Step 1 (Email to Tina Tech) is never acknowledged")
		expect(first.locator(".escalation-drill").last).to_have_text(str(RUNS))
		expect_seen(first.locator(".escalation-drill", has_text="never acknowledged"))
		where = first.locator("a", has_text=PLAN).last
		assert where.get_attribute("href").endswith(f"/escalation-plan/{quote(PLAN)}")
		first.locator(".escalation-drill").first.click()
		expect(page.locator(".page-form [data-fieldname='step'] input:visible")).to_be_visible()
		assert value(manager, "plan") == PLAN and value(manager, "result") == "Over"
		expect(page.locator(".report-summary .summary-item", has_text="Escalations")).to_contain_text(
			str(RUNS)
		)
		expect(rows(manager).first).to_contain_text("Tina Tech")
		expect(page.locator(".dt-scrollable .dt-row", has_text="Phone Call")).to_have_count(0)

		manager.open("/app/query-report/What to Improve")
		rows(manager).filter(has_text="Email to Tina Tech is refused").locator(
			".escalation-drill"
		).first.click()
		expect(page.locator(".page-form [data-fieldname='outcome'] select")).to_have_value("failed")
		assert value(manager, "step") in (None, ""), "what the last way asked for is forgotten"
		expect(rows(manager)).to_have_count(REFUSED)
		manager.open("/app/query-report/Escalation History")
		assert not value(manager, "person"), "what stood behind one figure is no choice"

		manager.open("/app/query-report/What to Improve?smallest=500")
		expect(
			page.locator(".form-message:visible", has_text="Nothing to improve in this period.")
		).to_be_visible()


@pytest.mark.usefixtures("escalated")
def test_a_figure_of_a_method_opens_its_messages(desk: Desk) -> None:
	with desk.window() as manager:
		manager.log_in("manager@x.test")
		manager.open(f"/app/query-report/Method Effectiveness?plan={PLAN}")
		page = manager.page
		email = rows(manager).filter(has_text="Email")
		email.locator(".escalation-drill", has_text=f"{REFUSED}").last.click()
		page.wait_for_url("**/Escalation%20History**")
		expect(page.locator(".page-form [data-fieldname='method'] input")).to_have_value("Email")
		expect(rows(manager)).to_have_count(REFUSED)
