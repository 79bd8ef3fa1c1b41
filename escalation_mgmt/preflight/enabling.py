"""Enabling a plan: what it means, said before it is done."""

from dataclasses import asdict
from typing import Any

import frappe

from escalation_mgmt.engine import NEVER
from escalation_mgmt.facts import tickets
from escalation_mgmt.preflight import lookback, readiness, rehearsal, taking
from escalation_mgmt.preflight.rehearsal import nothing_written
from escalation_mgmt.utils import clock


def preview(doc: Any) -> dict[str, Any]:
	"""What enabling a saved plan means now. Writes nothing.

	{"said": how many open tickets it takes, in a sentence, "taken": their number, "doctype", "listed": the first of them that
	this user may read (as `lookback.row`), "findings": what would go wrong (`preflight.finding.Finding`), "rehearsal": of a
	ticket that is made up (`rehearsal.Rehearsal`); None where it can't be, and "problems" says why}.
	"""
	with nothing_written():
		now = taking.count(doc)
		doc.enabled = 1  # in memory alone
		try:
			rehearsed = asdict(rehearsal.of_plan(doc, start=clock.now(), responses=NEVER))
			problems = []
		except frappe.ValidationError as e:
			frappe.clear_messages()
			rehearsed, problems = None, e.args[0] if isinstance(e.args[0], list) else [str(e)]
		return {
			"said": now.in_words(),
			"taken": now.taken,
			"doctype": doc.reference_doctype,
			"listed": _listed(doc.reference_doctype, now),
			"findings": [asdict(finding) for finding in readiness.of_plan(doc)] if rehearsed else [],
			"problems": problems,
			"rehearsal": rehearsed,
		}


def _listed(doctype: str, now: taking.Taking) -> list[dict[str, Any]]:
	readable = lookback.readable_of(doctype, [key.name for key in now.first])
	read = tickets.Tickets(now.first)
	return [lookback.row(read[key]) for key in now.first if key.name in readable]


def enable(doc: Any, modified: str) -> None:
	"""Enable a plan as it was at that time. What `preview` has said isn't said again."""
	doc.modified = modified
	doc.enabled = 1
	doc.flags.enabling_was_said = True
	doc.save()
