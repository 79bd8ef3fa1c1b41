"""What the workspace's number cards show that no filter can say. Each of what the present user may see."""

import json
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.dispatch import monitor
from escalation_mgmt.engine import Clock, Status
from escalation_mgmt.storage import wording
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.views import charts, figures
from escalation_mgmt.views.report_parts import NONE, time, whole_percent

HISTORY, RESPONSE = "Escalation History", "Response Performance"


@frappe.whitelist()
def overdue(filters: Any = None) -> dict[str, Any]:
	"""How many steps are overdue (`monitor.TOLERATED`), and the list of them."""
	# "<" alone takes what is due never, too.
	late = [["is", "set"], ["<", f"{clock.now() - monitor.TOLERATED:%Y-%m-%d %H:%M:%S}"]]
	found = frappe.get_list(
		ITEM,
		filters=[[ITEM, "due_utc", *each] for each in late],
		pluck="name",
		order_by="name",
	)
	return {
		"value": len(found),
		"fieldtype": "Int",
		"route": ["List", ITEM],
		"route_options": {"due_utc": [json.dumps(each) for each in late]},
	}


@frappe.whitelist()
def time_to_acknowledge_today(filters: Any = None) -> str:
	"""The median time to acknowledge of those acknowledged today (site's zone); clock by clock, where there are several."""
	today = clock.to_site(clock.now()).date()
	rows, _total = figures.response(figures.read({"acknowledged_from": today}), "clock")
	median = {row["key"]: wording.duration(row["median"]) for row in rows}
	if len(median) > 1:  # nobody asks for the middle one of answers and repairs
		return ", ".join(f"{_(of)} {median[of]}" for of in Clock if of in median)
	return next(iter(median.values()), NONE)


@frappe.whitelist()
def escalations(filters: Any = None) -> dict[str, Any]:
	"""How many escalations the dashboard's period had."""
	return _opening("escalations", "Int", RESPONSE)


@frappe.whitelist()
def acknowledged(filters: Any = None) -> dict[str, Any] | str:
	"""Which share of them was acknowledged, in percent."""
	return _opening("share", "Percent", RESPONSE)


@frappe.whitelist()
def median(filters: Any = None) -> str:
	"""Their median time to acknowledge."""
	return time(_total()["median"])


@frappe.whitelist()
def p90(filters: Any = None) -> str:
	"""Within which time nine of ten of them were acknowledged."""
	return time(_total()["p90"])


@frappe.whitelist()
def exhausted(filters: Any = None) -> dict[str, Any]:
	"""How many of them nobody acknowledged until the end."""
	return _opening("exhausted", "Int", HISTORY, status=Status.EXHAUSTED)


@frappe.whitelist()
def nobody_notified(filters: Any = None) -> dict[str, Any]:
	"""How many of them reached nobody at some time, and the list of them."""
	since = f"{figures.read(charts.last_days()).begins:%Y-%m-%d %H:%M:%S}"
	return {
		"value": _total()["nobody_notified"],
		"fieldtype": "Int",
		"route": ["List", ITEM],
		"route_options": {"nobody_notified": 1, "opened_utc": json.dumps([">=", since])},
	}


def _total() -> dict[str, Any]:
	return figures.total(figures.read(charts.last_days()))


def _opening(figure: str, fieldtype: str, report: str, **filters: Any) -> Any:
	"""A card of one figure, which opens the report that has it; `NONE`, which opens nothing, where there is no figure."""
	value = _total()[figure]
	if value is None:
		return NONE
	options = {name: str(day) for name, day in charts.last_days().items()}
	# By this name the report knows that it is asked for these, and not for what was chosen in it last (report_filters.js).
	asked = {**options, **filters, "ignore_prepared_report": 1}
	return {
		"value": whole_percent(value) if fieldtype == "Percent" else value,
		"fieldtype": fieldtype,
		"precision": "0",
		"route": ["query-report", report],
		"route_options": asked,
	}
