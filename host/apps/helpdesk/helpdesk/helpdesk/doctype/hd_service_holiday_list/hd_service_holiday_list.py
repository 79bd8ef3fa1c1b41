from frappe.model.document import Document


class HDServiceHolidayList(Document):
	pass
