"""The facts of tickets, read from the database when they are asked for.

Helpdesk changes tickets in ways that raise no document event, so what an event says of a ticket is never enough (design
rule 4).
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

import frappe
from frappe.utils import cint, flt, get_datetime, getdate, now_datetime, to_timedelta

from escalation_mgmt.engine import Clock, MatchFacts, StatusCategory, Ticket, TicketFilter, TicketKey
from escalation_mgmt.facts import assignments, conditions, field_types, plain_values, readable_values
from escalation_mgmt.facts.sources import Source, level, source
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.identity import as_stamp
from escalation_mgmt.utils.questions import Answers, Question
from escalation_mgmt.utils.rows import CHUNK, is_missing, placeholders
from escalation_mgmt.utils.ticket_names import as_text

CANCELLED = 2  # a docstatus
LINK_OF_A_PART = "%/helpdesk/tickets/%"  # in the notice that a part of a ticket is a ticket of its own now
TOGETHER = timedelta(seconds=5)  # at most so far apart are a reply and what is stamped because of it


class Tickets:
	"""The facts of many tickets, read in a few queries and in one snapshot.

	`tickets[key]` is a `Ticket`, one that doesn't exist where its name is another's by now; `doc()` gives a whole
	document, read when first asked for.
	"""

	def __init__(
		self,
		keys: Iterable[TicketKey],
		*,
		lock: bool = False,
		only_rows: bool = False,
		answers: Answers | None = None,
	):
		"""With `lock` the tickets' rows are locked, and read as they are now instead of in an old snapshot; `only_rows`: neither
		replies nor assignees are read. `answers`: to the `questions` of the only ticket, which lock it.
		"""
		self._lock, self._only_rows, self._answers = lock, only_rows, answers
		self._facts: dict[TicketKey, Ticket] = {}
		self._docs: dict[TicketKey, Any] = {}
		self._supposed: dict[TicketKey, Any] = {}  # documents as something would leave them
		self._rows: dict[TicketKey, dict] = {}
		self._values_of: dict[str, conditions.TicketValues] = {}
		by_doctype: dict[str, list[str]] = {}
		for key in keys:
			by_doctype.setdefault(key.doctype, []).append(str(key.name))
		self._unreadable: dict[str | TicketKey, Exception] = {}
		for doctype, names in by_doctype.items():
			try:
				self._read(doctype, list(dict.fromkeys(names)))
			except Exception as e:
				if not (isinstance(e, frappe.ValidationError) or is_missing(e)):
					raise
				# Nobody says how to read them, or a column is gone: the others are read all the same.
				self._unreadable[doctype] = e

	def __getitem__(self, key: TicketKey) -> Ticket:
		"""Raises what stood in the way of a ticket that can't be read."""
		if error := self._unreadable.get(key) or self._unreadable.get(key.doctype):
			raise error
		found = self._facts[key]
		return _gone(key) if found.key.is_another(key) else found

	def doc(self, key: TicketKey) -> Any:
		"""The ticket's document, for conditions and templates. Raises DoesNotExistError where it is gone."""
		if key not in self._docs:
			self._docs[key] = frappe.get_doc(key.doctype, key.name)
		return self._docs[key]

	def values(self, key: TicketKey, expression: str) -> dict[str, Any]:
		"""What the ticket holds, for a condition. Raises DoesNotExistError where it is gone."""
		doctype = key.doctype
		if doc := self._supposed.get(key) or self._docs.get(key):
			return plain_values.of(doc)
		if doctype not in self._values_of:
			names = [known.name for known in self._facts if known.doctype == doctype]
			self._values_of[doctype] = conditions.TicketValues(
				doctype, names, lambda name: self.doc(TicketKey(doctype, name))
			)
		return self._values_of[doctype].of(key.name, expression)

	def suppose(self, key: TicketKey, ticket: Ticket) -> None:
		"""Have a ticket as something would leave it that isn't done: for a rehearsal."""
		was, self._facts[key] = self._facts[key], ticket
		src, doc = source(key.doctype), self._supposed.get(key) or frappe.get_doc(self.doc(key).as_dict())
		for name, before, after in (
			(src.priority, was.facts.priority, ticket.facts.priority),
			(src.team, was.facts.team, ticket.facts.team),
			(src.status, was.status, ticket.status),
		):
			if after != before:
				doc.set(name, field_types.as_value(src.field(name), after))
		doc.set("_assign", json.dumps(list(ticket.assignees)))
		self._supposed[key] = doc

	def assignees(self) -> set[str]:
		"""All users that any of these tickets is assigned to."""
		return {user for ticket in self._facts.values() for user in ticket.assignees}

	def field(self, key: TicketKey, fieldname: str) -> Any:
		row = self._rows.get(key, {})
		return row[fieldname] if fieldname in row else plain_values.of(self.doc(key)).get(fieldname)

	def _read(self, doctype: str, names: list[str]) -> None:
		src = source(doctype)
		# The columns of HD Ticket's name changed from integer to text: compare with what the site has.
		rows = self._rows_of(src, names)
		replies, assigned = {}, {}
		if not self._only_rows:
			answers = self._answers or Answers(*_beside(doctype, names))
			replies = _exchanges(src, rows, names, answers)
			assigned = assignments.read(
				doctype, rows, answers.of(assignments.asked(doctype, names)), locked=self._lock
			)
		reading = Reading(src)
		for row in rows:
			key = TicketKey(doctype, str(row.name))
			self._rows[key] = row
			try:
				if self._only_rows:
					self._facts[key] = _facts(reading, row, None)
					continue
				read = _facts(reading, row, replies.get(str(row.name), Exchange()))
				self._facts[key] = replace(read, assignees=_known(assigned[str(row.name)]))
			except Exception as e:
				self._unreadable[key] = e
		for name in names:
			key = TicketKey(doctype, name)
			self._facts.setdefault(key, _gone(key))

	def _rows_of(self, src: Source, names: list[str]) -> list[Any]:
		if self._answers:
			return [_typed(src, row) for row in self._answers.of(_locked_row(src, names[0]))]
		columns, doctype = ", ".join(f"`{field}`" for field in src.fields), src.doctype
		sql = f"select {columns} from `tab{doctype}` where `name` in ({placeholders(names)}) order by `name`"
		return frappe.db.sql(f"{sql} for update" if self._lock else sql, tuple(names), as_dict=True)


class Reading:
	"""How rows of one DocType are read, asked for once for all of them: its source, and the types of its fields."""

	def __init__(self, src: Source):
		self.source = src
		self.level: Callable[[str], int] = cache(partial(level, src.doctype))
		meta = frappe.get_meta(src.doctype)
		self._fields = {name: meta.get_field(name) for name in src.fields}

	def word(self, row: Any, field: str) -> str:
		"""What a field says, as it is compared; empty where there is none."""
		return field_types.as_word(self._fields.get(field), row.get(field)) if field else ""

	def compared(self, row: Any, field: str) -> str:
		"""The same as plans ask for it and items keep it."""
		return field_types.as_kept(self._fields.get(field), self.word(row, field))

	def text(self, row: Any, field: str) -> str:
		"""What a field says to a person, in one line."""
		return " ".join(readable_values.text(self._fields.get(field), self.word(row, field)).split())

	def instant(self, row: Any, field: str) -> datetime | None:
		"""When, in the site's zone; None where the field says nothing or is none."""
		return field_types.as_instant(self._fields.get(field), row.get(field)) if field else None


def _known(users: list[str] | ValueError) -> tuple[str, ...]:
	if isinstance(users, ValueError):
		raise users
	return tuple(users)


def _gone(key: TicketKey) -> Ticket:
	return Ticket(doctype=key.doctype, name=key.name, exists=False)


def logged_since(since: datetime, takes: TicketFilter, limit: int) -> list[Ticket]:
	"""The tickets that were logged since an instant (UTC) and that a filter takes, its condition apart.

	By their facts of now, the newest first, at most `limit`. Neither replies nor assignees are read.
	"""
	src = source(takes.doctype)
	rows = frappe.get_all(
		src.doctype,
		filters={**src.filters(takes), "creation": (">=", clock.to_site(since))},
		fields=src.fields,
		order_by="creation desc",
		limit=limit,
	)
	reading = Reading(src)
	return [_facts(reading, row, None) for row in rows]


@dataclass(frozen=True, slots=True)
class Unresolved:
	"""An unresolved ticket as a page of them has it: `latest` is when it was logged or, if that is later, its deadline of a
	clock, in the site's zone.
	"""

	facts: MatchFacts
	latest: Mapping[Clock, datetime]


def unresolved_since(
	since: datetime | None,
	takes: TicketFilter,
	limit: int,
	*,
	clocks: Collection[Clock] = (Clock.FIRST_RESPONSE,),
	names: Sequence[str] | None = None,
) -> Iterator[dict[TicketKey, Unresolved]]:
	"""Page by page, the unresolved tickets that were logged, or whose deadline of one of these clocks lies, since an instant (UTC)
	and that a filter takes, its condition apart. Every page is read anew. `since` None: of any age; `names`: of these only.
	"""
	src = source(takes.doctype)
	reading = Reading(src)
	wanted = [
		*([field, *(of if isinstance(of, tuple) else ("=", of))] for field, of in src.filters(takes).items()),
		["docstatus", "<", CANCELLED],
	]
	# No more than `_category` says: a site names its statuses as it likes, and its category decides.
	if src.category in src.fields:
		wanted.append([src.category, "!=", str(StatusCategory.RESOLVED)])
	elif "status" not in src.lost and not field_types.is_number(src.field(src.status)):
		wanted.append([src.status, "not in", sorted(src.resolved)])
	if names is not None:
		wanted.append(["name", "in", list(names)])
	by = {Clock.FIRST_RESPONSE: src.response_by, Clock.RESOLUTION: src.resolution_by}
	by = {of: field for of, field in by.items() if of in clocks and field in src.fields}
	moments = ("creation", *by.values()) if since else ()
	asked = {"name", "creation", *by.values(), src.priority, src.team, src.ticket_type, src.customer}
	after: list[list[Any]] = []
	while rows := frappe.get_all(
		src.doctype,
		filters=wanted + after,
		or_filters=[[field, ">=", clock.to_site(since)] for field in moments],
		fields=[field for field in src.fields if field in asked],
		order_by="name asc",
		limit=limit,
	):
		yield {
			TicketKey(takes.doctype, str(row.name), as_stamp(row.creation)): Unresolved(
				_match_facts(reading, row), _latest(reading, row, by)
			)
			for row in rows
		}
		if len(rows) < limit:
			return
		after = [["name", ">", rows[-1].name]]


def _latest(reading: Reading, row: Any, by: Mapping[Clock, str]) -> dict[Clock, datetime]:
	logged = get_datetime(row.creation)
	return {of: max(logged, reading.instant(row, by[of]) or logged) if of in by else logged for of in Clock}


def awaiting_reply(doctype: str, names: Sequence[str]) -> dict[str, tuple[datetime, ...]]:
	"""Those of these tickets whose customer may wait for a reply, and when they have written since the last answer (UTC), rising;
	of these the earliest may be missing. Whether one waits decides (`Ticket.asked_at`): this only spares reading those of
	which none does, and those that wait since they had their item.
	"""
	if not names:
		return {}
	src = source(doctype)
	linking = _is_link_of_a_part(src)
	in_json = "json_arrayagg" if frappe.db.db_type == "mariadb" else "json_group_array"
	found = frappe.db.sql(
		"select `reference_name`, max(case when `sent_or_received` = 'Received' then `creation` end),"
		f" {in_json}(case when `sent_or_received` = 'Received' then `creation` end),"
		f" max(case when `sent_or_received` = 'Sent' and not ({linking}) then `creation` end)"
		" from `tabCommunication` where `reference_doctype` = %s and `communication_type` = 'Communication'"
		f" and `reference_name` in ({placeholders(names)}) group by `reference_name`",
		(LINK_OF_A_PART, doctype, *names),
	)
	wrote = {str(name): said for name, *said in found if said[0]}
	if not wrote:
		return {}
	first, last = _answers(src)
	sql = f"select `name`, {first}, {last} from `tab{doctype}` where `name` in ({placeholders(wrote)})"
	waiting = {}
	for name, first_response, last_reply in frappe.db.sql(sql, tuple(wrote)):
		asked, all_asked, replied = wrote[str(name)]
		if may_await_reply(asked, replied, first_response, last_reply):
			answered = max(get_datetime(at) for at in (replied, first_response, last_reply) if at)
			waiting[str(name)] = _after(answered, all_asked)
	return waiting


def exchange_sql(src: Source, ticket: str) -> tuple[str, tuple[Any, ...]]:
	"""When the customer wrote last, an agent replied last, and what the ticket itself says of its first response and its last: four
	columns in SQL, what `may_await_reply` asks, and their values. `ticket` is the table of tickets.
	"""
	of = (
		"from `tabCommunication` c where c.`reference_doctype` = %s and c.`communication_type` = 'Communication'"
		f" and c.`reference_name` = {as_text(f'{ticket}.`name`', src.doctype)} and c.`sent_or_received`"
	)
	first, last = _answers(src, f"{ticket}.")
	return (
		f"(select max(c.`creation`) {of} = 'Received'),"
		f" (select max(c.`creation`) {of} = 'Sent' and not ({_is_link_of_a_part(src, 'c.')})), {first}, {last}",
		(src.doctype, src.doctype, LINK_OF_A_PART),
	)


def may_await_reply(asked: Any, replied: Any, first_response: Any, last_reply: Any) -> bool:
	"""Whether a customer who wrote last at `asked` may wait for a reply; None, or a column's value, for each of the others."""
	# What merging copied hither is no reply to who waits here.
	copied = replied and last_reply and not _among(last_reply, [get_datetime(replied)])
	return bool(copied or (asked > replied if replied else first_response))


def _answers(src: Source, table: str = "") -> list[str]:
	return [f"{table}`{of}`" if of in src.fields else "null" for of in (src.first_response, src.last_reply)]


def _is_link_of_a_part(src: Source, table: str = "") -> str:
	return f"{table}`content` like %s" if src.split_from else f"{table}`name` = %s"  # which none has


def _after(answered: datetime, in_json: str) -> tuple[datetime, ...]:
	"""Those of these instants in the site's zone that are later; in UTC, rising. () for a list that is cut off, as very long ones are."""
	try:
		times = [datetime.fromisoformat(text) for text in json.loads(in_json) if text]
	except ValueError:
		return ()
	return tuple(clock.stamp_to_utc(at) for at in sorted(times) if at > answered)


def asked_again(doctype: str, names: Sequence[str]) -> set[str]:
	"""Those of these tickets on which somebody has written from outside after an agent had, answered since or not."""
	found: set[str] = set()
	for start in range(0, len(names), CHUNK):
		part = names[start : start + CHUNK]
		for name, asked, replied in frappe.db.sql(
			"select `reference_name`, max(case when `sent_or_received` = 'Received' then `creation` end) as asked,"
			" min(case when `sent_or_received` = 'Sent' then `creation` end) as replied from `tabCommunication`"
			" where `reference_doctype` = %s and `communication_type` = 'Communication'"
			f" and `reference_name` in ({placeholders(part)}) group by `reference_name`",
			(doctype, *part),
		):
			if asked and replied and asked > replied:
				found.add(str(name))
	return found


def closed_sql(src: Source, table: str) -> tuple[str, tuple[Any, ...]]:
	"""Whether a ticket is resolved or closed, in SQL, and its values: as `_category` says it. Asks for a status that isn't lost."""
	statuses = tuple(sorted(src.resolved))
	status = f"coalesce({table}.`{src.status}`, '')"
	if field_types.is_number(src.field(src.status)):  # to a database 0 is the same as a word
		numbers = [field_types.as_value(src.field(src.status), word) for word in statuses]
		statuses = tuple(number for number in numbers if not isinstance(number, str))
		status = f"{table}.`{src.status}`"
	elif frappe.db.db_type == "sqlite":
		statuses, status = tuple(sorted({word.casefold() for word in statuses})), f"lower({status})"
	by_status = f"coalesce({status} in ({placeholders(statuses)}), 0)" if statuses else "0"
	if src.category not in src.fields:
		return by_status, statuses
	known = tuple(map(str, StatusCategory))
	return (
		f"case when {table}.`{src.category}` in ({placeholders(known)}) then {table}.`{src.category}` = %s"
		f" else {by_status} end",
		(*known, str(StatusCategory.RESOLVED), *statuses),
	)


def with_priority(key: TicketKey, priority: str, level: int, closed: bool) -> Ticket:
	"""A ticket of which no more is asked than its priority, and whether it is resolved or closed."""
	return Ticket(
		doctype=key.doctype,
		name=key.name,
		facts=MatchFacts(priority=priority, level=level),
		category=StatusCategory.RESOLVED if closed else StatusCategory.OPEN,
		created_stamp=key.created,
	)


def hypothetical(
	doctype: str,
	assignees: Iterable[str] = (),
	named: Mapping[str, str] | None = None,
	times: Mapping[str, datetime] | None = None,
	**facts: str,
) -> tuple[Tickets, TicketKey]:
	"""A ticket that nobody has logged, and its key, for a rehearsal.

	`named`: users, by the ticket's fields that name them. `times`: instants (UTC), by what `Ticket` calls them; in the document,
	too, where the DocType has a field for them. `facts`: priority, team, ticket_type, customer, agreement. One that
	the DocType has no field for is left out.
	"""
	src, doc = source(doctype), frappe.new_doc(doctype)
	doc.update(named or {})
	for what, value in facts.items():
		if value and getattr(src, what):
			field = getattr(src, what)
			doc.set(field, field_types.as_value(src.field(field), value))
	for what, at in (times or {}).items():
		if (field := getattr(src, what, "")) and doc.meta.has_field(field):
			doc.set(field, clock.to_site(at))
	assignees = list(assignees)
	doc.set("_assign", json.dumps(assignees))
	found, key = Tickets([]), TicketKey(doctype, "")
	found._docs[key] = doc
	found._facts[key] = replace(of_doc(doc), name="", assignees=tuple(assignees), **(times or {}))
	return found, key


def of_doc(doc: Any) -> Ticket:
	"""The facts of a document in hand, its replies and assignees apart: for what a save is compared with."""
	return _facts(Reading(source(doc.doctype)), doc, None)


@dataclass(slots=True)
class Exchange:
	"""When an agent wrote to the customer and when somebody wrote from outside, in the site's zone, rising.

	`mixed`: replies that merging copied hither are among these, and can't be told from those to this customer.
	"""

	sent: list[datetime] = field(default_factory=list)
	received: list[datetime] = field(default_factory=list)
	notices: list[datetime] = field(
		default_factory=list
	)  # that a part is a ticket of its own now: no replies
	mixed: bool = False

	def asked(self, first_response: datetime | None) -> list[datetime]:
		"""The messages from outside since the last answer; none where nobody has answered yet."""
		answered = self.sent[-1] if self.sent else first_response
		return [at for at in self.received if at > answered] if answered else []


def _facts(reading: Reading, row: Any, exchange: Exchange | None) -> Ticket:
	src, word, instant = reading.source, partial(reading.word, row), partial(reading.instant, row)
	replies = exchange.sent if exchange else None
	replied_at = replies[-1] if replies else None
	first_response, last_reply = instant(src.first_response), instant(src.last_reply)
	if exchange and last_reply and not _among(last_reply, exchange.sent):
		# Stamped for what is no reply to this customer: merging copies the other ticket's replies hither, with their
		# old times. A reply that came before was seen when it came.
		replied_at = None if exchange.mixed else replied_at
		first_response = first_response if _among(first_response, exchange.sent) else None
	asked = [clock.stamp_to_utc(at) for at in exchange.asked(first_response)] if exchange else []
	return Ticket(
		doctype=src.doctype,
		name=str(row.get("name")),
		facts=_match_facts(reading, row),
		cancelled=cint(row.get("docstatus")) == CANCELLED,
		merged_into=word(src.merged_into),
		status=reading.compared(row, src.status),
		category=_category(src, word(src.category), word(src.status)),
		subject=reading.text(row, src.subject),
		created_at=clock.stamp_to_utc(row.get("creation")),
		created_stamp=as_stamp(row.get("creation")),
		response_by=clock.to_utc(instant(src.response_by)),
		resolution_by=clock.to_utc(instant(src.resolution_by)),
		held=timedelta(seconds=max(flt(row.get(src.held)), 0)) if src.held else timedelta(0),
		agreement=word(src.agreement),
		first_responded_at=clock.stamp_to_utc(first_response),
		replied_at=clock.stamp_to_utc(replied_at),
		asked_at=asked[0] if asked else None,
		asked_later=tuple(asked[1:]),
	)


def _match_facts(reading: Reading, row: Any) -> MatchFacts:
	src = reading.source
	priority, team, ticket_type, customer = (
		reading.compared(row, field) for field in (src.priority, src.team, src.ticket_type, src.customer)
	)
	return MatchFacts(
		priority=priority,
		level=reading.level(priority),
		team=team,
		ticket_type=ticket_type,
		customer=customer,
	)


def _category(src: Source, category: str | None, status: str | None) -> StatusCategory:
	if category in set(StatusCategory):
		return StatusCategory(category)
	return src.category_of(status or "")


def questions(doctype: str, name: str) -> tuple[Question, ...]:
	"""What is asked of one ticket, whose row is locked. Raises ValidationError where nobody says how to read it."""
	return _locked_row(source(doctype), name), *_beside(doctype, [name])


def _locked_row(src: Source, name: str) -> Question:
	return Question(src.columns, f"from `tab{src.doctype}` where `name` = %s", (name,), lock=True)


def _typed(src: Source, row: Sequence[Any]) -> Any:
	"""A row that came as a text, as the database would have typed it."""
	found, meta = frappe._dict(zip(src.fields, row, strict=True)), frappe.get_meta(src.doctype)
	for name, value in found.items():
		if isinstance(value, str) and (field := meta.get_field(name)) and field.fieldtype in _TYPED:
			found[name] = _TYPED[field.fieldtype](value)
	found.creation = as_stamp(found.creation)  # None stays None: now would be another ticket each time
	return found


_TYPED = {"Datetime": get_datetime, "Date": getdate, "Time": to_timedelta}


def _beside(doctype: str, names: Sequence[str]) -> tuple[Question, ...]:
	"""What is asked of tickets beside their rows."""
	return _exchanged(doctype, names), assignments.asked(doctype, names)


def _exchanged(doctype: str, names: Sequence[str]) -> Question:
	return Question(
		_OF_A_MESSAGE,
		"from `tabCommunication` where `reference_doctype` = %s and `communication_type` = 'Communication'"
		f" and `sent_or_received` in ('Sent', 'Received') and `reference_name` in ({placeholders(names)})",
		(doctype, *names),
	)


_OF_A_MESSAGE = (
	"creation",
	"name",
	"reference_name",
	"communication_date",
	"sent_or_received",
	"message_id",
)


def _exchanges(
	src: Source, tickets: Sequence[Any], names: Sequence[str], answers: Answers
) -> dict[str, Exchange]:
	"""What was written on tickets: {ticket: when}. It leaves the status as it is, often."""
	sent = {
		"reference_doctype": src.doctype,
		"reference_name": ("in", names),
		"communication_type": "Communication",
		"sent_or_received": "Sent",
	}
	found_rows = sorted(answers.of(_exchanged(src.doctype, names)), key=lambda row: (row[0] or "", row[1]))
	rows = [frappe._dict(zip(_OF_A_MESSAGE, row, strict=True)) for row in found_rows]
	notices = _split_notices(src, sent) if any(row.sent_or_received == "Sent" for row in rows) else set()
	copies = _being_copied(rows)
	found: dict[str, Exchange] = {}
	for row in rows:
		if row.name not in copies:
			exchange = found.setdefault(str(row.reference_name), Exchange())
			received = row.sent_or_received == "Received"
			times = (
				exchange.received if received else exchange.notices if row.name in notices else exchange.sent
			)
			times.append(get_datetime(row.creation))
	_without_copies(src, tickets, found)
	return found


def _being_copied(rows: Sequence[Any]) -> set[str]:
	"""Copies that merging has only now inserted: their creation is put back a moment later. Mail that was under way for a while
	looks alike, but has no other of its kind.
	"""
	just_now = now_datetime() - TOGETHER
	found = [
		row
		for row in rows
		if get_datetime(row.creation) > just_now
		and not _among(row.communication_date or row.creation, [get_datetime(row.creation)])
	]
	mail = [row.message_id for row in found if row.sent_or_received == "Received" and row.message_id]
	if not mail:
		return {row.name for row in found}
	sql = f"select `message_id` from `tabCommunication` where `message_id` in ({placeholders(mail)})"
	with_that_id = Counter(row[0] for row in frappe.db.sql(sql, tuple(mail)))
	return {row.name for row in found if row.sent_or_received == "Sent" or with_that_id[row.message_id] != 1}


def _without_copies(src: Source, tickets: Sequence[Any], found: dict[str, Exchange]) -> None:
	"""Leave out the replies that merging copied hither: each is as old, to the microsecond, as one on the ticket that was merged."""
	if not {src.last_reply, src.merged_into} <= set(src.fields):
		return
	stamps = {str(row.name): row.get(src.last_reply) for row in tickets if row.get(src.last_reply)}
	doubtful = [
		name
		for name, of in found.items()
		if of.sent and name in stamps and not _among(stamps[name], of.sent + of.notices)
	]
	if not doubtful:
		return
	merged = frappe.db.sql(
		f"select t.`{src.merged_into}`, c.`creation` from `tab{src.doctype}` t join `tabCommunication` c"
		f" on c.`reference_doctype` = %s and c.`reference_name` = {as_text('t.`name`', src.doctype)}"
		f" where t.`{src.merged_into}` in ({placeholders(doubtful)}) and c.`sent_or_received` = 'Sent'",
		(src.doctype, *doubtful),
	)
	originals = {(str(name), get_datetime(at)) for name, at in merged}
	for name in doubtful:
		exchange = found[name]
		own = [at for at in exchange.sent if (name, at) not in originals]
		exchange.mixed = len(own) == len(exchange.sent)
		exchange.sent = own


def _split_notices(src: Source, sent: dict[str, Any]) -> set[str]:
	"""What was sent only to say that a part of the ticket is a ticket of its own now: a link to it, as old as it."""
	if not src.split_from or not frappe.get_meta(src.doctype).has_field(src.split_from):
		return set()
	linking = frappe.get_all(
		"Communication",
		filters={**sent, "content": ("like", LINK_OF_A_PART)},
		fields=["name", "reference_name", "creation", "content"],
		order_by="creation asc",
	)
	linked = {row.name: re.findall(r"/helpdesk/tickets/([\w-]+)", row.content) for row in linking}
	parts = (
		frappe.get_all(
			src.doctype,
			filters={"name": ("in", [name for found in linked.values() for name in found])},
			fields=["name", "creation", src.split_from],
			order_by="name",
		)
		if linking
		else []
	)
	born = {(str(part.name), str(part[src.split_from])): part.creation for part in parts}
	return {
		row.name
		for row in linking
		for name in linked[row.name]
		if _among(born.get((name, str(row.reference_name))), [get_datetime(row.creation)])
	}


def _among(at: Any, times: Iterable[datetime]) -> bool:
	"""Whether an instant is one of these, but for the moments that writing takes."""
	return bool(at) and any(abs(time - get_datetime(at)) <= TOGETHER for time in times)
