"""Erasure of a person from what others keep of us: Frappe's versions, deleted documents, assignments and error reports."""

import json

import frappe
from frappe.utils import escape_html

from escalation_mgmt.operations.erasure import Erased, rows_with, write
from escalation_mgmt.utils.doctypes import CONTACT, DEVICE, ENDPOINT, ITEM, MAINTENANCE, SETTINGS

_OURS = "Escalation %"
_LIMITS = "escalation_limit:*"


def settings_with(person: Erased) -> None:
	"""What administrators have entered: an address of theirs goes, a text that quotes one is corrected."""
	for field, value in frappe.db.sql(
		"select `field`, `value` from `tabSingles` where `doctype` = %s", (SETTINGS,)
	):
		if value in person.addresses:
			frappe.db.set_single_value(SETTINGS, field, None, update_modified=False)
	for doctype, column in ((MAINTENANCE, "reason"), (ENDPOINT, "url"), (ENDPOINT, "payload")):
		for name, text in rows_with(doctype, column, person.identifiers):
			write(doctype, name, {column: person.out_of(text)})
			frappe.clear_document_cache(doctype, name)


def versions_with(person: Erased) -> None:
	"""What our documents were before, changed or deleted."""
	gone = frappe.get_all(
		"Deleted Document",
		filters={"deleted_doctype": ("in", (CONTACT, DEVICE))},
		fields=["name", "data"],
		order_by="name",
	)
	for row in gone:
		if json.loads(row.data or "{}").get("user") in (person.user, person.called):
			frappe.db.delete("Deleted Document", {"name": row.name})
	for doctype, of, columns in (
		("Version", "ref_doctype", ("data", "docname")),
		("Deleted Document", "deleted_doctype", ("data", "deleted_name")),
	):
		ours = frappe.get_all(doctype, filters={of: ("like", _OURS)}, pluck="name", order_by="name")
		for column in columns:
			for name, text in rows_with(doctype, column, person.identifiers) if ours else ():
				if name in ours:
					write(doctype, name, {column: person.out_of(text)})


def assignments_of(person: Erased) -> None:
	"""What Frappe wrote when a ticket that escalated was assigned by them, or to them."""
	tickets = frappe.db.sql(f"select distinct `reference_doctype`, `reference_name` from `tab{ITEM}`")
	escalated = {(doctype, str(name)) for doctype, name in tickets}
	todos = frappe.get_all(
		"ToDo",
		filters={"assigned_by": person.called, "reference_type": ("is", "set")},
		fields=["name", "reference_type", "reference_name"],
		order_by="name",
	)
	for todo in todos:
		if (todo.reference_type, str(todo.reference_name)) in escalated:
			write("ToDo", todo.name, {"assigned_by_full_name": person.called})
	frappe.db.delete("Notification Log", {"for_user": person.called, "type": "Assignment"})
	logs = frappe.get_all(
		"Notification Log",
		filters={"from_user": person.called},
		fields=["name", "subject", "email_content", "document_type", "document_name"],
		order_by="name",
	)
	for log in logs:
		if (log.document_type, str(log.document_name)) in escalated:
			texts = {column: _unbold(log[column] or "", person) for column in ("subject", "email_content")}
			write("Notification Log", log.name, texts)


def _unbold(text: str, person: Erased) -> str:
	"""Without their name where it stands by itself, between tags, as Frappe writes whoever did it."""
	for name in person.names:
		for shown in (name, escape_html(name)):
			text = text.replace(f">{shown}<", f">{person.called}<")
	return person.out_of(text)


def reports_with(person: Erased) -> None:
	"""Error reports of ours that mention them go as a whole; so do the counters of what they did."""
	for column in ("error", "method"):
		for name, _text in rows_with("Error Log", column, [*person.identifiers, *person.names]):
			if (frappe.db.get_value("Error Log", name, "method") or "").startswith("Escalation"):
				frappe.db.delete("Error Log", {"name": name})
	for identifier in person.identifiers:
		frappe.cache.delete_keys(f"{_LIMITS}:{identifier}")
