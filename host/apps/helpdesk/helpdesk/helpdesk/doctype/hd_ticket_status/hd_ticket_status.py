import frappe
from frappe.model.document import Document


class HDTicketStatus(Document):
	def validate(self):
		before = self.get_doc_before_save()
		if before and before.category != self.category:
			self.keep_one_of(before.category)

	def keep_one_of(self, category):
		if not frappe.db.exists("HD Ticket Status", {"category": category, "name": ["!=", self.name]}):
			frappe.throw(frappe._("The last status of category {0} can't leave it.").format(category))
