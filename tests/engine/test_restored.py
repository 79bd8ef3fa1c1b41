"""Whether a database was restored, by its mark and the one outside of it; and what is held because of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	ActionItem,
	EventKind,
	Mark,
	Recorded,
	Refusal,
	Status,
	begins,
	hold_restored,
	is_restored,
	is_under_way,
	let_go_on,
	next_mark,
	stop,
)
from tests.engine.make import T0, actor, minutes, opened, plan, refused

NOW, MINUTE = T0, minutes(1)
ADA = actor("Ada", "Desk", user="ada@x.test")


def item(**state) -> ActionItem:
	"""An item of which a step has run, and the next is due."""
	return replace(opened(plan(0, 5)), **state)


def mark(number: int, minutes_ago: float = 0) -> Mark:
	return Mark(number, NOW - minutes_ago * MINUTE)


@pytest.mark.parametrize(
	("recorded", "kept", "restored"),
	[
		(None, None, False),  # a site that has no mark yet
		(5, None, False),  # nothing outside, nothing can be told
		(5, 5, False),
		(6, 5, False),  # it died between the two
		(900, 5, False),  # the disk was full for half a day
		(5, 6, False),  # a crash took the last moments of the database
		(5, 7, True),
		(5, 900, True),
		(None, 1, False),
		(None, 2, True),  # a state of before there were marks
	],
)
def test_a_database_is_restored_where_the_mark_outside_is_ahead_of_its_own(
	recorded: int | None, kept: int | None, restored: bool
) -> None:
	own, outside = (mark(number) if number else None for number in (recorded, kept))
	assert is_restored(Recorded(own, own), outside) is restored
	assert not is_under_way(Recorded(own, own), outside, NOW)


@pytest.mark.parametrize("kept", [None, 5, 6, 900])
@pytest.mark.parametrize(("first", "last"), [(5, 6), (None, 6), (6, 5)])
def test_a_database_of_two_minds_is_a_restore(first: int | None, last: int | None, kept: int | None) -> None:
	own = Recorded(*(mark(number) if number else None for number in (first, last)))
	assert is_restored(own, mark(kept) if kept else None)


def test_a_last_mark_that_is_missing_alone_is_no_restore() -> None:
	own = Recorded(mark(5), None)
	assert not is_restored(own, mark(5)) and not is_restored(own, None) and is_restored(own, mark(7))
	assert not is_under_way(own, mark(5), NOW)


@pytest.mark.parametrize(
	("kept", "under_way"),
	[
		(mark(6), True),
		(mark(6, 29), True),
		(mark(6, 30), False),
		(mark(6, -29), True),
		(mark(6, -30), False),
		(None, False),
	],
)
def test_it_is_read_back_for_half_an_hour_at_most(kept: Mark | None, under_way: bool) -> None:
	assert is_under_way(Recorded(mark(5), mark(6)), kept, NOW) is under_way


def test_what_is_older_than_the_last_mark_outside_was_restored() -> None:
	assert begins(mark(5, 60), mark(65, 2), NOW) == NOW - 2 * MINUTE


def test_a_clock_that_was_set_back_makes_nothing_of_the_restored_state_young() -> None:
	# The later mark has the earlier instant; what was restored came within a minute of its own.
	assert begins(mark(5, 60), mark(65, 90), NOW) == NOW - 59 * MINUTE


def test_a_mark_from_the_future_makes_all_that_there_is_older() -> None:
	assert begins(mark(5, 60), mark(65, -600), NOW) == NOW
	assert begins(mark(5, -600), mark(65, 2), NOW) == NOW


def test_of_a_database_without_a_mark_the_one_outside_says_it() -> None:
	assert begins(None, mark(65, 2), NOW) == NOW - 2 * MINUTE
	assert begins(mark(5, 60), None, NOW) == NOW


@pytest.mark.parametrize("minutes_ago", [0, 0.99, -0.99])
def test_no_mark_is_written_within_a_minute(minutes_ago: float) -> None:
	assert next_mark(mark(5, minutes_ago), mark(5, minutes_ago), NOW) is None
	assert next_mark(mark(5, minutes_ago), None, NOW) is None


@pytest.mark.parametrize("minutes_ago", [1, 90, -1, -90])
def test_after_a_minute_the_next_is_written_and_the_number_only_grows(minutes_ago: float) -> None:
	assert next_mark(mark(5, minutes_ago), mark(5, minutes_ago), NOW) == Mark(6, NOW)
	assert next_mark(mark(5, minutes_ago), mark(3, minutes_ago), NOW) == Mark(6, NOW)
	assert next_mark(mark(5, minutes_ago), mark(6, minutes_ago), NOW) == Mark(7, NOW)


def test_the_first_mark_is_one() -> None:
	assert next_mark(None, None, NOW) == Mark(1, NOW)
	assert next_mark(None, mark(1), NOW) == Mark(2, NOW)


@given(
	st.lists(
		st.tuples(st.sampled_from(["tick", "die between", "full disk", "back up"]), st.integers(-5, 90)),
		max_size=40,
	),
	st.integers(0, 40),
)
def test_whatever_happens_only_a_restore_looks_like_one(history: list[tuple[str, int]], which: int) -> None:
	"""A process that dies, a disk that takes nothing and clocks that jump are never taken for a restore; and a backup from which two
	marks were written since always is, whenever the last of them reached the file.
	"""
	database, file, now = None, None, NOW
	backups: list[Mark | None] = []
	for what, passed in history:
		now += passed * MINUTE
		assert not is_restored(Recorded(database, database), file)
		if what == "back up":
			backups.append(database)
		elif fresh := next_mark(database, file, now):
			database = fresh
			if what == "tick":
				file = fresh
	if not backups:
		return
	backup = backups[which % len(backups)]
	lost = (file.number if file else 0) - (backup.number if backup else 0)
	assert is_restored(Recorded(backup, backup), file) == (lost > 1)
	if file and lost > 1:
		assert begins(backup, file, now) <= now


def test_a_held_item_is_not_due_and_keeps_when_it_was() -> None:
	before = item(status=Status.ESCALATING, due_at=NOW - MINUTE)
	decision = hold_restored(before, NOW)
	held = decision.item
	assert (held.held_at, held.due_at, held.next_at) == (NOW, NOW - MINUTE, None)
	assert held.version == before.version + 1 and held.status is before.status
	assert [event.kind for event in decision.events] == [EventKind.HELD_BY_RESTORE]
	assert not decision.pages and not decision.notices and not decision.withdraw


def test_who_has_looked_lets_it_go_on_and_history_says_who() -> None:
	held = hold_restored(item(status=Status.ESCALATING, due_at=NOW - MINUTE, step=2, run=1), NOW).item
	decision = let_go_on(held, ADA, NOW + MINUTE)
	assert decision.item == replace(held, held_at=None, version=held.version + 1)
	assert decision.item.next_at == NOW - MINUTE
	(line,) = decision.events
	assert (line.kind, line.at, line.step, line.run) == (EventKind.LET_GO_ON, NOW + MINUTE, 2, 1)
	assert line.data == {"by": "Ada", "via": "Desk"} and line.people == {"by": (("ada@x.test", "Ada"),)}


def test_what_is_not_held_is_not_let_go_on() -> None:
	with refused(Refusal.NOT_HELD):
		let_go_on(item(), ADA, NOW)


def test_an_item_that_ends_is_held_no_longer() -> None:
	held = hold_restored(item(status=Status.ESCALATING, due_at=NOW), NOW).item
	assert stop(held, ADA, "it was long ago", NOW).item.held_at is None


def test_history_says_when_and_at_which_step_an_item_was_held() -> None:
	held = hold_restored(item(step=2, run=1), NOW)
	(line,) = held.events
	assert (line.kind, line.at, line.step, line.run) == (EventKind.HELD_BY_RESTORE, NOW, 2, 1)
	assert not line.data
