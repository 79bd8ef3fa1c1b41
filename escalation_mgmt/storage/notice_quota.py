"""So many notices of what people did by hand for one person within so many minutes: what is more is left out, and history says
so (design, section 7). What a plan tells by itself is always told.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import frappe

from escalation_mgmt.engine import EventKind, Recipient
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import NOTIFICATION, NOTIFICATION_SECRET

MOST = 19
WITHIN = timedelta(minutes=15)
BY_HAND = (
	EventKind.ACKNOWLEDGED,
	EventKind.ON_THE_WAY,
	EventKind.UNACKNOWLEDGED,
	EventKind.HANDED_OVER,
	EventKind.ASSIGNEE_CHANGED,
	EventKind.CANCELLED,
)
"""Notices that one click after the other can cause."""


class NoticeQuota:
	"""What is left at an instant, of each person (or address) that is asked for."""

	def __init__(self, now: datetime) -> None:
		self._since = now - WITHIN
		self._had: Counter[str] = Counter()
		self._read: set[str] = set()

	def split(
		self, about: EventKind, recipients: Sequence[Recipient]
	) -> tuple[list[Recipient], list[Recipient]]:
		"""Who still gets a notice about this, and who has had too many; counts it for those who get it."""
		if about not in BY_HAND:
			return list(recipients), []
		self._look_up(_who(to) for to in recipients)
		wanted: list[Recipient] = []
		left_out: list[Recipient] = []
		for to in recipients:
			full = self._had[_who(to)] >= MOST
			(left_out if full else wanted).append(to)
			self._had[_who(to)] += not full
		return wanted, left_out

	def _look_up(self, people: Iterable[str]) -> None:
		fresh = sorted({*people} - self._read)
		if not fresh:
			return
		self._read.update(fresh)
		of = f"({rows.placeholders(fresh)})"
		found = frappe.db.sql(
			"select coalesce(n.`user`, s.`address`) as who, count(*)"
			f" from `tab{NOTIFICATION}` n join `tab{NOTIFICATION_SECRET}` s on s.`name` = n.`name`"
			f" where n.`created_utc` > %s and n.`purpose` = %s and n.`status` <> %s and n.`about` in ({rows.placeholders(BY_HAND)})"
			f" and (n.`user` in {of} or (n.`user` is null and s.`address` in {of})) group by 1",
			(self._since, Purpose.NOTICE, MessageState.WITHDRAWN, *map(str, BY_HAND), *fresh, *fresh),
		)
		self._had.update(dict(found))


def _who(to: Recipient) -> str:
	return to.user or to.address
