"""The acknowledgement time-out: somebody has it, and nothing happens on the ticket (docs/decisions/0004).

They are reminded once. Where nothing happens within the plan's grace after that, nobody has it any more, and the
escalation goes on with the next step. An agent's reply, another status of the ticket, or their own word that they
are still on it is enough.
"""

from dataclasses import replace
from datetime import datetime

from escalation_mgmt.engine.decision import Audience, Decision, Notice
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.statuses import WRITES, Cause, Status, next_status
from escalation_mgmt.engine.ticket import Ticket
from escalation_mgmt.engine.unacknowledge import released
from escalation_mgmt.engine.waits import after, wait_before, window_end
from escalation_mgmt.engine.working_time import WorkingTime


def first_reminder(item: ActionItem, now: datetime, working: WorkingTime) -> datetime | None:
	"""When somebody who has it from `now` on is reminded; None: never."""
	if not item.plan.ack_timeout or item.superseded:
		return None
	return after(now, item.plan.ack_timeout, item.plan, working)


def worked_on(item: ActionItem, ticket: Ticket) -> str | None:
	"""Say what was done about the ticket since it was acknowledged, in a word for the history, or return None."""
	since = item.acknowledged_at
	if item.status is not Status.ACKNOWLEDGED or not item.due_at or not since:
		return None
	if ticket.replied_at and ticket.replied_at > since:
		return "reply"
	if ticket.first_responded_at and ticket.first_responded_at > since:
		return "first response"
	if item.ticket_status and ticket.status != item.ticket_status:
		return "status"
	return None


def remind(item: ActionItem, now: datetime, working: WorkingTime) -> Decision:
	"""Ask the one who has it."""
	until = after(now, item.plan.ack_grace, item.plan, working)
	reminded = replace(item, reminded=True, due_at=until, version=item.version + 1)
	data = {"to": item.acknowledged_by, "until": until}
	return Decision(
		item=reminded,
		events=(Event(EventKind.REMINDED, now, item.step, item.run, data),),
		notices=(Notice(Audience.WHO_HAS_IT, EventKind.REMINDED),),
	)


def is_theirs(user: str, name: str, *, acknowledged_user: str, acknowledged_by: str) -> bool:
	"""Whether a person (a `user`, or an address by its label, `name`) is the one who acknowledged."""
	return user == acknowledged_user if user or acknowledged_user else name == acknowledged_by


def may_renew(item: ActionItem, by: str, user: str) -> bool:
	"""Whether a person was reminded and can say that they are still on it."""
	same = is_theirs(user, by, acknowledged_user=item.acknowledged_user, acknowledged_by=item.acknowledged_by)
	return item.status is Status.ACKNOWLEDGED and item.reminded and same


def renew(item: ActionItem, by: str, via: str, now: datetime, working: WorkingTime) -> Decision:
	"""They are still on it: the time-out begins anew."""
	due = first_reminder(item, now, working)
	renewed = replace(item, reminded=False, due_at=due, maintenance="", version=item.version + 1)
	event = Event(EventKind.STILL_ON_IT, now, item.step, item.run, {"by": by, "via": via})
	return Decision(item=renewed, events=(event,))


def time_out(
	item: ActionItem, ticket: Ticket, now: datetime, working: WorkingTime
) -> tuple[ActionItem, Event]:
	"""The item as nobody has it any more, and the line that says so; its version is the caller's to raise.

	What comes next is due at once, but never before the end of a response window in which no step had run.
	"""
	since = item.due_at or now
	data = {"was": item.acknowledged_by, "late": (now - since).total_seconds()}
	if not item.step:
		window = window_end(item.plan, ticket, item.opened_at, working)
		first = after(window, wait_before(item.plan, item.run, item.group), item.plan, working)
		since = max(since, first)
		data |= {"due": since} if since > now else {}
	gone_on = replace(
		released(item), status=next_status(item.status, Cause.TIME_OUT), due_at=since, unreached=0
	)
	return gone_on, Event(WRITES[Cause.TIME_OUT], now, item.step, item.run, data)
