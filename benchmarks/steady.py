"""Escalations that fall due evenly: how late each is at the sink."""

from __future__ import annotations

from datetime import UTC, timedelta

import frappe

from benchmarks import site
from benchmarks.dispatchers import Dispatchers
from benchmarks.measure import Figure, Sink, Wrong, percentile, sink, wrong
from host.processes import Stack

GOAL_MS, STRETCH = 350.0, "<= 150"
RATES, SECONDS = (50, 500), 10
TICK = 60  # seconds; the scheduler's on Frappe 15, and how often it runs our job


def with_dispatcher() -> list[Figure]:
	with sink() as receiver:
		site.plan(receiver)
		with Dispatchers():
			return [_at_rate(receiver, rate) for rate in RATES]


def _at_rate(receiver: Sink, rate: int) -> Figure:
	name = f"lateness at {rate}/s, p99, ms"
	site.plan(receiver)
	receiver.forget()
	_fall_due(rate * SECONDS, 1 / rate, after=4)
	try:
		late = [seconds * 1000 for seconds in _lateness(receiver, rate * SECONDS, SECONDS + 30)]
	except Wrong as e:
		return wrong(name, str(e))
	p50, p99 = percentile(late, 0.5), percentile(late, 0.99)
	return Figure(
		name=name,
		value=f"{p99:.0f} (p50 {p50:.0f}, max {max(late):.0f})",
		goal=f"<= {GOAL_MS:g}",
		met=p99 <= GOAL_MS,
		stretch=STRETCH,
	)


def with_scheduler() -> list[Figure]:
	"""The scheduled job alone, run by Frappe's scheduler and a worker; one escalation falls due in each second."""
	name, goal = "lateness with the scheduler alone, s", TICK + 1
	with sink() as receiver:
		site.plan(receiver)
		# A new site has all of Frappe's own jobs before it, the yearly ones too.
		frappe.db.sql("update `tabScheduled Job Type` set `last_execution` = %s", frappe.utils.now())
		_fall_due(TICK, 1.0, after=5)
		with Stack(site.SITE, "worker", "scheduler", tick=TICK):
			try:
				late = _lateness(receiver, TICK, 5 + 3 * TICK)
			except Wrong as e:
				return [wrong(name, str(e))]
	value = f"{max(late):.1f} (p50 {percentile(late, 0.5):.1f})"
	return [Figure(name=name, value=value, goal=f"<= {goal}", met=max(late) <= goal)]


def _fall_due(count: int, apart: float, *, after: float) -> None:
	"""So many escalations fall due, so many seconds apart, the first `after` some seconds."""
	from escalation_mgmt.utils import clock

	start = clock.now() + timedelta(seconds=after)
	site.escalations([start + timedelta(seconds=number * apart) for number in range(count)])
	assert clock.now() < start, "the set-up took longer than it may"


def _lateness(receiver: Sink, count: int, seconds: float) -> list[float]:
	"""Seconds from planned to received, of each. Raises Wrong where they aren't exactly as many, or one is early."""
	seen = receiver.wait_for(count, seconds)
	if not seen["received"] == seen["distinct"] == count:
		raise Wrong(f"{seen['received']} received, {seen['distinct']} distinct, of {count}")
	frappe.db.rollback()
	planned = dict(frappe.db.sql("select `name`, `planned_utc` from `tabEscalation Notification`"))
	late = [times[0] - planned[id].replace(tzinfo=UTC).timestamp() for id, times in receiver.all().items()]
	if min(late) < 0:
		raise Wrong(f"one came {-min(late):.3f} s early")
	return late
