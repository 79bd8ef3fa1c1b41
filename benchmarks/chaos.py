"""`make chaos`: dispatchers are killed at random, Redis and MariaDB go away; nothing may be lost, early or doubled unmarked.

Counted at the receiver, which is a process of its own and is never killed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, timedelta

from benchmarks import site
from benchmarks.measure import Sink, sink
from host import paths, servers

DISPATCHERS = 2
LOST_AFTER = 130  # seconds; an attempt that was never heard of again goes out once more after two minutes


class Dispatchers:
	"""Resident dispatchers that are always started again, as a process manager does."""

	def __init__(self) -> None:
		self._running: list[subprocess.Popen] = []
		self.killed = 0

	def keep(self) -> None:
		self._running = [process for process in self._running if process.poll() is None]
		while len(self._running) < DISPATCHERS:
			self._running.append(
				subprocess.Popen(
					[sys.executable, "-m", "host", "frappe", "--site", site.SITE, "escalation", "dispatch"],
					cwd=paths.ROOT,
					stdin=subprocess.DEVNULL,
					stdout=subprocess.DEVNULL,
					stderr=subprocess.DEVNULL,
					start_new_session=True,
					preexec_fn=servers.die_with_parent,
				)
			)

	def kill_one(self) -> None:
		victim = random.choice(self._running)
		with contextlib.suppress(ProcessLookupError):
			os.killpg(victim.pid, signal.SIGKILL)
		victim.wait()
		self.killed += 1

	def stop(self) -> None:
		for process in self._running:
			with contextlib.suppress(ProcessLookupError):
				os.killpg(process.pid, signal.SIGKILL)
			process.wait()


def main() -> int:
	parser = argparse.ArgumentParser("make chaos", description=__doc__)
	parser.add_argument("--count", type=int, default=3000)
	parser.add_argument(
		"--seconds", type=float, default=120.0, help="how long steps fall due, and things break"
	)
	parser.add_argument("--seed", type=int, default=int(time.time()))
	options = parser.parse_args()
	random.seed(options.seed)
	print(f"{options.count} escalations over {options.seconds:g} s, seed {options.seed}", flush=True)
	site.enter()
	with sink() as receiver:
		return _run(receiver, options.count, options.seconds)


def _run(receiver: Sink, count: int, seconds: float) -> int:
	from escalation_mgmt import clock

	site.clean()
	site.plan(receiver.port)
	start = clock.now() + timedelta(seconds=8)
	site.escalations([start + timedelta(seconds=random.uniform(0, seconds)) for _number in range(count)])
	dispatchers, outages = Dispatchers(), 0
	try:
		end = time.monotonic() + 8 + seconds
		next_outage = time.monotonic() + seconds / 4
		while time.monotonic() < end:
			dispatchers.keep()
			time.sleep(random.uniform(2, 8))
			dispatchers.kill_one()
			if time.monotonic() > next_outage and outages < 3:
				next_outage += seconds / 4
				outages += 1
				_outage("mariadb" if outages % 2 else "redis")
		calm = time.monotonic() + LOST_AFTER + 60
		while time.monotonic() < calm:
			dispatchers.keep()
			time.sleep(2)
			if receiver.count()["distinct"] >= count and not _under_way():
				break
	finally:
		dispatchers.stop()
	return _verdict(receiver, count, dispatchers.killed, outages)


def _outage(name: str) -> None:
	"""The server is killed, and is away for some seconds; everybody's connection breaks."""
	known = json.loads((paths.RUN / f"{name}.json").read_text())
	os.kill(known["pid"], signal.SIGKILL)
	time.sleep(random.uniform(1, 4))
	while servers.answers(known["port"]):
		time.sleep(0.1)
	getattr(servers, f"ensure_{name}")()
	_connect_again()


def _connect_again() -> None:
	import frappe

	from host import sites

	frappe.destroy()
	sites.enter(site.SITE)
	sites.connect(site.SITE)


def _under_way() -> int:
	import frappe

	frappe.db.rollback()
	return frappe.db.sql(
		"select count(*) from `tabEscalation Notification` where `next_attempt_utc` is not null"
	)[0][0]


def _verdict(receiver: Sink, count: int, killed: int, outages: int) -> int:
	import frappe

	frappe.db.rollback()
	rows = frappe.db.sql(
		"select `name`, `planned_utc`, `possible_duplicate`, `attempts` from `tabEscalation Notification`",
		as_dict=True,
	)
	seen = receiver.all()
	lost = count - len(seen)
	early = unmarked = doubled = 0
	for row in rows:
		times, first = seen.get(row.name, (0, 0.0))
		if times:
			early += first < row.planned_utc.replace(tzinfo=UTC).timestamp()
		doubled += times > 1
		unmarked += times > 1 and not row.possible_duplicate
	strange = len(seen.keys() - {row.name for row in rows}) + abs(len(rows) - count)
	print(
		f"{killed} dispatchers killed, {outages} outages of MariaDB or Redis, {doubled} possible duplicates, marked\n"
		f"lost {lost}, early {early}, unmarked duplicates {unmarked}, unaccounted for {strange}",
		flush=True,
	)
	return 0 if not (lost or early or unmarked or strange) else 1


if __name__ == "__main__":
	sys.exit(main())
