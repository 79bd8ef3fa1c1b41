"""The fields of a ticket in which lists show how its escalation stands: put on its DocType, and taken off again.

`storage.ticket_list` writes them. They stand on a permission level of their own, which everybody has who works in Desk and
may read the ticket: customers read their own tickets, and this is none of their business.
"""

import json
from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields
from frappe.model.utils.user_settings import sync_user_settings
from frappe.translate import print_language

from escalation_mgmt.facts import sources
from escalation_mgmt.storage.ticket_list import COLUMNS, DUE, SHOWN, STATUS, STEP, has_columns
from escalation_mgmt.utils.doctypes import PLAN
from escalation_mgmt.utils.jobs import enqueue_once

LEVEL = 9
_ANYBODY = ("All", "Guest")
_OPTIONS = "\n".join(("", *SHOWN))
# Not hidden, or Helpdesk doesn't offer to filter by it; on a form our own line says it, and more.
_EACH = {
	"permlevel": LEVEL,
	"read_only": 1,
	"no_copy": 1,
	"print_hide": 1,
	"allow_on_submit": 1,
	"translatable": 0,
	"depends_on": "eval:false",
}
# Where people keep which fields a list shows, and by which it is filtered: DocType, its column of JSON, whose list it is.
_CHOICES = (
	("HD View", "columns", "dt"),
	("HD View", "rows", "dt"),
	("HD View", "filters", "dt"),
	("List View Settings", "fields", "name"),
	("List Filter", "filters", "reference_doctype"),
	("Report", "json", "ref_doctype"),
	("Number Card", "filters_json", "document_type"),
	("Dashboard Chart", "filters_json", "document_type"),
)
_NAMED = (("HD View", "order_by", "dt", "modified desc"), ("HD View", "group_by_field", "dt", None))


def install() -> None:
	"""Put them where they are missing: on HD Ticket, and on any other DocType that an enabled plan takes. Ends the caller's
	transaction. What an administrator has changed of them stays.
	"""
	planned = frappe.get_all(
		PLAN, filters={"enabled": 1}, pluck="reference_doctype", distinct=True, order_by="reference_doctype"
	)
	for doctype in dict.fromkeys((sources.HD_TICKET, *planned)):
		if frappe.db.exists("DocType", doctype) and sources.is_source(doctype):
			_put_on(doctype)
	frappe.db.commit()


def install_soon(doctype: str) -> None:
	"""A plan for this DocType was enabled. A worker does it: to change a table ends the transaction."""
	if not has_columns(doctype):
		frappe.db.after_commit.add(lambda: enqueue_once(install, "ticket_columns"))


def _fields(doctype: str) -> list[dict[str, Any]]:
	"""Labels are kept in English, and translated where they are shown."""
	with print_language("en"):
		labels = {STATUS: _("Escalation"), STEP: _("Escalation Steps"), DUE: _("Escalation Due")}
	types = {
		STATUS: {"fieldtype": "Select", "options": _OPTIONS, "in_list_view": 1, "search_index": 1},
		STEP: {"fieldtype": "Data"},
		DUE: {"fieldtype": "Datetime"},
	}
	# Beside the status, because Frappe 15 shows a list's first columns only.
	after = dict(zip(COLUMNS, (sources.source(doctype).status, *COLUMNS), strict=False))
	return [
		{
			"fieldname": column,
			"label": labels[column],
			"insert_after": after[column],
			**types[column],
			**_EACH,
		}
		for column in COLUMNS
	]


def _put_on(doctype: str) -> None:
	create_custom_fields({doctype: _fields(doctype)}, ignore_validate=True, update=False)
	field = frappe.get_doc("Custom Field", {"dt": doctype, "fieldname": STATUS})
	if field.options != _OPTIONS:
		field.options = _OPTIONS
		field.save()
	_permit(doctype)


def _permit(doctype: str) -> None:
	"""Once: what an administrator makes of the level stays. Helpdesk's own updates lay its permissions down anew, and ours are
	put back by the migration that follows. (Frappe's `add_permission` would copy them all to the site, and keep the site from
	Helpdesk's later ones.)
	"""
	for table in ("DocPerm", "Custom DocPerm"):
		rules = frappe.get_all(
			table, filters={"parent": doctype}, fields=["role", "permlevel", "read", "idx"], order_by="idx"
		)
		if any(rule.permlevel == LEVEL for rule in rules):
			continue
		readers = {rule.role for rule in rules if rule.read and not rule.permlevel}
		for number, role in enumerate(sorted(readers & _of_desk()), start=len(rules) + 1):
			rule = {"parent": doctype, "parenttype": "DocType", "parentfield": "permissions", "idx": number}
			frappe.get_doc(
				{"doctype": table, **rule, "role": role, "permlevel": LEVEL, "read": 1}
			).db_insert()
	frappe.clear_cache(doctype=doctype)


def _of_desk() -> set[str]:
	"""The roles of people who work in Desk."""
	return {
		*frappe.get_all(
			"Role", filters={"desk_access": 1, "name": ("not in", _ANYBODY)}, pluck="name", order_by="name"
		)
	}


def remove() -> None:
	"""Take them off every DocType that has them. Ends the caller's transaction."""
	for doctype in frappe.get_all("Custom Field", filters={"fieldname": STATUS}, pluck="dt", order_by="dt"):
		take_off(doctype)


def take_off(doctype: str) -> None:
	"""Fields, columns, permissions, and what people have chosen of them for their lists. Ends the caller's transaction."""
	_forget_choices(doctype)
	for table in ("DocPerm", "Custom DocPerm"):
		frappe.db.delete(table, {"parent": doctype, "permlevel": LEVEL})
	frappe.db.delete("Property Setter", {"doc_type": doctype, "field_name": ("in", COLUMNS)})
	frappe.db.delete("Custom Field", {"dt": doctype, "fieldname": ("in", COLUMNS)})
	frappe.db.commit()
	frappe.clear_cache(doctype=doctype)  # before, or whoever saves a ticket meanwhile still writes to them
	_drop_columns(doctype)
	frappe.clear_cache()  # which columns a table has is remembered as well


def _drop_columns(doctype: str) -> None:
	there = frappe.db.get_table_columns(doctype)
	if frappe.db.db_type == "sqlite":
		for (index,) in frappe.db.sql(
			"select `name` from `sqlite_master` where `type` = 'index' and `tbl_name` = %s and `sql` like %s",
			(f"tab{doctype}", f"%{STATUS}%"),
		):
			frappe.db.sql_ddl(f"drop index `{index}`")
	for column in COLUMNS:
		if column in there:
			frappe.db.sql_ddl(f"alter table `tab{doctype}` drop column `{column}`")


def _forget_choices(doctype: str) -> None:
	for kept_in, column, of in _CHOICES:
		if not frappe.db.table_exists(kept_in):
			continue
		for row in frappe.get_all(kept_in, filters={of: doctype}, fields=["name", column], order_by="name"):
			if _mentions(row[column] or ""):
				frappe.db.set_value(
					kept_in, row.name, column, _text_without(row[column]), update_modified=False
				)
	for kept_in, column, of, otherwise in _NAMED:
		if frappe.db.table_exists(kept_in):
			for row in frappe.get_all(
				kept_in, filters={of: doctype}, fields=["name", column], order_by="name"
			):
				if _mentions(row[column] or ""):
					frappe.db.set_value(kept_in, row.name, column, otherwise, update_modified=False)
	sync_user_settings()
	for user, data in frappe.db.sql(
		"select `user`, `data` from `__UserSettings` where `doctype` = %s order by `user`", (doctype,)
	):
		if _mentions(data or ""):
			frappe.db.sql(
				"update `__UserSettings` set `data` = %s where `doctype` = %s and `user` = %s",
				(_text_without(data), doctype, user),
			)
	frappe.cache.delete_value("_user_settings")


def _text_without(text: str) -> str:
	try:
		return json.dumps(_without(json.loads(text)))
	except ValueError:
		return text  # not ours to judge


def _without(choice: Any) -> Any:
	"""A choice of fields, whatever its form, without ours: a field, a condition, a column, a sorting."""
	if isinstance(choice, dict):
		return {key: _without(value) for key, value in choice.items() if not _mentions(key, value)}
	if isinstance(choice, list):
		return [_without(each) for each in choice if not _mentions(*_parts(each))]
	return choice


def _parts(each: Any) -> Iterable[Any]:
	if isinstance(each, dict):
		return (*each.keys(), *each.values())
	return each if isinstance(each, list) else (each,)


def _mentions(*values: Any) -> bool:
	return any(isinstance(value, str) and column in value for value in values for column in COLUMNS)
