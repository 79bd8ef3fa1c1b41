"""Acknowledging an action item: somebody has it."""

from collections.abc import Container
from dataclasses import replace
from datetime import datetime
from typing import Any

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.acts import assigned_by_acknowledging
from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Audience, Decision, Notice
from escalation_mgmt.engine.event import Event, EventKind, Named
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.quorum import complete, tally
from escalation_mgmt.engine.statuses import TRANSITIONS, WRITES, Cause, Status, next_status
from escalation_mgmt.engine.time_out import first_reminder, may_renew, renew
from escalation_mgmt.engine.undo import UNDO_WITHIN, as_before
from escalation_mgmt.engine.waits import still_from_now


def can_acknowledge(status: Status) -> bool:
	return Cause.ACKNOWLEDGE in TRANSITIONS[status]


def waits_for(item: ActionItem, who: str) -> bool:
	"""Whether it can be acknowledged by this person (a user, or the label of an address): not twice while it runs."""
	return is_open_to(who, item.status, item.acks)


def is_open_to(who: str, status: Status, acks: Container[str]) -> bool:
	"""Whether an item of which only this is known can be acknowledged by this person, as `waits_for` says it of a whole one."""
	return can_acknowledge(status) and (who not in acks or status is Status.EXHAUSTED)


def completes(item: ActionItem, who: str) -> bool:
	"""Whether this person's acknowledgement is enough, with those that were given before."""
	return item.status is Status.EXHAUSTED or complete(item.ack_requests, (*item.acks, who))


def acknowledge(
	item: ActionItem, actor: Actor, context: Context, *, ticket_status: str = ""
) -> Decision | None:
	"""Record that somebody has it. `ticket_status` is what a time-out compares with.

	Whoever was reminded that they have it says by acknowledging once more that they are still on it.

	None: it can't be acknowledged any more, because somebody already has it or it has ended, or this person has
	acknowledged before. The first to come wins, or the last whom a step asked for (design rule 5): what no provider was
	handed yet is withdrawn, and no further step runs. Of an exhausted item anybody's is enough.
	"""
	if may_renew(item, actor):
		return renew(item, actor, context)
	who = actor.counted_as
	if not waits_for(item, who):
		return None
	acks = tuple(dict.fromkeys((*item.acks, who)))
	if not completes(item, who):
		return _in_part(replace(item, acks=acks), actor, context.now)
	taken = replace(
		still_from_now(item, context),
		status=next_status(item.status, Cause.ACKNOWLEDGE),
		due_at=first_reminder(item, context),
		resumes_at=None,
		maintenance="",
		stalled=False,
		acks=acks if item.plan.asks_quorum else (),
		coming=(),
		before=as_before(item),
		acknowledged_by=actor.name,
		acknowledged_user=actor.user,
		acknowledged_at=context.now,
		acknowledged_via=actor.via,
		ticket_status=ticket_status if item.plan.ack_timeout else "",
		ended_at=None,
		version=item.version + 1,
	)
	kind = WRITES[Cause.ACKNOWLEDGE]
	data: dict[str, Any] = {"by": actor.name, "via": actor.via, **_shared(actor), **tally(taken)}
	if item.status is Status.EXHAUSTED:
		data["late"] = "after the last wait"
	return Decision(
		item=taken,
		events=(Event(kind, context.now, item.step, item.run, data, _people(actor)),),
		deeds=(deed,) if (deed := assigned_by_acknowledging(taken)) else (),
		notices=(Notice(Audience.NOTIFIED, kind, but_not=actor.addressed_as, wait=UNDO_WITHIN),),
		withdraw=True,
	)


def _shared(actor: Actor) -> dict[str, str]:
	"""Who else may have said it, being reached at the same address."""
	return {"shared": ", ".join(label for _user, label in actor.shared)} if actor.shared else {}


def _people(actor: Actor) -> dict[str, Named]:
	return {"by": actor.named} | ({"shared": actor.shared} if actor.shared else {})


def _in_part(item: ActionItem, actor: Actor, now: datetime) -> Decision:
	"""Others are asked as well: it goes on for them."""
	data = {"by": actor.name, "via": actor.via, **_shared(actor), **tally(item)}
	return Decision(
		item=replace(item, version=item.version + 1),
		events=(Event(EventKind.PARTLY_ACKNOWLEDGED, now, item.step, item.run, data, _people(actor)),),
		withdraw_from=actor.counted_as,
	)
