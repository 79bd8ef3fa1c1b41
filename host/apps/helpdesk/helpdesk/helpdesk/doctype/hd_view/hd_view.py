from frappe.model.document import Document


class HDView(Document):
	pass
