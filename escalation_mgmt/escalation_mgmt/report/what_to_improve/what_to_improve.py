"""What to Improve: what a manager should change, each with the figure that says so, the place to change it, and the rows behind."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint

from escalation_mgmt import notifiers
from escalation_mgmt.engine import Step, Target, TargetKind
from escalation_mgmt.preflight import outline
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import CONTACT, ENDPOINT, PLAN, SETTINGS
from escalation_mgmt.utils.plain_text import cell
from escalation_mgmt.views import charts, figures
from escalation_mgmt.views.figures.pages import NONE
from escalation_mgmt.views.figures.refused import SHARE
from escalation_mgmt.views.figures.steps import Ends
from escalation_mgmt.views.figures.untaken import NEWEST
from escalation_mgmt.views.report_parts import column, count, instant

RUNS, REFUSED, TICKETS, ACKNOWLEDGEMENTS = 20, 5, 1, 20
"""From so many on each is said, where the reader asks for no smallest count of their own."""

Found = Iterator[dict[str, Any]]


Report = tuple[list[dict], list[dict], str | None, dict | None]


def execute(filters: dict[str, Any] | None = None) -> Report:
	"""Columns, rows, what is said above them, and chart.

	`filters`: what `views.figures.read` and `figures.untaken` know; `smallest` (from so many on a row is there); `show`: "Tickets" for
	the tickets that no plan took, in place of all findings. A row has `finding`, `times` and `of` (counts; None where there is none), `todo`,
	`threshold` in words, the document to change (`place_doctype`, `place`; empty: its list) and the filters of the rows behind (`behind`,
	in JSON). The largest count comes first.
	"""
	filters = frappe._dict(filters or {})
	asked = figures.read(filters)  # whichever rows are asked for, of a period that can be
	if filters.show == "Tickets":
		return _of_tickets(filters)
	smallest = max(cint(filters.smallest), 0)
	ended = figures.ends(asked)
	kinds = {
		_("No Plan Took It"): list(_untaken(filters, smallest)),
		_("Refused"): list(_refused(asked, smallest)),
		_("Never Acknowledged"): list(_never_acknowledged(asked, ended, smallest)),
		_("Last Step Only"): list(_acknowledged_last(ended, smallest)),
	}
	rows = [row for found in kinds.values() for row in found]
	chart = charts.findings(list(kinds), [len(found) for found in kinds.values()])
	rows.sort(key=lambda row: -row["times"])  # what is alike stays in the order above
	said = [*([] if rows else [_nothing(filters, smallest)]), *_left_out(filters)]
	return _columns(), rows, " ".join(said) or None, chart


def _left_out(filters: Any) -> Iterator[str]:
	if partly := figures.partly_read(filters):
		yield _("Of tickets that no plan took, only those that you may read are counted ({0}).").format(
			", ".join(map(_, partly))
		)
	kept = figures.kept_since() if figures.looks_at_tickets(filters) else None
	if kept and (not filters.from_date or figures.read({"from_date": filters.from_date}).begins < kept):
		yield _(
			"Of tickets logged before {0} it isn't known whether a plan took them, for escalations aren't kept longer: none is counted."
		).format(clock.shown(kept))


def _nothing(filters: Any, smallest: int) -> str:
	looked_for = [_steps_listed(smallest), _refused_listed(smallest), _plans_listed(smallest)]
	if figures.looks_at_tickets(filters):
		looked_for.append(_tickets_listed(smallest))
	return _("Nothing to improve in this period.") + " " + _("Looked for: {0}.").format("; ".join(looked_for))


def _steps_listed(smallest: int) -> str:
	return _("Steps that ran {0} times or more, and never anybody acknowledged").format(smallest or RUNS)


def _refused_listed(smallest: int) -> str:
	return _("{0} or more messages refused for good, and {1} % or more of them").format(
		smallest or REFUSED, SHARE
	)


def _plans_listed(smallest: int) -> str:
	return _("Plans that were acknowledged {0} times or more, each time at the last of their steps").format(
		smallest or ACKNOWLEDGEMENTS
	)


def _tickets_listed(smallest: int) -> str:
	return _("{0} or more tickets that missed their response deadline, and that no plan took").format(
		smallest or TICKETS
	)


def _row(finding: str, todo: str, threshold: str, place: tuple[str, str], **more: Any) -> dict[str, Any]:
	"""Every text in it is plain: names stand in it, which anybody may have given."""
	doctype, name = place
	return {
		"finding": cell(finding),
		"of": None,
		"todo": todo,
		"where": cell(name if name not in ("", doctype) else _(doctype)),
		"threshold": threshold,
		"place_doctype": doctype,
		"place": name,
		**more,
		"behind": json.dumps(more["behind"]),
	}


def _never_acknowledged(asked: figures.Asked, ended: Ends, smallest: int) -> Found:
	threshold = _steps_listed(smallest)
	for each in figures.never_acknowledged(asked, ended, smallest or RUNS):
		finding = _("Step {0} ({1}) is never acknowledged").format(
			each["step"].number, _in_words(each["step"])
		)
		todo = _("Choose another method or person, or leave the step out.")
		if each["answered"]:
			todo = _("After {0} of them the ticket was answered.").format(each["answered"]) + " " + todo
		behind = {"plan": each["plan"], "step": each["key"], "result": "Over"}
		counted = {"times": each["runs"], "of": each["runs"], "behind": behind}
		yield _row(finding, todo, threshold, (PLAN, each["plan"]), **counted)


def _refused(asked: figures.Asked, smallest: int) -> Found:
	threshold = _refused_listed(smallest)
	people, providers = figures.refused(asked, smallest or REFUSED)
	for each in people:
		finding = _("{0} to {1} is refused").format(_(each["method"]), each["name"])
		if each["user"]:
			place, todo = _contact(each["user"]), _("Correct how they are reached.")
			whom = {"person": each["user"]}
		elif each["endpoint"]:
			place, todo = (ENDPOINT, each["endpoint"]), _("Correct its address, or what is sent there.")
			whom = {"recipient": each["endpoint"]}
		else:
			place, todo = (PLAN, ""), _("Correct the number or address in the plan that names it.")
			whom = {"recipient": each["name"]}
		behind = {**whom, "method": each["method"], "outcome": "failed"}
		yield _row(finding, todo, threshold, place, times=each["failed"], of=each["of"], behind=behind)
	for each in providers:
		by = f"{_(each['method'])} ({each['provider']})" if each["provider"] else _(each["method"])
		finding = _("{0} is refused, to {1} recipients").format(by, each["people"])
		behind = {"method": each["method"], "provider": each["provider"] or NONE, "outcome": "failed"}
		counted = {"times": each["failed"], "of": each["of"], "behind": behind}
		yield _row(
			finding,
			_("Correct its set-up, or put another provider first."),
			threshold,
			_set_up_in(each["method"]),
			**counted,
		)


def _untaken(filters: Any, smallest: int) -> Found:
	threshold = _tickets_listed(smallest)
	found = figures.untaken(filters)
	several = len({each["doctype"] for each in found}) > 1
	for each in found:
		if each["tickets"] < (smallest or TICKETS):
			continue
		priority, team = each["priority"] or NONE, each["team"] or NONE
		finding = _("Priority {0}, team {1}: deadline missed, and no plan took it").format(priority, team)
		if several:
			finding = f"{_(each['doctype'])}, {finding}"
		behind = {
			"show": "Tickets",
			"priority": priority,
			"team": team,
			"reference_doctype": each["doctype"],
		}
		todo = _("Let a plan take these tickets.")
		yield _row(finding, todo, threshold, (PLAN, ""), times=each["tickets"], behind=behind)


def _acknowledged_last(ended: Ends, smallest: int) -> Found:
	threshold = _plans_listed(smallest)
	for each in figures.acknowledged_last(ended, smallest or ACKNOWLEDGEMENTS):
		last = "; ".join(f"{step.number}, {_in_words(step)}" for step in each["steps"])
		finding = _("Acknowledged only at its last step ({0})").format(last)
		todo = _("Bring the last step forward, or leave out what comes before it.")
		behind = {"plan": each["plan"], "result": "Acknowledged"}
		counted = {"times": each["acknowledged"], "of": each["acknowledged"], "behind": behind}
		yield _row(finding, todo, threshold, (PLAN, each["plan"]), **counted)


def _in_words(step: Step) -> str:
	"""Its method and whom; a bare number or address as history has it."""
	notifier = notifiers.classes().get(step.method)

	def shown(target: Target) -> Target:
		if target.kind is not TargetKind.ADDRESS:
			return target
		return replace(target, value=notifier().mask(target.value) if notifier else "…")

	masked = replace(step, target=shown(step.target), second=shown(step.second) if step.second else None)
	return _("{0} to {1}").format(_(step.method), outline.whom_in_words(masked))


def _contact(user: str) -> tuple[str, str]:
	return (CONTACT, user) if frappe.db.exists(CONTACT, user) else ("User", user)


def _set_up_in(method: str) -> tuple[str, str]:
	"""Where a method is set up: a page of settings, or a list."""
	notifier = notifiers.classes().get(method)
	place = notifier.set_up_in if notifier else SETTINGS
	return place, place if frappe.get_meta(place).issingle else ""


def _columns() -> list[dict[str, Any]]:
	return [
		column("finding", _("What"), "Data", 420),
		count("times", _("Times"), 70),
		column(
			"of", _("Of"), "Data", 70, shown_as="Int", align="right"
		),  # in mails Frappe would say 0 for none
		column("where", _("Where to Change It"), "Data", 170),
		column("todo", _("What to Do"), "Data", 380),
		column("threshold", _("Listed Are"), "Data", 460),
	]


def _of_tickets(filters: Any) -> Report:
	rows = [
		{name: cell(value) if isinstance(value, str) else value for name, value in ticket.items()}
		for ticket in figures.untaken_tickets(filters)
	]
	said = [
		*([_("The newest {0} of them.").format(NEWEST)] if len(rows) >= NEWEST else []),
		*([] if rows else [_("No ticket missed its response deadline without a plan.")]),
		*_left_out(filters),
	]
	columns = [
		# As in the history: no Link, for which Frappe 15 refuses the report to who may not read it.
		column("name", _("Ticket"), "Dynamic Link", 90, options="doctype"),
		column("subject", _("Subject"), "Data", 300),
		column("priority", _("Priority"), "Data", 100),
		column("team", _("Team"), "Data", 140),
		instant("deadline", _("Response Deadline")),
		instant("answered", _("First Response")),
	]
	return columns, rows, " ".join(said) or None, None
