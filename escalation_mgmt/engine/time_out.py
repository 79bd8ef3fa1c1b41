"""The acknowledgement time-out: somebody has it, and nothing happens on the ticket (docs/decisions/0004).

They are reminded once. Where nothing happens within the plan's grace after that, nobody has it any more, and the
escalation goes on with the next step. An agent's reply, another status of the ticket, or their own word that they
are still on it is enough.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Audience, Decision, Notice
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.statuses import WRITES, Cause, Status, next_status
from escalation_mgmt.engine.ticket import Ticket
from escalation_mgmt.engine.unacknowledge import released
from escalation_mgmt.engine.waits import after, still_from_now, wait_before, window_of


class WorkedOn(StrEnum):
	"""What was done about a ticket that somebody has, in a word for the history, which keeps these values."""

	REPLY = "reply"  # of an agent
	FIRST_RESPONSE = "first response"
	STATUS = "status"  # another one of the ticket


def first_reminder(item: ActionItem, context: Context) -> datetime | None:
	"""When somebody who has it from now on is reminded; None: never."""
	if not item.plan.ack_timeout or item.superseded:
		return None
	return after(context.now, item.plan.ack_timeout, item.plan, context.working)


def worked_on(item: ActionItem, ticket: Ticket) -> WorkedOn | None:
	"""Say what was done about the ticket since it was acknowledged; None: nothing."""
	since = item.acknowledged_at
	if item.status is not Status.ACKNOWLEDGED or not item.due_at or not since:
		return None
	if ticket.replied_at and ticket.replied_at > since:
		return WorkedOn.REPLY
	if ticket.first_responded_at and ticket.first_responded_at > since:
		return WorkedOn.FIRST_RESPONSE
	if item.ticket_status and ticket.status != item.ticket_status:
		return WorkedOn.STATUS
	return None


def remind(item: ActionItem, context: Context) -> Decision:
	"""Ask the one who has it."""
	until = after(context.now, item.plan.ack_grace, item.plan, context.working)
	reminded = replace(item, reminded=True, due_at=until, version=item.version + 1)
	data = {"to": item.acknowledged_by, "until": until}
	return Decision(
		item=reminded,
		events=(Event(EventKind.REMINDED, context.now, item.step, item.run, data, {"to": item.who_has_it}),),
		notices=(Notice(Audience.WHO_HAS_IT, EventKind.REMINDED),),
	)


def is_theirs(user: str, name: str, *, acknowledged_user: str, acknowledged_by: str) -> bool:
	"""Whether a person (a `user`, or an address by its label, `name`) is the one who acknowledged."""
	return user == acknowledged_user if user or acknowledged_user else name == acknowledged_by


def may_renew(item: ActionItem, actor: Actor) -> bool:
	"""Whether a person was reminded and can say that they are still on it."""
	has_it = {"acknowledged_user": item.acknowledged_user, "acknowledged_by": item.acknowledged_by}
	return (
		item.status is Status.ACKNOWLEDGED and item.reminded and is_theirs(actor.user, actor.name, **has_it)
	)


def renew(item: ActionItem, actor: Actor, context: Context) -> Decision:
	"""They are still on it: the time-out begins anew."""
	due = first_reminder(item, context)
	renewed = replace(
		still_from_now(item, context),
		reminded=False,
		due_at=due,
		maintenance="",
		version=item.version + 1,
	)
	data = {"by": actor.name, "via": actor.via}
	return Decision(
		item=renewed,
		events=(Event(EventKind.STILL_ON_IT, context.now, item.step, item.run, data, {"by": actor.named}),),
	)


def time_out(item: ActionItem, ticket: Ticket, context: Context) -> tuple[ActionItem, Event]:
	"""The item as nobody has it any more, and the line that says so; its version is the caller's to raise.

	What comes next is due at once, but never before the end of a response window in which no step had run.
	"""
	now, working = context.now, context.working
	since = item.due_at or now
	data = {"was": item.acknowledged_by, "late": (now - since).total_seconds()}
	if not item.step:
		window = window_of(item, ticket, working)
		first = after(window, wait_before(item.plan, item.run, item.group), item.plan, working)
		since = max(since, first)
		data |= {"due": since} if since > now else {}
	gone_on = replace(
		released(item), status=next_status(item.status, Cause.TIME_OUT), due_at=since, unreached=0
	)
	return gone_on, Event(WRITES[Cause.TIME_OUT], now, item.step, item.run, data, {"was": item.who_has_it})
