"""Who wants no more calls about an item: they pressed a key. It stands with the call on which they did."""

from collections.abc import Sequence
from datetime import datetime

import frappe

from escalation_mgmt.engine import EventKind
from escalation_mgmt.storage import history, outbox
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.storage.outbox import StoredMessage
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import NOTIFICATION


def wanted_by(items: Sequence[str]) -> set[tuple[str, str]]:
	"""{(item, who wants no more calls about it, as `outbox.counted_as` names them)}."""
	if not items:
		return set()
	sql = (
		f"select `action_item`, `user`, `recipient` from `tab{NOTIFICATION}`"
		f" where `action_item` in ({rows.placeholders(items)}) and `no_more_calls` = 1"
	)
	return {(item, user or recipient) for item, user, recipient in frappe.db.sql(sql, tuple(items))}


def want(call: str, item: str, now: datetime) -> None:
	"""Whoever has this call wants no more about this item of it, which the caller has locked: all who share the phone. What waits
	is taken back.
	"""
	first = frappe.db.get_value(NOTIFICATION, call, "carried_by") or call
	which = (
		"where (`name` = %s or `carried_by` = %s) and `action_item` = %s and `no_more_calls` = 0"
		" order by `name` for update"
	)
	calls = outbox.select(StoredMessage, which, (first, first, item))
	rows.update_all(NOTIFICATION, [{"name": each.name, "no_more_calls": 1} for each in calls])
	history.append([outbox.line(each, EventKind.NO_MORE_CALLS, now) for each in calls])
	whose = {outbox.counted_as(each) for each in calls}
	method = calls[0].method if calls else ""
	which = "where `action_item` = %s and `method` = %s and `purpose` = %s and `status` = %s order by `name` for update"
	waiting = outbox.select(StoredMessage, which, (item, method, Purpose.PAGE, MessageState.QUEUED))
	outbox.take_back([each for each in waiting if outbox.counted_as(each) in whose], now)
