import json

import frappe
from frappe.model.document import Document

from escalation_mgmt.storage import wording
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import EVENT


class EscalationEvent(Document):
	"""One line of an action item's history. Only ever appended, by `history` alone."""

	@property
	def at(self):
		return clock.to_site(self.at_utc)

	@property
	def line(self) -> str:
		return wording.in_words(self.kind, self.step, json.loads(self.data or "{}"))


def on_doctype_update() -> None:
	"""The lines of an item; and what reports count of them, for which the index alone is read."""
	frappe.db.add_index(EVENT, ["action_item", "at_utc", "kind", "step"], "escalation_of_item")
