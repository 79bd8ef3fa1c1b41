"""Acknowledging while a burst is sent: how long one waits for it, and that nothing follows it."""

from __future__ import annotations

import random
import time

import frappe

from benchmarks import counts, site
from benchmarks.dispatchers import Dispatchers
from benchmarks.measure import Figure, percentile, sink, wrong

COUNT = 6000
PAUSE = 0.005  # seconds between two acknowledgements
GOAL_MS = 350.0


class Acknowledger:
	"""Acknowledges items through the one function in which every door ends, and remembers when."""

	def __init__(self) -> None:
		self.committed: dict[str, float] = {}  # by item, in seconds since 1970
		self.taken: list[float] = []  # milliseconds of each, its commit included

	def acknowledge(self, item: str) -> None:
		from escalation_mgmt.actions.acknowledge import acknowledge
		from escalation_mgmt.engine import Actor

		started = time.perf_counter()
		frappe.db.rollback()
		done = acknowledge(item, Actor(name="Benchmark", via="API"))
		frappe.db.commit()
		self.taken.append((time.perf_counter() - started) * 1000)
		if done.taken:
			self.committed[item] = time.time()


def measure() -> list[Figure]:
	from escalation_mgmt.utils import clock

	name = "acknowledging during a burst, p99, ms"
	acknowledger = Acknowledger()
	names = [site.item(number) for number in range(1, COUNT + 1)]
	random.shuffle(names)
	with sink() as receiver:
		site.plan(receiver)
		with Dispatchers():
			site.waiting(COUNT)
			due = site.fall_due()
			time.sleep((due - clock.now()).total_seconds())
			while not counts.settled(0.001):
				acknowledger.acknowledge(names.pop())
				time.sleep(PAUSE)
		found = counts.count(COUNT, receiver.all(), acknowledger.committed)
	if not found.right:
		return [wrong(name, str(found))]
	p50, p99 = (percentile(acknowledger.taken, share) for share in (0.5, 0.99))
	return [
		Figure(
			name=name,
			value=f"{p99:.0f} (p50 {p50:.0f}, {len(acknowledger.taken)} of them)",
			goal=f"<= {GOAL_MS:g}",
			met=p99 <= GOAL_MS,
		)
	]
