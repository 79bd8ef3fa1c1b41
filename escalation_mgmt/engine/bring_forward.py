"""What comes next, now: because a person can't take it, or because a message didn't arrive."""

from dataclasses import replace
from datetime import datetime

from escalation_mgmt.engine.decision import Decision, Refused
from escalation_mgmt.engine.event import Event, EventKind, given
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.statuses import Status
from escalation_mgmt.engine.waits import group_of

NOT_ESCALATING = "not escalating"
MOVED_ON = "moved on"
BEGUN_ANEW = "begun anew"
NO_SUCH_STEP = "no such step"
"""What a refusal says; the shell puts it into words."""


def can_bring_forward(item: ActionItem) -> bool:
	"""A snoozed item too: it is woken by that."""
	return item.status in (Status.ESCALATING, Status.SNOOZED) and item.due_at is not None


def bring_forward(
	item: ActionItem,
	seen: tuple[int, int, int],
	now: datetime,
	*,
	to: int = 0,
	by: str = "",
	via: str = "",
	why: str = "",
) -> Decision:
	"""Make what comes next due now: the next group, or after the last one the end of the last wait.

	`seen` is the item's `position` as whoever asks for it knew it, so that a stale wish passes over nothing,
	nor what belongs to an earlier generation. `to` is the number of a step that is still to come in this run:
	what stands before its group is passed over, and history says so. `by` and `via` name a person and their door, `why`
	another reason. Raises Refused.
	"""
	if not can_bring_forward(item):
		raise Refused(NOT_ESCALATING)
	if seen[0] != item.generation:
		raise Refused(BEGUN_ANEW)
	if seen != item.position:
		raise Refused(MOVED_ON)
	if to and to not in (step.number for coming in item.plan.groups[item.group :] for step in coming):
		raise Refused(NO_SUCH_STEP)
	group = group_of(item.plan, to) if to else item.group
	step = 0 if item.in_last_wait else item.plan.groups[group][0].number
	passed_over = [s.number for between in item.plan.groups[item.group : group] for s in between]
	assert item.due_at
	data = {
		"planned": item.due_at,
		"by": by,
		"via": via,
		"why": why,
		"passed_over": ", ".join(map(str, passed_over)),
	}
	forward = replace(
		item, group=group, due_at=min(item.due_at, now), resumes_at=None, version=item.version + 1
	)
	event = Event(EventKind.BROUGHT_FORWARD, now, step, item.run, given(data))
	return Decision(item=forward, events=(event,))
