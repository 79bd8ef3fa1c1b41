"""Giving an item back: who had it no longer has it, and the escalation goes on."""

from dataclasses import replace

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Audience, Decision, Notice
from escalation_mgmt.engine.event import Event
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.refusal import Refusal, Refused
from escalation_mgmt.engine.statuses import TRANSITIONS, WRITES, Cause, next_status
from escalation_mgmt.engine.ticket import Ticket
from escalation_mgmt.engine.waits import after, still_from_now, wait_before, window_of


def can_unacknowledge(item: ActionItem) -> bool:
	"""Not a superseded one: a newer item follows the ticket."""
	return Cause.UNACKNOWLEDGE in TRANSITIONS[item.status] and not item.superseded


def unacknowledge(item: ActionItem, actor: Actor, ticket: Ticket, context: Context) -> Decision:
	"""Take the acknowledgement back.

	The step that comes next is due after its own wait, counted from now: whoever gives it back doesn't wake the next
	in the same second. Where no step has run yet, that wait begins with the end of the response window, as it would
	have. After the last step it is the last wait that begins anew. Raises Refused.
	"""
	if not can_unacknowledge(item):
		raise Refused(Refusal.NOT_IN_THIS_STATUS)
	now, working, item = context.now, context.working, still_from_now(item, context)
	started = now if item.step else max(now, window_of(item, ticket, working))
	due = after(started, wait_before(item.plan, item.run, item.group), item.plan, working)
	given_back = replace(
		released(item),
		status=next_status(item.status, Cause.UNACKNOWLEDGE),
		due_at=due,
		unreached=0,
		version=item.version + 1,
	)
	kind = WRITES[Cause.UNACKNOWLEDGE]
	data = {"by": actor.name, "was": item.acknowledged_by, "due": due}
	if item.in_last_wait:
		data["last_wait"] = True
	return Decision(
		item=given_back,
		events=(Event(kind, now, item.step, item.run, data, {"by": actor.named, "was": item.who_has_it}),),
		notices=(Notice(Audience.NOTIFIED, kind, but_not=actor.addressed_as),),
	)


def released(item: ActionItem) -> ActionItem:
	"""The item as nobody has it any more: it begins anew."""
	return without_holder(
		replace(
			item,
			generation=item.generation + 1,
			maintenance="",
			ack_requests=tuple(replace(ask, excluded=()) for ask in item.ack_requests),
			acks=(),
			coming=(),
		)
	)


def without_holder(item: ActionItem) -> ActionItem:
	"""The item without whoever has it, and what is known of their acknowledgement."""
	return replace(
		item,
		before=None,
		acknowledged_by="",
		acknowledged_user="",
		acknowledged_at=None,
		acknowledged_via="",
		ticket_status="",
		reminded=False,
	)
