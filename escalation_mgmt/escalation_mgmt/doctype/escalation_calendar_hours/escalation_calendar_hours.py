from frappe.model.document import Document


class EscalationCalendarHours(Document):
	pass
