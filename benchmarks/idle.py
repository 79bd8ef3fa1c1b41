"""A cycle that finds nothing due, with few and with many waiting; and what saving a ticket costs with the app."""

from __future__ import annotations

import time
from datetime import timedelta

from benchmarks import site
from benchmarks.measure import Figure, median, sink

GOAL_MS, GOAL_RATIO = 5.0, 2.0


def measure(few: int = 1_000, many: int = 100_000, cycles: int = 200) -> list[Figure]:
	with sink() as receiver:
		at_few, at_many = (_cycle(receiver.port, waiting, cycles) for waiting in (few, many))
	ratio = at_many / at_few
	return [
		Figure(f"idle cycle, {few:,} waiting, ms", f"{at_few:.2f}", f"<= {GOAL_MS:g}", at_few <= GOAL_MS),
		Figure(f"idle cycle, {many:,} waiting, ms", f"{at_many:.2f}", f"<= {GOAL_MS:g}", at_many <= GOAL_MS),
		Figure("... ratio", f"{ratio:.2f}", f"<= {GOAL_RATIO:g}", ratio <= GOAL_RATIO),
	]


def _cycle(port: int, waiting: int, cycles: int) -> float:
	"""Milliseconds of one cycle of the resident dispatcher: the tick, and the look at what is due next."""
	from escalation_mgmt import clock, dispatcher

	site.clean()
	site.plan(port)
	later = clock.now() + timedelta(hours=5)
	for start in range(0, waiting, 20_000):
		site.escalations([later] * min(20_000, waiting - start), first=start + 1)
	taken = []
	for _cycle_number in range(cycles):
		started = time.perf_counter()
		dispatcher.tick()
		dispatcher._pause()
		taken.append((time.perf_counter() - started) * 1000)
	return median(taken)
