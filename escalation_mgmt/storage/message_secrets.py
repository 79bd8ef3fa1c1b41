"""What a message keeps to itself: its full address, its reply code, the hashes of its tokens, what somebody wrote to whom it
pages.

They stand in rows of their own, to which no role of Desk has a right: Frappe 15 lets whoever may list rows filter, sort and
group by any of their columns, hidden or not, and so ask for them letter by letter. A row has its message's name.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import frappe

from escalation_mgmt.engine import Note
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import NOTIFICATION_SECRET

OF_NEW = ("address", "note", "noted_by")
"""Columns that a message has from its begin."""


def noted(note: Note | None) -> dict[str, str | None]:
	"""A note's columns: as its message says it, and whose it is, by which an erasure finds it."""
	if not note:
		return {"note": None, "noted_by": None}
	return {"note": f"{note.by.name}: {note.text}", "noted_by": note.by.user or None}


def note_of(name: str) -> dict[str, str | None]:
	"""The columns of the note that a message has."""
	columns = ("note", "noted_by")
	return dict(zip(columns, read([name], columns).get(name) or (None, None), strict=True))


def insert(secrets: Sequence[dict[str, Any]]) -> None:
	"""Write the secrets of new messages: each with its `name`, `action_item` and the columns `OF_NEW`."""
	rows.insert_all(NOTIFICATION_SECRET, secrets)


def read(names: Sequence[str], columns: Sequence[str]) -> dict[str, tuple]:
	"""These columns of the messages of these names: {name: values}."""
	if not names:
		return {}
	asked = ", ".join(f"`{column}`" for column in ("name", *columns))
	found = frappe.db.sql(
		f"select {asked} from `tab{NOTIFICATION_SECRET}` where `name` in ({rows.placeholders(names)})",
		tuple(names),
	)
	return {name: values for name, *values in found}


def write(secrets: Sequence[dict[str, Any]]) -> None:
	"""Change the secrets of messages, each by its `name`; all with the same columns."""
	rows.update_all(NOTIFICATION_SECRET, secrets)


def address_of(name: str) -> str:
	"""The full address of one message; empty: retention has taken it."""
	return frappe.db.get_value(NOTIFICATION_SECRET, name, "address") or ""


def of_token(hashed: str) -> Any:
	"""The message that a token was sent with, by the token's hash: name, address, token_expires_utc; None: there is none."""
	for column in ("token_hash", "earlier_token_hash"):
		found = frappe.db.get_value(
			NOTIFICATION_SECRET, {column: hashed}, ["name", "address", "token_expires_utc"], as_dict=True
		)
		if found:
			return found
	return None


def forget_addresses(names: Sequence[str]) -> None:
	frappe.db.sql(
		f"update `tab{NOTIFICATION_SECRET}` set `address` = '', `reply_code` = 0, `note` = null, `noted_by` = null"
		f" where `name` in ({rows.placeholders(names)})",
		tuple(names),
	)


def remove(items: Iterable[str]) -> None:
	"""Those of all messages of these action items."""
	frappe.db.delete(NOTIFICATION_SECRET, {"action_item": ("in", list(items))})
