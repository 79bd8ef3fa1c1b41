from frappe.model.document import Document


class EscalationDeviceSecret(Document):
	"""What only our code reads of the device of the same name: where its push service is, and its keys."""
