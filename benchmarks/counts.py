"""Whether everything arrived as it must: what the sink has received, beside what our own rows say of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

import frappe


@dataclass(frozen=True, kw_only=True)
class Counts:
	lost: int  # nobody acknowledged, or our rows say that it was sent, and it never arrived
	early: int
	unmarked: int  # arrived twice, and not marked as a possible duplicate
	too_late: int  # arrived after its acknowledgement was committed, and not marked as in flight
	strange: int  # a message that no item accounts for, or an item with more than one
	marked: int  # arrived twice, and marked

	@property
	def right(self) -> bool:
		return not (self.lost or self.early or self.unmarked or self.too_late or self.strange)

	def __str__(self) -> str:
		return (
			f"lost {self.lost}, early {self.early}, unmarked duplicates {self.unmarked}, "
			f"after an acknowledgement {self.too_late}, unaccounted for {self.strange}"
		)


@dataclass(frozen=True, kw_only=True)
class Acts:
	"""Internal comments that steps ordered, each with its item's name in it."""

	done: int
	lost: int  # said to be done, and not there; or neither done, failed nor withdrawn
	twice: int

	@property
	def right(self) -> bool:
		return not (self.lost or self.twice)

	def __str__(self) -> str:
		return f"acts: {self.done} done, lost {self.lost}, done twice {self.twice}"


def bundles() -> int:
	"""How many messages went in place of several."""
	frappe.db.rollback()
	return frappe.db.sql(
		"select count(distinct `bundle`) from `tabEscalation Notification` where `carried_by` is not null"
	)[0][0]


def count_acts() -> Acts:
	"""Compare what was ordered with the comments that are there."""
	frappe.db.rollback()
	there = dict(
		frappe.db.sql("select `content`, count(*) from `tabHD Ticket Comment` group by `content`")
	)  # each has its item's name in it
	states = dict(frappe.db.sql("select `state`, count(*) from `tabEscalation Deed` group by `state`"))
	done, open_ = states.get("Done", 0), states.get("Queued", 0)
	return Acts(
		done=done, lost=max(done - len(there), 0) + open_, twice=sum(times - 1 for times in there.values())
	)


def settled(seconds: float, every: float = 0.2) -> bool:
	"""Wait until nothing is due or under way any more; False where that isn't so within so many seconds."""
	end = time.monotonic() + seconds
	while time.monotonic() < end:
		frappe.db.rollback()
		if not frappe.db.sql(
			"select 1 from `tabEscalation Notification` where `next_attempt_utc` is not null"
			" union all select 1 from `tabEscalation Deed` where `state` = 'Queued'"
			" union all select 1 from `tabEscalation Action Item` where `due_utc` <= utc_timestamp(6) limit 1"
		):
			return True
		time.sleep(every)
	return False


def count(
	items: int,
	received: Mapping[str, Sequence[float]],
	acknowledged: Mapping[str, float] | None = None,
	*,
	one_each: bool = True,
) -> Counts:
	"""Compare what was received, {notification: instants}, with our rows. Every item has one step with one message; unless
	`one_each`, what one provider refuses is a further message by the next, and an item counts by all of its.

	`acknowledged` says when the acknowledgement of an item was committed: {item: instant}. Instants are seconds since 1970.
	"""
	acknowledged = acknowledged or {}
	frappe.db.rollback()
	rows = frappe.db.sql(
		"select `name`, `action_item`, `status`, `planned_utc`, `possible_duplicate`, `in_flight`, `carried_by`, `purpose`"
		" from `tabEscalation Notification`",
		as_dict=True,
	)
	unknown = received.keys() - {row.name for row in rows}
	rows = [
		row for row in rows if row.purpose == "Page"
	]  # of those who were paged some are told how it ended
	received = _with_bundles(rows, received)
	if not one_each:
		rows, received = _by_item(rows, received)
	lost = early = unmarked = too_late = marked = 0
	paged = set()
	for row in rows:
		paged.add(row.action_item)
		times = received.get(row.name, ())
		lost += not times and (row.action_item not in acknowledged or row.status == "Sent")
		early += any(at < row.planned_utc.replace(tzinfo=UTC).timestamp() for at in times)
		unmarked += len(times) > 1 and not row.possible_duplicate
		marked += len(times) > 1 and bool(row.possible_duplicate)
		since = acknowledged.get(row.action_item)
		too_late += since is not None and any(at > since for at in times) and not row.in_flight
	lost += items - len(paged | set(acknowledged))
	strange = len(unknown) + len(rows) - len(paged)
	return Counts(
		lost=lost, early=early, unmarked=unmarked, too_late=too_late, strange=strange, marked=marked
	)


def _with_bundles(rows: list, received: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
	"""When each message was received: a bundle arrives by the id of its first. What was taken back before isn't in it."""
	return {
		row.name: sorted(
			[
				*received.get(row.name, ()),
				*(received.get(row.carried_by or "", ()) if row.status != "Withdrawn" else ()),
			]
		)
		for row in rows
	}


def _by_item(rows: list, received: Mapping[str, Sequence[float]]) -> tuple[list, dict[str, list[float]]]:
	"""Rows and receipts as if each item had but one message, called as its first one."""
	items: dict[str, list] = {}
	for row in sorted(rows, key=lambda row: row.name):
		items.setdefault(row.action_item, []).append(row)
	first, times = [], {id: [*at] for id, at in received.items()}
	for of in items.values():
		whole = frappe._dict(of[0])
		whole.status = "Sent" if any(row.status == "Sent" for row in of) else whole.status
		for flag in ("possible_duplicate", "in_flight"):
			whole[flag] = int(any(row[flag] for row in of))
		all_times = [at for row in of for at in times.pop(row.name, [])]
		if all_times:
			times[whole.name] = all_times
		first.append(whole)
	return first, times
