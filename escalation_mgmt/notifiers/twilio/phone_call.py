"""Phone calls over Twilio: the phone rings, Twilio asks us what to say (`inbound.twilio.call_answered`), a key acknowledges."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from twilio.rest import Client

from escalation_mgmt.engine import FOR_CALLS
from escalation_mgmt.notifiers.base import Message, Person, Provider
from escalation_mgmt.notifiers.twilio import phone_numbers, sending, twiml
from escalation_mgmt.notifiers.twilio.base import TwilioNotifier, TwilioProvider
from escalation_mgmt.notifiers.twilio.twiml import Speaker

RINGS_SECONDS = 30  # most mailboxes take a call after that
METHOD = "Phone Call"


class PhoneCallNotifier(TwilioNotifier):
	method = METHOD
	urgency = 3
	rings = True
	limit = FOR_CALLS

	def find_providers(self) -> Sequence[Provider]:
		return self._by_twilio(TwilioCall)

	def address_of(self, person: Person) -> str:
		return self.check_address(phone_numbers.mobile_of(person))

	def check_address(self, address: str) -> str:
		return phone_numbers.checked(address)

	def words(self, message: Message) -> str:
		ticket = str(message.context["ticket"].name)
		if not message.link:
			return twiml.said(Speaker(message.language).end(message.text))
		return twiml.said(Speaker(message.language).read(message, [ticket], ""))


class TwilioCall(TwilioProvider):
	calls = True

	async def _create(self, client: Client, message: Message) -> Any:
		ours = self._account
		ids = {"n": message.notification, "a": message.attempt}
		# No escalation, but a test: it asks for nothing, and nobody asks what became of it.
		if not message.link:
			return await client.calls.create_async(
				to=message.address,
				from_=ours.number_for(message.address),
				twiml=Speaker(message.language).end(message.text),
				timeout=RINGS_SECONDS,
			)
		return await client.calls.create_async(
			to=message.address,
			from_=ours.number_for(message.address),
			url=ours.callback("call_answered", **ids),
			method="POST",
			status_callback=ours.callback("call_status", **ids),
			status_callback_method="POST",
			machine_detection="DetectMessageEnd",  # what is left is said after the beep; a person is told at once
			timeout=RINGS_SECONDS,
		)

	async def _find(self, client: Client, message: Message, since: datetime) -> list[str]:
		"""Calls to the same number, since our first attempt: Twilio's list doesn't say what a call was for."""
		return [
			record.sid
			for record in await client.calls.list_async(to=message.address, limit=20)
			if record.status not in ("failed", "canceled") and sending.made_since(record, since)
		]
