"""Working time: when a calendar works, and how to count in it.

An instant is working time if a clock on the wall of the calendar's zone then shows a time within the hours of its
weekday, on a date that is no holiday. All else follows from that:

- Hours over midnight (22:00 to 06:00) are those before it and those after it; a holiday is free from midnight to midnight.
- Hours that touch or overlap count once.
- A working hour is a real hour: where clocks go forward within the hours the day is shorter, and hours that begin
  in the gap begin at its end; where clocks go back, what the clock on the wall shows twice is worked twice.

Instants are naive datetimes in UTC, as everywhere in the engine. Zones are IANA names, looked up by `zoneinfo`: a
table, no clock. Counting takes a few operations for each day that it crosses: a millisecond or two for a year.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from escalation_mgmt.engine.plan import ZERO

DAY = timedelta(days=1)
LONGEST_PAUSE = timedelta(days=366)

_Span = tuple[timedelta, timedelta]  # from and to, since the midnight of one date
_Instants = tuple[datetime, datetime]


class NoWorkingTime(ValueError):
	"""A calendar that never works; or, where dates are given, not `after` the one and `before` the other."""

	def __init__(self, after: date | None = None, before: date | None = None):
		self.after, self.before = after, before
		between = f" after {after} and before {before}, for more than {LONGEST_PAUSE.days} days"
		super().__init__("no working time" + (between if after else ""))


class UnknownZone(ValueError):
	"""A calendar in a `zone` that isn't known by that name."""

	def __init__(self, zone: str):
		self.zone = zone
		super().__init__(f"unknown time zone: {zone}")


@dataclass(frozen=True, slots=True)
class Hours:
	"""Hours of one weekday (Monday is 0), in wall time since its midnight.

	An end that isn't after the start is on the following day: 00:00 to 00:00 is the whole day.
	"""

	weekday: int
	start: timedelta
	end: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
	"""Weekly hours and holidays, in a time zone.

	Raises NoWorkingTime where it has no hours, or holidays leave none for more than a year (so that counting
	always ends); UnknownZone; ValueError where hours are none of a day.
	"""

	zone: str
	week: tuple[Hours, ...]
	holidays: frozenset[date] = frozenset()
	_zone: ZoneInfo = field(init=False, repr=False, compare=False)
	_spans: tuple[tuple[_Span, ...], ...] = field(init=False, repr=False, compare=False)  # by weekday

	def __post_init__(self) -> None:
		try:
			object.__setattr__(self, "_zone", ZoneInfo(self.zone))
		except (ZoneInfoNotFoundError, ValueError, OSError):
			raise UnknownZone(self.zone) from None
		object.__setattr__(self, "_spans", _by_weekday(self.week))
		if not any(self._spans):
			raise NoWorkingTime
		self._refuse_endless_holidays()

	def works_at(self, at: datetime) -> bool:
		"""Whether an instant is working time. Hours begin with their start and end before their end."""
		return self.next(at) == at

	def next(self, at: datetime) -> datetime:
		"""The first instant at or after `at` that is working time."""
		start, _end = next(self._worked(at))
		return start

	def add(self, at: datetime, duration: timedelta) -> datetime:
		"""The first instant by which so much working time has passed since `at`.

		So what ends with the day ends at its end, not when the next begins; and no duration at all ends at once,
		be it working time or not. Raises ValueError for a negative duration.
		"""
		if duration < ZERO:
			raise ValueError("negative duration")
		if duration == ZERO:
			return at
		for start, end in self._worked(at):
			if duration <= end - start:
				break
			duration -= end - start
		return start + duration

	def between(self, since: datetime, until: datetime) -> timedelta:
		"""How much working time passes from `since` to `until`. Raises ValueError where `until` comes first."""
		if until < since:
			raise ValueError("negative duration")
		total = ZERO
		for start, end in self._worked(since):
			if start >= until:  # pragma: no mutate; what begins at `until` adds nothing
				break
			total += min(end, until) - start
		return total

	def _worked(self, at: datetime) -> Iterator[_Instants]:
		"""Without end: what is worked from `at` on, as instants in UTC, in order; neighbours may touch."""
		offset = self._offset(at)
		while True:
			midnight = datetime.combine(at + offset, time.min)
			until = midnight + DAY - offset
			following = self._offset(until)
			if following != offset:
				until = self._clock_change(at, until)
			if midnight.date() not in self.holidays:
				for start, end in self._spans[midnight.weekday()]:
					first, last = max(midnight + start - offset, at), min(midnight + end - offset, until)
					if first < last:
						yield first, last
			at, offset = until, following

	def _offset(self, at: datetime) -> timedelta:
		"""What has to be added to UTC to have the time on the wall."""
		return self._zone.fromutc(at.replace(tzinfo=self._zone)).replace(tzinfo=None) - at

	def _clock_change(self, at: datetime, by: datetime) -> datetime:
		"""When the offset changes, after `at` and not after `by`: no zone changes its clocks twice in a day."""
		at = at.replace(microsecond=0)  # clocks change on the second
		offset = self._offset(at)
		# Longer, it would hold the same first change.
		seconds = range(int((by - at).total_seconds()) + 1)  # pragma: no mutate
		changed = bisect_left(seconds, True, key=lambda s: self._offset(at + timedelta(seconds=s)) != offset)
		return at + timedelta(seconds=changed)

	def _refuse_endless_holidays(self) -> None:
		after = date.min  # pragma: no mutate; the last workday before the holidays in a row, set by the first
		for holiday in sorted(day for day in self.holidays if self._spans[day.weekday()]):
			before, following = (self._neighbour(holiday, step) for step in (-DAY, DAY))
			if before not in self.holidays:
				after = before
			if following - after > LONGEST_PAUSE:
				raise NoWorkingTime(after, following)

	def _neighbour(self, day: date, step: timedelta) -> date:
		"""The next date in one direction whose weekday has hours, be it a holiday or not."""
		day += step
		while not self._spans[day.weekday()]:
			day += step
		return day


@dataclass(frozen=True, slots=True)
class WorkingTime:
	"""What the shell knows of a plan's calendar now; or why it has none, where the plan asks for one.

	Without a calendar every hour is working time: a page at an odd hour is better than none.
	"""

	calendar: Calendar | None = None
	missing: str = ""

	def add(self, at: datetime, duration: timedelta) -> datetime:
		return self.calendar.add(at, duration) if self.calendar else at + duration

	def between(self, since: datetime, until: datetime) -> timedelta:
		return self.calendar.between(since, until) if self.calendar else until - since

	def next(self, at: datetime) -> datetime:
		return self.calendar.next(at) if self.calendar else at


AROUND_THE_CLOCK = WorkingTime()


def _by_weekday(week: Iterable[Hours]) -> tuple[tuple[_Span, ...], ...]:
	"""For each weekday its spans within that one date, in order, merged where they touch or overlap."""
	days: list[list[_Span]] = [[] for _ in range(7)]  # pragma: no mutate; nobody asks for an eighth
	for hours in week:
		if not (0 <= hours.weekday <= 6 and ZERO <= hours.start < DAY and ZERO <= hours.end <= DAY):
			raise ValueError(f"no hours of a weekday: {hours}")
		if hours.end > hours.start:
			days[hours.weekday].append((hours.start, hours.end))
		else:
			days[hours.weekday].append((hours.start, DAY))
			days[(hours.weekday + 1) % 7].append((ZERO, hours.end))
	return tuple(tuple(_merged(sorted(spans))) for spans in days)


def _merged(spans: Iterable[_Span]) -> list[_Span]:
	merged: list[_Span] = []
	for start, end in spans:
		if merged and start <= merged[-1][1]:  # pragma: no mutate; two that touch count as one would
			merged[-1] = (merged[-1][0], max(merged[-1][1], end))
		elif start < end:
			merged.append((start, end))
	return merged
