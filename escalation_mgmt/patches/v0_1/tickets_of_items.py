"""Items remember when their ticket was created, because its name alone may be given again.

An item that had ended before the ticket of its name was created, or whose ticket is gone, was about an earlier one: what
it gets is a stamp that no ticket has.
"""

from datetime import timedelta

import frappe

from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.identity import stamp_of

AMBIGUOUS = timedelta(hours=1)  # where clocks go back, a stamp's instant isn't known better
NEVER = "1900-01-01 00:00:00"


def execute() -> None:
	rows = frappe.get_all(
		ITEM,
		filters={"ticket_created": ("is", "not set")},
		fields=["name", "reference_doctype", "reference_name", "running_ticket", "opened_utc"],
		order_by="name",
		limit_page_length=0,
	)
	for row in rows:
		stamp = _stamp(row)
		if stamp is None and row.running_ticket:
			continue  # the sweep ends it, as that of a ticket that is gone
		frappe.db.set_value(ITEM, row.name, "ticket_created", stamp or NEVER, update_modified=False)


def _stamp(row):
	if not frappe.db.table_exists(row.reference_doctype):
		return None
	stamp = stamp_of(row.reference_doctype, row.reference_name)
	earlier = stamp and not row.running_ticket and row.opened_utc < clock.to_utc(stamp) - AMBIGUOUS
	return None if earlier else stamp
