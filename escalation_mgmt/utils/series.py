"""Names in a series (ESC-00001, ESC-00002, ...), as Frappe makes them."""

import frappe
from frappe.model.naming import NAMING_SERIES_PATTERN, getseries, make_autoname, parse_naming_series


def next_name(doctype: str) -> str:
	"""The next name of a DocType, by its own rule. Whoever takes one holds the counter until their transaction ends."""
	rule = frappe.get_meta(doctype).autoname or ""
	# A rule of the site's own that is no series, which Frappe has for documents, would count nothing.
	if rule != "hash" and not (".#" in rule and NAMING_SERIES_PATTERN.match(rule)):
		rule = frappe.db.get_value("DocType", doctype, "autoname")
	if frappe.db.db_type != "mariadb" or "#" not in rule:
		return make_autoname(rule, doctype)
	return parse_naming_series(rule, number_generator=_next)


def free_name(doctype: str) -> str:
	"""The next name that no row has yet."""
	name = next_name(doctype)
	while frappe.db.exists(doctype, name):
		name = next_name(doctype)
	return name


def _next(series: str, digits: int) -> str:
	"""One statement, in place of Frappe's two and the building of their texts: a third of the time."""
	frappe.db.sql(
		"update `tabSeries` set `current` = last_insert_id(`current` + 1) where `name` = %s", (series,)
	)
	cursor = frappe.db._cursor
	if not cursor.rowcount:  # its first, or one without a number
		return getseries(series, digits)
	return f"{cursor.lastrowid:0{digits}d}"
