"""Erasure of a person from our own rows: what happened stays, who it was doesn't."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import frappe

from escalation_mgmt.engine import TargetKind
from escalation_mgmt.facts import plans
from escalation_mgmt.notifiers.push import devices
from escalation_mgmt.storage import activity, history, outbox
from escalation_mgmt.storage.action_items import ticket_of
from escalation_mgmt.storage.message_state import MessageState
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import (
	CONTACT,
	CONTACT_CODE,
	DEVICE,
	EVENT,
	ITEM,
	NOTIFICATION,
	NOTIFICATION_SECRET,
	PLAN,
	PLAN_VERSION,
	STEP,
)

_NAMES = (
	"to",
	"by",
	"who",
	"was",
	"spared",
	"passed_on",
	"shared",
	"assigned",
	"has_it",
)  # keys of an event's data that hold people
_TEXTS = ("reason", "detail", "note")  # what a person or a provider said


@dataclass(frozen=True)
class Erased:
	"""Whom it is about, and what they are called from now on. All but `names` is theirs alone, and so can be looked for."""

	user: str
	called: str
	names: frozenset[str] = frozenset()  # as they were shown: somebody else may be called alike
	addresses: frozenset[str] = field(
		default=frozenset()
	)  # their numbers and mail addresses, and nobody else's

	@cached_property
	def identifiers(self) -> list[str]:
		return sorted({self.user, *self.addresses})

	@cached_property
	def _as_a_whole(self) -> re.Pattern:
		found = "|".join(re.escape(each) for each in sorted(self.identifiers, key=len, reverse=True))
		return re.compile(rf"(?<![\w.@+-])(?:{found})(?!\.?[\w@-])")

	def out_of(self, text: str) -> str:
		"""A text without their identifiers. Each stands as a whole there: no.ann@x.test isn't ann@x.test."""
		return self._as_a_whole.sub(lambda _found: self.called, text)

	def out_of_all(self, value: Any) -> Any:
		"""The same for whatever JSON can hold."""
		if isinstance(value, str):
			return self.out_of(value)
		if isinstance(value, list):
			return [self.out_of_all(each) for each in value]
		if isinstance(value, dict):
			return {self.out_of(key): self.out_of_all(each) for key, each in value.items()}
		return value


def known(email: str, called: str, full_name: str) -> Erased:
	"""All that is known of a user whom Frappe calls by another name by now. What somebody else has as well stays theirs: two
	may share a phone."""
	contacts = frappe.get_all(
		CONTACT, filters={"user": called}, fields=["name", "email", "mobile_no"], order_by="name"
	)
	codes = frappe.get_all(
		CONTACT_CODE,
		filters={"name": ("in", [row.name for row in contacts] or [""])},
		pluck="mobile_no",
		order_by="name",
	)
	written_to = frappe.db.sql(
		f"select distinct s.`address`, n.`recipient` from `tab{NOTIFICATION}` n"
		f" left join `tab{NOTIFICATION_SECRET}` s on s.`name` = n.`name` where n.`user` = %s",
		(called,),
	)
	had = {email, *codes, *(address for address, _name in written_to)}
	for contact in contacts:
		had |= {contact.email, contact.mobile_no, *_earlier(contact.name, called)}
	acknowledged = frappe.get_all(
		ITEM,
		filters={"acknowledged_user": called},
		pluck="acknowledged_by",
		distinct=True,
		order_by="acknowledged_by",
	)
	names = {full_name, *(name for _address, name in written_to), *acknowledged}
	return Erased(
		user=email,
		called=called,
		names=frozenset(names - {None, "", called}),
		addresses=frozenset(each for each in had - {None, "", called} if not _is_anothers(each, called)),
	)


def _versions_of(contact: str, called: str) -> dict[str, Any]:
	"""Of a contact, which Frappe may have called by its user's new name there already."""
	return {"ref_doctype": CONTACT, "docname": ("in", (contact, called))}


def _earlier(contact: str, called: str) -> Iterator[str]:
	"""Numbers and addresses that a contact had before, where versions of it are kept."""
	for data in frappe.get_all(
		"Version", filters=_versions_of(contact, called), pluck="data", order_by="name"
	):
		for column, *values in json.loads(data or "{}").get("changed") or ():
			if column in ("email", "mobile_no"):
				yield from (value for value in values if value)


def _is_anothers(address: str, user: str) -> bool:
	return bool(
		frappe.db.exists(CONTACT, {"mobile_no": address, "user": ("!=", user)})
		or frappe.db.exists(CONTACT, {"email": address, "user": ("!=", user)})
		or frappe.db.exists("User", {"email": address, "name": ("!=", user)})
	)


# --- what history says


def history_of(person: Erased) -> None:
	"""Each line that names them, and what stands of it in the ticket's activity."""
	sought = [*person.identifiers, person.called, *person.names]
	users = _users_called(person.names)
	for name, data in rows_with(EVENT, "data", sought):
		before = json.loads(data)
		row = frappe.db.get_value(EVENT, name, ["kind", "step", "action_item", "notification"], as_dict=True)
		after = _line(before, person, lambda label, row=row: _whose(label, row, users))
		if after == before:
			continue
		write(EVENT, name, {"data": history.encoded(after)})
		item = frappe.db.get_value(
			ITEM, row.action_item, ["reference_doctype", "reference_name", "ticket_created"], as_dict=True
		)
		if item:
			was, now = ((row.kind, row.step, each) for each in (before, after))
			activity.rewrite(ticket_of(item), name, was, now)


def _line(data: dict[str, Any], person: Erased, whose: Callable[[str], set[str]]) -> dict[str, Any]:
	"""What a line says without the person. `whose` are the users whom a name can mean where the line doesn't say it."""
	theirs = (person.user, person.called)
	after, people = dict(data), dict(data.get(history.PEOPLE, {}))
	about_them = after.get("user") in theirs
	for key in _NAMES:
		text = after.get(key)
		if not isinstance(text, str) or not text:
			continue
		named = people.get(key) or _as_named(text, after, whose, person)
		if ", ".join(shown for _user, shown in named) != text or not any(user in theirs for user, _ in named):
			continue
		about_them = True
		named = [[person.called] * 2 if user in theirs else [user, shown] for user, shown in named]
		after[key] = ", ".join(shown for _user, shown in named)
		if key in people:
			people[key] = named
	if people:
		after[history.PEOPLE] = people
	if after.get("user") in theirs:
		after["user"] = person.called
	for key in _TEXTS:
		text = after.get(key)
		if isinstance(text, str):
			quotes = about_them and any(name in text for name in person.names)
			after[key] = "" if quotes and key != "reason" else person.out_of(text)
	return after


def _as_named(
	text: str, data: dict[str, Any], whose: Callable[[str], set[str]], person: Erased
) -> list[list[str]]:
	"""Of a line from before lines said whose their names are: a name is theirs where it can be nobody else's."""
	shown = [text] if text in person.names else text.split(", ")
	named = []
	for label in shown:
		user = data.get("user") if len(shown) == 1 and data.get("who") == text else ""
		can_be = {user} if user else whose(label) | ({person.called} if label in person.names else set())
		can_be = can_be or {label}  # a user's id
		named.append([next(iter(can_be)) if len(can_be) == 1 else "", label])
	return named


def _users_called(names: Iterable[str]) -> dict[str, set[str]]:
	found: dict[str, set[str]] = {}
	for row in frappe.get_all(
		"User", filters={"full_name": ("in", [*names] or [""])}, fields=["name", "full_name"], order_by="name"
	):
		found.setdefault(row.full_name, set()).add(row.name)
	return found


def _whose(label: str, row: Any, users: dict[str, set[str]]) -> set[str]:
	"""Whom a name can mean in a line of an item's history: whom its message went to, or whoever is or was called so."""
	if row.notification:
		user = frappe.db.get_value(NOTIFICATION, row.notification, "user")
		return {user} if user else set()
	sent = frappe.get_all(
		NOTIFICATION,
		filters={"action_item": row.action_item, "recipient": label, "user": ("is", "set")},
		pluck="user",
		distinct=True,
		order_by="user",
	)
	had = frappe.db.get_value(ITEM, {"name": row.action_item, "acknowledged_by": label}, "acknowledged_user")
	return {*sent, *users.get(label, set()), *([had] if had else [])}


# --- messages, items, plans, contacts


def messages_of(person: Erased) -> None:
	"""Their messages are called after the request; what waits isn't sent, and a link that they have opens nothing any more."""
	mine = f"(select `name` from `tab{NOTIFICATION}` where `user` = %s)"
	gone = "`address` = '', `reply_code` = 0, `token_hash` = null, `earlier_token_hash` = null"
	frappe.db.sql(f"update `tab{NOTIFICATION_SECRET}` set {gone} where `name` in {mine}", (person.called,))
	frappe.db.sql(
		f"update `tab{NOTIFICATION_SECRET}` set `note` = null, `noted_by` = null where `noted_by` = %s",
		(person.called,),
	)
	if person.addresses:  # a bare address that was theirs
		frappe.db.sql(
			f"update `tab{NOTIFICATION_SECRET}` set {gone} where `address` in ({rows.placeholders(person.addresses)})",
			tuple(person.addresses),
		)
	waiting = (person.called, MessageState.QUEUED)
	carriers = outbox.select(
		outbox.StoredMessage, "where `user` = %s and `status` = %s and `carries` = 1", waiting
	)
	frappe.db.sql(
		f"update `tab{NOTIFICATION}` set `status` = %s, `next_attempt_utc` = null where `user` = %s and `status` = %s",
		(MessageState.WITHDRAWN, *waiting),
	)
	outbox.hand_on(carriers, clock.now())  # to whom else it was for
	frappe.db.sql(
		f"update `tab{NOTIFICATION}` set `recipient` = %s, `detail` = '' where `user` = %s",
		(person.called, person.called),
	)
	for name, detail in rows_with(NOTIFICATION, "detail", person.identifiers):
		write(NOTIFICATION, name, {"detail": person.out_of(detail)})


def in_items(person: Erased, columns: Sequence[str]) -> None:
	"""Lists of users in action items. Whoever has read one of these decides anew."""
	for column in columns:
		for name, text in rows_with(ITEM, column, [person.user]):
			before = json.loads(text)
			after = _renamed(before, person)
			if after != before:
				frappe.db.sql(
					f"update `tab{ITEM}` set `{column}` = %s, `version` = `version` + 1 where `name` = %s",
					(json.dumps(after), name),
				)
	for name, _text in rows_with(ITEM, "undo_restores", [person.user]):
		write(ITEM, name, {"undo_restores": None})  # for a minute only
	for name, text in rows_with(ITEM, "parked", person.identifiers):
		write(ITEM, name, {"parked": person.out_of(text)})


def _renamed(value: Any, person: Erased) -> Any:
	if isinstance(value, list):
		named = (
			len(value) == 2 and value[0] == person.user and value[1] in person.names
		)  # with what they are called
		return [person.called] * 2 if named else [_renamed(each, person) for each in value]
	return person.called if value == person.user else value


def plans_with(person: Erased) -> None:
	"""Frozen plans and those that are written: whom a step names, and what their texts quote. A bare address of theirs goes,
	and its step reaches nobody until somebody corrects it; readiness says so."""
	for name, content in rows_with(PLAN_VERSION, "content", person.identifiers):
		write(PLAN_VERSION, name, {"content": plan_of(content, person)})
	for column in ("address", "second_address") if person.addresses else ():
		frappe.db.sql(
			f"update `tab{STEP}` set `{column}` = '' where `{column}` in ({rows.placeholders(person.addresses)})",
			tuple(person.addresses),
		)
	texts = {
		PLAN: ("condition", "stop_condition", "subject", "message"),
		STEP: ("only_if_condition", "message"),
	}
	for doctype, columns in texts.items():
		for column in columns:
			for name, text in rows_with(doctype, column, person.identifiers):
				write(doctype, name, {column: person.out_of(text)})
	for name in frappe.get_all(PLAN, pluck="name", order_by="name"):
		frappe.clear_document_cache(PLAN, name)
	plans.forget_watched()


def plan_of(content: str, person: Erased) -> str:
	"""A frozen plan without a person."""
	plan = json.loads(content)
	for step in plan["steps"]:
		for target in filter(None, (step["target"], step.get("second"))):
			if target[0] == TargetKind.ADDRESS and target[1] in person.addresses:
				target[1] = ""
	return json.dumps(person.out_of_all(plan), sort_keys=True)


def contact_of(person: Erased) -> None:
	"""Their contact remains as that of nobody, so that what names its user finds one; their devices go."""
	for name in frappe.get_all(CONTACT, filters={"user": person.called}, pluck="name", order_by="name"):
		frappe.db.delete(CONTACT_CODE, {"name": name})
		frappe.db.delete("Version", _versions_of(name, person.called))
		empty = {"email": "", "mobile_no": "", "email_verified": 0, "mobile_verified": 0, "enabled": 0}
		frappe.db.set_value(CONTACT, name, empty, update_modified=False)
		# Frappe's renaming would write a comment that has both names.
		frappe.db.sql(f"update `tab{CONTACT}` set `name` = %s where `name` = %s", (person.called, name))
		frappe.clear_document_cache(CONTACT, name)
	devices.delete(frappe.get_all(DEVICE, filters={"user": person.called}, pluck="name", order_by="name"))


# --- rows


def rows_with(doctype: str, column: str, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
	"""Rows whose column has one of these texts in it, as it is or as JSON has it: (name, text). Read without a lock: whoever
	looks through a whole table must not hold up a step."""
	spellings = sorted({spelling for text in texts for spelling in (text, json.dumps(text)[1:-1])})
	if not spellings:
		return
	has = " or ".join([f"instr(`{column}`, %s) > 0"] * len(spellings))
	yield from frappe.db.sql(
		f"select `name`, `{column}` from `tab{doctype}` where {has} order by `name`", tuple(spellings)
	)


def write(doctype: str, name: str, values: dict[str, Any]) -> None:
	sets = ", ".join(f"`{column}` = %s" for column in values)
	frappe.db.sql(f"update `tab{doctype}` set {sets} where `name` = %s", (*values.values(), name))
