"""Tickets for which an item may be wanted, found by the database: open ones that a plan may take by their fields, without those
whose last item for the plan's clock leaves nothing to open, as `engine.settled` says it.

It only spares reading tickets in which nothing has changed, the most of a large site: where it isn't sure, it gives a name too
many, and whoever asks looks at the ticket's own facts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe
from frappe.utils import get_datetime

from escalation_mgmt.engine import Clock, Status, TicketFilter
from escalation_mgmt.facts import field_types, sources, tickets
from escalation_mgmt.storage.ranges import Part, ranges, within
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ITEM, TICKET_STATE
from escalation_mgmt.utils.ticket_names import as_text, joined

TOGETHER = 1000  # open tickets that one statement looks at

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
	"""Of which tickets plans for one clock may take: those that this takes, its condition apart, and that were logged or due since
	an instant (UTC); None: of any age.
	"""

	takes: TicketFilter
	since: datetime | None


def names(doctype: str, wanted: Mapping[Clock, Wanted]) -> Iterator[list[str]]:
	"""The names, in parts, some of them empty: a statement each, a few dozen milliseconds."""
	src = sources.source(doctype)
	which, values = _is_open(src, f"`tab{doctype}`")
	statement = _Statement(src, wanted)
	for part in ranges(doctype, which, values, TOGETHER):
		yield statement.names(part)


class _Statement:
	"""What is asked for each part: `t` is the ticket, `s` what is remembered of it, `i` an item of its."""

	def __init__(self, src: sources.Source, wanted: Mapping[Clock, Wanted]):
		self._source, self._wanted = src, wanted

	def names(self, part: Part) -> list[str]:
		if Clock.NEXT_RESPONSE not in self._wanted:
			return [str(name) for (name,) in self._rows(part, "t.`name`", (), *self._open())]
		src = self._source
		(open_, values), (taken, taken_values) = self._open(), self._taken(Clock.NEXT_RESPONSE)
		item, item_values = self._item(Clock.NEXT_RESPONSE)
		exchange, exchange_values = tickets.exchange_sql(src, "t")
		columns = f"t.`name`, {open_}, {taken}, (select i.`clock_utc` {item} limit 1), {exchange}"
		values += taken_values + item_values + exchange_values
		found = self._rows(part, columns, values, *_either([self._taken(of) for of in self._wanted]))
		return [str(name) for name, *of in found if _may_want(*of)]

	def _rows(self, part: Part, columns: str, values: Values, which: str, which_values: Values) -> Any:
		src, doctype = self._source, self._source.doctype
		is_open, open_values = _is_open(src, "t")
		inside, bounds = within(part, "t")
		return frappe.db.sql(
			f"select {columns} from `tab{doctype}` t"
			f" left join `tab{TICKET_STATE}` s on s.`ticket` = {joined(as_text('t.`name`', doctype))}"
			f" where {inside} and {is_open} and {which}"
			" order by t.`name`",
			(*values, f"{doctype}/", *bounds, *open_values, *which_values),
		)

	def _open(self) -> tuple[str, Values]:
		"""Whether another clock than the next response's may want an item."""
		found = []
		for of in self._wanted:
			if of is not Clock.NEXT_RESPONSE:
				(taken, taken_values), (item, item_values) = self._taken(of), self._item(of)
				found.append((f"({taken} and not exists (select 1 {item}))", taken_values + item_values))
		return _either(found)

	def _taken(self, of: Clock) -> tuple[str, Values]:
		"""Whether plans for a clock may take the ticket by its fields."""
		src, wanted = self._source, self._wanted[of]
		parts, values = ["1 = 1"], ()
		for field, value in src.filters(wanted.takes).items():
			several = value[1] if isinstance(value, tuple) else [value]
			parts.append(f"t.`{field}` in ({rows.placeholders(several)})")
			values += tuple(several)
		if wanted.since:
			by = {Clock.FIRST_RESPONSE: src.response_by, Clock.RESOLUTION: src.resolution_by}.get(of)
			moments = ["creation", *([by] if by in src.fields else [])]
			parts.append(f"({' or '.join(f't.`{field}` >= %s' for field in moments)})")
			values += (clock.to_site(wanted.since),) * len(moments)
		return f"({' and '.join(parts)})", values

	def _item(self, of: Clock) -> tuple[str, Values]:
		"""The item for a clock that runs, or after which nothing is wanted: no later one there is, it allows no other, and the ticket
		is as it was then.
		"""
		src = self._source
		same = [f"coalesce(i.`{column}`, '') = {self._field(field)}" for column, field in _facts(src).items()]
		begun_anew = {
			Clock.FIRST_RESPONSE: "coalesce(s.`raised`, 0) = 1 or coalesce(s.`reopened`, 0) = 1",
			Clock.RESOLUTION: "coalesce(s.`reopened_utc` > i.`ended_utc`, 0)",
		}.get(of, "1 = 0")
		later = (
			f"select 1 from `tab{ITEM}` r where r.`reference_name` = i.`reference_name`"
			" and r.`reference_doctype` = i.`reference_doctype` and r.`clock` = i.`clock`"
			" and (r.`opened_utc` > i.`opened_utc` or (r.`opened_utc` = i.`opened_utc` and r.`name` > i.`name`))"
		)
		return (
			f"from `tab{ITEM}` i where i.`reference_name` = {as_text('t.`name`', src.doctype)}"
			" and i.`reference_doctype` = %s and i.`clock` = %s and coalesce(i.`ticket_created`, t.`creation`) = t.`creation`"
			" and (i.`running_ticket` is not null or (i.`opened_utc` is not null"
			" and i.`ticket_was_closed` = 0 and i.`no_plan_matched` = 0"
			f" and (i.`after_answer` = 1 or i.`status` = %s or ({' and '.join(same)}))"
			f" and not ({begun_anew}) and not exists ({later})))",
			(src.doctype, str(of), str(Status.RESOLVED)),
		)

	def _field(self, field: str) -> str:
		"""A ticket's field as the database compares it with what an item keeps of it. A number, which is written in many ways, is
		like none.
		"""
		if not field or field not in self._source.fields:
			return "''"
		if field_types.is_number(self._source.field(field)):
			return "null"
		text = f"coalesce(t.`{field}`, '')"
		return f"cast({text} as binary)" if frappe.db.db_type == "mariadb" else text  # capitals matter


def _is_open(src: sources.Source, table: str) -> tuple[str, Values]:
	"""Whether a ticket is neither resolved, closed nor cancelled."""
	closed, values = tickets.closed_sql(src, table)
	return f"{table}.`docstatus` < {tickets.CANCELLED} and not ({closed})", values


def _either(conditions: list[tuple[str, Values]]) -> tuple[str, Values]:
	sql = " or ".join(condition for condition, _values in conditions) or "1 = 0"
	return f"({sql})", tuple(value for _condition, values in conditions for value in values)


def _facts(src: sources.Source) -> dict[str, str]:
	return {
		"priority": src.priority,
		"team": src.team,
		"ticket_type": src.ticket_type,
		"customer": src.customer,
	}


def _may_want(
	open_: Any, taken: Any, counted_from: Any, asked: Any, replied: Any, first_response: Any, last_reply: Any
) -> bool:
	"""Whether an item may be wanted: for another clock, or because the customer waits for a reply since a later message than the one
	that the last item counts from.
	"""
	if open_ or not taken or not asked:
		return bool(open_)
	if counted_from and clock.stamp_to_utc(get_datetime(asked)) <= get_datetime(counted_from):
		return False
	return tickets.may_await_reply(asked, replied, first_response, last_reply)
