"""Readiness: everything that would make an escalation fail, each with its remedy.

Asked before anything happens: by the workspace, by a plan's form, by `bench --site SITE escalation check`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate

from escalation_mgmt.dispatch import monitor
from escalation_mgmt.engine import Plan, Step, TargetKind, Timeline, Unreachable
from escalation_mgmt.facts import calendars, people, plans, sources
from escalation_mgmt.facts.maintenances import Maintenances
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.preflight import names, providers, rehearsal, remedies, validation
from escalation_mgmt.preflight.remedies import Remedy
from escalation_mgmt.storage import audiences
from escalation_mgmt.utils import clock, site_config
from escalation_mgmt.utils.doctypes import ITEM, MAINTENANCE, PLAN

ENDS_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Finding:
	"""What would go wrong, in words, and where it is put right."""

	problem: str
	remedy: Remedy


def findings(*, ask_providers: bool = False) -> list[Finding]:
	"""Everything that would make an escalation fail, what concerns all of them first. Writes nothing.

	Providers are asked only with `ask_providers`, which takes some seconds; else they are as they were asked last.
	"""
	with rehearsal.nothing_written():
		enabled = frappe.get_all(PLAN, filters={"enabled": 1}, pluck="name", order_by="name")
		found = list(_of_site())
		if not enabled:
			found.append(
				Finding(_("No plan is enabled: no ticket escalates."), Remedy(_("Enable a plan"), PLAN))
			)
		found += _of_providers(providers.ask() if ask_providers else providers.last_said())
		return found + _of_plans([frappe.get_doc(PLAN, name) for name in enabled])


def of_plan(doc: Any) -> list[Finding]:
	"""What would make this plan's escalations fail; [] for one that is not enabled. Writes nothing."""
	with rehearsal.nothing_written():
		return _of_plans([doc], named=False) if doc.enabled else []


def _of_site() -> Iterator[Finding]:
	state = monitor.health()
	if state.mute:
		yield Finding(state.problems[0], remedies.settings(_("Make this installation live")))
		return
	for words in site_config.problems():
		yield Finding(words, Remedy(_("Correct the site's configuration file")))
	yield from _maintenances()
	for words in names.lost_in_settings():
		yield Finding(words, remedies.settings(_("Correct Tickets of Other DocTypes")))
	for problem in state.overdue:
		yield Finding(problem, remedies.settings(_("See whether the dispatcher runs")))
	if state.scheduler_off and not state.overdue:
		words = _(
			"The site's scheduler is off: nothing is sent unless a dispatcher runs, and nothing old is removed. "
			"Turn it on: bench --site {0} enable-scheduler."
		).format(frappe.local.site)
		yield Finding(words, Remedy(_("Turn the scheduler on"), "System Settings", "System Settings"))
	if trouble := monitor.heartbeat_trouble():
		words = _("The heartbeat address wasn't reached, so whoever listens there is alarmed: {0}").format(
			trouble
		)
		yield Finding(words, remedies.settings(_("Correct the heartbeat address")))
	for problem in state.stuck:
		yield Finding(problem, Remedy(_("See which action items"), ITEM))


def _maintenances() -> Iterator[Finding]:
	for row in Maintenances().running():
		what = row.team or row.customer or _("the whole site")
		words = _("A maintenance of {0} runs until {1} ({2}): whatever falls due is held.").format(
			what, clock.shown(row.ends_utc), row.reason
		)
		yield Finding(words, Remedy(_("End the maintenance, if it is over"), MAINTENANCE, row.name))
	for name, words in names.lost_in_maintenances():
		yield Finding(words, Remedy(_("End it, or choose another"), MAINTENANCE, name))


def _of_providers(said: dict[str, list[str]]) -> list[Finding]:
	directory, methods = Directory(), {}
	for method, sentences in said.items():
		for sentence in sentences:  # SMS and calls may have one provider
			methods.setdefault(sentence, []).append(method)
	return [
		Finding(f"{', '.join(map(_, of))}: {sentence}", remedies.method(of[0], directory))
		for sentence, of in methods.items()
	]


def _of_plans(docs: Iterable[Any], *, named: bool = True) -> list[Finding]:
	"""`named`: each finding says which plans it is about."""
	directory, of_plans, misses, ends = Directory(), [], _Misses(named), {}
	by = getdate(clock.to_site(clock.now())) + ENDS_SOON
	for doc in docs:
		remedy = remedies.plan(doc.name, _("Correct the plan"))

		def about(problem: str, name: str = doc.name, remedy: Remedy = remedy) -> Finding:
			return Finding(_("Plan {0}: {1}").format(name, problem) if named else problem, remedy)

		if problems := validation.problems(doc):
			of_plans += map(about, problems)
			continue
		of_plans += map(about, names.lost_in_conditions(doc))
		of_plans += map(about, validation.never_matches(doc))
		plan = plans.from_doc(doc)
		of_plans += map(about, _rehearsed(plan, directory, misses))
		for of in calendars.of_plan(plan):
			for words in calendars.ending(*of, by):
				ends[words] = Finding(words, Remedy(_("Enter the calendar's next days"), *of))
	return [*of_plans, *misses.findings(directory), *ends.values()]


class _Misses:
	"""Who can't be reached, gathered over plans: one finding for each person or thing, and each reason."""

	def __init__(self, named: bool) -> None:
		self._named = named
		self._found: dict[tuple[str, str], tuple[Remedy, list[str], list[str]]] = {}
		self._methods: dict[str, list[str]] = {}

	def add(self, plan: Plan, step: Step, miss: Unreachable, remedy: Remedy, directory: Directory) -> None:
		if directory.notifier(step.method)[1]:  # one finding for the method instead of one for each person
			_add(self._methods.setdefault(step.method, []), plan.name)
			return
		self.add_reason(plan, miss.label, miss.reason, step.method, remedy)

	def add_reason(self, plan: Plan, who: str, reason: str, method: str, remedy: Remedy) -> None:
		_remedy, methods, of = self._found.setdefault((who, reason), (remedy, [], []))
		_add(methods, _(method))
		_add(of, plan.name)

	def findings(self, directory: Directory) -> Iterator[Finding]:
		for method, of in self._methods.items():
			words = _("{0} isn't set up: {1}").format(_(method), directory.notifier(method)[1])
			yield Finding(words + self._of(of), remedies.method(method, directory))
		for (who, reason), (remedy, methods, of) in self._found.items():
			words = _("{0} can't be reached by {1}: {2}").format(who, ", ".join(methods), reason)
			yield Finding(words + self._of(of), remedy)

	def _of(self, plan_names: list[str]) -> str:
		return " " + _("(plans: {0})").format(", ".join(plan_names)) if self._named else ""


def _add(to: list[str], value: str) -> None:
	if value not in to:
		to.append(value)


def _rehearsed(plan: Plan, directory: Directory, misses: _Misses) -> Iterator[str]:
	"""Rehearse the plan with each ticket that differs in whom it reaches; what can be said of the whole plan."""
	for team in _teams(plan):
		given = {"team": team, "assignees": sources.possible_assignees(plan.takes.doctype, team)}
		read, key = rehearsal.hypothetical_for(plan, given)
		timeline = rehearsal.of_ticket(plan, read, key, clock.now(), directory=directory)
		known = [(step, miss) for step, miss in timeline.missed if not _depends_on_ticket(step, miss, team)]
		for step, miss in known:
			misses.add(plan, step, miss, remedies.of(step, miss, directory, read[key], plan.name), directory)
		if timeline.item.stalled and len(known) == len(timeline.missed):
			if team and not plan.takes.team:
				yield _("It can reach nobody for a ticket of the team {0}.").format(team)
			else:
				yield _("It can reach nobody.")
	yield from _owners(plan, timeline, directory, misses)


def _owners(plan: Plan, timeline: Timeline, directory: Directory, misses: _Misses) -> Iterator[str]:
	recipients, missed = audiences.owners(timeline.item, directory)
	if not (recipients or missed):
		yield _(
			"Nobody is told when it reaches nobody: it has no owner, and the site no catch-all recipient."
		)
	for who in missed:
		if who == plan.owner and (nobody := people.nobody_behind(who)):
			misses.add_reason(
				plan,
				_("The plan's owner {0}").format(who),
				nobody,
				"Email",
				remedies.plan(plan.name, _("Choose another owner")),
			)
			continue
		remedy = (
			remedies.person(who)
			if frappe.db.exists("User", who)
			else remedies.settings(_("Correct the catch-all recipient"))
		)
		misses.add_reason(plan, who, directory.why_untold(who), "Email", remedy)


def _teams(plan: Plan) -> list[str]:
	"""The teams that a ticket of the plan may have, where a step goes to the ticket's own; else what the plan says."""
	own = any(step.target.kind is TargetKind.TEAM and not step.target.value for step in plan.steps)
	if plan.takes.team or not own:
		return [plan.takes.team]
	return sources.choices(plan.takes.doctype)["team"] or [""]


def _depends_on_ticket(step: Step, miss: Unreachable, team: str) -> bool:
	"""Whether only a real ticket can tell: its assignee, its team, a user field of it."""
	kind = step.target.kind
	if kind is TargetKind.USER_FIELD:
		return True
	if miss.user:
		return False
	return kind is TargetKind.ASSIGNEE or (kind is TargetKind.TEAM and not (step.target.value or team))
