import frappe
from frappe import _


def on_trash(doc, _event=None):
	if doc.document_type == "HD Ticket" and not frappe.db.exists(
		"Assignment Rule", {"document_type": "HD Ticket", "name": ("!=", doc.name)}
	):
		frappe.throw(_("Keep one assignment rule for tickets."))
