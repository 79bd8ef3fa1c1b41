"""Method threads: the resident dispatcher sends each method's messages on a thread of their own.

A mail server that takes half a minute for every answer holds up emails, but no call, no SMS and no step (design rule 8).
Each thread has its own connection to the database. Messages are claimed in the database as ever, so that threads of other
dispatchers, and jobs, may send the same method's messages at the same time.
"""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Self

import frappe

from escalation_mgmt import delivery
from escalation_mgmt.delivery.claim import Lane
from escalation_mgmt.utils.error_reports import log_error

FRESH_SECONDS = 30.0  # how long a thread trusts its connection, and configuration that it has read
AFTER_AN_ERROR = 1.0  # seconds


class MethodThreads:
	"""Use it in a `with` block: at its end every thread finishes what is under way."""

	def __init__(self, connect: Callable[[], None]):
		"""`connect` gives the thread that calls it a fresh connection to the site."""
		self._connect = connect
		self._threads: dict[str, _MethodThread] = {}

	def __enter__(self) -> Self:
		return self

	def __exit__(self, *_error: object) -> None:
		for thread in self._threads.values():
			thread.end()
		for thread in self._threads.values():
			thread.join()

	def send(self, methods: Iterable[str]) -> None:
		"""Let these methods' messages be sent, and return at once. A thread that is busy looks again when it is done."""
		for method in methods:
			thread = self._threads.get(method)
			if not thread or not thread.is_alive():
				thread = self._threads[method] = _MethodThread(method, self._connect)
				thread.start()
			thread.wanted.set()


class _MethodThread(threading.Thread):
	def __init__(self, method: str, connect: Callable[[], None], lane: Lane = Lane.SOUND):
		super().__init__(name=f"escalation: {method}", daemon=True)
		self.wanted = threading.Event()
		self._method, self._connect, self._lane = method, connect, lane
		self._ended = False
		self._aside: _MethodThread | None = None  # for endpoints that stand still, or might

	def end(self) -> None:
		self._ended = True
		self.wanted.set()

	def join(self, timeout: float | None = None) -> None:
		super().join(timeout)
		if self._aside:
			self._aside.end()
			self._aside.join(timeout)

	def run(self) -> None:
		fresh = float("-inf")
		while self._next():
			try:
				if time.monotonic() - fresh > FRESH_SECONDS:
					self._connect()
					fresh = time.monotonic()
				frappe.local.cache = {}  # what other processes changed must be seen
				delivery.deliver_by(self._method, lambda: self._ended, [self._lane])
				if self._lane is Lane.SOUND and delivery.waits_aside(self._method):
					self._send_aside()
			except Exception:
				log_error(f"the thread of {self._method} met an error, and goes on")
				time.sleep(AFTER_AN_ERROR)
				fresh = float("-inf")
			_look_away()
		frappe.destroy()

	def _send_aside(self) -> None:
		"""What waits for others than these keeps none of these waiting."""
		if not self._aside or not self._aside.is_alive():
			self._aside = _MethodThread(self._method, self._connect, Lane.ASIDE)
			self._aside.start()
		self._aside.wanted.set()

	def _next(self) -> bool:
		self.wanted.wait()
		self.wanted.clear()
		return not self._ended


def _look_away() -> None:
	"""Whoever waits sees nothing: the database keeps what a transaction that has read may read again, and lets nobody alter the tables, a
	migration neither.
	"""
	with suppress(Exception):  # a connection that is lost sees nothing either
		frappe.db.rollback()
