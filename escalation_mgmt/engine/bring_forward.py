"""What comes next, now: because a person can't take it, or because a message didn't arrive."""

from dataclasses import replace
from datetime import datetime

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.decision import Decision
from escalation_mgmt.engine.event import Event, EventKind, given, of_clock
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.refusal import Refusal, Refused
from escalation_mgmt.engine.statuses import TRANSITIONS, WRITES, Cause, Status, next_status
from escalation_mgmt.engine.waits import group_of

NOT_DELIVERED = "not delivered"
"""Why it is brought forward where nobody asks for it."""


def can_bring_forward(item: ActionItem) -> bool:
	"""Whether a step is to come. A snoozed item is woken by that, and a response window is over by it."""
	return _is_under_way(item) and not item.in_last_wait


def _is_under_way(item: ActionItem) -> bool:
	"""One that reaches nobody waits for that alone, one that stands still for its ticket."""
	in_time = item.status in (Status.SCHEDULED, Status.ESCALATING, Status.SNOOZED)
	return in_time and item.next_at is not None


def bring_forward(
	item: ActionItem,
	expected: tuple[int, int, int],
	now: datetime,
	*,
	to: int = 0,
	actor: Actor | None = None,
	why: str = "",
) -> Decision:
	"""Make the next group due now. In the last wait there is none, and nothing is brought forward: that would end it.

	`expected` is the item's `position` as whoever asks for it knew it, so that a stale wish passes over nothing,
	nor what belongs to an earlier generation. `to` is the number of a step that is still to come in this run:
	what stands before its group is passed over, and history says so. Nobody asks for it: `why` says the reason.
	Raises Refused.
	"""
	if refusal := _refusal(item, expected, to):
		raise Refused(refusal)
	group = group_of(item.plan, to) if to else item.group
	step = item.plan.groups[group][0].number
	passed_over = [s.number for between in item.plan.groups[item.group : group] for s in between]
	assert item.due_at
	data = {
		"planned": item.due_at,
		"by": actor.name if actor else "",
		"via": actor.via if actor else "",
		"why": why,
		"passed_over": ", ".join(map(str, passed_over)),
	}
	by = {"by": actor.named} if actor else {}
	forward = replace(
		item, group=group, due_at=min(item.due_at, now), resumes_at=None, version=item.version + 1
	)
	events: tuple[Event, ...] = (Event(EventKind.BROUGHT_FORWARD, now, step, item.run, given(data), by),)
	if item.status is Status.SCHEDULED:
		status = next_status(item.status, Cause.ESCALATE)
		forward = replace(forward, status=status, window_skipped=True)
		events = (Event(WRITES[Cause.ESCALATE], now, data={"skipped": True, **of_clock(item.plan)}), *events)
	return Decision(item=forward, events=events)


def can_run_again(item: ActionItem) -> bool:
	"""In the last wait, snoozed or not: every step has run."""
	return Cause.RUN_AGAIN in TRANSITIONS[item.status] and item.in_last_wait and not item.paused_at


def run_again(item: ActionItem, expected: tuple[int, int, int], actor: Actor, now: datetime) -> Decision:
	"""Run the plan's steps once more, the first of them now, as one repeat more than the plan has; then the last wait.

	`expected` is as for `bring_forward`. Who has acknowledged isn't paged again, as in a repeat. Raises Refused.
	"""
	if Cause.RUN_AGAIN not in TRANSITIONS[item.status] or item.paused_at:
		raise Refused(Refusal.NOT_IN_THIS_STATUS)
	if stale := _staleness(item, expected):
		raise Refused(stale)
	if not item.in_last_wait:
		raise Refused(Refusal.STEPS_LEFT)
	cause = Cause.RUN_AGAIN
	again = replace(
		item,
		status=next_status(item.status, cause),
		generation=item.generation + 1,
		run=item.run + 1,
		group=0,
		due_at=now,
		resumes_at=None,
		maintenance="",
		coming=(),
		unreached=0,
		version=item.version + 1,
	)
	data = given({"by": actor.name, "via": actor.via})
	return Decision(
		item=again, events=(Event(WRITES[cause], now, item.step, item.run, data, {"by": actor.named}),)
	)


def _staleness(item: ActionItem, expected: tuple[int, int, int]) -> Refusal | None:
	if expected[0] != item.generation:
		return Refusal.BEGUN_ANEW
	return Refusal.MOVED_ON if expected != item.position else None


def _refusal(item: ActionItem, expected: tuple[int, int, int], to: int) -> Refusal | None:
	if not _is_under_way(item):
		return Refusal.NOT_ESCALATING
	if stale := _staleness(item, expected):
		return stale
	if item.in_last_wait:
		return Refusal.LAST_WAIT
	if to and to not in (step.number for coming in item.plan.groups[item.group :] for step in coming):
		return Refusal.NO_SUCH_STEP
	return None
