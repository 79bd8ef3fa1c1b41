from frappe.model.document import Document


class EscalationPlanPriority(Document):
	pass
