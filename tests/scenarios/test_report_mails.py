"""Frappe's Auto Email Report of each of our reports: every format, with the dates that Frappe works out, says what the report says."""

import csv
import io
import json
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import frappe
import openpyxl
import pytest
from frappe.desk import query_report

from escalation_mgmt.utils import clock
from tests.world import World

FORMATS = ("HTML", "CSV", "XLSX")
GROUPED = [{}, {"group_by": "plan"}, {"group_by": "person", "columns": "All", "page": "1"}]
OTHER_WAYS = {
	"Escalation History": GROUPED,
	"Response Performance": GROUPED,
	"What to Improve": [{}, {"show": "Tickets"}],
	"SLA Effect": [{}, {"tickets": "all"}],
}
SUBJECT = '=HYPERLINK("http://evil.test","Störung, 2")'


def reports() -> list[str]:
	return frappe.get_all("Report", {"module": "Escalation Mgmt"}, pluck="name", order_by="name")


def mail(report: str, form: str, **filters: Any) -> Any:
	"""A new Auto Email Report, as its form saves it: texts for filters, and the period worked out anew each time."""
	doc = frappe.new_doc("Auto Email Report")
	doc.update(
		{
			"report": report,
			"report_type": "Script Report",
			"user": "manager@x.test",
			"email_to": "boss@x.test",
			"format": form,
			"frequency": "Weekly",
			"dynamic_date_period": "Monthly",
			"from_date_field": "from_date",
			"to_date_field": "to_date",
			"filters": json.dumps(filters),
			"filter_meta": "[]",
			"no_of_rows": 100,
		}
	)
	return doc.insert()


class Cells(HTMLParser):
	"""What stands in the cells of a mail's table."""

	def __init__(self, text: str) -> None:
		super().__init__()
		self.rows: list[list[str]] = []
		self._open = False
		self.feed(text)

	def handle_starttag(self, tag: str, _attributes: Any) -> None:
		if tag == "tr":
			self.rows.append([])
		elif tag in ("td", "th"):
			self.rows[-1].append("")
		self._open = tag in ("td", "th") or (self._open and tag == "a")

	def handle_data(self, data: str) -> None:
		if self._open and self.rows and self.rows[-1]:
			self.rows[-1][-1] += data.strip()


def table(form: str, content: Any) -> list[list[str]]:
	"""The cells of what was sent, the header first."""
	if form == "CSV":
		return list(csv.reader(io.StringIO(content if isinstance(content, str) else content.decode())))
	if form == "XLSX":
		sheet = openpyxl.load_workbook(io.BytesIO(content)).active
		return [["" if cell is None else str(cell) for cell in row] for row in sheet.values]
	return [row for row in Cells(content.split('class="table', 1)[1].split("</table>", 1)[0]).rows if row]


@pytest.fixture
def told(world: World) -> World:
	"""All of them opened today: Frappe's period ends with the day that it is outside of the world."""
	world.plan((0, "Email"), title="Never", priorities=["Urgent"], window=7200)
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	world.ticket("Not due yet", priority="Urgent")
	world.ticket(SUBJECT)
	missed = world.ticket(SUBJECT, priority="Low").name
	at = (clock.to_site(clock.now()) + timedelta(minutes=5)).replace(microsecond=500_000)
	frappe.db.set_value("HD Ticket", missed, {"response_by": at, "agent_group": "Product Experts"})
	world.forward(10)
	world.forward(5)
	world.expect_email("tech@x.test")
	world.expect_email("lead@x.test")
	return world


@pytest.mark.parametrize("form", FORMATS)
def test_each_report_can_be_mailed(told: World, form: str) -> None:
	for report in reports():
		of_tickets = report in ("What to Improve", "SLA Effect")
		for filters in OTHER_WAYS.get(report, [{}]):
			doc = mail(report, form, **({"smallest": "1"} if of_tickets else {}), **filters)
			doc.user = "Administrator" if of_tickets else "manager@x.test"  # a manager may read no ticket
			sent = doc.get_report_content()
			frappe.set_user(doc.user)
			period = {name: doc.filters[name] for name in ("from_date", "to_date")}
			answer = query_report.run(report, filters={"smallest": 1, **filters, **period})
			frappe.set_user("Administrator")
			columns, rows = answer["columns"], answer["result"]
			assert rows, (report, filters)
			found = table(form, sent)
			assert found[0] == ["", *(column["label"] for column in columns)], report
			for cells, row in zip(found[1:], rows, strict=True):
				for column, cell in zip(columns, cells[1:], strict=True):
					value = row.get(column["fieldname"])
					assert (cell == "") == (
						value in (None, "") or (column["fieldtype"] == "Duration" and not value)
					)
					assert not cell.startswith("="), "no spreadsheet computes it"
					assert not isinstance(value, datetime) or cell == f"{value:%Y-%m-%d %H:%M:%S}"
					if isinstance(value, float) and column["fieldtype"] == "Data":
						assert float(cell) == value, (report, column)
					elif column["fieldtype"] in ("Data", "Int", "Dynamic Link"):
						assert cell == str("" if value is None else value), (report, column)


def test_it_is_sent_with_what_its_owner_may_see(told: World) -> None:
	doc = mail("Response Performance", "CSV")
	assert len(table("CSV", doc.get_report_content())) == 3
	doc.user = "stranger@x.test"
	assert doc.get_report_content() is None, "nothing of theirs, and so no mail"
	doc = mail("Load on People", "CSV")
	doc.user = "stranger@x.test"
	with pytest.raises(frappe.PermissionError):
		doc.get_report_content()
	assert frappe.session.user == "Administrator"


def test_it_says_what_the_report_says_above_its_rows(told: World) -> None:
	"""In the mail itself, also where the rows are a file: that SLA Effect names no cause, and Escalation History's summary."""
	for form in ("HTML", "CSV"):
		doc = mail("SLA Effect", form)
		doc.user = "Administrator"
		doc.get_report_content()
		assert "no cause" in doc.get_html_table(), form
	doc = mail("Escalation History", "HTML")
	doc.get_report_content()
	assert re.search(r"<p>Escalations: \d+ · ", doc.get_html_table())
	assert not doc.description, "nothing of it is kept"
