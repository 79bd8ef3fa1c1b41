"""Pages that have failed for good, and what is to follow from it: noted with the failure, looked for when that is committed.

So whoever records failures holds nothing for long, and a process that dies in between leaves the note.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe

from escalation_mgmt.engine import ActionItem, Status
from escalation_mgmt.storage import action_items, outbox
from escalation_mgmt.storage.outbox import StoredMessage
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION

_MAY_ASK = (*outbox.STILL_ASK, Status.ACKNOWLEDGED)  # whoever has it may have called somebody to help


@dataclass(slots=True)
class FailedPage(StoredMessage):
	"""A page that somebody didn't get."""

	created_utc: datetime  # when it was queued
	urgency: int  # see `outbox.LATER`
	generation: int  # the item's, when it was queued; as are what was to come next
	next_run: int
	next_group: int
	not_by: str | None  # providers that it doesn't go by, as they had failed before; a line each
	by_no_provider: int  # 1: no other provider of its method would take it


@dataclass(frozen=True, slots=True)
class Standing:
	"""How an item stands whose page has failed."""

	status: Status
	generation: int

	@classmethod
	def of(cls, item: ActionItem) -> "Standing":
		return cls(item.status, item.generation)

	def follows(self, generation: int) -> bool:
		"""Whether anything may follow from the failure of a page that was queued in this generation."""
		return self.status in _MAY_ASK and generation == self.generation

	def is_past(self, generation: int) -> bool:
		"""Whether something would follow, had the escalation not begun anew since."""
		return self.status in outbox.STILL_ASK and generation != self.generation


def standings(items: Collection[str]) -> dict[str, Standing]:
	"""Lock these items, and read how they stand now."""
	if not items:
		return {}
	sql = (
		f"select `name`, `status`, `generation` from `tab{ITEM}` where `name` in ({rows.placeholders(items)})"
		" order by `name` for update"
	)
	found = frappe.db.sql(sql, tuple(sorted(items)))
	return {name: Standing(Status(status), generation) for name, status, generation in found}


def note(failed: Sequence[dict[str, Any]]) -> None:
	"""Note that something is to follow: {"name", "was": the attempt that failed, "follow_up_utc": since when,
	"by_no_provider"}. What another process has given up meanwhile is left.
	"""
	rows.update_all(NOTIFICATION, failed, where="attempt_id")


def items_waiting(now: datetime, limit: int, after: str = "") -> list[str]:
	"""Items with failed pages from which something is to follow, by name, from the one after `after`; none that is held. Nothing is
	locked.
	"""
	sql = (
		f"select distinct `action_item` from `tab{NOTIFICATION}` where `follow_up_utc` <= %s and `action_item` > %s"
		f"{action_items.NOT_HELD} order by `action_item` limit {int(limit)}"
	)
	return [row[0] for row in frappe.db.sql(sql, (now, after))]


def lock_waiting(item: str, now: datetime) -> list[FailedPage]:
	"""Lock the failed pages of an item, which is locked already, from which something is to follow."""
	which = "where `action_item` = %s and `follow_up_utc` <= %s order by `name` for update"
	return outbox.select(FailedPage, which, (item, now))


def settle(messages: Sequence[FailedPage]) -> None:
	"""What follows from these has been seen to."""
	rows.update_all(NOTIFICATION, [{"name": message.name, "follow_up_utc": None} for message in messages])


def put_off(item: str, now: datetime, until: datetime) -> None:
	"""It can't be seen to now: not before `until`."""
	frappe.db.sql(
		f"update `tab{NOTIFICATION}` set `follow_up_utc` = %s where `action_item` = %s and `follow_up_utc` <= %s",
		(until, item, now),
	)
