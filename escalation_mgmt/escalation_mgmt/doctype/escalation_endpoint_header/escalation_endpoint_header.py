from frappe.model.document import Document


class EscalationEndpointHeader(Document):
	pass
