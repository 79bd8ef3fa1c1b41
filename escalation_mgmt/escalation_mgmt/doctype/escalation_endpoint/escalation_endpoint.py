from frappe.model.document import Document


class EscalationEndpoint(Document):
	pass
