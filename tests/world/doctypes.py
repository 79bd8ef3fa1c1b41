"""DocTypes that a site has made for itself, for as long as a test needs them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import frappe

EVERYTHING = {"read": 1, "write": 1, "create": 1, "delete": 1, "submit": 1, "cancel": 1, "amend": 1}
WITHOUT_SUBMITTING = {"read": 1, "write": 1, "create": 1, "delete": 1}


@contextmanager
def doctype(
	name: str,
	fields: Sequence[dict[str, Any]],
	*,
	permissions: Iterable[dict[str, Any]] = (),
	**more: Any,
) -> Iterator[str]:
	"""A custom DocType, which System Managers may do everything with."""
	_remove(name)
	rights = EVERYTHING if more.get("is_submittable") else WITHOUT_SUBMITTING
	frappe.get_doc(
		{
			"doctype": "DocType",
			"name": name,
			"module": "Helpdesk",
			"custom": 1,
			"autoname": "hash",
			"fields": [{"label": field["fieldname"].replace("_", " ").title(), **field} for field in fields],
			"permissions": []
			if more.get("istable")
			else [{"role": "System Manager", **rights}, *permissions],
			**more,
		}
	).insert()
	frappe.db.commit()
	try:
		yield name
	finally:
		frappe.set_user("Administrator")
		frappe.db.rollback()
		_remove(name)


def _remove(name: str) -> None:
	if frappe.db.exists("DocType", name):
		frappe.delete_doc("DocType", name, force=True)
	frappe.db.commit()
	frappe.db.sql_ddl(f"drop table if exists `tab{name}`")  # Frappe leaves it, with its rows
	frappe.clear_cache(doctype=name)


def name_source(doctype: str, **fields: Any) -> None:
	"""Name the fields of a DocType's tickets in Escalation Settings, in place of what was named for it."""
	settings = frappe.get_doc("Escalation Settings")
	settings.sources = [row for row in settings.sources if row.reference_doctype != doctype]
	settings.append("sources", {"reference_doctype": doctype, "subject_field": "", **fields})
	settings.save()
	frappe.db.commit()
