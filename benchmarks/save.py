"""What the app adds to saving a ticket, each save committed, with and without it in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import frappe

from benchmarks import site
from benchmarks.measure import ROUNDS, Figure, median, sink

SAVES = 240  # of each kind in a round
GOAL_NONE, GOAL_ONE, GOAL_LOGGED = 0.02, 0.10, 0.40


def measure() -> list[Figure]:
	with sink() as receiver:
		site.plan(receiver)
		none, one, opened = (
			_added(_saver("Low", opens=False)),
			_added(_saver("High", opens=False)),
			_added(_saver("High", opens=True), SAVES // 4),
		)
	return [
		_figure("a ticket saved, no plan matches", none, GOAL_NONE),
		_figure("a ticket saved, a plan matches and runs", one, GOAL_ONE),
		_figure("a ticket logged, a plan matches", opened, GOAL_LOGGED),
	]


def _figure(name: str, added: list[float], goal: float | None = None) -> Figure:
	value = f"{median(added):+.1%} ({min(added):+.1%}-{max(added):+.1%})"
	if goal is None:
		return Figure(name=name, value=value)
	return Figure(name=name, value=value, goal=f"<= {goal:.0%}", met=median(added) <= goal, ratio=True)


def _added(save: Callable[[], None], saves: int = SAVES) -> list[float]:
	"""For each round, what the app adds, as a share: medians of saves that alternate."""
	found = []
	for _number in range(1 + ROUNDS):
		taken: dict[bool, list[float]] = {True: [], False: []}
		for number in range(2 * saves):
			with_app = bool(number % 2)
			with _hooks(with_app):
				started = time.perf_counter()
				save()
				frappe.db.commit()
				taken[with_app].append(time.perf_counter() - started)
		found.append(median(taken[True]) / median(taken[False]) - 1)
	return found[1:]


def _saver(priority: str, *, opens: bool) -> Callable[[], None]:
	numbers = iter(range(1_000_000))
	doc = None if opens else _ticket(priority)

	def save() -> None:
		ticket = doc or _new_ticket(priority)
		ticket.subject = f"Benchmark {next(numbers)}"
		ticket.save()

	return save


def _new_ticket(priority: str) -> Any:
	doc = frappe.new_doc("HD Ticket")
	doc.update({"subject": "Benchmark", "priority": priority, "raised_by": "customer@example.com"})
	return doc


def _ticket(priority: str) -> Any:
	doc = _new_ticket(priority).insert()
	frappe.db.commit()
	return doc


@contextmanager
def _hooks(with_app: bool) -> Iterator[None]:
	"""Frappe's document events, without this app's where it isn't wanted: as if it weren't installed."""
	every = frappe.get_doc_hooks()
	if not with_app:
		frappe.local.doc_events_hooks = {
			doctype: {
				event: [handler for handler in handlers if not handler.startswith("escalation_mgmt.")]
				for event, handlers in events.items()
			}
			for doctype, events in every.items()
		}
	try:
		yield
	finally:
		frappe.local.doc_events_hooks = every
