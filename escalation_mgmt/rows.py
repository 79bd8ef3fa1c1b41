"""Rows in sets: one statement for many rows, where Frappe's documents would take several for each.

Only what the dispatcher and delivery write a thousand times a minute goes this way; these DocTypes are ours
alone, and nobody edits them, so no controller and no hook is passed over.
"""

import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Any

import frappe

CHUNK = 500  # rows in one statement

_last = 0


class Conflict(Exception):
	"""Another process changed a row meanwhile; nothing of this set was written."""


def new_name() -> str:
	"""A name that sorts after every earlier one of this process: 16 hex digits of time, 8 of chance."""
	global _last
	_last = max(_last + 1, time.time_ns())
	return f"{_last:016x}{secrets.token_hex(4)}"


def insert_all(doctype: str, rows: Sequence[dict[str, Any]]) -> None:
	"""Insert rows that all have the same columns; those of Frappe's own that they lack are added."""
	if not rows:
		return
	stamp = frappe.utils.now()
	user = frappe.session.user
	frappes = {"creation": stamp, "modified": stamp, "owner": user, "modified_by": user, "docstatus": 0}
	frappes = {column: value for column, value in frappes.items() if column not in rows[0]}
	columns = [*rows[0], *frappes]
	names = ", ".join(f"`{column}`" for column in columns)
	marks = "(" + ", ".join(["%s"] * len(columns)) + ")"
	for chunk in _chunks(rows):
		values = [value for row in chunk for value in (*row.values(), *frappes.values())]
		frappe.db.sql(
			f"insert into `tab{doctype}` ({names}) values {', '.join([marks] * len(chunk))}", tuple(values)
		)


def update_all(doctype: str, rows: Sequence[dict[str, Any]], where: str = "") -> int:
	"""Update rows that all have the same columns, each with its `name`. Returns how many rows were met.

	Compare-and-set: with `where`, a row is met only while its column of that name holds the row's `was`. The
	rows must change for certain, because MariaDB counts changed rows and SQLite matched ones.
	"""
	met = 0
	for chunk in _chunks(rows):
		columns = [column for column in chunk[0] if column not in ("name", "was")]
		all_columns = list(chunk[0])
		first = ", ".join(f"%s as `{column}`" for column in all_columns)
		others = " union all select " + ", ".join(["%s"] * len(all_columns))
		values = f"(select {first}{others * (len(chunk) - 1)}) as fresh"
		on = f"`tab{doctype}`.`name` = fresh.`name`"
		if where:
			on += f" and `tab{doctype}`.`{where}` = fresh.`was`"
		if frappe.db.db_type == "mariadb":
			sets = ", ".join(f"`tab{doctype}`.`{column}` = fresh.`{column}`" for column in columns)
			sql = f"update `tab{doctype}` join {values} on {on} set {sets}"
		else:
			sets = ", ".join(f"`{column}` = fresh.`{column}`" for column in columns)
			sql = f"update `tab{doctype}` set {sets} from {values} where {on}"
		frappe.db.sql(sql, tuple(value for row in chunk for value in row.values()))
		met += frappe.db._cursor.rowcount
	return met


def least(doctype: str, column: str) -> Any:
	"""The least value of an indexed column, nulls apart, by one step in its index (min() would count them all)."""
	found = frappe.db.sql(
		f"select `{column}` from `tab{doctype}` where `{column}` > '0001-01-01' order by `{column}` limit 1"
	)
	return found[0][0] if found else None


def _chunks(rows: Sequence[dict[str, Any]]) -> Iterable[Sequence[dict[str, Any]]]:
	for start in range(0, len(rows), CHUNK):
		yield rows[start : start + CHUNK]
