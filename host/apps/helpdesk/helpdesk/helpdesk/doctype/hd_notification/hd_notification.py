from frappe.model.document import Document


class HDNotification(Document):
	pass
