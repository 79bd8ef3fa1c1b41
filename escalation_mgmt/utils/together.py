"""Statements whose answers nobody waits for, written to the database as one: it takes a tenth of a millisecond to be called,
whatever is written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import frappe

Statement = tuple[str, tuple[Any, ...]]

_waiting: ContextVar[list[Statement] | None] = ContextVar("escalation_together", default=None)


class NotTogether(Exception):
	"""One of the statements failed, and those before it are written. Whoever has a savepoint goes back to it, and begins anew without
	`together`: each of them fails by itself then, where it is known what that means.
	"""


@contextmanager
def together(*, wanted: bool = True) -> Iterator[None]:
	"""What is written (`write`) waits until the block ends, or until `now`. Nothing in it may read what waits. SQLite, which is called in
	no time, writes at once.

	Raises NotTogether; a deadlock, and a lock that was waited for too long, as they are.
	"""
	if not wanted or frappe.db.db_type != "mariadb":
		yield
		return
	token = _waiting.set([])
	try:
		yield
		now()
	finally:
		_waiting.reset(token)


def write(sql: str, values: tuple[Any, ...]) -> None:
	"""A statement whose answer nobody waits for."""
	waiting = _waiting.get()
	if waiting is None:
		frappe.db.sql(sql, values)
	else:
		waiting.append((sql, values))


def at_once() -> None:
	"""What waits is written, and nothing waits any more until the block ends: what follows may read whatever it writes."""
	now()
	_waiting.set(None)


def now() -> None:
	"""What waits is written: what follows reads it."""
	if not (waiting := _waiting.get()):
		return
	# Not `begin`, by which Frappe takes it for the end of the transaction.
	sql = f"if true then {'; '.join(sql for sql, _values in waiting)}; end if"
	values = tuple(value for _sql, values in waiting for value in values)
	waiting.clear()
	try:
		frappe.db.sql(sql, values)
	except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
		raise
	except Exception as e:
		raise NotTogether from e
