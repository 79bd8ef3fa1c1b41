"""A method with several providers, in the order that an administrator has put them in."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.notifiers.base import Failed, Message, Notifier, Outcome, Provider, Retry
from escalation_mgmt.utils.doctypes import SETTINGS


class Kind(StrEnum):
	"""Of a further provider, as Escalation Settings name it."""

	TWILIO = "Twilio"
	TWILIO_ABOVE = "Twilio, as Above"
	SMS_SETTINGS = "SMS Settings"
	EMAIL_ACCOUNT = "Email Account"


def rows() -> list[Any]:
	"""What Escalation Settings say of further providers, in their order."""
	return frappe.get_cached_doc(SETTINGS).get("providers") or []


class SeveralProviders(Notifier):
	"""Whoever delivers chooses a provider for each message; `send` is for a single one, such as a test."""

	@property
	def providers(self) -> Sequence[Provider]:
		return self._found

	@cached_property
	def _found(self) -> Sequence[Provider]:
		return self.find_providers()

	@abstractmethod
	def find_providers(self) -> Sequence[Provider]:
		"""Each, whether it is ready or not: it says what is missing."""

	def not_ready(self) -> str | None:
		problems = [provider.not_ready() for provider in self.providers]
		if not problems:
			return _(
				"Escalation Settings name no provider for it. Choose one there, under Further Providers."
			)
		return None if None in problems else problems[0]

	def send(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]:
		"""Hand each to the first provider that takes it."""
		for message in messages:
			outcome: Outcome = Failed(self.not_ready() or "")
			for provider in self.providers:
				if not provider.not_ready():
					outcome = next((became for _message, became in provider.send([message])), outcome)
				if not isinstance(outcome, Failed | Retry) or getattr(outcome, "by_no_provider", False):
					break
			yield message, outcome
