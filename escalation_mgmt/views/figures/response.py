"""How fast escalations are acknowledged, and by how many. What each figure means stands with the package."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import frappe

from escalation_mgmt.engine import Status
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.views.figures import local_time
from escalation_mgmt.views.figures.asked import Asked, unsorted
from escalation_mgmt.views.figures.times import Times

GROUPS = ("plan", "clock", "priority", "team", "customer", "person", "hour", "week", "month")
"""What figures can be grouped by. `person`: who acknowledged, as history names them; `hour`: of the day of the opening; `week`: its first
day (which weekday that is, System Settings say)."""

_ENDED = {"answered": Status.RESOLVED, "exhausted": Status.EXHAUSTED, "cancelled": Status.CANCELLED}
_OUTCOMES = ("open", *_ENDED)


def response(asked: Asked, by: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
	"""A row for each group of `by` (one of GROUPS) with its `key` (None: it has none), by key, and one of all of them together. Counts are
	`escalations`, `ran`, `acknowledged`, `answered`, `exhausted`, `cancelled`, `open`, `nobody_notified` and `failed`; `share` is in percent;
	`median` and `p90` are in seconds, None where nobody acknowledged.
	"""
	if by not in GROUPS:
		raise ValueError(by)
	groups: dict[str | None, Counter[int]] = {}
	for group, code, count in _tally(asked, _key(by, asked)):
		groups.setdefault(group or None, Counter())[code] += count
	rows = [
		_figures(group, codes)
		for group, codes in sorted(
			groups.items(), key=lambda each: (each[0] is None, str(each[0]).casefold())
		)
	]
	together: Counter[int] = Counter()
	for codes in groups.values():
		together.update(codes)
	return rows, _figures(None, together)


def total(asked: Asked) -> dict[str, Any]:
	"""That one row, of all escalations that are asked for."""
	return _figures(None, Counter({code: count for _group, code, count in _tally(asked, "''")}))


def _tally(asked: Asked, key: str) -> Iterable[tuple[str | None, int, int]]:
	"""How many there are of each group and code: one pass through the rows, whatever is asked of them.

	A code is twice the seconds to the acknowledgement; without one it is below zero: -2, less four times the place of the outcome
	in `_OUTCOMES`, less 2 where a step has run. It is odd where nobody was notified at some time.
	"""
	seconds = local_time.seconds_between("`opened_utc`", "`acknowledged_utc`")
	outcome = " ".join(f"when '{status}' then {place}" for place, status in enumerate(_ENDED.values(), 1))
	code = (
		"case when `acknowledged_utc` is null then"
		f" -2 - 4 * (case `status` {outcome} else 0 end) - 2 * (`current_step` > 0)"
		f" when {seconds} > 0 then 2 * ({seconds}) else 0 end + `nobody_notified`"
	)
	sql = f"select {key} as `key`, {code} as code, count(*) from `tab{ITEM}` where {asked.condition} group by `key`, code {unsorted()}"
	return frappe.db.sql(sql, asked.values)


def _figures(key: str | None, codes: Counter[int]) -> dict[str, Any]:
	times = Times()
	ended = dict.fromkeys(_OUTCOMES, 0)
	nobody = sum(count for code, count in codes.items() if code % 2)
	failed = nobody
	for code, count in codes.items():
		if code >= 0:
			times[code // 2] += count
			continue
		place, ran = divmod((-1 - code) // 2, 2)
		if ran:
			ended[_OUTCOMES[place]] += count
			if _OUTCOMES[place] == "exhausted" and not code % 2:
				failed += count
	acknowledged, missed = times.total(), sum(ended.values())
	settled = acknowledged + missed - ended["open"]
	median, p90 = times.median(), times.within(90)
	return {
		"key": key,
		"escalations": codes.total(),
		"ran": acknowledged + missed,
		"acknowledged": acknowledged,
		"share": 100 * acknowledged / settled if settled else None,
		"median": median,
		"p90": p90,
		**ended,
		"nobody_notified": nobody,
		"failed": failed,
	}


def _key(by: str, asked: Asked) -> str:
	if by in ("hour", "week", "month"):
		return local_time.part(by, local_time.local("`opened_utc`", *asked.period()))
	column = "`acknowledged_by`" if by == "person" else f"`{by}`"
	# As they are written: "North" and "north" are two teams, also where the database would take them for one.
	return f"{column} collate utf8mb4_bin" if frappe.db.db_type == "mariadb" else column
