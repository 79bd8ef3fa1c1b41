"""Calendars: from documents to the engine's own, read at the moment that they are asked for (design rule 2).

Beside `sources.py` the one file that knows Helpdesk's field names: those of HD Service Level Agreement and its
holiday list, which ERPNext's agreements share, and ours too. Agreements have no time zone: theirs is the site's.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.utils import formatdate, getdate, to_timedelta

from escalation_mgmt.engine import (
	AROUND_THE_CLOCK,
	Calendar,
	CalendarKind,
	Hours,
	NoWorkingTime,
	Plan,
	Ticket,
	UnknownZone,
	WorkingTime,
)
from escalation_mgmt.facts import sources
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import CALENDAR

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Unusable(Exception):
	"""Why a calendar can't be used, in words for a person."""


class Calendars:
	"""The calendars of one moment, each read once. Make a new one for every set."""

	def __init__(self) -> None:
		self._read: dict[tuple[str, str], WorkingTime] = {}

	def of(self, plan: Plan, ticket: Ticket) -> WorkingTime:
		"""What the plan's calendar says now; why there is none, where it can't be used any more."""
		if not plan.asks_calendar:
			return AROUND_THE_CLOCK
		if plan.calendar is CalendarKind.CALENDAR:
			key = CALENDAR, plan.calendar_name
		else:
			key = sources.agreement_doctype(ticket.doctype), plan.calendar_name or ticket.agreement
		if key not in self._read:
			self._read[key] = _working_time(*key)
		return self._read[key]


def of_plan(plan: Plan) -> list[tuple[str, str]]:
	"""The calendars that a plan may go by: (DocType, name)."""
	if not plan.asks_calendar:
		return []
	if plan.calendar is CalendarKind.CALENDAR:
		return [(CALENDAR, plan.calendar_name)]
	doctype = plan.takes.doctype
	names = [plan.calendar_name] if plan.calendar_name else sources.agreements(doctype)
	return [(sources.agreement_doctype(doctype), name) for name in names]


def ending(doctype: str, name: str, by: date) -> Iterator[str]:
	"""What of a calendar ends by a date, in words; nothing, where it can't be used at all."""
	try:
		calendar = read(doctype, name)
	except Unusable:
		return
	if calendar.holidays and max(calendar.holidays) < by:
		last = formatdate(max(calendar.holidays))
		yield _("{0} knows no holidays after {1}. Enter those that follow.").format(
			f"{_(doctype)} {name}", last
		)
	ends = frappe.db.get_value(doctype, name, "end_date") if doctype != CALENDAR else None
	if ends and getdate(ends) < by:
		yield _("{0} ends on {1}.").format(f"{_(doctype)} {name}", formatdate(ends))


def _working_time(doctype: str, name: str) -> WorkingTime:
	try:
		return WorkingTime(read(doctype, name))
	except Unusable as e:
		return WorkingTime(missing=str(e))


def read(doctype: str, name: str) -> Calendar:
	"""The calendar of that name: an Escalation Calendar, or an agreement. Raises Unusable."""
	if not (doctype and name):
		raise Unusable(_("The ticket is under no service level agreement."))
	if not (frappe.db.exists("DocType", doctype) and frappe.db.exists(doctype, name)):
		raise Unusable(_("There is no {0} {1}.").format(_(doctype), name))
	return of_doc(frappe.get_doc(doctype, name))


def of_doc(doc: Any) -> Calendar:
	"""The calendar that a document describes, saved or not. Raises Unusable."""
	ours = doc.doctype == CALENDAR
	name = f"{_(doc.doctype)} {doc.name or doc.title}"
	try:
		return Calendar(
			zone=doc.time_zone if ours else clock.zone(),
			week=tuple(
				Hours(WEEKDAYS.index(row.workday), to_timedelta(row.start_time), to_timedelta(row.end_time))
				for row in (doc.hours if ours else doc.support_and_resolution)
			),
			holidays=frozenset(
				getdate(row.holiday_date) for row in (doc.holidays if ours else _holidays(doc))
			),
		)
	except NoWorkingTime as e:
		if e.after and e.before:
			raise Unusable(
				_("{0} leaves no working time after {1} and before {2}: too many holidays.").format(
					name, formatdate(e.after), formatdate(e.before)
				)
			) from None
		raise Unusable(_("{0} has no working hours.").format(name)) from None
	except UnknownZone as e:
		raise Unusable(_("{0} has an unknown time zone: {1}.").format(name, e.zone)) from None
	except (ValueError, TypeError, OverflowError) as e:
		raise Unusable(_("{0} has hours that are none of a weekday.").format(name)) from e


def _holidays(agreement: Any) -> list[Any]:
	field = agreement.meta.get_field("holiday_list")
	if not (agreement.holiday_list and frappe.db.exists(field.options, agreement.holiday_list)):
		return []
	return frappe.get_doc(field.options, agreement.holiday_list).holidays
