"""What is wrong with a plan, in words for the person who is writing it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, flt

from escalation_mgmt import notifiers
from escalation_mgmt.delivery import messages
from escalation_mgmt.engine import CalendarKind, Clock, InHours, StartAt, forestalling
from escalation_mgmt.facts import (
	calendars,
	conditions,
	only_if,
	people,
	plain_values,
	plans,
	sources,
	stored_names,
)
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.preflight import acts_checked, names, targets_checked
from escalation_mgmt.utils import bounds
from escalation_mgmt.utils.doctypes import CALENDAR


def problems(plan: Any) -> list[str]:
	"""Everything for which the plan is refused; [] where it may be saved."""
	if not plan.reference_doctype or not frappe.db.exists("DocType", plan.reference_doctype):
		return [
			_("There is no DocType {0}. Choose the tickets that this plan is for.").format(
				plan.reference_doctype
			)
		]
	sources.source(plan.reference_doctype)  # throws, and says what to do
	if wrong := sources.problems(plan.reference_doctype):
		return wrong
	found = [
		*bounds.problems(plan),
		*_start(plan),
		*_matching(plan),
		*names.lost_in_plan(plan),
		*_calendar(plan),
		*_conditions(plan),
		*_templates(plan),
	]
	if not plan.steps:
		found.append(_("A plan needs at least one step."))
	for row in plan.steps:
		found += [
			_("Step {0}: {1}").format(row.idx, problem)
			for problem in (
				*(
					acts_checked.problems(row, plan)
					if acts_checked.is_act(row)
					else _step(row, plan.reference_doctype)
				),
				*_only_if(row, plan),
			)
		]
	return found


def warnings(plan: Any) -> list[str]:
	"""What the plan may be saved with, but will go wrong with."""
	if not plan.enabled:
		return []
	return [
		*_owner(plan),
		*names.lost_in_conditions(plan),
		*_methods_not_ready(plan),
		*never_matches(plan),
		*_equal_rank(plan),
		*_no_deadline(plan),
		*_working_time(plan),
	]


def never_matches(plan: Any) -> Iterator[str]:
	"""Whether other plans take every ticket first."""
	enabled = plans.enabled(plan.reference_doctype).values()
	if first := forestalling(plans.from_doc(plan), [other for other in enabled if other.name != plan.name]):
		others = ", ".join(f"{other.name} ({other.rank})" for other in first)
		yield _(
			"It never runs: plans of a lower rank take all its tickets first: {0}. Its own rank is {1}."
		).format(others, plan.rank)


def _start(plan: Any) -> Iterator[str]:
	if plan.start == StartAt.BEFORE_DEADLINE and not flt(plan.lead):
		yield _("Say how long before the deadline it starts.")
	if plan.start == StartAt.AT_PERCENT and not cint(plan.percent):
		yield _("Say at which percentage of the time it starts: from 1 to 99.")
	if plan.clock == Clock.NEXT_RESPONSE and plan.start != StartAt.AT_ONCE and not flt(plan.window):
		yield _(
			"Say how long an answer may take: the next response's deadline is so long after the customer's message."
		)


def _no_deadline(plan: Any) -> Iterator[str]:
	"""Whether its tickets have no field for the deadline that it starts by."""
	frozen = plans.from_doc(plan)
	src = sources.source(plan.reference_doctype)
	field = {Clock.FIRST_RESPONSE: src.response_by, Clock.RESOLUTION: src.resolution_by}.get(
		frozen.clock, "-"
	)
	if frozen.starts_by_deadline and field != "-" and field not in src.fields:
		yield _("{0} has no deadline for this clock: the plan's own window counts instead.").format(
			_(plan.reference_doctype)
		)


def _matching(plan: Any) -> Iterator[str]:
	"""What no ticket's field can hold: a word, where it holds a number."""
	asked = [("priority", row.priority) for row in plan.priorities]
	asked += [(what, plan.get(what)) for what in ("team", "ticket_type", "customer")]
	for what, word in asked:
		if word and not sources.can_be(plan.reference_doctype, what, word):
			yield _("{0} can be no {1} of {2}, which has numbers there. Write one that it can have.").format(
				word,
				_(what.replace("_", " ").title()),
				_(plan.reference_doctype),
			)


def _calendar(plan: Any) -> Iterator[str]:
	kind = CalendarKind(plan.calendar or CalendarKind.AROUND_THE_CLOCK)
	if kind is CalendarKind.AROUND_THE_CLOCK:
		return
	chosen = [name for name in [plan.get(plans.CALENDAR_FIELD[kind])] if name]
	if kind is CalendarKind.CALENDAR:
		doctype = CALENDAR
		if not chosen:
			yield _("Choose an Escalation Calendar.")
	else:
		doctype = sources.agreement_doctype(plan.reference_doctype)
		if not doctype:
			yield _("{0} has no service level agreements. Choose an Escalation Calendar.").format(
				_(plan.reference_doctype)
			)
			return
		chosen = chosen or sources.agreements(plan.reference_doctype)
	for name in chosen:
		try:
			calendars.read(doctype, name)
		except calendars.Unusable as e:
			yield str(e)


def _conditions(plan: Any) -> Iterator[str]:
	asked = [(_(plan.meta.get_label(field)), plan.get(field)) for field in ("condition", "stop_condition")]
	asked += [(names.only_if_of(row), row.only_if_condition) for row in plan.steps]
	for label, expression in asked:
		if (expression or "").strip():
			yield from _condition(label, expression.strip(), plan.reference_doctype)


def _condition(label: str, expression: str, doctype: str) -> Iterator[str]:
	asked = sorted(conditions.fields_in(expression))
	if hidden := [name for name in asked if not plain_values.readable(doctype, name)]:
		yield _("{0} names {1}, which no plan may read.").format(label, ", ".join(hidden))
		return
	try:
		conditions.evaluate_condition(expression, _sample_ticket(doctype))
	except Exception as e:
		yield _(
			"{0} fails: {1}. Write an expression over the ticket, such as doc.priority == 'Urgent'."
		).format(label, str(e) or type(e).__name__)


def _sample_ticket(doctype: str) -> dict[str, Any]:
	"""A ticket to try conditions on: the newest that the present user may read, because what is wrong can quote it; an empty
	one where there is none.
	"""
	newest = frappe.has_permission(doctype, "read") and frappe.get_list(
		doctype, pluck="name", order_by="creation desc", limit=1
	)
	return plain_values.of(frappe.get_doc(doctype, newest[0]) if newest else frappe.new_doc(doctype))


def _templates(plan: Any) -> Iterator[str]:
	for field in ("subject", "message"):
		for wrong in messages.placeholders_wrong(plan.get(field) or "", plan.reference_doctype):
			yield _("{0} {1}").format(_(plan.meta.get_label(field)), wrong)


def _step(row: Any, doctype: str) -> Iterator[str]:
	known = notifiers.classes()
	if row.method not in known:
		yield _("There is no method {0}. There are: {1}.").format(row.method, ", ".join(known))
		return
	to_endpoint = known[row.method].to_endpoints
	wrong = partial(targets_checked.problems, row, doctype=doctype, to_endpoint=to_endpoint)
	yield from targets_checked.of_each(row, wrong)
	if row.acknowledgements == "Some" and cint(row.acknowledgement_count) < 1:
		yield _("Say how many people have to acknowledge.")
	for wrong in messages.placeholders_wrong(row.message or "", doctype):
		yield _("The message {0}").format(wrong)


def _only_if(row: Any, plan: Any) -> Iterator[str]:
	"""Its expression is looked at with those of the plan."""
	by_calendar = (plan.calendar or CalendarKind.AROUND_THE_CLOCK) != CalendarKind.AROUND_THE_CLOCK
	if row.only_if_hours and not by_calendar:
		yield _(
			"It asks for hours, but the plan has no calendar: every hour is working time. Choose a calendar, or any hour."
		)
	elif row.only_if_hours == InHours.OUTSIDE and cint(row.in_working_time):
		yield _(
			"It is held until working time, and runs only outside it: so it never runs. Choose one of the two."
		)
	least = row.only_if_priority
	lost = least and not stored_names.canonical(plan.reference_doctype, "priority", least)  # which is said
	if not lost and (unknown := least and only_if.problem_of_priority(plan.reference_doctype, least)):
		yield _("{0} Write a condition instead.").format(unknown)


def _owner(plan: Any) -> Iterator[str]:
	if plan.plan_owner and (nobody := people.nobody_behind(plan.plan_owner)):
		yield _("The plan's owner {0} can't be told anything: {1}").format(plan.plan_owner, nobody)


def _methods_not_ready(plan: Any) -> Iterator[str]:
	directory = Directory()
	for method in dict.fromkeys(row.method for row in plan.steps if not acts_checked.is_act(row)):
		_notifier, why = directory.notifier(method)
		if why:
			yield _("{0} isn't set up: {1}").format(_(method), why)


def _equal_rank(plan: Any) -> Iterator[str]:
	"""Other enabled plans of the same rank that can take the same ticket: which of them wins is decided by name."""
	frozen = plans.from_doc(plan)
	mine = frozen.takes
	for other in plans.enabled(plan.reference_doctype).values():
		if other.name == plan.name or other.rank != plan.rank or other.clock is not frozen.clock:
			continue
		theirs = other.takes
		same_priority = not mine.priorities or not theirs.priorities or mine.priorities & theirs.priorities
		overlap = all(
			"" in pair or pair[0] == pair[1]
			for pair in (
				(mine.team, theirs.team),
				(mine.ticket_type, theirs.ticket_type),
				(mine.customer, theirs.customer),
			)
		)
		if same_priority and overlap:
			yield _(
				"Plan {0} has the same rank {1} and can take the same tickets. Give one of them another rank."
			).format(other.name, plan.rank)


def _working_time(plan: Any) -> Iterator[str]:
	frozen = plans.from_doc(plan)
	if frozen.calendar is not CalendarKind.AROUND_THE_CLOCK and not frozen.asks_calendar:
		yield _("The calendar changes nothing: nothing counts in working time, and no step keeps to it.")
	held = next((step.number for step in frozen.steps if step.in_working_time), 0)
	behind = next((s.number for s in frozen.steps if held and s.number > held and not s.in_working_time), 0)
	if behind:
		yield _(
			"Step {0} may go out at any hour, but comes after step {1}, which is held until working time, and so waits "
			"with it. Put it before, or let step {1} go out at any hour."
		).format(behind, held)
