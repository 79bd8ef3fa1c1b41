"""The charts of reports and of the dashboard. Each shows what `figures` has counted, and counts nothing itself.

What a colour means stays, whichever chart it is: green is what was acknowledged or arrived, orange and red what failed, grey what
came to nothing by itself, blue what goes on. Frappe's dashboards give colours by the place of a dataset, so their charts
have the same datasets in the same order always.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_days, formatdate, get_first_day_of_week

from escalation_mgmt import permissions
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.given import parsed
from escalation_mgmt.utils.plain_text import cell
from escalation_mgmt.views import figures
from escalation_mgmt.views.figures.outcomes import NOT_HANDED

DAYS, WEEKS = 30, 13
"""What the dashboard looks back on: reports begin with as many days."""

MOST_ON_DASHBOARD = 5  # so that their names can be read
MOST_PROVIDERS = 5  # bars, for the same reason
ROOM = 12  # characters that Desk shows of a label where there are eight bars, on a screen
GREEN, PALE_GREEN, ORANGE, YELLOW, RED = "#2f9e55", "#86d3a3", "#f0a030", "#f2d14b", "#d64545"
BLUE, PALE_BLUE, NIGHT_BLUE, GREY, PALE_GREY = "#86b6ee", "#a9c9ee", "#4b5fb5", "#9aa3ad", "#cfd5db"

MESSAGES = {
	"arrived": GREEN,
	"taken": PALE_GREEN,
	"unanswered": ORANGE,
	"unknown": YELLOW,
	"failed": RED,
	"waiting": PALE_BLUE,
	"withdrawn": GREY,
}
"""The colour of each of `figures.MESSAGES`, in the order in which they are stacked."""

Part = tuple[str, list[Any], str]
"""Of a chart: what it is, its values, its colour."""


def chart(labels: Sequence[str], parts: Sequence[Part], *, stacked: bool = True) -> dict[str, Any] | None:
	"""Bars, one for each label; None where there is nothing to show."""
	if not labels or not any(value is not None for _name, values, _colour in parts for value in values):
		return None
	return {
		"data": {
			"labels": list(labels),
			"datasets": [{"name": name, "values": values} for name, values, _colour in parts],
		},
		"type": "bar",
		**({"barOptions": {"stacked": 1}} if stacked else {}),
		"colors": [colour for _name, _values, colour in parts],
	}


def message_words() -> dict[str, str]:
	"""How what becomes of messages (`figures.MESSAGES`) is called."""
	return {
		"arrived": _("Arrived"),
		"taken": _("Taken"),
		"unanswered": _("Not Answered"),
		"unknown": _("Unknown"),
		"failed": _("Failed"),
		"waiting": _("Waiting"),
		"withdrawn": _("Withdrawn"),
	}


def messages(rows: list[dict[str, Any]], states: Sequence[str]) -> dict[str, Any] | None:
	"""What became of messages, of these states, by method and provider (`figures.by_method`); where there are too many of these for
	their names to be read, by method.
	"""
	words = message_words()
	if len(rows) > MOST_PROVIDERS:
		methods = dict.fromkeys(row["method"] for row in rows)
		rows = [
			{"method": method, "provider": ""}
			| {name: sum(row[name] for row in rows if row["method"] == method) for name in states}
			for method in methods
		]
	labels = [", ".join(filter(None, (_(row["method"]), cell(row["provider"])))) for row in rows]
	return chart(labels, [(words[name], [row[name] for row in rows], MESSAGES[name]) for name in states])


def people(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
	"""Whom messages went to by night and by day (`figures.by_person`)."""
	day = [row["pages"] - row["at_night"] for row in rows]
	parts = [
		(_("At Night"), [row["at_night"] for row in rows], NIGHT_BLUE),
		(_("By Day"), day, BLUE),
	]
	return chart(_short([cell(row["name"]) for row in rows]), parts)


def _short(names: Sequence[str]) -> list[str]:
	"""People's names as a bar has room for them, each still another: Desk would cut "Technician 11" and "Technician 12" to "Techn ...";
	"T. 11" and "T. 12" it shows.
	"""
	made = [name if len(name) <= ROOM else _by_last_word(name) for name in names]
	return [short if made.count(short) == 1 else name for short, name in zip(made, names, strict=True)]


def _by_last_word(name: str) -> str:
	*first, last = name.split() or [name]
	return " ".join([*(f"{word[0]}." for word in first), last])


def times(labels: Sequence[str], rows: list[dict[str, Any]]) -> dict[str, Any] | None:
	"""Minutes until an acknowledgement, the middle one and of nine in ten (`figures.response`)."""

	def minutes(name: str) -> list[float | None]:
		return [None if row[name] is None else round(row[name] / 60, 1) for row in rows]

	parts = [(_("Median (min)"), minutes("median"), GREEN), (_("9 of 10 (min)"), minutes("p90"), ORANGE)]
	return chart(labels, parts, stacked=False)


def outcomes(labels: Sequence[str], rows: list[dict[str, Any]]) -> dict[str, Any] | None:
	"""How those escalations ended of which a step ran (`figures.response`)."""
	words = {
		"acknowledged": (_("Acknowledged"), GREEN),
		"answered": (_("Answered"), GREY),
		"exhausted": (_("Exhausted"), ORANGE),
		"cancelled": (_("Cancelled"), PALE_GREY),
		"open": (_("Still Open"), PALE_BLUE),
	}
	return chart(
		labels, [(said, [row[name] for row in rows], colour) for name, (said, colour) in words.items()]
	)


def findings(kinds: Sequence[str], counts: list[int]) -> dict[str, Any] | None:
	"""How many findings of each kind there are to improve; None where there are none."""
	made = chart(kinds, [(_("Findings"), counts, ORANGE)]) if any(counts) else None
	return made and {**made, "title": _("Findings by Kind")}


def failures(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
	"""Escalations that reached nobody at some time, or else were exhausted (`figures.response`)."""
	exhausted = [row["failed"] - row["nobody_notified"] for row in rows]
	parts = [
		(_("Exhausted"), exhausted, ORANGE),
		(_("Nobody Notified"), [row["nobody_notified"] for row in rows], RED),
	]
	return chart([cell(row["key"]) if row["key"] else "–" for row in rows], parts)


@frappe.whitelist()
def get(chart_name: str, filters: dict[str, Any] | str | None = None) -> dict[str, Any]:
	"""Labels and datasets of a chart of the dashboard, for whoever asks, of what they may see; empty where there is nothing to show.

	`filters`: those of `figures.read` other than the period. Raises PermissionError for whoever may not read the report behind,
	ValidationError for filters that are none.
	"""
	permissions.only_for_staff()
	if chart_name not in DASHBOARD:
		frappe.throw(_("There is no such chart."))
	made = DASHBOARD[chart_name](parsed(filters, dict, "filters"))
	return made["data"] if made else {}


def last_days() -> dict[str, date]:
	"""The filters of the dashboard's period: DAYS until today, of the site's zone."""
	today = clock.to_site(clock.now()).date()
	return {"from_date": add_days(today, -DAYS), "to_date": today}


def _by_week(filters: Mapping[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
	"""How the last weeks are called, and the figures of each, also of one in which nothing was opened."""
	today = clock.to_site(clock.now()).date()
	first = add_days(get_first_day_of_week(today), -7 * (WEEKS - 1))
	asked = figures.read({**filters, "from_date": first, "to_date": today})
	weeks = [add_days(first, 7 * n) for n in range(WEEKS)]
	found, _total = figures.response(asked, "week")
	known = {row["key"]: row for row in found}
	if not known:
		return [], []
	nothing = dict.fromkeys(found[0], 0) | {"median": None, "p90": None}
	return [formatdate(week, "d MMM") for week in weeks], [known.get(str(week), nothing) for week in weeks]


def _plans(filters: Mapping[str, Any]) -> dict[str, Any] | None:
	rows, _total = figures.response(figures.read({**filters, **last_days()}), "plan")
	failed = sorted((row for row in rows if row["failed"]), key=lambda row: -row["failed"])
	return failures(failed[:MOST_ON_DASHBOARD])


def _methods(filters: Mapping[str, Any]) -> dict[str, Any] | None:
	permissions.only_for_managers()
	rows = figures.by_method(figures.read({**filters, **last_days()}))
	return messages(rows, [name for name in MESSAGES if name not in NOT_HANDED])


def _nights(filters: Mapping[str, Any]) -> dict[str, Any] | None:
	permissions.only_for_managers()
	rows = figures.by_person(figures.read({**filters, **last_days()}))
	return people(sorted(rows, key=lambda row: -row["at_night"])[:MOST_ON_DASHBOARD])


DASHBOARD: dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | None]] = {
	"Escalations by Week": lambda filters: outcomes(*_by_week(filters)),
	"Plans That Fail Most in 30 Days": _plans,
	"Time to Acknowledge by Week": lambda filters: times(*_by_week(filters)),
	"Whom Escalations Wake in 30 Days": _nights,
	"What Became of Messages in 30 Days": _methods,
}
"""The charts of the dashboard by their names, most telling first."""
