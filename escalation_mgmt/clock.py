"""The shell's one clock, and the only place where UTC meets the site's time zone.

By default the time is the database's, so that many machines agree (design rule 10). Instants are naive
datetimes in UTC everywhere in this app; Frappe's own columns (`creation`, `response_by`) are in the site's zone.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import frappe
from frappe.utils import get_datetime
from frappe.utils.data import get_system_timezone

_source: Callable[[], datetime] | None = None

_NOW = {
	"mariadb": "select utc_timestamp(6)",
	"postgres": "select now() at time zone 'utc'",
	"sqlite": "select strftime('%Y-%m-%d %H:%M:%f', 'now')",
}


def now() -> datetime:
	"""The present instant (naive, UTC)."""
	if _source:
		return _source()
	return get_datetime(frappe.db.sql(_NOW[frappe.db.db_type])[0][0])


def use(source: Callable[[], datetime] | None) -> None:
	"""Take the time from `source` (naive, UTC) instead of the database's clock; None: the database's again."""
	global _source
	_source = source


def zone() -> str:
	"""The site's time zone."""
	return get_system_timezone()


def to_site(instant: datetime | str | None) -> datetime | None:
	"""An instant in UTC as a naive datetime in the site's time zone, as Frappe shows and stores them."""
	if not instant:
		return None
	aware = get_datetime(instant).replace(tzinfo=UTC)
	return aware.astimezone(ZoneInfo(zone())).replace(tzinfo=None)


def to_utc(local: datetime | str | None) -> datetime | None:
	"""A naive datetime in the site's time zone as an instant in UTC. Of an ambiguous hour, the first."""
	if not local:
		return None
	aware = get_datetime(local).replace(tzinfo=ZoneInfo(zone()), fold=0)
	return aware.astimezone(UTC).replace(tzinfo=None)
