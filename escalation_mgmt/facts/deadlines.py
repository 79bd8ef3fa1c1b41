"""Deadlines as tickets have them, in SQL: which were missed, and what says so of each clock. All instants are the helpdesk's
own, in the site's zone. It writes them itself, so they say of old tickets what they said before there was any plan.
"""

from dataclasses import dataclass
from typing import Any

import frappe
from frappe.model.db_query import DatabaseQuery

from escalation_mgmt.engine import Clock, TicketFilter
from escalation_mgmt.facts import field_types
from escalation_mgmt.facts.conditions import columns
from escalation_mgmt.facts.sources import Source
from escalation_mgmt.facts.tickets import CANCELLED, closed_sql
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.rows import placeholders

Values = tuple[Any, ...]


def missed_response(src: Source, table: str) -> tuple[str, Values] | None:
	"""Whether a ticket's first response came after its deadline, or hasn't come though that is over; None: this site's tickets
	don't say by when they are to be answered, or whether they are closed.

	Of a closed ticket without a first response nobody knows when it was answered: it has missed nothing. Neither has one that
	was cancelled, or merged into another.
	"""
	if src.response_by not in src.fields or "status" in src.lost:
		return None
	closed, values = closed_sql(src, table)
	answered = f"{table}.`{src.first_response}`" if src.first_response in src.fields else "null"
	by = _second(due_at(src, src.response_by, table))
	late = (
		f"case when {answered} is null then {by} < {_second('%s')} and not ({closed})"
		f" else {_second(answered)} > {by} end"
	)
	return f"({counted(src, table)} and {late})", (clock.to_site(clock.now()), *values)


def counted(src: Source, table: str) -> str:
	"""SQL of which tickets count at all: none that was cancelled, nor one that was merged, for it goes on in another."""
	merged = (
		f" and coalesce({table}.`{src.merged_into}`, '') in ('', '0')"
		if src.merged_into in src.fields
		else ""
	)
	return f"{table}.`docstatus` < {CANCELLED}{merged}"


@dataclass(frozen=True, slots=True)
class Deadline:
	"""Of one clock, SQL of a ticket's columns: instants in the site's zone, with no values.

	`due` is the column as it stands, `due_at` the instant: of a day, its end. `done` is when that was done: when an agent first
	responded, or, of a closed ticket, when it was resolved. `held` is since when the clock has stood still; "null" where it never does.
	"""

	due: str
	due_at: str
	done: str
	held: str


def of_clock(src: Source, of: Clock, table: str) -> Deadline | None:
	"""None: the tickets of this DocType don't say by when, or when that was done, or whether they are closed."""
	due, done = {
		Clock.FIRST_RESPONSE: (src.response_by, src.first_response),
		Clock.RESOLUTION: (src.resolution_by, src.resolved_on),
	}.get(of, ("", ""))
	kept = columns(src.doctype)
	if not {due, done} <= kept or "status" in src.lost:
		return None
	held = of is Clock.RESOLUTION and src.held_since in kept
	return Deadline(
		due=f"{table}.`{due}`",
		due_at=due_at(src, due, table),
		done=f"{table}.`{done}`",
		held=f"{table}.`{src.held_since}`" if held else "null",
	)


def due_at(src: Source, due: str, table: str) -> str:
	"""SQL of the instant of a deadline's column: of a day, its end."""
	at, field = f"{table}.`{due}`", src.field(due)
	return _end_of_day(at) if field and field.fieldtype == "Date" else at


def readable(doctype: str) -> str | None:
	"""SQL of which tickets the present user may read, by Frappe's permissions; empty: all. None: the DocType isn't theirs to read."""
	if not frappe.has_permission(doctype, "read"):
		return None
	query = DatabaseQuery(doctype, user=frappe.session.user)
	try:
		seen = query.build_match_conditions()
	except frappe.PermissionError:
		return None
	# Of whoever reads only what was shared with them.
	shared = [str(condition) for condition in query.conditions]
	return " and ".join(f"({condition.replace('%', '%%')})" for condition in (seen, *shared) if condition)


def taken_by(src: Source, takes: TicketFilter, table: str) -> tuple[str, Values]:
	"""SQL of which tickets a plan's filter takes by their facts of now, its condition apart, and its values; empty: all."""
	conditions: list[str] = []
	values: list[Any] = []
	for column, words in (
		(src.priority, sorted(takes.priorities)),
		(src.team, [takes.team]),
		(src.ticket_type, [takes.ticket_type]),
		(src.customer, [takes.customer]),
	):
		wanted = [word for word in words if word]
		if not wanted or column not in src.fields:
			continue
		field = src.field(column)
		numbered = field_types.is_number(field)
		exact = " collate utf8mb4_bin" if frappe.db.db_type == "mariadb" and not numbered else ""
		conditions.append(f"{table}.`{column}`{exact} in ({placeholders(wanted)})")
		values += [field_types.as_value(field, word) for word in wanted]
	return " and ".join(conditions), tuple(values)


def _second(at: str) -> str:
	"""SQL of an instant's second, to compare it with another one's."""
	return f"to_seconds({at})" if frappe.db.db_type == "mariadb" else f"strftime('%%s', {at})"


def _end_of_day(day: str) -> str:
	return f"timestampadd(day, 1, {day})" if frappe.db.db_type == "mariadb" else f"datetime({day}, '+1 day')"
