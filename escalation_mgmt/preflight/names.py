"""Names that lead nowhere: a plan, a maintenance or the settings ask for a team, a priority or a status that isn't there.

Nothing is matched by such a name, and nothing else would say so.
"""

from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import OF_TEAM, TargetKind
from escalation_mgmt.facts import acts, condition_names, maintenances, plans, sources, stored_names
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import MAINTENANCE, SETTINGS

_MATCHED = ("team", "ticket_type", "customer")


def spell(plan: Any) -> None:
	"""Write the names of a plan as tickets have them: the database finds them in any capitals, a plan doesn't."""
	for row in plan.priorities:
		row.priority = _spelled(plan.reference_doctype, "priority", row.priority)
	for row in plan.steps:
		row.only_if_priority = _spelled(plan.reference_doctype, "priority", row.only_if_priority)
		if row.method in acts.FOR_NOBODY:
			row.update(
				{"whom": str(TargetKind.ASSIGNEE), **dict.fromkeys(filter(None, plans.TARGET_FIELD.values()))}
			)
		for act, column in acts.FIELD.items():
			theirs = row.get(column) if row.method == act else None  # of another method's nothing is left
			row.set(column, _spelled(plan.reference_doctype, acts.FACT[act], theirs))
	for what in (*_MATCHED, "agreement"):
		plan.set(what, _spelled(plan.reference_doctype, what, plan.get(what)))


def _spelled(doctype: str, what: str, name: str | None) -> str | None:
	return (stored_names.canonical(doctype, what, name) or name) if name else name


def lost_in_plan(plan: Any) -> list[str]:
	"""What a plan asks for that isn't there, in words, each with what to do."""
	doctype = plan.reference_doctype
	asked = [("priority", row.priority) for row in plan.priorities]
	asked += [(what, plan.get(what)) for what in _MATCHED]
	if plan.calendar == "Service Level Agreement":
		asked.append(("agreement", plan.agreement))
	found = [
		_("There is no {0} {1}. Choose one that is offered under {2}.").format(
			_kind(doctype, what), name, _label(what)
		)
		for what, name in asked
		if name and not stored_names.canonical(doctype, what, name)
	]
	for row in plan.steps:
		found += [_("Step {0}: {1}").format(row.idx, words) for words in _lost_in_step(row, doctype)]
	return found


def _lost_in_step(row: Any, doctype: str) -> Iterator[str]:
	words = _("There is no {0} {1}. Choose one that is offered under {2}.")
	for prefix in ("", plans.SECOND):
		team = row.get(f"{prefix}team")
		if row.get(f"{prefix}whom") in OF_TEAM and team and not _is_team(team):
			yield words.format(_(sources.HD_TEAM), team, _("Team"))
	least = row.only_if_priority
	if least and not stored_names.canonical(doctype, "priority", least):
		yield words.format(_kind(doctype, "priority"), least, _(row.meta.get_label("only_if_priority")))


def _is_team(name: str) -> bool:
	return bool(frappe.db.exists("DocType", sources.HD_TEAM) and frappe.db.exists(sources.HD_TEAM, name))


def lost_in_conditions(plan: Any) -> Iterator[str]:
	"""What a plan's conditions compare a field with, and that it can't be."""
	meta = frappe.get_meta(plan.reference_doctype)
	asked = [(_(plan.meta.get_label(column)), plan.get(column)) for column in ("condition", "stop_condition")]
	asked += [(only_if_of(row), row.only_if_condition) for row in plan.steps]
	for label, expression in asked:
		for fieldname, name in dict.fromkeys(condition_names.compared(expression or "")):
			df = meta.get_field(fieldname)
			if not name or not df:
				continue
			if df.fieldtype == "Link":
				there = frappe.db.exists(df.options, name)
			else:
				there = df.fieldtype != "Select" or name in (df.options or "").split("\n")
			if not there:
				yield _(
					"{0} compares {1} with {2}, which it can't be: there is none. Correct the name."
				).format(label, _(df.label or fieldname), name)


def only_if_of(row: Any) -> str:
	"""What the expression of a step's *only if* is called."""
	return _("Step {0}: {1}").format(row.idx, _("the condition under Only If"))


def lost_in_maintenances() -> Iterator[tuple[str, str]]:
	"""What maintenances that aren't over are for, and that isn't there: [(maintenance, words)]."""
	for row in frappe.get_all(
		MAINTENANCE,
		filters={"ends_utc": (">", clock.now())},
		fields=["name", "scope", "team", "customer"],
		order_by="name",
	):
		field = maintenances.FIELD.get(row.scope)
		if field and not sources.canonical_name(field, row.get(field) or ""):
			yield (
				row.name,
				_(
					"A maintenance is for the {0} {1}, which isn't there: it holds nothing. End it, or make one for another."
				).format(_(row.scope), row.get(field)),
			)


def lost_in_settings() -> Iterator[str]:
	"""What Tickets of Other DocTypes names that isn't there."""
	settings = frappe.get_cached_doc(SETTINGS)
	for row in settings.sources:
		yield from (
			_("{0}, row {1}: {2}").format(_("Tickets of Other DocTypes"), row.idx, words)
			for words in _lost_in_source(row)
		)


def _lost_in_source(row: Any) -> Iterator[str]:
	if wrong := list(sources.row_problems(row)):
		yield from wrong
		return
	doctype = row.reference_doctype
	meta = frappe.get_meta(doctype)
	if meta.has_field(row.status_field):
		for column in ("resolved_statuses", "paused_statuses"):
			for line in filter(None, map(str.strip, (row.get(column) or "").splitlines())):
				if not stored_names.canonical(doctype, "status", line):
					yield _("There is no {0} {1}. Write one that there is under {2}.").format(
						_kind(doctype, "status"), line, _(row.meta.get_label(column))
					)


def _kind(doctype: str, what: str) -> str:
	return _(stored_names.linked(doctype, what) or _label(what))


def _label(what: str) -> str:
	return {
		"priority": _("Priority"),
		"team": _("Team"),
		"ticket_type": _("Ticket Type"),
		"customer": _("Customer"),
		"agreement": _("Service Level Agreement"),
		"status": _("Status"),
	}[what]
