"""A frozen plan follows a rename: the names in it, and those that its conditions compare with (`Plan.to_dict`)."""

from typing import Any

from escalation_mgmt.engine import CalendarKind
from escalation_mgmt.facts import condition_names
from escalation_mgmt.facts.stored_names import FROZEN_TARGETS, FROZEN_VALUES, Renaming
from escalation_mgmt.utils.doctypes import CALENDAR, PLAN

NAMED = frozenset({*FROZEN_TARGETS.values(), CALENDAR, PLAN, "DocType"})
"""The DocTypes whose names a frozen plan holds, beside what tickets' own fields link to."""


def follow(content: dict[str, Any], renaming: Renaming) -> dict[str, Any]:
	"""The frozen plan with the new name wherever the old one stands for what was renamed."""
	takes = content["takes"]
	doctype = takes["doctype"]
	readable = {source.doctype for source in renaming.sources}  # none while a DocType is renamed
	fields = renaming.fields(doctype) if doctype in readable else frozenset()

	def fact(name: str, what: str) -> str:
		return renaming.of(name) if name and doctype in renaming.tickets(what) else name

	def named(name: str, of: str) -> str:
		return renaming.of(name) if name and renaming.doctype == of else name

	def condition(text: str) -> str:
		return condition_names.follow(text, fields, renaming.is_old, renaming.new)

	kind, calendar = content.get("calendar", ["", ""])
	changed = {
		**content,
		"name": named(content["name"], PLAN),
		"owner": named(content["owner"], "User"),
		"takes": {
			**takes,
			"doctype": named(doctype, "DocType"),
			"priorities": sorted({fact(name, "priority") for name in takes["priorities"]}),
			**{what: fact(takes[what], what) for what in ("team", "ticket_type", "customer")},
			"condition": condition(takes["condition"]),
		},
		"stop": {**content["stop"], "condition": condition(content["stop"]["condition"])},
		"steps": [_step(step, named, fact, condition) for step in content["steps"]],
	}
	if kind == CalendarKind.CALENDAR:
		changed["calendar"] = [kind, named(calendar, CALENDAR)]
	elif kind:
		changed["calendar"] = [kind, fact(calendar, "agreement")]
	return changed


def _step(step: dict[str, Any], named: Any, fact: Any, condition: Any) -> dict[str, Any]:
	changed = {**step, "target": _target(step["target"], named), **_value(step, fact)}
	if "second" in step:
		changed["second"] = _target(step["second"], named)
	if only_if := step.get("only_if"):
		changed["only_if"] = {
			**only_if,
			"priority": fact(only_if["priority"], "priority"),
			"condition": condition(only_if["condition"]),
		}
	return changed


def _target(target: list[str], named: Any) -> list[str]:
	kind, value = target
	return [kind, named(value, FROZEN_TARGETS[kind]) if kind in FROZEN_TARGETS else value]


def _value(step: dict[str, Any], fact: Any) -> dict[str, str]:
	"""What an act sets."""
	what = FROZEN_VALUES.get(step["method"])
	return {"value": fact(step["value"], what)} if what and step.get("value") else {}
