"""Who has a ticket: Frappe's open ToDos say so, and `_assign`, what Frappe makes of them.

`_assign` goes stale: when a user is renamed Frappe leaves the old id in it, while the ToDo has the new one. And a ticket can be
assigned by it alone, by an import or by code that makes no ToDos. So whoever an open ToDo names has the ticket, and whoever
`_assign` names besides: Helpdesk shows them as its assignees. But an id there that no user has is passed over as long as
somebody has a ToDo.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import frappe

from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import plans
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.questions import Answers, Question
from escalation_mgmt.utils.rows import placeholders

LATELY = timedelta(days=30)
_OVER = ("Closed", "Cancelled")


def read(
	doctype: str,
	rows: Sequence[Any],
	todo_rows: Sequence[Sequence[str]] | None = None,
	*,
	locked: bool = False,
) -> dict[str, list[str] | ValueError]:
	"""{ticket: users}, of many tickets of one DocType at once, from their rows with `name` and `_assign`. `todo_rows`:
	what was answered to `asked`, where it was.

	`locked`: the rows were read as they are now, while ToDos are read in the snapshot (a lock on them would wait for an
	assignment that waits for the ticket). Where `_assign` has changed since the snapshot, Frappe has just written it from the
	ToDos, and it is right. What can't be read of a ticket stands in place of its users.
	"""
	names = [str(row.name) for row in rows]
	if not names:
		return {}
	todos = todo_users(doctype, names) if todo_rows is None else _users(todo_rows)
	before = _snapshot(doctype, list(todos)) if locked and todos else {}
	found: dict[str, list[str] | ValueError] = {}
	for row in rows:
		name = str(row.name)
		had, column = todos.get(name, []), row.get("_assign") or ""
		try:
			named = listed(column)
		except ValueError as e:
			found[name] = had or e
			continue
		moved = locked and column != before.get(name, column)
		found[name] = named if moved else [*had, *(user for user in named if user not in had)]
	_without_renamed(found, todos)
	return found


def todo_users(doctype: str, names: Iterable[str]) -> dict[str, list[str]]:
	"""{ticket: whom its open ToDos name}, the first that was assigned first."""
	return _users(Answers().of(asked(doctype, list(names))))


def asked(doctype: str, names: Sequence[str]) -> Question:
	"""Whom the open ToDos of tickets name."""
	return Question(
		("creation", "name", "reference_name", "allocated_to"),
		"from `tabToDo` where `reference_type` = %s"
		f" and `reference_name` in ({placeholders(names)}) and `status` not in ({placeholders(_OVER)})"
		" and coalesce(`allocated_to`, '') <> ''",
		(doctype, *names, *_OVER),
	)


def _users(rows: Iterable[Sequence[str]]) -> dict[str, list[str]]:
	found: dict[str, list[str]] = {}
	for _creation, _name, name, user in sorted(rows, key=lambda row: (row[0] or "", row[1])):
		users = found.setdefault(str(name), [])
		if user not in users:
			users.append(user)
	return found


def lately(doctype: str) -> dict[str, int]:
	"""{user: how many tickets of a DocType were assigned to them in the last days (`LATELY`)}, whatever became of them."""
	rows = frappe.db.sql(
		"select `allocated_to`, count(*) from `tabToDo` where `reference_type` = %s and `creation` >= %s"
		" and `status` <> 'Cancelled' and coalesce(`allocated_to`, '') <> '' group by `allocated_to`",
		(doctype, clock.to_site(clock.now() - LATELY)),
	)
	return dict(rows)


def listed(column: str | None) -> list[str]:
	"""The users in an `_assign`. Raises ValueError for what is no list."""
	users = json.loads(column or "[]")
	if not isinstance(users, list):
		raise ValueError(column)
	return list(dict.fromkeys(user for user in users if isinstance(user, str) and user))


def write_again(key: TicketKey) -> None:
	"""Let Frappe make `_assign` of the open ToDos once more, of a ticket that has one."""
	todos = frappe.get_all(
		"ToDo",
		filters={
			"reference_type": key.doctype,
			"reference_name": key.name,
			"status": ("not in", _OVER),
			"allocated_to": ("is", "set"),
		},
		pluck="name",
		order_by="name",
		limit=1,
	)
	for name in todos:
		frappe.get_doc("ToDo", name).update_in_reference()


def follow_rename(doc: Any, _event: str, old: str, new: str, _merge: bool = False) -> None:
	"""A user has another id now. A ticket that has them by `_assign` alone would name nobody: so it is put right, of the
	DocTypes whose tickets escalate.
	"""
	if doc.doctype != "User":
		return
	for doctype in plans.watched():
		if not frappe.db.has_column(doctype, "_assign"):
			continue
		rows = frappe.db.sql(  # without a lock: it looks through the whole table
			f"select `name`, `_assign` from `tab{doctype}` where instr(`_assign`, %s) > 0 order by `name`",
			(json.dumps(old),),
		)
		for name, column in rows:
			try:
				users = [new if user == old else user for user in listed(column)]
			except ValueError:
				continue
			frappe.db.sql(
				f"update `tab{doctype}` set `_assign` = %s where `name` = %s and `_assign` = %s",
				(json.dumps(list(dict.fromkeys(users))), name, column),
			)


def _snapshot(doctype: str, names: Sequence[str]) -> dict[str, str]:
	rows = frappe.db.sql(
		f"select `name`, `_assign` from `tab{doctype}` where `name` in ({placeholders(names)})", tuple(names)
	)
	return {str(name): column or "" for name, column in rows}


def _without_renamed(found: dict[str, Any], todos: dict[str, list[str]]) -> None:
	"""Leave out who has no ToDo and is no user, where somebody has one. Only stale or foreign ids are asked for."""
	strangers = {
		name: [user for user in users if user not in todos[name]]
		for name, users in found.items()
		if name in todos and not isinstance(users, ValueError)
	}
	asked = sorted({user for users in strangers.values() for user in users})
	if not asked:
		return
	rows = frappe.db.sql(
		f"select `name` from `tabUser` where `name` in ({placeholders(asked)})", tuple(asked)
	)
	known = {row[0] for row in rows}
	for name, users in strangers.items():
		gone = {user for user in users if user not in known}
		found[name] = [user for user in found[name] if user not in gone]
