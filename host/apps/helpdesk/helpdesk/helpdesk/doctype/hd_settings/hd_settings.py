from frappe.model.document import Document


class HDSettings(Document):
	pass
