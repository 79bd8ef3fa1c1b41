import frappe
from frappe.model.document import Document

from helpdesk.helpdesk.doctype.hd_agent_status.hd_agent_status import get_active_status


class HDAgent(Document):
	def autoname(self):
		self.name = self.user

	def before_insert(self):
		self.availability = self.availability or get_active_status()

	def before_validate(self):
		self.agent_name = self.agent_name or frappe.db.get_value("User", self.user, "full_name")

	def before_save(self):
		before = self.get_doc_before_save()
		if not before or before.availability != self.availability:
			self.availability_changed_on = frappe.utils.now()

	def after_insert(self):
		frappe.get_doc("User", self.user).add_roles("Agent")
