from frappe.model.document import Document


class EscalationActionItem(Document):
	pass
