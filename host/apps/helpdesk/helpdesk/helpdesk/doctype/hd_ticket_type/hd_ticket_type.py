from frappe.model.document import Document


class HDTicketType(Document):
	pass
