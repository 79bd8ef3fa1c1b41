"""*Test Connection* for Twilio: asks it what could go wrong, and says so in plain words."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from frappe import _
from twilio.rest import Client

from escalation_mgmt.notifiers.twilio.account import API, Account, account, problem
from escalation_mgmt.notifiers.twilio.client import ask_all
from escalation_mgmt.notifiers.twilio.errors import in_words, outcome


def incoming_url() -> str:
	return account().callback("incoming_sms")


def check(ours: Account, *, sms: bool = True, calls: bool = True) -> tuple[list[str], list[str]]:
	"""What is wrong, and what is fine, as sentences; for SMS, for calls, or for both."""
	if why := problem(ours, calls=False) or _log_in_refused(ours):
		return [why], []
	wrong = _senders_wrong(ours, sms, calls)
	if urlsplit(ours.public_url).scheme != "https" and ours.api_url == API:
		wrong.append(
			_(
				"The Public Address {0} doesn't begin with https://: links and callbacks travel unprotected."
			).format(ours.public_url)
		)
	fine = [_("Twilio takes our log-in.")]
	if ours.numbers:
		fine.append(_("Our numbers are right: {0}.").format(", ".join(ours.numbers)))
	return wrong, fine


def _log_in_refused(ours: Account) -> str:
	log_ins = [ours]
	if ours.api_key:  # callbacks are signed with the Auth Token, so that one has to be right as well
		log_ins.append(replace(ours, api_key="", api_secret=""))
	answers = (said for log_in in log_ins for _none, said in ask_all(log_in, [None], _check_account))
	return next(filter(None, answers), "")


def _senders_wrong(ours: Account, sms: bool, calls: bool) -> list[str]:
	checked = list(ask_all(ours, ours.numbers, _number_check(ours, sms, calls)))
	if ours.service and sms:
		checked += ask_all(ours, [ours.service], _service_check(ours))
	return [said for _sender, said in checked if said]


async def _check_account(client: Client, _none: Any) -> str:
	"""What is wrong with the account; empty: nothing."""
	try:
		found = await client.api.v2010.accounts(client.account_sid).fetch_async()
	except Exception as e:
		return outcome(e).detail
	if found.status != "active":
		return _("The Twilio account is {0}. Log in at Twilio to see why.").format(found.status)
	return ""


def _service_check(ours: Account) -> Any:
	async def check_service(client: Client, sid: str) -> str:
		"""What is wrong with the Messaging Service; empty: nothing."""
		try:
			found = await client.messaging.v1.services(sid).fetch_async()
		except Exception as e:
			if getattr(e, "status", None) == 404:
				return in_words(21701)
			return outcome(e).detail
		incoming = ours.callback("incoming_sms")
		if not found.use_inbound_webhook_on_number and found.inbound_request_url != incoming:
			return _(
				"Replies to the Messaging Service don't reach us. At Twilio, under its Integration, enter {0}"
			).format(incoming)
		return ""

	return check_service


def _number_check(ours: Account, sms: bool, calls: bool) -> Any:
	async def check_number(client: Client, number: str) -> str:
		try:
			found = await _listed(client, number)
		except Exception as e:
			return outcome(e).detail
		if not found:
			return _("{0} isn't one of this Twilio account's numbers.").format(number)
		if calls and not (found[0].capabilities or {}).get("voice"):
			return _("{0} can't make calls. Choose one at Twilio that can.").format(number)
		return _texts_wrong(ours, number, found[0]) if sms and not ours.service else ""

	return check_number


def _texts_wrong(ours: Account, number: str, found: Any) -> str:
	"""Why a number can't send SMS, or take replies; empty: it can."""
	if not (found.capabilities or {}).get("sms"):
		return _("{0} can't send SMS. Choose one at Twilio that can, or a Messaging Service.").format(number)
	if found.sms_url != ours.callback("incoming_sms"):
		return _(
			"Replies to {0} don't reach us. At Twilio, under this number's messaging configuration, enter {1}"
		).format(number, ours.callback("incoming_sms"))
	return ""


def _listed(client: Client, number: str) -> Awaitable[list[Any]]:
	return client.incoming_phone_numbers.list_async(phone_number=number, limit=1)
