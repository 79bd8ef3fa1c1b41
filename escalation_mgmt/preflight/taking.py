"""What a plan means for the tickets that are open when it is enabled: how many it will take, and how many it won't."""

from dataclasses import dataclass, replace
from typing import Any

import frappe
from frappe import _, _lt

from escalation_mgmt.dispatch import missed
from escalation_mgmt.engine import Plan, TicketKey
from escalation_mgmt.facts import plans, sources
from escalation_mgmt.storage import ticket_states
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import PLAN, SETTINGS
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.language import plural

PAGE = 500
COUNTED = 5000  # tickets; what lies beyond is said to be more
FIRST = 10  # of them are named


def follow(doc: Any) -> None:
	"""A plan was saved or deleted: remember the tickets of its DocType from its first plan on, until its last is gone."""
	before = doc.get_doc_before_save()
	for doctype in {doc.reference_doctype, before.reference_doctype if before else doc.reference_doctype}:
		enabled = frappe.db.exists(PLAN, {"enabled": 1, "reference_doctype": doctype})
		if not enabled:
			ticket_states.end(doctype)
		elif not ticket_states.has_begun(doctype):
			ticket_states.begin(doctype)


def follow_sources(settings: Any) -> None:
	"""Where tickets say otherwise what they are now, none of them was raised or opened again by that: begin anew."""
	before = settings.get_doc_before_save()
	was, now = (
		{row.reference_doctype: _read_from(row) for row in doc.sources} if doc else {}
		for doc in (before, settings)
	)
	for doctype in {*was, *now}:
		if was.get(doctype) != now.get(doctype) and ticket_states.has_begun(doctype):
			ticket_states.end(doctype)
			frappe.clear_document_cache(SETTINGS, SETTINGS)
			if sources.is_source(doctype) and frappe.db.exists(
				PLAN, {"enabled": 1, "reference_doctype": doctype}
			):
				ticket_states.begin(doctype)


def _read_from(row: Any) -> list[Any]:
	return [row.priority_field, row.status_field, row.resolved_statuses]


@dataclass(frozen=True, slots=True)
class Taking:
	"""How many open tickets a plan takes, how many it would take but for what was overdue before, the first of those that it
	takes, and whether all were counted.
	"""

	taken: int
	left: int
	all_counted: bool
	first: tuple[TicketKey, ...] = ()

	def in_words(self) -> str:
		"""In a sentence; empty: there are none."""
		if not (self.taken or self.left):
			return ""
		if self.all_counted:
			will = plural(
				self.taken, _lt("{0} open ticket will be taken"), _lt("{0} open tickets will be taken")
			)
			older = plural(self.left, _lt("{0} older one not"), _lt("{0} older ones not"))
			return _("{0}, {1}.").format(will, older)
		will = plural(
			self.taken,
			_lt("At least {0} open ticket will be taken"),
			_lt("At least {0} open tickets will be taken"),
		)
		older = plural(self.left, _lt("at least {0} older one not"), _lt("at least {0} older ones not"))
		return _("{0}, and {1}.").format(will, older)


def in_words(doc: Any) -> str:
	"""How many open tickets an enabled plan, saved, takes and how many it leaves, in a sentence; empty: there are none."""
	try:
		return count(doc).in_words()
	except Exception:  # enabling is what was asked for
		report_error(f"Escalation: the tickets for plan {doc.name} can't be counted")
		return ""


def count(doc: Any) -> Taking:
	"""Which open tickets a saved plan takes; one that is disabled, as if it were enabled now. It is the sweep that says so: what
	is answered, or has an item, isn't taken.
	"""
	enabled = plans.enabled(doc.reference_doctype)
	if not doc.enabled:
		plan = plans.versions({doc.plan_version})[doc.plan_version]
		enabled[doc.plan_version] = replace(plan, enabled_since=clock.now())
	plan = enabled[doc.plan_version]
	whenever = {**enabled, doc.plan_version: replace(plan, enabled_since=None)}
	taken, all_taken = _wanted(plan, enabled)
	matching, all_matching = _wanted(whenever[doc.plan_version], whenever)
	left = max(len(matching) - len(taken), 0)
	return Taking(len(taken), left, all_taken and all_matching, tuple(taken[:FIRST]))


def _wanted(plan: Plan, enabled: dict[str, Plan]) -> tuple[list[TicketKey], bool]:
	"""For which tickets of at most `COUNTED` this plan opens an item, and whether these are all."""
	found: list[TicketKey] = []
	looked_at = 0
	for page in missed.pages([plan], PAGE):
		wanted = missed.wanting(page, plan.clock, enabled)
		found += [key for key, opening in wanted.items() if opening and opening.plan.name == plan.name]
		looked_at += len(page.facts)
		if looked_at >= COUNTED:
			return list(dict.fromkeys(found)), False
	return list(dict.fromkeys(found)), True
