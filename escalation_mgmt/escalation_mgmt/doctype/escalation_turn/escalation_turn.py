from frappe.model.document import Document


class EscalationTurn(Document):
	"""When a member of a team was chosen last, by steps that go to the next in turn."""
