"""Receipts: what a provider tells later about a message. They only take its state forward, and come in any order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import frappe

from escalation_mgmt.delivery import limited
from escalation_mgmt.dispatch import another_way
from escalation_mgmt.engine import ActionItem, EventKind, may_be_undone_until
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.storage import action_items, history, outbox
from escalation_mgmt.storage.failures import FailedPage, Standing
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock, fault_points, realtime, rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from escalation_mgmt.utils.jobs import tick_soon
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
	over: bool = False  # a call that has ended


@dataclass(slots=True)
class _Reported(FailedPage):
	"""The message that a receipt is about, which may be a notice, and may have arrived."""

	purpose: Purpose
	attempts: int
	attempt_id: str | None  # None: no attempt is under way
	provider_message_id: str | None  # of the attempt that we believe in
	sent_utc: datetime | None
	over_utc: datetime | None  # of a call: when it ended


def take(receipt: Receipt) -> bool:
	"""Record a receipt, if it tells anything new. Whoever calls has checked that it is the provider's, and commits.

	What is unknown, older than what is known, or about a message that was given up changes nothing. What follows from one
	that failed to arrive is `another_way`'s. From one of an earlier generation of the item nothing follows, and history says so.
	"""
	items = _items_of(receipt.notification)
	found = {stored.item.id: stored.item for stored in action_items.lock(items)}  # before messages, as ever
	message = _locked(receipt.notification)
	if not message or message.action_item not in found:
		return False
	now = clock.now()
	if receipt.over and outbox.went_by(message) & receipt.providers:
		_note_over(message, now)
	if not _tells_more(message, receipt):
		return False
	receipt = replace(receipt, detail=masked(receipt.detail[:2000]))  # a provider may repeat the number
	others = outbox.carried([message], _Reported).get(message.name, [])
	told = [
		message,
		*(each for each in others if each.status == message.status and each.action_item in found),
	]
	_take(told, found, receipt, now)
	realtime.tell_forms(sorted(found))
	fault_points.around_commit("receipt")
	return True


def _items_of(message: str) -> set[str]:
	"""The items that a message is about: of a bundle, of all that it carries."""
	sql = f"select distinct `action_item` from `tab{NOTIFICATION}` where `name` = %s or `carried_by` = %s"
	return {row[0] for row in frappe.db.sql(sql, (message, message))}


def _take(told: Sequence[_Reported], items: dict[str, ActionItem], receipt: Receipt, now: datetime) -> None:
	"""Record a receipt that tells something new of messages that were one, and what follows from it for whom they went to.

	What follows from a bundle is seen to item by item, once this is committed (`another_way`), as is what may follow when the
	minute is over in which somebody may undo that they have it.
	"""
	failed = [m for m in told if receipt.status == MessageState.FAILED and m.purpose == Purpose.PAGE]
	later = {
		m.name
		for m in failed
		if (len(items) > 1 or may_be_undone_until(items[m.action_item]))
		and Standing.of(items[m.action_item]).follows(m.generation)
	}
	_write(told, later, receipt, now)
	detail = receipt.detail[:300]
	lines = []
	for message in told:
		stale = message in failed and Standing.of(items[message.action_item]).is_past(message.generation)
		said = {"detail": detail, "stale": stale, "provider": message.provider if receipt.named else None}
		lines.append(outbox.line(message, _KINDS[receipt.status], now, **said))
	history.append(lines)
	if later:
		tick_soon()
	elif len(items) == 1:
		for message in failed:
			another_way.follow(replace(message, by_no_provider=receipt.by_no_provider), now, Directory())
	if receipt.again:
		_call_again([message for message in told if message.purpose == Purpose.PAGE], now)


def _call_again(missed: Sequence[_Reported], now: datetime) -> None:
	"""Calls about one item ring again together, where several people share a phone."""
	of_items: dict[str, list[_Reported]] = {}
	for call in missed:
		of_items.setdefault(call.action_item, []).append(call)
	for calls in of_items.values():
		another_way.call_again(calls, now)


def _note_over(call: _Reported, now: datetime) -> None:
	"""Its number isn't called any more: another call may go there."""
	if not call.over_utc:
		rows.update_all(NOTIFICATION, [{"name": call.name, "over_utc": now}])
		limited.look_again_soon(call.method, call.name)


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


def _write(told: Sequence[_Reported], follows: Collection[str], receipt: Receipt, now: datetime) -> None:
	"""`follows`: the messages from whose failure something is to follow."""
	detail = cell(receipt.detail, 2000)
	rows.update_all(
		NOTIFICATION,
		[
			{
				"name": message.name,
				"status": receipt.status,
				"attempt_id": None,  # an outcome of delivery that comes later changes no state any more
				"next_attempt_utc": None,
				"follow_up_utc": now if message.name in follows else None,
				"by_no_provider": int(receipt.by_no_provider),
				"sent_utc": message.sent_utc or now,
				"provider_message_id": None
				if message.carried_by  # it stands with the one that carries it
				else cell(receipt.provider_id, 140) or message.provider_message_id,
				"detail": detail,
			}
			for message in told
		],
	)
	rows.update_all(
		ITEM, [{"name": item, "updated_utc": now} for item in sorted({m.action_item for m in told})]
	)
