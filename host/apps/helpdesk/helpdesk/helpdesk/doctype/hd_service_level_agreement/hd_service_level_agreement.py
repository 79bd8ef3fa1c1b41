"""When an answer and a resolution are due, in working time."""

from datetime import datetime, timedelta

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_datetime, get_weekdays, getdate, now_datetime, to_timedelta


class HDServiceLevelAgreement(Document):
	def validate(self):
		self.keep_one_default()
		self.check_priorities()
		self.check_working_hours()

	def before_save(self):
		chosen = [row.priority for row in self.priorities if row.default_priority]
		if len(chosen) != 1:
			frappe.throw(_("Select one Default Priority."))
		self.default_priority = chosen[0]

	def on_trash(self):
		if self.default_sla and not frappe.db.exists(
			self.doctype, {"default_sla": 1, "name": ["!=", self.name]}
		):
			frappe.throw(_("Another agreement must be the default first."))

	def keep_one_default(self):
		other = frappe.db.exists(self.doctype, {"default_sla": 1, "name": ["!=", self.name]})
		if self.default_sla and other:
			frappe.db.set_value(self.doctype, other, "default_sla", 0)
		elif not self.default_sla and not other:
			frappe.throw(_("One agreement must be the default."))

	def check_priorities(self):
		names = [row.priority for row in self.priorities]
		if len(names) != len(set(names)):
			frappe.throw(_("A priority is there twice."))
		for row in self.priorities:
			if not row.response_time or (self.apply_sla_for_resolution and not row.resolution_time):
				frappe.throw(_("Row {0}: a time is missing.").format(row.idx))

	def check_working_hours(self):
		days = [row.workday for row in self.support_and_resolution]
		if len(days) != len(set(days)):
			frappe.throw(_("A workday is there twice."))
		for row in self.support_and_resolution:
			if to_timedelta(row.start_time) >= to_timedelta(row.end_time):
				frappe.throw(_("Row {0}: the end comes before the start.").format(row.idx))

	def apply(self, ticket):
		"""Called on each save of a ticket: its dates are computed anew every time."""
		if ticket.is_new():
			ticket.service_level_agreement_creation = (
				ticket.service_level_agreement_creation or now_datetime()
			)
			ticket.priority = ticket.priority or self.default_priority
		elif ticket.has_value_changed("status"):
			self.note_change_of_status(ticket)
		start = get_datetime(ticket.service_level_agreement_creation)
		row = self.row_of(ticket.priority)
		ticket.response_by = self.after(start, row.response_time)
		ticket.resolution_by = self.after(start, (row.resolution_time or 0) + (ticket.total_hold_time or 0))
		ticket.agreement_status = self.agreement_status(ticket)

	def note_change_of_status(self, ticket):
		before = ticket.get_doc_before_save()
		if before.status_category == "Resolved" and ticket.status == "Closed":
			return
		now = now_datetime()
		start = get_datetime(ticket.service_level_agreement_creation)
		if ticket.first_responded_on:
			responded = get_datetime(ticket.first_responded_on)
			ticket.first_response_time = self.working_seconds(start, responded)
			if responded > get_datetime(ticket.response_by):
				ticket.first_response_failed_by = self.working_seconds(
					get_datetime(ticket.response_by), responded
				)
		paused_since = ticket.on_hold_since or before.resolution_date
		if ticket.status_category == "Resolved":
			if not ticket.resolution_date or ticket.has_value_changed("status_category"):
				ticket.resolution_date = now
				spent = self.working_seconds(start, now) - (ticket.total_hold_time or 0)
				ticket.resolution_time = max(spent, 0)
				if now > get_datetime(ticket.resolution_by):
					ticket.resolution_failed_by = self.working_seconds(
						get_datetime(ticket.resolution_by), now
					)
		else:
			ticket.resolution_date = ticket.resolution_time = None
		if ticket.status_category == "Paused":
			if before.status_category != "Paused":
				ticket.on_hold_since = now
		else:
			ticket.on_hold_since = None
			if paused_since:
				held = self.working_seconds(get_datetime(paused_since), now)
				ticket.total_hold_time = (ticket.total_hold_time or 0) + held

	def agreement_status(self, ticket) -> str:
		now = now_datetime()
		late = get_datetime(ticket.response_by) < get_datetime(ticket.first_responded_on or now)
		if self.apply_sla_for_resolution and ticket.resolution_by:
			late = late or get_datetime(ticket.resolution_by) < get_datetime(ticket.resolution_date or now)
		if late:
			return "Failed"
		if ticket.on_hold_since:
			return "Paused"
		if not ticket.first_responded_on:
			return "First Response Due"
		if self.apply_sla_for_resolution and not ticket.resolution_date:
			return "Resolution Due"
		return "Fulfilled"

	def row_of(self, priority):
		for row in self.priorities:
			if row.priority == priority:
				return row
		frappe.throw(_("Please add {0} to the agreement {1}").format(priority, self.name))

	def after(self, start: datetime, seconds: float) -> datetime:
		"""The instant that lies so much working time after the start."""
		left = timedelta(seconds=seconds)
		at = start
		for opens, closes in self.working_times(start):
			at = max(at, opens)
			if at + left <= closes:
				return at + left
			left -= max(closes - at, timedelta())
		return start + timedelta(seconds=seconds)

	def working_seconds(self, start: datetime, end: datetime) -> float:
		total = timedelta()
		for opens, closes in self.working_times(start):
			if opens >= end:
				break
			total += max(min(closes, end) - max(opens, start), timedelta())
		return total.total_seconds()

	def working_times(self, start: datetime):
		"""(opening, closing) of each working day from that of the start on, ten years at most."""
		hours = {
			row.workday: (to_timedelta(row.start_time), to_timedelta(row.end_time))
			for row in self.support_and_resolution
		}
		closed = set(self.get_holidays())
		names = get_weekdays()
		midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
		for days in range(3653):
			day = midnight + timedelta(days=days)
			name = names[day.weekday()]
			if name in hours and day.date() not in closed:
				yield day + hours[name][0], day + hours[name][1]

	def get_holidays(self):
		dates = frappe.get_all(
			"HD Holiday", filters={"parent": self.holiday_list}, pluck="holiday_date", order_by="holiday_date"
		)
		return [getdate(date) for date in dates]


def get_sla(ticket):
	"""The first enabled agreement whose dates, priorities and condition take the ticket; else the default."""
	today = getdate()
	for name in frappe.get_all(
		"HD Service Level Agreement", {"enabled": 1, "default_sla": 0}, pluck="name", order_by="creation desc"
	):
		sla = frappe.get_cached_doc("HD Service Level Agreement", name)
		if (sla.start_date and getdate(sla.start_date) > today) or (
			sla.end_date and getdate(sla.end_date) < today
		):
			continue
		if ticket.priority and ticket.priority not in [row.priority for row in sla.priorities]:
			continue
		if sla.condition and frappe.safe_eval(sla.condition, None, {"doc": ticket.as_dict()}):
			return sla
	default = frappe.db.get_value("HD Service Level Agreement", {"enabled": 1, "default_sla": 1})
	return frappe.get_cached_doc("HD Service Level Agreement", default) if default else None
