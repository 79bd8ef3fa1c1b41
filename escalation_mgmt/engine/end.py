"""An action item ends: stopped by hand, or because of its ticket or a maintenance."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.decision import Audience, Decision, Notice
from escalation_mgmt.engine.event import NOBODY, Event, Named
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.refusal import Refusal, Refused
from escalation_mgmt.engine.statuses import TRANSITIONS, WRITES, Cause, Status, next_status


class CancelReason(StrEnum):
	"""Why an item was cancelled by nobody, in a word for the history, which keeps these values."""

	TICKET_DELETED = "ticket deleted"
	TICKET_CANCELLED = "ticket cancelled"  # the document itself: it was submitted, or discarded as a draft
	NO_MATCH = "no plan matches"  # any more: the ticket changed
	LOWERED = "lowered again"  # what had been answered before it was raised
	DROPPED = "maintenance"  # it fell due in one, and the plan drops what does


def can_stop(status: Status) -> bool:
	return Cause.STOP in TRANSITIONS[status]


def stop(item: ActionItem, actor: Actor, reason: str, now: datetime) -> Decision:
	"""Stop an item by hand; whoever does needn't be told. Raises Refused."""
	if not can_stop(item.status):
		raise Refused(Refusal.NOT_IN_THIS_STATUS)
	decision = end(item, Cause.STOP, now, {"by": actor.name, "reason": reason}, {"by": actor.named})
	return replace(
		decision, notices=tuple(replace(notice, but_not=actor.addressed_as) for notice in decision.notices)
	)


def end(
	item: ActionItem, cause: Cause, now: datetime, data: dict[str, Any], people: Mapping[str, Named] = NOBODY
) -> Decision:
	"""End an item; `data` is what history then says beside the cause."""
	kind = WRITES[cause]
	ended = replace(
		item,
		status=next_status(item.status, cause),
		due_at=None,
		paused_at=None,
		held_at=None,
		resumes_at=None,
		maintenance="",
		stalled=False,
		reminded=False,
		coming=(),
		before=None,
		ended_at=now,
		version=item.version + 1,
	)
	# A replacement speaks for itself with its own first message; of all else those who were woken are told.
	notices = () if cause is Cause.REPLACE else (Notice(Audience.NOTIFIED, kind),)
	return Decision(
		item=ended,
		events=(Event(kind, now, item.step, item.run, data, people),),
		notices=notices,
		withdraw=True,
	)
