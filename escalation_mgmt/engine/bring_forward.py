"""What comes next, now: because a person can't take it, or because a message didn't arrive."""

from dataclasses import replace
from datetime import datetime

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.decision import Decision
from escalation_mgmt.engine.event import Event, EventKind, given
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.refusal import Refusal, Refused
from escalation_mgmt.engine.statuses import Status
from escalation_mgmt.engine.waits import group_of

NOT_DELIVERED = "not delivered"
"""Why it is brought forward where nobody asks for it."""


def can_bring_forward(item: ActionItem) -> bool:
	"""A snoozed item too: it is woken by that."""
	return item.status in (Status.ESCALATING, Status.SNOOZED) and item.due_at is not None


def bring_forward(
	item: ActionItem,
	expected: tuple[int, int, int],
	now: datetime,
	*,
	to: int = 0,
	actor: Actor | None = None,
	why: str = "",
) -> Decision:
	"""Make what comes next due now: the next group, or after the last one the end of the last wait.

	`expected` is the item's `position` as whoever asks for it knew it, so that a stale wish passes over nothing,
	nor what belongs to an earlier generation. `to` is the number of a step that is still to come in this run:
	what stands before its group is passed over, and history says so. Nobody asks for it: `why` says the reason.
	Raises Refused.
	"""
	if refusal := _refusal(item, expected, to):
		raise Refused(refusal)
	group = group_of(item.plan, to) if to else item.group
	step = 0 if item.in_last_wait else item.plan.groups[group][0].number
	passed_over = [s.number for between in item.plan.groups[item.group : group] for s in between]
	assert item.due_at
	data = {
		"planned": item.due_at,
		"by": actor.name if actor else "",
		"via": actor.via if actor else "",
		"why": why,
		"passed_over": ", ".join(map(str, passed_over)),
	}
	forward = replace(
		item, group=group, due_at=min(item.due_at, now), resumes_at=None, version=item.version + 1
	)
	event = Event(EventKind.BROUGHT_FORWARD, now, step, item.run, given(data))
	return Decision(item=forward, events=(event,))


def _refusal(item: ActionItem, expected: tuple[int, int, int], to: int) -> Refusal | None:
	if not can_bring_forward(item):
		return Refusal.NOT_ESCALATING
	if expected[0] != item.generation:
		return Refusal.BEGUN_ANEW
	if expected != item.position:
		return Refusal.MOVED_ON
	if to and to not in (step.number for coming in item.plan.groups[item.group :] for step in coming):
		return Refusal.NO_SUCH_STEP
	return None
