"""Rule 10: UTC and the site's zone, through both changes of the clocks."""

from datetime import datetime, timedelta

import pytest

from escalation_mgmt.utils import clock


@pytest.fixture
def berlin(site: str, monkeypatch: pytest.MonkeyPatch):
	monkeypatch.setattr(clock, "zone", lambda: "Europe/Berlin")
	yield
	clock.use(None)


def test_in_and_out(berlin) -> None:
	for instant in (datetime(2026, 1, 1, 12), datetime(2026, 7, 1, 12, 30, 1), datetime(2026, 10, 25, 1, 20)):
		assert clock.to_utc(clock.to_site(instant)) == instant


def test_a_deadline_in_the_repeated_hour_is_never_early(berlin) -> None:
	# 02:20 stands on the clock at 00:20 UTC, and again an hour later.
	assert clock.to_utc("2026-10-25 02:20:00") == datetime(2026, 10, 25, 1, 20)


def test_a_stamp_in_the_repeated_hour_is_not_in_the_future(berlin) -> None:
	for now, meant in (
		(datetime(2026, 10, 25, 0, 25), datetime(2026, 10, 25, 0, 20)),
		(datetime(2026, 10, 25, 1, 25), datetime(2026, 10, 25, 1, 20)),
		(datetime(2026, 12, 1), datetime(2026, 10, 25, 1, 20)),
	):
		clock.use(lambda now=now: now)
		assert clock.stamp_to_utc("2026-10-25 02:20:00") == meant


def test_the_hour_that_is_left_out(berlin) -> None:
	assert clock.to_utc("2026-03-29 02:30:00") == datetime(2026, 3, 29, 1, 30)
	assert clock.to_site(datetime(2026, 3, 29, 1)) - clock.to_site(datetime(2026, 3, 29, 0, 59)) == timedelta(
		hours=1, minutes=1
	)


def test_nothing_is_nothing(berlin) -> None:
	assert clock.to_utc(None) is clock.to_site("") is clock.stamp_to_utc(None) is None
