"""An action item's history: lines are appended and read back. Never changed (design rule 9)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe

from escalation_mgmt.engine import Event
from escalation_mgmt.storage.wording import in_words
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import EVENT
from escalation_mgmt.utils.plain_text import plain_values


@dataclass(frozen=True, slots=True)
class Line:
	"""One event of one action item, and the notification that it is about, if it is about one."""

	item: str
	event: Event
	notification: str = ""


def append(lines: Sequence[Line]) -> None:
	"""Write lines in their order; names sort by it, so that events of one instant keep it."""
	rows.insert_all(
		EVENT,
		[
			{
				"name": rows.new_name(),
				"action_item": line.item,
				"notification": line.notification or None,
				"kind": str(line.event.kind),
				"step": line.event.step,
				"run": line.event.run,
				"at_utc": line.event.at,
				"data": _encode(plain_values(line.event.data)),  # providers and strangers have a say in it
			}
			for line in lines
		],
	)


def _plain(value: Any) -> str:
	if isinstance(value, datetime):
		return value.isoformat(sep=" ")
	return str(value)


_encode = json.JSONEncoder(
	default=_plain, ensure_ascii=False
).encode  # json.dumps would make one for each line


def of_item(item: str) -> list[dict[str, Any]]:
	"""The history of an item, oldest first: kind, at (site's zone), step, run, line (in words)."""
	found = frappe.get_all(
		EVENT,
		filters={"action_item": item},
		fields=["name", "kind", "at_utc", "step", "run", "data", "notification"],
		order_by="at_utc asc, name asc",
		limit_page_length=0,
	)
	return [
		{
			"name": row.name,
			"kind": row.kind,
			"at": clock.to_site(row.at_utc),
			"step": row.step,
			"run": row.run,
			"notification": row.notification,
			"line": in_words(row.kind, row.step, json.loads(row.data or "{}")),
		}
		for row in found
	]


def latest(item: str, *, of_the_item: bool = False) -> str:
	"""The newest line of an item in words; with `of_the_item`, the newest that isn't about a message."""
	filters = {"action_item": item} | ({"notification": ("is", "not set")} if of_the_item else {})
	found = frappe.get_all(
		EVENT,
		filters=filters,
		fields=["kind", "step", "data"],
		order_by="at_utc desc, name desc",
		limit_page_length=1,
	)
	return next((in_words(row.kind, row.step, json.loads(row.data or "{}")) for row in found), "")
