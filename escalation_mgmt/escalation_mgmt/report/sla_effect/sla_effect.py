"""SLA Effect: deadlines met, by month and clock, before a plan was enabled and since. It compares times, and claims no cause."""

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint

from escalation_mgmt.engine import Clock
from escalation_mgmt.facts import plan_times
from escalation_mgmt.facts.plan_times import Phase
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.plain_text import cell, plain
from escalation_mgmt.views import charts
from escalation_mgmt.views.figures import deadlines
from escalation_mgmt.views.report_parts import (
	NONE,
	above,
	column,
	count,
	duration,
	instant,
	percent,
	rounded,
	whole_percent,
)

PER_PAGE = 500
"""Tickets on a page, where a figure's tickets are asked for."""
MOST_BARS = 36
COLOURS = {
	Phase.BEFORE: charts.GREY,
	Phase.ON: charts.GREEN,
	Phase.OFF: charts.ORANGE,
	Phase.UNKNOWN: charts.PALE_GREY,
}
"""Of the chart: grey is what was before, green what has been since."""

Report = tuple[list[dict], list[dict], str | None, dict | None, list[dict]]


def execute(filters: dict[str, Any] | None = None) -> Report:
	"""Columns, rows, what is said above them, chart, and summary.

	`filters`: what `figures.deadlines.read` knows. With `tickets` (one of `deadlines.OUTCOMES`, or all) the rows are the tickets
	behind the figures, `phase` those of one phase alone, `page` (from 1) of so many. Shares are in percent; None where there is none.
	"""
	filters = frappe._dict(filters or {})
	asked = deadlines.read(filters)
	if asked.refusal:
		return _columns(), [], escape(asked.refusal), None, []
	found = deadlines.by_month(asked)
	said = list(_said(asked, found))
	if filters.tickets:
		rows, page = _tickets(asked, filters, found)
		said = [page, *said] if page else said
		return _ticket_columns(), rows, _html(said), None, _summary(asked, found)
	words = phases()
	rows = [
		{
			**row,
			"share": rounded(row["share"]),
			"clock_label": _(row["clock"]),
			"phase_label": words[row["phase"]],
		}
		for row in found
	]
	return _columns(), rows, _html(said), _chart(asked, found), _summary(asked, found)


def _html(lines: list[str]) -> str:
	return "<br>".join(map(escape, lines))


def phases() -> dict[str, str]:
	"""How it stood with the plan then, as it is called."""
	return {
		Phase.BEFORE: _("Before"),
		Phase.ON: _("Since"),
		Phase.OFF: _("While Disabled"),
		Phase.UNKNOWN: _("Not Known"),
	}


def outcomes() -> dict[str, str]:
	return {
		deadlines.MET: _("Met"),
		deadlines.MISSED: _("Missed"),
		deadlines.OPEN: _("Still Open"),
		deadlines.UNKNOWN: _("Not Known"),
	}


def _summary(asked: deadlines.AskedDeadlines, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
	"""Of each clock the share before and since, each with how many it is of."""
	said = []
	known = [of for of in asked.clocks if any(row["clock"] == of for row in found)]
	for of in known or list(asked.clocks)[:1]:
		both = [deadlines.together(found, of, phase) for phase in (Phase.BEFORE, Phase.ON)]
		for label, each in zip((_("{0}, Before"), _("{0}, Since")), both, strict=True):
			said.append(above(label.format(_(of)), _share(each)))
		if None not in (shares := [each["share"] for each in both]):
			points = whole_percent(shares[1]) - whole_percent(shares[0])
			said.append(above(_("{0}, Difference").format(_(of)), _("{0} points").format(f"{points:+d}")))
	return said


def _share(figure: dict[str, Any]) -> str:
	if figure["share"] is None:
		return NONE
	return _("{0} % of {1}").format(whole_percent(figure["share"]), figure["met"] + figure["missed"])


def _said(asked: deadlines.AskedDeadlines, found: list[dict[str, Any]]) -> Iterator[str]:
	plan = plain(asked.plan.name) if asked.plan else ""
	for of, times in asked.clocks.items():
		began = plan_times.began(times)
		before, since = (_share(deadlines.together(found, of, phase)) for phase in (Phase.BEFORE, Phase.ON))
		yield _began(of, plan, began) + (
			" " + _("Deadlines met before: {0}; since: {1}.").format(before, since) if began else ""
		)
		if any(each.phase is Phase.UNKNOWN for each in times):
			yield _(
				"{0}: for a part of the time it isn't known whether it was enabled, because nobody kept it. Those deadlines stand"
				" apart."
			).format(_(of))
	if asked.widened:
		yield _(
			"It takes more tickets since {0}. Before that, it could not take some that are counted as since."
		).format(clock.shown(asked.widened))
	if asked.plan and asked.plan.takes.condition:
		yield _("Its condition isn't asked here: tickets that it would not take are counted as well.")
	if asked.plan:
		yield _(
			"Counted are the tickets that the plan would take as they are now, whether it took them or not."
		)
	if asked.readable:
		yield _("You may read only some of {0}: only those are counted for you. Agents read more.").format(
			_(asked.doctype)
		)
	yield _(
		"Two times stand side by side. What else changed between them isn't known here: this names no cause."
	)


def _began(of: Clock, plan: str, began: datetime | None) -> str:
	if plan:
		return (
			_("{0}: plan {1} was first enabled on {2}.").format(_(of), plan, clock.shown(began))
			if began
			else _("{0}: plan {1} has never been enabled.").format(_(of), plan)
		)
	if not began:
		return _("{0}: no plan for it has ever been enabled.").format(_(of))
	return _("{0}: the first plan for it was enabled on {1}.").format(_(of), clock.shown(began))


def _chart(asked: deadlines.AskedDeadlines, found: list[dict[str, Any]]) -> dict[str, Any] | None:
	"""The share that was met, month by month, of the first clock that has one; where there is none, no bar."""
	of = next((of for of in asked.clocks if any(_has_bar(row, of) for row in found)), None)
	if not of:
		return None
	rows = [row for row in found if _has_bar(row, of)][-MOST_BARS:]
	shown = [phase for phase in COLOURS if any(row["phase"] == phase for row in rows)]
	words = phases()
	parts = [
		(
			words[phase],
			[rounded(row["share"]) if row["phase"] == phase else None for row in rows],
			COLOURS[phase],
		)
		for phase in shown
	]  # of each month and phase one bar alone has a value
	made = charts.chart([f"{row['month'][5:]}/{row['month'][2:4]}" for row in rows], parts)
	return made and {**made, "title": _("{0}: Met, in Percent").format(_(of))}


def _has_bar(row: dict[str, Any], of: Clock) -> bool:
	return bool(row["clock"] == of and row["share"] is not None)


def _columns() -> list[dict[str, Any]]:
	words = outcomes()
	return [
		column("month", _("Month"), "Data", 100),
		column("clock_label", _("Clock"), "Data", 140),
		column("phase_label", _("Before or Since"), "Data", 140),
		count("deadlines", _("Deadlines")),
		percent("share", _("Share Met")),
		*(count(name, words[name]) for name in deadlines.OUTCOMES),
	]


def _tickets(
	asked: deadlines.AskedDeadlines, filters: Any, found: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], str]:
	"""A page of the tickets, and which page it is where there are several."""
	outcome = filters.tickets if filters.tickets in deadlines.OUTCOMES else ""
	phase = filters.phase if filters.phase in tuple(Phase) else ""
	total = sum(row[outcome or "deadlines"] for row in found if phase in ("", row["phase"]))
	page = min(max(cint(filters.page), 1), max(-(-total // PER_PAGE), 1))
	start = (page - 1) * PER_PAGE
	words, names = outcomes(), phases()
	rows = [
		row
		| {
			"ticket_doctype": asked.doctype,
			"subject": cell(row["subject"]),
			"clock_label": _(row["clock"]),
			"phase_label": names[row["phase"]],
			"outcome_label": words[row["outcome"]],
		}
		for row in deadlines.tickets(asked, phase=phase, outcome=outcome, limit=PER_PAGE, start=start)
	]
	if total <= PER_PAGE:
		return rows, ""
	said = _("Tickets {0} to {1} of {2}, the latest deadline first. Choose another page above.")
	return rows, said.format(start + 1, start + len(rows), total)


def _ticket_columns() -> list[dict[str, Any]]:
	return [
		column("ticket", _("Ticket"), "Dynamic Link", 100, options="ticket_doctype"),
		column("subject", _("Subject"), "Data", 260),
		column("outcome_label", _("Deadline"), "Data", 100),
		instant("due", _("Due")),
		instant("ended", _("Done")),
		duration("late", _("Late By"), 110),
		column("clock_label", _("Clock"), "Data", 140),
		column("phase_label", _("Before or Since"), "Data", 140),
	]
