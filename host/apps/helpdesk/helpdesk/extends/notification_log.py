import frappe


def before_insert(doc, _event=None):
	"""An assignment's line in Desk leads to the agent page."""
	if doc.type == "Assignment" and doc.document_type == "HD Ticket" and doc.document_name:
		doc.link = frappe.utils.get_url(f"/helpdesk/tickets/{doc.document_name}")
