"""Acts on tickets that decisions order: written with them, found until they are done, failed or left out.

What a step's act sets and says stands in the frozen plan, where names follow renames; what became of it in the history.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import frappe

from escalation_mgmt.engine import BY_ACKNOWLEDGEMENT, Deed
from escalation_mgmt.storage.action_items import NOT_HELD
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import DEED


class DeedState(StrEnum):
	QUEUED = "Queued"  # ordered, and not done yet
	DONE = "Done"
	FAILED = "Failed"  # it can't be done; the history says why
	WITHDRAWN = "Withdrawn"  # not wanted any more when it could have been done


@dataclass(frozen=True, slots=True)
class StoredDeed:
	"""An act that was ordered, as it was read."""

	name: str  # the id that stands in whatever it writes
	action_item: str
	step: int  # of the frozen plan; `BY_ACKNOWLEDGEMENT`: of none
	run: int
	act: str
	user: str  # to whom the ticket is assigned; empty for any other act
	planned_utc: datetime


_COLUMNS = "`name`, `action_item`, `step`, `run`, `act`, coalesce(`user`, ''), `planned_utc`"  # as StoredDeed has them


def order(ordered: Sequence[tuple[str, Deed]]) -> None:
	"""Queue the acts of decisions: [(item, deed)]. The caller holds the items: of each step and run there is one for ever."""
	if not ordered:
		return
	items = sorted({item for item, _deed in ordered})
	there = set(
		frappe.db.sql(
			f"select `action_item`, `step`, `run` from `tab{DEED}` where `action_item` in ({rows.placeholders(items)})",
			tuple(items),
		)
	)
	fresh = {(item, deed.step.number, deed.run): deed for item, deed in ordered}
	wanted = [(key, deed) for key, deed in fresh.items() if key not in there]
	if wanted:
		rows.insert_all(DEED, [_row(*key, deed) for key, deed in wanted])


def order_again(item: str, since: datetime) -> None:
	"""Acts of steps that were left out since then are to be done after all."""
	sql = (
		f"update `tab{DEED}` set `state` = %s, `done_utc` = null"
		" where `action_item` = %s and `state` = %s and `step` <> %s and `done_utc` >= %s"
	)
	frappe.db.sql(sql, (str(DeedState.QUEUED), item, str(DeedState.WITHDRAWN), BY_ACKNOWLEDGEMENT, since))


def _row(item: str, step: int, run: int, deed: Deed) -> dict[str, object]:
	return {
		"name": rows.new_name(),
		"action_item": item,
		"step": step,
		"run": run,
		"act": deed.step.method,
		"user": deed.user or None,
		"planned_utc": deed.planned_at,
		"state": str(DeedState.QUEUED),
	}


def queued(limit: int, after: str = "") -> list[StoredDeed]:
	"""Acts that wait to be done, in the order in which they were ordered, from the one after `after`; none of an item that is held.
	Nothing is locked.
	"""
	sql = f"select {_COLUMNS} from `tab{DEED}` where `state` = %s and `name` > %s{NOT_HELD} order by `name` limit {int(limit)}"
	return [StoredDeed(*row) for row in frappe.db.sql(sql, (str(DeedState.QUEUED), after))]


def lock(name: str) -> StoredDeed | None:
	"""Hold an act that waits; None: another process has it, or has done it."""
	sql = f"select {_COLUMNS} from `tab{DEED}` where `name` = %s and `state` = %s for update skip locked"
	found = frappe.db.sql(sql, (name, str(DeedState.QUEUED)))
	return StoredDeed(*found[0]) if found else None


def settle(name: str, state: DeedState, now: datetime) -> None:
	sql = f"update `tab{DEED}` set `state` = %s, `done_utc` = %s where `name` = %s"
	frappe.db.sql(sql, (str(state), now, name))


def remove(items: Iterable[str]) -> None:
	frappe.db.delete(DEED, {"action_item": ("in", list(items))})
