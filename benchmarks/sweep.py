"""The sweep over many open tickets: what it takes, and how long it keeps a due step waiting."""

from __future__ import annotations

import time

from benchmarks import site
from benchmarks.measure import Figure, median, sink, spread

OPEN, RUNNING = 100_000, 1_000  # tickets; of which so many have a running item
ROUNDS = 3
GOAL_SHARE = 25.0  # per cent of the time between two sweeps, in the worst case
GOAL_BATCH_MS = 250.0  # a dispatcher looks for due steps after each batch


def measure() -> list[Figure]:
	figures = []
	with sink() as receiver:
		for what, others, condition in (
			("no plan takes the others", site.questions, ""),
			("a condition takes none of the others", site.outages, "doc.subject != doc.description"),
			("the others have had their item", site.ended, ""),
			("three plans, one a clock, and all have had theirs", site.ended_for_each_clock, ""),
		):
			site.plan(receiver, condition=condition)
			site.waiting(RUNNING)
			others(OPEN - RUNNING, first=RUNNING + 1)
			site.lists_written(OPEN)
			figures += _figures(what)
	return figures


def _figures(what: str) -> list[Figure]:
	from escalation_mgmt.dispatch import dispatcher, sweep
	from escalation_mgmt.storage import action_items

	swept, batches = [], []
	for _round in range(1 + ROUNDS):
		started = before = time.perf_counter()
		longest = 0.0
		for _batch in sweep.in_batches():
			now = time.perf_counter()
			longest, before = max(longest, now - before), now
		swept.append(time.perf_counter() - started)
		batches.append(longest * 1000)
	assert len(action_items.names_of_running("", OPEN)) == RUNNING, "it opened or ended what it shouldn't"
	shares = [100 * seconds / dispatcher.SWEEP_EVERY for seconds in swept[1:]]
	name = f"sweep of {OPEN:,} open tickets, {what}"
	return [
		Figure(name=f"{name}, s", value=spread(swept[1:])),
		Figure(
			name="... share of the time between two sweeps, %",
			value=spread(shares, 1),
			goal=f"<= {GOAL_SHARE:g}",
			met=median(shares) <= GOAL_SHARE,
			ratio=True,
		),
		Figure(
			name="... longest batch, ms",
			value=spread(batches[1:], 0),
			goal=f"<= {GOAL_BATCH_MS:g}",
			met=median(batches[1:]) <= GOAL_BATCH_MS,
		),
	]
