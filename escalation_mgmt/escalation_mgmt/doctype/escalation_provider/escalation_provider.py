from frappe.model.document import Document


class EscalationProvider(Document):
	"""A further provider of a method, in its place of the order. Its secrets live only here."""
