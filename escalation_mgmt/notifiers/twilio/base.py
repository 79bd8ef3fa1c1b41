"""What SMS and phone calls have in common: accounts in their order, mobile numbers as addresses, many requests at once."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from twilio.rest import Client

from escalation_mgmt.notifiers.base import Message, Outcome, Provider
from escalation_mgmt.notifiers.several import SeveralProviders
from escalation_mgmt.notifiers.twilio import connection_check, phone_numbers, sending
from escalation_mgmt.notifiers.twilio.account import Account, of, problem
from escalation_mgmt.notifiers.twilio.client import CONNECTIONS


class TwilioProvider(Provider):
	"""One account with Twilio, for SMS or for calls."""

	calls = False

	def __init__(self, ours: Account) -> None:
		self._account = ours
		self.name = ours.name

	def not_ready(self) -> str | None:
		return problem(self._account, calls=self.calls)

	def refused(self) -> list[str]:
		return connection_check.check(self._account, sms=not self.calls, calls=self.calls)[0]

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


class TwilioNotifier(SeveralProviders):
	batch = 4 * CONNECTIONS

	def mask(self, address: str) -> str:
		return phone_numbers.masked(address)

	def _by_twilio(self, provider: type[TwilioProvider]) -> list[Provider]:
		return [provider(ours) for ours in of(calls=provider.calls)]
