"""Circuits: what refuses everything for a while is passed over, tried by one message, and closes with a success."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.engine.circuit import (
	CLOSED,
	FAILURES,
	FOR_A_WHILE,
	FORGOTTEN_AFTER,
	LONGEST_PAUSE,
	PAUSE,
	TRYING,
	Circuit,
	Lets,
	at_once,
	being_tried,
	failed,
)

NOW = datetime(2026, 11, 29, 3, tzinfo=UTC).replace(tzinfo=None)
SECOND = timedelta(seconds=1)


def opened(now: datetime = NOW) -> Circuit:
	circuit = CLOSED
	for number in range(FAILURES):
		circuit = failed(circuit, now - FOR_A_WHILE + number * FOR_A_WHILE / (FAILURES - 1))
	assert circuit.is_open
	return circuit


def test_a_moments_trouble_opens_nothing_however_many_it_meets() -> None:
	circuit = CLOSED
	for _each in range(500):
		circuit = failed(circuit, NOW)
	circuit = failed(circuit, NOW + FOR_A_WHILE - SECOND)
	assert circuit.lets(NOW + FOR_A_WHILE) is Lets.GO
	assert failed(circuit, NOW + FOR_A_WHILE).lets(NOW + FOR_A_WHILE) is Lets.PASS


def test_two_failures_are_too_few_however_far_apart() -> None:
	circuit = failed(failed(CLOSED, NOW), NOW + FORGOTTEN_AFTER)
	assert not circuit.is_open
	assert failed(circuit, NOW + FORGOTTEN_AFTER).is_open


def test_failures_of_long_ago_are_forgotten() -> None:
	circuit = failed(failed(CLOSED, NOW), NOW + SECOND)
	later = NOW + SECOND + FORGOTTEN_AFTER + SECOND
	circuit = failed(circuit, later)
	assert (circuit.failures, circuit.since, circuit.is_open) == (1, later, False)


def test_a_row_begins_with_its_earliest_failure_whichever_is_told_first() -> None:
	circuit = failed(failed(CLOSED, NOW), NOW - SECOND)
	assert (circuit.since, circuit.last, circuit.failures) == (NOW - SECOND, NOW - SECOND, 2)


def test_what_fails_while_it_is_open_is_counted_and_changes_nothing_else() -> None:
	later = NOW + SECOND
	before, after = opened(), failed(opened(), later)
	assert (after.failures, after.last) == (FAILURES + 1, later)
	assert (after.opened, after.next_try, after.tries) == (before.opened, before.next_try, before.tries)


def test_set_up_anew_it_is_tried_from_then_on() -> None:
	assert at_once(opened(), NOW + SECOND).next_try == NOW + SECOND
	assert at_once(failed(CLOSED, NOW), NOW) == CLOSED


def test_it_is_tried_by_one_and_longer_and_longer_apart() -> None:
	circuit, now, pauses = opened(), NOW, []
	for _each in range(7):
		assert circuit.lets(now) is Lets.PASS
		pauses.append(circuit.next_try - now)
		assert circuit.lets(circuit.next_try - SECOND) is Lets.PASS
		now = circuit.next_try
		assert circuit.lets(now) is Lets.TRY
		circuit = being_tried(circuit, now)
		assert circuit.lets(now) is Lets.PASS
		circuit = failed(circuit, now, was_try=True)
	assert pauses == [PAUSE, 2 * PAUSE, 4 * PAUSE, 8 * PAUSE, *[LONGEST_PAUSE] * 3]


def test_who_tries_may_die() -> None:
	circuit = being_tried(opened(), NOW + PAUSE)
	assert circuit.lets(NOW + PAUSE + TRYING - SECOND) is Lets.PASS
	assert circuit.lets(NOW + PAUSE + TRYING) is Lets.TRY


def test_what_was_on_its_way_when_it_opened_moves_nothing() -> None:
	circuit = opened()
	later = failed(circuit, NOW + SECOND)
	assert (later.next_try, later.tries, later.opened) == (circuit.next_try, 0, circuit.opened)


def test_who_sets_it_up_anew_lets_the_next_message_try_it() -> None:
	assert at_once(opened(), NOW).lets(NOW) is Lets.TRY
	assert at_once(failed(CLOSED, NOW), NOW) == CLOSED


STEPS = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["fails", "succeeds", "anew"])), max_size=60)


@given(STEPS)
def test_whatever_happens(steps: list[tuple[int, str]]) -> None:
	"""It never opens without so many failures in a row for a while; a message always gets through to it again within a bounded
	time, and between two tries no other does.
	"""
	circuit, now, in_a_row, first = CLOSED, NOW, 0, NOW
	for seconds, what in steps:
		now += timedelta(seconds=seconds)
		lets = circuit.lets(now)
		if lets is Lets.TRY:
			circuit = being_tried(circuit, now)
			assert circuit.lets(now) is Lets.PASS, "by one message"
		if what == "succeeds":
			circuit, in_a_row = CLOSED, 0
			assert circuit.lets(now) is Lets.GO
		elif what == "anew":
			circuit = at_once(circuit, now)
			in_a_row = in_a_row if circuit.is_open else 0
		else:
			if lets is Lets.PASS:
				before = circuit
				circuit = failed(circuit, now)
				assert circuit.next_try == before.next_try
			else:
				circuit = failed(circuit, now, was_try=lets is Lets.TRY)
			first = now if in_a_row == 0 else first
			in_a_row += 1
		if circuit.is_open:
			assert in_a_row >= FAILURES and circuit.opened - first >= FOR_A_WHILE
			assert circuit.next_try <= now + max(LONGEST_PAUSE, TRYING)
			assert circuit.lets(now + max(LONGEST_PAUSE, TRYING)) is Lets.TRY
		else:
			assert circuit.lets(now) is Lets.GO


@given(st.integers(2, 8), st.integers(0, 600))
def test_of_several_senders_one_tries(senders: int, seconds: int) -> None:
	"""Each reads the shared circuit before it sends, and whoever tries writes it: by compare-and-set, as rows are claimed."""
	shared, now = opened(), NOW + timedelta(seconds=seconds)
	tried = 0
	for _sender in range(senders):
		if shared.lets(now) is Lets.TRY:
			tried += 1
			shared = being_tried(shared, now)
	assert tried == (1 if seconds >= PAUSE.total_seconds() else 0)


@pytest.mark.parametrize("before", [CLOSED, failed(CLOSED, NOW), opened()])
def test_a_success_is_all_that_it_takes(before: Circuit) -> None:
	assert CLOSED.lets(NOW) is Lets.GO and not CLOSED.failures
	assert failed(before, NOW + SECOND) != CLOSED
