import frappe
from frappe.model.document import Document


class HDTicketActivity(Document):
	pass


def log_ticket_activity(ticket, action):
	doc = frappe.new_doc("HD Ticket Activity")
	doc.update({"ticket": ticket, "action": action})
	return doc.insert(ignore_permissions=True)
