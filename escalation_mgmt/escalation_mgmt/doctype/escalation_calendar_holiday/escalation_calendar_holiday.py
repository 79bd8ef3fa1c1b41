from frappe.model.document import Document


class EscalationCalendarHoliday(Document):
	pass
