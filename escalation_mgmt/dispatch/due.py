"""Whether anything is due, and when the next is: one question, by one step in an index each, so that a cycle in which nothing is
costs little, whatever waits.
"""

from dataclasses import dataclass
from datetime import datetime

import frappe
from frappe.utils import get_datetime

from escalation_mgmt.storage.action_items import NOT_HELD
from escalation_mgmt.storage.acts import DeedState
from escalation_mgmt.utils.doctypes import DEED, ITEM, NOTIFICATION


@dataclass(frozen=True, slots=True)
class Due:
	"""What was seen at `now` (UTC)."""

	now: datetime
	item: datetime | None  # when the next action item is due, or was
	message: datetime | None  # when the next message falls due that isn't yet
	waits: bool  # a message is due, an act is ordered, or something is to follow a failure

	@property
	def is_now(self) -> bool:
		return self.waits or (self.item is not None and self.item <= self.now)

	@property
	def next(self) -> datetime | None:
		"""When anything falls due; what is due now and can be had by somebody else counts for items alone."""
		return min((at for at in (self.item, self.message) if at), default=None)


def look(now: datetime) -> Due:
	sql = (
		f"select (select `due_utc` from `tab{ITEM}` where `due_utc` > '0001-01-01' order by `due_utc` limit 1),"
		f" (select `next_attempt_utc` from `tab{NOTIFICATION}` where `next_attempt_utc` > %s"
		" order by `next_attempt_utc` limit 1),"
		f" exists (select 1 from `tab{NOTIFICATION}` where `next_attempt_utc` <= %s)"
		f" or exists (select 1 from `tab{DEED}` where `state` = %s{NOT_HELD})"
		f" or exists (select 1 from `tab{NOTIFICATION}` where `follow_up_utc` <= %s{NOT_HELD})"
	)
	item, message, waits = frappe.db.sql(sql, (now, now, str(DeedState.QUEUED), now))[0]
	# SQLite has texts where they are computed.
	return Due(now, item and get_datetime(item), message and get_datetime(message), bool(waits))
