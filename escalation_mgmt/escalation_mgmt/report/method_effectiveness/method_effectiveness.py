"""Method Effectiveness: what became of pages, by method and provider, and after which of them somebody acknowledged."""

from typing import Any

from frappe import _

from escalation_mgmt.utils.plain_text import cell
from escalation_mgmt.views import charts, figures
from escalation_mgmt.views.report_parts import column, count, duration, percent, rounded


def execute(filters: dict[str, Any] | None = None) -> tuple[list[dict], list[dict], None, dict | None]:
	"""Columns, rows and chart. `filters`: what `views.figures.read` knows. Figures: `figures.by_method`; None where there is none."""
	rows = [
		{
			**row,
			"label": _(row["method"]),
			"provider": cell(row["provider"]),
			"failing": rounded(row["failing"]),
		}
		for row in figures.by_method(figures.read(filters))
	]
	shown = [name for name in charts.MESSAGES if any(row[name] for row in rows)]
	named = any(row["provider"] for row in rows)
	return _columns(named), rows, None, charts.messages(rows, shown)


def _columns(with_providers: bool) -> list[dict[str, Any]]:
	words = charts.message_words()
	return [
		column("label", _("Method"), "Data", 170),
		*([column("provider", _("Provider"), "Data", 140)] if with_providers else []),
		count("pages", _("Messages")),
		percent("failing", _("Share Failed"), 160),
		count("led", _("Led to an Acknowledgement"), 240),
		duration("median", _("Median Time from It"), 170),
		*(count(name, words[name]) for name in charts.MESSAGES),
	]
