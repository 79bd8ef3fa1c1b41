"""How a ticket's escalation stands, in columns of the ticket itself: what lists of tickets show and are filtered by.

Its action item says so too, but a list (Desk's, Helpdesk's) knows fields of its DocType alone. `operations.ticket_columns`
puts the fields there. They are written after the transaction that changed an item, in one of their own: in sets, without an
event, `modified` as it was. A ticket whose row somebody holds is passed over; so is what a crash left out. The sweep
compares, and repairs. What goes wrong here is reported, and stops no step and no save (design rule 8).

A ticket has in them: the status of its running item, or *Exhausted* while nobody has answered; of several the most pressing
(`engine.pressing`), then what is due first; else nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import frappe
from frappe.utils import get_datetime

from escalation_mgmt.engine import RUNNING, ActionItem, Status, TicketKey, pressing
from escalation_mgmt.facts import sources
from escalation_mgmt.storage.action_items import of_clocks, order, ticket_of
from escalation_mgmt.storage.ranges import RANGE
from escalation_mgmt.utils import clock, fault_points, rows, together
from escalation_mgmt.utils.after_commit import Collected, end, own_transaction
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.error_reports import report_once
from escalation_mgmt.utils.identity import as_stamp
from escalation_mgmt.utils.ticket_names import as_name, as_text

STATUS, STEP, DUE = COLUMNS = ("escalation_mgmt_status", "escalation_mgmt_step", "escalation_mgmt_due")
SHOWN = tuple(status for status in Status if status in RUNNING or status is Status.EXHAUSTED)

Values = tuple[str, str, datetime | None]
"""Of the columns, in their order. The instant is in the site's zone, to the second."""

NOTHING: Values = ("", "", None)

_MARKS = ("running_ticket", "exhausted_ticket")
"""The columns of an item by which its ticket shows it."""

_AT_ONCE = 60
"""Tickets that are asked for at once, each by its three clocks. For 200 values and more MariaDB doesn't look how many rows there are of
each (`eq_range_index_dive_limit`): it takes an index of nothing but nulls for one of a single value, and reads the whole table.
"""

_ITEM = (
	"i.`name`, i.`reference_doctype`, i.`reference_name`, i.`ticket_created`, i.`status`, i.`current_step`, i.`step_count`,"
	" coalesce(i.`parked_due_utc`, i.`due_utc`) as due_utc"
)


def keep(doc: Any, _event: str | None = None) -> None:
	"""Before any document is written: what a form, a caller or an older copy says of these columns isn't taken, and a new
	ticket has nothing in them. Frappe has read the ticket under its lock, so that costs no query.
	"""
	if not doc.meta.has_field(STATUS):
		return
	before = doc.get_doc_before_save()
	for column in COLUMNS:
		doc.set(column, before.get(column) if before else None)


def has_columns(doctype: str) -> bool:
	return bool(frappe.db.exists("DocType", doctype)) and frappe.get_meta(doctype).has_field(STATUS)


def doctypes() -> list[str]:
	"""Those whose tickets have the columns."""
	return [doctype for doctype in sources.doctypes() if has_columns(doctype)]


def write_soon(keys: Iterable[TicketKey]) -> None:
	"""Write these tickets' columns once this transaction is committed."""
	_waiting.add((key.doctype, key.name) for key in keys)


def write(names: Mapping[str, Collection[str]]) -> None:
	"""Write the columns of these tickets, {DocType: names}, as their items stand now, in transactions of its own.

	To be called between two transactions. Raises nothing: whoever has just committed has done what they wanted.
	"""
	with own_transaction("Escalation: what lists of tickets show can't be written"):
		fault_points.point("list.before")
		for doctype in [doctype for doctype in names if has_columns(doctype)]:
			_write(doctype, sorted(names[doctype]))
	fault_points.point("list.after")


def _write_collected(tickets: Collection[tuple[str, str]]) -> None:
	names: dict[str, set[str]] = {}
	for doctype, name in tickets:
		names.setdefault(doctype, set()).add(name)
	write(names)


_waiting = Collected(_write_collected)


def write_first(key: TicketKey, opened: Collection[ActionItem]) -> None:
	"""Write the columns of a ticket that has no items but these, just opened, in this transaction, which holds its row: a ticket
	that is logged is written once. What stands in the way is reported, and the caller goes on.
	"""
	if not frappe.get_meta(key.doctype).has_field(STATUS):
		return
	found = [
		frappe._dict(
			name=item.id,
			status=str(item.status),
			current_step=item.step,
			step_count=len(item.plan.steps),
			due_utc=item.due_at,
		)
		for item in opened
	]
	try:
		columns = ", ".join(f"`{column}` = %s" for column in COLUMNS)
		status, step, due = _of_item(min(found, key=order))
		together.write(
			f"update `tab{key.doctype}` set {columns} where `name` = %s",
			(status, step or None, due, key.name),
		)
	except frappe.QueryDeadlockError:
		raise  # it has undone the whole transaction
	except Exception:
		report_once("Escalation: what lists of tickets show can't be written")


def _write(doctype: str, names: list[str]) -> None:
	for start in range(0, len(names), rows.CHUNK):
		part = names[start : start + rows.CHUNK]
		end(
			"commit"
		)  # what an older snapshot shows of the items may be of yesterday by the time that the rows are ours
		free = frappe.db.sql(
			f"select `name`, `creation`, {_listed(COLUMNS)} from `tab{doctype}`"
			f" where `name` in ({rows.placeholders(part)}) order by `name` for update skip locked",
			tuple(part),
			as_dict=True,
		)
		wanted = _wanted([TicketKey(doctype, str(row.name), as_stamp(row.creation)) for row in free])
		rows.update_all(
			doctype,
			[
				{"name": row.name, STATUS: values[0] or None, STEP: values[1] or None, DUE: values[2]}
				for row in free
				if (values := wanted.get(str(row.name), NOTHING)) != _as_stored(row)
			],
		)


def _wanted(keys: list[TicketKey]) -> dict[str, Values]:
	"""What the columns of these tickets, of one DocType, are to hold, by name, of those that have something to show."""
	found: dict[str, list[Any]] = {}
	for start in range(0, len(keys), _AT_ONCE):
		asked = {of: key for key in keys[start : start + _AT_ONCE] for of in of_clocks(key)}
		for column in _MARKS:
			sql = (
				f"select i.`{column}` as ticket, {_ITEM} from `tab{ITEM}` i"
				f" where i.`{column}` in ({rows.placeholders(asked)})"
			)
			for row in frappe.db.sql(sql, tuple(asked), as_dict=True):
				if not asked[row.ticket].is_another(ticket_of(row)):
					found.setdefault(row.reference_name, []).append(row)
	return {ticket: _of_item(min(theirs, key=order)) for ticket, theirs in found.items()}


def _of_item(row: Any) -> Values:
	step = f"{row.current_step}/{row.step_count}" if row.current_step else ""
	due = clock.to_site(row.due_utc)
	return row.status, step, due.replace(microsecond=0) if due else None


def _as_stored(row: Any) -> Values:
	due = get_datetime(row[DUE]) if row[DUE] else None
	return row[STATUS] or "", row[STEP] or "", due


def differing(doctype: str) -> Iterator[list[str]]:
	"""The names of the tickets whose columns don't hold what they are to, in parts: of each an empty list where all is well.

	Those that show what runs, or should. What is exhausted stays so, and there may be many of years: `differing_exhausted`.
	"""
	after = ""
	while after is not None:
		until = _end_of_part("running_ticket", after)
		yield _unlike_their_items(doctype, "running_ticket", after, until)
		after = until
	known = rows.placeholders(SHOWN)
	yield _without(doctype, f"`{STATUS}` > '' and `{STATUS}` not in ({known})", SHOWN)[0]
	for status in SHOWN:
		last = "" if status in RUNNING else None
		while last is not None:
			names, last = _showing(doctype, status, last)
			yield names


def differing_exhausted(doctype: str, after: str) -> tuple[list[str], str]:
	"""The same of one part of the exhausted items, from one on; and from where the next goes on, "" after the last."""
	until = _end_of_part("exhausted_ticket", after)
	return _unlike_their_items(doctype, "exhausted_ticket", after, until), until or ""


def showing_exhausted(doctype: str, after: str) -> tuple[list[str], str]:
	"""The same of one part of the tickets that show that their escalation is exhausted."""
	names, last = _showing(doctype, Status.EXHAUSTED, after)
	return names, str(last or "")


def _end_of_part(column: str, after: str) -> str | None:
	"""Of whichever DocType, so that the index alone is read."""
	found = frappe.db.sql(
		f"select `{column}` from `tab{ITEM}` where `{column}` > %s order by `{column}` limit 1 offset {RANGE - 1}",
		(after,),
	)
	return found[0][0] if found else None


def _unlike_their_items(doctype: str, column: str, after: str, until: str | None) -> list[str]:
	"""Only instants are compared here and not by the database, which doesn't know the site's zone."""
	step = "coalesce(i.`current_step`, 0)"
	text = (
		f"concat({step}, '/', i.`step_count`)"
		if frappe.db.db_type == "mariadb"
		else f"{step} || '/' || i.`step_count`"
	)
	# Of a ticket's items the one that `order` puts first counts.
	not_first = (
		f"select 1 from `tab{ITEM}` r where r.`reference_name` = i.`reference_name`"
		f" and r.`reference_doctype` = i.`reference_doctype` and {_marked('r')} and {_order_sql('r')} < {_order_sql('i')}"
		f" and coalesce(r.`ticket_created`, t.`creation`) = t.`creation`"
	)
	found = frappe.db.sql(
		f"select t.`name` as there, {_ITEM}, {_listed(COLUMNS, 't.')} from `tab{ITEM}` i"
		f" join `tab{doctype}` t on t.`name` = {as_name('i.`reference_name`', doctype)}"
		f" and coalesce(i.`ticket_created`, t.`creation`) = t.`creation`"
		f" where i.`reference_doctype` = %s and i.`{column}` > %s{f' and i.`{column}` <= %s' if until else ''}"
		f" and (coalesce(t.`{STATUS}`, '') <> i.`status` or coalesce(i.`parked_due_utc`, i.`due_utc`) is not null"
		f" or t.`{DUE}` is not null"
		f" or coalesce(t.`{STEP}`, '') <> case when {step} = 0 then '' else {text} end) and not exists ({not_first})",
		(doctype, after, *([until] if until else [])),
		as_dict=True,
	)
	return [str(row.there) for row in found if _of_item(row) != _as_stored(row)]


def _showing(doctype: str, status: Status, after: Any) -> tuple[list[str], Any]:
	"""Of the tickets that show a status, from one on, those without an item that has it, and the last that was looked at, if there
	are more. By status, whose index gives each part in the order of names.
	"""
	where, values = (" and `name` > %s", (after,)) if after else ("", ())
	return _without(doctype, f"`{STATUS}` = %s{where}", (str(status), *values), status)


def _without(
	doctype: str, which: str, values: tuple[Any, ...], status: Status | None = None
) -> tuple[list[str], Any]:
	"""Of the first of these tickets, by name, those without an item, or one that runs or is exhausted as they show it; and the last
	of them, where there are more.
	"""
	mark = "exhausted_ticket" if status is Status.EXHAUSTED else "running_ticket"
	marked = f"i.`{mark}` is not null" if status else _marked("i")
	item = (
		f"select 1 from `tab{ITEM}` i where i.`reference_name` = {as_text('t.`name`', doctype)}"
		f" and i.`reference_doctype` = %s and {marked} and coalesce(i.`ticket_created`, t.`creation`) = t.`creation`"
	)
	found = frappe.db.sql(
		f"select t.`name`, exists ({item}) from"
		f" (select `name`, `creation` from `tab{doctype}` where {which} order by `name` limit {RANGE}) t"
		" order by t.`name`",
		(doctype, *values),
	)
	last = found[-1][0] if len(found) >= RANGE else None
	return [str(name) for name, shown in found if not shown], last


def _marked(of: str) -> str:
	return f"({' or '.join(f'{of}.`{column}` is not null' for column in _MARKS)})"


def _order_sql(of: str) -> str:
	"""`order` in SQL."""
	pressing_first = " ".join(f"when '{status}' then {pressing(status)}" for status in SHOWN)
	due = f"coalesce({of}.`parked_due_utc`, {of}.`due_utc`, '9999-12-31')"
	return f"(case {of}.`status` {pressing_first} end, {due}, {of}.`name`)"


def _listed(columns: Iterable[str], of: str = "") -> str:
	return ", ".join(f"{of}`{column}`" for column in columns)
