from frappe.model.document import Document

from escalation_mgmt.utils import clock


class EscalationNotification(Document):
	"""One message to one person by one method. Written by `outbox` and `delivery` alone."""

	@property
	def planned_at(self):
		return clock.to_site(self.planned_utc)

	@property
	def created_at(self):
		return clock.to_site(self.created_utc)

	@property
	def sent_at(self):
		return clock.to_site(self.sent_utc)

	@property
	def next_attempt_at(self):
		return clock.to_site(self.next_attempt_utc)
