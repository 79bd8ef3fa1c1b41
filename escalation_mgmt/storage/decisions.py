"""Decisions applied: an item's new state and all that it brings, in one transaction.

`apply` compares and sets each item's `version` (design rule 1): where another process was first, it raises Conflict and
the caller rolls back.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import frappe

from escalation_mgmt.engine import (
	RUNNING,
	ActionItem,
	Answer,
	CancelReason,
	Clock,
	Context,
	Decision,
	Event,
	EventKind,
	ImpossibleTransition,
	Plan,
	Status,
	Ticket,
	asked_since,
	hold_restored,
	open_item,
	status_after,
)
from escalation_mgmt.facts import plans
from escalation_mgmt.facts.calendars import Calendars
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.storage import (
	activity,
	acts,
	bell,
	history,
	outbox,
	restored,
	ticket_list,
	ticket_states,
	turns,
)
from escalation_mgmt.storage.action_items import (
	Stored,
	exhausted,
	note_answered,
	note_closed,
	restores,
	running_ticket,
)
from escalation_mgmt.utils import realtime, rows, series
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.plain_text import cell


def open_for(  # noqa: PLR0913 - as the engine's open_item
	ticket: Ticket,
	version: str,
	plan: Plan,
	now: datetime,
	*,
	by: str = "",
	at_once: bool = False,
	replaces: str = "",
	answered_level: int | None = None,
	first: bool = False,
) -> ActionItem:
	"""Open an action item and return it; by hand `at_once`: without its response window; `answered_level` as the item has it. A
	next response is counted from what was asked since the ticket was closed, whoever opens it. Raises Conflict where the ticket
	has one running for the plan's clock.

	`first`: the ticket has had none, and wasn't raised or opened again, so nothing of before has to be looked for; and what
	lists show of it the caller writes, who holds its row.
	"""
	name = series.next_name(ITEM)
	if plan.clock is Clock.NEXT_RESPONSE:
		ticket = asked_since(ticket, ticket_states.closed_at(ticket.key))
	context = Context(now, working=Calendars().of(plan, ticket))
	how = {"by": by, "at_once": at_once, "follows": replaces, "answered_level": answered_level}
	decision = open_item(name, plan, ticket, context, **how)
	if not by and restored.holds(ticket.key.created, now):
		held = hold_restored(decision.item, now)
		decision = replace(held, events=decision.events + held.events)
	row = {
		**columns_of(decision.item),
		"plan": plan.name,
		"plan_version": version,
		"reference_doctype": ticket.doctype,
		"reference_name": ticket.name,
		"ticket_created": ticket.key.created,
		"ticket_subject": cell(ticket.subject, 140),
		"running_ticket": running_ticket(ticket.key, plan.clock),
		"clock": str(plan.clock),
		"step_count": len(plan.steps),
		"opened_utc": now,
		"updated_utc": now,
		"started_by": by or None,
		"after_answer": int(answered_level is not None),
		"answered_level": answered_level or 0,
		"replaces": replaces or None,
		**rows.owned_by(by),
	}
	name = _insert(name, {column: value for column, value in row.items() if value is not None})
	if not first:
		note_answered(exhausted(ticket.key, plan.clock))  # the new one is shown in its place
		if plan.clock is Clock.FIRST_RESPONSE:
			ticket_states.note_opened(ticket.key)
		ticket_list.write_soon([ticket.key])
	lines = history.append([history.Line(name, event) for event in decision.events])
	activity.note([(ticket.key, event, line) for event, line in zip(decision.events, lines, strict=True)])
	return replace(decision.item, id=name)


def _insert(name: str, row: dict[str, Any]) -> str:
	"""Insert an item, and return its name: another where this one is taken, as it is once somebody has set the counter back."""
	with _one_running():
		try:
			rows.insert_all(ITEM, [{"name": name} | row])
		except Exception as e:
			if not frappe.db.is_primary_key_violation(e):
				raise
			name = series.free_name(ITEM)
			rows.insert_all(ITEM, [{"name": name} | row])
	return name


Decided = Sequence[tuple[Stored, Decision]]
"""Items as they were read, each with what was decided of it."""


def apply(decided: Decided, directory: Directory, tickets: Tickets, now: datetime) -> None:
	"""Write decisions and all that they bring. Raises Conflict where an item was changed meanwhile."""
	if not decided:
		return
	_check_statuses(decided)
	_write_states(decided, now)
	ticket_list.write_soon(stored.key for stored, _decision in decided)
	_note_ends(decided)
	_write_pages(decided, now)
	acts.order([(stored.item.id, deed) for stored, decision in decided for deed in decision.deeds])
	_write_history(decided)
	_write_notices(decided, directory, now)
	_open_replacements(decided, tickets, now)
	bell.renew_soon(
		stored.item.id for stored, decision in decided if decision.item.status is not stored.item.status
	)


def _check_statuses(decided: Decided) -> None:
	"""Raises ImpossibleTransition where a decision's own lines of history lead to another status than it writes."""
	for stored, decision in decided:
		said = status_after(stored.item.status, (event.kind for event in decision.events))
		if said is not decision.item.status:
			raise ImpossibleTransition(
				f"{stored.item.id}: {decision.item.status}, and its history says {said}"
			)


def _write_states(decided: Decided, now: datetime) -> None:
	states = _changes(decided, now)
	with _one_running():
		met = rows.update_all(ITEM, states, where="version")
	if met != len(states):
		raise rows.Conflict("an action item was changed by another process")


def _note_ends(decided: Decided) -> None:
	"""Remember of an end what says later whether the ticket can open a new item."""
	for stored, event in _events(decided):
		if event.data.get("how") == Answer.RESOLVED:
			note_closed(stored.key)
		if event.data.get("reason") == CancelReason.NO_MATCH:
			frappe.db.sql(
				f"update `tab{ITEM}` set `no_plan_matched` = 1 where `name` = %s", (stored.item.id,)
			)


def _write_pages(decided: Decided, now: datetime) -> None:
	"""Withdraw what is wanted no more, and queue what is wanted now."""
	outbox.withdraw([stored.item.id for stored, decision in decided if decision.withdraw], now)
	for stored, decision in decided:
		if decision.withdraw_from:
			outbox.withdraw([stored.item.id], now, of=decision.withdraw_from)
		if decision.queue_again:
			outbox.queue_again(stored.item.id, decision.queue_again, now)
			acts.order_again(stored.item.id, decision.queue_again)
	outbox.take_back_news(EventKind.ACKNOWLEDGED, _no_longer_acknowledged(decided), now)
	outbox.let_go(
		[stored.item.id for stored, decision in decided if stored.item.held_at and not decision.item.held_at]
	)
	outbox.queue([(decision.item, page) for _stored, decision in decided for page in decision.pages], now)
	turns.record((decision for _stored, decision in decided), now)


def _no_longer_acknowledged(decided: Decided) -> list[str]:
	"""Items that somebody had until now: whoever hasn't been told of it yet needn't be."""
	return [
		stored.item.id
		for stored, decision in decided
		if stored.item.status is Status.ACKNOWLEDGED is not decision.item.status
	]


def _write_history(decided: Decided) -> None:
	"""The item's own history and the ticket's activity; open forms are told."""
	happened = list(_events(decided))
	lines = history.append([history.Line(stored.item.id, event) for stored, event in happened])
	activity.note([(stored.key, event, line) for (stored, event), line in zip(happened, lines, strict=True)])
	realtime.tell_forms(stored.item.id for stored, _decision in decided)


def _write_notices(decided: Decided, directory: Directory, now: datetime) -> None:
	"""After the history, to which they add whom they can't reach."""
	notices = [(stored.item, notice) for stored, decision in decided for notice in decision.notices]
	outbox.queue_notices(notices, directory, now)


def _open_replacements(decided: Decided, tickets: Tickets, now: datetime) -> None:
	for stored, event in _events(decided):
		if event.kind is EventKind.REPLACED:
			_replace(stored, event.data["replaced_by"], tickets[stored.key], now)


def _events(decided: Decided) -> Iterator[tuple[Stored, Event]]:
	return ((stored, event) for stored, decision in decided for event in decision.events)


def park(name: str, why: str, until: datetime, now: datetime) -> bool:
	"""Set an item aside that can't be processed, and say so in its history (design rule 1); whether it was still due.

	When it was due is kept: that is how late it is, whenever it can be processed again.
	"""
	frappe.db.sql(
		f"update `tab{ITEM}` set `parked` = %s, `parked_due_utc` = coalesce(`parked_due_utc`, `due_utc`),"
		" `due_utc` = %s, `version` = `version` + 1, `updated_utc` = %s"
		" where `name` = %s and `due_utc` <= %s",  # somebody may have acknowledged or snoozed it meanwhile
		(cell(why, 2000), until, now, name, now),
	)
	if not frappe.db._cursor.rowcount:
		return False
	history.append([history.Line(name, Event(EventKind.PARKED, now, data={"reason": why, "until": until}))])
	return True


def _replace(stored: Stored, plan_name: str, ticket: Ticket, now: datetime) -> None:
	"""Open the item of the plan that took over, and link the two."""
	for version, plan in plans.enabled(ticket.doctype).items():
		if plan.name == plan_name:
			level = stored.item.answered_level
			opened = open_for(ticket, version, plan, now, replaces=stored.item.id, answered_level=level)
			frappe.db.sql(
				f"update `tab{ITEM}` set `replaced_by` = %s where `name` = %s", (opened.id, stored.item.id)
			)
			return
	raise rows.Conflict(f"the plan {plan_name} was disabled meanwhile")


def columns_of(item: ActionItem) -> dict[str, Any]:
	"""The columns that a decision can change."""
	return {
		"version": item.version,
		"status": str(item.status),
		"generation": item.generation,
		"run": item.run,
		"next_group": item.group,
		"current_step": item.step,
		"due_utc": item.next_at,
		"clock_utc": item.clock_at,
		"paused_utc": item.paused_at,
		"paused_due_utc": item.due_at if item.paused_at or item.held_at else None,
		"held_utc": item.held_at,
		"stood_still": item.stood_still.total_seconds(),
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
		"nobody_notified": int(item.nobody_notified),
		"window_skipped": int(item.window_skipped),
		"acted": int(item.acted),
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
		"passed_on": json.dumps(item.passed_on) if item.passed_on else None,
		"coming": json.dumps(item.coming) if item.coming else None,
		"undo_restores": restores(item.before),
		"ticket_status": item.ticket_status or None,
		"reminded": int(item.reminded),
	}


def _changes(decided: Decided, now: datetime) -> list[dict[str, Any]]:
	"""The items' new states, without the columns in which none of them changes."""
	before = [_before(stored) for stored, _decision in decided]
	after = [
		columns_of(decision.item)
		| {
			"running_ticket": _running_after(stored, decision),
			"exhausted_ticket": _exhausted_after(stored, decision),
		}
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
	key = running_ticket(stored.key, item.plan.clock)
	state = columns_of(item) | {
		"running_ticket": key if running else None,
		"exhausted_ticket": key if stored.unanswered else None,
	}
	if item.parked:  # why, and until when, isn't known here, but that it ends now is
		state |= dict.fromkeys(("parked", "parked_due_utc", "due_utc"), "")
	return state


@contextmanager
def _one_running() -> Iterator[None]:
	"""Where the database refuses a second running item for one clock of a ticket, another process was first: Conflict."""
	try:
		yield
	except Exception as e:
		if frappe.db.is_unique_key_violation(e) or frappe.db.is_duplicate_entry(e):
			raise rows.Conflict("the ticket has a running action item") from e
		raise


def _running_after(stored: Stored, decision: Decision) -> str | None:
	if decision.item.status not in RUNNING or stored.item.superseded:
		return None
	key = running_ticket(stored.key, stored.item.plan.clock)
	if stored.item.status not in RUNNING and frappe.db.exists(ITEM, {"running_ticket": key}):
		return None  # acknowledged late, while a newer item already follows the ticket
	return key


def _exhausted_after(stored: Stored, decision: Decision) -> str | None:
	"""Of an item that is exhausted: until somebody answers, or a newer one follows the ticket."""
	if decision.item.status is not Status.EXHAUSTED:
		return None
	ends = stored.item.status in RUNNING and not stored.item.superseded
	return running_ticket(stored.key, stored.item.plan.clock) if ends or stored.unanswered else None
