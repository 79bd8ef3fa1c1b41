import frappe
from frappe.model.document import Document

from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import DEVICE_SECRET


class EscalationDevice(Document):
	"""One device of one user that takes notifications. Written by `devices` alone, its address and keys apart."""

	def after_delete(self) -> None:
		frappe.db.delete(DEVICE_SECRET, {"name": self.name})

	@property
	def added_at(self):
		return clock.to_site(self.added_utc)

	@property
	def last_used_at(self):
		return clock.to_site(self.last_used_utc)
