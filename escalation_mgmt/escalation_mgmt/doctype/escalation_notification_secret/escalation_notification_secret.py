from frappe.model.document import Document


class EscalationNotificationSecret(Document):
	"""What only our code reads of the message of the same name: its full address, reply code, token hashes, and what somebody wrote to whom it pages. Nobody has a right to it, because whoever may list rows may ask for any of their columns."""
