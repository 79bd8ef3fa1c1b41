"""Plans while they are written: what they may ask for, their outline, their rehearsal, what would make them fail."""

from dataclasses import asdict
from typing import Any

import frappe
from frappe import _

from escalation_mgmt import notifiers
from escalation_mgmt.engine import Responses
from escalation_mgmt.facts import acts, maintenances, plans, reading_rights
from escalation_mgmt.facts.sources import choices
from escalation_mgmt.operations import default_texts
from escalation_mgmt.operations import examples as plan_examples
from escalation_mgmt.preflight import enabling, lookback, proposals, readiness, rehearsal, rights
from escalation_mgmt.preflight.outline import outline_of
from escalation_mgmt.utils import bounds
from escalation_mgmt.utils.doctypes import MAINTENANCE, PLAN
from escalation_mgmt.utils.given import parsed
from escalation_mgmt.views import step_targets as targets


@frappe.whitelist()
def plan_choices(doctype: str) -> dict[str, Any]:
	"""What a plan for a DocType may ask for, the methods there are, what steps can do to such tickets (`acts`, and by column to what), the methods of new steps (`proposals.methods`), and the "texts" that
	follow the clock (`default_texts.offered`). For whoever may write plans, and read such tickets."""
	frappe.has_permission(PLAN, "write", throw=True)
	classes = notifiers.classes()
	to_endpoints = [method for method, cls in classes.items() if cls.to_endpoints]
	methods = {
		"methods": [*classes],
		"acts": [],
		"proposed": proposals.methods(),
		"to_endpoints": to_endpoints,
	}
	methods["texts"] = default_texts.offered()
	if not doctype or not frappe.db.exists("DocType", doctype):
		return methods
	reading_rights.check_doctype(doctype)
	steps = {"acts": acts.possible(doctype), **acts.choices(doctype, permitted=True)}
	return {**choices(doctype, permitted=True), **methods, **steps}


@frappe.whitelist()
def step_targets(doctype: str = "", method: str = "", text: str = "") -> list[dict[str, str]]:
	"""Whom a step of a plan can go to (`step_targets.offered`). For whoever may write plans, and read such tickets."""
	frappe.has_permission(PLAN, "write", throw=True)
	if doctype and not frappe.db.exists("DocType", doctype):
		return []
	if doctype:
		reading_rights.check_doctype(doctype)
	return targets.offered(doctype, method, text[:140])


@frappe.whitelist()
def maintenance_choices() -> dict[str, Any]:
	"""What a maintenance can be for: {"team" | "customer": names}. For whoever may write maintenances."""
	frappe.has_permission(MAINTENANCE, "write", throw=True)
	return maintenances.choices()


@frappe.whitelist(methods=["POST"])
def outline(plan: str | dict) -> dict[str, Any]:
	"""A plan as a form has it, saved or not, finished or not (`outline.outline_of`). For whoever may write plans."""
	frappe.has_permission(PLAN, "write", throw=True)
	return outline_of(plans.in_form(plan))


@frappe.whitelist(methods=["POST"])
def taken(plan: str | dict) -> dict[str, Any]:
	"""Which tickets of the last days a plan would have taken, saved or not (`lookback.taken_by`). For whoever may write
	plans.
	"""
	frappe.has_permission(PLAN, "write", throw=True)
	return lookback.taken_by(_in_form(plan))


def _in_form(plan: str | dict) -> Any:
	"""The document of a plan (`plans.in_form`). Raises PermissionError where it names what the present user may not let it
	read: what it does with a ticket would tell them.
	"""
	doc = plans.in_form(plan)
	rights.check_plan(doc)
	return doc


@frappe.whitelist()
def findings(plan: str) -> list[dict[str, Any]]:
	"""What would make one saved plan fail (`preflight.finding.Finding`), for its form. For whoever may write plans."""
	frappe.has_permission(PLAN, "write", throw=True)
	return [asdict(finding) for finding in readiness.of_plan(frappe.get_doc(PLAN, plan))]


@frappe.whitelist()
def before_enabling(plan: str) -> dict[str, Any]:
	"""What enabling a saved plan means (`enabling.preview`). For whoever may write plans."""
	frappe.has_permission(PLAN, "write", throw=True)
	doc = frappe.get_doc(PLAN, plan)
	rights.check_plan(doc)
	return enabling.preview(doc)


@frappe.whitelist(methods=["POST"])
def enable(plan: str, modified: str) -> None:
	"""Enable a saved plan, as it was when `before_enabling` was read: `modified` is its time then. For whoever may write plans.
	Raises TimestampMismatchError where it was changed since.
	"""
	doc = frappe.get_doc(PLAN, plan)
	doc.check_permission("write")
	enabling.enable(doc, modified)


@frappe.whitelist()
def examples() -> list[dict[str, Any]]:
	"""Plans to begin with (`examples.offered`). For whoever may make plans."""
	frappe.has_permission(PLAN, "create", throw=True)
	return plan_examples.offered()


@frappe.whitelist(methods=["POST"])
def rehearse(  # noqa: PLR0913 - whoever calls it names each of them
	plan: str | dict,
	ticket: str = "",
	hypothetical: str | dict | None = None,
	at: str = "",
	to_message: int = 0,
	to_step: int = 0,
	delay: float = 0,
	answered_after: float = 0,
	everyone: bool = False,
) -> dict[str, Any]:
	"""Rehearse a plan. For whoever may write plans.

	`plan` is the name of a saved plan, or a whole document as a form has it, saved or not. `ticket` names an existing
	ticket, which the user has to be allowed to read; without it the ticket is made up, of {"priority", "team",
	"ticket_type", "customer", "assignee", "deadline_in": seconds until its deadline}: what isn't given is taken from the plan, or somebody stands in (not for an
	assignee with "unassigned"). `at` is "now", a date and time in
	the site's zone, or such as "Friday 17:50". `to_message` or `to_step` is acknowledged `delay` seconds later, with
	`everyone` also what comes after it, as long as somebody is asked; an agent replies `answered_after` seconds after the start (or the ticket is resolved, where the plan guards that); 0: never.
	"""
	frappe.has_permission(PLAN, "write", throw=True)
	doc = _in_form(plan)
	if ticket:
		frappe.has_permission(doc.reference_doctype, "read", ticket, throw=True)
	after = bounds.seconds(delay, "delay"), bounds.seconds(answered_after, "answered_after")
	try:
		responses = Responses(
			to_message=to_message,
			to_step=to_step,
			everyone=everyone,
			delay=after[0],
			answered_after=after[1] or None,
		)
	except ValueError:
		frappe.throw(_("A time can't be negative."))
	given = parsed(hypothetical, dict, "hypothetical")
	with rehearsal.nothing_written():
		start = rehearsal.start(at)
		found = rehearsal.of_plan(doc, ticket=ticket, hypothetical=given, start=start, responses=responses)
		return asdict(found)
