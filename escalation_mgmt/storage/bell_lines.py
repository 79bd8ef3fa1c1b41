"""What a line in Desk's notifications says of an escalation to one person, in their language: how it stands for them now.

Frappe shows a line as HTML. Nothing in it is any: `plain` makes inert what strangers wrote.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from frappe import _
from frappe.utils import get_datetime

from escalation_mgmt.engine import EventKind, Status
from escalation_mgmt.storage import notice_wording
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils.plain_text import plain

LONGEST = 100  # characters of a ticket's subject
ENDS = {
	Status.RESOLVED: EventKind.RESOLVED,
	Status.CANCELLED: EventKind.CANCELLED,
	Status.EXHAUSTED: EventKind.EXHAUSTED,
}
"""The statuses in which an item has come to its end, and the kind of event that says so."""

_PAST = (EventKind.ACKNOWLEDGED, *ENDS.values())  # of an item that runs again: nobody has it any more


@dataclass(frozen=True, slots=True)
class Message:
	"""The latest message of an item to a user."""

	user: str
	purpose: Purpose
	about: str  # of a notice: the kind of event
	step: int
	at: datetime  # when it was queued (UTC)


@dataclass(frozen=True, slots=True)
class ByHand:
	"""A hand-over to a user, or that they were added: by whom, and when (UTC)."""

	kind: EventKind
	at: datetime
	to: str
	by: str  # a name
	by_user: str

	@classmethod
	def of_event(cls, row: Any) -> "ByHand":
		"""Of a line of history: `kind`, `at_utc`, `data`."""
		data = json.loads(row.data or "{}")
		people = data.get("people", {})
		to, by = (next(iter(people.get(key) or [["", ""]]))[0] for key in ("to", "by"))
		return cls(EventKind(row.kind), get_datetime(row.at_utc), to, data.get("by") or "", by)


def over(item: Any) -> bool:
	"""Whether nobody is waited for any more."""
	return item.status in ENDS or (item.status == Status.ACKNOWLEDGED and not item.reminded)


def text(item: Any, message: Message | None, by_hand: ByHand | None, assigned_to: str) -> str:
	"""The line. `item` is its row, `message` the latest that its reader had, `by_hand` what that came from if a person did it."""
	subject = plain(item.ticket_subject, LONGEST)
	head = plain(_head(item, message, by_hand, assigned_to))
	return f"{head}: {subject}" if subject and not _is_whole(item, message, by_hand) else head


def _is_whole(item: Any, message: Message | None, by_hand: ByHand | None) -> bool:
	"""Whether the sentence has the subject in it already."""
	return _waits(item, message) and by_hand is None


def _waits(item: Any, message: Message | None) -> bool:
	return message is not None and message.purpose == Purpose.PAGE and not over(item)


def _head(item: Any, message: Message | None, by_hand: ByHand | None, assigned_to: str) -> str:
	number = item.reference_name
	if about := ENDS.get(item.status):
		return notice_wording.head(about, number, "", "")
	if item.status == Status.ACKNOWLEDGED:
		return _of_acknowledged(item, message, by_hand, assigned_to)
	if message is None or message.about in _PAST:
		return notice_wording.head(EventKind.UNACKNOWLEDGED, number, "", "")
	if message.purpose != Purpose.PAGE:
		return notice_wording.head(message.about, number, item.acknowledged_by, assigned_to, _coming(item))
	if by_hand and by_hand.kind is EventKind.HANDED_OVER:
		return _("{0} handed you ticket {1}").format(by_hand.by, number)
	if by_hand:
		return _("{0} asks for you as well on ticket {1}").format(by_hand.by, number)
	subject = plain(item.ticket_subject, LONGEST)
	if not item.priority:
		return _("Step {0} of {1}: ticket {2} “{3}” waits for you").format(
			message.step, item.step_count, number, subject
		)
	return _("Step {0} of {1}: ticket {2} “{3}” ({4}) waits for you").format(
		message.step, item.step_count, number, subject, _(item.priority)
	)


def _coming(item: Any) -> str:
	coming = json.loads(item.coming or "[]") if item.status == Status.SNOOZED else []
	return ", ".join(name for _user, name in coming)


def _of_acknowledged(item: Any, message: Message | None, by_hand: ByHand | None, assigned_to: str) -> str:
	number, whose = item.reference_name, item.acknowledged_by
	theirs = message is not None and message.user == item.acknowledged_user
	if theirs and item.reminded:
		return notice_wording.head(EventKind.REMINDED, number, whose, assigned_to)
	if theirs:
		return _("You have ticket {0}").format(number)
	if by_hand and by_hand.at >= get_datetime(item.acknowledged_utc):
		return _("{0} has ticket {1}, and you are asked to help").format(whose, number)
	return _("{0} has ticket {1}").format(whose, number)
