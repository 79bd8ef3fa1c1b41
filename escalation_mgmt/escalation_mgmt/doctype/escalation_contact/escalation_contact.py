from frappe.model.document import Document


class EscalationContact(Document):
	pass
