"""Plans: from the DocType to the engine's own, frozen form, and back from where that is stored.

A frozen plan is stored once, under the hash of its content (Escalation Plan Version): every save of a plan
that changes anything makes a new version, and action items name the version that they run.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

import frappe
from frappe.utils import cint, flt

from escalation_mgmt.engine import Plan, StartAt, Step, StopRules, Target, TargetKind, TicketFilter

VERSION = "Escalation Plan Version"
_DOCTYPES = "escalation_ticket_doctypes"


def from_doc(doc: Any) -> Plan:
	"""The engine's form of an Escalation Plan document, saved or not."""
	return Plan(
		name=doc.name or doc.title,
		rank=cint(doc.rank),
		takes=TicketFilter(
			doctype=doc.reference_doctype,
			priorities=frozenset(row.priority for row in doc.priorities),
			team=doc.team or "",
			ticket_type=doc.ticket_type or "",
			customer=doc.customer or "",
			condition=(doc.condition or "").strip(),
		),
		start=StartAt(doc.start),
		window=_seconds(doc.window),
		steps=tuple(
			Step(
				number=number,
				wait=_seconds(row.wait),
				method=row.method,
				target=Target(TargetKind(row.whom), _target_value(row)),
				message=row.message or "",
			)
			for number, row in enumerate(doc.steps, 1)
		),
		repeats=cint(doc.repeats),
		repeat_pause=_seconds(doc.repeat_pause),
		last_wait=_seconds(doc.last_wait),
		stop=StopRules(
			on_reply=bool(cint(doc.stop_on_reply)),
			on_first_response=bool(cint(doc.stop_on_first_response)),
			on_paused_status=bool(cint(doc.stop_on_paused_status)),
			condition=(doc.stop_condition or "").strip(),
		),
		owner=doc.plan_owner or "",
		subject=doc.subject or "",
		message=doc.message or "",
	)


TARGET_FIELD = {
	TargetKind.ASSIGNEE: "",
	TargetKind.USER: "user",
	TargetKind.TEAM: "team",
	TargetKind.ROLE: "role",
	TargetKind.USER_FIELD: "user_field",
	TargetKind.ADDRESS: "address",
	TargetKind.ENDPOINT: "endpoint",
}
"""Which column of a step says whom, for each kind of target."""


def _target_value(row: Any) -> str:
	field = TARGET_FIELD[TargetKind(row.whom)]
	return (row.get(field) or "").strip() if field else ""


def _seconds(value: Any) -> timedelta:
	return timedelta(seconds=flt(value))


def freeze(plan: Plan) -> str:
	"""Store the plan as it is now, and return the name of that version."""
	content = json.dumps(plan.to_dict(), sort_keys=True)
	name = hashlib.sha256(content.encode()).hexdigest()[:32]
	if not frappe.db.exists(VERSION, name):
		version = frappe.new_doc(VERSION)
		version.update({"name": name, "plan": plan.name, "content": content})
		version.flags.name_set = True
		version.insert(ignore_permissions=True, set_name=name)
	return name


@lru_cache(maxsize=1024)
def _parsed(version: str, content: str) -> Plan:
	return Plan.from_dict(json.loads(content))


def versions(names: set[str]) -> dict[str, Plan]:
	"""The frozen plans of these versions."""
	rows = frappe.get_all(
		VERSION,
		filters={"name": ("in", list(names))},
		fields=["name", "content"],
		order_by="name",
		limit_page_length=0,
	)
	return {row.name: _parsed(row.name, row.content) for row in rows}


def enabled(doctype: str) -> dict[str, Plan]:
	"""The enabled plans for a ticket DocType: {version: plan}."""
	names = frappe.get_all(
		"Escalation Plan",
		filters={"enabled": 1, "reference_doctype": doctype},
		pluck="plan_version",
		order_by="`rank`, name",
	)
	return versions(set(names)) if names else {}


def watched_doctypes() -> set[str]:
	"""The DocTypes that some enabled plan names. Cached: every save of any document asks."""

	def read() -> list[str]:
		return frappe.get_all(
			"Escalation Plan",
			filters={"enabled": 1},
			pluck="reference_doctype",
			distinct=True,
			order_by="reference_doctype",
		)

	return set(frappe.cache.get_value(_DOCTYPES, read))


def forget_watched() -> None:
	"""Plans have changed. Once now for this transaction's own sake, once more when others can see it."""
	frappe.cache.delete_value(_DOCTYPES)
	frappe.db.after_commit.add(lambda: frappe.cache.delete_value(_DOCTYPES))
	frappe.db.after_rollback.add(lambda: frappe.cache.delete_value(_DOCTYPES))


def condition_holds(expression: str, doc: Any) -> bool:
	"""Evaluate a condition over a ticket. What it raises is the caller's to handle."""
	return bool(frappe.safe_eval(expression, None, {"doc": doc}))


def holds_for(get_doc: Callable[[], Any]) -> Callable[[Plan], bool]:
	"""The function that tells the engine whether a plan's condition holds for one ticket.

	A condition that fails takes no ticket: it is logged, and the plan's form shows it when it is saved.
	"""

	def holds(plan: Plan) -> bool:
		if not plan.takes.condition:
			return True
		try:
			return condition_holds(plan.takes.condition, get_doc())
		except Exception:
			frappe.log_error(title=f"Escalation Plan {plan.name}: the condition failed")
			return False

	return holds


def stopped(plan: Plan, get_doc: Callable[[], Any]) -> bool:
	"""Whether the plan's own stop condition holds. One that fails stops nothing: better a page too many."""
	if not plan.stop.condition:
		return False
	try:
		return condition_holds(plan.stop.condition, get_doc())
	except Exception:
		frappe.log_error(title=f"Escalation Plan {plan.name}: the stop condition failed")
		return False
