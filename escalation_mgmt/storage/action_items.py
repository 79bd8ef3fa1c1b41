"""Action items: rows read as the engine's objects, under a lock where a decision may follow.

Nobody but `decisions` writes what a decision changes.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any
from unicodedata import combining, normalize

import frappe
from frappe import _
from frappe.utils import get_datetime

from escalation_mgmt.engine import (
	RUNNING,
	AckRequest,
	ActionItem,
	Before,
	Clock,
	MatchFacts,
	Past,
	Status,
	TicketKey,
	is_open_to,
	is_theirs,
	pressing,
	progress,
)
from escalation_mgmt.facts import plans
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.identity import as_stamp, stamp_of
from escalation_mgmt.utils.questions import Answers, Question

_COLUMNS = (
	*(
		"name",
		"version",
		"status",
		"reference_doctype",
		"reference_name",
		"plan_version",
		"generation",
		"run",
		"next_group",
	),
	*(
		"current_step",
		"opened_utc",
		"due_utc",
		"ended_utc",
		"priority",
		"priority_level",
		"team",
		"ticket_type",
	),
	*("customer", "assignees", "started_by", "unreached", "stalled", "nobody_notified"),
	*("acknowledged_by", "acknowledged_user"),
	*("acknowledged_utc", "acknowledged_via", "parked", "parked_due_utc", "running_ticket"),
	*("resumes_utc", "added", "ticket_status", "reminded", "ack_requests", "acks"),
	*("passed_on", "coming", "undo_restores"),
	*(
		"maintenance",
		"ticket_created",
		"window_skipped",
		"after_answer",
		"answered_level",
		"exhausted_ticket",
	),
	*("clock", "clock_utc", "paused_utc", "paused_due_utc", "held_utc", "stood_still", "acted"),
)
_SELECT = f"select {', '.join(f'`{column}`' for column in _COLUMNS)} from `tab{ITEM}`"


NOT_HELD = f" and not exists (select 1 from `tab{ITEM}` i where i.`name` = `action_item` and i.`held_utc` is not null)"
"""In SQL, of a row that belongs to an item: nothing of an item that is held until somebody has looked."""


@dataclass(frozen=True, slots=True)
class Stored:
	"""An action item as it was read, with the ticket that it belongs to."""

	item: ActionItem
	key: TicketKey  # of its ticket
	plan_version: str
	unanswered: bool = False  # exhausted, and nobody was seen to answer since


def claim_due(now: datetime, limit: int, only: Sequence[str] = ()) -> list[Any]:
	"""Claim the items that are due, those due longest first, or `only` of these; another process's claims are passed
	over.

	Returns their rows, for `load`: what can't be loaded must not stand in the way of the claim.
	"""
	which = f"`name` in ({rows.placeholders(only)}) and " if only else ""
	sql = (
		f"{_SELECT} where {which}`due_utc` <= %s order by `due_utc` limit {int(limit)} for update skip locked"
	)
	return frappe.db.sql(sql, (*only, now), as_dict=True)


def is_due(key: TicketKey, now: datetime) -> bool:
	"""Whether a running item of a ticket is due, as this transaction has it."""
	of = of_clocks(key)
	sql = f"select 1 from `tab{ITEM}` where `running_ticket` in ({rows.placeholders(of)}) and `due_utc` <= %s limit 1"
	return bool(frappe.db.sql(sql, (*of, now)))


def lock(names: Iterable[str], *, wait: bool = True) -> list[Stored]:
	"""Lock items by name and read them as they are now, not as an old snapshot has them."""
	names = sorted(names)
	if not names:
		return []
	placeholders = rows.placeholders(names)
	sql = f"{_SELECT} where `name` in ({placeholders}) order by `name` for update"
	return load(frappe.db.sql(sql if wait else f"{sql} skip locked", tuple(names), as_dict=True), lock=True)


def running(key: TicketKey, names: Sequence[str] | None = None) -> dict[Clock, Stored]:
	"""Lock and read the running items of a ticket, one for a clock at most; `names`: what they were, where that was read.

	Never locks what isn't there: a lock on the gap would make two savers of new tickets deadlock.
	"""
	if names is None:
		of = of_clocks(key)
		sql = f"select `name` from `tab{ITEM}` where `running_ticket` in ({rows.placeholders(of)})"
		names = [row[0] for row in frappe.db.sql(sql, tuple(of))]
	return {stored.item.plan.clock: stored for stored in lock(names) if stored.item.status in RUNNING}


def running_clocks(key: TicketKey) -> frozenset[Clock]:
	"""The clocks for which a ticket has a running item. Nothing is locked."""
	of = {running_ticket(key, clock): clock for clock in Clock}
	sql = f"select `running_ticket` from `tab{ITEM}` where `running_ticket` in ({rows.placeholders(of)})"
	return frozenset(of[row[0]] for row in frappe.db.sql(sql, tuple(of)))


def exhausted(key: TicketKey, clock: Clock | None = None) -> list[str]:
	"""The exhausted items of a ticket's name that nobody was seen to answer, of every clock or one: one for each at most, but for
	a moment. Nothing is locked.
	"""
	of = [running_ticket(key, clock)] if clock else of_clocks(key)
	sql = f"select `name` from `tab{ITEM}` where `exhausted_ticket` in ({rows.placeholders(of)}) order by `name`"
	return [row[0] for row in frappe.db.sql(sql, tuple(of))]


def names_of_exhausted(after: str, limit: int) -> list[str]:
	"""Exhausted items that nobody was seen to answer, by name, from the one after `after`. Nothing is locked."""
	sql = (
		f"select `name` from `tab{ITEM}` where `exhausted_ticket` is not null and `name` > %s"
		f" order by `name` limit {int(limit)}"
	)
	return [row[0] for row in frappe.db.sql(sql, (after,))]


def note_answered(names: Sequence[str]) -> None:
	"""Somebody has answered the tickets of these exhausted items, or they are gone: they are shown no more.

	Passes over what somebody holds: a ticket's save doesn't wait for one who acknowledges, and the sweep comes by again.
	"""
	if not names:
		return
	sql = f"select `name` from `tab{ITEM}` where `name` in ({rows.placeholders(names)}) order by `name`"
	free = tuple(row[0] for row in frappe.db.sql(f"{sql} for update skip locked", tuple(names)))
	if free:
		frappe.db.sql(
			f"update `tab{ITEM}` set `exhausted_ticket` = null where `name` in ({rows.placeholders(free)})",
			free,
		)


def latest(key: TicketKey, clock: Clock | None = None) -> str | None:
	"""The item that a ticket's form shows first: the most pressing of those that run or are exhausted, or else the newest. Of one
	`clock`, where it is given.
	"""
	present, _earlier = of_ticket(key, clock)
	return present[0] if present else None


def order(row: Any) -> tuple[int, datetime, str]:
	"""Of a ticket's items that are shown at once the least comes first: the most pressing, then what is due first. `row` has
	`status`, `due_utc` and `name`.
	"""
	due = get_datetime(row.due_utc) if row.due_utc else datetime.max  # SQLite has a text where it is computed
	return pressing(Status(row.status)), due, row.name


def of_ticket(key: TicketKey, clock: Clock | None = None) -> tuple[list[str], list[str]]:
	"""The items of a ticket, for every clock or one: (those that run or that nobody has answered yet, in their `order`, or else
	the newest; those before them, newest first).

	Of the ticket that was `created` then; where the key leaves it out, of the one that has the name now, or had it last.
	"""
	if not key.created:
		key = replace(key, created=stamp_of(key.doctype, key.name))
	sql = (
		"select `name`, `reference_doctype`, `reference_name`, `ticket_created`, `status`, `clock`,"
		" coalesce(`parked_due_utc`, `due_utc`) as due_utc,"
		" coalesce(`running_ticket`, `exhausted_ticket`) as present"
		f" from `tab{ITEM}` where `reference_doctype` = %s and `reference_name` = %s"
		" order by `opened_utc` desc, `name` desc"
	)
	found = frappe.db.sql(sql, (key.doctype, key.name), as_dict=True)
	theirs = [row for row in found if clock in (None, row.clock) and not key.is_another(ticket_of(row))]
	present = sorted((row for row in theirs if row.present), key=order)
	present = present or theirs[:1]
	names = [row.name for row in present]
	return names, [row.name for row in theirs if row.name not in names]


def names_of_running(after: str, limit: int) -> list[tuple[str, TicketKey]]:
	"""Running items by name, from the one after `after`: [(item, ticket)]; none that is held until somebody has looked. Nothing is
	locked.
	"""
	found = frappe.get_all(
		ITEM,
		filters={"status": ("in", sorted(RUNNING)), "name": (">", after), "held_utc": ("is", "not set")},
		fields=["name", "reference_doctype", "reference_name"],
		order_by="name asc",
		limit=limit,
	)
	return [(row.name, TicketKey(row.reference_doctype, row.reference_name)) for row in found]


def read(names: Sequence[str]) -> list[Stored]:
	"""Items as the present snapshot has them, without a lock: for an evaluation that may lead to nothing."""
	if not names:
		return []
	placeholders = rows.placeholders(names)
	return load(frappe.db.sql(f"{_SELECT} where `name` in ({placeholders})", tuple(names), as_dict=True))


def readable(names: Sequence[str]) -> list[Stored]:
	"""As `read`, for whoever looks: without those that can't be read, so that one that is damaged hides no other. The dispatcher
	sets it aside, and its history says why.
	"""
	try:
		return read(names)
	except Exception:
		frappe.db.sql("select 1")  # raises where the database itself is away
		middle = len(names) // 2
		return [each for part in (names[:middle], names[middle:]) if middle for each in readable(part)]


@dataclass(frozen=True, slots=True)
class History:
	"""What there was for tickets: what is remembered of the last item for each clock of each, nothing of what had a name before;
	those that have a running item for a clock, or whose name has one; those whose name has, or had, any; and the names of the
	running items, and of the exhausted ones that nobody was seen to answer, whichever ticket of that name they are of.
	"""

	pasts: dict[tuple[TicketKey, Clock], Past]
	running: set[tuple[TicketKey, Clock]]
	any: set[TicketKey]
	running_items: list[str]
	exhausted_items: list[str]


_PAST = (
	*("clock", "status", "priority", "priority_level", "team", "ticket_type", "customer"),
	*("ticket_was_closed", "no_plan_matched", "after_answer", "opened_utc", "ended_utc", "clock_utc"),
	*("ticket_created", "running_ticket", "exhausted_ticket", "name"),
)


_ASKED = ("`reference_name`", *(f"`{column}`" for column in _PAST))


def history_of(keys: Iterable[TicketKey], answers: Answers | None = None) -> History:
	"""What there was for tickets of one DocType. In one text for each item, and only what is asked is read of it: to a sweep of
	many tickets it is the columns that are dear. `answers`: to what is `asked_of`.
	"""
	asked = {key.name: key for key in keys}
	found = History({}, set(), set(), [], [])
	if not asked:
		return found
	told = (answers or Answers()).of(asked_of(next(iter(asked.values())).doctype, list(asked)))
	# The last is found here: to sort such texts, a database writes them to disk.
	latest: dict[tuple[TicketKey, Clock], tuple[str, str]] = {}
	for name, *values in told:
		key = asked.get(name) or _asked_alike(asked, name)
		if not key:
			continue
		clock, status, priority, level, team, ticket_type, customer, *flags = values[:10]
		opened, ended, began, created, running, exhausted, item = values[10:]
		of = key, Clock(clock)
		found.any.add(key)
		if running:
			found.running.add(of)
			found.running_items.append(item)
		if exhausted:
			found.exhausted_items.append(item)
		place = (opened or "", item)
		if key.is_another(TicketKey(key.doctype, name, _instant(created))) or latest.get(of, place) > place:
			continue
		latest[of] = place
		facts = MatchFacts(
			priority=priority or "",
			level=level or 0,
			team=team or "",
			ticket_type=ticket_type or "",
			customer=customer or "",
		)
		closed, no_match, after_answer = map(bool, flags)
		found.pasts[of] = Past(
			status=Status(status),
			facts=facts,
			ticket_was_closed=closed,
			no_match=no_match,
			after_answer=after_answer,
			opened_at=_instant(opened),
			ended_at=_instant(ended),
			clock_at=_instant(began),
		)
	return found


def _asked_alike(asked: dict[str, TicketKey], name: str) -> TicketKey | None:
	"""Whose name is the same to MariaDB: of a ticket that is gone, in other capitals, or with other accents."""
	return next((key for other, key in asked.items() if _alike(other) == _alike(name)), None)


def _alike(name: str) -> str:
	letters = normalize("NFKD", name.casefold())
	return "".join(letter for letter in letters if not combining(letter)).rstrip()


def asked_of(doctype: str, names: Sequence[str]) -> Question:
	"""What there was for tickets of one DocType."""
	return Question(
		_ASKED,
		f"from `tab{ITEM}` where `reference_doctype` = %s and `reference_name` in ({rows.placeholders(names)})",
		(doctype, *names),
	)


def _instant(text: str | None) -> datetime | None:
	return datetime.fromisoformat(text) if text else None


def with_running_item(keys: Iterable[TicketKey]) -> set[TicketKey]:
	"""Those of these tickets that have a running item for the first response, or whose name has one."""
	asked = {running_ticket(key): key for key in keys}
	if not asked:
		return set()
	sql = f"select `running_ticket` from `tab{ITEM}` where `running_ticket` in ({rows.placeholders(asked)})"
	return {asked[row[0]] for row in frappe.db.sql(sql, tuple(asked))}


def note_closed(key: TicketKey) -> None:
	"""Remember that the ticket was resolved or closed, so that its reopening can start a new item."""
	frappe.db.sql(
		f"update `tab{ITEM}` set `ticket_was_closed` = 1"
		" where `reference_doctype` = %s and `reference_name` = %s and `ticket_was_closed` = 0",
		(key.doctype, key.name),
	)


def follow_rename(doc: Any, _event: str, old: str, new: str, merge: bool = False) -> None:
	"""A ticket has another name now. Frappe 16 follows only the links that it has seen being inserted by itself, and our key
	is none. Merged into one that has a running item as well, its own ends, as that of a ticket that is gone. Items of an
	earlier ticket of that name stay what they are.

	Every DocType's renames come here, from `storage.renames`: what isn't there isn't locked.
	"""
	renamed = stamp_of(doc.doctype, old if merge else new)  # the ticket itself, merged ones are deleted later
	found = frappe.get_all(
		ITEM,
		filters={"reference_doctype": doc.doctype, "reference_name": ("in", (old, new))},
		fields=["name", "reference_name", "ticket_created", "running_ticket", "exhausted_ticket", "clock"],
		order_by="name",
	)
	runs = {row.running_ticket for row in found if merge}
	shown = runs | {row.exhausted_ticket for row in found if merge}
	created = {"ticket_created": stamp_of(doc.doctype, new)} if merge else {}
	for row in found:
		before, after = (
			running_ticket(TicketKey(doc.doctype, name), Clock(row.clock)) for name in (old, new)
		)
		its_own = bool(row.ticket_created) and as_stamp(row.ticket_created) == renamed
		if row.running_ticket == before:
			where = {"running_ticket": after} if after not in runs else {"reference_name": old}
		elif row.reference_name == old or its_own:  # Frappe may have moved it already
			where = {}
		else:
			continue
		if "reference_name" not in where:
			where |= {"reference_name": new, **(created if its_own else {})}
		if row.exhausted_ticket == before:
			where["exhausted_ticket"] = None if after in shown else after
		frappe.db.set_value(ITEM, row.name, where, update_modified=False)


def load(found: Iterable[Any], *, lock: bool = False) -> list[Stored]:
	"""The action items of these rows. With `lock` their plans too are read as they are now, as the rows were."""
	found = list(found)
	frozen = plans.versions({row.plan_version for row in found}, lock=lock) if found else {}
	return [
		Stored(
			item=ActionItem(
				id=row.name,
				plan=frozen[row.plan_version],
				status=Status(row.status),
				opened_at=row.opened_utc,
				version=row.version,
				generation=row.generation,
				run=row.run,
				group=row.next_group,
				step=row.current_step,
				due_at=row.parked_due_utc or row.paused_due_utc or row.due_utc,
				clock_at=row.clock_utc,
				paused_at=row.paused_utc,
				held_at=row.held_utc,
				stood_still=timedelta(seconds=float(row.stood_still or 0)),
				facts=_facts(row),
				assignees=_listed(row.assignees),
				resumes_at=row.resumes_utc,
				maintenance=row.maintenance or "",
				added=_listed(row.added),
				by_hand=bool(row.started_by),
				acted=bool(row.acted),
				window_skipped=bool(row.window_skipped),
				answered_level=row.answered_level if row.after_answer else None,
				unreached=row.unreached,
				stalled=bool(row.stalled),
				nobody_notified=bool(row.nobody_notified),
				parked=bool(row.parked),
				superseded=row.status in RUNNING and not row.running_ticket,
				acknowledged_by=row.acknowledged_by or "",
				acknowledged_user=row.acknowledged_user or "",
				acknowledged_at=row.acknowledged_utc,
				acknowledged_via=row.acknowledged_via or "",
				ack_requests=_ack_requests(row.ack_requests),
				acks=_listed(row.acks),
				passed_on=pairs(row.passed_on),
				coming=pairs(row.coming),
				before=_before(row.undo_restores),
				ticket_status=row.ticket_status or "",
				reminded=bool(row.reminded),
				ended_at=row.ended_utc,
			),
			key=ticket_of(row),
			plan_version=row.plan_version,
			unanswered=bool(row.exhausted_ticket),
		)
		for row in found
	]


def waits_for(row: Any, user: str, name: str = "") -> bool:
	"""Whether the item of this row can be acknowledged by this person (or the address of that label), or waits for their
	word that they are still on it. `row` has `status`, `acks`, `reminded`, `acknowledged_user` and `acknowledged_by`.
	"""
	status = Status(row.status)
	if row.reminded and status is Status.ACKNOWLEDGED:
		has_it = {
			"acknowledged_user": row.acknowledged_user or "",
			"acknowledged_by": row.acknowledged_by or "",
		}
		return is_theirs(user, name, **has_it)
	return is_open_to(user or name, status, _listed(row.acks))


def tally(row: Any) -> str:
	"""How many of how many have acknowledged, as in "1 of 3", of a row with its `ack_requests` and `acks`; empty: one is enough."""
	have = progress(_ack_requests(row.ack_requests), _listed(row.acks))
	return _("{0} of {1}").format(*have) if have else ""


def _ack_requests(column: str | None) -> tuple[AckRequest, ...]:
	return tuple(
		AckRequest(step, needs, tuple(people), tuple(*excluded))
		for step, needs, people, *excluded in _listed(column)
	)


def pairs(column: str | None) -> tuple[tuple, ...]:
	"""A column that holds pairs: who passed on which run, or who is on the way (`coming`), as history names them."""
	return tuple(map(tuple, _listed(column)))


def restores(before: Before | None) -> str | None:
	"""What an undo restores, as `undo_restores` keeps it, without what is nothing."""
	if not before:
		return None
	kept = {each.name: value for each in fields(before) if (value := getattr(before, each.name))}
	return json.dumps(kept | {"stood_still": before.stood_still.total_seconds()}, default=str)


def _before(column: str | None) -> Before | None:
	if not column:
		return None
	kept = json.loads(column)
	instants = ("due_at", "paused_at", "resumes_at", "ended_at")
	return Before(
		status=Status(kept["status"]),
		**{name: datetime.fromisoformat(kept[name]) for name in instants if name in kept},
		stood_still=timedelta(seconds=kept["stood_still"]),
		maintenance=kept.get("maintenance", ""),
		stalled=kept.get("stalled", False),
		acks=tuple(kept.get("acks", ())),
		coming=tuple(map(tuple, kept.get("coming", ()))),
	)


def _listed(column: str | None) -> tuple:
	return tuple(json.loads(column)) if column else ()


def _facts(row: Any) -> MatchFacts:
	return MatchFacts(
		priority=row.priority or "",
		level=row.priority_level or 0,
		team=row.team or "",
		ticket_type=row.ticket_type or "",
		customer=row.customer or "",
	)


def ticket_of(row: Any) -> TicketKey:
	"""The ticket that an item's row is about. Without `ticket_created` (items of before it was kept): who has the name."""
	return TicketKey(row.reference_doctype, row.reference_name, as_stamp(row.ticket_created))


def running_ticket(key: TicketKey, clock: Clock = Clock.FIRST_RESPONSE) -> str:
	"""Unique among running items: no ticket ever has two for one clock. No DocType has a colon in its name."""
	ticket = f"{key.doctype}/{key.name}"
	return ticket if clock is Clock.FIRST_RESPONSE else f"{clock}: {ticket}"


def of_clocks(key: TicketKey) -> list[str]:
	"""The same for each clock."""
	return [running_ticket(key, clock) for clock in Clock]
