"""At which step of their plan escalations are acknowledged, and at which never: of the enabled plans, as they are today."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import frappe

from escalation_mgmt.engine import EventKind, Plan, Status, Step
from escalation_mgmt.facts import plans
from escalation_mgmt.utils.doctypes import EVENT, ITEM
from escalation_mgmt.views.figures import frozen
from escalation_mgmt.views.figures.asked import RESULTS, Asked, joined_in_this_order, unsorted

Ends = tuple[tuple[str, int, int, str, int], ...]
"""What `ends` found, a row for each: version of the plan, step, whether it is acknowledged, status, count."""

_ACKNOWLEDGED = (EventKind.ACKNOWLEDGED, EventKind.PARTLY_ACKNOWLEDGED)


@dataclass(slots=True)
class _Tally:
	"""Of one step of a plan, whichever of its versions had it."""

	runs: int = 0
	acknowledged: int = 0
	answered: int = 0


def ends(asked: Asked) -> Ends:
	"""How many escalations ended, or have an acknowledgement that stands, at which step."""
	sql = (
		f"select {_version()} as of_version, `current_step`, `acknowledged_utc` is not null as taken, `status`, count(*)"
		f" from `tab{ITEM}` where {asked.condition} and {RESULTS['Over']}"
		f" group by of_version, `current_step`, taken, `status` {unsorted()}"
	)
	return frappe.db.sql(sql, asked.values)


def never_acknowledged(asked: Asked, ended: Ends, at_least: int) -> list[dict[str, Any]]:
	"""Steps that an enabled plan has today, which ran so often and that nobody acknowledged: `plan`, `step`, `key` (`frozen.key_of`),
	`runs`, and `answered`: after so many of them the ticket was answered, before another step ran.

	`ended`: their `ends`. An acknowledgement is of the step before it, and of those that go out together with that; also one in part,
	and one that was given back, undone or timed out later. Runs of an escalation that goes on unacknowledged don't count: nobody
	knows yet.
	"""
	counted = _counted(asked, ended)
	found = []
	for name, plan in frozen.of_today().items():
		for step in plan.steps:
			tally = counted.get((name, frozen.key_of(step)))
			if tally and not step.act and tally.runs >= at_least and not tally.acknowledged:
				found.append(
					{
						"plan": name,
						"step": step,
						"key": frozen.key_of(step),
						"runs": tally.runs,
						"answered": tally.answered,
					}
				)
	return found


def acknowledged_last(ended: Ends, at_least: int) -> list[dict[str, Any]]:
	"""Of `ends`: enabled plans that were acknowledged so often, each time at their last step, of several: `plan`, `steps` (that go out
	last), `acknowledged`. Only escalations count that ran the steps that the plan has today, with the same waits between them.
	"""
	today = {
		name: (_ladder(plan), last)
		for name, plan in frozen.of_today().items()
		if (last := _last_of_several(plan))
	}
	versions = plans.versions({version for version, *_rest in ended})
	totals: Counter[str] = Counter()
	last: Counter[str] = Counter()
	for version, step, acknowledged, _status, count in ended:
		plan = versions.get(version)
		if not plan or not acknowledged or plan.name not in today:
			continue
		ladder, steps = today[plan.name]
		if _ladder(plan) == ladder:
			totals[plan.name] += count
			last[plan.name] += count if step >= steps[0].number else 0
	return [
		{"plan": name, "steps": steps, "acknowledged": totals[name]}
		for name, (_ladder_of_it, steps) in today.items()
		if totals[name] >= max(at_least, 1) and last[name] == totals[name]
	]


def _counted(asked: Asked, ended: Ends) -> dict[tuple[str, str], _Tally]:
	lines = _lines(asked)
	versions = plans.versions({version for version, *_rest in (*lines, *ended)})
	found: dict[tuple[str, str], _Tally] = {}
	for version, step, ran, count in lines:
		for tally in _of(found, versions.get(version), step, together=not ran):
			if ran:
				tally.runs += count
			else:
				tally.acknowledged += count
	for version, step, acknowledged, status, count in ended:
		if status == Status.RESOLVED and not acknowledged:
			for tally in _of(found, versions.get(version), step, together=True):
				tally.answered += count
	return found


def _of(
	found: dict[tuple[str, str], _Tally], plan: Plan | None, number: int, *, together: bool
) -> Iterable[_Tally]:
	"""What is counted of a step; with `together` of all that go out with it."""
	for group in plan.groups if plan else ():
		if any(step.number == number for step in group):
			for step in group:
				if plan and (together or step.number == number):
					yield found.setdefault((plan.name, frozen.key_of(step)), _Tally())


def _lines(asked: Asked) -> tuple[tuple[str, int, int, int], ...]:
	"""How many steps ran and were acknowledged: plan's version, step, whether it ran or was acknowledged, count."""
	sql = (
		f"select {_version()} as of_version, line.`step`, line.`kind` = %s as ran, count(*) from `tab{EVENT}` line"
		f" {joined_in_this_order()} (select `name`, `plan_version` from `tab{ITEM}` where {asked.condition}"
		f" and {RESULTS['Over']}) item on item.`name` = line.`action_item` where line.`kind` in (%s, %s, %s)"
		f" and line.`step` > 0 and {asked.since('line.`at_utc`')} group by of_version, line.`step`, ran {unsorted()}"
	)
	ran = EventKind.STEP_RAN
	return frappe.db.sql(sql, (ran, *asked.values, ran, *_ACKNOWLEDGED))


def _version() -> str:
	"""SQL of a plan's version, in as little room as it needs: MariaDB groups by it a third faster. Its name is a digest in hex."""
	if frappe.db.db_type == "mariadb":
		return "cast(`plan_version` as char(32) character set ascii)"
	return "`plan_version`"


def _ladder(plan: Plan) -> tuple[Any, ...]:
	return tuple((frozen.key_of(step), step.wait) for step in plan.steps)


def _last_of_several(plan: Plan) -> tuple[Step, ...]:
	"""The steps for people that go out last; none where nothing goes out before them."""
	groups: list[tuple[Step, ...]] = [
		people for group in plan.groups if (people := tuple(step for step in group if not step.act))
	]
	return groups[-1] if len(groups) > 1 else ()
