"""Fields and values under the names that they have now; items that run go on with what they held.

The old columns go, as erasure of a person doesn't look there any more.
"""

import frappe

RENAMED = (
	("Escalation Action Item", "course", "generation"),
	("Escalation Action Item", "asks", "ack_requests"),
	("Escalation Notification", "course", "generation"),
)


def execute() -> None:
	for doctype, old, new in RENAMED:
		if frappe.db.has_column(doctype, old):
			# What has a value already is newer: an earlier run was interrupted, and the site has gone on since.
			frappe.db.sql(
				f"update `tab{doctype}` set `{new}` = `{old}` where coalesce(cast(`{new}` as char), '') in ('', '0', '[]')"
			)
			frappe.db.sql_ddl(f"alter table `tab{doctype}` drop column `{old}`")
	frappe.db.sql("update `tabEscalation Notification` set `purpose` = 'Notice' where `purpose` = 'Told'")
