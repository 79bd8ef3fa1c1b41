"""What steps can do to tickets of a DocType: which field an act sets, to what, and why it can't."""

from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import Act, StatusCategory
from escalation_mgmt.facts import sources, stored_names

FACT = {Act(method): fact for method, fact in stored_names.FROZEN_VALUES.items()}
"""What of a ticket an act sets; the others set nothing."""

FOR_NOBODY = frozenset(map(str, Act)) - {str(Act.ASSIGN)}
"""Acts of whose row *Whom* says nothing."""

FIELD = {act: f"set_{fact}" for act, fact in FACT.items()}
"""Which column of a step says to what."""


def field_of(doctype: str, act: Act) -> str:
	"""The ticket's field that an act sets; empty: the DocType has none, or the act sets nothing."""
	src = sources.source(doctype)
	name = getattr(src, FACT[act]) if act in FACT else ""
	return name if name in src.fields else ""


def value_of(row: Any) -> str:
	"""What the act of a plan's row sets, spelled as tickets have it."""
	act = Act(row.method) if row.method in set(Act) else None
	return (row.get(FIELD[act]) or "").strip() if act in FIELD else ""


def refusal(doctype: str, act: Act, value: str) -> str:
	"""Why an act can't be done on tickets of a DocType, in words that say what to do; empty: it can."""
	if act is Act.TELL_CUSTOMER:
		return "" if sources.customer_field(doctype) else _no_customer(doctype)
	if act not in FACT:
		return ""
	if not field_of(doctype, act):
		return _(
			"{0} has no field for it. Choose another method, or name the field in Escalation Settings, under Tickets of Other DocTypes."
		).format(_(doctype))
	if not value:
		return {
			Act.RAISE: _("Say to which priority."),
			Act.SET_TEAM: _("Say which team."),
			Act.SET_STATUS: _("Say which status."),
		}[act]
	return _no_such(doctype, act, value)


def _no_customer(doctype: str) -> str:
	return _(
		"{0} has no field with its customer's email address. Choose another method, or name the Sender Email Field of that DocType."
	).format(_(doctype))


def _no_such(doctype: str, act: Act, value: str) -> str:
	fact = FACT[act]
	if not stored_names.canonical(doctype, fact, value) or not sources.can_be(doctype, fact, value):
		return _("{0} can't be {1}. Choose one that is offered.").format(label(fact), value)
	if act is Act.RAISE and not sources.level(doctype, value):
		return _("Nobody knows how urgent {0} is, so nothing can be raised to it.").format(value)
	if act is Act.SET_STATUS and sources.category_of(doctype, value) is StatusCategory.RESOLVED:
		return _(
			"{0} is a status of what is resolved: no plan resolves a ticket. Choose another status."
		).format(value)
	return ""


def label(fact: str) -> str:
	return {"priority": _("Priority"), "team": _("Team"), "status": _("Status")}[fact]


def choices(doctype: str, *, permitted: bool = False) -> dict[str, list[str]]:
	"""What an act can set, by the column of a step that says it; `permitted`: of that, what the present user may choose."""
	found = {}
	for act, column in FIELD.items():
		offered = sources.values_of(doctype, FACT[act], permitted=permitted) if field_of(doctype, act) else []
		found[column] = [value for value in offered if not _no_such(doctype, act, value)]
	return found


def possible(doctype: str) -> list[Act]:
	"""What steps can do to tickets of a DocType."""
	return [act for act in Act if (field_of(doctype, act) if act in FACT else not refusal(doctype, act, ""))]


def unassignable(user: str) -> str:
	"""Why no ticket can be assigned to a user; empty: it can. Whoever can be assigned need not be reachable."""
	row = frappe.db.get_value("User", user, ["enabled", "user_type"], as_dict=True) if user else None
	if not row:
		return _("There is no such user.")
	if user in frappe.STANDARD_USERS:
		return _("Nobody sits behind the account {0}. Choose a person.").format(user)
	if not row.enabled:
		return _("The user is disabled.")
	return "" if row.user_type == "System User" else _("A user of the portal can't be assigned tickets.")
