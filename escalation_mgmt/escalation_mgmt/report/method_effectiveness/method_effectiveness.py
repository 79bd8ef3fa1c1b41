"""Method Effectiveness: what became of pages, by method and provider, and after which of them somebody acknowledged."""

from typing import Any

from frappe import _

from escalation_mgmt.utils.plain_text import cell
from escalation_mgmt.views import figures
from escalation_mgmt.views.report_parts import column, count, duration, percent

COLOURS = {
	"arrived": "#2f9e55",
	"taken": "#86d3a3",
	"unanswered": "#f0a030",
	"unknown": "#f2d14b",
	"failed": "#d64545",
	"waiting": "#a9c9ee",
	"withdrawn": "#9aa3ad",
}
"""Of the chart, in the order in which its bars are stacked: green is what arrived, red what didn't."""


def execute(filters: dict[str, Any] | None = None) -> tuple[list[dict], list[dict], None, dict | None]:
	"""Columns, rows and chart. `filters`: what `views.figures.read` knows. Figures: `figures.by_method`; None where there is none."""
	rows = [
		{**row, "label": _(row["method"]), "provider": cell(row["provider"])}
		for row in figures.by_method(figures.read(filters))
	]
	return _columns(), rows, None, _chart(rows)


def _chart(rows: list[dict]) -> dict[str, Any] | None:
	shown = [name for name in COLOURS if any(row[name] for row in rows)]
	if not shown:
		return None
	labels = [f"{row['label']}, {row['provider']}" if row["provider"] else row["label"] for row in rows]
	words = _words()
	datasets = [{"name": words[name], "values": [row[name] for row in rows]} for name in shown]
	return {
		"data": {"labels": labels, "datasets": datasets},
		"type": "bar",
		"barOptions": {"stacked": 1},
		"colors": [COLOURS[name] for name in shown],
	}


def _words() -> dict[str, str]:
	return {
		"arrived": _("Arrived"),
		"taken": _("Taken"),
		"unanswered": _("Not Answered"),
		"unknown": _("Unknown"),
		"failed": _("Failed"),
		"waiting": _("Waiting"),
		"withdrawn": _("Withdrawn"),
	}


def _columns() -> list[dict[str, Any]]:
	words = _words()
	return [
		column("label", _("Method"), "Data", 170),
		column("provider", _("Provider"), "Data", 140),
		count("pages", _("Messages")),
		percent("failing", _("Share Failed")),
		count("led", _("Led to an Acknowledgement"), 210),
		duration("median", _("Median Time from It"), 170),
		*(count(name, words[name]) for name in COLOURS),
	]
