from frappe.model.document import Document


class HDCustomerMember(Document):
	pass
