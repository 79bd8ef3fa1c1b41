import frappe
from frappe.model.document import Document


class HDAgent(Document):
	def autoname(self):
		self.name = self.user

	def before_validate(self):
		self.agent_name = self.agent_name or frappe.db.get_value("User", self.user, "full_name")

	def after_insert(self):
		frappe.get_doc("User", self.user).add_roles("Agent")
