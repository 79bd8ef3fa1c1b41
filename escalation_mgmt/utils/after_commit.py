"""What is done once a transaction is committed, in one of its own: nothing of it can hold up, undo or fail what came before.

Frappe's own `commit` and `rollback` would run, or forget, what others have put off until the same commit; so a transaction that
is opened here is ended past them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import frappe

from escalation_mgmt.utils.error_reports import log_error, report_once

TRIES = 3  # where the database chose us to give way


class Collected:
	"""Names that are collected until this transaction is committed, and then handed to `do` at once, each a single time. Forgotten
	where it is rolled back.
	"""

	def __init__(self, do: Callable[[Collection[str]], Any]) -> None:
		self._do = do

	def add(self, names: Iterable[str]) -> None:
		if not (names := set(names)):
			return
		# With the connection, for another one knows nothing of what this one's commit will run.
		database: Any = frappe.local.db
		waiting = database.__dict__.setdefault("escalation_collected", {})
		if self._do not in waiting:
			waiting[self._do] = set()
			frappe.db.after_commit.add(lambda: self._do(sorted(waiting.pop(self._do, ()))))
			frappe.db.after_rollback.add(lambda: waiting.pop(self._do, None))
		waiting[self._do] |= names


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


def again_on_conflict(do: Callable[[], Any]) -> Any:
	"""Do it, once more from the beginning where another transaction was in the way."""
	for left in reversed(range(TRIES)):
		try:
			return do()
		except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
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
