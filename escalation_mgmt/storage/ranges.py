"""A large table in parts, by name, so that no statement takes long, and nothing waits long for one."""

from collections.abc import Iterator
from typing import Any

import frappe

RANGE = 5000  # rows that one statement compares

Part = tuple[Any, Any]
"""The rows whose names are above the first, up to the second; None: from the table's beginning, to its end."""

ALL: Part = (None, None)


def ranges(doctype: str, where: str = "", values: tuple[Any, ...] = (), size: int = RANGE) -> Iterator[Part]:
	"""A DocType's table, or what a condition in SQL takes of it, in parts of so many rows."""
	after = None
	while True:
		wanted = " and ".join(filter(None, (where, "`name` > %s" if after is not None else "")))
		found = frappe.db.sql(
			f"select `name` from `tab{doctype}` {f'where {wanted}' if wanted else ''}"
			f" order by `name` limit 1 offset {size - 1}",
			values + ((after,) if after is not None else ()),
		)
		until = found[0][0] if found else None
		yield after, until
		if until is None:
			return
		after = until


def within(part: Part, table: str) -> tuple[str, tuple[Any, ...]]:
	"""A part of a table in SQL, and its values."""
	after, until = part
	bounds = [(f"{table}.`name` > %s", after), (f"{table}.`name` <= %s", until)]
	given = [(sql, value) for sql, value in bounds if value is not None]
	return " and ".join(["1 = 1", *(sql for sql, _value in given)]), tuple(value for _sql, value in given)
