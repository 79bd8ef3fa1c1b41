"""Did the SLA get better since this plan? A manager sees it within three clicks, and the tickets behind it with one more."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser import past_tickets
from tests.browser.desk import SITE, Desk, Window, run
from tests.browser.seen import expect_seen

PLAN = past_tickets.PLAN_NAME


@pytest.fixture(scope="module")
def a_year(desk: Desk) -> Iterator[Desk]:
	run("-m", "tests.browser.past_tickets", SITE)
	yield desk
	run("-m", "tests.browser.past_tickets", SITE, "drop")


def summary(window: Window) -> dict[str, str]:
	items = window.page.locator(".report-summary .summary-item")
	expect(items.filter(has_text="Difference")).to_be_visible()
	said = [item.split("\n") for item in items.all_inner_texts()]
	return {lines[0].strip(): lines[-1].strip() for lines in said}


def test_whether_it_got_better_in_three_clicks(a_year: Desk) -> None:
	with a_year.window() as manager:
		manager.log_in(past_tickets.READER)
		manager.open("/app/escalation")
		page = manager.page
		page.locator(".links-widget-box .link-item", has_text="SLA Effect").click()
		plan = page.locator(".page-form [data-fieldname='plan'] input")
		plan.click()
		page.locator("[role='option']:visible", has_text=PLAN).first.click()
		expect(page.get_by_text(f"plan {PLAN} was first enabled on")).to_be_visible()
		said = summary(manager)
		assert said["First Response, Since"].startswith("83 % of"), said
		assert said["First Response, Difference"] == "+50 points"
		expect_seen(page.locator(".report-summary .summary-value").first)
		expect(page.get_by_text("this names no cause")).to_be_visible()
		expect(page.locator(".chart-container .bar").first).to_be_attached()

		row = page.locator(".dt-scrollable .dt-row", has_text="Since").nth(1)
		missed = row.locator(".dt-cell--col-7 .escalation-tickets")
		count = int(missed.inner_text())
		missed.click()
		shown = page.locator(".dt-scrollable .dt-row", has_text="stays open")
		expect(shown).to_have_count(count)
		expect(shown.first).to_contain_text("20m")
		back = page.get_by_role("button", name="Back to the Months")
		back.click()
		expect(page.locator(".dt-scrollable .dt-row", has_text="Before").first).to_be_visible()
		expect(back).to_be_hidden()
		expect(plan).to_have_value(PLAN)

		manager.go("/app/escalation")
		manager.go("/app/query-report/SLA Effect")
		manager.page.reload()
		manager.ready()
		expect(plan).to_have_value(PLAN)  # it is remembered


def test_on_a_phone(a_year: Desk) -> None:
	with a_year.window(phone=True) as manager:
		manager.log_in(past_tickets.READER)
		manager.open(f"/app/query-report/SLA Effect?plan={PLAN}&reference_doctype=HD Ticket")
		of = manager.page.locator(".page-form [data-fieldname='reference_doctype'] input")
		expect(of).to_have_value("HD Ticket")  # they may read no DocType, and may ask for one
		assert summary(manager)["First Response, Difference"] == "+50 points"
		expect_seen(manager.page.locator(".report-summary .summary-value").first)
		assert manager.page.evaluate("document.documentElement.scrollWidth") <= 390
