"""Stored names follow a rename or a merge, wherever they stand (`facts.stored_names`): one way for all of them.

A rename ends, starts, moves and replaces nothing. It runs in the transaction in which Frappe renames, after Frappe's own part:
tickets, then items, then plans, in the order in which a save locks them. Whoever read an item before decides anew, because its
version is another one (design rule 1). History keeps what was said.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import Clock, TicketKey
from escalation_mgmt.facts import assignments, condition_names, frozen_names, plans, sources
from escalation_mgmt.facts.stored_names import PLACES, Holds, Place, Renaming
from escalation_mgmt.notifiers.several import Kind
from escalation_mgmt.storage import action_items, bell, circuits, history, ticket_states
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import (
	CONTACT,
	ENDPOINT,
	ITEM,
	MAINTENANCE,
	NOTIFICATION,
	PLAN,
	PLAN_PRIORITY,
	SETTINGS,
	STEP,
	TICKET_STATE,
)
from escalation_mgmt.utils.error_reports import report_error

_FOLLOWED_BY_FRAPPE = {"User": ("acknowledged_user", "started_by"), MAINTENANCE: ("maintenance",)}
"""Links of an item, by what they link to, that Frappe has changed without telling whoever had read it."""

_TEXTS = {
	PLAN: ("condition", "stop_condition", "subject", "message"),
	STEP: ("only_if_condition", "message"),
	ENDPOINT: ("payload",),
}
"""What administrators write freely: a name in it follows only where it is sure to be one."""


def before_rename(doc: Any, _event: str, old: str, new: str, merge: bool = False) -> None:
	"""Of two people who become one, one contact is left: a user has one, and that of who goes on is theirs. And what has
	the old name, as long as it has it.
	"""
	if doc.doctype == "User" and merge and frappe.db.exists(CONTACT, {"user": new}):
		for name in frappe.get_all(CONTACT, filters={"user": old}, pluck="name", order_by="name"):
			frappe.delete_doc(CONTACT, name, force=True, ignore_permissions=True)
	with _between_code_and_tables(doc, old):
		renaming = Renaming(doc.doctype, str(old), str(new), bool(merge))
		if renaming.doctype != "DocType" and _is_stored(renaming):
			_hold_back(renaming)


def follow(doc: Any, _event: str, old: str, new: str, merge: bool = False) -> None:
	"""Some document, of whatever DocType, has another name now."""
	with _between_code_and_tables(doc, old):
		_follow(doc, _event, old, new, merge)


@contextmanager
def _between_code_and_tables(doc: Any, old: str) -> Iterator[None]:
	"""Until a site is migrated its tables are those of an earlier version of ours. Others' renames, such as in patches that
	run before, don't fail by that: it is reported, and readiness finds a name that leads nowhere.
	"""
	frappe.db.savepoint("escalation_renames")
	try:
		yield
	except Exception as e:
		if not rows.is_missing(e):
			raise
		frappe.db.rollback(save_point="escalation_renames")
		report_error(
			f"Escalation: plans can't follow the name of {doc.doctype} {old}: the site isn't migrated yet"
		)
	else:
		frappe.db.release_savepoint("escalation_renames")


def _follow(doc: Any, _event: str, old: str, new: str, merge: bool) -> None:
	for of_tickets in (assignments, action_items, ticket_states):
		of_tickets.follow_rename(doc, _event, str(old), str(new), merge)
	bell.renew_soon(bell.of_tickets(doc.doctype, str(new)))
	renaming = Renaming(doc.doctype, str(old), str(new), bool(merge))
	if renaming.doctype == "DocType":
		_follow_tickets(renaming)
	elif not _is_stored(renaming):
		return
	if renaming.doctype == ENDPOINT:
		circuits.forget([renaming.old, renaming.new])
	if renaming.doctype == Kind.EMAIL_ACCOUNT:
		follow_providers({renaming.old: renaming.new}, of_email=True)
	for place in PLACES:
		if renaming.concerns(place):
			_FOLLOW[place.holds](place, renaming)
	for column in _FOLLOWED_BY_FRAPPE.get(renaming.doctype, ()):
		frappe.db.sql(
			f"update `tab{ITEM}` set `version` = `version` + 1 where `{column}` = %s", (renaming.new,)
		)
	if renaming.doctype == "User":
		bell.renew_soon(bell.of_user(renaming.new))  # of two people who become one, one line each is left
	frappe.clear_document_cache(SETTINGS, SETTINGS)
	plans.forget_watched()
	_say_what_stays(renaming)


def _is_stored(renaming: Renaming) -> bool:
	"""Whether any place can hold such a name: most renames of a site are none of ours."""
	ours = renaming.doctype in {
		Kind.EMAIL_ACCOUNT,
		*(place.names for place in PLACES),
		*frozen_names.NAMED,
		*_FOLLOWED_BY_FRAPPE,
	}
	return ours or any(renaming.fields(source.doctype) for source in renaming.sources)


def _follow_tickets(renaming: Renaming) -> None:
	"""The tickets' DocType itself: Frappe has changed the links to it, not our key of the running item."""
	for doctype, column in ((ITEM, "running_ticket"), (ITEM, "exhausted_ticket"), (TICKET_STATE, "ticket")):
		which = ", `clock`" if doctype == ITEM else ""
		found = frappe.db.sql(
			f"select `name`, `reference_name`{which} from `tab{doctype}`"
			f" where `reference_doctype` = %s and `{column}` is not null order by `name` for update",
			(renaming.new,),
		)
		for name, ticket, *of in found:
			key = action_items.running_ticket(TicketKey(renaming.new, ticket or ""), *map(Clock, of))
			bump = ", `version` = `version` + 1" if doctype == ITEM else ""
			frappe.db.sql(f"update `tab{doctype}` set `{column}` = %s{bump} where `name` = %s", (key, name))
	bell.renew_soon(bell.of_tickets(renaming.new))


def _hold_back(renaming: Renaming) -> None:
	"""A plan that asks for the new name, and not for the old one, gets tickets by this that it didn't have: they start
	nothing by that (docs/decisions/0004).
	"""
	gained = {
		place.fact
		for place in PLACES
		if place.doctype in (PLAN, PLAN_PRIORITY)
		and place.fact
		and _asking(place, renaming, renaming.new) - _asking(place, renaming, renaming.old)
	}
	for fact in sorted(gained):
		for doctype in renaming.tickets(fact):
			fieldname = getattr(sources.source(doctype), fact)
			ticket_states.hold_back(doctype, fieldname, renaming.old, clock.now())


def _asking(place: Place, renaming: Renaming, name: str) -> set[str]:
	"""The plans that ask for a name."""
	doctypes = renaming.tickets(place.fact)
	if not doctypes:
		return set()
	plan = "name" if place.doctype == PLAN else "parent"
	sql = (
		f"select `{plan}` from `tab{place.doctype}`"
		f" where {place.tickets} in ({rows.placeholders(doctypes)}) and `{place.column}` = %s"
	)
	return {row[0] for row in frappe.db.sql(sql, (*doctypes, name))}


def _follow_one(place: Place, renaming: Renaming) -> None:
	"""A name of its own: one statement for all rows, which sees them as they are now."""
	by_level = place.doctype == ITEM and place.fact == "priority"
	of = renaming.tickets(place.fact) if place.tickets else []
	for doctypes in ([doctype] for doctype in of) if by_level else [of]:
		sets = [f"`{place.column}` = %s"]
		values: list[Any] = [renaming.new]
		if by_level:
			sets.append("`priority_level` = %s")
			values.append(sources.level(doctypes[0], renaming.new))
		if place.doctype == ITEM:
			sets.append("`version` = `version` + 1")
		where = f"`{place.column}` = %s"
		if place.names == ENDPOINT:  # a person's address isn't one
			where += f" and `name` in (select `name` from `tab{NOTIFICATION}` where coalesce(`endpoint`, '') <> '')"
		if place.tickets:
			where += f" and {place.tickets} in ({rows.placeholders(doctypes)})"
		frappe.db.sql(
			f"update `tab{place.doctype}` set {', '.join(sets)} where {where}",
			(*values, renaming.old, *doctypes),
		)
	if place.doctype == PLAN_PRIORITY and renaming.merge:
		_name_once(renaming)


def _name_once(renaming: Renaming) -> None:
	"""A plan that named both names it once."""
	sql = f"select `name`, `parent` from `tab{PLAN_PRIORITY}` where `priority` = %s order by `parent`, `idx`"
	seen: set[str] = set()
	for name, parent in frappe.db.sql(sql, (renaming.new,)):
		if parent in seen:
			frappe.db.sql(f"delete from `tab{PLAN_PRIORITY}` where `name` = %s", (name,))
		seen.add(parent)


def _follow_lines(place: Place, renaming: Renaming) -> None:
	doctypes = renaming.tickets(place.fact)
	found = frappe.db.sql(
		f"select `name`, `{place.column}` from `tab{place.doctype}` where coalesce(`{place.column}`, '') <> ''"
		f" and {place.tickets} in ({rows.placeholders(doctypes)})",
		tuple(doctypes),
	)
	for name, text in found:
		lines = [renaming.of(line.strip()) for line in text.splitlines() if line.strip()]
		_write(place, name, text, "\n".join(dict.fromkeys(lines)))


def _follow_json(place: Place, renaming: Renaming) -> None:
	"""Found without a lock, because a whole table is looked through; changed as they are under one."""
	names = [name for name, _text in _rows_with(place.doctype, place.column, renaming.old)]
	for start in range(0, len(names), rows.CHUNK):
		part = names[start : start + rows.CHUNK]
		found = frappe.db.sql(
			f"select `name`, `version`, `{place.column}` from `tab{place.doctype}`"
			f" where `name` in ({rows.placeholders(part)}) order by `name` for update",
			tuple(part),
		)
		changed = [
			{"name": name, "version": version + 1, place.column: json.dumps(after)}
			for name, version, text in found
			if text and (after := _renamed(before := json.loads(text), renaming)) != before
		]
		if changed:
			rows.update_all(place.doctype, changed)


def _renamed(value: Any, renaming: Renaming, *, pair: bool = False) -> Any:
	if isinstance(value, str):
		return renaming.of(value)
	if isinstance(value, dict):  # what an undo restores
		return {key: each if key == "status" else _renamed(each, renaming) for key, each in value.items()}
	if not isinstance(value, list):
		return value
	of_pairs = all(map(_is_pair, value))
	each = [_renamed(one, renaming, pair=of_pairs) for one in value]
	# Whom it names twice after a merge, it names once; but somebody may be called as their user is.
	of_users = each and not pair and all(isinstance(one, str) for one in each)
	return list(dict.fromkeys(each)) if of_users else each


def _is_pair(value: Any) -> bool:
	"""A user, and what they are called: of whom a list of such pairs names."""
	return isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)


def _follow_plans(place: Place, renaming: Renaming) -> None:
	"""Frozen plans, each where it stands: its items go on with it, those too that are being opened at this moment."""
	changed = []
	for name, text in _rows_with(place.doctype, place.column, renaming.old):
		before = json.loads(text)
		after = frozen_names.follow(before, renaming)
		if after != before:
			changed.append(name)
			_write(place, name, text, json.dumps(after, sort_keys=True))
	for start in range(0, len(changed), rows.CHUNK):
		part = changed[start : start + rows.CHUNK]
		frappe.db.sql(
			f"update `tab{ITEM}` set `version` = `version` + 1 where `plan_version` in ({rows.placeholders(part)})",
			tuple(part),
		)


def _follow_conditions(place: Place, renaming: Renaming) -> None:
	if renaming.doctype == "DocType":
		return
	found = frappe.db.sql(
		f"select `name`, `{place.column}`, {place.tickets} from `tab{place.doctype}`"
		f" where coalesce(`{place.column}`, '') <> ''"
	)
	for name, text, doctype in found:
		if doctype in {source.doctype for source in renaming.sources}:
			fields = renaming.fields(doctype)
			_write(place, name, text, condition_names.follow(text, fields, renaming.is_old, renaming.new))


def _follow_people(place: Place, renaming: Renaming) -> None:
	"""Whom a line of history names; what it says stays as it was said."""
	for name, text in _rows_with(place.doctype, place.column, renaming.old):
		line = json.loads(text)
		if people := line.get(history.PEOPLE):
			line[history.PEOPLE] = {
				key: [[renaming.of(user), shown] for user, shown in named] for key, named in people.items()
			}
			_write(place, name, text, history.encoded(line))


_FOLLOW: dict[Holds, Callable[[Place, Renaming], None]] = {
	Holds.ONE: _follow_one,
	Holds.LINES: _follow_lines,
	Holds.JSON: _follow_json,
	Holds.PEOPLE: _follow_people,
	Holds.PLAN: _follow_plans,
	Holds.CONDITION: _follow_conditions,
}


def _write(place: Place, name: str, before: str, after: str) -> None:
	if after != before:
		frappe.db.sql(
			f"update `tab{place.doctype}` set `{place.column}` = %s where `name` = %s", (after, name)
		)


def _rows_with(doctype: str, column: str, name: str) -> Iterable[tuple[str, str]]:
	spellings = sorted({name, *(json.dumps(name, ensure_ascii=ascii_)[1:-1] for ascii_ in (True, False))})
	# A condition's quotes are escaped once more within JSON.
	spellings += [
		json.dumps(spelling)[1:-1] for spelling in spellings if json.dumps(spelling)[1:-1] != spelling
	]
	has = " or ".join([f"instr(lower(`{column}`), lower(%s)) > 0"] * len(spellings))
	return frappe.db.sql(
		f"select `name`, `{column}` from `tab{doctype}` where {has} order by `name`", tuple(spellings)
	)


def follow_providers(renamed: Mapping[str, str], *, of_email: bool = False) -> None:
	"""Providers have other names now, {old: new}: rows of Escalation Settings, or (`of_email`) Email Accounts, whose messages are
	others. Who renames two to each other's names is understood, too.
	"""
	changed = {old: new for old, new in renamed.items() if old and old != new}
	if not changed:
		return
	circuits.forget([*changed, *changed.values()])
	found = frappe.db.sql(
		f"select `name`, `provider`, `earlier_provider`, `not_by` from `tab{NOTIFICATION}`"
		f" where `method` {'=' if of_email else '<>'} %s and coalesce(`provider`, `not_by`, '') <> ''",
		("Email",),
	)
	rows.update_all(
		NOTIFICATION,
		[
			{
				"name": name,
				"provider": changed.get(provider, provider),
				"earlier_provider": changed.get(earlier, earlier),
				"not_by": "\n".join(changed.get(each, each) for each in (not_by or "").splitlines()) or None,
			}
			for name, provider, earlier, not_by in found
			if {provider, earlier, *(not_by or "").splitlines()} & changed.keys()
		],
	)


def _say_what_stays(renaming: Renaming) -> None:
	"""Say in which texts the old name is still in quotes: only whoever wrote it knows what it means there."""
	quoted = [quote + renaming.old + quote for quote in "'\""]
	for doctype, columns in _TEXTS.items():
		shown = "parent" if doctype == STEP else "name"
		for column in columns:
			has = " or ".join([f"instr(`{column}`, %s) > 0"] * len(quoted))
			sql = f"select distinct `{shown}` from `tab{doctype}` where {has} order by 1"
			for (name,) in frappe.db.sql(sql, tuple(quoted)):
				words = _("{0} of {1} {2} still says {3}. If that is what you have renamed, write {4} there.")
				label = _(frappe.get_meta(doctype).get_label(column))
				of = _(PLAN if doctype == STEP else doctype)
				escaped = [frappe.utils.escape_html(each) for each in (name, renaming.old, renaming.new)]
				frappe.msgprint(words.format(label, of, *escaped), indicator="orange", alert=True)
