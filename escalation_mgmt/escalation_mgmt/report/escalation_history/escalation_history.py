"""Escalation History: one row for each step and person, whether they were reached or not."""

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, get_datetime

from escalation_mgmt.engine import EventKind
from escalation_mgmt.facts import people
from escalation_mgmt.storage import wording
from escalation_mgmt.storage.action_items import tally
from escalation_mgmt.storage.message_state import MessageState
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import EVENT, ITEM, NOTIFICATION, PLAN
from escalation_mgmt.utils.plain_text import cell
from escalation_mgmt.utils.rows import placeholders
from escalation_mgmt.views import figures
from escalation_mgmt.views.figures.frozen import number_of
from escalation_mgmt.views.figures.pages import asks_for_pages
from escalation_mgmt.views.figures.pages import wanted as pages_wanted
from escalation_mgmt.views.report_parts import NONE, column, duration, instant, seconds, summary

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

PAGE_FIELDS = (
	*("name", "action_item", "step", "run", "method", "recipient", "user", "status", "detail"),
	*("planned_utc", "sent_utc", "possible_duplicate"),
)

PER_PAGE = 200
"""Escalations on a page, each with a row for every step and person."""

USUAL = ("status", "subject", "ticket", "step", "method", "person", "sent", "acknowledged_by")
"""The columns that are shown unless all are asked for, in their order."""

GROUPED = ("plan", "team", "person")

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


def execute(
	filters: dict[str, Any] | None = None,
) -> tuple[list[dict], list[dict], str | None, dict | None, list[dict]]:
	"""Columns, rows, what is said above them, chart, and summary.

	`filters`: what `views.figures.read` knows; `columns` ("All": more than the eight that answer most questions); `group_by` (plan,
	team or person); `page` (from 1). The newest escalations come first, `PER_PAGE` of them on a page; the summary is of all, the
	chart of those on the page.
	"""
	filters = frappe._dict(filters or {})
	asked = figures.read(filters)
	total = figures.total(asked)
	page = _page(filters.page, total["escalations"])
	items = _items(asked, page)
	rows = [_row(items[part.action_item], part) for part in _parts(items, filters)]
	with_lines = {row["action_item"] for row in rows}
	# An item of which no step has run yet is history as well.
	if not (filters.person or asks_for_pages(filters)):
		rows += [_row(item, frappe._dict()) for name, item in items.items() if name not in with_lines]
	rows.sort(key=lambda row: row["order"])
	chart, said = _chart(rows), _said(page, total["escalations"])
	if said and filters.group_by in GROUPED:
		said = f"{said} {_('The groups are of this page.')}"
	if chart and said:
		chart["title"] = _("Messages of the escalations on this page")
	if filters.group_by in GROUPED:
		rows = _grouped(rows, filters.group_by)
	for row in rows:
		row.pop("order", None)
		row.pop("user", None)
	return _columns(filters), rows, said, chart, summary(total)


def _page(asked: Any, escalations: int) -> int:
	last = max(-(-escalations // PER_PAGE), 1)
	return min(max(cint(asked), 1), last)


def _said(page: int, escalations: int) -> str | None:
	if escalations <= PER_PAGE:
		return None
	first = (page - 1) * PER_PAGE + 1
	return _(
		"Escalations {0} to {1} of {2}, the newest first. Choose another page, or a shorter period, above."
	).format(first, min(first + PER_PAGE - 1, escalations), escalations)


def _items(asked: figures.Asked, page: int) -> dict[str, Any]:
	"""The action items of a page, by name, the newest first."""
	sql = (
		f"select {', '.join(f'`{field}`' for field in ITEM_FIELDS)} from `tab{ITEM}` where {asked.condition}"
		f" order by `opened_utc` desc, `name` desc limit {PER_PAGE} offset {(page - 1) * PER_PAGE}"
	)
	return {item.name: item for item in frappe.db.sql(sql, asked.values, as_dict=True)}


def _grouped(rows: list[dict], field: str) -> list[dict]:
	"""Below a line for each plan, team or person, those with most escalations first."""
	groups: dict[tuple[str, str], list[dict]] = {}
	for row in rows:
		user = (field == "person" and row["user"]) or ""
		groups.setdefault((user, "" if user else row[field] or ""), []).append(row)
	found = []
	nothing = {"time_to_acknowledge": None}  # Frappe's export asks each row for its durations
	shown = _shown(groups)
	for key, members in sorted(
		groups.items(), key=lambda group: (-len(_escalations(group[1])), shown[group[0]])
	):
		found.append({**nothing, "group": f"{shown[key]} ({len(_escalations(members))})", "indent": 0})
		found += [{**row, "indent": 1} for row in members]
	return found


def _shown(groups: dict[tuple[str, str], list[dict]]) -> dict[tuple[str, str], str]:
	"""What each group is called: people as they are today, those who are called alike with their user."""
	names = people.full_names({user for user, _name in groups if user})
	called = {
		(user, name): (names.get(user) or members[0]["person"] or user) if user else name or NONE
		for (user, name), members in groups.items()
	}
	alike = Counter(called.values())
	return {
		key: f"{shown}, {key[0]}" if key[0] and alike[shown] > 1 else shown for key, shown in called.items()
	}


def _escalations(rows: list[dict]) -> set[str]:
	return {row["action_item"] for row in rows}


def _parts(items: dict[str, Any], filters: Any) -> list[Any]:
	"""What happened to single people: messages, and, unless messages are asked for, those whom a step couldn't reach."""
	if not items:
		return []
	names = tuple(items)
	wanted, values = pages_wanted(filters)
	pages = frappe.db.sql(
		f"select {', '.join(f'page.`{field}`' for field in PAGE_FIELDS)} from `tab{NOTIFICATION}` page"
		f" join `tab{ITEM}` on `tab{ITEM}`.`name` = page.`action_item`"
		f" where page.`action_item` in ({placeholders(names)}) and {wanted} order by page.`name`",
		(*names, *values),
		as_dict=True,
	)
	if asks_for_pages(filters):
		return pages
	step = ("=", number_of(filters.step)) if filters.step else (">", 0)
	missed = frappe.get_all(
		EVENT,
		filters={"action_item": ("in", names), "kind": str(EventKind.UNREACHABLE), "step": step},
		fields=["name", "action_item", "step", "run", "at_utc", "data"],
		order_by="name asc",
	)
	return [*pages, *(part for part in map(_missed, missed) if filters.person in (None, "", part.user))]


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
	late = _late(part.planned_utc, part.sent_utc)
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
		"created": _at(item.opened_utc),
		"step": part.step,
		"run": (part.run or 0) + 1 if part.step else None,
		"method": part.method,
		"person": part.recipient,
		"user": part.user,
		"planned": _at(part.planned_utc),
		"sent": _at(part.sent_utc),
		"lateness": late,
		"outcome": _outcome(part),
		"state": part.status,
		"detail": part.detail,
		"acknowledged_at": _at(item.acknowledged_utc),
		"acknowledged_by": item.acknowledged_by,
		"acknowledgements": tally(item),
		"acknowledged_via": item.acknowledged_via,
		"time_to_acknowledge": figures.seconds_between(item.opened_utc, item.acknowledged_utc),
		# By instants: what the site's clock shows comes twice in the hour in which it goes back.
		"order": (
			*(datetime.max - get_datetime(item.opened_utc), item.name),
			*(part.planned_utc or item.opened_utc, part.name or ""),
		),
	}
	return {field: cell(value) if isinstance(value, str) else value for field, value in row.items()}


def _at(instant: Any) -> datetime | None:
	"""What the site's clock showed, to the second: files and mails show it as it is."""
	at = clock.to_site(instant)
	return at.replace(microsecond=0) if at else None


def _outcome(part: Any) -> str | None:
	if not part.status:
		return None
	return f"{_(part.status)} ({_('possible duplicate')})" if part.possible_duplicate else _(part.status)


def _late(start: Any, end: Any) -> float | None:
	"""Seconds from one instant to another, with their fraction, never negative."""
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


def _columns(filters: Any) -> list[dict[str, Any]]:
	found = _all_columns()
	if filters.columns != "All":
		found = [each for each in found if each["fieldname"] in USUAL]
		found.sort(key=lambda each: USUAL.index(each["fieldname"]))
	if filters.group_by in GROUPED:
		found.insert(0, column("group", _("Group"), "Data", 180))
	return found


def _all_columns() -> list[dict[str, Any]]:
	return [
		column("status", _("Status"), "Data", 130),
		column("subject", _("Subject"), "Data", 240),
		column("action_item", _("Action Item"), "Link", 110, options=ITEM),
		# No Link here, nor to a plan for who may read none: Frappe 15 refuses them the report.
		column("ticket", _("Ticket"), "Dynamic Link", 90, options="ticket_doctype"),
		column("step", _("Step"), "Int", 60),
		column("method", _("Method"), "Data", 150),
		column("person", _("Person"), "Data", 140),
		instant("planned", _("Planned")),
		instant("sent", _("Sent")),
		seconds("lateness", _("Lateness (s)"), 100),
		column("outcome", _("Outcome"), "Data", 120),
		column("acknowledged_by", _("Acknowledged By"), "Data", 140),
		column("acknowledgements", _("Acknowledgements"), "Data", 90),
		instant("acknowledged_at", _("Acknowledged At")),
		column("acknowledged_via", _("Via"), "Data", 70),
		duration("time_to_acknowledge", _("Time to Acknowledge"), 140),
		instant("created", _("Created")),
		column("priority", _("Priority"), "Data", 80),
		column(
			"plan", _("Plan"), "Link" if frappe.has_permission(PLAN, "read") else "Data", 150, options=PLAN
		),
		column("clock", _("Clock"), "Data", 120),
		column("team", _("Team"), "Data", 110),
		column("run", _("Run"), "Int", 60),
		column("detail", _("Detail"), "Data", 250),
	]
