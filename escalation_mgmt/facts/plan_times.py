"""When plans guarded a clock: from what Frappe has kept of each plan's changes (its versions), and from its action items.

Nothing is guessed. Where a change wasn't kept (by a patch, a script or a statement, or because the plan is deleted), what was
meanwhile isn't known, and that is said.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import frappe
from frappe.utils import cint, get_datetime

from escalation_mgmt.engine import Clock
from escalation_mgmt.utils import clock as site_clock
from escalation_mgmt.utils.doctypes import ITEM, PLAN
from escalation_mgmt.utils.rows import placeholders

_KEPT = ("enabled", "clock", "reference_doctype")
_TOGETHER = timedelta(minutes=1)  # at most so far apart are an enabling and the version that keeps it
EVER = datetime(1, 1, 1)
Opened = tuple[datetime, datetime]


class Phase(StrEnum):
	"""How it stood with a plan, or with all plans of a clock."""

	BEFORE = "Before"  # it had never been enabled
	ON = "Enabled"
	OFF = "Disabled"  # it had been enabled, and wasn't
	UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Since:
	"""From an instant (UTC) on, until the next one."""

	at: datetime
	phase: Phase


def of_plan(name: str, of: Clock, doctype: str) -> tuple[Since, ...]:
	"""How it stood with a plan, for a clock of tickets of a DocType; rising, from EVER on."""
	return _of_rows(_rows({"name": name}), of, doctype)[0]


def of_all(of: Clock, doctype: str) -> tuple[Since, ...]:
	"""How it stood with all plans together: one that was enabled is enough. Those that are deleted count by their items."""
	rows = _rows({})
	there = {row.name for row in rows}
	gone = [
		name
		for (name,) in frappe.db.sql(f"select distinct `plan` from `tab{ITEM}`")
		if name and name not in there
	]
	return _together([*_of_rows(rows, of, doctype), *_of_deleted(_items(gone, of, doctype))])


def began(times: Iterable[Since]) -> datetime | None:
	"""When it was first enabled (UTC), as far as it is known; None: never."""
	return next((since.at for since in times if since.phase is Phase.ON), None)


def widened(name: str, times: Sequence[Since]) -> datetime | None:
	"""Since when (UTC) a plan takes more than it did when it was last enabled; None: since then."""
	took = frappe.db.get_value(PLAN, name, "enabled_utc")
	if not took or times[-1].phase is not Phase.ON or get_datetime(took) - times[-1].at <= _TOGETHER:
		return None
	return get_datetime(took)


def _rows(filters: dict[str, Any]) -> list[Any]:
	fields = ["name", "creation", "modified", "enabled_utc", *_KEPT]
	return frappe.get_all(PLAN, filters=filters, fields=fields, order_by="name")


def _of_rows(rows: Sequence[Any], of: Clock, doctype: str) -> list[tuple[Since, ...]]:
	if not rows:
		return []
	versions: dict[str, list[tuple[datetime, dict[str, Any]]]] = {}
	names = [row.name for row in rows]
	for name, data, creation in frappe.db.sql(
		"select `docname`, `data`, `creation` from `tabVersion` where `ref_doctype` = %s"
		f" and `docname` in ({placeholders(names)}) and ({' or '.join(['`data` like %s'] * len(_KEPT))})"
		" order by `creation` desc, `name` desc",
		(PLAN, *names, *(f'%"{field}%' for field in _KEPT)),  # what else was changed may be long
	):
		changed = {field: (old, new) for field, old, new in _changed(data)}
		if changed.keys() & {*_KEPT, "enabled_utc"}:
			versions.setdefault(name, []).append((get_datetime(creation), changed))
	return [_of_row(row, versions.get(row.name, []), of, doctype) for row in rows]


def _changed(data: str | None) -> list[list[Any]]:
	"""What a version says was changed; [] for what can't be read."""
	try:
		found = json.loads(data or "{}").get("changed") or []
	except (ValueError, AttributeError):
		return []
	return [
		change for change in found if isinstance(change, list) and len(change) == len(("field", "old", "new"))
	]


def _of_row(
	row: Any, versions: list[tuple[datetime, dict[str, Any]]], of: Clock, doctype: str
) -> tuple[Since, ...]:
	"""Backwards, from how the plan is now: each version says what was before it."""
	state = {field: row[field] for field in _KEPT}
	created = get_datetime(row.creation)
	found: list[Since] = []

	def from_(at: datetime, phase: Phase | None = None) -> None:
		on = cint(state["enabled"]) and state["clock"] == of and state["reference_doctype"] == doctype
		found.append(Since(at, phase or (Phase.ON if on else Phase.OFF)))

	enabled = get_datetime(row.enabled_utc) if row.enabled_utc else None
	surely = enabled or site_clock.stamp_to_utc(row.modified)
	kept = [
		(stamp, changed) for stamp, changed in versions if stamp >= created
	]  # older ones are of another plan of its name
	for stamp, changed in kept:
		of_it = {field: changed[field] for field in _KEPT if field in changed}
		if not of_it:
			continue
		at = _exactly(site_clock.stamp_to_utc(stamp), enabled)
		if all(_same(field, new, state[field]) for field, (_old, new) in of_it.items()):
			from_(at)
		else:
			if not found and surely > at:
				from_(surely)
			from_(at, Phase.UNKNOWN)
		state |= {field: old for field, (old, _new) in of_it.items()}
	began_at = site_clock.stamp_to_utc(created)
	bumped = any("enabled_utc" in changed for _stamp, changed in kept)
	if cint(state["enabled"]) and not bumped and (not enabled or enabled - began_at > _TOGETHER):
		from_(surely)  # it was enabled past its form
		from_(began_at, Phase.UNKNOWN)
	else:
		from_(_exactly(began_at, enabled))
	if _had_namesake(row.name, began_at):
		from_(EVER, Phase.UNKNOWN)
	return _from_the_beginning(found[::-1])


def _same(field: str, one: Any, other: Any) -> bool:
	return bool(cint(one)) == bool(cint(other)) if field == "enabled" else str(one) == str(other)


def _exactly(kept: datetime, enabled: datetime | None) -> datetime:
	"""The instant of an enabling that was kept at `kept`: to the second the plan's own, where it is that one."""
	return enabled if enabled and abs(kept - enabled) <= _TOGETHER else kept


def _from_the_beginning(found: list[Since]) -> tuple[Since, ...]:
	"""Rising, from EVER on; neighbours that say the same are one, and what was off before it was ever on is *before*."""
	if not found or found[0].at > EVER:
		found = [Since(EVER, Phase.OFF), *found]
	rising: list[Since] = []
	for since in found:
		phase = since.phase
		if phase is Phase.OFF and all(each.phase is Phase.BEFORE for each in rising):
			phase = Phase.BEFORE
		if rising and rising[-1].at >= since.at:
			rising.pop()
		if not rising or rising[-1].phase is not phase:
			rising.append(Since(since.at, phase))
	return tuple(rising)


def _together(times: Sequence[tuple[Since, ...]]) -> tuple[Since, ...]:
	instants = sorted({EVER, *(since.at for each in times for since in each)})
	found = []
	for at in instants:
		phases = {_at(each, at) for each in times}
		if Phase.ON in phases:
			phase = Phase.ON
		elif Phase.UNKNOWN in phases:
			phase = Phase.UNKNOWN
		else:
			phase = Phase.OFF if Phase.OFF in phases else Phase.BEFORE
		if not found or found[-1].phase is not phase:
			found.append(Since(at, phase))
	return tuple(found)


def _at(times: tuple[Since, ...], at: datetime) -> Phase:
	return [since.phase for since in times if since.at <= at][-1]


def _had_namesake(name: str, created: datetime) -> bool:
	"""Whether action items are older (UTC) than the plan that they name: another one had its name."""
	sql = f"select 1 from `tab{ITEM}` where `plan` = %s and `opened_utc` < %s limit 1"
	return bool(frappe.db.sql(sql, (name, created - _TOGETHER)))


def _items(plans: Sequence[str], of: Clock, doctype: str) -> dict[str, Opened]:
	"""By those of these plans that have action items: when the first and the last of them was opened (UTC)."""
	if not plans:
		return {}
	sql = (
		f"select `plan`, min(`opened_utc`), max(`opened_utc`) from `tab{ITEM}` where `plan` in ({placeholders(plans)})"
		" and `reference_doctype` = %s and `clock` = %s and `opened_utc` is not null group by `plan`"
	)
	found = frappe.db.sql(sql, (*plans, doctype, str(of)))
	return {name: (get_datetime(first), get_datetime(last)) for name, first, last in found}


def _of_deleted(gone: Mapping[str, Opened]) -> list[tuple[Since, ...]]:
	"""Of plans that are gone with their versions: enabled while they opened items. Before that, once they were made, and after it,
	until they were deleted, it isn't known.
	"""
	if not gone:
		return []
	deleted: dict[str, tuple[datetime, datetime]] = {}
	for row in frappe.get_all(
		"Deleted Document",
		filters={"deleted_doctype": PLAN, "deleted_name": ("in", list(gone))},
		fields=["deleted_name", "data", "creation"],
		order_by="creation",
	):
		if made := json.loads(row.data or "{}").get("creation"):
			deleted[row.deleted_name] = (site_clock.stamp_to_utc(made), site_clock.stamp_to_utc(row.creation))
	found = []
	for name, (first, last) in gone.items():
		made, over = deleted.get(name, (None, None))
		known = [Since(made if made and made <= first else EVER, Phase.UNKNOWN), Since(first, Phase.ON)]
		known.append(Since(last + timedelta(seconds=1), Phase.UNKNOWN))
		if over and over > last:
			known.append(Since(over, Phase.OFF))
		found.append(_from_the_beginning(known))
	return found
