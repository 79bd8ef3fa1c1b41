"""`make chaos`: dispatchers are killed at random, Redis and MariaDB go away, people acknowledge; nothing may be lost,
early, doubled unmarked, or sent after its acknowledgement, and no act on a ticket
done twice. A third of the escalations is for each of a ticket's clocks.

With `--two-providers` they are SMS by two accounts, of which the first refuses, is busy or loses its answers in turns:
the second takes what it refuses. They go to so few people that most are above their limits, and go in bundles.

Counted at the receiver, which is a process of its own and is never killed. Leaves with 1 where a count is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import counts, site
from benchmarks.acknowledge import Acknowledger
from benchmarks.dispatchers import Dispatchers
from benchmarks.measure import Sink, sink
from host import paths, servers

DISPATCHERS = 2
FEW = 60  # people, each with fifty messages
OUTAGES = 4
LOST_AFTER = 130  # seconds; an attempt that was never heard of again goes out once more after two minutes
KILL_EVERY, ACKNOWLEDGE_EVERY = (2.0, 8.0), (0.05, 0.4)  # seconds, at least and at most


def main() -> int:
	parser = argparse.ArgumentParser("make chaos", description=__doc__)
	parser.add_argument("--count", type=int, default=3000)
	parser.add_argument(
		"--seconds", type=float, default=120.0, help="how long steps fall due, and things break"
	)
	parser.add_argument("--seed", type=int, default=int(time.time()))
	parser.add_argument(
		"--two-providers", action="store_true", help="SMS by two accounts, the first unsteady"
	)
	options = parser.parse_args()
	random.seed(options.seed)
	print(f"{options.count} escalations over {options.seconds:g} s, seed {options.seed}", flush=True)
	site.enter()
	with sink(unsteady=site.ACCOUNT if options.two_providers else "") as receiver:
		return _run(receiver, options.count, options.seconds, two_providers=options.two_providers)


def _run(receiver: Sink, count: int, seconds: float, *, two_providers: bool) -> int:
	from escalation_mgmt.utils import clock

	if two_providers:
		site.plan(receiver, site.SMS, people=FEW)
	else:
		site.plan(receiver)
	site.second_provider(wanted=two_providers)
	site.comments_too()
	clocks = site.other_clocks()
	people = People()
	tickets = count // (1 + len(clocks))
	outages = 0
	with Dispatchers(DISPATCHERS) as dispatchers:
		start = clock.now() + timedelta(seconds=8)
		due = _some_times(start, seconds, tickets)
		site.escalations(due)
		for of in clocks:
			site.escalations(_some_times(start, seconds, tickets), clock=of)
		end = time.monotonic() + 8 + seconds
		kill_at = time.monotonic() + random.uniform(*KILL_EVERY)
		break_at = time.monotonic() + seconds / (OUTAGES + 1)
		while time.monotonic() < end:
			dispatchers.keep()
			if time.monotonic() > kill_at:
				dispatchers.kill_any()
				kill_at += random.uniform(*KILL_EVERY)
			if time.monotonic() > break_at and outages < OUTAGES:
				outages += 1
				break_at += seconds / (OUTAGES + 1)
				_outage("redis" if outages % 2 else "mariadb", people, due)
			people.acknowledge_one(due)
			time.sleep(random.uniform(*ACKNOWLEDGE_EVERY))
		calm = time.monotonic() + LOST_AFTER + (180 if two_providers else 60)
		while time.monotonic() < calm and not counts.settled(1):
			dispatchers.keep()
	people.look_after_doubtful()
	found = counts.count(
		tickets * (1 + len(clocks)), receiver.all(), people.committed, one_each=not two_providers
	)
	acts = counts.count_acts()
	print(
		f"{dispatchers.killed} dispatchers killed, {outages} outages of Redis or MariaDB, {len(people.committed)} acknowledged, "
		f"{found.marked} possible duplicates, marked, {counts.bundles()} bundles\n{found}\n{acts}",
		flush=True,
	)
	return 0 if found.right and acts.right else 1


def _some_times(start: datetime, seconds: float, count: int) -> list[datetime]:
	return sorted(start + timedelta(seconds=random.uniform(0, seconds)) for _number in range(count))


class People(Acknowledger):
	"""Acknowledge at random what is about to fall due, or has just; also while something is broken."""

	def __init__(self) -> None:
		super().__init__()
		self._doubtful: set[str] = set()  # whether the commit was taken isn't known

	def acknowledge_one(self, due: list[datetime]) -> None:
		now = datetime.now(UTC).replace(tzinfo=None)
		near = [number for number, at in enumerate(due, 1) if abs((at - now).total_seconds()) < 2]
		if not near:
			return
		item = site.item(random.choice(near))
		try:
			self.acknowledge(item)
		except Exception:
			self._doubtful.add(item)
			with contextlib.suppress(Exception):  # the database is still away
				_connect_again()

	def look_after_doubtful(self) -> None:
		import frappe

		frappe.db.rollback()
		for name in self._doubtful - self.committed.keys():
			if frappe.db.get_value("Escalation Action Item", name, "status") == "Acknowledged":
				self.committed[name] = time.time()


def _outage(name: str, people: People, due: list[datetime]) -> None:
	"""The server is killed, and is away for some seconds; everybody's connection breaks.

	A dispatcher that starts meanwhile brings it back earlier, as its machine would.
	"""
	known = json.loads((paths.RUN / f"{name}.json").read_text())
	os.kill(known["pid"], signal.SIGKILL)
	back_at = time.monotonic() + random.uniform(1, 4)
	while time.monotonic() < back_at or Path(f"/proc/{known['pid']}").exists():
		people.acknowledge_one(due)
		time.sleep(random.uniform(*ACKNOWLEDGE_EVERY))
	getattr(servers, f"ensure_{name}")()
	_connect_again()


def _connect_again() -> None:
	import frappe

	from host import sites

	frappe.destroy()
	sites.connect(site.SITE)


if __name__ == "__main__":
	sys.exit(main())
