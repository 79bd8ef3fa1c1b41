"""The index that another one, of the same columns and one more, has taken the place of."""

import frappe

from escalation_mgmt.utils.doctypes import ITEM


def execute() -> None:
	table = f"tab{ITEM}"
	if frappe.db.db_type != "sqlite":
		frappe.db.sql_ddl(f"drop index if exists `of_ticket` on `{table}`")
		return
	# Names of indexes are those of the whole database there: Frappe 16 gives the plain one, others put the table's before it.
	found = frappe.db.sql(
		"select `name` from sqlite_master where `type` = 'index' and `tbl_name` = %s and `name` in (%s, %s)",
		(table, "of_ticket", f"{table}_of_ticket"),
	)
	for (name,) in found:
		frappe.db.sql_ddl(f"drop index `{name}`")
