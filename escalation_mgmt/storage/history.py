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


PEOPLE = "people"
"""Where an event's data says whose its names are: {key: [[user, name], ...]}, as `Event.people` has it."""


def append(lines: Sequence[Line]) -> list[str]:
	"""Write lines in their order; names sort by it, so that events of one instant keep it. Returns their names."""
	names = [rows.new_name() for _line in lines]
	rows.insert_all(
		EVENT,
		[
			{
				"name": name,
				"action_item": line.item,
				"notification": line.notification or None,
				"kind": str(line.event.kind),
				"step": line.event.step,
				"run": line.event.run,
				"at_utc": line.event.at,
				# providers and strangers have a say in it
				"data": encoded(plain_values(line.event.data | _people(line.event))),
			}
			for name, line in zip(names, lines, strict=True)
		],
	)
	return names


def _people(event: Event) -> dict[str, Any]:
	known = {key: named for key, named in event.people.items() if any(user for user, _name in named)}
	return {PEOPLE: known} if known else {}


def _plain(value: Any) -> str:
	if isinstance(value, datetime):
		return value.isoformat(sep=" ")
	return str(value)


encoded = json.JSONEncoder(
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
