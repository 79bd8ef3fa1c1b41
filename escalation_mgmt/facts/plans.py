"""Plans: from the DocType to the engine's own, frozen form, and back from where that is stored.

A frozen plan is stored once, under the hash of its content (Escalation Plan Version): every save of a plan
that changes anything makes a new version, and action items name the version that they run.
"""

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, flt, get_datetime

from escalation_mgmt.engine import (
	EVERYONE,
	RUNNING,
	Act,
	AfterMaintenance,
	CalendarKind,
	CallRules,
	Clock,
	InHours,
	OnFailure,
	OnlyIf,
	OnMachine,
	Plan,
	StartAt,
	Step,
	StopRules,
	Target,
	TargetKind,
	TicketFilter,
)
from escalation_mgmt.facts import acts, sources
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM, PLAN, PLAN_VERSION
from escalation_mgmt.utils.error_reports import report_once
from escalation_mgmt.utils.plain_text import check_storable, plain
from escalation_mgmt.utils.questions import Answers, Question
from escalation_mgmt.utils.rows import placeholders

_WATCHED = "escalation_watched"
WATCHED_SECONDS = 60


def in_form(plan: str | dict) -> Any:
	"""The document of a plan: saved, by its name, or as a form has it (a dict, or that in JSON), saved or not.

	What a form has is never saved, whatever happens to it here.
	"""
	if isinstance(plan, str) and not plan.startswith("{"):
		return frappe.get_doc(PLAN, plan)
	try:
		values = json.loads(plan) if isinstance(plan, str) else plan
		check_storable(values)
		doc = frappe.get_doc({**values, "doctype": PLAN})
	except (ValueError, RecursionError):
		frappe.throw(_("This is no plan: neither the name of one, nor a document in JSON."))
	if doc.get("__islocal"):
		doc.name = doc.title or _("The new plan")
	check_choices(doc)
	return doc


def check_choices(doc: Any) -> None:
	"""Throws in words where a plan has something else than what a field offers. Frappe looks only after our validation."""
	for row in (doc, *doc.get_all_children()):
		row._validate_selects()


def from_doc(doc: Any) -> Plan:
	"""The engine's form of an Escalation Plan document, saved or not."""
	calendar = CalendarKind(doc.calendar or CalendarKind.AROUND_THE_CLOCK)
	by_calendar = calendar is not CalendarKind.AROUND_THE_CLOCK
	spelled = partial(sources.canonical_word, doc.reference_doctype)
	return Plan(
		name=doc.name or doc.title,
		rank=cint(doc.rank),
		takes=TicketFilter(
			doctype=doc.reference_doctype,
			priorities=frozenset(spelled("priority", row.priority) for row in doc.priorities),
			team=spelled("team", doc.team or ""),
			ticket_type=spelled("ticket_type", doc.ticket_type or ""),
			customer=spelled("customer", doc.customer or ""),
			condition=(doc.condition or "").strip(),
		),
		clock=Clock(doc.clock or Clock.FIRST_RESPONSE),
		start=StartAt(doc.start),
		window=_seconds(doc.window),
		lead=_seconds(doc.lead),
		percent=cint(doc.percent),
		steps=tuple(
			Step(
				number=number,
				wait=_seconds(row.wait),
				method=row.method,
				target=target(row),
				message=row.message or "",
				in_working_time=by_calendar and bool(cint(row.in_working_time)),
				needs=_needs(row),
				value=acts.value_of(row),
				second=_second(row),
				only_if=OnlyIf(
					hours=InHours(row.get("only_if_hours") or ""),
					priority=spelled("priority", row.get("only_if_priority") or ""),
					condition=(row.get("only_if_condition") or "").strip(),
				),
			)
			for number, row in enumerate(doc.steps, 1)
		),
		repeats=cint(doc.repeats),
		repeat_pause=_seconds(doc.repeat_pause),
		last_wait=_seconds(doc.last_wait),
		after_maintenance=AfterMaintenance(doc.after_maintenance or AfterMaintenance.GO_ON),
		ack_timeout=_seconds(doc.ack_timeout),
		ack_grace=_seconds(doc.ack_grace),
		assign_on_acknowledgement=bool(cint(doc.get("assign_on_acknowledgement"))),
		notified_may_snooze=doc.get("notified_may_snooze") is None or bool(cint(doc.notified_may_snooze)),
		on_failure=OnFailure(doc.get("on_failure") or OnFailure.ANOTHER_METHOD),
		calls=_calls(doc),
		stop=StopRules(
			on_reply=bool(cint(doc.stop_on_reply)),
			on_first_response=bool(cint(doc.stop_on_first_response)),
			on_paused_status=bool(cint(doc.stop_on_paused_status)),
			condition=(doc.stop_condition or "").strip(),
		),
		owner=doc.plan_owner or "",
		subject=doc.subject or "",
		message=doc.message or "",
		calendar=calendar,
		calendar_name=(doc.get(CALENDAR_FIELD[calendar]) or "") if by_calendar else "",
		counts_working_time=by_calendar and bool(cint(doc.count_working_time)),
	)


def _calls(doc: Any) -> CallRules:
	machine = OnMachine(doc.get("on_machine") or OnMachine.LEAVE_MESSAGE)
	further = cint(doc.get("further_calls"))
	pause = {"pause": _seconds(doc.get("call_pause"))} if further else {}  # else it says nothing
	return CallRules(further=further, machine=machine, **pause)


CALENDAR_FIELD = {CalendarKind.CALENDAR: "escalation_calendar", CalendarKind.AGREEMENT: "agreement"}
"""Which column of a plan says which calendar, for each kind."""

TARGET_FIELD = {
	TargetKind.ASSIGNEE: "",
	TargetKind.USER: "user",
	TargetKind.TEAM: "team",
	TargetKind.NEXT_IN_TURN: "team",
	TargetKind.AVAILABLE: "team",
	TargetKind.MANAGER: "",
	TargetKind.ROLE: "role",
	TargetKind.USER_FIELD: "user_field",
	TargetKind.ADDRESS: "address",
	TargetKind.ENDPOINT: "endpoint",
}
"""Which column of a step says whom, for each kind of target; of its second target with `SECOND` before it."""

SECOND = "second_"


def _needs(row: Any) -> int:
	"""How many acknowledgements a step asks for; what an act does nobody acknowledges."""
	if row.method in set(Act):
		return 1
	if row.acknowledgements == "Everyone":
		return EVERYONE
	return max(cint(row.acknowledgement_count), 1) if row.acknowledgements == "Some" else 1


def target(row: Any, prefix: str = "") -> Target:
	"""Whom a step of a plan goes to; with the prefix `SECOND`: where that reaches nobody."""
	kind = TargetKind(row.get(f"{prefix}whom"))
	field = TARGET_FIELD[kind]
	return Target(kind, (row.get(prefix + field) or "").strip() if field else "")


def _second(row: Any) -> Target | None:
	return target(row, SECOND) if row.get(f"{SECOND}whom") else None


def _seconds(value: Any) -> timedelta:
	return timedelta(seconds=flt(value))


def freeze(plan: Plan) -> str:
	"""Store the plan as it is now, and return the name of that version."""
	content = json.dumps(plan.to_dict(), sort_keys=True)
	name, salt = "", 0
	while not name:
		digest = hashlib.sha256(f"{content}{salt or ''}".encode()).hexdigest()[:32]
		there = frappe.db.get_value(PLAN_VERSION, digest, "content")
		if there is None:
			version = frappe.new_doc(PLAN_VERSION)
			version.update({"name": digest, "plan": plan.name, "content": content})
			version.flags.name_set = True
			version.insert(ignore_permissions=True, set_name=digest)
		if there in (None, content):
			name = digest
		salt += 1  # a name in it was changed since it was stored (`storage.renames`)
	return name


@lru_cache(maxsize=1024)
def _parsed(_version: str, content: str) -> Plan:
	return Plan.from_dict(json.loads(content))


def versions(names: set[str], *, lock: bool = False) -> dict[str, Plan]:
	"""The frozen plans of these versions. With `lock` as they are now, instead of in an old snapshot: names in them follow
	renames, and what they are compared with was read as it is now.
	"""
	if not (asked := sorted(filter(None, names))):
		return {}
	sql = (
		f"select `name`, `content` from `tab{PLAN_VERSION}`"
		f" where `name` in ({placeholders(asked)}) order by `name`"
	)
	locked = lock and frappe.db.db_type == "mariadb"  # SQLite has one writer, which sees everything
	rows = frappe.db.sql(f"{sql} lock in share mode" if locked else sql, tuple(asked), as_dict=True)
	return {row.name: _parsed(row.name, row.content) for row in rows}


def enabled(doctype: str, answers: Answers | None = None) -> dict[str, Plan]:
	"""The enabled plans for a ticket DocType: {version: plan}. One that can't be read is reported, and stops no other.
	`answers`: to which are `enabled_for` it.
	"""
	found = {}
	for name, version, since, modified, content in sorted((answers or Answers()).of(enabled_for(doctype))):
		try:
			plan = _parsed(version, content)
		except (ValueError, KeyError, TypeError):
			report_once(f"Escalation: plan {name} can't be read")
			continue
		found[version] = replace(plan, enabled_since=_enabled_since(since, modified))
	return found


def enabled_for(doctype: str) -> Question:
	"""Which plans are enabled for a ticket DocType."""
	return Question(
		("p.`name`", "p.`plan_version`", "p.`enabled_utc`", "p.`modified`", "v.`content`"),
		f"from `tab{PLAN}` p join `tab{PLAN_VERSION}` v on v.`name` = p.`plan_version`"
		" where p.`enabled` = 1 and p.`reference_doctype` = %s",
		(doctype,),
	)


def others_of_clock(plan: Plan) -> list[Plan]:
	"""The other enabled plans for its ticket DocType that guard the same clock: those with which it competes."""
	enabled_ones = enabled(plan.takes.doctype).values()
	return [other for other in enabled_ones if other.name != plan.name and other.clock is plan.clock]


def enabled_named(doctype: str, name: str) -> tuple[str, Plan]:
	"""The version of the enabled plan of that name for a ticket DocType, and the plan. Raises ValidationError where there is none."""
	for version, plan in enabled(doctype).items():
		if plan.name == name:
			return version, plan
	frappe.throw(_("{0} is not an enabled plan for {1}.").format(plain(name, 140), _(doctype)))


def first_enabled(doctype: str) -> datetime | None:
	"""Since when (UTC) a plan for a ticket DocType has been enabled; None: none is."""
	return min((plan.enabled_since for plan in enabled(doctype).values()), default=None)


def _enabled_since(since: str | None, modified: str) -> datetime:
	"""Since when (UTC); one that was enabled past its form: at the latest when it was last changed."""
	return get_datetime(since) if since else clock.stamp_to_utc(modified)


def watched() -> dict[str, dict[str, Any]]:
	"""The DocTypes that some enabled plan names, or some running item: what a save of theirs has to be compared by.

	{doctype: {"fields": the columns that decide, "conditional": whether an expression may ask for any other,
	"since": the newest plan's enabling, in the site's zone}}.
	Cached, because every save of any document asks. An item can only be opened by an enabled plan, so the cache
	needs no news of items.
	"""
	found = frappe.cache.get_value(_WATCHED, expires=True)
	return refresh_watched() if found is None else found


def refresh_watched() -> dict[str, dict[str, Any]]:
	"""Read it anew. The sweep does, and it expires: a transaction with an old snapshot may have filled it."""
	found = _read_watched()
	frappe.cache.set_value(_WATCHED, found, expires_in_sec=WATCHED_SECONDS)
	return found


def _read_watched() -> dict[str, dict[str, Any]]:
	names: dict[str, set[str]] = {}
	for doctype, filters in (
		(PLAN, {"enabled": 1}),
		(ITEM, {"status": ("in", sorted(RUNNING))}),
	):
		found = frappe.get_all(
			doctype,
			filters=filters,
			fields=["reference_doctype", "plan_version"],
			distinct=True,
			order_by="plan_version",
		)
		for row in found:
			names.setdefault(row.reference_doctype, set()).add(row.plan_version)
	return {doctype: {**_compared_by(doctype, of), "since": _since(doctype)} for doctype, of in names.items()}


def _since(doctype: str) -> str:
	newest = frappe.get_all(
		PLAN,
		filters={"enabled": 1, "reference_doctype": doctype},
		pluck="enabled_utc",
		order_by="enabled_utc desc",
		limit=1,
	)
	return str(clock.to_site(newest[0])) if newest and newest[0] else ""


def _compared_by(doctype: str, names: set[str]) -> dict[str, Any]:
	try:
		frozen = versions(names)
		conditional = any(plan.takes.condition or plan.stop.condition for plan in frozen.values())
		return {"fields": sources.source(doctype).deciding, "conditional": conditional}
	except Exception:  # then each save is evaluated, and each evaluation says what is wrong
		return {"fields": [], "conditional": True}


def forget_watched() -> None:
	"""Plans have changed. Once now for this transaction's own sake, once more when others can see it."""
	frappe.cache.delete_value(_WATCHED)
	frappe.db.after_commit.add(lambda: frappe.cache.delete_value(_WATCHED))
	frappe.db.after_rollback.add(lambda: frappe.cache.delete_value(_WATCHED))
