from frappe.model.document import Document


class EscalationPlan(Document):
	pass
