"""A custom field was given another name (Customize Form): what we have of a ticket by that field follows it."""

import json
from typing import Any

import frappe

from escalation_mgmt.engine import TargetKind
from escalation_mgmt.facts import plans
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import ITEM, PLAN, PLAN_VERSION, SETTINGS, SOURCE, STEP


def follow(field: Any, _event: str) -> None:
	"""In Tickets of Other DocTypes, and where a step goes to whom a field of the ticket names, in what runs as well."""
	before = field.get_doc_before_save()
	old, new = (before and before.fieldname), field.fieldname
	if not old or old == new:
		return
	for df in frappe.get_meta(SOURCE).fields:
		if df.fieldname.endswith("_field"):
			frappe.db.sql(
				f"update `tab{SOURCE}` set `{df.fieldname}` = %s where `reference_doctype` = %s and `{df.fieldname}` = %s",
				(new, field.dt, old),
			)
	for column in ("user_field", "second_user_field"):
		frappe.db.sql(
			f"update `tab{STEP}` set `{column}` = %s where `{column}` = %s"
			f" and `parent` in (select `name` from `tab{PLAN}` where `reference_doctype` = %s)",
			(new, old, field.dt),
		)
	_in_frozen_plans(field.dt, old, new)
	frappe.clear_document_cache(SETTINGS, SETTINGS)
	plans.forget_watched()


def _in_frozen_plans(doctype: str, old: str, new: str) -> None:
	changed = []
	found = frappe.db.sql(
		f"select `name`, `content` from `tab{PLAN_VERSION}` where instr(`content`, %s) > 0 order by `name`",
		(json.dumps(old),),
	)
	for name, text in found:
		content = json.loads(text)
		targets = [
			target
			for step in content["steps"]
			for target in (step["target"], step.get("second"))
			if target == [TargetKind.USER_FIELD, old]
		]
		if content["takes"]["doctype"] == doctype and targets:
			for target in targets:
				target[1] = new
			changed.append(name)
			frappe.db.sql(
				f"update `tab{PLAN_VERSION}` set `content` = %s where `name` = %s",
				(json.dumps(content, sort_keys=True), name),
			)
	if changed:
		frappe.db.sql(
			f"update `tab{ITEM}` set `version` = `version` + 1 where `plan_version` in ({rows.placeholders(changed)})",
			tuple(changed),
		)
