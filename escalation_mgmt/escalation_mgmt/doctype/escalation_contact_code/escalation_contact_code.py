from frappe.model.document import Document


class EscalationContactCode(Document):
	"""The code that waits to verify the number of the contact of the same name. Read by `api.contacts` alone."""
