"""Reply codes: the number that acknowledges an action item when it is sent back from the phone that got it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count, filterfalse
from typing import Any

import frappe

from escalation_mgmt.engine import (
	RUNNING,
	Status,
)
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION, SETTINGS

CODE_RESTS = timedelta(days=1)  # before a phone gets the same reply code for another item
_HOLD_CODES = (*sorted(RUNNING), str(Status.EXHAUSTED))  # those that can still be acknowledged, or again


def lock_reply_codes() -> None:
	"""One dispatcher at a time gives out reply codes. To be called before anything else of the transaction is read."""
	frappe.db.sql(
		"select `value` from `tabSingles` where `doctype` = %s and `field` = 'installation_id' for update",
		(SETTINGS,),
	)


def give_reply_codes(claimed: Sequence[Any], now: datetime) -> None:
	"""Give each claimed page the code that acknowledges it when it is sent back from the same number.

	The smallest that this number has for no other open item, and had for none within a day: who answers late must
	not acknowledge something newer. Further messages about the same item have the same code.
	"""
	pages = [row for row in claimed if row.purpose == Purpose.PAGE and not row.reply_code]
	if not pages:
		return
	addresses = sorted({row.address for row in pages})
	placeholders = rows.placeholders(addresses)
	# One row for each number, which may have had many codes within a day.
	held = frappe.db.sql(
		"select n.`address`, group_concat(distinct n.`reply_code`)"
		f" from `tab{NOTIFICATION}` n join `tab{ITEM}` i on i.`name` = n.`action_item`"
		f" where n.`address` in ({placeholders}) and n.`reply_code` > 0"
		f" and (n.`created_utc` > %s or i.`status` in ({rows.placeholders(_HOLD_CODES)}))"
		" group by n.`address`",
		(*addresses, now - CODE_RESTS, *_HOLD_CODES),
	)
	taken = {address: set(map(int, codes.split(","))) for address, codes in held}
	items = sorted({row.action_item for row in pages})
	known = {
		(address, item): code
		for address, item, code in frappe.db.sql(
			f"select `address`, `action_item`, `reply_code` from `tab{NOTIFICATION}`"
			f" where `action_item` in ({rows.placeholders(items)}) and `reply_code` > 0",
			tuple(items),
		)
	}
	free: dict[str, Iterator[int]] = {}
	for row in pages:
		if row.address not in free:
			free[row.address] = filterfalse(taken.get(row.address, set()).__contains__, count(1))
		if (row.address, row.action_item) not in known:
			known[row.address, row.action_item] = next(free[row.address])
		row.reply_code = known[row.address, row.action_item]
