"""What a site's database holds of the app, looked for in every text of every table: `python -m tests.leftovers SITE`.

With a second argument, a file of Python that is run there first, and committed.
"""

import json
import sys
from pathlib import Path

import frappe

from host import sites

TEXTS = ("char", "text", "clob", "json")
# What happened stays: Frappe's own record of it, and what tickets say of their past.
RECORDS = {"tabDeleted Document", "tabVersion", "tabPermission Log", "tabPatch Log", "tabActivity Log"} | {
	"tabHD Ticket Activity",
	"tabComment",
	"tabError Log",
}


def found() -> dict[str, list[str]]:
	"""{table: names of the rows in which the app, one of its DocTypes or their titles stand}; "columns": of others' tables,
	those that we have made; "permissions": rules on our level.
	"""
	held = {}
	for table in sorted(frappe.db.get_tables(cached=False)):
		columns = [row[0] for row in _columns(table)]
		texts = " or ".join(f"lower(`{column}`) like %(part)s" for column in columns)
		if not columns or table in RECORDS:
			continue
		key = "`name`" if "name" in columns else f"`{columns[0]}`"
		rows = frappe.db.sql(
			f"select {key} from `{table}` where {texts} order by 1", {"part": "%escalation%"}
		)
		if rows:
			held[table] = [str(row[0]) for row in rows]
		if ours := [
			name for name in columns if "escalation" in name and not table.startswith("tabEscalation")
		]:
			held["columns"] = [*held.get("columns", ()), *(f"{table}.{name}" for name in ours)]
	if counters := frappe.db.sql(
		"select `name` from `tabSeries` where `name` in ('ESC-', 'MNT-') order by 1"
	):
		held["tabSeries"] = [name for (name,) in counters]
	if rules := frappe.get_all("DocPerm", filters={"permlevel": 9}, pluck="role", order_by="role"):
		held["permissions"] = rules
	return held


def _columns(table: str) -> list[tuple[str]]:
	if frappe.db.db_type == "sqlite":
		named = frappe.db.sql("select name, type from pragma_table_info(%s)", table)
	else:
		named = frappe.db.sql(
			"select column_name, data_type from information_schema.columns"
			" where table_schema = database() and table_name = %s",
			table,
		)
	return [row for row in named if any(part in str(row[1]).lower() for part in TEXTS)]


if __name__ == "__main__":
	sites.enter(sys.argv[1])
	sites.connect(sys.argv[1])
	if sys.argv[2:]:
		exec(Path(sys.argv[2]).read_text())
		frappe.db.commit()
	print(json.dumps(found()))
	frappe.destroy()
