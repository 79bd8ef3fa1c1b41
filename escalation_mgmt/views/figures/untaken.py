"""Tickets that missed their response deadline, and that no plan took: for which no action item was ever opened."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe.utils import add_days, cint, get_datetime, getdate

from escalation_mgmt.facts import deadlines, plans, sources
from escalation_mgmt.utils import bounds, clock
from escalation_mgmt.utils.doctypes import ITEM, SETTINGS
from escalation_mgmt.utils.ticket_names import as_text
from escalation_mgmt.views.figures.pages import NONE

NEWEST = 500
"""So many tickets are listed."""

Values = tuple[Any, ...]


def untaken(filters: Mapping[str, Any] | None) -> list[dict[str, Any]]:
	"""How many there are of each `doctype`, `priority` and `team` (None: it has none): `tickets`. Of the tickets that the present user
	may read.

	`filters`: from_date, to_date (of the deadline, in the site's zone, both inclusive), priority, team (`NONE`: without), customer.
	Whoever asks for a plan, a person or another clock than the first response asks for none of them. What was missed before a
	plan for that DocType was enabled isn't counted, where one is; nor are tickets older than `kept_since`.
	"""
	found = []
	for source, where, values in _asked(frappe._dict(filters or {})):
		by = ", ".join(_exactly(_column(source, what)) for what in ("priority", "team"))
		sql = f"select {by}, count(*) from `tab{source.doctype}` {where} group by {by}"
		for priority, team, count in frappe.db.sql(sql, values):
			named = {"priority": str(priority or "") or None, "team": str(team or "") or None}
			found.append({"doctype": source.doctype, **named, "tickets": int(count)})
	return found


def untaken_tickets(filters: Mapping[str, Any] | None) -> list[dict[str, Any]]:
	"""Those tickets, the latest deadline first, `NEWEST` at most: `doctype`, `name`, `subject`, `priority`, `team`, `deadline` and
	`answered` (in the site's zone; None: not yet).
	"""
	found: list[dict[str, Any]] = []
	for source, where, values in _asked(frappe._dict(filters or {})):
		columns = ("subject", "priority", "team", "response_by", "first_response")
		sql = (
			f"select `name`, {', '.join(_column(source, what) for what in columns)} from `tab{source.doctype}` {where}"
			f" order by {_column(source, 'response_by')} desc, `name` desc limit {NEWEST}"
		)
		names = ("name", "subject", "priority", "team", "deadline", "answered")
		found += [
			{"doctype": source.doctype, **dict(zip(names, row, strict=True))}
			for row in frappe.db.sql(sql, values)
		]
	found.sort(key=lambda row: get_datetime(row["deadline"]), reverse=True)
	return [_to_the_second(row) for row in found[:NEWEST]]


def looks_at_tickets(filters: Mapping[str, Any] | None) -> bool:
	"""Whether filters ask for any of these tickets."""
	return any(_doctypes(frappe._dict(filters or {})))


def _to_the_second(row: dict[str, Any]) -> dict[str, Any]:
	"""Files and mails show an instant as it is. A day stays one."""
	return {
		name: value.replace(microsecond=0) if isinstance(value, datetime) else value
		for name, value in row.items()
	}


def kept_since() -> datetime | None:
	"""Since when (UTC) a ticket must have been logged for it to be known that no plan took it: action items that ended are removed after
	as many days as Escalation Settings say. None: they are kept.
	"""
	days = cint(frappe.db.get_single_value(SETTINGS, "keep_days"))
	return clock.now() - timedelta(days=days) if days else None


def partly_read(filters: Mapping[str, Any] | None) -> list[str]:
	"""The DocTypes of whose tickets these figures leave some out, or all: those that the present user may not read."""
	return [
		doctype
		for doctype, _since in _doctypes(frappe._dict(filters or {}))
		if deadlines.readable(doctype) != ""
	]


def _asked(filters: Any) -> Iterator[tuple[sources.Source, str, Values]]:
	"""Of each DocType whose tickets count, how they are found in SQL."""
	for doctype, enabled in _doctypes(filters):
		readable = deadlines.readable(doctype)
		if readable is None:
			continue
		source = sources.source(doctype)
		if said := _conditions(source, filters, clock.to_site(enabled)):
			if readable:
				said.append((readable, ()))
			where = " and ".join(condition for condition, _values in said)
			yield source, f"where {where}", tuple(value for _condition, values in said for value in values)


def _doctypes(filters: Any) -> Iterator[tuple[str, datetime | None]]:
	"""Those whose tickets count, each with the instant (UTC) since which a plan for it is enabled."""
	if filters.plan or filters.person or filters.clock not in (None, "", "First Response"):
		return
	since = {doctype: plans.first_enabled(doctype) for doctype in sources.doctypes()}
	for doctype, enabled in since.items():
		if filters.reference_doctype in (None, "", doctype) and (enabled or not any(since.values())):
			yield doctype, enabled


def _conditions(source: sources.Source, filters: Any, since: Any) -> list[tuple[str, Values]]:
	table = f"`tab{source.doctype}`"
	if not (missed := deadlines.missed_response(source, table)):
		return []
	by = f"{table}.`{source.response_by}`"
	said: list[tuple[str, Values]] = [missed]
	if first := filters.from_date:
		said.append((f"{by} >= %s", (getdate(bounds.day(first)),)))
	if last := filters.to_date:
		said.append((f"{by} < %s", (getdate(add_days(bounds.day(last), 1)),)))
	if since:
		said.append((f"{deadlines.due_at(source, source.response_by, table)} >= %s", (since,)))
	if kept := kept_since():
		said.append((f"{table}.`creation` >= %s", (clock.to_site(kept),)))
	for what in ("priority", "team", "customer"):
		if wanted := filters.get(what):
			written = _exactly(f"coalesce({_column(source, what)}, '')")
			said.append((f"{written} = %s", ("" if wanted == NONE else str(wanted).strip(),)))
	item = (
		f"exists (select 1 from `tab{ITEM}` i where i.`reference_name` = {as_text(f'{table}.`name`', source.doctype)}"
		f" and i.`reference_doctype` = %s and coalesce(i.`ticket_created`, {table}.`creation`) = {table}.`creation`)"
	)
	said.append((f"not {item}", (source.doctype,)))
	return said


def _column(source: sources.Source, what: str) -> str:
	name = getattr(source, what)
	return f"`tab{source.doctype}`.`{name}`" if name in source.fields else "null"


def _exactly(column: str) -> str:
	"""As it is written: "North" and "north" are two teams, also where the database would take them for one."""
	return (
		f"cast({column} as char) collate utf8mb4_bin"
		if frappe.db.db_type == "mariadb"
		else f"cast({column} as text)"
	)
