"""Fields and values under the names that they have now; items that run go on with what they held.

The old columns go, as erasure of a person doesn't look there any more.
"""

import frappe
from frappe.model.utils.rename_field import rename_field

RENAMED = (
	("Escalation Action Item", "course", "generation"),
	("Escalation Action Item", "asks", "ack_requests"),
	("Escalation Notification", "course", "generation"),
)


def execute() -> None:
	for doctype, old, new in RENAMED:
		if frappe.db.has_column(doctype, old):
			rename_field(doctype, old, new)
			frappe.db.sql_ddl(f"alter table `tab{doctype}` drop column `{old}`")
	frappe.db.sql("update `tabEscalation Notification` set `purpose` = 'Notice' where `purpose` = 'Told'")
