from frappe.model.document import Document


class HDHoliday(Document):
	pass
