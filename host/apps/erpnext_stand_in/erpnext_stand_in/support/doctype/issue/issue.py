import frappe
from frappe.model.document import Document
from frappe.utils import get_datetime, now_datetime, time_diff_in_seconds


class Issue(Document):
	def validate(self):
		if self.is_new():
			self.raised_by = self.raised_by or frappe.session.user
			self.opening_time = now_datetime().strftime("%H:%M:%S")
		self.note_change_of_status()

	def note_change_of_status(self):
		before = self.get_doc_before_save()
		if not before or before.status == self.status:
			return
		now = now_datetime()
		if before.status == "Open" and not self.first_responded_on:
			self.first_responded_on = now
			self.first_response_time = time_diff_in_seconds(now, get_datetime(self.creation))
		self.sla_resolution_date = now if self.status in ("Resolved", "Closed") else None

	def on_communication_update(self, communication):
		"""A customer's message reopens; an agent's is the first response, and Replied."""
		if communication.sent_or_received == "Received":
			self.status = "Open"
		else:
			self.first_responded_on = self.first_responded_on or now_datetime()
			self.status = "Replied" if self.status == "Open" else self.status
		self.save(ignore_permissions=True)
