"""Items remember when their ticket was created, because its name alone may be given again.

An item that had ended before the ticket of its name was created, or whose ticket is gone, was about an earlier one: what
it gets is a stamp that no ticket has.
"""

from datetime import timedelta

import frappe

from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.identity import stamp_of

AMBIGUOUS = timedelta(hours=1)  # where clocks go back, a stamp's instant isn't known better
NEVER = "1900-01-01 00:00:00"


def execute() -> None:
	last = ""
	while found := frappe.get_all(
		ITEM,
		filters={"ticket_created": ("is", "not set"), "name": (">", last)},
		fields=["name", "reference_doctype", "reference_name", "running_ticket", "opened_utc"],
		order_by="name asc",
		limit=rows.CHUNK,
	):
		stamps = [(row, _stamp(row)) for row in found]
		# Without a stamp, what runs is ended by the sweep, as that of a ticket that is gone.
		known = [
			{"name": row.name, "ticket_created": stamp or NEVER}
			for row, stamp in stamps
			if stamp or not row.running_ticket
		]
		rows.update_all(ITEM, known)
		frappe.db.commit()  # nobody waits for all of them, and an upgrade that was interrupted goes on here
		last = found[-1].name


def _stamp(row):
	if not frappe.db.table_exists(row.reference_doctype):
		return None
	stamp = stamp_of(row.reference_doctype, row.reference_name)
	earlier = stamp and not row.running_ticket and row.opened_utc < clock.to_utc(stamp) - AMBIGUOUS
	return None if earlier else stamp
