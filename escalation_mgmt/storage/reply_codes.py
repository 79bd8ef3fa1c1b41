"""Reply codes: the number that acknowledges an action item when it is sent back from the phone that got it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count, filterfalse

import frappe

from escalation_mgmt.engine import RUNNING, Status
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION, NOTIFICATION_SECRET

CODE_RESTS = timedelta(days=1)  # before a phone gets the same reply code for another item
_HOLD_CODES = (*sorted(RUNNING), str(Status.EXHAUSTED))  # those that can still be acknowledged, or again


def codes_for(pages: Sequence[tuple[str, str]], now: datetime) -> dict[tuple[str, str], int]:
	"""The code that acknowledges each page, by its address and action item, when it is sent back from that address.

	The smallest that this number has for no other open item, and had for none within a day: who answers late must
	not acknowledge something newer. Further messages about the same item have the same code. That of a bundle, which is named
	in the item's place, is of its own. The caller has taken the claims' lock.
	"""
	if not pages:
		return {}
	addresses = sorted({address for address, _item in pages})
	placeholders = rows.placeholders(addresses)
	# One row for each number, which may have had many codes within a day.
	held = frappe.db.sql(
		"select s.`address`, group_concat(distinct s.`reply_code`)"
		f" from `tab{NOTIFICATION_SECRET}` s join `tab{NOTIFICATION}` n on n.`name` = s.`name`"
		f" join `tab{ITEM}` i on i.`name` = n.`action_item`"
		f" where s.`address` in ({placeholders}) and s.`reply_code` > 0"
		f" and (n.`created_utc` > %s or i.`status` in ({rows.placeholders(_HOLD_CODES)}))"
		" group by s.`address`",
		(*addresses, now - CODE_RESTS, *_HOLD_CODES),
	)
	taken = {address: set(map(int, codes.split(","))) for address, codes in held}
	items = sorted({item for _address, item in pages})
	known = {
		(address, item): code
		for address, item, code in frappe.db.sql(
			f"select s.`address`, s.`action_item`, s.`reply_code` from `tab{NOTIFICATION_SECRET}` s"
			f" join `tab{NOTIFICATION}` n on n.`name` = s.`name` where s.`action_item` in ({rows.placeholders(items)})"
			" and s.`reply_code` > 0 and (n.`bundle` is null or (n.`bundle` = n.`name` and n.`carries` = 0))",
			tuple(items),
		)
	}
	free: dict[str, Iterator[int]] = {}
	for address, item in pages:
		if address not in free:
			free[address] = filterfalse(taken.get(address, set()).__contains__, count(1))
		if (address, item) not in known:
			known[address, item] = next(free[address])
	return known
