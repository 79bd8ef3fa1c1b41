"""Whether a message that was sent is still worth anything to whom it went to: its link, its code, a key of its call."""

from collections.abc import Collection
from typing import Any

import frappe

from escalation_mgmt.engine import EventKind
from escalation_mgmt.storage import action_items, outbox
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION

TO_BE_ACKNOWLEDGED = (EventKind.EXHAUSTED, EventKind.NOBODY_NOTIFIED, EventKind.REMINDED)
"""Notices with a link that acknowledges."""

_COLUMNS = ("name", "action_item", "user", "recipient", "purpose", "about", "carried_by", *outbox.NEXT)
_BEFORE_IT_WENT = (MessageState.QUEUED, MessageState.FAILED, MessageState.WITHDRAWN)


def who_answers(message: Any) -> list[Any]:
	"""What an answer to a message (its row) answers: a message for each action item that it was about, its own first, each with
	the `user` and `recipient` for whom the answer counts, with its `action_item` and what was to come next. The rest is the
	message's own. Empty: it counts for nobody any more.

	One message is about several items where it was a bundle. Not answered is what has no action item any more, nor what has no
	user any more that is enabled: every door then answers as if there had never been such a message. A bare address has no user.

	Where one message went to several people, whoever has the phone in their hand may answer, and nobody can tell which of them
	it was: it counts for the first who is still waited for. The others stand in `shared`. `message` has `name`, `action_item`
	and `user`.
	"""
	of_items: dict[str, list[Any]] = {message.action_item: []}
	for row in _together(message):
		of_items.setdefault(row.action_item, []).append(row)
	items = _items(of_items)
	enabled = _enabled({row.user for found in of_items.values() for row in found if row.user})
	answered = []
	for name, found in of_items.items():
		here = [row for row in found if not row.user or row.user in enabled]
		if name in items and here:
			answered.append(_chosen(message, items[name], here))
	return answered


def of_those_sent(parts: list[Any], used: str = "") -> list[Any]:
	"""Of the parts of one bundle those that stood in what the person got: rows with `name`, `state`, `sent_utc` and
	`possible_duplicate`.

	A part that was withdrawn or refused before anything went out keeps its bundle's name; the others went without it.
	`used`: the message whose link or key proves that it arrived. Where nothing seems to have gone out, and an answer has come
	all the same, all of it arrived.
	"""
	sent = {
		part.name
		for part in parts
		if part.state not in _BEFORE_IT_WENT or part.sent_utc or part.possible_duplicate
	}
	return [part for part in parts if part.name in sent or part.name == used] if sent else parts


def _together(message: Any) -> list[Any]:
	"""The messages that went as one with it, those of a bundle by their urgency; what only told something was not asked."""
	kept = frappe.db.get_value(NOTIFICATION, message.name, ["carried_by", "bundle"], as_dict=True) or {}
	columns = ", ".join(f"`{column}`" for column in (*_COLUMNS, "sent_utc", "possible_duplicate"))
	if bundle := kept.get("bundle"):
		which, values = "`bundle` = %s order by `urgency`, `planned_utc`, `name`", (bundle,)
	else:
		first = kept.get("carried_by") or message.name
		which = "`name` = %s or `carried_by` = %s order by `carried_by` is not null, `name`"
		values = (first, first)
	found = frappe.db.sql(
		f"select {columns}, `status` as `state` from `tab{NOTIFICATION}` where {which}", values, as_dict=True
	)
	if bundle:
		found = of_those_sent(found, message.name)
	asks = [row for row in found if row.purpose == Purpose.PAGE or row.about in TO_BE_ACKNOWLEDGED]
	return asks or [row for row in found if row.action_item == message.action_item]


def _items(names: Collection[str]) -> dict[str, Any]:
	sql = (
		"select `name`, `status`, `acks`, `reminded`, `acknowledged_user`, `acknowledged_by`"
		f" from `tab{ITEM}` where `name` in ({rows.placeholders(names)})"
	)
	return {row.name: row for row in frappe.db.sql(sql, tuple(names), as_dict=True)}


def _enabled(users: Collection[str]) -> set[str]:
	if not users:
		return set()
	sql = f"select `name` from `tabUser` where `name` in ({rows.placeholders(users)}) and `enabled` = 1"
	return {row[0] for row in frappe.db.sql(sql, tuple(users))}


def _chosen(message: Any, item: Any, here: list[Any]) -> Any:
	"""The message about one item, of whom it was for: the first who is still waited for."""
	waiting = (row for row in here if action_items.waits_for(item, row.user or "", row.recipient))
	chosen = next(waiting, None) or next((row for row in here if row.name == message.name), here[0])
	found = frappe._dict(message)
	found.update({column: chosen[column] for column in _COLUMNS})
	found.shared = tuple((row.user or "", row.recipient) for row in here if row.name != chosen.name)
	return found


def is_enabled(user: str) -> bool:
	"""Whether there is such a user, and they may log in."""
	return bool(frappe.db.get_value("User", user, "enabled"))
