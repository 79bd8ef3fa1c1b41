from frappe.model.document import Document

from escalation_mgmt.utils import clock


class EscalationDevice(Document):
	"""One device of one user that takes notifications. Written by `devices` alone; its address stays in it."""

	@property
	def added_at(self):
		return clock.to_site(self.added_utc)

	@property
	def last_used_at(self):
		return clock.to_site(self.last_used_utc)
