"""Many escalations fall due at one instant: seconds until the sink has received all of them, against the floor."""

from __future__ import annotations

import time
from datetime import timedelta

from benchmarks import floor, site
from benchmarks.measure import Figure, Sink, median, sink, spread

GOAL_SECONDS, GOAL_SHARE = 3.0, 0.25


def measure(count: int = 6000, rounds: int = 5) -> list[Figure]:
	"""Ours and the floor in rotated order; the first round is dropped. Both in this process, set-up apart."""
	ours: list[float] = []
	floors: list[float] = []
	right = True
	with sink() as receiver:
		for number in range(rounds + 1):
			order = (_ours, _floor) if number % 2 else (_floor, _ours)
			taken = {run: run(receiver, count) for run in order}
			right = right and all(seconds is not None for seconds in taken.values())
			if number and right:
				ours.append(taken[_ours])
				floors.append(taken[_floor])
	if not right:
		return [Figure(f"burst of {count}", "lost or doubled", "exactly once", False, right=False)]
	share = median([f / o for f, o in zip(floors, ours, strict=True)])
	return [
		Figure(f"burst of {count}, s", spread(ours), f"<= {GOAL_SECONDS:g}", median(ours) <= GOAL_SECONDS),
		Figure("... the floor in the same rounds, s", spread(floors), "", True),
		Figure("... share of the floor", f"{share:.0%}", f">= {GOAL_SHARE:.0%}", share >= GOAL_SHARE),
	]


def _ours(receiver: Sink, count: int) -> float | None:
	from escalation_mgmt import clock, dispatcher

	site.clean()
	site.plan(receiver.port)
	receiver.forget()
	site.escalations([clock.now() - timedelta(seconds=1)] * count)
	started = time.monotonic()
	dispatcher.tick()
	return _seconds(receiver, count, started)


def _floor(receiver: Sink, count: int) -> float | None:
	floor.prepare(count)
	receiver.forget()
	started = time.monotonic()
	floor.run(receiver.url)
	return _seconds(receiver, count, started)


def _seconds(receiver: Sink, count: int, started: float) -> float | None:
	"""Until the last one was received; None where they aren't exactly as many as there should be."""
	seen = receiver.wait_for(count, 30)
	return seen["last"] - started if seen["received"] == seen["distinct"] == count else None
