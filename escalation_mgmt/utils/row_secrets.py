"""Secrets in rows of a table. Frappe takes along those of a document that is deleted, and leaves those of a row that is taken out, or
whose document goes.
"""

import frappe
from frappe.model.document import Document


def forget_removed(doc: Document, table: str) -> None:
	"""Those of rows that a save has taken out of `table`, a field of `doc`: called on update."""
	before = doc.get_doc_before_save()
	_forget(doc, table, {row.name for row in before.get(table)} - _names(doc, table) if before else set())


def forget_all(doc: Document, table: str) -> None:
	"""Those of all rows of `table`, a field of `doc`, which is being deleted."""
	_forget(doc, table, _names(doc, table))


def _names(doc: Document, table: str) -> set[str]:
	return {row.name for row in doc.get(table)}


def _forget(doc: Document, table: str, names: set[str]) -> None:
	if names:
		of = doc.meta.get_field(table).options
		frappe.db.delete("__Auth", {"doctype": of, "name": ("in", sorted(names))})
