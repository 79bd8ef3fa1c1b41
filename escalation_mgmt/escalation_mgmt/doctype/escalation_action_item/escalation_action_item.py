import frappe
from frappe.model.document import Document

from escalation_mgmt.engine import Status
from escalation_mgmt.storage import action_items
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.views import account


class EscalationActionItem(Document):
	"""One escalation of one ticket. Written by `storage.decisions` alone; what people see of its times is derived."""

	def before_print(self, _settings=None):
		"""What the print format *Escalation Account* shows."""
		self.account = account.of_item(self)

	@property
	def progress(self) -> str:
		return progress(self)

	@property
	def acknowledgements(self) -> str:
		return action_items.tally(self)

	@property
	def due_at(self):
		return clock.to_site(self.due_utc)

	@property
	def last_update_at(self):
		return clock.to_site(self.updated_utc)

	@property
	def acknowledged_at(self):
		return clock.to_site(self.acknowledged_utc)

	@property
	def opened_at(self):
		return clock.to_site(self.opened_utc)

	@property
	def ended_at(self):
		return clock.to_site(self.ended_utc)


def progress(item) -> str:
	"""The current step of how many, and the run of a plan that repeats."""
	if item.status == Status.SCHEDULED:
		return f"0 / {item.step_count or 0}"
	repeated = f" ({(item.run or 0) + 1})" if item.run else ""
	return f"{item.current_step or 0} / {item.step_count or 0}{repeated}"


def on_doctype_update() -> None:
	"""The last item of a ticket for a clock, which a sweep asks of every ticket, and whether a ticket ever had one."""
	fields = ["reference_name", "reference_doctype", "clock", "opened_utc", "ticket_created"]
	frappe.db.add_index(ITEM, fields, "escalation_of_ticket")
