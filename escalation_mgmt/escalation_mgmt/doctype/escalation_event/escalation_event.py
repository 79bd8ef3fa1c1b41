from frappe.model.document import Document


class EscalationEvent(Document):
	pass
