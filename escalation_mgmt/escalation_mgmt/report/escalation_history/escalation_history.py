"""Escalation History: one row for each step and person, whether they were reached or not."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_days, get_datetime

from escalation_mgmt.engine import EventKind
from escalation_mgmt.storage import wording
from escalation_mgmt.storage.action_items import tally
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import bounds, clock
from escalation_mgmt.utils.doctypes import EVENT, ITEM, NOTIFICATION, PLAN
from escalation_mgmt.utils.plain_text import cell

ITEM_FIELDS = [
	*(
		"name",
		"reference_doctype",
		"reference_name",
		"ticket_subject",
		"priority",
		"team",
		"plan",
		"clock",
		"status",
	),
	*("opened_utc", "acknowledged_utc", "acknowledged_by", "acknowledged_via", "ack_requests", "acks"),
]

UNREACHABLE = "Unreachable"
"""Of somebody to whom no message could be made."""

COLOURS = {
	MessageState.ANSWERED: "#1b6b38",
	MessageState.DELIVERED: "#2f9e55",
	MessageState.SENT: "#86d3a3",
	MessageState.SENDING: "#3b82d6",
	MessageState.QUEUED: "#a9c9ee",
	MessageState.NOT_ANSWERED: "#f0a030",
	MessageState.UNKNOWN: "#f2d14b",
	MessageState.FAILED: "#d64545",
	UNREACHABLE: "#8c1d1d",
	MessageState.WITHDRAWN: "#9aa3ad",
}
"""Of the chart, in the order in which its bars are stacked: green is what arrived, red what didn't."""


def execute(filters: dict[str, Any] | None = None) -> tuple[list[dict], list[dict], None, dict | None]:
	"""Columns, rows and chart. `filters`: from_date, to_date (of creation, in the site's zone, both inclusive),
	plan, clock, priority, team, person (a user), status, reference_doctype, ticket."""
	filters = frappe._dict(filters or {})
	for name in ("from_date", "to_date"):
		if filters.get(name):
			filters[name] = bounds.day(filters[name])
	if filters.from_date and filters.to_date and filters.from_date > filters.to_date:
		frappe.throw(_("The period ends before it begins. Exchange From and To."))
	items = _items(filters)
	rows = [_row(items[part.action_item], part) for part in _parts(items, filters.person)]
	with_lines = {row["action_item"] for row in rows}
	if not filters.person:  # an item of which no step has run yet is history as well
		rows += [_row(item, frappe._dict()) for name, item in items.items() if name not in with_lines]
	# By instants: what the site's clock shows comes twice in the hour in which it goes back.
	rows.sort(key=lambda row: row.pop("order"))
	return _columns(), rows, None, _chart(rows)


def _items(filters: Any) -> dict[str, Any]:
	"""The action items of the period that the present user may see, by name."""
	wanted: list[list] = []
	if filters.from_date:
		wanted.append(["opened_utc", ">=", clock.day_begins(filters.from_date)])
	if filters.to_date:
		wanted.append(["opened_utc", "<", clock.day_begins(add_days(filters.to_date, 1))])
	for fieldname in ("plan", "clock", "priority", "team", "status", "reference_doctype"):
		if filters.get(fieldname):
			wanted.append([fieldname, "=", filters.get(fieldname)])
	if filters.ticket:
		wanted.append(["reference_name", "=", str(filters.ticket)])
	found = frappe.get_list(ITEM, filters=wanted, fields=ITEM_FIELDS, order_by="opened_utc asc, name asc")
	return {item.name: item for item in found}


def _parts(items: dict[str, Any], person: str | None) -> list[Any]:
	"""What happened to single people: messages, and those whom a step couldn't reach."""
	if not items:
		return []
	pages = frappe.get_all(
		NOTIFICATION,
		filters={
			"action_item": ("in", list(items)),
			"purpose": Purpose.PAGE,
			**({"user": person} if person else {}),
		},
		fields=[
			*("name", "action_item", "step", "run", "method", "recipient", "status", "detail"),
			*("planned_utc", "sent_utc", "possible_duplicate"),
		],
		order_by="name asc",
	)
	missed = frappe.get_all(
		EVENT,
		filters={"action_item": ("in", list(items)), "kind": str(EventKind.UNREACHABLE), "step": (">", 0)},
		fields=["name", "action_item", "step", "run", "at_utc", "data"],
		order_by="name asc",
	)
	return [*pages, *(part for part in map(_missed, missed) if not person or part.user == person)]


def _missed(event: Any) -> Any:
	data = json.loads(event.data or "{}")
	return frappe._dict(
		name=event.name,
		action_item=event.action_item,
		step=event.step,
		run=event.run,
		method=data.get("method"),
		recipient=data.get("who"),
		user=data.get("user"),
		status=UNREACHABLE,
		detail=data.get("reason"),
		planned_utc=event.at_utc,
	)


def _row(item: Any, part: Any) -> dict[str, Any]:
	"""Every text in it is plain: names of priorities, teams and tickets, too, which are stored as their DocTypes have them."""
	late = _between(part.planned_utc, part.sent_utc)
	row = {
		"action_item": item.name,
		"ticket_doctype": item.reference_doctype,
		"ticket": item.reference_name,
		"subject": item.ticket_subject,
		"priority": item.priority,
		"team": item.team,
		"plan": item.plan,
		"clock": _(item.clock),
		"status": wording.status(item.status),
		"created": clock.to_site(item.opened_utc),
		"step": part.step,
		"run": (part.run or 0) + 1 if part.step else None,
		"method": part.method,
		"person": part.recipient,
		"planned": clock.to_site(part.planned_utc),
		"sent": clock.to_site(part.sent_utc),
		"lateness": late,
		"outcome": _outcome(part),
		"state": part.status,
		"detail": part.detail,
		"acknowledged_at": clock.to_site(item.acknowledged_utc),
		"acknowledged_by": item.acknowledged_by,
		"acknowledgements": tally(item),
		"acknowledged_via": item.acknowledged_via,
		"time_to_acknowledge": _between(item.opened_utc, item.acknowledged_utc),
		"order": (item.opened_utc, item.name, part.planned_utc or item.opened_utc, part.name or ""),
	}
	return {field: cell(value) if isinstance(value, str) else value for field, value in row.items()}


def _outcome(part: Any) -> str | None:
	if not part.status:
		return None
	return f"{_(part.status)} ({_('possible duplicate')})" if part.possible_duplicate else _(part.status)


def _between(start: Any, end: Any) -> float | None:
	"""Seconds from one instant to another, never negative."""
	if not start or not end:
		return None
	return max(get_datetime(end) - get_datetime(start), timedelta(0)).total_seconds()


def _chart(rows: list[dict]) -> dict[str, Any] | None:
	"""How many messages each method had, by state: each in its own colour, whichever others there are."""
	counts = Counter((row["method"], row["state"]) for row in rows if row["method"] and row["state"])
	methods = sorted({method for method, _state in counts})
	states = [state for state in COLOURS if any((method, state) in counts for method in methods)]
	if not methods:
		return None
	datasets = [
		{"name": _(state), "values": [counts[method, state] for method in methods]} for state in states
	]
	return {
		"data": {"labels": [_(method) for method in methods], "datasets": datasets},
		"type": "bar",
		"barOptions": {"stacked": 1},
		"colors": [COLOURS[state] for state in states],
	}


def _columns() -> list[dict[str, Any]]:
	def column(fieldname: str, label: str, fieldtype: str, width: int, **more: Any) -> dict[str, Any]:
		return {"fieldname": fieldname, "label": label, "fieldtype": fieldtype, "width": width, **more}

	when = 185
	return [
		column("action_item", _("Action Item"), "Link", 110, options=ITEM),
		# No Link here, nor to a plan for who may read none: Frappe 15 refuses them the report.
		column("ticket_doctype", _("Ticket Type"), "Data", 100, hidden=1),
		column("ticket", _("Ticket"), "Dynamic Link", 90, options="ticket_doctype"),
		column("step", _("Step"), "Int", 60),
		column("method", _("Method"), "Data", 130),
		column("person", _("Person"), "Data", 140),
		column("planned", _("Planned"), "Datetime", when),
		column("sent", _("Sent"), "Datetime", when),
		column("lateness", _("Lateness (s)"), "Float", 100, precision=1),
		column("outcome", _("Outcome"), "Data", 120),
		column("state", _("State"), "Data", 80, hidden=1),
		column("acknowledged_by", _("Acknowledged By"), "Data", 140),
		column("acknowledgements", _("Acknowledgements"), "Data", 90),
		column("acknowledged_at", _("Acknowledged At"), "Datetime", when),
		column("acknowledged_via", _("Via"), "Data", 70),
		column("time_to_acknowledge", _("Time to Acknowledge"), "Duration", 140),
		column("created", _("Created"), "Datetime", when),
		column("priority", _("Priority"), "Data", 80),
		column(
			"plan", _("Plan"), "Link" if frappe.has_permission(PLAN, "read") else "Data", 150, options=PLAN
		),
		column("clock", _("Clock"), "Data", 120),
		column("subject", _("Subject"), "Data", 200),
		column("status", _("Status"), "Data", 110),
		column("team", _("Team"), "Data", 110),
		column("run", _("Run"), "Int", 60),
		column("detail", _("Detail"), "Data", 250),
	]
