"""What tickets are now is remembered, so that a raise and a reopening are found; and every enabled plan knows since when."""

import frappe

from escalation_mgmt.storage import ticket_states
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import PLAN
from escalation_mgmt.utils.error_reports import report_error


def execute() -> None:
	plans = frappe.get_all(
		PLAN,
		filters={"enabled": 1},
		fields=["name", "reference_doctype", "enabled_utc", "modified"],
		order_by="name",
	)
	for plan in plans:
		if not plan.enabled_utc:
			since = clock.stamp_to_utc(plan.modified)
			frappe.db.set_value(PLAN, plan.name, "enabled_utc", since, update_modified=False)
	for doctype in sorted({plan.reference_doctype for plan in plans}):
		if frappe.db.table_exists(doctype) and not ticket_states.has_begun(doctype):
			_begin(doctype)


def _begin(doctype: str) -> None:
	"""Tickets that can't be read (whose DocType can be no source any more, or lost a field) stop no upgrade: readiness says what
	is wrong, and the first sweep that can read them remembers them.
	"""
	frappe.db.savepoint("escalation_states")
	try:
		ticket_states.begin(doctype)
	except Exception:
		frappe.db.rollback(save_point="escalation_states")
		report_error(f"Escalation: what {doctype} are now can't be remembered")
	else:
		frappe.db.release_savepoint("escalation_states")
