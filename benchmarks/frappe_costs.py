"""What Frappe itself takes, for comparison: documents one at a time, and background jobs."""

from __future__ import annotations

import time
from collections.abc import Callable

import frappe

from benchmarks import site
from benchmarks.measure import Figure, spread
from host.processes import Stack

TIMES, JOBS = 100, 100
JOB = "frappe.ping"


def measure() -> list[Figure]:
	site.clean()
	doc = _ticket()
	figures = [
		_each("Frappe: doc.insert() and commit, ms", lambda n: _ticket()),
		_each("Frappe: doc.save() and commit, ms", lambda n: doc.update({"subject": f"Task {n}"}).save()),
	]
	with Stack(site.SITE, "worker"):
		started = [_until_started() for _number in range(10)]
		figures += [
			_each("Frappe: enqueue, ms", lambda n: frappe.enqueue(JOB, queue="short")),
			Figure(name="Frappe: from enqueue to the job's start, ms", value=spread(started, 0)),
		]
		begun = time.monotonic()
		_wait_for(frappe.enqueue(JOB, queue="short"))
		figures.append(
			Figure(
				name="Frappe: jobs a second, one worker", value=f"{TIMES / (time.monotonic() - begun):.0f}"
			)
		)
	site.clean()
	return figures


def _ticket():
	doc = frappe.new_doc("HD Ticket")
	doc.update({"subject": "Task", "priority": "Low", "raised_by": "customer@example.com"})
	return doc.insert()


def _each(name: str, do: Callable[[int], object]) -> Figure:
	taken = []
	for number in range(TIMES):
		started = time.perf_counter()
		do(number)
		frappe.db.commit()
		taken.append((time.perf_counter() - started) * 1000)
	return Figure(name=name, value=spread(taken))


def _until_started() -> float:
	"""Milliseconds from enqueueing a job to its start in a worker that waits, as RQ has them."""
	job = frappe.enqueue(JOB, queue="short")
	_wait_for(job)
	return (job.started_at - job.enqueued_at).total_seconds() * 1000


def _wait_for(job) -> None:
	end = time.monotonic() + 60
	while not job.is_finished:
		if job.is_failed or time.monotonic() > end:
			raise RuntimeError(f"the job {job.id} isn't finished: {job.get_status()}")
		time.sleep(0.005)
	job.refresh()
