"""Reports of what went wrong, without the values of variables: those hold links, secrets and addresses (design rule 9).
What an exception itself says of them is masked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import frappe
import redis
from frappe import _

from escalation_mgmt.utils.masking import masked

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def unreported() -> Iterator[None]:
	"""Nothing is reported meanwhile: for what is only tried out. (Error Logs are in no transaction on MariaDB.)"""
	before, frappe.flags.escalation_unreported = frappe.flags.escalation_unreported, True
	try:
		yield
	finally:
		frappe.flags.escalation_unreported = before


def report_once(title: str) -> None:
	"""An Error Log of what fails again and again, such as for each ticket of each sweep: once an hour for each title."""
	if frappe.flags.escalation_unreported:
		return
	key = f"escalation_reported:{title}"
	with suppress(redis.exceptions.RedisError, OSError):  # without Redis it is reported each time
		if frappe.cache.get_value(key, expires=True):
			return
	report_error(title)
	with suppress(redis.exceptions.RedisError, OSError):
		frappe.cache.set_value(key, 1, expires_in_sec=3600)


def report_error(title: str, **more: Any) -> None:
	"""An Error Log of the exception at hand, and nothing else of it: `frappe.log_error` would hand the exception to telemetry as
	well, where that is on, with the values of all variables, and what fails there to a log file as it is.
	"""
	if frappe.flags.escalation_unreported:
		return
	report = frappe.get_doc(
		{
			"doctype": "Error Log",
			"method": masked(title)[:140],
			"error": masked(frappe.get_traceback()),
			**more,
		}
	)
	if frappe.flags.read_only:
		report.deferred_insert()
	else:
		report.insert(ignore_permissions=True)


def log_error(title: str) -> None:
	"""A line in the site's log file of the exception at hand: where the database itself may be away."""
	frappe.logger("escalation_mgmt").error(masked(f"{title}\n{frappe.get_traceback()}"))


class JobFailed(Exception):
	"""A job of ours failed; the Error Log says why."""


def reported(title: str, *, job: bool = False) -> Callable[[Callable[P, T]], Callable[P, T]]:
	"""For a door that is given codes, keys or addresses, and for a job: what nobody foresaw in it is reported by us, for Frappe's
	report of an exception holds the values of all variables. The caller is answered with an error that holds none; a job fails
	with JobFailed.
	"""

	def decorated(door: Callable[P, T]) -> Callable[P, T]:
		@wraps(door)
		def wrapper(*args: P.args, **more: P.kwargs) -> T:
			try:
				return door(*args, **more)
			except Exception as e:
				if not job and getattr(e, "http_status_code", 500) < 500:  # said on purpose
					raise
				frappe.db.rollback()
				report_error(title)
				frappe.db.commit()
			# Outside of `except`, so that nothing leads from it to the variables.
			if job:
				raise JobFailed(title)
			frappe.throw(_("Something went wrong. An administrator finds it in the Error Log."))

		return wrapper

	return decorated
