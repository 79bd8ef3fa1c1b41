"""What the engine answers: the item's new state, and what is to be written and sent because of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.plan import ZERO, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
	"""One person or address that a message can go to. `label` is what history shows: a name or a masked address."""

	method: str
	address: str
	label: str
	user: str = ""
	endpoint: str = ""
	turn: str = ""  # the team of which they were next in turn

	@property
	def counted_as(self) -> str:
		"""Under which an acknowledgement is counted: the user, or the label of an address that is nobody's."""
		return self.user or self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
	"""Somebody whom a step should have reached, and why it can't, in words that tell what to do."""

	method: str
	label: str
	reason: str
	user: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
	"""Whom one step reaches at this instant, and whom it can't. `by_second`: by its second target."""

	recipients: tuple[Recipient, ...] = ()
	unreachable: tuple[Unreachable, ...] = ()
	by_second: bool = False


@dataclass(frozen=True, slots=True)
class Note:
	"""What somebody wants those to read whom they have paged."""

	text: str
	by: Actor


@dataclass(frozen=True, slots=True)
class Page:
	"""One message to one recipient, planned for `planned_at` (UTC)."""

	step: Step
	run: int
	recipient: Recipient
	planned_at: datetime
	note: Note | None = None


@dataclass(frozen=True, slots=True)
class Deed:
	"""An act of a step on the ticket, to be done once this decision is committed. `user`: to whom the ticket is assigned;
	`turn`: the team of which they were next in turn.
	"""

	step: Step
	run: int
	planned_at: datetime
	user: str = ""
	turn: str = ""


class Audience(StrEnum):
	NOTIFIED = "notified"  # everyone who was sent a message about this item
	WHO_HAS_IT = "who has it"  # the person (or address) that acknowledged
	CATCH_ALL = "catch-all"  # the site's catch-all recipient; where it has none, as OWNERS
	OWNERS = "owners"  # the plan's owner and the site's catch-all recipient


@dataclass(frozen=True, slots=True)
class Notice:
	"""A message to an audience that informs and pages nobody: once, by push, SMS or email; never to those who caused it or know it already."""

	audience: Audience
	about: EventKind
	but_not: frozenset[str] = frozenset()  # users and addresses
	wait: timedelta = ZERO  # so long it isn't sent: what it tells may be undone


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
	item: ActionItem
	events: tuple[Event, ...] = ()
	pages: tuple[Page, ...] = ()
	deeds: tuple[Deed, ...] = ()
	notices: tuple[Notice, ...] = ()
	withdraw: bool = False  # cancel every message that no provider has been handed yet
	withdraw_from: str = ""  # the same for one person only: a user, or the label of an address
	queue_again: datetime | None = None  # send, and do, what was withdrawn since then after all
