"""A manager asks which plan fails most and whom it wakes: at most three clicks from the workspace, the rows behind included
(test_sla_effect.py: whether the SLA got better). What they export is what they see, and what was written.
"""

import csv
import io
import json
import re
import statistics
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.browser import past
from tests.browser.desk import SITE, Desk, Window, run
from tests.browser.seen import at_every_width, expect_seen

COUNT_CLICKS = """() => {
	window.clicks = 0;
	document.addEventListener("click", (event) => event.isTrusted && window.clicks++, true);
}"""
FIRST_LABEL = """(title) => {
	const box = [...document.querySelectorAll(".dashboard-widget-box")].find((each) => each.querySelector(".widget-title")?.innerText.trim() === title);
	return box?.querySelector(".x.axis text, .x-axis text, g[class*='x axis'] text")?.textContent || "";
}"""
BESIDE = """(dir) => {
	document.documentElement.dir = dir;
	const [dot, label] = ["dot", "dataset-label"].map((part) => document.querySelector(`.chart-wrapper .legend-${part}`).getBoundingClientRect());
	document.documentElement.dir = "ltr";
	return label.left - dot.right;
}"""
LONG_LEGEND = """() => frappe.query_report.render_chart({
	type: "bar",
	barOptions: { stacked: 1 },
	data: {
		labels: ["SMS"],
		datasets: ["Answered", "Delivered", "Sent", "Not Answered", "Unknown", "Failed", "Withdrawn"].map((name) => ({ name, values: [1] })),
	},
})"""


@pytest.fixture(scope="module")
def truth(desk: Desk) -> Iterator[list[dict[str, Any]]]:
	yield json.loads(run("-m", "tests.browser.past", SITE).splitlines()[-1])
	run("-m", "tests.browser.past", SITE, "remove")


def begin(window: Window) -> None:
	"""On the workspace; what is clicked from here on counts."""
	window.open_workspace()
	window.page.evaluate(f"({COUNT_CLICKS})()")


def clicks(window: Window) -> int:
	return window.page.evaluate("window.clicks")


def rows_shown(window: Window, field: str) -> list[dict[str, Any]]:
	"""The rows of the report that has this field, when it has come."""
	window.page.wait_for_function(
		"(field) => frappe.query_report?.data?.some((row) => field in row)", arg=field
	)
	window.page.locator(".dt-scrollable .dt-row:visible").first.wait_for()
	window.idle()
	return window.page.evaluate("frappe.query_report.data")


def expect_rows_of(window: Window, items: list[dict[str, Any]]) -> None:
	"""The history comes to show these, and none of the others that were written."""
	window.page.wait_for_function(
		"""(names) => {
			const shown = new Set((frappe.query_report?.data || []).map((row) => row.action_item).filter((name) => name?.startsWith("ESC-PAST")));
			return shown.size === names.length && names.every((name) => shown.has(name));
		}""",
		arg=[each["item"] for each in items],
	)
	expect(window.page.locator(".dt-scrollable .dt-row:visible").first).to_be_visible()


def test_which_plan_fails_most_and_whom_it_wakes(desk: Desk, truth: list[dict[str, Any]]) -> None:
	with desk.window() as manager:
		manager.log_in("manager@x.test")
		begin(manager)
		page = manager.page
		page.locator(".shortcut-widget-box", has_text="Dashboard").click()
		page.wait_for_url("**/dashboard-view/Escalation")
		for title, answer in (
			("Plans That Fail Most in 30 Days", past.WORSE),
			("Whom Escalations Wake in 30 Days", "Tina Tech"),
		):
			page.wait_for_function(f"(title) => ({FIRST_LABEL})(title)", arg=title)
			assert page.evaluate(FIRST_LABEL, title) == answer
		assert clicks(manager) == 1
		page.locator(".number-widget-box", has_text="Exhausted in 30 Days").locator(".number").click()
		page.wait_for_url("**/query-report/Escalation*History**")
		expect_rows_of(manager, [each for each in truth if each["failed"]])
		assert clicks(manager) == 2


def test_the_dashboard_can_be_read_at_every_width(desk: Desk, truth: list[dict[str, Any]]) -> None:
	with desk.window() as manager:
		manager.log_in("manager@x.test")
		manager.open("/app/dashboard-view/Escalation")
		page = manager.page
		for _where in at_every_width(manager, 390, 1280):
			for card in ("Escalations", "Acknowledged", "Median Time to Acknowledge", "Exhausted"):
				box = page.locator(".number-widget-box", has_text=f"{card} in 30 Days")
				expect_seen(box.locator(".number"))
				expect_seen(box.locator(".widget-title"))
			assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
			expect(page.locator(".dashboard-widget-box .frappe-chart:visible")).to_have_count(5)
		for report in ("Escalation History", "Method Effectiveness"):
			manager.open(f"/app/query-report/{report}")
			for _where in at_every_width(manager, 390, 1280):
				rows_shown(manager, "method")
				page.evaluate(LONG_LEGEND)
				for what in ("Answered", "Failed", "Withdrawn"):
					expect_seen(page.locator(".legend-dataset-label", has_text=re.compile(f"^{what}$")))
				assert page.evaluate(BESIDE, "ltr") >= 0 and page.evaluate(BESIDE, "rtl") >= 0


@pytest.mark.parametrize(
	("report", "row", "field"),
	[("Response Performance", past.WORSE, "plan"), ("Load on People", "Tina Tech", "person")],
)
def test_from_a_figure_to_its_rows(
	desk: Desk, truth: list[dict[str, Any]], report: str, row: str, field: str
) -> None:
	with desk.window() as manager:
		manager.log_in("manager@x.test")
		begin(manager)
		page = manager.page
		page.locator(".links-widget-box a.link-item", has_text=report).click()
		page.wait_for_url(f"**/query-report/{report.replace(' ', '*')}**")
		(figure,) = [each for each in rows_shown(manager, "share") if row in each.values()]
		mine = [each for each in truth if each[field] == row]
		if field == "plan":
			assert figure["failed"] == sum(each["failed"] for each in mine)
		else:
			assert figure["at_night"] >= sum(each["pages"] for each in mine)
		page.locator(".dt-scrollable .dt-row .escalation-drill", has_text=row).click()
		page.wait_for_url("**/query-report/Escalation*History**")
		expect_rows_of(manager, mine)
		assert clicks(manager) == 2
		if field == "person":
			manager.open("/app/query-report/Escalation History?person=gone@x.test")
			expect(page.get_by_text("Nothing to show")).to_be_visible()
			who = page.locator(".page-form [data-fieldname='person'] input")
			expect(who).to_have_value("gone@x.test")
			who.fill("tina")
			expect(page.locator(".page-form [data-fieldname='person'] li")).to_have_text(
				re.compile(r"tech@x\.test\s*Tina Tech")
			)


def exported(window: Window, form: str) -> list[list[str]]:
	"""By the menu and the dialog, as anybody does."""
	page = window.page
	page.evaluate("frappe.query_report.export_report()")
	dialog = page.locator(".modal.show")
	dialog.locator("[data-fieldname='file_format'] select").select_option(form)
	with page.expect_download() as download:
		dialog.locator(".btn-modal-primary, .btn-primary").last.click()
	expect(dialog).to_have_count(0)
	content = download.value.path().read_bytes()
	if form == "CSV":
		return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
	sheet = openpyxl.load_workbook(io.BytesIO(content)).active
	assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row), "no formula"
	return [["" if cell is None else str(cell) for cell in row] for row in sheet.values]


def same(said: str, value: Any) -> bool:
	"""Whether a cell of a file says what a row of the report has."""
	if value in (None, ""):
		return said == ""
	if isinstance(value, int | float) and not isinstance(value, bool):
		return float(said) == pytest.approx(value)
	return said.split(".", maxsplit=1)[0] == str(value).split(".")[0]


@pytest.mark.parametrize(
	("report", "filters", "form"),
	[
		("Escalation History", {"columns": "All", "group_by": "plan"}, "CSV"),
		("Escalation History", {"columns": "All"}, "Excel"),
		("Response Performance", {}, "CSV"),
		("Load on People", {}, "Excel"),
		("Method Effectiveness", {}, "CSV"),
	],
)
def test_what_is_exported_is_what_is_shown(
	desk: Desk, truth: list[dict[str, Any]], report: str, filters: dict[str, str], form: str
) -> None:
	with desk.window() as manager:
		manager.log_in("manager@x.test")
		query = "&".join(f"{name}={value}" for name, value in {"team": past.TEAM, **filters}.items())
		manager.open(f"/app/query-report/{report}?{query}")
		shown = rows_shown(
			manager, "escalations" if report in ("Response Performance", "Load on People") else "method"
		)
		columns = manager.page.evaluate(
			"frappe.query_report.columns.map(({ fieldname, label, fieldtype }) => [fieldname, label, fieldtype])"
		)
		aligned = "(field) => frappe.query_report.datatable.getColumns().find((each) => each.fieldname === field).align"
		assert (
			manager.page.evaluate(aligned, columns[1 if report == "Escalation History" else 0][0]) == "left"
		)
		header, *found = exported(manager, form)
		assert header == [label for _field, label, _type in columns]
		assert len(found) == len(shown)
		for cells, row in zip(found, shown, strict=True):
			for (field, _label, kind), said in zip(columns, cells, strict=True):
				assert not said.lstrip().startswith(("=", "@", "+")), "no formula"
				if kind != "Duration":  # words, in files
					assert same(said.strip(), row.get(field)), (field, said, row.get(field))
		by_field = [dict(zip([field for field, *_rest in columns], cells, strict=True)) for cells in found]
		check(report, by_field, truth)


def check(report: str, found: list[dict[str, str]], truth: list[dict[str, Any]]) -> None:
	"""The file against what was written."""
	if report == "Escalation History":
		pages = sum(each["pages"] for each in truth)
		mine = [row for row in found if row["action_item"].startswith("ESC-PAST")]
		assert len(mine) == pages
		subjects = {each["item"]: each["subject"] for each in truth}
		for row in mine:
			said = row["subject"].removeprefix("'")
			plain = str.maketrans('"”’\t', "''' ")
			assert said.translate(plain).replace("< ", "<") == subjects[row["action_item"]].translate(
				plain
			).replace("< ", "<")
		taken = {row["action_item"] for row in mine if row["time_to_acknowledge"]}
		assert taken == {each["item"] for each in truth if each["seconds"]}
	elif report == "Response Performance":
		for plan in (past.WORSE, past.BETTER):
			(row,) = [each for each in found if each["label"] == plan]
			mine = [each for each in truth if each["plan"] == plan]
			times = sorted(each["seconds"] for each in mine if each["seconds"])
			assert int(row["escalations"]) == len(mine)
			assert int(row["failed"]) == len(mine) - len(times)
			assert float(row["share"]) == pytest.approx(100 * len(times) / len(mine), abs=0.05)
			middle = int(statistics.median(times) + 0.5)
			assert row["median"] == f"{middle // 60}m {middle % 60}s"
	else:
		assert sum(int(row["pages"]) for row in found) == sum(each["pages"] for each in truth)
