import frappe
from frappe import _
from frappe.model.document import Document

from escalation_mgmt.facts import calendars
from escalation_mgmt.utils import clock


class EscalationCalendar(Document):
	"""Working hours and holidays in a time zone, for plans that count in them or hold steps until then."""

	def validate(self) -> None:
		self.time_zone = self.time_zone or clock.zone()
		try:
			calendars.of_doc(self)
		except calendars.Unusable as e:
			frappe.throw(str(e), title=_("The calendar can't be saved"))
