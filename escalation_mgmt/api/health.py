"""How the engine does, and whether it is ready: for Desk, and for an outside monitor. For managers only."""

from dataclasses import asdict
from typing import Any

import frappe

from escalation_mgmt.dispatch import monitor
from escalation_mgmt.permissions import only_for_managers
from escalation_mgmt.preflight import readiness as preflight_readiness


@frappe.whitelist()
def report() -> dict[str, Any]:
	"""The state of now: {"well", "problems", "after_restore": those of them that a restore of the database brought, and what
	`monitor.Health` has}. Desk asks once a minute."""
	only_for_managers()
	state = monitor.health()
	said = {"well": state.well, "problems": state.problems, "after_restore": state.after_restore}
	return {**asdict(state), **said}


@frappe.whitelist()
def figures() -> list[dict[str, str]]:
	"""What Escalation Settings show of it (`monitor.figures`)."""
	only_for_managers()
	return monitor.figures()


@frappe.whitelist()
def readiness() -> dict[str, Any]:
	"""What would make an escalation fail: {"ready", "findings": [{"problem", "grade": "red" or "amber",
	"remedies"}]}."""
	only_for_managers()
	found = preflight_readiness.findings()
	return {"ready": not found, "findings": [asdict(finding) for finding in found]}
