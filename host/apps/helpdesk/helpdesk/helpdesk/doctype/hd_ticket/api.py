import frappe
from frappe import _

from helpdesk.helpdesk.doctype.hd_ticket_activity.hd_ticket_activity import log_ticket_activity
from helpdesk.utils import is_agent


@frappe.whitelist()
def get_one(name: str, is_customer_portal: bool = False):
	"""As the customers' portal reads a ticket: whatever columns it has."""
	frappe.has_permission("HD Ticket", "read", name, throw=True)
	table = frappe.qb.DocType("HD Ticket")
	(ticket,) = frappe.qb.from_(table).select(table.star).where(table.name == name).run(as_dict=True)
	return {**ticket, "comments": [], "communications": [], "fields": []}


@frappe.whitelist()
def merge_ticket(source: str, target: str):
	"""The source is closed and points to the target, which keeps living."""
	if not is_agent():
		frappe.throw(_("Only agents merge tickets"), frappe.PermissionError)
	if str(source) == str(target):
		frappe.throw(_("A ticket can't be merged with itself"))
	ticket = frappe.get_doc("HD Ticket", source)
	ticket.update({"status": "Closed", "is_merged": 1, "merged_with": int(target)})
	ticket.save()
	log_ticket_activity(target, f"has merged ticket #{source}")
