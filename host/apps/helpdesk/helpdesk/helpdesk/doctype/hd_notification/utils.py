"""The bell of Helpdesk's pages: a line for one user, of one ticket."""

import frappe


def notify(ticket: str, user: str, what: str):
	"""`what` is one of the types that Helpdesk knows: Assignment, Mention, Reaction."""
	doc = frappe.new_doc("HD Notification")
	doc.update(
		{
			"user_from": frappe.session.user,
			"user_to": user,
			"notification_type": what,
			"reference_ticket": ticket,
		}
	)
	doc.insert(ignore_permissions=True)


@frappe.whitelist()
def clear(ticket: str | None = None, comment: str | None = None):
	"""Mark one's own as read: those of a ticket, of a comment, or all."""
	filters = {"user_to": frappe.session.user, "read": 0}
	filters |= {"reference_ticket": ticket} if ticket else {}
	filters |= {"reference_comment": comment} if comment else {}
	for name in frappe.get_all("HD Notification", filters, pluck="name", order_by="name"):
		frappe.db.set_value("HD Notification", name, "read", 1, update_modified=False)
