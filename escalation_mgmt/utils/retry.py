"""Once more where another transaction was in the way: for what nobody asks for a second time, as an acknowledgement."""

from collections.abc import Callable
from typing import TypeVar

import frappe

from escalation_mgmt.utils.rows import Conflict

T = TypeVar("T")


def retry_on_conflict(do: Callable[[], T]) -> T:
	"""Do it and commit, so that only what is committed is said; from its beginning once more after a deadlock, a lock
	time-out or a Conflict.

	For the doors of the app alone: what the request wrote before would be undone with the first try.
	"""
	try:
		return _committed(do)
	except (Conflict, frappe.QueryDeadlockError, frappe.QueryTimeoutError):
		frappe.db.rollback()
		frappe.clear_messages()
		return _committed(do)


def _committed(do: Callable[[], T]) -> T:
	done = do()
	frappe.db.commit()
	return done
