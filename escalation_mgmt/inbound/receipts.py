"""Receipts: what a provider tells later about a message. They only take its state forward, and come in any order."""

from dataclasses import dataclass, replace
from datetime import datetime

import frappe

from escalation_mgmt import delivery
from escalation_mgmt.actions.escalate_now import escalate_now
from escalation_mgmt.engine import NOT_DELIVERED, Audience, EventKind, Notice, Recipient, Status
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.notifiers.base import CannotReach
from escalation_mgmt.storage import action_items, history, outbox
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.storage.outbox import StoredMessage
from escalation_mgmt.utils import clock, fault_points, realtime, rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from escalation_mgmt.utils.masking import masked
from escalation_mgmt.utils.plain_text import cell

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
	"""`notification` and `attempt` are our own ids, `provider_id` the provider's; `status` is what the provider says."""

	notification: str
	attempt: str
	provider_id: str
	status: MessageState
	detail: str = ""


@dataclass(slots=True)
class _Reported(StoredMessage):
	"""The message that a receipt is about."""

	purpose: Purpose
	attempts: int
	attempt_id: str | None  # None: no attempt is under way
	provider_message_id: str | None  # of the attempt that we believe in
	sent_utc: datetime | None
	instead_of: str | None  # the message that didn't arrive, where this one goes another way
	generation: int  # the item's, when the message was queued; as are what was to come next
	next_run: int
	next_group: int


def take(receipt: Receipt) -> bool:
	"""Record a receipt, if it tells anything new. Whoever calls has checked that it is the provider's, and commits.

	What is unknown, older than what is known, or about a message that was given up changes nothing. A message that
	failed to arrive is sent once more by another way; where there is none, the next step is brought forward. From one of
	an earlier generation of the item nothing follows, and history says so.
	"""
	item = frappe.db.get_value(NOTIFICATION, receipt.notification, "action_item")
	found = action_items.lock([item]) if item else []  # items before messages, as every decision locks them
	message = _locked(receipt.notification)
	if not found or not message or not _tells_more(message, receipt):
		return False
	receipt = replace(receipt, detail=masked(receipt.detail[:2000]))  # a provider may repeat the number
	now = clock.now()
	others = outbox.carried([message], _Reported).get(message.name, [])
	for each in (message, *(other for other in others if other.status == message.status)):
		_take(found[0], each, receipt, now)
	realtime.tell_forms([item])
	fault_points.around_commit("receipt")
	return True


def _take(stored: action_items.Stored, message: _Reported, receipt: Receipt, now: datetime) -> None:
	"""Record a receipt that tells something new of a message, and what follows from it for whom it went to."""
	_write(message, receipt, now)
	missed = (
		receipt.status == MessageState.FAILED
		and message.purpose == Purpose.PAGE
		and stored.item.status in _STILL_ASK
	)
	stale = missed and message.generation != stored.item.generation
	detail = receipt.detail[:300]
	history.append([outbox.line(message, _KINDS[receipt.status], now, detail=detail, stale=stale)])
	if missed and not stale:
		_another_way(stored, message, now)


def _locked(name: str) -> _Reported | None:
	found = outbox.select(_Reported, "where `name` = %s for update", (name,))
	return found[0] if found else None


def _tells_more(message: _Reported, receipt: Receipt) -> bool:
	known, reported = _RANK.get(message.status), _RANK[receipt.status]
	if known is None or reported <= known or not message.attempts:
		return False
	if message.status == MessageState.SENDING and receipt.status == MessageState.SENT:
		return False  # delivery records that itself within a moment
	if receipt.status != MessageState.FAILED:
		return True  # whichever attempt it was that arrived
	return _of_our_attempt(message, receipt)


def _of_our_attempt(message: _Reported, failure: Receipt) -> bool:
	"""Whether a failure is that of the attempt that we believe in."""
	if message.status == MessageState.SENDING:
		return message.attempt_id == failure.attempt
	if message.status == MessageState.QUEUED:
		return False  # it is sent once more anyway
	return not message.provider_message_id or message.provider_message_id == failure.provider_id


def _write(message: _Reported, receipt: Receipt, now: datetime) -> None:
	rows.update_all(
		NOTIFICATION,
		[
			{
				"name": message.name,
				"status": receipt.status,
				"attempt_id": None,  # an outcome of delivery that comes later changes no state any more
				"next_attempt_utc": None,
				"sent_utc": message.sent_utc or now,
				"provider_message_id": None
				if message.carried_by  # it stands with the one that carries it
				else cell(receipt.provider_id, 140) or message.provider_message_id,
				"detail": cell(receipt.detail, 2000),
			}
		],
	)
	rows.update_all(ITEM, [{"name": message.action_item, "updated_utc": now}])


def _another_way(stored: action_items.Stored, failed: _Reported, now: datetime) -> None:
	"""One re-send, to the same person, by the plan's next method that reaches them, or by any other."""
	if outbox.counted_as(failed) in stored.item.acks:
		return  # they have acknowledged by another message; the others are still asked
	if failed.instead_of:
		return
	if way := _next_way(stored, failed):
		name = outbox.queue_instead(failed, way, now)
		instead = replace(failed, name=name, method=way.method, recipient=way.label)
		history.append([outbox.line(instead, EventKind.INSTEAD, now)])
		delivery.soon()
		return
	if stored.item.in_last_wait:
		_tell_owners(stored, now)
		return
	escalate_now(failed.action_item, expected=outbox.next_of(failed), why=NOT_DELIVERED)


def _tell_owners(stored: action_items.Stored, now: datetime) -> None:
	"""No step is left that could be brought forward: once, because more may fail."""
	about = str(EventKind.FAILED)
	if stored.item.status is not Status.ESCALATING or frappe.db.exists(
		NOTIFICATION, {"action_item": stored.item.id, "about": about}
	):
		return
	outbox.queue_notices([(stored.item, Notice(Audience.OWNERS, EventKind.FAILED))], Directory(), now)
	delivery.soon()


def _next_way(stored: action_items.Stored, failed: _Reported) -> Recipient | None:
	if not failed.user:
		return None
	directory = Directory()
	person = directory.person(failed.user)
	tried = _methods_tried(failed)
	later = [step.method for step in stored.item.plan.steps if step.number > failed.step]
	for method in dict.fromkeys([*later, *directory.methods()]):
		notifier, why = directory.notifier(method)
		if method in tried or why or not notifier or isinstance(person, str):
			continue
		try:
			address = notifier.address_of(person)
		except CannotReach:
			continue
		return Recipient(method=method, address=address, label=person.name, user=failed.user)
	return None


def _methods_tried(failed: _Reported) -> set[str]:
	"""By which this person has been paged in this run already."""
	return set(
		frappe.get_all(
			NOTIFICATION,
			filters={
				"action_item": failed.action_item,
				"user": failed.user,
				"run": failed.run,
				"purpose": Purpose.PAGE,
			},
			pluck="method",
			order_by="name",
		)
	)
