"""The index that another one, of the same columns and one more, has taken the place of."""

import frappe

from escalation_mgmt.utils.doctypes import ITEM


def execute() -> None:
	table = f"tab{ITEM}"
	if frappe.db.db_type == "sqlite":  # names of indexes are those of the whole database there
		frappe.db.sql_ddl(f"drop index if exists `{table}_of_ticket`")
	else:
		frappe.db.sql_ddl(f"drop index if exists `of_ticket` on `{table}`")
