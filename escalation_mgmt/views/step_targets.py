"""Whom a step of a plan can go to, as its row offers them while somebody types: people first, by name."""

from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from escalation_mgmt import notifiers
from escalation_mgmt.engine import Act, TargetKind
from escalation_mgmt.facts import acts, assignments, people, reading_rights, sources
from escalation_mgmt.notifiers import CannotReach
from escalation_mgmt.utils.doctypes import ENDPOINT

OFFERED = 8  # of each kind


def offered(doctype: str, method: str, text: str) -> list[dict[str, str]]:
	"""What is offered for a step by a method, for tickets of a DocType: [{"value": "User:lead@x.test", "label",
	"description"}]. `text` is what was typed; without any, the people are those to whom tickets are assigned, who had most lately first.
	"""
	text = text.strip()
	if method in set(Act):
		return _of_act(Act(method), doctype, text)
	notifier = notifiers.classes().get(method)
	if notifier and notifier.to_endpoints:
		return list(_endpoints(text))
	found = [*_of_ticket(text), *_people(doctype, text), *_more_of_ticket(text)]
	found += [*_teams(text), *_roles(text)]
	found += _user_fields(doctype, text)
	return found + (list(_address(notifier, text)) if notifier and text else [])


def _of_act(act: Act, doctype: str, text: str) -> list[dict[str, str]]:
	"""To what an act sets something, or to whom it assigns the ticket. What only says something is for nobody to choose."""
	if act is Act.ASSIGN:
		team = [each for each in _of_ticket(text) if not each["value"].startswith(TargetKind.ASSIGNEE)]
		found = [*_people(doctype, text), *team, *_teams(text), *_roles(text)]
		return found + list(_user_fields(doctype, text))
	column = acts.FIELD.get(act)
	if not column or not doctype or not sources.is_source(doctype):
		return []
	reading_rights.check_doctype(doctype)
	values = acts.choices(doctype, permitted=True)[column]
	return [
		{"value": f"{column}:{value}", "label": value, "description": ""}
		for value in values
		if text.casefold() in value.casefold()
	]


def _option(kind: TargetKind, which: str, label: str, description: str) -> dict[str, str]:
	return {"value": f"{kind}:{which}", "label": label, "description": description}


def _of_ticket(text: str) -> list[dict[str, str]]:
	options = [
		_option(TargetKind.ASSIGNEE, "", _("Assignee"), _("Whoever has the ticket when the step runs")),
		_option(TargetKind.TEAM, "", _("The Ticket's Team"), _of_team(TargetKind.TEAM)),
	]
	return _saying(text, options)


def _more_of_ticket(text: str) -> list[dict[str, str]]:
	"""What fewer plans ask for."""
	manager = _("The assignee's: to whom they report, else their team's lead")
	next_in_turn, available = TargetKind.NEXT_IN_TURN, TargetKind.AVAILABLE
	options = [
		_option(TargetKind.MANAGER, "", _("Manager"), manager),
		_option(next_in_turn, "", _("Next in Turn of the Ticket's Team"), _of_team(next_in_turn)),
		_option(available, "", _("Available Members of the Ticket's Team"), _of_team(available)),
	]
	return _saying(text, options)


def _saying(text: str, options: list[dict[str, str]]) -> list[dict[str, str]]:
	return [option for option in options if text.casefold() in option["label"].casefold()]


def _of_team(kind: TargetKind) -> str:
	match kind:
		case TargetKind.NEXT_IN_TURN:
			return _("One of its members: whom we chose least recently, of those who are available")
		case TargetKind.AVAILABLE:
			return _("Those of its members who haven't said that they are away")
		case _:
			return _("All of its members")


def _people(doctype: str, text: str) -> Iterator[dict[str, str]]:
	if text:
		like = ("like", f"%{text}%")
		found = frappe.get_all(
			"User",
			filters={"enabled": 1, "user_type": "System User"},
			or_filters={"name": like, "full_name": like},
			pluck="name",
			order_by="full_name, name",
			limit=OFFERED * 2,  # some are nobody
		)
		known = people.names(found)
	else:
		had = assignments.lately(doctype) if doctype else {}
		agents = sources.possible_assignees(doctype) if doctype else []
		known = sorted(people.names([*agents, *had]), key=lambda person: -had.get(person[0], 0))
	for user, name in known[:OFFERED]:
		yield _option(TargetKind.USER, user, name, user)


def _teams(text: str) -> Iterator[dict[str, str]]:
	"""Teams, and of those that somebody asks for, by their name or by this, one or some of their members."""
	for name in _names_like(sources.HD_TEAM, text):
		yield _option(TargetKind.TEAM, name, _("Team: {0}").format(name), _of_team(TargetKind.TEAM))
	if not text:  # it would be three times as much
		return
	for kind in (TargetKind.NEXT_IN_TURN, TargetKind.AVAILABLE):
		asked = text.casefold() in _(str(kind)).casefold()
		for name in _names_like(sources.HD_TEAM, "" if asked else text):
			yield _option(kind, name, f"{_(str(kind))}: {name}", _of_team(kind))


def _roles(text: str) -> Iterator[dict[str, str]]:
	if not text:  # there are dozens, and few page by them
		return
	for name in _names_like("Role", text, {"disabled": 0, "desk_access": 1}):
		words = _("Role: {0}").format(_(name))
		yield _option(TargetKind.ROLE, name, words, _("Everyone who has it"))


def _user_fields(doctype: str, text: str) -> Iterator[dict[str, str]]:
	if not (doctype and text and sources.is_source(doctype)):
		return
	reading_rights.check_doctype(doctype)
	meta = frappe.get_meta(doctype)
	for field in sources.choices(doctype, permitted=True)["user_field"]:
		label = _(meta.get_label(field) or field)
		if text.casefold() in f"{label} {field}".casefold():
			words = _("Field: {0}").format(label)
			yield _option(
				TargetKind.USER_FIELD, field, words, _("Whom the ticket's field {0} names").format(field)
			)


def _endpoints(text: str) -> Iterator[dict[str, str]]:
	for name in _names_like(ENDPOINT, text, {"enabled": 1}):
		yield _option(TargetKind.ENDPOINT, name, _("Endpoint: {0}").format(name), "")


def _address(notifier: type[notifiers.Notifier], text: str) -> Iterator[dict[str, str]]:
	"""What was typed, where the method could send there."""
	try:
		notifier().check_address(text)
	except CannotReach:
		return
	yield _option(TargetKind.ADDRESS, text, text, _("This number or address, whoever has it"))


def _names_like(doctype: str, text: str, filters: dict[str, Any] | None = None) -> list[str]:
	if not frappe.db.exists("DocType", doctype) or not (
		frappe.has_permission(doctype, "select") or frappe.has_permission(doctype, "read")
	):
		return []
	return frappe.get_list(
		doctype,
		filters={**(filters or {}), "name": ("like", f"%{text}%")},
		pluck="name",
		order_by="name",
		limit=OFFERED,
	)
