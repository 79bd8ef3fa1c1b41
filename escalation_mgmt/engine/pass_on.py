"""Somebody else has to take it: what comes next is due now, and whoever passed it on isn't paged again by this run."""

from dataclasses import replace
from datetime import datetime

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.bring_forward import bring_forward
from escalation_mgmt.engine.context import Reaches
from escalation_mgmt.engine.decision import Decision
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.refusal import Refusal, Refused
from escalation_mgmt.engine.responders import reach


def comes_to_others(item: ActionItem, reaches: Reaches) -> bool:
	"""Whether a step that is still to come in this run reaches anybody who hasn't passed it on."""
	return any(
		to.counted_as not in item.passed_on_now
		for group in item.plan.groups[item.group :]
		for step in group
		if not step.act
		for to in reach(step, item, reaches).recipients
	)


def pass_on(item: ActionItem, expected: tuple[int, int, int], actor: Actor, now: datetime) -> Decision:
	"""Bring the next step forward, as `bring_forward` does, because the `actor` can't take it.

	Where the next step is a repeat's first, they aren't paged by that repeat. What of theirs no provider was handed yet is
	withdrawn. Raises Refused: a stale wish passes nothing on, and where no step is left nobody else could be paged.
	"""
	forward = bring_forward(item, expected, now, actor=actor)
	if actor.counted_as in item.passed_on_now and item.due_at and item.due_at <= now:
		raise Refused(Refusal.PASSED_ON)
	passed = dict.fromkeys((*item.passed_on, (forward.item.run, actor.counted_as)))
	data = {"by": actor.name, "via": actor.via}
	line = Event(EventKind.PASSED_ON, now, item.step, item.run, data, {"by": actor.named})
	return replace(
		forward,
		item=replace(forward.item, passed_on=tuple(passed)),
		events=(line, *forward.events),
		withdraw_from=actor.counted_as,
	)
