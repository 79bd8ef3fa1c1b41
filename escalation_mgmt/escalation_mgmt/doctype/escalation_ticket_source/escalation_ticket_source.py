from frappe.model.document import Document


class EscalationTicketSource(Document):
	pass
