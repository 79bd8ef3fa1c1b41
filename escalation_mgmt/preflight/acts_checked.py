"""What is wrong with a step that acts on the ticket, in words for whoever writes the plan."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import frappe
from frappe import _
from frappe.permissions import get_role_permissions

from escalation_mgmt.delivery import messages
from escalation_mgmt.engine import Act, Clock, StatusCategory, TargetKind
from escalation_mgmt.facts import acts, plans, sources
from escalation_mgmt.preflight import targets_checked
from escalation_mgmt.utils.doctypes import PLAN

ACTS = frozenset(map(str, Act))
SAYS = frozenset({Act.COMMENT, Act.TELL_CUSTOMER})
_NOBODYS = ("link", "person")
"""What a message's template may name, and a comment's may not: nobody acknowledges by it."""


def is_act(row: Any) -> bool:
	return row.method in ACTS


def problems(row: Any, plan: Any) -> Iterator[str]:
	"""Why a row that acts can't be saved."""
	act, doctype = Act(row.method), plan.reference_doctype
	value = acts.value_of(row)
	if why := acts.refusal(doctype, act, value):
		yield why
	elif act is Act.SET_STATUS and _answers(plan, value):
		yield _(
			"The status {0} waits for the customer, and so it would end this plan's escalation itself. Choose another status, or another clock."
		).format(value)
	if act is Act.ASSIGN:
		yield from targets_checked.of_each(row, partial(_whom, row, doctype))
	if act in SAYS:
		yield from _message(row, doctype)


def _answers(plan: Any, status: str) -> bool:
	"""Whether a status counts as an answer to what the plan guards: a helpdesk takes one that waits for the customer for the first
	response.
	"""
	if sources.category_of(plan.reference_doctype, status) is not StatusCategory.PAUSED:
		return False
	clock = Clock(plan.clock or Clock.FIRST_RESPONSE)
	if clock is Clock.RESOLUTION:
		return False
	responds = clock is Clock.FIRST_RESPONSE and plan.stop_on_first_response
	return bool(plan.stop_on_paused_status or responds)


def _whom(row: Any, doctype: str, prefix: str) -> Iterator[str]:
	kind, user = TargetKind(row.get(f"{prefix}whom")), row.get(f"{prefix}user")
	if kind in (TargetKind.ADDRESS, TargetKind.ENDPOINT):
		yield _("A ticket is assigned to a user. Choose a person, a team or a role under Whom.")
	elif kind is TargetKind.ASSIGNEE:
		yield _("The assignee has the ticket already. Choose under Whom to whom it is assigned.")
	elif kind is TargetKind.USER and user and (why := acts.unassignable(user)):
		yield _("{0} can't be assigned a ticket: {1}").format(user, why)
	else:
		yield from targets_checked.problems(row, prefix, doctype=doctype)


def _message(row: Any, doctype: str) -> Iterator[str]:
	if not (row.message or "").strip():
		yield _("Say under Message what is written.")
		return
	for wrong in messages.placeholders_wrong(row.message, doctype, without=_NOBODYS):
		yield _("The message {0}").format(wrong)


def rights(plan: Any) -> Iterator[str]:
	"""Why the present user may not let the plan act, where they change what it does: nobody does by a plan what they may not do."""
	before = _before(plan)
	had = {_key(row) for row in before.steps} if before else set()
	new = [row for row in plan.steps if is_act(row) and _key(row) not in had]
	assigns = plan.get("assign_on_acknowledgement") and not (
		before and before.get("assign_on_acknowledgement")
	)
	if (new or assigns) and not _may_change(plan.reference_doctype):
		yield _(
			"You may not change {0}, so no plan of yours may. Ask somebody who may to add the steps that do."
		).format(_(plan.reference_doctype))


def _before(plan: Any) -> Any:
	"""The plan as it is saved, for the same tickets; None: there is none."""
	before = plan.get_doc_before_save()
	if not before and plan.name and frappe.db.exists(PLAN, plan.name):
		before = frappe.get_doc(PLAN, plan.name)
	return before if before and before.reference_doctype == plan.reference_doctype else None


def _may_change(doctype: str) -> bool:
	"""Whether they may change tickets, and not only their own."""
	user = frappe.session.user
	if user == "Administrator":
		return True
	granted = get_role_permissions(frappe.get_meta(doctype), user=user, is_owner=False).get("write")
	return bool(granted) and sources.works_on(doctype, user)


def _key(row: Any) -> tuple[str, ...]:
	return (
		row.method,
		acts.value_of(row),
		row.message or "",
		row.whom,
		row.user or "",
		row.team or "",
		row.role or "",
		*(row.get(plans.SECOND + field) or "" for field in ("whom", "user", "team", "role", "user_field")),
	)
