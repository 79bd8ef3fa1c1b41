"""Steps of plans as escalations ran them: plans are frozen, and one that is changed keeps its name.

A step is the same one in every version of its plan that has it under the same number, with the same method and whom.
"""

import hashlib
import re
from functools import lru_cache

import frappe
from frappe import _

from escalation_mgmt.engine import Plan, Step
from escalation_mgmt.facts import plans
from escalation_mgmt.utils.doctypes import PLAN, PLAN_VERSION

_ASKED = re.compile(r"(\d{1,4})(?:-([0-9a-f]{8}))?")


@lru_cache(maxsize=4096)
def key_of(step: Step) -> str:
	"""What tells a step from others of its plan, as a filter says it: its number, and a digest of method and whom."""
	whom = [each for target in step.targets for each in (str(target.kind), target.value)]
	return f"{step.number}-{hashlib.sha256(repr([step.method, *whom]).encode()).hexdigest()[:8]}"


def number_of(asked: str) -> int:
	"""The number of a step that a filter asks for, by its number alone or by its key. Raises ValidationError where it is neither."""
	return int(_parts(asked)[0])


def versions_with(asked: str, plan: str) -> list[str] | None:
	"""The versions of a plan (empty: of any) whose step is the one that a filter asks for by its key; None: it names a number alone."""
	if not _parts(asked)[1]:
		return None
	filters = {"plan": plan} if plan else {}
	names = frappe.get_all(PLAN_VERSION, filters=filters, pluck="name", order_by="name")
	found = plans.versions(set(names))
	return [name for name, frozen in found.items() if any(key_of(step) == asked for step in frozen.steps)]


def of_today() -> dict[str, Plan]:
	"""The enabled plans, by name."""
	doctypes = frappe.get_all(
		PLAN,
		filters={"enabled": 1},
		pluck="reference_doctype",
		distinct=True,
		order_by="reference_doctype",
	)
	return {plan.name: plan for doctype in doctypes for plan in plans.enabled(doctype).values()}


def _parts(asked: str) -> tuple[str, str | None]:
	if not (found := _ASKED.fullmatch(asked.strip())):
		frappe.throw(_("Write the number of a step."))
	return found[1], found[2]
