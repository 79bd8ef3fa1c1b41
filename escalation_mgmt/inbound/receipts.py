"""Receipts: what a provider tells later about a message. They only take its state forward, and come in any order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe

from escalation_mgmt import delivery
from escalation_mgmt.actions.escalate_now import escalate_now
from escalation_mgmt.engine import NOT_DELIVERED, Event, EventKind, Recipient, Status
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.notifiers.base import CannotReach
from escalation_mgmt.storage import action_items, history, outbox
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock, fault_points, realtime, rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION

_COLUMNS = (
	*("name", "action_item", "status", "method", "recipient", "user", "purpose", "about", "step", "run"),
	*("attempts", "attempt_id", "provider_message_id", "possible_duplicate", "sent_utc", "instead_of"),
	*outbox.NEXT,
)
_KINDS = {
	MessageState.SENT: EventKind.SENT,
	MessageState.DELIVERED: EventKind.DELIVERED,
	MessageState.ANSWERED: EventKind.ANSWERED,
	MessageState.NOT_ANSWERED: EventKind.NOT_ANSWERED,
	MessageState.FAILED: EventKind.FAILED,
}
_RANK = {
	MessageState.QUEUED: 0,
	MessageState.SENDING: 1,
	MessageState.UNKNOWN: 1,
	MessageState.SENT: 2,
	**dict.fromkeys(
		(MessageState.DELIVERED, MessageState.ANSWERED, MessageState.NOT_ANSWERED, MessageState.FAILED), 3
	),
}
_STILL_ASK = (Status.ESCALATING, Status.EXHAUSTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
	"""`notification` and `attempt` are our own ids, `provider_id` the provider's; `status` is one of the outbox's."""

	notification: str
	attempt: str
	provider_id: str
	status: str
	detail: str = ""


def take(receipt: Receipt) -> bool:
	"""Record a receipt, if it tells anything new. Whoever calls has checked that it is the provider's, and commits.

	What is unknown, older than what is known, or about a message that was given up changes nothing. A message that
	failed to arrive is sent once more by another way; where there is none, the next step is brought forward. From one of
	an earlier generation of the item nothing follows, and history says so.
	"""
	item = frappe.db.get_value(NOTIFICATION, receipt.notification, "action_item")
	found = action_items.lock([item]) if item else []  # items before messages, as every decision locks them
	row = _locked(receipt.notification)
	if not found or not row or not _tells_more(row, receipt):
		return False
	now = clock.now()
	detail = receipt.detail
	rows.update_all(
		NOTIFICATION,
		[
			{
				"name": row.name,
				"status": receipt.status,
				"attempt_id": None,  # an outcome of delivery that comes later changes no state any more
				"next_attempt_utc": None,
				"sent_utc": row.sent_utc or now,
				"provider_message_id": receipt.provider_id or row.provider_message_id,
				"detail": detail[:2000],
			}
		],
	)
	rows.update_all(ITEM, [{"name": item, "updated_utc": now}])
	missed = (
		receipt.status == MessageState.FAILED
		and row.purpose == Purpose.PAGE
		and found[0].item.status in _STILL_ASK
	)
	stale = missed and row.generation != found[0].item.generation
	history.append([_line(row, _KINDS[receipt.status], now, detail=detail[:300], stale=stale)])
	realtime.tell_forms([item])
	if missed and not stale:
		_another_way(found[0], row, now)
	fault_points.around_commit("receipt")
	return True


def _locked(name: str) -> Any:
	columns = ", ".join(f"`{column}`" for column in _COLUMNS)
	found = frappe.db.sql(
		f"select {columns} from `tab{NOTIFICATION}` where `name` = %s for update",
		(name,),
		as_dict=True,
	)
	return found[0] if found else None


def _tells_more(row: Any, receipt: Receipt) -> bool:
	known, told = _RANK.get(row.status), _RANK[receipt.status]
	if known is None or told <= known or not row.attempts:
		return False
	if row.status == MessageState.SENDING and receipt.status == MessageState.SENT:
		return False  # delivery records that itself within a moment
	if receipt.status != MessageState.FAILED:
		return True  # whichever attempt it was that arrived
	# A failure counts only if it is that of the attempt that we believe in.
	if row.status == MessageState.SENDING:
		return row.attempt_id == receipt.attempt
	if row.status == MessageState.QUEUED:
		return False  # it is sent once more anyway
	return not row.provider_message_id or row.provider_message_id == receipt.provider_id


def _another_way(stored: action_items.Stored, row: Any, now: datetime) -> None:
	"""One re-send, to the same person, by the plan's next method that reaches them, or by any other."""
	if outbox.key(row) in stored.item.acks:
		return  # they have acknowledged by another message; the others are still asked
	if row.instead_of:
		return
	if way := _next_way(stored, row):
		name = outbox.queue_instead(row.action_item, row, way, now)
		instead = frappe._dict({**row, "name": name, "method": way.method, "recipient": way.label})
		history.append([_line(instead, EventKind.INSTEAD, now)])
		delivery.soon()
		return
	escalate_now(row.action_item, expected=outbox.next_of(row), why=NOT_DELIVERED)


def _next_way(stored: action_items.Stored, row: Any) -> Recipient | None:
	if not row.user:
		return None
	directory = Directory()
	person = directory.person(row.user)
	tried = _methods_tried(row)
	later = [step.method for step in stored.item.plan.steps if step.number > row.step]
	for method in dict.fromkeys([*later, *directory.methods()]):
		notifier, why = directory.notifier(method)
		if method in tried or why or not notifier or isinstance(person, str):
			continue
		try:
			address = notifier.address_of(person)
		except CannotReach:
			continue
		return Recipient(method=method, address=address, label=person.name, user=row.user)
	return None


def _methods_tried(row: Any) -> set[str]:
	"""By which this person has been paged in this run already."""
	return set(
		frappe.get_all(
			NOTIFICATION,
			filters={
				"action_item": row.action_item,
				"user": row.user,
				"run": row.run,
				"purpose": Purpose.PAGE,
			},
			pluck="method",
			order_by="name",
		)
	)


def _line(row: Any, kind: EventKind, now: datetime, **more: Any) -> history.Line:
	data = {"method": row.method, "to": row.recipient, "about": row.about, **more}
	data = {key: value for key, value in data.items() if value}
	return history.Line(row.action_item, Event(kind, now, row.step, row.run, data), row.name)
