"""Action items in the database: read under a lock, written with all that a decision brings, in one transaction.

Nobody else writes these rows. `apply` compares and sets each item's `version` (design rule 1): where another
process was first, it raises Conflict and the caller rolls back.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.model.naming import make_autoname

from escalation_mgmt.engine import (
	NO_MATCH,
	RUNNING,
	AckRequest,
	ActionItem,
	Decision,
	Event,
	EventKind,
	ImpossibleTransition,
	MatchFacts,
	Past,
	Plan,
	Status,
	Ticket,
	is_open_to,
	is_theirs,
	open_item,
	progress,
	status_after,
)
from escalation_mgmt.facts import plans
from escalation_mgmt.facts.calendars import Calendars
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.storage import activity, history, outbox
from escalation_mgmt.utils import realtime, rows
from escalation_mgmt.utils.doctypes import ITEM

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
	*("customer", "assignees", "started_by", "unreached", "stalled", "acknowledged_by", "acknowledged_user"),
	*("acknowledged_utc", "acknowledged_via", "parked", "parked_due_utc", "running_ticket"),
	*("resumes_utc", "added", "ticket_status", "reminded", "ack_requests", "acks"),
	"maintenance",
)
_SELECT = f"select {', '.join(f'`{column}`' for column in _COLUMNS)} from `tab{ITEM}`"


@dataclass(frozen=True, slots=True)
class Stored:
	"""An action item as it was read, with the ticket that it belongs to."""

	item: ActionItem
	key: tuple[str, str]  # DocType and name of the ticket
	plan_version: str


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


def next_due() -> datetime | None:
	"""When the next item is due."""
	return rows.least(ITEM, "due_utc")


def lock(names: Iterable[str], *, wait: bool = True) -> list[Stored]:
	"""Lock items by name and read them as they are now, not as an old snapshot has them."""
	names = sorted(names)
	if not names:
		return []
	placeholders = rows.placeholders(names)
	sql = f"{_SELECT} where `name` in ({placeholders}) order by `name` for update"
	return load(frappe.db.sql(sql if wait else f"{sql} skip locked", tuple(names), as_dict=True))


def running(key: tuple[str, str]) -> Stored | None:
	"""Lock and read the running item of a ticket, if it has one.

	Never locks what isn't there: a lock on the gap would make two savers of new tickets deadlock.
	"""
	sql = f"select `name` from `tab{ITEM}` where `running_ticket` = %s"
	names = [row[0] for row in frappe.db.sql(sql, (_running_ticket(key),))]
	return next((stored for stored in lock(names) if stored.item.status in RUNNING), None)


def latest(key: tuple[str, str]) -> str | None:
	"""The item that a ticket's form shows: the running one, or else the newest."""
	sql = (
		f"select `name` from `tab{ITEM}` where `reference_doctype` = %s and `reference_name` = %s"
		" order by `running_ticket` is null, `opened_utc` desc, `name` desc limit 1"
	)
	found = frappe.db.sql(sql, key)
	return found[0][0] if found else None


def names_of_running(after: str, limit: int) -> list[tuple[str, tuple[str, str]]]:
	"""Running items by name, from the one after `after`: [(item, ticket)]. Nothing is locked."""
	found = frappe.get_all(
		ITEM,
		filters={"status": ("in", sorted(RUNNING)), "name": (">", after)},
		fields=["name", "reference_doctype", "reference_name"],
		order_by="name asc",
		limit_page_length=limit,
	)
	return [(row.name, (row.reference_doctype, row.reference_name)) for row in found]


def read(names: Sequence[str]) -> list[Stored]:
	"""Items as the present snapshot has them, without a lock: for a look that may lead to nothing."""
	if not names:
		return []
	placeholders = rows.placeholders(names)
	return load(frappe.db.sql(f"{_SELECT} where `name` in ({placeholders})", tuple(names), as_dict=True))


def past(key: tuple[str, str]) -> Past | None:
	"""What is remembered of the ticket's last item, ended or not."""
	return pasts(key[0], [key[1]]).get(key[1])


def pasts(doctype: str, names: Sequence[str]) -> dict[str, Past]:
	"""What is remembered of the last item of each of these tickets: {ticket: past}."""
	found = frappe.get_all(
		ITEM,
		filters={"reference_doctype": doctype, "reference_name": ("in", list(names))},
		fields=[
			*("reference_name", "status", "priority", "priority_level", "team", "ticket_type", "customer"),
			*("ticket_was_closed", "no_plan_matched"),
		],
		order_by="opened_utc asc, name asc",
		limit_page_length=0,
	)
	return {
		row.reference_name: Past(
			status=Status(row.status),
			facts=_facts(row),
			ticket_was_closed=bool(row.ticket_was_closed),
			no_match=bool(row.no_plan_matched),
		)
		for row in found
	}


def with_running_item(doctype: str, names: Sequence[str]) -> set[str]:
	"""Those of these tickets that have a running item."""
	keys = {_running_ticket((doctype, name)): name for name in names}
	if not keys:
		return set()
	placeholders = rows.placeholders(keys)
	sql = f"select `running_ticket` from `tab{ITEM}` where `running_ticket` in ({placeholders})"
	return {keys[row[0]] for row in frappe.db.sql(sql, tuple(keys))}


def note_closed(key: tuple[str, str]) -> None:
	"""Remember that the ticket was resolved or closed, so that its reopening can start a new item."""
	frappe.db.sql(
		f"update `tab{ITEM}` set `ticket_was_closed` = 1"
		" where `reference_doctype` = %s and `reference_name` = %s and `ticket_was_closed` = 0",
		key,
	)


def open_for(
	ticket: Ticket, version: str, plan: Plan, now: datetime, *, by: str = "", replaces: str = ""
) -> str:
	"""Open an action item and return its name. Raises Conflict where the ticket has one running."""
	name = make_autoname(frappe.get_meta(ITEM).autoname, ITEM)
	working = Calendars().of(plan, ticket)
	decision = open_item(name, plan, ticket, now, working, by=by, follows=replaces)
	row = {
		**_state(decision.item),
		"plan": plan.name,
		"plan_version": version,
		"reference_doctype": ticket.doctype,
		"reference_name": ticket.name,
		"ticket_subject": ticket.subject[:140],
		"running_ticket": _running_ticket((ticket.doctype, ticket.name)),
		"step_count": len(plan.steps),
		"opened_utc": now,
		"updated_utc": now,
		"started_by": by or None,
		"replaces": replaces or None,
	}
	with _one_running():
		rows.insert_all(ITEM, [{"name": name, **row}])
	history.append([history.Line(name, event) for event in decision.events])
	activity.note([((ticket.doctype, ticket.name), event) for event in decision.events])
	return name


def apply(
	decided: Sequence[tuple[Stored, Decision]],
	directory: Directory,
	tickets: Tickets,
	now: datetime,
) -> None:
	"""Write decisions and all that they bring. Raises Conflict where an item was changed meanwhile."""
	if not decided:
		return
	for stored, decision in decided:
		said = status_after(stored.item.status, (event.kind for event in decision.events))
		if said is not decision.item.status:
			raise ImpossibleTransition(
				f"{stored.item.id}: {decision.item.status}, and its history says {said}"
			)
	states = _changes(decided, now)
	with _one_running():
		met = rows.update_all(ITEM, states, where="version")
	if met != len(states):
		raise rows.Conflict("an action item was changed by another process")
	for stored, decision in decided:
		if any(event.data.get("how") == "resolved" for event in decision.events):
			note_closed(stored.key)
		if any(event.data.get("reason") == NO_MATCH for event in decision.events):
			frappe.db.sql(
				f"update `tab{ITEM}` set `no_plan_matched` = 1 where `name` = %s", (stored.item.id,)
			)
	outbox.withdraw([stored.item.id for stored, decision in decided if decision.withdraw], now)
	for stored, decision in decided:
		if decision.withdraw_from:
			outbox.withdraw([stored.item.id], now, of=decision.withdraw_from)
	outbox.queue([(decision.item, page) for _stored, decision in decided for page in decision.pages], now)
	history.append(
		[history.Line(stored.item.id, event) for stored, decision in decided for event in decision.events]
	)
	activity.note([(stored.key, event) for stored, decision in decided for event in decision.events])
	realtime.tell_forms(stored.item.id for stored, _decision in decided)
	outbox.queue_notices(
		[(stored.item, notice) for stored, decision in decided for notice in decision.notices], directory, now
	)
	for stored, decision in decided:
		for event in decision.events:
			if event.kind is EventKind.REPLACED:
				_replace(stored, event.data["replaced_by"], tickets[stored.key], now)


def park(name: str, why: str, until: datetime, now: datetime) -> bool:
	"""Set an item aside that can't be processed, and say so in its history (design rule 1); whether it was still due.

	When it was due is kept: that is how late it is, whenever it can be processed again.
	"""
	frappe.db.sql(
		f"update `tab{ITEM}` set `parked` = %s, `parked_due_utc` = coalesce(`parked_due_utc`, `due_utc`),"
		" `due_utc` = %s, `version` = `version` + 1, `updated_utc` = %s"
		" where `name` = %s and `due_utc` <= %s",  # somebody may have acknowledged or snoozed it meanwhile
		(why, until, now, name, now),
	)
	if not frappe.db._cursor.rowcount:
		return False
	history.append([history.Line(name, Event(EventKind.PARKED, now, data={"reason": why, "until": until}))])
	return True


def follow_rename(doc: Any, _event: str, old: str, new: str, merge: bool = False) -> None:
	"""A ticket has another name now. Frappe 16 follows only the links that it has seen being inserted by itself, and our key
	is none. Merged into one that has a running item as well, its own ends, as that of a ticket that is gone.

	Every DocType's renames come here: what isn't there isn't locked.
	"""
	before, after = _running_ticket((doc.doctype, old)), _running_ticket((doc.doctype, new))
	running = frappe.get_all(ITEM, filters={"running_ticket": before}, pluck="name", order_by="name")
	ended = frappe.get_all(
		ITEM,
		filters={
			"reference_doctype": doc.doctype,
			"reference_name": old,
			"name": ("not in", running or [""]),
		},
		pluck="name",
		order_by="name",
	)
	goes_on = not (merge and frappe.db.exists(ITEM, {"running_ticket": after}))
	for name in ended:
		frappe.db.set_value(ITEM, name, "reference_name", new, update_modified=False)
	for name in running:
		key = {"reference_name": new, "running_ticket": after} if goes_on else {"reference_name": old}
		frappe.db.set_value(ITEM, name, key, update_modified=False)


def _replace(stored: Stored, plan_name: str, ticket: Ticket, now: datetime) -> None:
	"""Open the item of the plan that took over, and link the two."""
	for version, plan in plans.enabled(ticket.doctype).items():
		if plan.name == plan_name:
			name = open_for(ticket, version, plan, now, replaces=stored.item.id)
			frappe.db.sql(
				f"update `tab{ITEM}` set `replaced_by` = %s where `name` = %s", (name, stored.item.id)
			)
			return
	raise rows.Conflict(f"the plan {plan_name} was disabled meanwhile")


def load(found: Iterable[Any]) -> list[Stored]:
	"""The action items of these rows."""
	found = list(found)
	frozen = plans.versions({row.plan_version for row in found}) if found else {}
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
				due_at=row.parked_due_utc or row.due_utc,
				facts=_facts(row),
				assignees=_listed(row.assignees),
				resumes_at=row.resumes_utc,
				maintenance=row.maintenance or "",
				added=_listed(row.added),
				by_hand=bool(row.started_by),
				unreached=row.unreached,
				stalled=bool(row.stalled),
				parked=bool(row.parked),
				superseded=row.status in RUNNING and not row.running_ticket,
				acknowledged_by=row.acknowledged_by or "",
				acknowledged_user=row.acknowledged_user or "",
				acknowledged_at=row.acknowledged_utc,
				acknowledged_via=row.acknowledged_via or "",
				ack_requests=_ack_requests(row.ack_requests),
				acks=_listed(row.acks),
				ticket_status=row.ticket_status or "",
				reminded=bool(row.reminded),
				ended_at=row.ended_utc,
			),
			key=(row.reference_doctype, row.reference_name),
			plan_version=row.plan_version,
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


def _state(item: ActionItem) -> dict[str, Any]:
	"""The columns that a decision can change."""
	return {
		"version": item.version,
		"status": str(item.status),
		"generation": item.generation,
		"run": item.run,
		"next_group": item.group,
		"current_step": item.step,
		"due_utc": item.due_at,
		"ended_utc": item.ended_at,
		"priority": item.facts.priority,
		"priority_level": item.facts.level,
		"team": item.facts.team,
		"ticket_type": item.facts.ticket_type,
		"customer": item.facts.customer,
		"assignees": json.dumps(item.assignees),
		"resumes_utc": item.resumes_at,
		"maintenance": item.maintenance or None,
		"added": json.dumps(item.added) if item.added else None,
		"unreached": item.unreached,
		"stalled": int(item.stalled),
		"parked": None,
		"parked_due_utc": None,
		"acknowledged_by": item.acknowledged_by,
		"acknowledged_user": item.acknowledged_user or None,
		"acknowledged_utc": item.acknowledged_at,
		"acknowledged_via": item.acknowledged_via,
		"ack_requests": json.dumps([[a.step, a.needs, a.people, a.excluded] for a in item.ack_requests])
		if item.ack_requests
		else None,
		"acks": json.dumps(item.acks) if item.acks else None,
		"ticket_status": item.ticket_status or None,
		"reminded": int(item.reminded),
	}


def _changes(decided: Sequence[tuple[Stored, Decision]], now: datetime) -> list[dict[str, Any]]:
	"""The items' new states, without the columns in which none of them changes."""
	before = [_before(stored) for stored, _decision in decided]
	after = [
		_state(decision.item) | {"running_ticket": _running_after(stored, decision)}
		for stored, decision in decided
	]
	changed = [
		column
		for column in after[0]
		if any(old[column] != new[column] for old, new in zip(before, after, strict=True))
	]
	return [
		{"name": stored.item.id, "was": stored.item.version, "updated_utc": now}
		| {column: new[column] for column in changed}
		for (stored, _decision), new in zip(decided, after, strict=True)
	]


def _before(stored: Stored) -> dict[str, Any]:
	item = stored.item
	running = item.status in RUNNING and not item.superseded
	state = _state(item) | {"running_ticket": _running_ticket(stored.key) if running else None}
	if item.parked:  # why, and until when, isn't known here, but that it ends now is
		state |= dict.fromkeys(("parked", "parked_due_utc", "due_utc"), "")
	return state


def _running_ticket(key: tuple[str, str]) -> str:
	"""Unique among running items: no ticket ever has two."""
	return f"{key[0]}/{key[1]}"


@contextmanager
def _one_running() -> Iterator[None]:
	"""Where the database refuses a ticket's second running item, another process was first: Conflict."""
	try:
		yield
	except Exception as e:
		if frappe.db.is_unique_key_violation(e) or frappe.db.is_duplicate_entry(e):
			raise rows.Conflict("the ticket has a running action item") from e
		raise


def _running_after(stored: Stored, decision: Decision) -> str | None:
	if decision.item.status not in RUNNING or stored.item.superseded:
		return None
	key = _running_ticket(stored.key)
	if stored.item.status not in RUNNING and frappe.db.exists(ITEM, {"running_ticket": key}):
		return None  # acknowledged late, while a newer item already follows the ticket
	return key
