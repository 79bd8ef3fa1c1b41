"""Tickets' names in SQL: texts in our rows, numbers in some DocTypes' own. They are joined without losing the index."""

import frappe


def as_text(column: str, doctype: str) -> str:
	"""A ticket's name in SQL, as a text: some are numbered."""
	if not is_numbered(doctype):
		return column
	return f"cast({column} as {'char' if frappe.db.db_type == 'mariadb' else 'text'})"


def as_name(column: str, doctype: str) -> str:
	"""The text of a ticket's name in SQL, as the ticket has its name: so that it is found by key."""
	if not is_numbered(doctype):
		return column
	return f"cast({column} as {'signed' if frappe.db.db_type == 'mariadb' else 'bigint'})"


def joined(name: str) -> str:
	"""The key of a ticket in SQL; what stands before its name is a value."""
	return f"concat(%s, {name})" if frappe.db.db_type == "mariadb" else f"%s || {name}"


def is_numbered(doctype: str) -> bool:
	return frappe.get_meta(doctype).autoname == "autoincrement"
