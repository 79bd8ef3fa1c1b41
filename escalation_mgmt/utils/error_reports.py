"""Reports of what went wrong, without the values of variables: those hold links, secrets and addresses (design rule 9)."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import frappe
import redis


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
	"""An Error Log of the exception at hand. Unlike `frappe.log_error` alone it leaves out local variables."""
	if frappe.flags.escalation_unreported:
		return
	frappe.log_error(title=title, message=frappe.get_traceback(), **more)
