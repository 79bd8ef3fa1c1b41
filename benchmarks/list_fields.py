"""What the fields that lists show add to saving a ticket: two sites, alike but for them, save in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from benchmarks import site
from benchmarks.measure import ROUNDS, Figure, median, sink
from host import paths, sites

WITHOUT = "bench-mariadb-plain.localhost"
AGENT = "agent@bench.test"  # for an agent Frappe looks at permission levels, for Administrator it doesn't
SAVES = 240  # of each site in a round
GOAL = 0.02


def measure() -> list[Figure]:
	with sink() as receiver:
		site.plan(receiver)
		_agent()
		sites.copy_site(site.SITE, WITHOUT)
		with _side(site.SITE, fields=True) as with_them, _side(WITHOUT, fields=False) as without:
			figures = [
				_figure("the list's fields: a ticket saved, no plan matches", with_them, without, "Low"),
				_figure("... a plan matches and runs", with_them, without, "High"),
				_figure("... logged, a plan matches", with_them, without, ""),
			]
	sites.drop_site(WITHOUT)
	return figures


Side = Callable[[str], float]
"""Saves a ticket of a priority once more, or logs a new one (""); returns seconds."""


def _figure(name: str, with_them: Side, without: Side, priority: str) -> Figure:
	added = []
	for _round in range(1 + ROUNDS):
		taken: dict[Side, list[float]] = {with_them: [], without: []}
		for number in range(2 * (SAVES if priority else SAVES // 4)):
			side = with_them if number % 2 else without
			taken[side].append(side(priority))
		added.append(median(taken[with_them]) / median(taken[without]) - 1)
	added = added[1:]
	value = f"{median(added):+.1%} ({min(added):+.1%}-{max(added):+.1%})"
	if not priority:
		return Figure(name=name, value=value)
	return Figure(name=name, value=value, goal=f"<= {GOAL:.0%}", met=median(added) <= GOAL, ratio=True)


@contextmanager
def _side(name: str, *, fields: bool) -> Iterator[Side]:
	"""A thread that stays connected to a site: one waits while the other saves."""
	with ThreadPoolExecutor(1) as thread:
		docs = thread.submit(_begin, name, fields).result()
		try:
			yield lambda priority: thread.submit(_save, docs, priority).result()
		finally:
			thread.submit(_end).result()


def _begin(name: str, fields: bool) -> dict[str, Any]:
	import frappe

	frappe.init(name, sites_path=str(paths.SITES))
	frappe.connect()
	if not fields:
		_take_them_off()
	frappe.set_user(AGENT)
	docs = {priority: _new(priority).insert() for priority in ("Low", "High")}
	frappe.db.commit()
	return docs


def _take_them_off() -> None:
	import frappe

	from escalation_mgmt.operations import ticket_columns

	ticket_columns.remove()
	frappe.local.doc_events_hooks = {
		doctype: {
			event: [handler for handler in handlers if ".ticket_list." not in handler]
			for event, handlers in events.items()
		}
		for doctype, events in frappe.get_doc_hooks().items()
	}


def _save(docs: dict[str, Any], priority: str) -> float:
	import frappe

	doc = docs[priority] if priority else _new("High")
	doc.subject = f"Benchmark {time.perf_counter_ns()}"
	started = time.perf_counter()
	doc.save()
	frappe.db.commit()
	return time.perf_counter() - started


def _new(priority: str) -> Any:
	import frappe

	doc = frappe.new_doc("HD Ticket")
	doc.update({"subject": "Benchmark", "priority": priority, "raised_by": "customer@example.com"})
	return doc


def _end() -> None:
	import frappe

	frappe.destroy()


def _agent() -> None:
	import frappe

	if not frappe.db.exists("User", AGENT):
		user = frappe.new_doc("User")
		user.update({"email": AGENT, "first_name": "Agent", "send_welcome_email": 0})
		user.insert(ignore_permissions=True)
		user.add_roles("Agent")
	frappe.db.commit()
