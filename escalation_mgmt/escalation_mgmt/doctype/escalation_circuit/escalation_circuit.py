from frappe.model.document import Document


class EscalationCircuit(Document):
	"""A provider of a method, or an endpoint, that has refused messages and taken none since. Written by `storage.circuits` alone."""
