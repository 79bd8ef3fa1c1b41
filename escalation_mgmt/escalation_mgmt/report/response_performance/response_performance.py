"""Response Performance: how fast escalations are acknowledged, and how many are, by whatever the reader groups them by."""

from typing import Any

import frappe
from frappe import _

from escalation_mgmt.utils.plain_text import cell
from escalation_mgmt.views import charts, figures
from escalation_mgmt.views.report_parts import column, count, duration, percent, rounded, summary

MOST_BARS = 30


def execute(
	filters: dict[str, Any] | None = None,
) -> tuple[list[dict], list[dict], None, dict | None, list[dict]]:
	"""Columns, rows, chart and summary. `filters`: what `views.figures.read` knows, and `group_by`, one of `figures.GROUPS` (by
	default the plan). Durations are in seconds, shares in percent; None where there is none.
	"""
	filters = frappe._dict(filters or {})
	by = filters.group_by or "plan"
	if by not in figures.GROUPS:
		frappe.throw(_("Choose what to group by."))
	found, total = figures.response(figures.read(filters), by)
	rows = [
		{
			**row,
			"label": _label(by, row["key"]),
			"share": rounded(row["share"]),
		}
		for row in found
	]
	timed = [row for row in rows if row["median"] is not None][:MOST_BARS]
	chart = charts.times([row["label"] for row in timed], timed)
	return _columns(by), rows, None, chart, summary(total)


def group_labels() -> dict[str, str]:
	"""How what figures can be grouped by is called."""
	return {
		"plan": _("Plan"),
		"clock": _("Clock"),
		"priority": _("Priority"),
		"team": _("Team"),
		"customer": _("Customer"),
		"person": _("Acknowledged By"),
		"hour": _("Hour of the Day"),
		"week": _("Week"),
		"month": _("Month"),
	}


def _label(by: str, key: str | None) -> str:
	if not key:
		return _("Nobody") if by == "person" else "–"
	if by == "hour":
		return f"{key}:00"
	return _(key) if by == "clock" else str(cell(key))


def _columns(by: str) -> list[dict[str, Any]]:
	return [
		column("label", group_labels()[by], "Data", 200),
		count("escalations", _("Escalations")),
		count("ran", _("A Step Ran")),
		count("acknowledged", _("Acknowledged"), 130),
		percent("share", _("Share Acknowledged"), 220),
		count("failed", _("Failed")),
		duration("median", _("Median Time to Acknowledge"), 220),
		duration("p90", _("90th Percentile")),
		count("answered", _("Answered, Not Acknowledged"), 190),
		count("exhausted", _("Exhausted")),
		count("cancelled", _("Cancelled")),
		count("open", _("Still Open")),
		count("nobody_notified", _("Nobody Notified"), 120),
	]
