"""What is remembered of tickets (Escalation Ticket State): a row for each that has been open since a plan may take it.

A save reads and writes its ticket's row under the ticket's lock. The sweep compares all of them with their tickets, in a
few statements, for what no event announced. A ticket without a row was closed when its DocType's first plan was enabled.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

import frappe

from escalation_mgmt.engine import Remembered, Ticket, TicketKey, asked_since, remember, remember_act
from escalation_mgmt.facts import field_types, sources, tickets
from escalation_mgmt.storage.action_items import running_ticket, with_running_item
from escalation_mgmt.storage.ranges import ALL, Part, ranges, within
from escalation_mgmt.utils import clock, rows, together
from escalation_mgmt.utils.doctypes import TICKET_STATE
from escalation_mgmt.utils.identity import as_stamp
from escalation_mgmt.utils.questions import Answers, Question
from escalation_mgmt.utils.ticket_names import as_name, as_text, joined

STAMP_DIFFERS = timedelta(minutes=1)  # the clock that stamps tickets, and ours

_COLUMNS = (
	"s.`name`, s.`ticket`, s.`reference_doctype`, s.`reference_name`, s.`ticket_created`, s.`priority`, s.`closed`, s.`closed_utc`,"
	" s.`logged_utc`, s.`raised`, s.`raised_from`, s.`raised_utc`, s.`reopened`, s.`reopened_utc`,"
	" s.`renamed_utc`"
)
_SELECT = f"select {_COLUMNS} from `tab{TICKET_STATE}` s"


def see(
	ticket: Ticket,
	since: datetime | None,
	now: datetime,
	*,
	before: Ticket | None = None,
	logged: bool = False,
	running: bool = False,
	answers: Answers | None = None,
) -> Remembered:
	"""Remember a ticket as it is now, and return what is remembered of it. The caller holds its lock. `answers`: to whether it
	was `seen`.

	`since`: the earliest enabling of its plans. `before`: as it was before the save that is evaluated; `logged`: that save
	is its first. `running`: it has a running item. Raises Conflict where another process was first.
	"""
	row = _locked(ticket.key, answers)
	levels = _levels(ticket.doctype)
	known = was = _known(row, levels) if row else None
	if known is None and not logged and _was_there(ticket, since) and has_begun(ticket.doctype):
		known = _closed(before or ticket, since)
	if before:
		known = remember(known, before, now, running=running)
	new = remember(known, ticket, now, running=running)
	if before and before.facts != ticket.facts:
		new = replace(new, renamed_at=None)
	if logged and ticket.created_at and ticket.created_at < now - STAMP_DIFFERS:
		new = replace(new, logged_at=now)
	if row is None:
		_insert([(ticket.key, new)])
	elif new != was:
		rows.update_all(TICKET_STATE, [{"name": row.name, **_columns(new)}])
	return new


def note_act(before: Ticket, after: Ticket) -> None:
	"""What an act of ours made of a ticket is no raise of it. The caller holds its lock."""
	row = _locked(after.key) if before.facts != after.facts else None
	if row:
		known = _known(row, _levels(after.doctype))
		if (new := remember_act(known, before, after)) != known:
			rows.update_all(TICKET_STATE, [{"name": row.name, **_columns(new)}])


def forget(key: TicketKey) -> None:
	"""The ticket is gone."""
	for name in _names(key):
		frappe.db.sql(f"delete from `tab{TICKET_STATE}` where `name` = %s", (name,))


def note_opened(key: TicketKey) -> None:
	"""An item was opened for the ticket: what was a reason for one is none any more."""
	for name in _names(key):
		frappe.db.sql(
			f"update `tab{TICKET_STATE}` set `raised` = 0, `reopened` = 0 where `name` = %s"
			" and (`raised` = 1 or `reopened` = 1)",
			(name,),
		)


def hold_back(doctype: str, fieldname: str, name: str, now: datetime) -> None:
	"""Tickets whose field has this name: that it becomes another one starts nothing, for none of their clocks."""
	ticket = as_text("t.`name`", doctype)
	frappe.db.sql(
		f"update `tab{TICKET_STATE}` set `renamed_utc` = %s where `reference_doctype` = %s"
		f" and `reference_name` in (select {ticket} from `tab{doctype}` t where t.`{fieldname}` = %s)",
		(now, doctype, name),
	)


def read(keys: Iterable[TicketKey]) -> dict[TicketKey, Remembered]:
	"""What is remembered of those of these tickets, of one DocType, that were raised, opened again, logged by another clock, or
	named otherwise: of the others there is nothing that decides.
	"""
	asked = {running_ticket(key): key for key in keys}
	if not asked:
		return {}
	sql = (
		f"{_SELECT} where `ticket` in ({rows.placeholders(asked)})"
		" and coalesce(`raised_utc`, `reopened_utc`, `logged_utc`, `renamed_utc`) is not null"
	)
	found = frappe.db.sql(sql, tuple(asked), as_dict=True)
	levels = _levels(next(iter(asked.values())).doctype)
	return {
		asked[row.ticket]: _known(row, levels) for row in found if not asked[row.ticket].is_another(_key(row))
	}


def closed_at(key: TicketKey) -> datetime | None:
	"""When a ticket was last seen to be resolved or closed (UTC). The caller holds its lock, or that of an item of its."""
	together.now()
	row = _locked(key)
	return row.closed_utc if row else None


def as_asked(ticket: Ticket) -> Ticket:
	"""The ticket with what its customer asked since it was last seen closed. Nothing is locked."""
	known = read([ticket.key]).get(ticket.key)
	return asked_since(ticket, known.closed_at if known else None)


def touched(doctype: str, since: datetime, limit: int) -> Iterator[list[str]]:
	"""The names, page by page, of the tickets that were raised, opened again or, by our clock, logged since an instant (UTC)."""
	after = ""
	while True:
		found = frappe.db.sql(
			f"select `name`, `reference_name` from `tab{TICKET_STATE}`"
			" where `reference_doctype` = %s and `closed` = 0 and `name` > %s"
			" and (`raised_utc` >= %s or `reopened_utc` >= %s or `logged_utc` >= %s)"
			f" order by `name` limit {int(limit)}",
			(doctype, after, since, since, since),
		)
		if not found:
			return
		after = found[-1][0]
		yield [row[1] for row in found]


def begin(doctype: str) -> None:
	"""The DocType's first plan is enabled: remember every open ticket as it is, and nothing of before.

	Where nobody can read them (`Source.lost`), the first sweep that can does it.
	"""
	end(doctype)
	if sources.source(doctype).lost:
		return
	_insert([(_beginning(doctype), Remembered(closed=True))])
	_remember_new(doctype, None, clock.now())


def end(doctype: str) -> None:
	"""No plan is enabled for the DocType any more: nobody looks, so what is remembered gets old."""
	frappe.db.sql(f"delete from `tab{TICKET_STATE}` where `reference_doctype` = %s", (doctype,))


def has_begun(doctype: str) -> bool:
	"""Whether every ticket that was open when the DocType's first plan was enabled is remembered."""
	return bool(_names(_beginning(doctype)))


def parts(doctype: str) -> Iterator[Callable[[datetime, datetime], None]]:
	"""Compare what is remembered with every ticket as it is, and remember what has changed: for what no event announced.

	In parts, so that nothing waits long: each is called with the earliest enabling of the DocType's plans, and now, and then
	committed.
	"""
	for part in ranges(doctype):
		yield lambda since, now, part=part: _remember_new(doctype, since, now, part)
	for part in ranges(TICKET_STATE, "`reference_doctype` = %s and `reference_name` <> ''", (doctype,)):
		yield lambda _since, now, part=part: _compare(doctype, now, part)


def _compare(doctype: str, now: datetime, part: Part) -> None:
	src, levels = sources.source(doctype), _levels(doctype)
	reading = tickets.Reading(src)
	closed, values = tickets.closed_sql(src, "t")
	inside, bounds = within(part, "s")
	priority = f"coalesce(t.`{src.priority}`, '')"
	# A number is written in many ways: those of open tickets are compared as they are read.
	numbered = field_types.is_number(src.field(src.priority))
	differs = "s.`closed` = 0" if numbered else f"{priority} <> coalesce(s.`priority`, '')"
	found = frappe.db.sql(
		f"select {_COLUMNS}, t.`name` as there, t.`creation` as created, {priority} as priority_now,"
		f" {closed} as closed_now from `tab{TICKET_STATE}` s"
		f" left join `tab{doctype}` t on t.`name` = {as_name('s.`reference_name`', doctype)}"
		f" where {inside} and s.`reference_doctype` = %s and s.`reference_name` <> '' and (t.`name` is null"
		f" or s.`ticket_created` <> t.`creation` or (s.`closed` = 0) = ({closed}) or {differs})",
		(*values, *bounds, doctype, *values),
		as_dict=True,
	)
	running = with_running_item(_key(row) for row in found)
	for row in found:
		if row.there is None or as_stamp(row.created) != as_stamp(row.ticket_created):
			frappe.db.sql(f"delete from `tab{TICKET_STATE}` where `name` = %s", (row.name,))
			continue
		key, known = _key(row), _known(row, levels)
		priority = reading.compared({src.priority: row.priority_now}, src.priority)
		if (priority, bool(row.closed_now)) == (known.priority, known.closed):
			continue
		ticket = _plain(key, priority, bool(row.closed_now), levels)
		columns = _columns(remember(known, ticket, now, running=key in running))
		# Unless a save was first: it has seen more.
		frappe.db.sql(
			f"update `tab{TICKET_STATE}` set {', '.join(f'`{column}` = %s' for column in columns)}"
			" where `name` = %s and `closed` = %s and coalesce(`priority`, '') = %s",
			(*columns.values(), row.name, int(known.closed), known.priority),
		)


def follow_rename(doc: Any, _event: str, old: str, new: str, merge: bool = False) -> None:
	"""A ticket has another name now."""
	before, after = (running_ticket(TicketKey(doc.doctype, name)) for name in (old, new))
	for name in _names(TicketKey(doc.doctype, old)):
		if merge:
			frappe.db.sql(f"delete from `tab{TICKET_STATE}` where `name` = %s", (name,))
		else:
			frappe.db.sql(
				f"update `tab{TICKET_STATE}` set `ticket` = %s, `reference_name` = %s where `ticket` = %s",
				(after, new, before),
			)


def _beginning(doctype: str) -> TicketKey:
	"""Under which there is a row where the DocType's open tickets are remembered."""
	return TicketKey(doctype, "")


def _remember_new(doctype: str, since: datetime | None, now: datetime, part: Part = ALL) -> None:
	"""Rows for the open tickets that have none. `since`: one that is older had been closed until now."""
	src, levels = sources.source(doctype), _levels(doctype)
	reading = tickets.Reading(src)
	closed, values = tickets.closed_sql(src, "t")
	inside, bounds = within(part, "t")
	name = as_text("t.`name`", doctype)
	found = frappe.db.sql(
		f"select {name} as name, t.`creation`, t.`{src.priority}` as priority from `tab{doctype}` t"
		f" left join `tab{TICKET_STATE}` s on s.`ticket` = {joined(name)}"
		f" where {inside} and s.`name` is null and not ({closed}) order by t.`name`",
		(f"{doctype}/", *bounds, *values),
		as_dict=True,
	)
	old = clock.to_site(since) if since else None
	new = []
	for row in found:
		key = TicketKey(doctype, str(row.name), as_stamp(row.creation))
		priority = reading.compared({src.priority: row.priority}, src.priority)
		ticket = _plain(key, priority, False, levels)
		known = _closed(ticket, since) if old and key.created < old else None
		new.append((key, remember(known, ticket, now)))
	_insert(new)


def _insert(new: Sequence[tuple[TicketKey, Remembered]]) -> None:
	try:
		rows.insert_all(
			TICKET_STATE,
			[
				{
					"name": rows.new_name(),
					"ticket": running_ticket(key),
					"reference_doctype": key.doctype,
					"reference_name": key.name,
					"ticket_created": key.created,
					**_columns(known),
				}
				for key, known in new
			],
		)
	except Exception as e:
		if frappe.db.is_unique_key_violation(e) or frappe.db.is_duplicate_entry(e):
			raise rows.Conflict("the ticket was seen by another process") from e
		raise


def _columns(known: Remembered) -> dict[str, Any]:
	return {
		"priority": known.priority,
		"closed": int(known.closed),
		"closed_utc": known.closed_at,
		"logged_utc": known.logged_at,
		"raised": int(known.raised),
		"raised_from": known.raised_from,
		"raised_utc": known.raised_at,
		"reopened": int(known.reopened),
		"reopened_utc": known.reopened_at,
		"renamed_utc": known.renamed_at,
	}


def _known(row: Any, levels: Callable[[str], int]) -> Remembered:
	priority, raised_from = row.priority or "", row.raised_from or ""
	return Remembered(
		priority=priority,
		level=levels(priority),
		closed=bool(row.closed),
		closed_at=row.closed_utc,
		logged_at=row.logged_utc,
		raised=bool(row.raised),
		raised_at=row.raised_utc,
		raised_from=raised_from,
		raised_from_level=levels(raised_from),
		reopened=bool(row.reopened),
		reopened_at=row.reopened_utc,
		renamed_at=row.renamed_utc,
	)


def _locked(key: TicketKey, answers: Answers | None = None) -> Any:
	"""The ticket's row as it is now; that of an earlier ticket of its name goes. Never locks what isn't there."""
	for (name,) in (answers or Answers()).of(seen(key)):
		for row in frappe.db.sql(f"{_SELECT} where `name` = %s for update", (name,), as_dict=True):
			if not key.is_another(_key(row)):
				return row
			frappe.db.sql(f"delete from `tab{TICKET_STATE}` where `name` = %s", (name,))
	return None


def _names(key: TicketKey) -> list[str]:
	return [name for (name,) in Answers().of(seen(key))]


def seen(key: TicketKey) -> Question:
	"""Which row there is for a ticket's name."""
	return Question(("`name`",), f"from `tab{TICKET_STATE}` where `ticket` = %s", (running_ticket(key),))


def _key(row: Any) -> TicketKey:
	return TicketKey(row.reference_doctype, row.reference_name, as_stamp(row.ticket_created))


def _levels(doctype: str) -> Callable[[str], int]:
	return cache(partial(sources.level, doctype))


def _was_there(ticket: Ticket, since: datetime | None) -> bool:
	return bool(since and ticket.created_at and ticket.created_at < since)


def _closed(ticket: Ticket, at: datetime | None) -> Remembered:
	return Remembered(priority=ticket.facts.priority, level=ticket.facts.level, closed=True, closed_at=at)


def _plain(key: TicketKey, priority: str, closed: bool, levels: Callable[[str], int]) -> Ticket:
	return tickets.with_priority(key, priority, levels(priority), closed)
