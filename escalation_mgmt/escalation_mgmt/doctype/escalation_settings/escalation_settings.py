from frappe.model.document import Document


class EscalationSettings(Document):
	pass
