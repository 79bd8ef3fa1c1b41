"""Load on People: whom escalations wake, how often and at night, and how many of them they took."""

from typing import Any

from frappe import _

from escalation_mgmt.utils.plain_text import cell
from escalation_mgmt.views import charts, figures
from escalation_mgmt.views.report_parts import column, count, percent, rounded

MOST_BARS = 8  # so that their names can be read


def execute(filters: dict[str, Any] | None = None) -> tuple[list[dict], list[dict], None, dict | None]:
	"""Columns, rows and chart. `filters`: what `views.figures.read` knows. Figures: `figures.by_person`."""
	rows = [
		{**row, "name": cell(row["name"]), "share": rounded(row["share"])}
		for row in figures.by_person(figures.read(filters))
	]
	return _columns(), rows, None, charts.people(rows[:MOST_BARS])


def _columns() -> list[dict[str, Any]]:
	return [
		column("name", _("Person"), "Data", 200),
		count("escalations", _("Escalations")),
		count("pages", _("Messages")),
		count("calls", _("Calls")),
		count("at_night", _("At Night")),
		count("nights", _("Nights Woken"), 130),
		count("acknowledged", _("Acknowledged"), 130),
		percent("share", _("Share Acknowledged"), 220),
	]
