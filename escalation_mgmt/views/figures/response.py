"""How fast escalations are acknowledged, and by how many. What each figure means stands with the package."""

from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe.utils import get_datetime

from escalation_mgmt.engine import EventKind, Status
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import EVENT, ITEM
from escalation_mgmt.views.figures.asked import Asked
from escalation_mgmt.views.figures.local_time import part_of_day

GROUPS = ("plan", "clock", "priority", "team", "customer", "person", "hour", "month")
"""What figures can be grouped by. `person`: who acknowledged, as history names them; `hour`: of the day of the opening."""

RESPONSE = (
	*("escalations", "ran", "acknowledged", "share", "median", "p90"),
	*("answered", "exhausted", "cancelled", "open", "nobody_notified"),
)
"""What is known of a group. Counts; `share` in percent; `median` and `p90` in seconds, None where nobody acknowledged."""

_RAN = "(`current_step` > 0 or `acknowledged_utc` is not null)"
_MISSED = "`acknowledged_utc` is null and `current_step` > 0"
_COUNTS = (
	"count(*)",
	f"sum({_RAN})",
	"sum(`acknowledged_utc` is not null)",
	f"sum({_MISSED} and `status` = '{Status.RESOLVED}')",
	f"sum({_MISSED} and `status` = '{Status.EXHAUSTED}')",
	f"sum({_MISSED} and `status` = '{Status.CANCELLED}')",
	f"sum({_MISSED} and `status` not in ('{Status.RESOLVED}', '{Status.EXHAUSTED}', '{Status.CANCELLED}'))",
	f"sum(exists (select 1 from `tab{EVENT}` line where line.`action_item` = `tab{ITEM}`.`name`"
	f" and line.`kind` = '{EventKind.NOBODY_NOTIFIED}'))",
)
_COUNTED = (
	"escalations",
	"ran",
	"acknowledged",
	"answered",
	"exhausted",
	"cancelled",
	"open",
	"nobody_notified",
)


def response(asked: Asked, by: str) -> list[dict[str, Any]]:
	"""A row for each group of `by` (one of GROUPS) with its `key` (None: it has none) and what RESPONSE names, by key."""
	if by not in GROUPS:
		raise ValueError(by)
	return _grouped(asked, _key(by, asked))


def total(asked: Asked) -> dict[str, Any]:
	"""The same of all of them together."""
	return _grouped(asked, "''")[0]


def seconds_between(start: datetime | str | None, end: datetime | str | None) -> int | None:
	"""From one instant to a later one, each cut to its second; never negative, and None where one of them is missing."""
	if not start or not end:
		return None
	begun, over = (get_datetime(instant).replace(microsecond=0) for instant in (start, end))
	return max(int((over - begun).total_seconds()), 0)


def _grouped(asked: Asked, key: str) -> list[dict[str, Any]]:
	sql = (
		f"select {key} as `key`, {', '.join(_COUNTS)} from `tab{ITEM}` where {asked.condition} group by `key`"
	)
	counted = frappe.db.sql(sql, asked.values)
	times = {row[0]: row[1:] for row in frappe.db.sql(_times(asked, key), asked.values)}
	rows = [_figures(group or None, counts, times.get(group, (None, None))) for group, *counts in counted]
	if not rows and key == "''":
		return [_figures(None, [0] * len(_COUNTED), (None, None))]
	return sorted(rows, key=lambda row: (row["key"] is None, str(row["key"]).casefold()))


def _figures(key: str | None, counts: list[Any], times: tuple[Any, Any]) -> dict[str, Any]:
	row: dict[str, Any] = {
		"key": key,
		**{name: int(count or 0) for name, count in zip(_COUNTED, counts, strict=True)},
	}
	settled = row["ran"] - row["open"]
	row["share"] = 100 * row["acknowledged"] / settled if settled else None
	row["median"], row["p90"] = (None if each is None else float(each) for each in times)
	return row


def _times(asked: Asked, key: str) -> str:
	if frappe.db.db_type == "mariadb":
		seconds = "to_seconds(`acknowledged_utc`) - to_seconds(`opened_utc`)"
	else:
		seconds = "strftime('%%s', `acknowledged_utc`) - strftime('%%s', `opened_utc`)"
	return (
		"select `key`, avg(case when 2 * place in (`all`, `all` + 1, `all` + 2) then taken end),"
		" min(case when 10 * place >= 9 * `all` then taken end) from ("
		"select `key`, taken, row_number() over (partition by `key` order by taken) as place,"
		" count(*) over (partition by `key`) as `all` from ("
		f"select {key} as `key`, case when {seconds} > 0 then {seconds} else 0 end as taken"
		f" from `tab{ITEM}` where `acknowledged_utc` is not null and {asked.condition}"
		") acknowledged) placed group by `key`"
	)


def _key(by: str, asked: Asked) -> str:
	if by == "person":
		return "`acknowledged_by`"
	if by in ("hour", "month"):
		return part_of_day(by, "`opened_utc`", *_period(asked))
	return f"`{by}`"


def _period(asked: Asked) -> tuple[datetime, datetime]:
	"""The period, where it has no end as far as there is anything (UTC)."""
	ends = asked.ends or clock.now() + timedelta(days=1)
	if asked.begins:
		return asked.begins, max(ends, asked.begins)
	first = frappe.db.sql(f"select min(`opened_utc`) from `tab{ITEM}`")[0][0]
	return min(get_datetime(first) if first else ends, ends), ends
