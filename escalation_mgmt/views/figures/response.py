"""How fast escalations are acknowledged, and by how many. What each figure means stands with the package."""

import json
from collections import Counter
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
	groups = _tally(asked, _key(by, asked))
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
	return _figures(None, _tally(asked, "''").get(None, Counter()))


def _tally(asked: Asked, key: str) -> dict[str | None, Counter[int]]:
	"""Of each group how many there are of each code: one pass through the rows, whatever is asked of them, and a row for each group.

	A code is twice the seconds to the acknowledgement; without one it is below zero: -2, less four times the place of the outcome
	in `_OUTCOMES`, less 2 where a step has run. It is odd where nobody was notified at some time.
	"""
	on_mariadb = frappe.db.db_type == "mariadb"
	seconds = local_time.seconds_between("`opened_utc`", "`acknowledged_utc`")
	outcome = " ".join(f"when '{status}' then {place}" for place, status in enumerate(_ENDED.values(), 1))
	code = (
		"case when `acknowledged_utc` is null then"
		f" -2 - 4 * (case `status` {outcome} else 0 end) - 2 * (`current_step` > 0)"
		f" else 2 * {'greatest' if on_mariadb else 'max'}({seconds}, 0) end + `nobody_notified`"
	)
	each = (
		f"select {key} as `key`, {code} as code, count(*) as times from `tab{ITEM}` where {asked.condition}"
		f" group by `key`, code {unsorted()}"
	)
	in_json = "json_objectagg" if on_mariadb else "json_group_object"
	found: dict[str | None, Counter[int]] = {}
	for group, counts in frappe.db.sql(
		f"select `key`, {in_json}(code, times) from ({each}) tally group by `key`", asked.values
	):
		codes = {int(code): count for code, count in json.loads(counts).items()}
		found.setdefault(group or None, Counter()).update(codes)
	return found


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
