"""SQL that reads an instant as the site's clock showed it. The database itself may know no time zones."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import frappe

from escalation_mgmt.utils import clock

_UTC = ZoneInfo("UTC")
_FORMS = {"hour": ("%%H", "%%H"), "month": ("%%Y-%%m", "%%Y-%%m")}


def offsets(begins: datetime, ends: datetime) -> list[tuple[datetime, int]]:
	"""The offsets from UTC that the site's zone has within a period (UTC), each with the instant from which on it holds, in seconds."""
	zone = ZoneInfo(clock.zone())

	def at(instant: datetime) -> int:
		offset = instant.replace(tzinfo=_UTC).astimezone(zone).utcoffset()
		return int(offset.total_seconds()) if offset else 0

	found = [(begins, at(begins))]
	step = begins
	while step < ends:
		following = min(step + timedelta(days=1), ends)
		if at(following) != found[-1][1]:
			found.append((_changes(step, following, at(step), at), at(following)))
		step = following
	return found


def _changes(before: datetime, after: datetime, known: int, at: object) -> datetime:
	"""The first second at which the offset isn't the `known` one any more."""
	while after - before > timedelta(seconds=1):
		middle = before + (after - before) // 2
		before, after = (middle, after) if at(middle) == known else (before, middle)  # type: ignore[operator]
	return after.replace(microsecond=0)


def part_of_day(form: str, column: str, begins: datetime, ends: datetime) -> str:
	"""SQL of the `hour` ("00" to "23") or the `month` ("2026-11") in which an instant of a column (UTC) falls, as the site's clock
	showed it. The period is that of the column's instants.
	"""
	held = offsets(begins, ends)
	offset = str(held[0][1])
	for since, seconds in held[1:]:
		offset = f"case when {column} >= '{since:%Y-%m-%d %H:%M:%S}' then {seconds} else {offset} end"
	if frappe.db.db_type == "mariadb":
		return f"date_format(timestampadd(second, {offset}, {column}), '{_FORMS[form][0]}')"
	return f"strftime('{_FORMS[form][1]}', {column}, ({offset}) || ' seconds')"
