"""What a plan's form says while it is being written: its ladder of times, and what is wrong with it."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import (
	EVERYONE,
	Clock,
	InHours,
	OnFailure,
	Plan,
	Rung,
	StartAt,
	Step,
	Target,
	TargetKind,
	ladder,
)
from escalation_mgmt.facts import plans
from escalation_mgmt.preflight import rights, validation
from escalation_mgmt.preflight.rehearsal import nothing_written
from escalation_mgmt.storage import wording

RUNS_SHOWN = 3


def outline_of(doc: Any) -> dict[str, Any]:
	"""What a form shows of the document of a plan, finished or not. Writes nothing.

	{"counted": from when the times count, "by_deadline": whether the rungs say so themselves, "rungs": [{"at", "steps": [{"number", "line"}], "line": where there are no
	steps}], "problems": why it can't be saved, "warnings", "names": {user: name} of those whom steps name}.
	"""
	doc.start = doc.start or StartAt.AFTER_WINDOW
	doc.steps = [row for row in doc.steps if row.method and row.whom]
	with nothing_written():
		try:
			problems = rights.problems(doc) or validation.problems(doc)
		except frappe.ValidationError as e:
			frappe.clear_last_message()
			problems = [str(e)]
		frozen = plans.from_doc(doc)
		numbers = [row.idx for row in doc.steps]
		doc.enabled = 1  # what would go wrong is said before it is
		return {
			"counted": _counted(frozen),
			"by_deadline": frozen.start in (StartAt.BEFORE_DEADLINE, StartAt.AT_PERCENT),
			"rungs": rungs_in_words(frozen, ladder(frozen), partial(_rung, numbers), partial(_at, frozen)),
			"problems": problems,
			"names": _names(frozen),
			"warnings": [] if problems else validation.warnings(doc),
		}


def _names(plan: Plan) -> dict[str, str]:
	targets = [target for step in plan.steps for target in step.targets]
	users = {target.value for target in targets if target.kind is TargetKind.USER} - {""}
	return {user: frappe.db.get_value("User", user, "full_name") or user for user in users}


def _counted(plan: Plan) -> str:
	match plan.start:
		case StartAt.AT_ONCE:
			words = _("Counted from when the plan takes the ticket.")
		case StartAt.AT_DEADLINE:
			words = _("Counted from {0}.").format(_deadline(plan))
		case StartAt.BEFORE_DEADLINE:
			lead = wording.duration(plan.lead.total_seconds())
			words = _("Counted from {0} before {1}.").format(lead, _deadline(plan))
		case StartAt.AT_PERCENT:
			words = _("Counted from when {0} % of the time to {1} are over.").format(
				plan.percent, _deadline(plan)
			)
		case _ if plan.clock is Clock.NEXT_RESPONSE:
			words = _("Counted from {0}.").format(_deadline(plan))
		case _ if plan.clock is Clock.RESOLUTION:
			window = wording.duration(plan.window.total_seconds())
			words = _("Counted from {0} after the plan takes the ticket.").format(window)
		case _:
			window = wording.duration(plan.window.total_seconds())
			words = _(
				"Counted from the end of the response window, {0} after the plan takes the ticket."
			).format(window)
	if plan.ack_timeout:
		timeout, grace = (
			wording.duration(each.total_seconds()) for each in (plan.ack_timeout, plan.ack_grace)
		)
		words += " " + _(
			"Once it is acknowledged, and nothing happens on the ticket: a reminder after {0}, and {1} later it goes on."
		).format(timeout, grace)
	if plan.on_failure is OnFailure.NEXT_STEP:
		words += " " + _("Where a message fails, the next step runs at once.")
	if plan.asks_calendar:
		words += " " + _("The calendar moves these times; a rehearsal shows how.")
	return words


def _deadline(plan: Plan) -> str:
	match plan.clock:
		case Clock.FIRST_RESPONSE:
			return _("the ticket's response deadline")
		case Clock.RESOLUTION:
			return _("the ticket's resolution deadline")
		case Clock.NEXT_RESPONSE:
			window = wording.duration(plan.window.total_seconds())
			return _("the deadline of the next response, {0} after the customer's message").format(window)


def rungs_in_words(
	plan: Plan,
	rungs: Iterable[Rung],
	steps: Callable[[Rung], list[dict[str, Any]]],
	at: Callable[[Rung], str],
) -> list[dict[str, Any]]:
	"""A ladder's rungs: [{"at", "steps", "line": where there are no steps}], as the functions `at` and `steps` say them. Of a plan
	that repeats, each further run is one line.
	"""
	rungs = list(rungs)
	last = rungs[-1] if rungs and not rungs[-1].steps else None
	shown = [
		{"at": at(rung), "steps": steps(rung), "line": ""} for rung in rungs if rung.steps and not rung.run
	]
	repeats: dict[int, Rung] = {}
	for rung in rungs:
		if rung.run and rung.steps:
			repeats.setdefault(rung.run, rung)
	for run, rung in list(repeats.items())[:RUNS_SHOWN]:
		words = _("all steps again (repeat {0} of {1})").format(run, plan.repeats)
		shown.append({"at": at(rung), "steps": [], "line": words})
	if plan.repeats > RUNS_SHOWN:
		shown.append({"at": "…", "steps": [], "line": _("and so on, {0} times in all").format(plan.repeats)})
	if last:
		words = _("nobody acknowledged: exhausted, and the plan's owner is told")
		shown.append({"at": at(last), "steps": [], "line": words})
	return shown


def _rung(numbers: list[int], rung: Rung) -> list[dict[str, Any]]:
	"""Its steps, by the `numbers` of the form's rows."""
	return [
		{"number": numbers[step.number - 1], "line": step_in_words(step, whom_in_words(step))}
		for step in rung.steps
	]


def _at(plan: Plan, rung: Rung) -> str:
	"""When a rung is: of a plan that begins before a deadline, how long before or after that."""
	if plan.start is StartAt.AT_PERCENT:
		if not rung.after:
			return _("at {0} % of the time to {1}").format(plan.percent, _deadline_in_short(plan))
		return _("{0} later").format(wording.duration(rung.after.total_seconds()))
	if plan.start is not StartAt.BEFORE_DEADLINE:
		return wording.duration(rung.after.total_seconds())
	left = (plan.lead - rung.after).total_seconds()
	if not left:
		return _("at {0}").format(_deadline_in_short(plan))
	words = _("{0} before {1}") if left > 0 else _("{0} after {1}")
	return words.format(wording.duration(abs(left)), _deadline_in_short(plan))


def _deadline_in_short(plan: Plan) -> str:
	match plan.clock:
		case Clock.FIRST_RESPONSE:
			return _("the response deadline")
		case Clock.RESOLUTION:
			return _("the resolution deadline")
		case Clock.NEXT_RESPONSE:
			return _("the deadline of the next response")


def step_in_words(step: Step, whom: str) -> str:
	"""What a step does, and when: "SMS to the assignee, only outside working time"."""
	if step.act:
		words = wording.act(step.method, step.value or "…", whom)
	else:
		words = _("{0} to {1}").format(_(step.method), whom)
	if step.in_working_time:
		words = _("{0}, held until working time").format(words)
	for condition in _only_if(step):
		words = _("{0}, only {1}").format(words, condition)
	if step.needs == EVERYONE:
		return _("{0}; everyone has to acknowledge").format(words)
	return _("{0}; {1} have to acknowledge").format(words, step.needs) if step.needs > 1 else words


def _or_else(target: Target) -> str:
	if target.kind in (TargetKind.NEXT_IN_TURN, TargetKind.AVAILABLE):
		return _("{0} (if nobody is available: {1})")
	return _("{0} (if it reaches nobody: {1})")


def _only_if(step: Step) -> Iterator[str]:
	match step.only_if.hours:
		case InHours.WORKING:
			yield _("in working time")
		case InHours.OUTSIDE:
			yield _("outside working time")
	if step.only_if.priority:
		yield _("from priority {0} up").format(step.only_if.priority)
	if step.only_if.condition:
		yield _("if {0}").format(step.only_if.condition)


def whom_in_words(step: Step) -> str:
	"""Whom a step goes to, as its plan says, and whom where that reaches nobody; "…" where it doesn't yet. A bare number or
	address as it is.
	"""
	words = _target(step.target)
	return _or_else(step.target).format(words, _target(step.second)) if step.second else words


def _target(target: Target) -> str:
	value = target.value
	match target.kind:
		case TargetKind.ASSIGNEE:
			return _("the assignee")
		case TargetKind.USER:
			return frappe.get_cached_value("User", value, "full_name") or value if value else "…"
		case TargetKind.TEAM:
			return _("team {0}").format(value) if value else _("the ticket's team")
		case TargetKind.NEXT_IN_TURN:
			return (
				_("the next in turn of {0}").format(value)
				if value
				else _("the next in turn of the ticket's team")
			)
		case TargetKind.AVAILABLE:
			return (
				_("who is available of {0}").format(value)
				if value
				else _("who is available of the ticket's team")
			)
		case TargetKind.MANAGER:
			return _("the assignee's manager")
		case TargetKind.ROLE:
			return _("everyone with the role {0}").format(_(value)) if value else "…"
		case TargetKind.USER_FIELD:
			return _("whom the ticket's field {0} names").format(value) if value else "…"
		case _:
			return value or "…"
