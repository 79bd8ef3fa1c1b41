import frappe
from frappe.model.document import Document

from helpdesk.helpdesk.doctype.hd_team.hd_team import WEEK


class HDSettings(Document):
	def create_base_support_rotation(self):
		"""The rule of tickets without a team: disabled until somebody puts agents into it."""
		rule = frappe.new_doc("Assignment Rule")
		rule.name = "Support Rotation"
		rule.update(
			{
				"document_type": "HD Ticket",
				"assign_condition": "status == 'Open'",
				"priority": 0,
				"disabled": 1,
				"assignment_days": [{"day": day} for day in WEEK],
			}
		)
		rule.save(ignore_permissions=True)
		self.base_support_rotation = rule.name
		self.save(ignore_permissions=True)
