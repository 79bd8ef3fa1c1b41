"""Whether the present user may let a plan, or an endpoint's body, read what it names. Passwords nobody may.

Not a part of `validation`: readiness asks that of every plan, whoever looks at it, while these are asked of whoever writes.
"""

from collections.abc import Iterator
from typing import Any

import frappe

from escalation_mgmt.delivery import messages
from escalation_mgmt.engine import RUNNING, Target, TargetKind
from escalation_mgmt.facts import conditions, plans, reading_rights, sources
from escalation_mgmt.preflight import acts_checked
from escalation_mgmt.utils.doctypes import ENDPOINT, ITEM, PLAN, STEP


def check_plan(plan: Any) -> None:
	"""Raises PermissionError, which says what they may not let it read."""
	if _is_known(plan):
		reading_rights.check_fields(plan.reference_doctype, set(_asked_by_plan(plan)))
		if refused := list(acts_checked.rights(plan)):
			frappe.throw(refused[0], frappe.PermissionError)


def problems(plan: Any) -> list[str]:
	"""What they may not let it read, in words."""
	if not _is_known(plan):
		return []
	asked = set(_asked_by_plan(plan))
	return [*reading_rights.refusals(plan.reference_doctype, asked), *acts_checked.rights(plan)]


def _is_known(plan: Any) -> bool:
	"""Whether it names tickets that can be read at all; else validation says what is wrong."""
	doctype = plan.reference_doctype
	return bool(doctype and frappe.db.exists("DocType", doctype)) and sources.is_source(doctype)


def check_endpoint(endpoint: Any) -> None:
	"""Raises PermissionError. Its body is filled for the tickets of every plan that leads to it, running ones included."""
	asked = messages.own_fields_in(endpoint.payload or "")
	for doctype in _doctypes_sent_to(endpoint.name):
		reading_rights.check_fields(doctype, asked)


def _asked_by_plan(plan: Any) -> Iterator[str]:
	for condition in (plan.condition, plan.stop_condition, *(row.only_if_condition for row in plan.steps)):
		if conditions.can_be_parsed(condition or ""):  # else validation says what is wrong
			yield from conditions.fields_in(condition.strip())
	endpoints = {each for row in plan.steps for each in (row.endpoint, row.second_endpoint) if each}
	bodies = [frappe.db.get_value(ENDPOINT, name, "payload") for name in sorted(endpoints)]
	for template in (plan.subject, plan.message, *(row.message for row in plan.steps), *bodies):
		yield from messages.own_fields_in(template or "")
	for row in plan.steps:
		for prefix in ("", plans.SECOND):
			field = (row.get(f"{prefix}user_field") or "").strip()
			if row.get(f"{prefix}whom") == TargetKind.USER_FIELD and field:
				yield field


def _doctypes_sent_to(endpoint: str) -> list[str]:
	"""The ticket DocTypes of the plans with a step to an endpoint, and of what runs by a version that has one."""
	of = frappe.get_all(
		STEP,
		filters={"parenttype": PLAN},
		or_filters={"endpoint": endpoint, "second_endpoint": endpoint},
		pluck="parent",
		distinct=True,
		order_by="parent",
	)
	found = set(
		frappe.get_all(PLAN, filters={"name": ("in", of)}, pluck="reference_doctype", order_by="name")
		if of
		else ()
	)
	running = frappe.get_all(
		ITEM,
		filters={"status": ("in", sorted(RUNNING))},
		fields=["reference_doctype", "plan_version"],
		distinct=True,
		order_by="plan_version",
	)
	frozen = plans.versions({row.plan_version for row in running})
	for row in running:
		steps = frozen[row.plan_version].steps
		if Target(TargetKind.ENDPOINT, endpoint) in {target for step in steps for target in step.targets}:
			found.add(row.reference_doctype)
	return sorted(doctype for doctype in found if frappe.db.exists("DocType", doctype))
