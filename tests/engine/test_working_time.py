"""Working time: by example, and against an oracle that looks at the clock on the wall, minute by minute."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	Calendar,
	Hours,
	NoWorkingTime,
	UnknownZone,
)
from tests.profiles import NIGHTLY

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def clock(text: str) -> timedelta:
	hours, minutes = text.split(":")
	return timedelta(hours=int(hours), minutes=int(minutes))


def calendar(
	*hours: str, zone: str = "UTC", days: range = range(5), holidays: tuple[str, ...] = ()
) -> Calendar:
	"""Hours ("9:00-18:00") that are alike on each of these weekdays."""
	spans = [span.split("-") for span in hours]
	return Calendar(
		zone=zone,
		week=tuple(Hours(day, clock(start), clock(end)) for day in days for start, end in spans),
		holidays=frozenset(map(date.fromisoformat, holidays)),
	)


def utc(text: str, zone: str = "UTC") -> datetime:
	"""What a clock on the wall shows, as an instant."""
	return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


OFFICE = calendar("9:00-18:00", zone="Europe/Berlin")
FRIDAY = utc("2026-11-27 17:50", "Europe/Berlin")


def test_half_an_hour_from_friday_evening_ends_on_monday_morning() -> None:
	assert OFFICE.add(FRIDAY, 30 * MINUTE) == utc("2026-11-30 09:20", "Europe/Berlin")
	free = calendar("9:00-18:00", zone="Europe/Berlin", holidays=("2026-11-30",))
	assert free.add(FRIDAY, 30 * MINUTE) == utc("2026-12-01 09:20", "Europe/Berlin")


def test_what_ends_with_the_day_ends_at_its_end() -> None:
	end = FRIDAY + 10 * MINUTE
	assert OFFICE.add(FRIDAY, 10 * MINUTE) == end
	assert not OFFICE.works_at(end) and OFFICE.works_at(end - timedelta.resolution)
	assert OFFICE.next(end) == utc("2026-11-30 09:00", "Europe/Berlin")
	assert OFFICE.works_at(OFFICE.next(end))
	assert OFFICE.add(end, timedelta.resolution) == OFFICE.next(end) + timedelta.resolution


def test_no_duration_ends_at_once_working_or_not() -> None:
	for at in (FRIDAY, FRIDAY + DAY):
		assert OFFICE.add(at, timedelta(0)) == at


def test_what_lies_between() -> None:
	assert OFFICE.between(FRIDAY, FRIDAY + 7 * DAY) == 5 * clock("9:00")
	assert OFFICE.between(FRIDAY + DAY, FRIDAY + 2 * DAY) == timedelta(0)
	assert OFFICE.between(FRIDAY, FRIDAY) == timedelta(0)


def test_time_does_not_go_backwards() -> None:
	with pytest.raises(ValueError, match=r"^negative duration$"):
		OFFICE.add(FRIDAY, -MINUTE)
	with pytest.raises(ValueError, match=r"^negative duration$"):
		OFFICE.between(FRIDAY, FRIDAY - MINUTE)


def test_hours_over_midnight_are_those_before_it_and_those_after_it() -> None:
	night = calendar("22:00-6:00", days=range(THU, FRI + 1))
	assert night.next(utc("2026-11-26 12:00")) == utc("2026-11-26 22:00")
	assert night.add(utc("2026-11-26 22:00"), clock("8:00")) == utc("2026-11-27 06:00")
	assert night.add(utc("2026-11-26 22:00"), clock("9:00")) == utc("2026-11-27 23:00")
	sunday = calendar("22:00-6:00", days=range(SUN, SUN + 1))
	assert sunday.works_at(utc("2026-11-30 05:59")) and not sunday.works_at(utc("2026-11-29 05:59"))


def test_a_holiday_is_free_from_midnight_to_midnight() -> None:
	night = calendar("22:00-6:00", holidays=("2026-11-26",))  # Thursday
	for at, works in (("25 23:59", 1), ("26 00:00", 0), ("26 23:59", 0), ("27 00:00", 1), ("27 05:59", 1)):
		assert night.works_at(utc(f"2026-11-{at}")) == bool(works), at


def test_the_same_time_twice_is_a_whole_day() -> None:
	always = calendar("0:00-0:00", days=range(7))
	assert always.between(utc("2026-01-01 00:00"), utc("2027-01-01 00:00")) == 365 * DAY
	assert always.add(utc("2026-01-01 07:00"), 100 * DAY) == utc("2026-04-11 07:00")


def test_hours_that_touch_or_overlap_count_once() -> None:
	pieces = calendar("9:00-12:00", "12:00-15:00", "10:00-16:00", "15:30-18:00", "11:00-11:30", "18:00-24:00")
	whole = calendar("9:00-24:00")
	monday = utc("2026-11-30 00:00")
	assert pieces.between(monday, monday + 7 * DAY) == 5 * clock("15:00")
	assert pieces.add(monday, 77 * MINUTE) == whole.add(monday, 77 * MINUTE)


def test_over_weeks_and_long_holidays() -> None:
	summer = [str(date(2026, 7, 6) + DAY * n) for n in range(42)]
	school = calendar("8:00-12:00", zone="Europe/Berlin", holidays=tuple(summer))
	at = utc("2026-07-03 11:00", "Europe/Berlin")
	assert school.add(at, clock("2:00")) == utc("2026-08-17 09:00", "Europe/Berlin")
	assert school.add(at, clock("41:00")) == utc("2026-08-28 12:00", "Europe/Berlin")


@pytest.mark.parametrize(
	("zone", "day", "hours", "worked"),
	[
		("Europe/Berlin", "2026-03-29", "0:00-6:00", "5:00"),
		("Europe/Berlin", "2026-10-25", "0:00-6:00", "7:00"),
		("America/New_York", "2026-03-08", "0:00-6:00", "5:00"),
		("America/New_York", "2026-11-01", "0:00-6:00", "7:00"),
		("Australia/Lord_Howe", "2026-10-04", "0:00-6:00", "5:30"),
		("Australia/Lord_Howe", "2026-04-05", "0:00-6:00", "6:30"),
		("Africa/Casablanca", "2026-03-22", "0:00-6:00", "5:00"),
		("Africa/Casablanca", "2026-02-15", "0:00-6:00", "7:00"),
		("America/Santiago", "2026-09-05", "22:00-2:00", "3:00"),  # at midnight
		("America/Santiago", "2026-04-04", "22:00-2:00", "5:00"),
		("Asia/Kathmandu", "2026-03-29", "0:00-6:00", "6:00"),  # none
		# Where an end lies in the gap, in what is passed over; where it lies in the fold, in what is passed twice.
		("Europe/Berlin", "2026-03-29", "2:30-6:00", "3:00"),
		("Europe/Berlin", "2026-03-29", "0:00-2:30", "2:00"),
		("Europe/Berlin", "2026-03-29", "1:30-3:30", "1:00"),
		("Europe/Berlin", "2026-10-25", "2:30-6:00", "4:00"),
		("Europe/Berlin", "2026-10-25", "0:00-2:30", "3:00"),
		("Europe/Berlin", "2026-10-25", "2:15-2:45", "1:00"),
		("Europe/Berlin", "2026-10-25", "2:00-3:00", "2:00"),
		("Australia/Lord_Howe", "2026-04-05", "1:30-2:00", "1:00"),
		("Australia/Lord_Howe", "2026-10-04", "2:00-2:40", "0:10"),
	],
)
def test_hours_across_a_clock_change(zone: str, day: str, hours: str, worked: str) -> None:
	weekday = date.fromisoformat(day).weekday()
	once = calendar(hours, zone=zone, days=range(weekday, weekday + 1))
	noon = utc(f"{day} 12:00", zone)
	assert once.between(noon - DAY, noon + DAY) == clock(worked)
	start, end = once.next(noon - DAY), once.add(noon - DAY, clock(worked))
	assert once.works_at(start) and not once.works_at(start - timedelta.resolution)
	assert once.works_at(end - timedelta.resolution) and not once.works_at(end)
	assert once.next(end) >= noon + 5 * DAY


def test_hours_that_begin_in_the_gap_begin_at_its_end() -> None:
	sunday = calendar("2:30-6:00", zone="Europe/Berlin", days=range(SUN, SUN + 1))
	for at in ("28 12:00", "29 00:30:00.25"):
		assert sunday.next(utc(f"2026-03-{at}")) == utc("2026-03-29 01:00")


def test_hours_within_the_gap_are_those_of_the_next_week() -> None:
	sunday = calendar("2:15-2:45", zone="Europe/Berlin", days=range(SUN, SUN + 1))
	assert sunday.next(utc("2026-03-28 12:00")) == utc("2026-04-05 02:15", "Europe/Berlin")


def test_the_clock_shows_half_past_two_twice() -> None:
	sunday = calendar("2:15-2:45", zone="Europe/Berlin", days=range(SUN, SUN + 1))
	first = utc("2026-10-25 00:15")
	assert sunday.next(utc("2026-10-24 12:00")) == first
	assert sunday.add(first, 31 * MINUTE) == utc("2026-10-25 01:16")


def test_the_friday_that_samoa_passed_over() -> None:
	apia = calendar("9:00-18:00", zone="Pacific/Apia")
	assert apia.add(utc("2011-12-30 03:00"), clock("2:00")) == utc("2012-01-01 20:00")  # Thursday 17:00 on
	assert apia.between(utc("2011-12-26 12:00"), utc("2012-01-01 12:00")) == 4 * clock("9:00")


def test_midnight_twice() -> None:
	"""St. John's put its clocks back at 0:01, to 23:01 of the day before."""
	saturday = calendar("0:00-24:00", zone="America/St_Johns", days=range(SAT, SAT + 1))
	assert saturday.between(utc("2010-11-06 02:30"), utc("2010-11-08 00:00")) == DAY + 59 * MINUTE
	assert saturday.next(utc("2010-11-07 02:30")) == utc("2010-11-07 02:31")


def test_without_working_time_there_is_no_calendar() -> None:
	with pytest.raises(NoWorkingTime, match=r"^no working time$") as refused:
		Calendar(zone="UTC", week=())
	assert refused.value.after is None


def test_holidays_that_leave_nothing_for_more_than_a_year() -> None:
	def free(days: int) -> tuple[str, ...]:
		return tuple(str(date(2027, 1, 4) + DAY * n) for n in range(days))

	assert calendar("9:00-18:00", holidays=free(361)).next(utc("2027-01-03 00:00")) == utc("2027-12-31 09:00")
	with pytest.raises(NoWorkingTime, match="after 2027-01-01 and before 2028-01-03") as refused:
		calendar("9:00-18:00", holidays=free(362))
	assert (refused.value.after, refused.value.before) == (date(2027, 1, 1), date(2028, 1, 3))
	mondays = tuple(str(date(2027, 1, 4) + 7 * DAY * n) for n in range(53))
	with pytest.raises(NoWorkingTime):
		calendar("9:00-18:00", days=range(1), holidays=mondays)
	with pytest.raises(NoWorkingTime):
		calendar("9:00-0:00", days=range(1), holidays=mondays)
	assert calendar("9:00-18:00", days=range(2), holidays=mondays)
	assert calendar("9:00-18:00", days=range(7), holidays=free(365))
	with pytest.raises(NoWorkingTime):
		calendar("9:00-18:00", days=range(7), holidays=free(366))


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
	with pytest.raises(UnknownZone, match="unknown time zone") as refused:
		calendar("9:00-18:00", zone=zone)
	assert refused.value.zone == zone


@pytest.mark.parametrize(
	("weekday", "start", "end"), [(7, 0, 1), (-1, 0, 1), (0, 24, 1), (0, -1, 1), (0, 0, 25), (0, 5, -1)]
)
def test_hours_that_no_day_has_are_refused(weekday: int, start: int, end: int) -> None:
	with pytest.raises(ValueError, match="no hours of a weekday"):
		Calendar(zone="UTC", week=(Hours(weekday, timedelta(hours=start), timedelta(hours=end)),))


# --- the oracle

ZONES = (
	"UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Santiago",
	"America/Havana", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Tehran", "Asia/Gaza",
	"Africa/Casablanca", "Africa/Cairo", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Chatham", "Antarctica/Troll",
)  # fmt: skip
WINDOW = 6 * 24 * 60  # minutes


def wall(at: datetime, zone: str) -> datetime:
	return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


def works(of: Calendar, minute: datetime) -> bool:
	"""The definition, read aloud."""
	there = wall(minute, of.zone)
	if there.date() in of.holidays:
		return False
	today, now = there.weekday(), timedelta(hours=there.hour, minutes=there.minute)
	for hours in of.week:
		if hours.start < hours.end:
			if today == hours.weekday and hours.start <= now < hours.end:
				return True
		elif (today == hours.weekday and now >= hours.start) or (
			today == (hours.weekday + 1) % 7 and now < hours.end
		):
			return True
	return False


@cache
def clock_changes(zone: str) -> tuple[datetime, ...]:
	"""The days from 1975 to 2049 that end with another offset than they began with."""
	days = [datetime(1975, 1, 1) + DAY * n for n in range(75 * 365)]
	offsets = [wall(day, zone).utcoffset() for day in days]
	return tuple(day for day, (was, now) in zip(days, pairwise(offsets), strict=False) if was != now)


minutes_of_day = st.integers(0, 1439).map(lambda n: n * MINUTE) | st.sampled_from(
	[clock(at) for at in ("0:00", "1:00", "2:00", "2:30", "3:00", "23:00", "23:30")]
)
weeks = st.lists(st.builds(Hours, st.integers(0, 6), minutes_of_day, minutes_of_day), min_size=1, max_size=6)


@st.composite
def calendars_in_time(draw: st.DrawFn) -> tuple[Calendar, datetime]:
	"""A calendar, and an instant in front of something: a clock change of its zone, where it has any."""
	zone = draw(st.sampled_from(ZONES))
	changes = clock_changes(zone)
	if changes and draw(st.integers(0, 3)):
		at = draw(st.sampled_from(changes)) - MINUTE * draw(st.integers(0, 3 * 1440))
	else:
		at = draw(st.datetimes(datetime(1975, 1, 1), datetime(2049, 1, 1))).replace(second=0, microsecond=0)
	near = st.integers(-2, 8).map(lambda n: at.date() + DAY * n)
	of = Calendar(zone=zone, week=tuple(draw(weeks)), holidays=draw(st.frozensets(near, max_size=4)))
	return of, at


@settings(max_examples=100 if NIGHTLY else 40, deadline=None)  # minute by minute: slow
@given(calendars_in_time(), st.data())
def test_as_the_clock_on_the_wall_says(given_: tuple[Calendar, datetime], data: st.DataObject) -> None:
	of, since = given_
	working = [works(of, since + MINUTE * n) for n in range(WINDOW)]
	worked = list(accumulate(working, initial=0))  # before each minute
	after = since + MINUTE * WINDOW
	for start in data.draw(st.lists(st.integers(0, WINDOW - 1), min_size=20, max_size=20)):
		at = since + MINUTE * start
		assert of.works_at(at) == working[start]
		following = next((since + MINUTE * n for n in range(start, WINDOW) if working[n]), None)
		assert of.next(at) == following if following else of.next(at) >= after
		until = data.draw(st.integers(start, WINDOW))
		assert of.between(at, since + MINUTE * until) == MINUTE * (worked[until] - worked[start])
		wanted = data.draw(st.integers(0, max(1, worked[-1] - worked[start])))
		end = next(
			(since + MINUTE * n for n in range(start, WINDOW + 1) if worked[n] - worked[start] == wanted),
			None,
		)
		assert of.add(at, MINUTE * wanted) == end if end else of.add(at, MINUTE * wanted) > after


@settings(deadline=None)
@given(
	calendars_in_time(),
	st.timedeltas(timedelta(0), DAY),
	st.timedeltas(timedelta(0), 3 * DAY) | st.timedeltas(timedelta(0), 90 * DAY),
)
def test_adding_is_the_first_instant_by_which_so_much_has_passed(
	given_: tuple[Calendar, datetime], later: timedelta, duration: timedelta
) -> None:
	of, at = given_[0], given_[1] + later
	end = of.add(at, duration)
	assert of.between(at, end) == duration
	if duration:
		assert of.between(at, end - timedelta.resolution) == duration - timedelta.resolution
	start = of.next(at)
	assert of.between(at, start) == timedelta(0) and of.works_at(start)
	assert of.add(end, duration) == of.add(at, 2 * duration)
