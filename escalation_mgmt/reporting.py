"""Reports of what went wrong, without the values of variables: those hold links, secrets and addresses (design rule 9)."""

from typing import Any

import frappe


def report_error(title: str, **more: Any) -> None:
	"""An Error Log of the exception at hand. Unlike `frappe.log_error` alone it leaves out local variables."""
	frappe.log_error(title=title, message=frappe.get_traceback(), **more)
