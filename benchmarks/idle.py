"""What it costs while nothing is due: a cycle of the dispatcher, and its memory, with few and with many waiting."""

from __future__ import annotations

import time

from benchmarks import site
from benchmarks.dispatchers import Dispatchers
from benchmarks.measure import Figure, median, sink, spread

WAITING = (1_000, 10_000, 100_000)
CYCLES = 200
GOAL_MS, GOAL_RATIO, STRETCH_RATIO = 5.0, 2.0, "<= 1.2"
WATCHED_SECONDS = 20.0  # a dispatcher's memory; it sweeps when it starts
GOAL_MB, GOAL_MORE_MB = 150.0, 20.0


def measure() -> list[Figure]:
	figures, medians = [], []
	with sink() as receiver:
		site.plan(receiver)
		idle_memory = _memory()
		filled = 0
		for waiting in WAITING:
			site.waiting(waiting - filled, first=filled + 1)
			filled = waiting
			taken = _cycles()
			medians.append(median(taken))
			figures.append(_cycle_figure(waiting, taken))
		full_memory = _memory()
	ratio = medians[-1] / medians[0]
	more = full_memory - idle_memory
	return [
		*figures,
		Figure(
			name=f"... {WAITING[-1]:,} to {WAITING[0]:,} waiting",
			value=f"{ratio:.2f}",
			goal=f"<= {GOAL_RATIO:g}",
			met=ratio <= GOAL_RATIO,
			ratio=True,
			stretch=STRETCH_RATIO,
		),
		Figure(name="memory of the dispatcher, nothing waiting, MB", value=f"{idle_memory:.0f}"),
		Figure(
			name=f"... {WAITING[-1]:,} waiting, MB",
			value=f"{full_memory:.0f}",
			goal=f"<= {GOAL_MB:g}",
			met=full_memory <= GOAL_MB,
		),
		Figure(
			name="... more, MB", value=f"{more:+.1f}", goal=f"<= {GOAL_MORE_MB:g}", met=more <= GOAL_MORE_MB
		),
	]


def _cycles() -> list[float]:
	"""Milliseconds of cycles of the resident dispatcher: the tick, and the look at what is due next."""
	from escalation_mgmt.dispatch import dispatcher

	taken = []
	for _number in range(CYCLES):
		started = time.perf_counter()
		dispatcher.tick()
		dispatcher.pause()
		taken.append((time.perf_counter() - started) * 1000)
	return taken


def _cycle_figure(waiting: int, taken: list[float]) -> Figure:
	met = median(taken) <= GOAL_MS
	name = f"idle cycle, {waiting:,} waiting, ms"
	return Figure(name=name, value=spread(taken), goal=f"<= {GOAL_MS:g}", met=met)


def _memory() -> float:
	"""MB (PSS) of a dispatcher at its largest, while it looks and sweeps."""
	with Dispatchers() as dispatchers:
		end = time.monotonic() + WATCHED_SECONDS
		largest = 0.0
		while time.monotonic() < end:
			largest = max(largest, dispatchers.memory())
			time.sleep(0.1)
		return largest
