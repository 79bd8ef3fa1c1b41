"""Who stands in, in a rehearsal, for those whom only a real ticket names: its assignee, its team, a user field of it.

Most plans page the assignee first. Without somebody in that place their rehearsal would say that nobody can be reached, which
is wrong of any ticket that is assigned.
"""

from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import OF_TEAM, Plan, Step, Target, TargetKind
from escalation_mgmt.facts import assignments, people, sources

UNASSIGNED = "unassigned"
"""Given where the ticket is to be assigned to nobody, so that nobody stands in."""

ASKED = 50  # people, of whom the one is taken whom most steps reach


def completed(plan: Plan, given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
	"""What is given of a hypothetical ticket, with what stands in for what the plan's steps ask for and isn't given; and what
	stands in for what, in words.
	"""
	given, words = dict(given), []
	for_people = [step for step in plan.steps if not step.act]
	steps = {
		kind: [s for s in for_people if kind in {target.kind for target in s.targets}] for kind in TargetKind
	}
	if _asks_team(plan, given) and (team := _a_team(plan.takes.doctype)):
		given["team"] = team
		words.append(_("The ticket is made up: the team {0} stands in for its team.").format(team))
	assignee = given.get("assignee") or given.get(UNASSIGNED)
	wanted = [] if assignee else steps[TargetKind.ASSIGNEE] + steps[TargetKind.MANAGER]
	if wanted and (user := _a_person(plan, given, wanted)):
		given["assignee"] = user
		words.append(
			_("The ticket is made up: {0} stands in for whom it is assigned to.").format(_name(user))
		)
	for field, label in _empty_fields(plan, steps[TargetKind.USER_FIELD]).items():
		named = Target(TargetKind.USER_FIELD, field)
		of_field = [step for step in steps[TargetKind.USER_FIELD] if named in step.targets]
		if user := _a_person(plan, given, of_field):
			given.setdefault("user_fields", {})[field] = user
			words.append(
				_("The ticket is made up: {0} stands in for whom its field {1} names.").format(
					_name(user), label
				)
			)
	return given, words


def _asks_team(plan: Plan, given: dict[str, Any]) -> bool:
	own = any(target.kind in OF_TEAM and not target.value for step in plan.steps for target in step.targets)
	return own and not (plan.takes.team or given.get("team"))


def _a_team(doctype: str) -> str:
	teams = sources.choices(doctype)["team"]
	return next((team for team in teams if sources.team_members(team)), "")


def _empty_fields(plan: Plan, steps: list[Step]) -> dict[str, str]:
	"""{field: label} of those that a new ticket leaves empty."""
	doctype = plan.takes.doctype
	new, meta = frappe.new_doc(doctype), frappe.get_meta(doctype)
	targets = [target for step in steps for target in step.targets]
	fields = dict.fromkeys(target.value for target in targets if target.kind is TargetKind.USER_FIELD)
	named = {field: meta.get_field(field) for field in fields if not new.get(field)}
	return {field: _(df.label or field) for field, df in named.items() if df}


def _a_person(plan: Plan, given: dict[str, Any], steps: list[Step]) -> str:
	"""Of those to whom such a ticket can be assigned, and the plan's owner, the one whom most of these steps reach; of several
	the one to whom most tickets were assigned lately.
	"""
	doctype, team = plan.takes.doctype, given.get("team") or plan.takes.team
	had = assignments.lately(doctype)
	possible = sources.possible_assignees(doctype, team) or ([] if team else list(had))
	possible = sorted(possible, key=lambda user: -had.get(user, 0))[:ASKED]
	known = [user for user, _name in people.names([*possible, plan.owner])]
	users = [user for user in dict.fromkeys([*possible, plan.owner]) if user in known]
	directory, methods = people.Directory(), {step.method for step in steps}
	directory.read(users)
	return max(users, key=lambda user: len(directory.methods_to(user, methods)), default="")


def _name(user: str) -> str:
	return dict(people.names([user])).get(user, user)
