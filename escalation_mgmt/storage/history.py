"""An action item's history: lines are appended and read back. Never changed (design rule 9)."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe

from escalation_mgmt.engine import Event, EventKind
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
	said = [data_of(line.event) for line in lines]
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
				"data": encoded(data),
				**rows.owned_by(who_did_it(data)),
			}
			for name, line, data in zip(names, lines, said, strict=True)
		],
	)
	return names


def data_of(event: Event) -> dict[str, Any]:
	"""What a line says, and whose its names are. Providers and strangers have a say in it."""
	return plain_values(event.data | _people(event))


def who_did_it(data: dict[str, Any]) -> str:
	"""Of a line, by its data: a user, or the label of an address that is nobody's; empty: what nobody did by hand."""
	named = (data.get(PEOPLE) or {}).get("by") or ()
	return (named[0][0] if len(named) == 1 else "") or data.get("by") or ""


_UNDONE = (
	EventKind.UNDONE,
	EventKind.UNDONE_IN_WINDOW,
	EventKind.UNDONE_SNOOZED,
	EventKind.UNDONE_EXHAUSTED,
)


def has_undone(item: str, user: str, since: datetime) -> bool:
	"""Whether this user has taken an acknowledgement of it back, at that instant (UTC) or later."""
	kinds = [str(kind) for kind in _UNDONE]
	of = {"action_item": item, "kind": ("in", kinds), "owner": user, "at_utc": (">=", since)}
	return bool(frappe.db.exists(EVENT, of))


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
	return [{key: value for key, value in row.items() if key not in ("at_utc", "data")} for row in read(item)]


def read(item: str) -> list[dict[str, Any]]:
	"""As `of_item`, each line with its instant as well ("at_utc") and with what it says ("data"), which isn't for everybody."""
	found = frappe.get_all(
		EVENT,
		filters={"action_item": item},
		fields=["name", "kind", "at_utc", "step", "run", "data", "notification"],
		order_by="at_utc asc, name asc",
	)
	return [
		{
			"name": row.name,
			"kind": row.kind,
			"at": clock.to_site(row.at_utc),
			"at_utc": row.at_utc,
			"step": row.step,
			"run": row.run,
			"notification": row.notification,
			"data": (data := json.loads(row.data or "{}")),
			"line": in_words(row.kind, row.step, data),
		}
		for row in found
	]


def cause(item: str, kinds: Collection[EventKind] = ()) -> tuple[datetime | None, str]:
	"""What made an item what it is now, whatever came of it since: when (UTC), and its line in words.

	That is the newest line of one of these `kinds`; without them, or where there is none, what the newest decision began
	with. What providers say of messages is no cause, nor is whom a decision couldn't reach.
	"""
	of_kind = kinds and _first(item, {"kind": ("in", sorted(kinds))}, "desc")
	row = of_kind or _first(item, {}, "desc")
	if row and not of_kind:
		row = _first(item, {"at_utc": row.at_utc}, "asc")
	return (row.at_utc, in_words(row.kind, row.step, json.loads(row.data or "{}"))) if row else (None, "")


def causes(led_to: Mapping[str, Collection[EventKind]]) -> dict[str, tuple[datetime, str]]:
	"""The same for many items at once, by one question: of each the newest line of its kinds, where it has one."""
	kinds = sorted({kind for kinds in led_to.values() for kind in kinds})
	found = frappe.get_all(
		EVENT,
		filters={"action_item": ("in", list(led_to)), "kind": ("in", kinds)},
		fields=["action_item", "kind", "step", "data", "at_utc"],
		order_by="at_utc asc, name asc",
	)
	newest = {row.action_item: row for row in found if row.kind in led_to[row.action_item]}
	return {
		item: (row.at_utc, in_words(row.kind, row.step, json.loads(row.data or "{}")))
		for item, row in newest.items()
	}


def newest(items: Sequence[str]) -> dict[str, str]:
	"""The newest line of each of these items, in words; of none that has no line. One question for all of them."""
	if not items:
		return {}
	last = (
		f"select max(`name`) as `name` from `tab{EVENT}` where `action_item` in ({rows.placeholders(items)})"
		" group by `action_item`"
	)
	found = frappe.db.sql(
		"select e.`action_item`, e.`kind`, e.`step`, e.`data`"
		f" from ({last}) newest join `tab{EVENT}` e on e.`name` = newest.`name`",
		tuple(items),
	)
	return {item: in_words(kind, step, json.loads(data or "{}")) for item, kind, step, data in found}


def _first(item: str, of: dict[str, Any], order: str) -> Any:
	"""The first line in that order that can be a cause."""
	found = frappe.get_all(
		EVENT,
		filters={"kind": ("not in", _NO_CAUSE), **of, "action_item": item, "notification": ("is", "not set")},
		fields=["kind", "step", "data", "at_utc"],
		order_by=f"at_utc {order}, name {order}",
		limit=1,
	)
	return found[0] if found else None


_NO_CAUSE = (EventKind.UNREACHABLE, EventKind.NOTICE_LEFT_OUT)
