"""What a condition or a template is given of a ticket: plain values of its fields, and nothing that can be called.

No Password field, of the ticket or of a table in it, and nothing private but who it is assigned to.
"""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import frappe

PRIVATE_BUT_READ = frozenset({"_assign"})
_PLAIN = (str, int, float, bool, Decimal, date, time, timedelta, type(None))  # a datetime is a date


def of(doc: Any) -> dict[str, Any]:
	"""The plain values of a document: {field: value}, the rows of its tables as such dicts in a list."""
	return _of_row(doc.doctype, doc.as_dict())


def secrets(doctype: str) -> set[str]:
	"""The fields of a DocType that hold passwords."""
	return {field.fieldname for field in frappe.get_meta(doctype).get("fields", {"fieldtype": "Password"})}


def readable(doctype: str, field: str) -> bool:
	"""Whether what a field holds may be given to anybody at all."""
	private = field.startswith("_") and field not in PRIVATE_BUT_READ
	return not private and field not in secrets(doctype)


def _of_row(doctype: str, row: dict[str, Any]) -> dict[str, Any]:
	hidden, meta = secrets(doctype), frappe.get_meta(doctype)
	found = frappe._dict()
	for field, value in row.items():
		if field in hidden or (field.startswith("_") and field not in PRIVATE_BUT_READ):
			continue
		table = meta.get_field(field)
		if table and table.fieldtype in frappe.model.table_fields:
			found[field] = [_of_row(table.options, each) for each in value or []]
		elif _is_plain(value):
			found[field] = value
	return found


def _is_plain(value: Any) -> bool:
	if isinstance(value, dict):
		return all(map(_is_plain, (*value, *value.values())))
	if isinstance(value, list | tuple):
		return all(map(_is_plain, value))
	return isinstance(value, _PLAIN)
