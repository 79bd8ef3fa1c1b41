"""SMS over Twilio: the message, its link and a code to reply with, kept short."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from twilio.rest import Client

from escalation_mgmt.engine import FOR_SMS
from escalation_mgmt.notifiers import several
from escalation_mgmt.notifiers.base import CannotReach, Message, Person, Provider
from escalation_mgmt.notifiers.sms_gateway import SmsGateway
from escalation_mgmt.notifiers.twilio import account, gsm7, phone_numbers, sending
from escalation_mgmt.notifiers.twilio.base import TwilioNotifier, TwilioProvider

VALID_SECONDS = 3600  # what waited longer at Twilio or the network is dropped: the plan has gone on since
FAILED = ("failed", "undelivered", "canceled")
_TOKEN = re.compile(r"/ack/[\w-]+")
_LAST_LINE = re.compile(r"\s*(https?://\S+)\s*$")


class SmsNotifier(TwilioNotifier):
	method = "SMS"
	carries_notices = True
	urgency = 2
	takes_replies = True
	limit = FOR_SMS

	def find_providers(self) -> Sequence[Provider]:
		"""Accounts with Twilio, and the gateway of SMS Settings, where an administrator has put it."""
		accounts = {provider.name: provider for provider in self._by_twilio(TwilioSms)}
		placed: list[Provider] = []
		for row in several.rows():
			if row.kind == several.Kind.SMS_SETTINGS:
				placed.append(SmsGateway(body))
			elif row.title in accounts:
				placed.append(accounts.pop(row.title))
		first = accounts.values() if account.account().sid or not placed else ()
		return [*first, *placed]

	def address_of(self, person: Person) -> str:
		number = phone_numbers.mobile_of(person)
		if person.sms_stopped:
			raise CannotReach(
				_("Has sent STOP. They send START to your number from their phone to be reached again.")
			)
		return self.check_address(number)

	def check_address(self, address: str) -> str:
		number = phone_numbers.checked(address)
		if not phone_numbers.takes_sms(number):
			raise CannotReach(_("{0} is no mobile number: it takes no SMS.").format(self.mask(number)))
		return number

	def words(self, message: Message) -> str:
		return body(message)


class TwilioSms(TwilioProvider):
	async def _create(self, client: Client, message: Message) -> Any:
		ours = self._account
		sender = (
			{"messaging_service_sid": ours.service}
			if ours.service
			else {"from_": ours.number_for(message.address)}
		)
		return await client.messages.create_async(
			to=message.address,
			body=body(message),
			status_callback=ours.callback("message_status", n=message.notification, a=message.attempt),
			validity_period=VALID_SECONDS,
			**sender,
		)

	async def _find(self, client: Client, message: Message, since: datetime) -> list[str]:
		"""The same text to the same number, since our first attempt. Each attempt has a token of its own in its link.

		What didn't arrive is as good as if Twilio knew nothing.
		"""
		wanted = _TOKEN.sub("/ack/", body(message))
		return [
			record.sid
			for record in await client.messages.list_async(to=message.address, limit=50)
			if _TOKEN.sub("/ack/", record.body or "") == wanted
			and sending.made_since(record, since)
			and record.status not in FAILED
		]


def body(message: Message) -> str:
	"""The SMS. Of what is too long the text is cut, never the link nor the code."""
	text, tail = message.text, []
	if message.link:
		tail.append(message.link)
	elif link := _LAST_LINE.search(text):  # a notice ends with the ticket's address
		text, tail = text[: link.start()], [link[1]]
	if not message.reply_code:
		return gsm7.fitted(text, "\n".join(tail))
	with print_language(message.language or frappe.local.lang):
		short = _("Reply {0} to acknowledge.").format(message.reply_code)
		# The word that is to be sent is PASS, in every language.
		long = _("Reply {0} to acknowledge, PASS {0} to pass on.").format(message.reply_code)
	plain, fuller = (gsm7.fitted(text, "\n".join((*tail, code))) for code in (short, long))
	return (
		fuller if _costs_nothing(fuller, plain, len(gsm7.plainer(long)) - len(gsm7.plainer(short))) else plain
	)


def _costs_nothing(fuller: str, plain: str, longer: int) -> bool:
	"""Whether an SMS that says so many characters more cuts nothing for that, and goes in as many parts."""
	return len(fuller) - len(plain) == longer and gsm7.parts(fuller) == gsm7.parts(plain)
