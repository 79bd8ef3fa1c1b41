"""What a notifier is: the code that performs one method, and the small interface it has.

A method is added by one line under `escalation_notifiers` in an app's hooks.py, which names a subclass of
`Notifier`. Whatever lists methods reads that registry (`escalation_mgmt.notifiers`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

from escalation_mgmt.engine import Limit
from escalation_mgmt.utils.doctypes import SETTINGS

BATCH_SECONDS = 60.0
"""Within this a notifier has handed over a batch, or hands the rest back as Retry: after twice as long its claims count as
lost, and somebody else sends the messages."""


class CannotReach(Exception):
	"""This method can't reach this person or address; the text says why, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
	"""How to reach one user, from their Escalation Contact and their User."""

	user: str
	name: str
	email: str = ""
	email_verified: bool = False
	mobile_no: str = ""
	mobile_verified: bool = False
	sms_stopped: bool = False  # has sent STOP
	language: str = ""
	time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
	"""One message, ready to be handed to a provider."""

	notification: str  # our id, the same in every attempt
	attempt: str  # our id of this attempt
	address: str
	subject: str
	text: str
	link: str  # acknowledges; empty where there is nothing to acknowledge
	endpoint: str = ""
	language: str = ""
	reply_code: str = ""  # acknowledges, sent back from the same address
	waiting: int = 0  # so many escalations wait for whom it goes to, where the method shows that
	context: dict[str, Any] = field(default_factory=dict)  # what templates know


@dataclass(frozen=True, slots=True)
class Sent:
	"""The provider took the message."""

	provider_message_id: str = ""
	detail: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
	"""The provider certainly didn't take it, and may later. `after`: the pause that it asked for."""

	detail: str
	after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Failed:
	"""The provider certainly didn't take it, and never will.

	`by_no_provider`: no other provider of the method would take it either: it is the address's own fault (there is no such
	number, its owner wants no SMS), or the message's.
	"""

	detail: str
	by_no_provider: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
	"""It may have been taken: the answer was lost (design rule 6)."""

	detail: str


Outcome = Sent | Retry | Failed | Unknown


class Provider(ABC):
	"""What hands the messages of a method to one outside service, by one account there."""

	name: str = ""  # as messages and history call it; empty: the method has no other

	def not_ready(self) -> str | None:
		"""Why it can't send at all now, in words that tell what to do; None: it can."""
		return None

	@cached_property
	def is_ready(self) -> bool:
		"""Whether it can send, as it was when somebody first asked."""
		return not self.not_ready()

	def refused(self) -> list[str]:
		"""Ask it whether it takes what is set up (log-in, numbers): what it refuses, in words that tell what to do; [] where
		that is nothing, or it can't be asked. Sends nothing to anybody; may take some seconds.
		"""
		return []

	@abstractmethod
	def send(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]:
		"""Hand each message over, and say of each, as soon as it is known, what became of it.

		Never raises for one message: whatever goes wrong with it is its outcome.
		"""

	def find(self, asked: Sequence[tuple[Message, datetime]]) -> dict[str, Outcome] | None:
		"""Ask about messages that it may have taken, each with the instant (UTC) it was queued at.

		Returns {notification: outcome}: Sent where it has the message, Retry where it can't be asked now; it is silent about
		a message that it doesn't know or won't tell of, which is then sent once more. None: this provider can't be asked.
		"""
		return None

	@property
	def can_be_asked(self) -> bool:
		"""Whether it can be asked about a message that it may have taken."""
		return type(self).find is not Provider.find


class Notifier(Provider):
	"""One method, and its only provider unless it names others, which are then asked in its place. Instances are made afresh for each batch, or each second of a burst, so they may keep what they read."""

	method: ClassVar[str]  # as a plan names it
	to_endpoints: ClassVar[bool] = False  # goes to an Escalation Endpoint, not to a person
	batch: ClassVar[int] = (
		500  # messages claimed at once: few where each takes long, so that little is in flight
	)
	carries_notices: ClassVar[bool] = False  # quiet enough for notices, which wake nobody (never a call)
	set_up_in: ClassVar[str] = SETTINGS  # the DocType where it is made ready to send
	urgency: ClassVar[int] = 0  # how surely it wakes somebody, by which new steps are proposed; 0: it doesn't
	rings: ClassVar[bool] = False  # somebody may want it to stop, and be reached by other methods
	takes_replies: ClassVar[bool] = False  # its messages carry a code that can be sent back
	counts_waiting: ClassVar[bool] = False  # shows how many escalations wait for the person
	limit: ClassVar[Limit | None] = None  # how many one person gets of it; None: any number

	@property
	def providers(self) -> Sequence[Provider]:
		"""Those that its messages go by, in the administrator's order."""
		return (self,)

	@abstractmethod
	def address_of(self, person: Person) -> str:
		"""The address of a person. Raises CannotReach."""

	@abstractmethod
	def check_address(self, address: str) -> str:
		"""A bare address (or the name of an endpoint), made canonical. Raises CannotReach."""

	@abstractmethod
	def mask(self, address: str) -> str:
		"""The address as history may show it."""

	def words(self, message: Message) -> str:
		"""What is read or heard of a message where it arrives, for a rehearsal. Sends nothing. Called in the reader's language;
		raises where it can't be built.
		"""
		return f"{message.subject}\n\n{message.text}"
