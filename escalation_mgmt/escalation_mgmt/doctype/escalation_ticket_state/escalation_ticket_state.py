from frappe.model.document import Document


class EscalationTicketState(Document):
	"""A ticket as it was last seen, so that a raise and a reopening are found whoever finds them."""
