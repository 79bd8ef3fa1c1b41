from frappe.model.document import Document


class HDCommentReaction(Document):
	pass
