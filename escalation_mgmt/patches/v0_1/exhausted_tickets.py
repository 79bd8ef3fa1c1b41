"""Items that ended exhausted before `exhausted_ticket` was kept: the newest of a ticket is taken for unanswered.

The sweep looks at each, and ends those whose tickets somebody has answered.
"""

import frappe

from escalation_mgmt.storage.action_items import running_ticket, ticket_of
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import ITEM


def execute() -> None:
	last = ""
	while found := frappe.get_all(
		ITEM,
		filters={"status": "Exhausted", "exhausted_ticket": ("is", "not set"), "name": (">", last)},
		fields=["name", "reference_doctype", "reference_name", "ticket_created", "opened_utc"],
		order_by="name asc",
		limit=rows.CHUNK,
	):
		newest = [row for row in found if not _newer(row)]
		rows.update_all(
			ITEM, [{"name": row.name, "exhausted_ticket": running_ticket(ticket_of(row))} for row in newest]
		)
		frappe.db.commit()  # an upgrade that was interrupted goes on here
		last = found[-1].name


def _newer(row) -> bool:
	return bool(
		frappe.get_all(
			ITEM,
			filters={
				"reference_doctype": row.reference_doctype,
				"reference_name": row.reference_name,
				"name": ("!=", row.name),
				"opened_utc": (">", row.opened_utc),
			},
			limit=1,
			order_by="name",
		)
	)
