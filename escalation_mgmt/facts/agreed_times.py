"""What a service level agreement says of a ticket that nobody has logged: by when it would be answered, and resolved.

Of one that was logged its helpdesk has said so, in the ticket itself. Helpdesk's agreements and ERPNext's share these names.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import frappe
from frappe.utils import cint

from escalation_mgmt.engine import Clock
from escalation_mgmt.facts import calendars, sources

_TIMES = {Clock.FIRST_RESPONSE: "response_time", Clock.RESOLUTION: "resolution_time"}


def deadline(doctype: str, facts: Mapping[str, str], clock: Clock, opened_at: datetime) -> datetime | None:
	"""By when (UTC) a ticket with this "agreement" and "priority", logged at an instant (UTC), is to be answered or resolved; None:
	its agreement doesn't say, or there is none.
	"""
	of, name = sources.agreement_doctype(doctype), facts.get("agreement")
	if not (of and name and clock in _TIMES and frappe.db.exists(of, name)):
		return None
	agreement = frappe.get_doc(of, name)
	if clock is Clock.RESOLUTION and not cint(agreement.get("apply_sla_for_resolution", 1)):
		return None
	row = next((row for row in agreement.priorities if row.priority == facts.get("priority")), None)
	row = row or next((row for row in agreement.priorities if row.default_priority), None)
	seconds = cint(row.get(_TIMES[clock])) if row else 0
	if not seconds:
		return None
	try:
		return calendars.of_doc(agreement).add(opened_at, timedelta(seconds=seconds))
	except calendars.Unusable:
		return None
