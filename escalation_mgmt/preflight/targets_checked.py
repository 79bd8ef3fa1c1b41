"""What is wrong with whom a step goes to, in words for whoever writes the plan."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import frappe
from frappe import _

from escalation_mgmt import notifiers
from escalation_mgmt.engine import OF_TEAM, TargetKind
from escalation_mgmt.facts import field_types, plans, sources
from escalation_mgmt.utils.doctypes import ENDPOINT


def of_each(row: Any, wrong: Callable[[str], Iterable[str]]) -> Iterator[str]:
	"""What is wrong with whom a step goes to, and with whom it goes to where that reaches nobody; `wrong` says it of one of
	them, by the prefix of its fields.
	"""
	yield from wrong("")
	if not row.second_whom:
		return
	if plans.target(row, plans.SECOND) == plans.target(row):
		yield _("Whom Then is whom the step goes to already. Choose somebody else, or nobody.")
		return
	yield from (_("If it reaches nobody: {0}").format(words) for words in wrong(plans.SECOND))


def problems(row: Any, prefix: str, *, doctype: str, to_endpoint: bool = False) -> Iterator[str]:
	"""What is wrong with one of a step's targets; `to_endpoint`: its method goes to endpoints."""
	kind, value = (target := plans.target(row, prefix)).kind, target.value
	field = plans.TARGET_FIELD[kind]
	if to_endpoint != (kind is TargetKind.ENDPOINT):
		if to_endpoint:
			yield _("{0} goes to an endpoint. Choose Endpoint under Whom.").format(_(row.method))
		else:
			yield _("{0} can't go to an endpoint. Choose HTTP POST as the method, or a person.").format(
				_(row.method)
			)
	elif kind in OF_TEAM:
		yield from _of_team(value, doctype)
	elif field and not value:
		yield _("Say which {0}.").format(_(row.meta.get_label(prefix + field)))
	elif kind is TargetKind.ENDPOINT:
		try:
			frappe.get_doc(ENDPOINT, value).check_payload(doctype)
		except frappe.ValidationError as e:
			frappe.clear_last_message()
			yield str(e)
	elif kind is TargetKind.ADDRESS:
		try:
			notifiers.classes()[row.method]().check_address(value)
		except notifiers.CannotReach as e:
			yield str(e)
	elif kind is TargetKind.USER_FIELD and value not in ("owner", "modified_by"):
		yield from _user_field(doctype, value)


def _of_team(team: str, doctype: str) -> Iterator[str]:
	if not frappe.db.exists("DocType", sources.HD_TEAM):
		yield _("There are no teams on this site: Helpdesk isn't installed. Choose people, or a role.")
	elif not team and not sources.source(doctype).team:
		yield _("{0} has no field for a team. Say which team.").format(_(doctype))


def _user_field(doctype: str, name: str) -> Iterator[str]:
	field = frappe.get_meta(doctype).get_field(name)
	if not field:
		yield _("{0} has no field {1}.").format(_(doctype), name)
	elif field.fieldtype not in field_types.NAMING_A_USER or (
		field.fieldtype == "Link" and field.options != "User"
	):
		yield _("{0} names no user. Choose a field that links to one.").format(name)
