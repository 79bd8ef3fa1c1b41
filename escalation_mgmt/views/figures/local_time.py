"""SQL that reads an instant as the site's clock showed it. The database itself may know no time zones."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import frappe
from frappe.utils.data import get_start_of_week_index

from escalation_mgmt.utils import clock

_UTC = ZoneInfo("UTC")
_UNIX_BEGINS = 62_167_219_200  # seconds since the year 0, as MariaDB counts them
_FORMS = {"hour": "%%H", "day": "%%Y-%%m-%%d", "month": "%%Y-%%m"}


def offsets(begins: datetime, ends: datetime, zone: str = "") -> list[tuple[datetime, int]]:
	"""The offsets from UTC, in seconds, that a zone (the site's, where none is named) has within a period (UTC), each with the instant
	from which on it holds.
	"""
	of = ZoneInfo(zone or clock.zone())

	def at(instant: datetime) -> int:
		offset = instant.replace(tzinfo=_UTC).astimezone(of).utcoffset()
		return int(offset.total_seconds()) if offset else 0

	found = [(begins, at(begins))]
	step = begins
	while step < ends:
		following = min(step + timedelta(days=1), ends)
		if at(following) != found[-1][1]:
			found.append((_changes(step, following, at(step), at), at(following)))
		step = following
	return found


def _changes(before: datetime, after: datetime, known: int, at: Callable[[datetime], int]) -> datetime:
	"""The first second at which the offset isn't the `known` one any more."""
	while after - before > timedelta(seconds=1):
		middle = before + (after - before) // 2
		before, after = (middle, after) if at(middle) == known else (before, middle)
	return after.replace(microsecond=0)


def local(column: str, begins: datetime, ends: datetime, zone: str = "") -> str:
	"""SQL of an instant of a column (UTC) as the clock of a zone showed it; of the site's, where none is named. The period is that of
	the column's instants.
	"""
	return moved(column, _offset(column, offsets(begins, ends, zone)))


def _offset(column: str, held: list[tuple[datetime, int]]) -> str:
	"""SQL of the offset that holds at an instant of a column: the latest comes first, side by side, for SQLite nests no deeper."""
	*later, (_first, seconds) = held[::-1]
	if not later:
		return str(seconds)
	cases = " ".join(f"when {column} >= '{since:%Y-%m-%d %H:%M:%S}' then {offset}" for since, offset in later)
	return f"case {cases} else {seconds} end"


def moved(column: str, seconds: str) -> str:
	"""SQL of so many seconds (SQL) after an instant."""
	if frappe.db.db_type == "mariadb":
		return f"timestampadd(second, {seconds}, {column})"
	return f"datetime({column}, ({seconds}) || ' seconds')"


def part(form: str, at: str) -> str:
	"""SQL of a part of a date and time: its `hour` ("00" to "23"), `day` ("2026-11-29"), `month` ("2026-11") or `week` (its first day)."""
	if form == "week":
		form, at = "day", _days_before(at, f"({_weekday(at)} + {7 - get_start_of_week_index()}) %% 7")
	if frappe.db.db_type == "mariadb":
		return f"date_format({at}, '{_FORMS[form]}')"
	return f"strftime('{_FORMS[form]}', {at})"


def _weekday(at: str) -> str:
	"""SQL of the day of the week: 0 is Sunday."""
	if frappe.db.db_type == "mariadb":
		return f"(dayofweek({at}) - 1)"
	return f"strftime('%%w', {at})"


def _days_before(at: str, days: str) -> str:
	if frappe.db.db_type == "mariadb":
		return f"date_sub({at}, interval ({days}) day)"
	return f"date({at}, '-' || ({days}) || ' days')"


def seconds_between(start: str, end: str) -> str:
	"""SQL of the seconds from one instant to a later one, each cut to its second."""
	if frappe.db.db_type == "mariadb":
		return f"(to_seconds({end}) - to_seconds({start}))"
	return f"(strftime('%%s', {end}) - strftime('%%s', {start}))"


Walls = list[tuple[datetime, int]]


def walls(begins: datetime, ends: datetime) -> Walls:
	"""The offsets from UTC, in seconds, that the site's zone has within a period (UTC), each with what its clock showed from which on it
	holds, once it had been changed.
	"""
	return [(since + timedelta(seconds=seconds), seconds) for since, seconds in offsets(begins, ends)]


def unix(column: str, of: Walls) -> str:
	"""SQL of the seconds of Unix time, whole ones, of a column in the site's zone (`creation`, `response_by`), as `clock.to_utc` reads it:
	of an hour that came twice, the second. What lies outside of the period of `walls` is read by the offset of its end.
	"""
	if frappe.db.db_type == "mariadb":
		since_0 = [(wall, _UNIX_BEGINS + seconds) for wall, seconds in of]
		return f"(to_seconds({column}) - {_offset(column, since_0)})"
	return f"(strftime('%%s', {column}) - {_offset(column, of)})"
