"""What the app adds to saving a ticket: no plan matches; one does and its escalation runs."""

from __future__ import annotations

import time

import frappe

from benchmarks import site
from benchmarks.measure import Figure, median, sink
from escalation_mgmt import triggers

GOAL_NONE, GOAL_ONE = 0.02, 0.10


def measure(rounds: int = 7, saves: int = 60) -> list[Figure]:
	with sink() as receiver:
		site.clean()
		site.plan(receiver.port)
		ratios = {"Low": [], "High": []}
		for number in range(rounds + 1):
			for priority, found in ratios.items():
				pair = [
					_saves(priority, saves, with_app)
					for with_app in ((True, False), (False, True))[number % 2]
				]
				with_app, without = pair if number % 2 == 0 else pair[::-1]
				if number:
					found.append(with_app / without - 1)
	none, one = median(ratios["Low"]), median(ratios["High"])
	return [
		Figure("ticket save, no plan matches", f"{none:+.1%}", f"<= {GOAL_NONE:.0%}", none <= GOAL_NONE),
		Figure("ticket save, one matches", f"{one:+.1%}", f"<= {GOAL_ONE:.0%}", one <= GOAL_ONE),
	]


def _saves(priority: str, count: int, with_app: bool) -> float:
	"""Seconds for so many saves of one ticket, each committed; without the app an empty handler stands in its place."""
	doc = frappe.new_doc("HD Ticket")
	doc.update({"subject": "Benchmark", "priority": priority, "raised_by": "customer@example.com"})
	doc.insert()
	frappe.db.commit()
	handler = triggers.ticket_saved
	if not with_app:
		triggers.ticket_saved = lambda doc, method=None: None
	try:
		started = time.perf_counter()
		for number in range(count):
			doc.subject = f"Benchmark {number}"
			doc.save()
			frappe.db.commit()
		return time.perf_counter() - started
	finally:
		triggers.ticket_saved = handler
