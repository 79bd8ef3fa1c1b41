import frappe
from frappe import _
from frappe.model.document import Document


def only_for_system_managers() -> None:
	"""Raises PermissionError for anybody else: a source says what every plan may read."""
	if "System Manager" not in frappe.get_roles():
		frappe.throw(
			_("Only a System Manager may change Tickets of Other DocTypes: it says what plans may read."),
			frappe.PermissionError,
		)


class EscalationTicketSource(Document):
	"""How tickets of one DocType are read. A row of Escalation Settings, which check it; Frappe's API can also save one alone,
	past them."""

	def validate(self) -> None:
		only_for_system_managers()

	def on_trash(self) -> None:
		only_for_system_managers()
