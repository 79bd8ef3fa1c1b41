import frappe
from frappe.model.document import Document

from escalation_mgmt import permissions
from escalation_mgmt.storage import message_secrets
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import NOTIFICATION


class EscalationNotification(Document):
	"""One message to one person by one method. Written by `outbox` and `delivery` alone; its secrets by `message_secrets`."""

	@property
	def address(self) -> str:
		"""In full, for whoever manages escalations; empty for anybody else, and once retention has taken it."""
		manages = permissions.sees_all(frappe.session.user)
		return message_secrets.address_of(self.name) if manages and self.name else ""

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


def on_doctype_update() -> None:
	"""What is claimed next of a method, by its order; and what a person was handed lately, whatever else they ever had."""
	frappe.db.add_index(NOTIFICATION, ["method", "urgency", "next_attempt_utc"], "escalation_in_order")
	frappe.db.add_index(NOTIFICATION, ["user", "method", "handed_utc"], "escalation_handed_to")
