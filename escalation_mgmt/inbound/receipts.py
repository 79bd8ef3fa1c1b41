"""Receipts: what a provider tells later about a message. They only take its state forward, and come in any order."""

from dataclasses import dataclass, replace
from datetime import datetime

import frappe

from escalation_mgmt.dispatch import another_way
from escalation_mgmt.engine import EventKind
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.storage import action_items, history, outbox
from escalation_mgmt.storage.failures import FailedPage, Standing
from escalation_mgmt.storage.message_state import MessageState, Purpose
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
	"""`notification` and `attempt` are our own ids, `provider_id` the provider's; `status` is what the provider says."""

	notification: str
	attempt: str
	provider_id: str
	status: MessageState
	detail: str = ""
	again: bool = False  # a call that may ring once more: nobody took it
	providers: frozenset[str] = (
		frozenset()
	)  # those that it may be of, by the names that messages have for them
	named: bool = False  # history names the provider: there are several
	by_no_provider: bool = False  # of a failure: no other provider would have done better


@dataclass(slots=True)
class _Reported(FailedPage):
	"""The message that a receipt is about, which may be a notice, and may have arrived."""

	purpose: Purpose
	attempts: int
	attempt_id: str | None  # None: no attempt is under way
	provider_message_id: str | None  # of the attempt that we believe in
	sent_utc: datetime | None


def take(receipt: Receipt) -> bool:
	"""Record a receipt, if it tells anything new. Whoever calls has checked that it is the provider's, and commits.

	What is unknown, older than what is known, or about a message that was given up changes nothing. What follows from one
	that failed to arrive is `another_way`'s. From one of an earlier generation of the item nothing follows, and history says so.
	"""
	item = frappe.db.get_value(NOTIFICATION, receipt.notification, "action_item")
	found = action_items.lock([item]) if item else []  # items before messages, as every decision locks them
	message = _locked(receipt.notification)
	if not found or not message or not _tells_more(message, receipt):
		return False
	receipt = replace(receipt, detail=masked(receipt.detail[:2000]))  # a provider may repeat the number
	now = clock.now()
	others = outbox.carried([message], _Reported).get(message.name, [])
	told = [message, *(other for other in others if other.status == message.status)]
	for each in told:
		_take(Standing.of(found[0].item), each, receipt, now)
	if receipt.again and message.purpose == Purpose.PAGE:
		another_way.call_again(told, now)
	realtime.tell_forms([item])
	fault_points.around_commit("receipt")
	return True


def _take(standing: Standing, message: _Reported, receipt: Receipt, now: datetime) -> None:
	"""Record a receipt that tells something new of a message, and what follows from it for whom it went to."""
	_write(message, receipt, now)
	missed = receipt.status == MessageState.FAILED and message.purpose == Purpose.PAGE
	stale = missed and standing.is_past(message.generation)
	detail = receipt.detail[:300]
	provider = message.provider if receipt.named else None
	more = {"detail": detail, "stale": stale, "provider": provider}
	history.append([outbox.line(message, _KINDS[receipt.status], now, **more)])
	if missed:
		another_way.follow(replace(message, by_no_provider=receipt.by_no_provider), now, Directory())


def _locked(name: str) -> _Reported | None:
	found = outbox.select(_Reported, "where `name` = %s for update", (name,))
	return found[0] if found else None


def _tells_more(message: _Reported, receipt: Receipt) -> bool:
	known, reported = _RANK.get(message.status), _RANK[receipt.status]
	if not outbox.went_by(message) & receipt.providers:
		return False
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
				"follow_up_utc": None,
				"sent_utc": message.sent_utc or now,
				"provider_message_id": None
				if message.carried_by  # it stands with the one that carries it
				else cell(receipt.provider_id, 140) or message.provider_message_id,
				"detail": cell(receipt.detail, 2000),
			}
		],
	)
	rows.update_all(ITEM, [{"name": message.action_item, "updated_utc": now}])
