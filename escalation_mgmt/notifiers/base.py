"""What a notifier is: the code that performs one method, and the small interface it has.

A method is added by one line under `escalation_notifiers` in an app's hooks.py, which names a subclass of
`Notifier`. Whatever lists methods reads that registry (`escalation_mgmt.notifiers`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

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
	"""The provider certainly didn't take it, and never will."""

	detail: str


@dataclass(frozen=True, slots=True)
class Unknown:
	"""It may have been taken: the answer was lost (design rule 6)."""

	detail: str


Outcome = Sent | Retry | Failed | Unknown


class Notifier(ABC):
	"""One method. Instances are made afresh for each batch, or each second of a burst, so they may keep what they read."""

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

	def not_ready(self) -> str | None:
		"""Why this method can't send at all now, in words that tell what to do; None: it can."""
		return None

	def refused(self) -> list[str]:
		"""Ask the provider whether it takes what is set up (log-in, numbers): what it refuses, in words that tell what to
		do; [] where that is nothing, or it can't be asked. Sends nothing to anybody; may take some seconds.
		"""
		return []

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

	@abstractmethod
	def send(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]:
		"""Hand each message to the provider, and say of each, as soon as it is known, what became of it.

		Never raises for one message: whatever goes wrong with it is its outcome.
		"""

	def find(self, asked: Sequence[tuple[Message, datetime]]) -> dict[str, Outcome] | None:
		"""Ask the provider about messages that it may have taken, each with the instant (UTC) it was queued at.

		Returns {notification: outcome}: Sent where it has the message, Retry where it can't be asked now; it is silent about
		a message that it doesn't know or won't tell of, which is then sent once more. None: this provider can't be asked.
		"""
		return None
