import frappe
from frappe import _
from frappe.model.document import Document


class HDAgentStatus(Document):
	"""Active, Away or Unavailable, under names of the site's own. One that is Active always stays."""

	def validate(self):
		if not self.is_new() and not (self.category == "Active" and self.enable):
			self.keep_one_active()

	def on_trash(self):
		if self.category == "Active":
			self.keep_one_active()

	def keep_one_active(self):
		if not frappe.db.exists(
			"HD Agent Status", {"category": "Active", "enable": 1, "name": ("!=", self.name)}
		):
			frappe.throw(_("One enabled status must be Active."))


def get_active_status() -> str | None:
	return frappe.db.get_value("HD Agent Status", {"category": "Active", "enable": 1}, "name")
