"""The history, as its reader sees it: what didn't happen is empty, and what is answered is called so."""

import re

from playwright.sync_api import expect

from tests.browser.desk import Desk, plan_for
from tests.browser.seen import at_every_width, expect_seen
from tests.browser.test_desk import log_ticket

SUBJECT = "The gate at the north entrance stays open"
PLAN = "[Night] Gate"  # which Desk would take for a list where a way leads to it
STEP = {"method": "Email", "whom": "User", "user": "second@x.test"}
FORMATTED = """(value) => {
	const column = frappe.query_report.columns.find(({ fieldname }) => fieldname === "time_to_acknowledge");
	return frappe.query_report.report_settings.formatter(value, [], column, {}, frappe.form.formatters.Duration);
}"""


def test_what_nobody_acknowledged_has_no_time(desk: Desk) -> None:
	desk.as_administrator("frappe.client.insert", doc=plan_for(SUBJECT, PLAN, STEP, window=7200))
	try:
		with desk.window() as manager:
			manager.log_in("admin@x.test")
			item = log_ticket(manager, SUBJECT, "Low")
			manager.open("/app/query-report/Escalation History")
			page = manager.page
			row = page.locator(".dt-scrollable .dt-row", has_text=SUBJECT)
			expect(row).to_have_count(1)
			expect(row.locator(f"a[href$='/escalation-action-item/{item}']")).to_have_text(SUBJECT)
			page.locator(".page-form [data-fieldname='columns'] select").select_option("All")
			cell = row.locator(".dt-cell", has_text=item)
			expect(cell.first).to_be_attached()
			cells = [cell.strip() for cell in row.locator(".dt-cell").all_inner_texts()]
			assert item in cells and "0s" not in cells, cells
			assert page.evaluate(FORMATTED, None) == ""
			assert page.evaluate(FORMATTED, 0) == "0s", "acknowledged in the same second"
			status = page.locator(".page-form [data-fieldname='status'] select")
			expect(status.locator("option[value='Resolved']")).to_have_text("Answered")

			manager.open("/app/query-report/Response Performance")
			expect(page.locator(".report-summary .summary-item").first).to_contain_text("Escalations")
			page.evaluate("frappe.query_report.set_filter_value('from_date', '')")
			way = page.locator(".dt-scrollable .dt-row .escalation-drill", has_text=PLAN)
			expect(way).to_have_attribute("data-filters", re.compile('"from_date":""'))
			way.click()
			page.wait_for_url("**/Escalation%20History**")
			expect(page.locator(".page-form [data-fieldname='plan'] input")).to_have_value(
				re.compile(re.escape(PLAN))
			)
			expect(page.locator(".page-form [data-fieldname='from_date'] input")).to_have_value("")
			expect(page.locator(".dt-scrollable .dt-row", has_text=SUBJECT)).to_have_count(1)

			name = manager.server(
				"frappe.client.get_value",
				doctype="Escalation Action Item",
				filters=item,
				fieldname="reference_name",
			)
			ticket = name["reference_name"]
			manager.server(
				"frappe.client.set_value",
				doctype="HD Ticket",
				name=ticket,
				fieldname="status",
				value="Resolved",
			)
			manager.open(f"/app/escalation-action-item/{item}")
			expect(manager.shown("status")).to_have_text("Answered")
			pill = page.locator(".page-head .indicator-pill:visible")
			expect(pill).to_have_text("Answered")
			manager.go("/app/escalation-action-item")
			for _where in at_every_width(manager):
				listed = page.locator(".list-row", has_text=SUBJECT)
				expect(listed.locator(".indicator-pill:visible").first).to_have_text("Answered")
				expect_seen(listed.locator(".indicator-pill:visible"))
	finally:
		desk.as_administrator(
			"frappe.client.set_value", doctype="Escalation Plan", name=PLAN, fieldname="enabled", value=0
		)
		desk.inbox.take_all()
