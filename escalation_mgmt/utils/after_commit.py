"""What is done once a transaction is committed, in one of its own: nothing of it can hold up, undo or fail what came before.

Frappe's own `commit` and `rollback` would run, or forget, what others have put off until the same commit; so a transaction that
is opened here is ended past them.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import frappe

from escalation_mgmt.utils.error_reports import log_error, report_once

TRIES = 3  # where the database chose us to give way
PATIENCE = 1  # seconds for which a row is waited for that somebody holds; MariaDB itself would wait for 50, each time
SOME = 100  # names that are handed over in one go where more is to be done: some hundredths of a second
PUT_OFF = 5.0  # seconds; for so long at most what is collected waits where much falls due at once


Name = str | tuple[str, str]


class Collected:
	"""Names that are collected until this transaction is committed, and then handed to `do` at once, each a single time. Forgotten
	where it is rolled back.
	"""

	def __init__(self, do: Callable[[Collection], Any]) -> None:
		self._do = do

	def add(self, names: Iterable[Name]) -> None:
		if not (names := set(names)):
			return
		# With the connection, for another one knows nothing of what this one's commit will run.
		database: Any = frappe.local.db
		waiting = database.__dict__.setdefault("escalation_collected", {})
		waiting.setdefault(self._do, set()).update(names)
		# Each time, for Frappe forgets what it was asked for where another's callback fails: the first of ours takes all names.
		frappe.db.after_commit.add(lambda: self._hand_over(waiting))
		frappe.db.after_rollback.add(lambda: waiting.pop(self._do, None))

	def _hand_over(self, waiting: dict[Callable, set[Name]]) -> None:
		if not (names := waiting.pop(self._do, None)):
			return
		if (put_off := _put_off.get()) is not None:
			put_off.add(self._do, names)
		else:
			self._do(sorted(names))


class PutOff:
	"""What is collected while a `putting_off` block runs."""

	def __init__(self) -> None:
		self._waiting: dict[Callable, set[Name]] = {}
		self._since = 0.0

	def __bool__(self) -> bool:
		return bool(self._waiting)

	def add(self, do: Callable[[Collection], Any], names: set[Name]) -> None:
		self._since = self._since or time.monotonic()
		self._waiting.setdefault(do, set()).update(names)

	def soon(self) -> None:
		"""Hand over some of what has waited for `PUT_OFF`. To be called between two transactions."""
		if self._since and time.monotonic() - self._since > PUT_OFF:
			self.some()

	def some(self) -> None:
		"""Hand over `SOME` names of each kind: what falls due meanwhile waits for no more. To be called between two transactions."""
		for do, names in [*self._waiting.items()]:
			part = sorted(names)[:SOME]
			names.difference_update(part)
			if not names:
				del self._waiting[do]
			do(part)
		if not self._waiting:
			self._since = 0.0

	def now(self) -> None:
		"""Hand over what there is. To be called between two transactions."""
		waiting, self._waiting, self._since = self._waiting, {}, 0.0
		for do, names in waiting.items():
			do(sorted(names))


@contextmanager
def putting_off() -> Iterator[PutOff]:
	"""Within this block what is collected is handed over later than its commit, at the end or when it is asked for: where much falls
	due at once, people are paged before lists are written. Within another such block, that one decides.
	"""
	if (outer := _put_off.get()) is not None:
		yield outer
		return
	put_off = PutOff()
	token = _put_off.set(put_off)
	try:
		yield put_off
	finally:
		_put_off.reset(token)
		put_off.now()


_put_off: ContextVar[PutOff | None] = ContextVar("escalation_put_off", default=None)


@contextmanager
def own_transaction(title: str) -> Iterator[None]:
	"""A transaction of its own between two others. What goes wrong in it is reported under this title, once an hour, and raised
	no further.
	"""
	try:
		yield
		end("commit")
	except Exception as e:
		_give_up(e, title)


@contextmanager
def impatient() -> Iterator[None]:
	"""Meanwhile a row that somebody holds is waited for no longer than `PATIENCE`: neither the next step, nor the answer to
	whoever saved a ticket, is held up by it. Raises QueryTimeoutError then.
	"""
	if frappe.db.db_type != "mariadb":  # SQLite locks no rows
		yield
		return
	frappe.db.sql(f"set session innodb_lock_wait_timeout = {PATIENCE}")
	try:
		yield
	finally:
		frappe.db.sql("set session innodb_lock_wait_timeout = default")


def again_on_conflict(do: Callable[[], Any]) -> Any:
	"""Do it, once more from the beginning where the database chose us to give way to another transaction."""
	for left in reversed(range(TRIES)):
		try:
			return do()
		except frappe.QueryDeadlockError:
			if not left:
				raise
			end("rollback")


def end(how: str) -> None:
	"""End this transaction, by `commit` or `rollback`, and begin another, without what others have put off until then."""
	frappe.db.sql(how)
	frappe.db.begin()


def _give_up(error: Exception, title: str) -> None:
	try:
		end("rollback")
		if not isinstance(error, frappe.QueryDeadlockError | frappe.QueryTimeoutError):
			report_once(title)
			end("commit")
	except Exception:
		log_error(title)
