"""What the engine answers: the item's new state, and what is to be written and sent because of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.plan import Step


class EventKind(StrEnum):
	"""The lines of a history. Those from SENT on are written by delivery, which alone knows what providers said."""

	CREATED = "Created"
	WINDOW_MOVED = "Window Moved"
	WINDOW_OVER = "Window Over"
	HELD = "Held"
	NO_CALENDAR = "No Calendar"
	STEP_RAN = "Step Ran"
	UNREACHABLE = "Unreachable"
	BROUGHT_FORWARD = "Brought Forward"
	NOBODY_NOTIFIED = "Nobody Notified"
	STARTED_AGAIN = "Started Again"
	LAST_WAIT = "Last Wait"
	EXHAUSTED = "Exhausted"
	ACKNOWLEDGED = "Acknowledged"
	RESOLVED = "Resolved"
	CANCELLED = "Cancelled"
	REPLACED = "Replaced"
	TICKET_CHANGED = "Ticket Changed"
	ASSIGNEE_CHANGED = "Assignee Changed"
	PARKED = "Parked"
	SENT = "Sent"
	RETRY = "Will Be Retried"
	FAILED = "Failed"
	UNKNOWN = "Outcome Unknown"
	WITHDRAWN = "Withdrawn"
	IN_FLIGHT = "Was in Flight"
	DELIVERED = "Delivered"
	ANSWERED = "Answered"
	NOT_ANSWERED = "Not Answered"
	INSTEAD = "Sent Another Way"


@dataclass(frozen=True, slots=True)
class Event:
	"""One line of the history, at `at` (UTC). `data` holds plain values (str, int, float, bool, None)."""

	kind: EventKind
	at: datetime
	step: int = 0
	run: int = 0
	data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
	"""One person or address that a message can go to. `label` is what history shows: a name or a masked address."""

	method: str
	address: str
	label: str
	user: str = ""
	endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
	"""Somebody whom a step should have reached, and why it can't, in words that tell what to do."""

	method: str
	label: str
	reason: str
	user: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
	"""Whom one step reaches at this instant, and whom it can't."""

	recipients: tuple[Recipient, ...] = ()
	unreachable: tuple[Unreachable, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
	"""One message to one recipient, planned for `planned_at` (UTC)."""

	step: Step
	run: int
	recipient: Recipient
	planned_at: datetime


class Audience(StrEnum):
	NOTIFIED = "notified"  # everyone who was sent a message about this item
	OWNERS = "owners"  # the plan's owner and the site's catch-all recipient


@dataclass(frozen=True, slots=True)
class Tell:
	"""A word to an audience, once, by push, SMS or email; never to those who caused it or know it already."""

	audience: Audience
	about: EventKind
	but_not: frozenset[str] = frozenset()  # users


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
	item: ActionItem
	events: tuple[Event, ...] = ()
	pages: tuple[Page, ...] = ()
	tells: tuple[Tell, ...] = ()
	withdraw: bool = False  # cancel every message that no provider has been handed yet


class Refused(Exception):
	"""A command that can't be carried out now. The text says why, to a person; nothing was changed."""
