"""Which action items a report is about: what its filters say, for whoever asks."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import frappe
from frappe import _
from frappe.model.db_query import DatabaseQuery
from frappe.utils import add_days, get_datetime, getdate

from escalation_mgmt.engine import EventKind, Status
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import bounds, clock, rows
from escalation_mgmt.utils.doctypes import EVENT, ITEM, NOTIFICATION, PLAN
from escalation_mgmt.views.figures import frozen, local_time, pages

EQUAL = ("plan", "clock", "priority", "team", "customer", "status", "reference_doctype")

_ENDED = ", ".join(f"'{status}'" for status in (Status.RESOLVED, Status.EXHAUSTED, Status.CANCELLED))
RESULTS = {
	"Acknowledged": "`acknowledged_utc` is not null",
	"Over": f"(`acknowledged_utc` is not null or `status` in ({_ENDED}))",
}
"""What filters can ask for of an item's end; *Over*: it is acknowledged or has ended, so that no step follows."""


def joined_in_this_order() -> str:
	"""A join in SQL that reads what stands before it first: what items have many of, in one pass through its table, or as much of it
	as is of their period, is read faster than item by item, which databases would choose.
	"""
	return "straight_join" if frappe.db.db_type == "mariadb" else "cross join"


def unsorted() -> str:
	"""What stands behind `group by`: MariaDB would sort what it has grouped."""
	return "order by null" if frappe.db.db_type == "mariadb" else ""


@dataclass(frozen=True, slots=True)
class Asked:
	"""`condition`: SQL over action items, with `values`. `begins`, `ends`: the period in UTC; None: without an end. `person`: a user whose
	messages alone count; empty: everybody's.
	"""

	condition: str
	values: tuple[Any, ...]
	begins: datetime | None
	ends: datetime | None
	person: str = ""

	def of_person(self) -> str:
		"""SQL: whether a page is of whom is asked for."""
		return f"page.`user` = {frappe.db.escape(self.person).replace('%', '%%')}" if self.person else "1 = 1"

	def since(self, column: str) -> str:
		"""SQL: whether an instant (UTC) may be of these items, none of which is older than the period."""
		return f"{column} >= '{self.begins:%Y-%m-%d %H:%M:%S}'" if self.begins else "1 = 1"

	def period(self, *, until_now: bool = False) -> tuple[datetime, datetime]:
		"""The period (UTC); where it has no end, as far as there is anything. `until_now`: of what came of them, too."""
		later = clock.now() + timedelta(days=1)
		ends = later if until_now else self.ends or later
		if self.begins:
			return self.begins, max(ends, self.begins)
		first = frappe.db.sql(f"select min(`opened_utc`) from `tab{ITEM}`")[0][0]
		return min(get_datetime(first) if first else ends, ends), ends


def seconds_between(start: datetime | str | None, end: datetime | str | None) -> int | None:
	"""From one instant to a later one, each cut to its second; never negative, and None where one of them is missing."""
	if not start or not end:
		return None
	begun, over = (get_datetime(instant).replace(microsecond=0) for instant in (start, end))
	return max(int((over - begun).total_seconds()), 0)


def read(filters: Mapping[str, Any] | None) -> Asked:
	"""What filters ask for: from_date, to_date (of the opening, in the site's zone, both inclusive), plan, clock, priority, team,
	customer, status, reference_doctype, acknowledged_from (day of the acknowledgement that stands), ticket, person (a user whom a step
	paged or couldn't reach), acknowledged_by (as history names them), result (one of `RESULTS`), step (which has run: its number, or
	`frozen.key_of`), hour (of the day of the opening: "00" to "23"), and what `pages.wanted` knows. `pages.NONE` asks for those without.

	Raises ValidationError for a day that is none, a period that ends before it begins, and what is no step, result, hour or outcome.
	"""
	filters = frappe._dict(filters or {})
	first, last = _day(filters, "from_date"), _day(filters, "to_date")
	if first and last and getdate(first) > getdate(last):
		frappe.throw(_("The period ends before it begins. Exchange From and To."))
	begins, ends = _begins(first), _begins(add_days(last, 1) if last else None)
	wanted: list[tuple[str, Any]] = [("`opened_utc` >= %s", begins), ("`opened_utc` < %s", ends)]
	wanted += [
		("`reference_name` = %s", str(filters.ticket or "")),
		("`acknowledged_utc` >= %s", _begins(_day(filters, "acknowledged_from"))),
	]
	said = [(condition, (value,)) for condition, value in wanted if value]
	said += _equal(filters)
	said += _by_messages(filters)
	if result := str(filters.result or ""):
		if result not in RESULTS:
			frappe.throw(_("Choose how the escalations ended."))
		said.append((RESULTS[result], ()))
	if step := str(filters.step or ""):
		said += _with_step(step, str(filters.plan or "").strip())
	said.append(("1 = %s", (1,)))  # with no value at all, Frappe would leave "%%" in a statement
	conditions = [condition for condition, _values in said]
	if seen := DatabaseQuery(ITEM, user=frappe.session.user).build_match_conditions():
		conditions.append(f"({seen.replace('%', '%%')})")
	values = tuple(value for _condition, values in said for value in values)
	asked = Asked(" and ".join(conditions), values, begins, ends, str(filters.person or ""))
	return _at_hour(asked, str(filters.hour)) if filters.hour else asked


def _at_hour(asked: Asked, hour: str) -> Asked:
	if not re.fullmatch("[01][0-9]|2[0-3]", hour):
		frappe.throw(_("Write an hour of the day from 00 to 23."))
	opened = local_time.part("hour", local_time.local("`opened_utc`", *asked.period()))
	return replace(asked, condition=f"{asked.condition} and {opened} = %s", values=(*asked.values, hour))


def _equal(filters: Mapping[str, Any]) -> list[tuple[str, tuple[Any, ...]]]:
	"""As it is written, as figures are grouped: "North" and "north" are two teams. MariaDB finds both by its index, and then the one."""
	also = " and `{0}` collate utf8mb4_bin = %s" if frappe.db.db_type == "mariadb" else ""
	found = []
	for name in (*EQUAL, "acknowledged_by"):
		# A space stands before what Desk would take for a list.
		value = str(filters.get(name) or "").strip()
		if value == pages.NONE:
			found.append((f"coalesce(`{name}`, '') = %s", ("",)))
		elif value:
			sql = f"`{name}` = %s{also.format(name)}"
			found.append((sql, (value,) * sql.count("%s")))
	return found


def _by_messages(filters: Mapping[str, Any]) -> list[tuple[str, tuple[Any, ...]]]:
	person = str(filters.get("person") or "")
	if pages.asks_for_pages(filters):
		sql, values = pages.wanted(filters)
		of_item = f"page.`action_item` = `tab{ITEM}`.`name`"
		return [(f"exists (select 1 from `tab{NOTIFICATION}` page where {of_item} and {sql})", values)]
	if person:
		return [(_FOR_PERSON, (person, Purpose.PAGE, EventKind.UNREACHABLE, json.dumps(person)))]
	return []


def _with_step(step: str, plan: str) -> list[tuple[str, tuple[Any, ...]]]:
	ran = (
		f"exists (select 1 from `tab{EVENT}` line where line.`action_item` = `tab{ITEM}`.`name`"
		" and line.`kind` = %s and line.`step` = %s)"
	)
	said: list[tuple[str, tuple[Any, ...]]] = [(ran, (EventKind.STEP_RAN, frozen.number_of(step)))]
	# A key says whom a step names, a bare number, too: who may read no plan finds none out by asking for them.
	versions = frozen.versions_with(step, plan) if frappe.has_permission(PLAN, "read") else None
	if versions is not None:
		said.append(
			(f"`plan_version` in ({rows.placeholders(versions)})" if versions else "1 = 0", tuple(versions))
		)
	return said


_FOR_PERSON = (
	f"(exists (select 1 from `tab{NOTIFICATION}` page where page.`action_item` = `tab{ITEM}`.`name`"
	" and page.`user` = %s and page.`purpose` = %s)"
	f" or exists (select 1 from `tab{EVENT}` line where line.`action_item` = `tab{ITEM}`.`name`"
	" and line.`kind` = %s and line.`step` > 0 and instr(line.`data`, %s) > 0))"
)


def _day(filters: Mapping[str, Any], name: str) -> date | None:
	return bounds.day(filters[name]) if filters.get(name) else None


def _begins(day: date | str | None) -> datetime | None:
	return clock.day_begins(day) if day else None
