"""What counts towards people's limits: what they were handed lately, and which numbers are being called.

Told by the messages themselves: one that was surely not taken counts no more, whoever learns of it. Asked only of people and
addresses who are to have a message now, by an index.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import frappe

from escalation_mgmt.engine import Limit, Sent, Status, UnderWay
from escalation_mgmt.storage.message_state import REACHED, MessageState, Purpose
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION, NOTIFICATION_SECRET

SOON = timedelta(seconds=60)
"""Of two messages of one step the one is queued at most so much before the other."""

A_DAY = timedelta(days=1)

_MAY_HAVE = (
	f"n.`carried_by` is null and (n.`status` in ({rows.placeholders(REACHED)})"
	" or (n.`status` = %s and n.`possible_duplicate` = 1))"
)
"""What has arrived, or may have; one message that stands for others counts once."""
_STATES = (*REACHED, MessageState.QUEUED)
_WITH_ADDRESS = f"`tab{NOTIFICATION_SECRET}` s join `tab{NOTIFICATION}` n on n.`name` = s.`name`"


def to_users(method: str, users: Collection[str], since: datetime) -> list[Sent]:
	"""What these users were handed by a method after an instant."""
	if not users:
		return []
	sql = (
		f"select n.`user`, n.`handed_utc`, n.`bundle` from `tab{NOTIFICATION}` n"
		f" where n.`user` in ({rows.placeholders(users)}) and n.`handed_utc` > %s and n.`method` = %s and {_MAY_HAVE}"
	)
	found = frappe.db.sql(sql, (*users, since, method, *_STATES))
	return [Sent(person=user, method=method, at=at, bundle=bool(bundle)) for user, at, bundle in found]


def waiting(method: str, users: Collection[str], now: datetime) -> dict[str, int]:
	"""How many escalations each of these users was handed by a method within a day that nobody has yet, whoever of them is asked."""
	sql = (
		f"select n.`user`, count(distinct n.`action_item`) from `tab{NOTIFICATION}` n"
		f" join `tab{ITEM}` i on i.`name` = n.`action_item`"
		f" where n.`user` in ({rows.placeholders(users)}) and n.`method` = %s and n.`handed_utc` > %s"
		f" and n.`purpose` = %s and i.`status` in (%s, %s) group by n.`user`"
	)
	values = (*users, method, now - A_DAY, Purpose.PAGE, Status.ESCALATING, Status.EXHAUSTED)
	return dict(frappe.db.sql(sql, values))


def to_addresses(method: str, addresses: Collection[str], since: datetime) -> list[Sent]:
	"""What these addresses that are no user's were handed by a method after an instant."""
	if not addresses:
		return []
	sql = (
		f"select s.`address`, n.`handed_utc`, n.`bundle` from {_WITH_ADDRESS}"
		f" where s.`address` in ({rows.placeholders(addresses)})"
		f" and n.`user` is null and n.`handed_utc` > %s and n.`method` = %s and {_MAY_HAVE}"
	)
	found = frappe.db.sql(sql, (*addresses, since, method, *_STATES))
	return [Sent(person=address, method=method, at=at, bundle=bool(bundle)) for address, at, bundle in found]


def under_way(
	method: str, addresses: Collection[str], limit: Limit, now: datetime, but: Collection[str]
) -> list[UnderWay]:
	"""Calls to these addresses that aren't known to be over, `but` those messages."""
	if not addresses or not limit.at_once:
		return []
	sql = (
		f"select s.`address`, n.`handed_utc`, n.`name` from {_WITH_ADDRESS}"
		f" where s.`address` in ({rows.placeholders(addresses)})"
		f" and n.`method` = %s and n.`handed_utc` > %s and n.`over_utc` is null and {_MAY_HAVE}"
	)
	found = frappe.db.sql(sql, (*addresses, method, now - limit.lasts, *_STATES))
	return [
		UnderWay(method=method, address=address, since=at) for address, at, name in found if name not in but
	]


def said_by(methods: Collection[str], items: Collection[str]) -> dict[tuple[str, str], list[datetime]]:
	"""Whom these methods page about these items: {(item, user or label): when each of their messages was queued}."""
	found: dict[tuple[str, str], list[datetime]] = {}
	if not methods or not items:
		return found
	sql = (
		f"select `action_item`, `user`, `recipient`, `created_utc` from `tab{NOTIFICATION}`"
		f" where `action_item` in ({rows.placeholders(items)}) and `method` in ({rows.placeholders(methods)})"
		f" and `purpose` = %s and `status` in ({rows.placeholders(REACHED)})"
	)
	for item, user, recipient, at in frappe.db.sql(sql, (*items, *methods, Purpose.PAGE, *REACHED)):
		found.setdefault((item, user or recipient), []).append(at)
	return found


def look_again(method: str, address: str, now: datetime) -> bool:
	"""What waits for a call to this address, which is over, is due now. Whether anything does. The caller has taken the claims'
	lock, so that nothing comes to wait meanwhile."""
	sql = (
		f"select n.`name` from {_WITH_ADDRESS}"
		" where s.`address` = %s and n.`method` = %s and n.`held_utc` is not null and n.`next_attempt_utc` > %s"
	)
	names = sorted(row[0] for row in frappe.db.sql(sql, (address, method, now)))
	if names:
		frappe.db.sql(
			f"update `tab{NOTIFICATION}` set `next_attempt_utc` = %s where `name` in ({rows.placeholders(names)})"
			" and `held_utc` is not null and `next_attempt_utc` is not null",
			(now, *names),
		)
	return bool(names)
