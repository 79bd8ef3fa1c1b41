"""The site that a command is for: connected to it, or told in a sentence why that can't be."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from frappe.commands import get_site

from escalation_mgmt.commands.output import Refused


class Unavailable(Refused):
	"""What was asked for can't be done here."""

	exit_code = 2


@contextmanager
def connected(context: Any) -> Iterator[None]:
	"""Connected to the command's site, on which the app is installed, and rolled back at the end. Raises Unavailable, in
	words, where that can't be.
	"""
	site, installed = get_site(context), False
	try:
		frappe.init(site)
		if not os.path.exists(frappe.get_site_path("site_config.json")):
			raise frappe.IncorrectSitePath
		frappe.connect()
		_ensure_installed(site)
		installed = True
		yield
		frappe.db.rollback()
	except frappe.IncorrectSitePath as e:
		raise Unavailable(f"There is no site {site}.") from e
	except Exception as e:
		if installed and _of_another_schema(e):
			raise Unavailable(f"{_said(e)}. Bring the site up to date: bench --site {site} migrate") from e
		if _of_the_database(e):
			raise Unavailable(f"The database of {site} can't be used: {_said(e)}") from e
		raise
	finally:
		frappe.destroy()


def _ensure_installed(site: str) -> None:
	if "escalation_mgmt" not in frappe.get_installed_apps():
		raise Unavailable(
			f"Escalation Management is not installed on {site}. Install it there:"
			f" bench --site {site} install-app escalation_mgmt"
		)


def _of_another_schema(error: Exception) -> bool:
	return bool(frappe.db.is_table_missing(error) or frappe.db.is_missing_column(error))


def _of_the_database(error: Exception) -> bool:
	"""Whether the database is away, refuses us, or isn't the site's: by the names of PEP 249, which every driver has."""
	names = {kind.__name__ for kind in type(error).__mro__}
	return bool(names & {"OperationalError", "InterfaceError", "ProgrammingError"})


def _said(error: Exception) -> str:
	return str(error.args[-1]) if error.args else type(error).__name__
