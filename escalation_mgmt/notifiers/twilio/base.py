"""What SMS and phone calls have in common: one account, mobile numbers as addresses, many requests at once."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from twilio.rest import Client

from escalation_mgmt.notifiers.base import Message, Notifier, Outcome
from escalation_mgmt.notifiers.twilio import phone_numbers, sending
from escalation_mgmt.notifiers.twilio.account import account
from escalation_mgmt.notifiers.twilio.client import CONNECTIONS


class TwilioNotifier(Notifier):
	batch = 4 * CONNECTIONS

	def __init__(self) -> None:
		self._account = account()

	def mask(self, address: str) -> str:
		return phone_numbers.masked(address)

	def send(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]:
		yield from sending.send_all(self._account, messages, self._create)

	def find(self, asked: Sequence[tuple[Message, datetime]]) -> dict[str, Outcome]:
		return sending.found_by(self._account, asked, self._find)

	@abstractmethod
	async def _create(self, client: Client, message: Message) -> Any:
		"""Ask Twilio for one message or call; its record."""

	@abstractmethod
	async def _find(self, client: Client, message: Message, since: datetime) -> list[str]:
		"""The ids of what Twilio may have made of a message since our first attempt (UTC)."""
