"""Plans from before the acknowledgement time-out have no grace: theirs is what a new plan begins with."""

import frappe

GRACE = 600  # seconds


def execute() -> None:
	frappe.db.sql(
		"update `tabEscalation Plan` set `ack_grace` = %s where coalesce(`ack_grace`, 0) = 0", (GRACE,)
	)
