"""Which action items a report is about: what its filters say, for whoever asks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import frappe
from frappe import _
from frappe.model.db_query import DatabaseQuery
from frappe.utils import add_days, getdate

from escalation_mgmt.engine import EventKind
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import bounds, clock
from escalation_mgmt.utils.doctypes import EVENT, ITEM, NOTIFICATION

EQUAL = ("plan", "clock", "priority", "team", "customer", "status", "reference_doctype")


@dataclass(frozen=True, slots=True)
class Asked:
	"""`condition`: SQL over action items, with `values`. `begins`, `ends`: the period in UTC; None: without an end."""

	condition: str
	values: tuple[Any, ...]
	begins: datetime | None
	ends: datetime | None


def read(filters: Mapping[str, Any] | None) -> Asked:
	"""What filters ask for: from_date, to_date (of the opening, in the site's zone, both inclusive), plan, clock, priority, team,
	customer, status, reference_doctype, ticket, person (a user whom a step paged or couldn't reach), acknowledged_by (as history names them).

	Raises ValidationError for a day that is none, and a period that ends before it begins.
	"""
	filters = frappe._dict(filters or {})
	first, last = (
		bounds.day(filters[name]) if filters.get(name) else None for name in ("from_date", "to_date")
	)
	if first and last and getdate(first) > getdate(last):
		frappe.throw(_("The period ends before it begins. Exchange From and To."))
	begins, ends = _begins(first), _begins(add_days(last, 1) if last else None)
	wanted: list[tuple[str, Any]] = [("`opened_utc` >= %s", begins), ("`opened_utc` < %s", ends)]
	wanted += [(f"`{name}` = %s", filters.get(name)) for name in EQUAL]
	wanted += [
		("`reference_name` = %s", str(filters.ticket or "")),
		("`acknowledged_by` = %s", filters.acknowledged_by),
	]
	said = [(condition, (value,)) for condition, value in wanted if value]
	if filters.person:
		said.append(
			(_FOR_PERSON, (filters.person, Purpose.PAGE, EventKind.UNREACHABLE, json.dumps(filters.person)))
		)
	said.append(("1 = %s", (1,)))  # with no value at all, Frappe would leave "%%" in a statement
	conditions = [condition for condition, _values in said]
	if seen := DatabaseQuery(ITEM, user=frappe.session.user).build_match_conditions():
		conditions.append(f"({seen.replace('%', '%%')})")
	values = tuple(value for _condition, values in said for value in values)
	return Asked(" and ".join(conditions), values, begins, ends)


_FOR_PERSON = (
	f"(exists (select 1 from `tab{NOTIFICATION}` page where page.`action_item` = `tab{ITEM}`.`name`"
	" and page.`user` = %s and page.`purpose` = %s)"
	f" or exists (select 1 from `tab{EVENT}` line where line.`action_item` = `tab{ITEM}`.`name`"
	" and line.`kind` = %s and line.`step` > 0 and instr(line.`data`, %s) > 0))"
)


def _begins(day: date | str | None) -> datetime | None:
	return clock.day_begins(day) if day else None
