import json

from frappe.model.document import Document

from escalation_mgmt.storage import wording
from escalation_mgmt.utils import clock


class EscalationEvent(Document):
	"""One line of an action item's history. Only ever appended, by `history` alone."""

	@property
	def at(self):
		return clock.to_site(self.at_utc)

	@property
	def line(self) -> str:
		return wording.in_words(self.kind, self.step, json.loads(self.data or "{}"))
