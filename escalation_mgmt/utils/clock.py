"""The shell's one clock, and the only place where UTC meets the site's time zone.

By default the time is the database's, so that many machines agree (design rule 10). Instants are naive
datetimes in UTC everywhere in this app; Frappe's own columns (`creation`, `response_by`) are in the site's zone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import frappe
from frappe.utils import format_datetime, get_datetime, getdate
from frappe.utils.data import get_system_timezone

from escalation_mgmt.utils.questions import Answers, Question

CLOCKS_DIFFER = timedelta(minutes=1)  # the database's and this machine's
_readers_zone: ContextVar[str] = ContextVar("readers_zone", default="")  # empty: nobody has said it
_source: Callable[[], datetime] | None = None

_NOW = {
	"mariadb": Question(("utc_timestamp(6)",)),
	"sqlite": Question(("strftime(%s, 'now')",), values=("%Y-%m-%d %H:%M:%f",)),
}


def now(answers: Answers | None = None) -> datetime:
	"""The present instant (naive, UTC). `answers`: to what the time `asked` is, by the database."""
	if _source:
		return _source()
	return get_datetime((answers or Answers()).of(asked())[0][0])


def asked() -> Question:
	"""What the time is."""
	return _NOW[frappe.db.db_type]


def use(source: Callable[[], datetime] | None) -> None:
	"""Take the time from `source` (naive, UTC) instead of the database's clock; None: the database's again."""
	global _source  # noqa: PLW0603 - one for the process
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


@contextmanager
def in_zone(name: str | None) -> Iterator[None]:
	"""What is shown within is for somebody in this zone; empty, or no zone at all: in the site's."""
	before = _readers_zone.set(name if name and is_zone(name) else "")
	try:
		yield
	finally:
		_readers_zone.reset(before)


def shown(instant: datetime | str | None, form: str | None = None) -> str:
	"""An instant in UTC as people read it: in their zone, in `form` or their own format; then the zone is named where it isn't the
	site's. Empty for None.
	"""
	if not instant:
		return ""
	theirs = _for_reader(instant)
	said = format_datetime(theirs.replace(tzinfo=None), form)
	return said if form or _readers_zone.get() in ("", zone()) else f"{said} {theirs.tzname()}"


def unix(instant: datetime) -> float:
	"""An instant in UTC as seconds of Unix time."""
	return instant.replace(tzinfo=UTC).timestamp()


def from_unix(seconds: float) -> datetime:
	"""Seconds of Unix time, from a program that may say anything, as an instant in UTC: what is no past time is now."""
	present = now()
	passed = 0 <= seconds < unix(present)
	return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) if passed else present


def as_iso(local: datetime) -> str:
	"""A naive datetime in the site's time zone as programs read it: ISO 8601, to the second, with its offset."""
	return _for_reader(to_utc(local)).isoformat(timespec="seconds")


def _for_reader(instant: datetime | str) -> datetime:
	return get_datetime(instant).replace(tzinfo=UTC).astimezone(ZoneInfo(_readers_zone.get() or zone()))


def is_zone(name: str) -> bool:
	"""Whether there is a time zone of this name."""
	try:
		ZoneInfo(name)
	except (ValueError, OSError, LookupError):
		return False
	return True


def to_utc(local: datetime | str | None) -> datetime | None:
	"""A naive datetime in the site's time zone as an instant in UTC. Of an ambiguous hour (clocks go back), the second:
	so that nothing is early (design rule 3)."""
	return _readings(local)[1] if local else None


def day_begins(day: date | str) -> datetime:
	"""When a day begins in the site's time zone, as an instant in UTC: of a midnight that comes twice (clocks go back) the
	first; where clocks skip it, the first instant that is of that day.
	"""
	midnight = get_datetime(getdate(day))
	return next(instant for instant in _readings(midnight) if to_site(instant).date() == midnight.date())


def stamp_to_utc(local: datetime | str | None) -> datetime | None:
	"""A naive datetime in the site's time zone, of what has happened already, as an instant in UTC: of an ambiguous hour the
	second, where that isn't in the future."""
	if not local:
		return None
	first, second = _readings(local)
	return first if first != second and second > now() + CLOCKS_DIFFER else second


def _readings(local: datetime | str) -> tuple[datetime, datetime]:
	of_site, naive = ZoneInfo(zone()), get_datetime(local)
	first, second = (
		naive.replace(tzinfo=of_site, fold=fold).astimezone(UTC).replace(tzinfo=None) for fold in (0, 1)
	)
	return min(first, second), max(first, second)
