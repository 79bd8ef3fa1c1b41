"""Rows in sets: one statement for many rows, where Frappe's documents would take several for each.

Only what the dispatcher and delivery write a thousand times a minute goes this way; these DocTypes are ours
alone, and nobody edits them, so no controller and no hook is passed over.
"""

import secrets
import time
from collections.abc import Iterable, Sequence, Sized
from typing import Any

import frappe

from escalation_mgmt import hooks
from escalation_mgmt.utils import together

CHUNK = 500  # rows in one statement

MACHINE = hooks.app_title
"""Whose rows are that no person wrote, as whoever reads them sees it: no user, least of all the one whose request it was."""

_last = 0


class Conflict(Exception):
	"""Another process changed a row meanwhile; nothing of this set was written."""


def new_name() -> str:
	"""A name that sorts after every earlier one of this process: 16 hex digits of time, 8 of chance."""
	global _last  # noqa: PLW0603 - one for the process
	_last = max(_last + 1, time.time_ns())
	return f"{_last:016x}{secrets.token_hex(4)}"


def insert_all(doctype: str, rows: Sequence[dict[str, Any]], *, pass_over_existing: bool = False) -> None:
	"""Insert rows that all have the same columns; those of Frappe's own that they lack are added. `pass_over_existing`: a row
	whose name is there already isn't inserted.
	"""
	stamp = frappe.utils.now()
	frappes = {"creation": stamp, "modified": stamp, "docstatus": 0, **owned_by("")}
	for chunk in _chunks(rows):
		if len(chunk) == 1:  # read in two thirds of the time
			row = frappes | chunk[0]
			values = tuple(row.values())
			into = f"into `tab{doctype}` ({_names(row)}) values ({placeholders(row)})"
		else:
			columns, fresh, values = _fresh([frappes | row for row in chunk])
			into = f"into `tab{doctype}` ({_names(columns)}) select * from {fresh}"
		if pass_over_existing:
			into = f"ignore {into}"
			into = f"or {into}" if frappe.db.db_type == "sqlite" else into
		together.write(f"insert {into}", values)


def owned_by(who: str) -> dict[str, str]:
	"""The columns that say whose a row is: of a user, or of an address by its label; empty: the machine's."""
	return dict.fromkeys(("owner", "modified_by"), (who or MACHINE)[:140])


def update_all(doctype: str, rows: Sequence[dict[str, Any]], where: str = "") -> int:
	"""Update rows that all have the same columns, each with its `name`. Returns how many rows were met.

	Compare-and-set: with `where`, a row is met only while its column of that name holds the row's `was`. The
	rows must change for certain, because MariaDB counts changed rows and SQLite matched ones.
	"""
	met = 0
	for chunk in _chunks(rows):
		if len(chunk) == 1:
			met += _update_one(doctype, chunk[0], where)
			continue
		columns, fresh, values = _fresh(chunk)
		columns = [column for column in columns if column not in ("name", "was")]
		on = f"`tab{doctype}`.`name` = fresh.`name`"
		if where:
			on += f" and `tab{doctype}`.`{where}` = fresh.`was`"
		if frappe.db.db_type == "mariadb":
			sets = ", ".join(f"`tab{doctype}`.`{column}` = fresh.`{column}`" for column in columns)
			# By key, which the optimizer doesn't choose for a small table: it reads the table, and locks every row.
			sql = f"update {fresh} straight_join `tab{doctype}` force index (primary) on {on} set {sets}"
		else:
			sets = ", ".join(f"`{column}` = fresh.`{column}`" for column in columns)
			sql = f"update `tab{doctype}` set {sets} from {fresh} where {on}"
		frappe.db.sql(sql, values)
		met += frappe.db._cursor.rowcount
	return met


def _update_one(doctype: str, row: dict[str, Any], where: str) -> int:
	columns = [column for column in row if column not in ("name", "was")]
	sql = f"update `tab{doctype}` set {', '.join(f'`{column}` = %s' for column in columns)} where `name` = %s"
	values = [row[column] for column in (*columns, "name")]
	if where:
		sql, values = f"{sql} and `{where}` = %s", [*values, row["was"]]
	frappe.db.sql(sql, tuple(values))
	return frappe.db._cursor.rowcount


def _fresh(rows: Sequence[dict[str, Any]]) -> tuple[list[str], str, tuple]:
	"""Rows as a table `fresh` in SQL: its columns, its text, its values.

	A statement costs what its values do, and most rows of a set differ in little: what all of them have in common
	is written once.
	"""
	first = rows[0]
	once = [c for c, value in first.items() if c != "name" and all(row[c] == value for row in rows)]
	each = [column for column in first if column not in once]
	row_placeholders = f"({placeholders(each)})"
	common = "".join(f", %s as `{column}`" for column in once)
	values = (*(row[column] for row in rows for column in each), *(first[column] for column in once))
	sql = (
		f"(with fresh ({_names(each)}) as (values {', '.join([row_placeholders] * len(rows))})"
		f" select fresh.*{common} from fresh) as fresh"
	)
	return [*each, *once], sql, values


def is_missing(error: Exception) -> bool:
	"""Whether a table or a column isn't there."""
	if not isinstance(error, frappe.db.OperationalError | frappe.db.ProgrammingError):
		return False
	return frappe.db.is_missing_column(error) or frappe.db.is_table_missing(error)


def by_index(name: str) -> str:
	"""SQL behind a table: MariaDB reads it by this index, also where it takes the table for a small one; what it knows of a table's size
	is of some while ago.
	"""
	return f" force index (`{name}`)" if frappe.db.db_type == "mariadb" else ""


def placeholders(values: Sized) -> str:
	"""Placeholders for so many values, as `in (...)` wants them."""
	return ", ".join(["%s"] * len(values))


def _names(columns: Iterable[str]) -> str:
	return ", ".join(f"`{column}`" for column in columns)


def _chunks(rows: Sequence[dict[str, Any]]) -> Iterable[Sequence[dict[str, Any]]]:
	for start in range(0, len(rows), CHUNK):
		yield rows[start : start + CHUNK]
