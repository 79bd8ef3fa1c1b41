from frappe.model.document import Document


class EscalationPlanVersion(Document):
	pass
