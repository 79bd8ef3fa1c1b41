"""Desk's notifications: whoever is paged, handed an escalation, added to it or told of it finds it there, linked to its ticket.

One line for an action item and a user (a Notification Log of the type Alert, of which Frappe sends no mail), renewed by each
further message to them: unread again, and at the top. What becomes of the item changes what the line says, and no more, for
whoever isn't told.

Lines are written after the transaction that changed an item, in one of their own (design rule 8). They follow from what is
stored by then, whoever writes them and in whichever order: an item that another process changed meanwhile is looked at again.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe
from frappe.translate import print_language
from frappe.utils import get_datetime

from escalation_mgmt.engine import EventKind, Status
from escalation_mgmt.facts.ticket_pages import TicketPages
from escalation_mgmt.storage.bell_lines import ENDS, ByHand, Message, over, text
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock, installation, rows
from escalation_mgmt.utils.after_commit import (
	TRIES,
	Collected,
	again_on_conflict,
	end,
	impatient,
	own_transaction,
)
from escalation_mgmt.utils.doctypes import CONTACT, EVENT, ITEM, NOTIFICATION
from escalation_mgmt.utils.error_reports import reported
from escalation_mgmt.utils.identity import as_stamp
from escalation_mgmt.utils.jobs import enqueue

LOG = "Notification Log"
_SETTINGS = "Notification Settings"
_BY_HAND = (EventKind.HANDED_OVER, EventKind.PERSON_ADDED)


@dataclass(frozen=True, slots=True)
class _Reader:
	"""A user, and whether they want lines: not where they can't log in to Desk or switched notifications off."""

	language: str
	name: str
	wants: bool


@dataclass(frozen=True, slots=True)
class _Changes:
	"""What is to be written: new lines, renewed ones, others that say something else, and names of those that go."""

	new: list[dict[str, Any]]
	renewed: list[dict[str, Any]]
	others: list[dict[str, Any]]
	gone: list[str]


def renew_soon(items: Iterable[str]) -> None:
	"""Bring the lines of these action items up to date once this transaction is committed."""
	_waiting.add(items)


def renew(items: Collection[str]) -> None:
	"""Bring the lines of these action items up to date, in a transaction of its own: to be called between two others. Raises
	nothing. Where somebody holds one of them, a worker waits for it.
	"""
	left = sorted(items)
	for _time in range(TRIES):
		if not left:
			return
		with own_transaction("Escalation: Desk's notifications can't be written"), impatient():
			try:
				left = _renew_if_live(left)
			except frappe.QueryTimeoutError:
				enqueue(renew_patiently, items=left)
				raise
			continue
		return  # it failed, and that is reported


@reported("Escalation: Desk's notifications can't be written", job=True)
def renew_patiently(items: Sequence[str]) -> None:
	"""By a worker, which may wait as long as the database lets anybody wait. Ends the caller's transaction."""
	frappe.db.rollback()
	for _time in range(TRIES):
		if not items:
			return
		items = _renew_if_live(items)


def _renew_if_live(names: Sequence[str]) -> list[str]:
	return again_on_conflict(lambda: _renew_once(names)) if installation.is_live() else []


def _renew_once(names: Sequence[str]) -> list[str]:
	"""Returns those that were changed meanwhile, of which what was written may be of yesterday."""
	items = _items(names)
	told = rewrite(list(items.values()))
	end("commit")
	for user in told:
		frappe.publish_realtime("notification", user=user)
	now = dict(_versions(names))
	return [name for name, item in items.items() if now.get(name) != item.version]


_waiting = Collected(renew)


def of_tickets(doctype: str, name: str = "") -> list[str]:
	"""The items of a ticket, or of all of a DocType's tickets, that have lines."""
	sql = (
		f"select distinct i.`name` from `tab{ITEM}` i join `tab{LOG}` n"
		f" on n.`document_name` = i.`name` and n.`document_type` = %s where i.`reference_doctype` = %s"
	)
	return [
		row[0]
		for row in frappe.db.sql(
			sql + (" and i.`reference_name` = %s" if name else ""), (ITEM, doctype, *([name] if name else ()))
		)
	]


def of_user(user: str) -> list[str]:
	"""The items of which a user has a line."""
	of = {"document_type": ITEM, "for_user": user}
	return frappe.get_all(LOG, filters=of, pluck="document_name", distinct=True, order_by="document_name")


def forget_person(user: str, names: Collection[str]) -> None:
	"""A person is erased: their own lines go, and others' that say one of their names are written anew, within this transaction."""
	found = frappe.get_all(
		LOG,
		filters={"document_type": ITEM},
		fields=["document_name", "for_user", "from_user", "subject"],
		order_by="document_name",
	)
	items = {
		row.document_name
		for row in found
		if user in (row.for_user, row.from_user) or any(name in (row.subject or "") for name in names)
	}
	frappe.db.delete(LOG, {"document_type": ITEM, "for_user": user})
	if items:
		rewrite(list(_items(sorted(items)).values()))


def remove(items: Sequence[str]) -> None:
	"""Their items go, and they with them."""
	frappe.db.delete(LOG, {"document_type": ITEM, "document_name": ("in", list(items))})


def remove_all() -> None:
	frappe.db.delete(LOG, {"document_type": ITEM})


def rewrite(items: Sequence[Any]) -> list[str]:
	"""Bring the lines of items, by their rows, up to date. Returns the users whose lines are new, or unread again."""
	if not items:
		return []
	changes = _changes(items)
	if changes.gone:
		frappe.db.delete(LOG, {"name": ("in", sorted(changes.gone))})
	for lines in (changes.renewed, changes.others):
		rows.update_all(LOG, sorted(lines, key=lambda row: row["name"]))
	rows.insert_all(LOG, sorted(changes.new, key=lambda row: row["name"]), pass_over_existing=True)
	told = sorted({row["for_user"] for row in (*changes.new, *changes.renewed)})
	if told:
		frappe.db.sql(
			f"update `tab{_SETTINGS}` set `seen` = 0 where `seen` = 1 and `name` in ({rows.placeholders(told)})",
			tuple(told),
		)
		for user in told:
			frappe.clear_document_cache(_SETTINGS, user)
	return told


def _changes(items: Sequence[Any]) -> _Changes:
	names = [item.name for item in items]
	messages, by_hand, lines = _messages(names), _by_hand(names), _lines(names)
	users = {user for _item, user in (*messages, *lines)}
	assigned = {item.name: json.loads(item.assignees or "[]") for item in items}
	readers = _readers({*users, *(user for assignees in assigned.values() for user in assignees)})
	pages, by_name = TicketPages(users), {item.name: item for item in items}
	changes, gone = _Changes([], [], [], []), _without_ticket(items)
	for name, user in sorted({*messages, *lines}, key=lambda each: readers[each[1]].language):
		item, mine = by_name[name], lines.get((name, user), [])
		if name in gone:
			changes.gone.extend(line.name for line in mine)
			continue
		changes.gone.extend(line.name for line in mine[1:])  # two people have become one
		message = messages.get((name, user))
		hand = by_hand.get((name, user, message.at)) if message else None
		reader = readers[user]
		with print_language(reader.language):
			shown = {
				"subject": text(item, message, hand, ", ".join(readers[who].name for who in assigned[name])),
				"link": pages.path(item.reference_doctype, item.reference_name, user),
				"from_user": _from(item, hand),
			}
		_compare(changes, item, user, message, mine[0] if mine else None, shown, wants=reader.wants)
	return changes


def _compare(
	changes: _Changes,
	item: Any,
	user: str,
	message: Message | None,
	line: Any,
	shown: dict[str, Any],
	*,
	wants: bool,
) -> None:
	at = clock.to_site(message.at) if message else None
	rung = at and wants and (message.purpose == Purpose.NOTICE or not over(item) or _helps(item, message))
	# Frappe 15 sorts by `modified`, 16 by `creation`.
	fresh = {"for_user": user, "creation": at, "modified": at, "read": 0}
	if line is None:
		if rung:
			name = hashlib.sha256(f"{item.name}\0{user}".encode()).hexdigest()[:20]
			of = {"type": "Alert", "document_type": ITEM, "document_name": item.name}
			changes.new.append({"name": f"esc-{name}", **of, **shown, **fresh})
	elif rung and get_datetime(line.creation) != at:
		changes.renewed.append({"name": line.name, **shown, **fresh})
	elif any((line[column] or "") != (shown[column] or "") for column in shown):
		read = 1 if user == item.acknowledged_user and over(item) else line.read  # who has it knows
		changes.others.append({"name": line.name, **shown, "read": read})


def _helps(item: Any, message: Message) -> bool:
	"""Whether a page asks for help with what somebody has."""
	since = item.acknowledged_utc
	return item.status == Status.ACKNOWLEDGED and bool(since) and message.at >= get_datetime(since)


def _from(item: Any, by_hand: ByHand | None) -> str | None:
	"""The user whose picture stands beside the line: who did it, where a person did."""
	has_it = item.acknowledged_user if item.status == Status.ACKNOWLEDGED else None
	return (by_hand.by_user if by_hand else has_it) or None


def _without_ticket(items: Sequence[Any]) -> set[str]:
	"""Those of these items, all of which are over, whose ticket is gone: their lines would lead nowhere."""
	asked: dict[str, list[Any]] = {}
	for item in items:
		if item.status in ENDS:
			asked.setdefault(item.reference_doctype, []).append(item)
	gone: set[str] = set()
	for doctype, theirs in asked.items():
		names = sorted({item.reference_name for item in theirs})
		sql = f"select `name`, `creation` from `tab{doctype}` where `name` in ({rows.placeholders(names)})"
		there = dict(frappe.db.sql(sql, tuple(names))) if frappe.db.table_exists(doctype) else {}
		stamps = {str(name): as_stamp(creation) for name, creation in there.items()}
		gone |= {
			item.name
			for item in theirs
			if item.reference_name not in stamps
			or as_stamp(item.ticket_created) not in (None, stamps[item.reference_name])
		}
	return gone


def _items(names: Sequence[str]) -> dict[str, Any]:
	found = frappe.db.sql(
		"select `name`, `version`, `status`, `step_count`, `reference_doctype`, `reference_name`, `ticket_created`,"
		" `ticket_subject`, `priority`, `assignees`, `acknowledged_by`, `acknowledged_user`, `acknowledged_utc`, `reminded`, `coming`"
		f" from `tab{ITEM}` where `name` in ({rows.placeholders(names)})",
		tuple(names),
		as_dict=True,
	)
	return {row.name: row for row in found}


def _versions(names: Sequence[str]) -> Sequence[tuple[str, int]]:
	sql = f"select `name`, `version` from `tab{ITEM}` where `name` in ({rows.placeholders(names)})"
	return frappe.db.sql(sql, tuple(names))


def _messages(names: Sequence[str]) -> dict[tuple[str, str], Message]:
	"""The latest message to each user: {(item, user): message}. What was withdrawn reached nobody, and news that wait tell nobody yet."""
	found = frappe.db.sql(
		f"select `action_item`, `user`, `purpose`, `about`, `step`, `created_utc` from `tab{NOTIFICATION}`"
		f" where `action_item` in ({rows.placeholders(names)}) and `user` is not null and `status` <> %s"
		" and not (`purpose` = %s and `status` = %s and `planned_utc` > %s) order by `name`",
		(*names, MessageState.WITHDRAWN, Purpose.NOTICE, MessageState.QUEUED, clock.now()),
	)
	return {
		(item, user): Message(user, Purpose(purpose), about or "", step or 0, get_datetime(at))
		for item, user, purpose, about, step, at in found
	}


def _by_hand(names: Sequence[str]) -> dict[tuple[str, str, datetime], ByHand]:
	"""{(item, user, when): what a person did by which the user was paged then}."""
	found = frappe.db.sql(
		f"select `action_item`, `kind`, `at_utc`, `data` from `tab{EVENT}`{rows.by_index('escalation_of_item')}"
		f" where `action_item` in ({rows.placeholders(names)}) and `kind` in ({rows.placeholders(_BY_HAND)})",
		(*names, *_BY_HAND),
		as_dict=True,
	)
	hands = [(row.action_item, ByHand.of_event(row)) for row in found]
	return {(item, hand.to, hand.at): hand for item, hand in hands}


def _lines(names: Sequence[str]) -> dict[tuple[str, str], list[Any]]:
	"""The lines there are, newest first: {(item, user): lines}."""
	found: dict[tuple[str, str], list[Any]] = {}
	for row in frappe.db.sql(
		f"select `name`, `document_name`, `for_user`, `subject`, `link`, `from_user`, `read`, `creation` from `tab{LOG}`"
		f" where `document_name` in ({rows.placeholders(names)}) and `document_type` = %s order by `creation` desc",
		(*names, ITEM),
		as_dict=True,
	):
		found.setdefault((row.document_name, row.for_user), []).append(row)
	return found


def _readers(users: Collection[str]) -> dict[str, _Reader]:
	found = users and frappe.db.sql(
		"select u.`name`, u.`full_name`, coalesce(nullif(c.`language`, ''), u.`language`) as `language`,"
		" u.`enabled` = 1 and u.`user_type` = 'System User' and coalesce(n.`enabled`, 1) = 1 as `wants`"
		f" from `tabUser` u left join `tab{CONTACT}` c on c.`user` = u.`name`"
		f" left join `tab{_SETTINGS}` n on n.`name` = u.`name` where u.`name` in ({rows.placeholders(users)})",
		tuple(users),
		as_dict=True,
	)
	default = frappe.db.get_default("lang") or "en"
	nobody = _Reader(default, "", wants=False)
	by_name = {row.name: row for row in found or ()}
	return {
		user: _Reader(row.language or default, row.full_name or user, bool(row.wants))
		if (row := by_name.get(user))
		else nobody
		for user in users
	}
