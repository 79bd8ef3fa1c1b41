"""What other versions of Helpdesk have where the stand-in is as 1.28.1: put on a site, and taken off it.

On a bench the versions that are installed are the real ones, and this isn't needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import frappe

PRIORITY = "HD Ticket Priority"
NUMBERS = {"Urgent": 100, "High": 200, "Medium": 300, "Low": 400}


@contextmanager
def named_levels() -> Iterator[None]:
	"""How develop says how urgent a priority is. Taken back at the end."""
	if not _has("integer_value"):  # it is so already
		yield
		return
	name_levels()
	try:
		yield
	finally:
		frappe.db.rollback()
		_be({"fieldname": "integer_value", "fieldtype": "Int", "options": None, "default": None})


def name_levels() -> None:
	"""As Helpdesk's own patch does it: a priority of the site's own has the level of the one that is next above it."""
	if not _has("integer_value"):
		return
	numbers = frappe.get_all(
		PRIORITY, fields=["name", "integer_value"], order_by="integer_value", as_list=True
	)
	_be(
		{
			"fieldname": "level",
			"fieldtype": "Select",
			"options": "\n".join(NUMBERS),
			"default": "Medium",
		}
	)
	level = "Urgent"
	for name, _number in numbers:
		level = name if name in NUMBERS else level
		frappe.db.set_value(PRIORITY, name, "level", level)
	frappe.db.commit()


def set_urgency(priority: str, level: str) -> None:
	"""Whatever this version of Helpdesk says it by."""
	by_number = _has("integer_value")
	frappe.db.set_value(
		PRIORITY,
		priority,
		"integer_value" if by_number else "level",
		NUMBERS[level] if by_number else level,
	)
	frappe.clear_document_cache(PRIORITY, priority)


def _has(field: str) -> bool:
	return bool(frappe.get_meta(PRIORITY).has_field(field))


def _be(field: dict[str, str | None]) -> None:
	"""The field that says how urgent a priority is. The other's column stays, as after Helpdesk's own patch."""
	table = frappe.qb.DocType("DocField")
	query = frappe.qb.update(table).where(table.parent == PRIORITY)
	query = query.where(table.fieldname.isin(("integer_value", "level")))
	for column, value in field.items():
		query = query.set(table[column], value)
	query.run()
	frappe.db.commit()
	frappe.clear_cache(doctype=PRIORITY)
	frappe.db.updatedb(PRIORITY)
	frappe.clear_cache(doctype=PRIORITY)


VERSIONS = {"develop": name_levels}
