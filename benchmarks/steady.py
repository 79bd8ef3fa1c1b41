"""Escalations that fall due evenly, with the resident dispatcher as a process of its own: how late each is at the sink."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta

import frappe

from benchmarks import site
from benchmarks.measure import Figure, percentile, sink
from host import paths, servers

GOAL_MS = 350.0


def measure(rates: tuple[int, ...] = (50, 500), seconds: float = 10.0) -> list[Figure]:
	return [figure for rate in rates for figure in _steady(rate, seconds)]


def _steady(rate: int, seconds: float) -> list[Figure]:
	from escalation_mgmt import clock

	count = int(rate * seconds)
	with sink() as receiver:
		site.clean()
		site.plan(receiver.port)
		process = subprocess.Popen(
			[sys.executable, "-m", "host", "frappe", "--site", site.SITE, "escalation", "dispatch"],
			cwd=paths.ROOT,
			stdin=subprocess.DEVNULL,
			stdout=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL,
			preexec_fn=servers.die_with_parent,
		)
		try:
			time.sleep(6)  # the interpreter's start and the first sweep stay outside
			start = clock.now() + timedelta(seconds=4)
			site.escalations([start + timedelta(seconds=number / rate) for number in range(count)])
			seen = receiver.wait_for(count, seconds + 30)
		finally:
			process.terminate()
			process.wait(30)
	late = _lateness()
	right = seen["received"] == seen["distinct"] == count == len(late)
	p99 = percentile(late, 0.99) if late else float("inf")
	value = f"{p99:.0f} (p50 {percentile(late, 0.5):.0f})" if right else f"{seen['received']} of {count}"
	return [
		Figure(f"lateness at {rate}/s, p99 ms", value, f"<= {GOAL_MS:g}", right and p99 <= GOAL_MS, right)
	]


def _lateness() -> list[float]:
	"""Milliseconds from planned to sent, as our own rows have it."""
	frappe.db.rollback()
	found = frappe.db.sql(
		"select timestampdiff(microsecond, `planned_utc`, `sent_utc`) from `tabEscalation Notification`"
		" where `status` = 'Sent'"
	)
	return [row[0] / 1000 for row in found]
