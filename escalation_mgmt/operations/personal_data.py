"""A user has another id now, or was erased (design rule 9).

Frappe changes the columns that hold a user; here it is done in those that hold JSON, which Frappe doesn't look into.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import frappe

from escalation_mgmt.utils.doctypes import EVENT, ITEM, PLAN_VERSION

# The assignees too: the ticket's are read by its ToDos, in which Frappe has the new id at once.
RUNS_BY = {ITEM: ("added", "ack_requests", "acks", "assignees"), PLAN_VERSION: ("content",)}
ALL = {ITEM: ("added", "ack_requests", "acks", "assignees"), PLAN_VERSION: ("content",), EVENT: ("data",)}


def follow_rename(doc: Any, _event: str, old: str, new: str, merge: bool = False) -> None:
	"""What runs goes on with the new id. History keeps what was said."""
	if doc.doctype == "User":
		_replace(RUNS_BY, {old: new})


def erase(request: Any, _event: str) -> None:
	"""A Personal Data Deletion Request was carried out: whoever it names is called by the request's name everywhere."""
	if request.status != "Deleted":
		return
	known = {request.email: request.name}
	# As it was before: the user has lost it by now.
	if full_name := getattr(request, "full_name", ""):
		known[full_name] = request.name
	_replace(ALL, known)


def _replace(where: Mapping[str, tuple[str, ...]], names: Mapping[str, str]) -> None:
	"""Put the new names for the old ones, wherever an old one stands as a whole word."""
	old = re.compile("|".join(rf"(?<![\w.@-]){re.escape(name)}(?!\.?[\w@-])" for name in names))
	for doctype, columns in where.items():
		# Whoever has read an item decides anew.
		bump = ", `version` = `version` + 1" if doctype == ITEM else ""
		for column in columns:
			for name, text in _rows_with(doctype, column, names):
				before = json.loads(text)
				after = _changed(before, lambda value: old.sub(lambda match: names[match.group()], value))
				if after == before:
					continue  # it stands there as a part of another
				frappe.db.sql(
					f"update `tab{doctype}` set `{column}` = %s{bump} where `name` = %s",
					(
						json.dumps(after, ensure_ascii=doctype != EVENT, sort_keys=doctype == PLAN_VERSION),
						name,
					),
				)


def _rows_with(doctype: str, column: str, names: Mapping[str, str]) -> list[tuple[str, str]]:
	"""Read without a lock: whoever looks through a whole table must not hold up a step."""
	spellings = sorted({spelling for name in names for spelling in (name, json.dumps(name)[1:-1])})
	has = " or ".join([f"instr(`{column}`, %s) > 0"] * len(spellings))
	return frappe.db.sql(
		f"select `name`, `{column}` from `tab{doctype}` where {has} order by `name`", tuple(spellings)
	)


def _changed(value: Any, change: Any) -> Any:
	if isinstance(value, str):
		return change(value)
	if isinstance(value, list):
		return [_changed(each, change) for each in value]
	if isinstance(value, dict):
		return {change(key): _changed(each, change) for key, each in value.items()}
	return value
