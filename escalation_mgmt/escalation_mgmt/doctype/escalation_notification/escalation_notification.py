from frappe.model.document import Document


class EscalationNotification(Document):
	pass
