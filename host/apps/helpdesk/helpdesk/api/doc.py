"""What the ticket list asks for."""

import frappe
from frappe.model import no_value_fields
from frappe.model.document import get_controller

STANDARD = (
	("Name", "Data", "name"),
	("Created On", "Datetime", "creation"),
	("Last Modified", "Datetime", "modified"),
	("Modified By", "Link", "modified_by"),
	("Assigned To", "Text", "_assign"),
	("Owner", "Link", "owner"),
)


@frappe.whitelist()
def get_list_data(  # noqa: PLR0913 as Helpdesk's is called
	doctype: str,
	filters: dict | list | str | None = None,
	order_by: str = "modified desc",
	page_length: int = 20,
	columns: list | str | None = None,
	rows: list | str | None = None,
	show_customer_portal_fields: bool = False,
	is_default: bool = False,
) -> dict:
	"""The rows of a list with the columns that somebody chose (of any field that the DocType keeps), or the default ones."""
	filters = frappe.parse_json(filters or [])
	columns, rows = frappe.parse_json(columns or []), frappe.parse_json(rows or [])
	controller = get_controller(doctype)
	if is_default and not (columns or rows) and hasattr(controller, "default_list_data"):
		default = controller.default_list_data(show_customer_portal_fields)
		columns, rows = default["columns"], default["rows"]
	seen = ["_seen"] if doctype == "HD Ticket" else []
	rows = list(dict.fromkeys([*rows, *(column["key"] for column in columns), "name", *seen]))
	data = frappe.get_list(doctype, fields=rows, filters=filters, order_by=order_by, page_length=page_length)
	return {
		"data": data,
		"columns": columns,
		"rows": rows,
		"fields": fields_of(doctype) if doctype == "HD Ticket" else [],
		"row_count": len(data),
		"total_count": len(frappe.get_list(doctype, filters=filters, pluck="name", page_length=0)),
	}


def fields_of(doctype: str) -> list[dict]:
	"""What can be chosen as a column: custom fields as well."""
	own = [
		{"label": field.label, "type": field.fieldtype, "value": field.fieldname, "options": field.options}
		for field in frappe.get_meta(doctype).fields
		if field.fieldtype not in no_value_fields and field.label and field.fieldname
	]
	return own + [{"label": label, "type": type_, "value": name} for label, type_, name in STANDARD]
