"""Readiness: everything that would make an escalation fail, each with its remedy.

Asked before anything happens: by the workspace, by a plan's form, by `bench --site SITE escalation check`.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import frappe
from frappe import _
from frappe.model.base_document import get_controller
from frappe.utils import getdate

from escalation_mgmt.dispatch import monitor
from escalation_mgmt.engine import (
	ALWAYS,
	OF_TEAM,
	Plan,
	Step,
	TargetKind,
	TicketKey,
	Timeline,
	Unreachable,
)
from escalation_mgmt.facts import calendars, people, plans, sources, tickets
from escalation_mgmt.facts.maintenances import Maintenances
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.preflight import (
	acts_checked,
	hypothetical_ticket,
	names,
	providers,
	refusing,
	rehearsal,
	remedies,
	validation,
)
from escalation_mgmt.preflight.finding import Finding, Grade, amber, graded, red
from escalation_mgmt.preflight.misses import Misses
from escalation_mgmt.preflight.remedies import Remedy
from escalation_mgmt.storage import audiences
from escalation_mgmt.utils import clock, site_config
from escalation_mgmt.utils.doctypes import ITEM, MAINTENANCE, PLAN

ENDS_SOON = timedelta(days=30)
_MAILBOX = "escalation_mgmt.inbound.mailbox"


def findings(*, ask_providers: bool = False) -> list[Finding]:
	"""Everything that would make an escalation fail: what reaches nobody first, then what is thinner than planned, and of each
	what concerns all escalations first. Writes nothing.

	Providers are asked only with `ask_providers`, which takes some seconds; else they are as they were asked last.
	"""
	with rehearsal.nothing_written():
		enabled = frappe.get_all(PLAN, filters={"enabled": 1}, pluck="name", order_by="name")
		found = list(_of_site())
		if not enabled:
			found.append(red(_("No plan is enabled: no ticket escalates."), Remedy(_("Enable a plan"), PLAN)))
		docs = [frappe.get_doc(PLAN, name) for name in enabled]
		found += _of_providers(providers.ask() if ask_providers else providers.last_said(), docs)
		found += refusing.findings(docs)
		return graded(found + _of_plans(docs))


def of_plan(doc: Any) -> list[Finding]:
	"""What would make this plan's escalations fail; [] for one that is not enabled. Writes nothing."""
	with rehearsal.nothing_written():
		return graded(_of_plans([doc], named=False)) if doc.enabled else []


def _of_site() -> Iterator[Finding]:
	state = monitor.health()
	if state.mute:
		yield red(state.problems[0], remedies.settings(_("Make this installation live")))
		return
	for words in site_config.problems():
		yield amber(words, Remedy(_("Correct the site's configuration file")))
	yield from _maintenances()
	for words in names.lost_in_settings():
		yield amber(words, remedies.settings(_("Correct Tickets of Other DocTypes")))
	for problem in state.after_restore:
		yield red(
			problem, Remedy(_("Look at what is held"), ITEM, query={"held_utc": json.dumps(["is", "set"])})
		)
	if state.mark_trouble:
		yield amber(
			_("A restore of the database can't be told: {0}").format(state.mark_trouble),
			Remedy(_("Let the site's folder be written to")),
		)
	for problem in state.overdue:
		yield red(problem, remedies.settings(_("See whether the dispatcher runs")))
	if state.scheduler_off and not state.overdue:
		words = _(
			"The site's scheduler is off: nothing is sent unless a dispatcher runs, and nothing old is removed. "
			"Turn it on: bench --site {0} enable-scheduler."
		).format(frappe.local.site)
		yield red(words, Remedy(_("Turn the scheduler on"), "System Settings", "System Settings"))
	if trouble := monitor.heartbeat_trouble():
		words = _("The heartbeat address wasn't reached, so whoever listens there is alarmed: {0}").format(
			trouble
		)
		yield amber(words, remedies.settings(_("Correct the heartbeat address")))
	for problem in state.stuck:
		yield red(problem, Remedy(_("See which action items"), ITEM))
	if not _takes_answers():
		yield amber(
			_(
				"What people reply to our emails becomes tickets, and acknowledges nothing: an app that was installed later "
				"replaces what fetches mail. Install Escalation Management after it."
			),
			Remedy(_("See which accounts fetch mail"), "Email Account", query={"enable_incoming": "1"}),
		)


def _takes_answers() -> bool:
	"""Frappe 15 has one class for Email Account, that of the app that was installed last; 16 puts ours before it."""
	if not frappe.db.exists("Email Account", {"enable_incoming": 1, "enable_outgoing": 1}):
		return True
	return any(each.__module__ == _MAILBOX for each in get_controller("Email Account").__mro__)


def _maintenances() -> Iterator[Finding]:
	for row in Maintenances().running():
		what = row.team or row.customer or _("the whole site")
		words = _("A maintenance of {0} runs until {1} ({2}): whatever falls due is held.").format(
			what, clock.shown(row.ends_utc), row.reason
		)
		yield amber(words, Remedy(_("End the maintenance, if it is over"), MAINTENANCE, row.name))
	for name, words in names.lost_in_maintenances():
		yield amber(words, Remedy(_("End it, or choose another"), MAINTENANCE, name))


def _of_providers(said: dict[str, list[str]], docs: Iterable[Any]) -> list[Finding]:
	"""What providers refuse: red where that is all that one of these plans has."""
	directory, methods = Directory(), {}
	for method, sentences in said.items():
		for sentence in sentences:  # SMS and calls may have one provider
			methods.setdefault(sentence, []).append(method)
	refused = providers.refuse_wholly()
	of_people = [[step for step in doc.steps if not acts_checked.is_act(step)] for doc in docs]
	mute = {
		step.method for steps in of_people if all(step.method in refused for step in steps) for step in steps
	}
	return [
		Finding(
			f"{', '.join(map(_, of))}: {sentence}",
			(remedies.method(of[0], directory),),
			Grade.RED if mute & {*of} else Grade.AMBER,
		)
		for sentence, of in methods.items()
	]


def _of_plans(docs: Iterable[Any], *, named: bool = True) -> list[Finding]:
	"""`named`: each finding says which plans it is about."""
	directory, of_plans, misses, ends = Directory(), [], Misses(named=named), {}
	by = getdate(clock.to_site(clock.now())) + ENDS_SOON
	of_team = cache(_of_team)  # for all plans: each is rehearsed with each team
	for doc in docs:
		remedy = remedies.plan(doc.name, _("Correct the plan"))

		def about(
			problem: str, grade: Grade = Grade.AMBER, name: str = doc.name, remedy: Remedy = remedy
		) -> Finding:
			words = _("Plan {0}: {1}").format(name, problem) if named else problem
			return Finding(words, (remedy,), grade)

		if problems := validation.problems(doc):
			of_plans += [about(problem, Grade.RED) for problem in problems]
			continue
		of_plans += map(about, names.lost_in_conditions(doc))
		of_plans += map(about, validation.never_matches(doc))
		plan = plans.from_doc(doc)
		of_plans += [about(problem, grade) for problem, grade in _rehearsed(plan, directory, misses, of_team)]
		for of in calendars.of_plan(plan):
			for words in calendars.ending(*of, by):
				ends[words] = amber(words, Remedy(_("Enter the calendar's next days"), *of))
	return [*of_plans, *misses.findings(directory), *ends.values()]


def _of_team(doctype: str, team: str) -> dict[str, Any]:
	"""A ticket of a team, as `hypothetical_ticket.for_plan` takes it: anybody may have it."""
	assignees = sources.possible_assignees(doctype, team)
	return {"team": team, "assignees": assignees, "agreement": sources.usual_agreement(doctype)}


def _rehearsed(
	plan: Plan, directory: Directory, misses: Misses, of_team: Callable[[str, str], dict[str, Any]]
) -> Iterator[tuple[str, Grade]]:
	"""Rehearse the plan with each ticket (`of_team`) that differs in whom it reaches; what can be said of the whole plan. What a
	step asks for first isn't looked at here: it may hold at another hour, or for another ticket.
	"""
	plan = replace(plan, steps=tuple(replace(step, only_if=ALWAYS) for step in plan.steps))
	for team in _teams(plan):
		now = clock.now()
		read, key = hypothetical_ticket.for_plan(plan, of_team(plan.takes.doctype, team), now)
		timeline = rehearsal.of_ticket(plan, read, key, now, directory=directory)
		known = [(step, miss) for step, miss in timeline.missed if not _depends_on_ticket(step, miss, team)]
		for step, miss in known + list(_not_rehearsed(plan, read, key, team, directory)):
			misses.add(plan, step, miss, remedies.of(step, miss, directory, read[key], plan.name), directory)
		if timeline.item.stalled and len(known) == len(timeline.missed):
			if team and not plan.takes.team:
				yield _("It can reach nobody for a ticket of the team {0}.").format(team), Grade.RED
			else:
				yield _("It can reach nobody."), Grade.RED
	yield from _owners(plan, timeline, directory, misses)


def _not_rehearsed(
	plan: Plan, read: tickets.Tickets, key: TicketKey, team: str, directory: Directory
) -> Iterator[tuple[Step, Unreachable]]:
	"""Who would not be reached when their turn comes: the second targets, and all others of a team of whom one was next."""
	for step in plan.steps:
		for target in step.targets if not step.act else ():
			in_turn = target.kind in (TargetKind.NEXT_IN_TURN, TargetKind.AVAILABLE)
			if target == step.target and not in_turn:
				continue
			kind = TargetKind.TEAM if in_turn else target.kind
			alone = replace(step, target=replace(target, kind=kind), second=None)
			for miss in directory.reach(alone, read, key, plan).unreachable:
				if not _depends_on_ticket(alone, miss, team):
					yield alone, miss


def _owners(
	plan: Plan, timeline: Timeline, directory: Directory, misses: Misses
) -> Iterator[tuple[str, Grade]]:
	recipients, missed = audiences.owners(timeline.item, directory)
	if not (recipients or missed):
		words = _(
			"Nobody is told when it reaches nobody: it has no owner, and the site no catch-all recipient."
		)
		yield words, Grade.AMBER
	for who in missed:
		name = frappe.db.get_value("User", who, "full_name")
		if who == plan.owner and (nobody := people.nobody_behind(who)):
			misses.add_reason(
				plan,
				_("The plan's owner {0}").format(name or who),
				nobody,
				"Email",
				remedies.plan(plan.name, _("Choose another owner")),
			)
			continue
		remedy = remedies.person(who) if name else remedies.settings(_("Correct the catch-all recipient"))
		misses.add_reason(plan, name or who, directory.why_untold(who), "Email", remedy)


def _teams(plan: Plan) -> list[str]:
	"""The teams that a ticket of the plan may have, where a step goes to the ticket's own; else what the plan says."""
	own = any(target.kind in OF_TEAM and not target.value for step in plan.steps for target in step.targets)
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
	return kind in (TargetKind.ASSIGNEE, TargetKind.MANAGER) or (
		kind in OF_TEAM and not (step.target.value or team)
	)
