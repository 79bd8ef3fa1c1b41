import frappe
from frappe import _

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
	"""The source is closed and points to the target, which keeps living; both say so."""
	if not is_agent():
		frappe.throw(_("Only agents merge tickets"), frappe.PermissionError)
	if source == target:
		frappe.throw(_("A ticket can't be merged with itself"))
	for name in (source, target):
		if not frappe.db.exists("HD Ticket", name):
			frappe.throw(_("There is no ticket {0}").format(name))
	ticket = frappe.get_doc("HD Ticket", source)
	ticket.update({"status": "Closed", "is_merged": 1, "merged_with": target})
	ticket.save()
	ticket.reply_via_agent(f"This ticket goes on as #{target}.")
	frappe.get_doc("HD Ticket", target).new_comment(
		f"Ticket #{source} has been merged with ticket #{target}."
	)
