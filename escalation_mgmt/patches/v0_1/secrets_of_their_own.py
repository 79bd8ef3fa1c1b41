"""Full addresses, codes, keys and hashes move to rows that no role of Desk may read; their old columns go.

In sets, by name: what was moved before is left out, so that a patch that was interrupted goes on where it stopped.
"""

import frappe

MOVED = (
	(
		"Escalation Notification",
		"Escalation Notification Secret",
		{
			"address": "address",
			"reply_code": "reply_code",
			"token_hash": "token_hash",
			"earlier_token_hash": "earlier_token_hash",
			"token_expires_utc": "token_expires_utc",
		},
		("action_item",),
	),
	(
		"Escalation Device",
		"Escalation Device Secret",
		{name: name for name in ("endpoint", "endpoint_hash", "p256dh", "auth", "server_key")},
		(),
	),
	(
		"Escalation Contact",
		"Escalation Contact Code",
		{
			"code_number": "mobile_no",
			"code_hash": "code_hash",
			"code_tries": "tries",
			"code_expires_utc": "expires_utc",
		},
		(),
	),
)
SET = 5000  # rows
FRAPPES = ("name", "creation", "modified", "owner", "modified_by", "docstatus")


def execute() -> None:
	for old, new, columns, copied in MOVED:
		there = {name: to for name, to in columns.items() if frappe.db.has_column(old, name)}
		if not there:
			continue
		if (
			"code_hash" in columns and "code_hash" not in there
		):  # it was interrupted after all codes had moved
			for column in there:
				_drop(old, column)
			continue
		while _move(old, new, there, copied):
			frappe.db.commit()
		for column in there:
			_drop(old, column)


def _move(old: str, new: str, columns: dict[str, str], copied: tuple[str, ...]) -> int:
	"""Move one set of rows; returns how many."""
	to = ", ".join(f"`{name}`" for name in (*FRAPPES, *copied, *columns.values()))
	from_ = ", ".join(f"o.`{name}`" for name in (*FRAPPES, *copied, *columns))
	asked = " and o.`code_hash` is not null" if "code_hash" in columns else ""
	frappe.db.sql(
		f"insert into `tab{new}` ({to}) select {from_} from `tab{old}` o"
		f" where not exists (select 1 from `tab{new}` n where n.`name` = o.`name`){asked}"
		f" order by o.`name` limit {SET}"
	)
	return frappe.db._cursor.rowcount


def _drop(doctype: str, column: str) -> None:
	table = f"tab{doctype}"
	if frappe.db.db_type == "sqlite":  # it drops no column that is indexed
		for index in frappe.db.sql(f"pragma index_list(`{table}`)", as_dict=True):
			members = [row.name for row in frappe.db.sql(f"pragma index_info(`{index.name}`)", as_dict=True)]
			if members == [column] and index.origin == "c":
				frappe.db.sql_ddl(f"drop index `{index.name}`")
	frappe.db.sql_ddl(f"alter table `{table}` drop column `{column}`")
