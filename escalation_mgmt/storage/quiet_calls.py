"""Who wants no more calls about an item: they pressed a key. It stands with the call on which they did."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

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


def want(calls: Sequence[Any], now: datetime) -> None:
	"""Whoever has a call wants no more about these items of it, which the caller has locked: all who share the phone. `calls` are its
	messages, one an item. What waits is taken back.
	"""
	if not calls:
		return
	items, names = sorted({call.action_item for call in calls}), sorted({call.name for call in calls})
	is_of = f"in ({rows.placeholders(names)})"
	carried = (
		f"select `carried_by` from `tab{NOTIFICATION}` where `name` {is_of} and `carried_by` is not null"
	)
	firsts = sorted({*names, *(row[0] for row in frappe.db.sql(carried, tuple(names)))})
	is_one = f"in ({rows.placeholders(firsts)})"
	which = (
		f"where (`name` {is_one} or `carried_by` {is_one}) and `action_item` in ({rows.placeholders(items)})"
		" and `no_more_calls` = 0 order by `name` for update"
	)
	quiet = outbox.select(StoredMessage, which, (*firsts, *firsts, *items))
	rows.update_all(NOTIFICATION, [{"name": each.name, "no_more_calls": 1} for each in quiet])
	history.append([outbox.line(each, EventKind.NO_MORE_CALLS, now) for each in quiet])
	_take_back(quiet, now)


def _take_back(quiet: Sequence[StoredMessage], now: datetime) -> None:
	"""What waits of these calls' method, about their items, for whom they went to."""
	if not quiet:
		return
	items = sorted({each.action_item for each in quiet})
	which = (
		f"where `action_item` in ({rows.placeholders(items)}) and `method` = %s and `purpose` = %s and `status` = %s"
		" order by `name` for update"
	)
	asked = (*items, quiet[0].method, Purpose.PAGE, MessageState.QUEUED)
	whose = {(each.action_item, outbox.counted_as(each)) for each in quiet}
	waiting = outbox.select(StoredMessage, which, asked)
	outbox.take_back([m for m in waiting if (m.action_item, outbox.counted_as(m)) in whose], now)
