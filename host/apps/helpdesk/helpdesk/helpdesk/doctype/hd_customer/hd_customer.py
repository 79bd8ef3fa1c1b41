import frappe
from frappe.model.document import Document

from helpdesk.utils import get_customers, is_agent


class HDCustomer(Document):
	pass


def permission_query(user):
	if is_agent(user):
		return ""
	names = ", ".join(frappe.db.escape(row.name) for row in get_customers(user))
	return f"`tabHD Customer`.`name` in ({names})" if names else "1=0"


def has_permission(doc, ptype, user):
	"""Its members read it, its managers change it."""
	if is_agent(user):
		return True
	row = next((row for row in get_customers(user) if row.name == doc.name), None)
	return bool(row and (row.is_manager or ptype not in ("write", "delete")))
