from frappe.model.document import Document


class HDFormScript(Document):
	"""A script of the agent page. Kept here; the stand-in has no such page that would run it."""
