"""SMS by the HTTP gateway of Frappe's own *SMS Settings*, as Frappe asks it; but through our own door (design rule 13), many at
once, and with each outcome ours to record. No *SMS Log*: a message holds a token.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import aiohttp
import frappe
from frappe import _

from escalation_mgmt.notifiers import answers, connections, egress
from escalation_mgmt.notifiers.answers import Trouble
from escalation_mgmt.notifiers.base import Failed, Message, Outcome, Provider, Retry, Sent, Unknown
from escalation_mgmt.notifiers.several import Kind

CONNECTIONS = 32
SECONDS, CONNECT_SECONDS = 15, 5  # for one answer
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class _Settings:
	"""What *SMS Settings* say."""

	url: str
	message: str  # the names of the parameters that hold the text and the number
	receiver: str
	parameters: tuple[tuple[str, str], ...]
	headers: tuple[tuple[str, str], ...]
	by_post: bool


class SmsGateway(Provider):
	name = str(Kind.SMS_SETTINGS)

	def __init__(self, body: Callable[[Message], str]) -> None:
		"""`body` makes the text of a message."""
		self._body = body
		self._settings = _settings()
		ours = self._settings
		values = [value for _name, value in (*ours.parameters, *ours.headers)]
		self._secrets = answers.secrets(values, ours.url)

	def not_ready(self) -> str | None:
		if why := egress.proxy_problem():
			return why
		ours = self._settings
		if not (ours.url and ours.message and ours.receiver):
			return _("SMS Settings name no gateway. Enter its URL and both parameters there.")
		try:
			egress.check_url(ours.url, egress.allowed_hosts())
		except egress.Forbidden as e:
			return _("The gateway of SMS Settings can't be called: {0}").format(e)
		return None

	def send(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]:
		ours, allowed, proxy = self._settings, egress.allowed_hosts(), egress.proxy()
		timeout = aiohttp.ClientTimeout(total=SECONDS, connect=CONNECT_SECONDS)

		async def one(pool: egress.Outbound, message: Message) -> tuple[int, str, str | None] | Exception:
			url, data, headers = request_of(ours, message.address, texts[message.attempt])
			try:
				async with pool.request(
					"POST" if ours.by_post else "GET", url, data=data, headers=headers
				) as answer:
					said = await answers.first_part(answer)
					return answer.status, said, answer.headers.get("Retry-After")
			except (egress.Forbidden, aiohttp.ClientError, OSError, ValueError) as e:
				return e

		# Nobody reads what is sent back to a gateway, so no code is offered.
		texts = {message.attempt: self._body(replace(message, reply_code="")) for message in messages}
		for known in connections.all_at_once(
			(self.name, allowed, proxy),
			lambda: egress.Outbound(allowed, CONNECTIONS, proxy=proxy, timeout=timeout),
			messages,
			one,
		):
			for message, became in known:
				broken = isinstance(became, Exception)
				yield message, _broken(became) if broken else self._outcome(*became)

	def _outcome(self, status: int, said: str, retry_after: str | None) -> Outcome:
		said = self._secrets.sub("…", said)  # a gateway may repeat what it was asked
		detail = _("The gateway answered {0}: {1}").format(status, answers.one_line(said, 200))
		if 200 <= status < 300:
			return Sent(detail=detail)
		if status in (502, 504):  # what is behind it may have taken it
			return Unknown(detail)
		if answers.is_busy(status):
			return Retry(detail, answers.retry_after(retry_after))
		return Failed(detail)


def request_of(ours: _Settings, number: str, text: str) -> tuple[str, str | None, dict[str, str]]:
	"""Address, body and headers, as Frappe's own `send_via_gateway` makes them."""
	asked = {ours.message: text, **dict(ours.parameters), ours.receiver: number}
	headers = {"Accept": "text/plain, text/html, */*", **dict(ours.headers)}
	if headers.get("Content-Type") == _JSON:
		return ours.url, json.dumps(asked), headers
	if ours.by_post:
		return ours.url, urlencode(asked), {"Content-Type": "application/x-www-form-urlencoded", **headers}
	return f"{ours.url}{'&' if '?' in ours.url else '?'}{urlencode(asked)}", None, headers


def _settings() -> _Settings:
	found = frappe.get_cached_doc(Kind.SMS_SETTINGS)
	rows = [(row.parameter or "", row.value or "", bool(row.header)) for row in found.get("parameters") or []]
	return _Settings(
		url=(found.sms_gateway_url or "").strip(),
		message=found.message_parameter or "",
		receiver=found.receiver_parameter or "",
		parameters=tuple((name, value) for name, value, is_header in rows if not is_header),
		headers=tuple((name, value) for name, value, is_header in rows if is_header),
		by_post=bool(found.use_post),
	)


def _broken(error: Exception) -> Outcome:
	if forbidden := egress.refusal(error):
		return Failed(_("The gateway of SMS Settings can't be called: {0}").format(forbidden))
	match answers.trouble(error):
		case Trouble.NO_CONNECTION_IN_TIME:
			return Retry(_("No connection to the gateway within {0} s.").format(CONNECT_SECONDS))
		case Trouble.NO_ANSWER_IN_TIME:
			return Unknown(_("The gateway gave no answer within {0} s.").format(SECONDS))
		case Trouble.NO_CONNECTION:
			return Retry(
				_("No connection to the gateway: {0}").format(
					str(getattr(error, "strerror", "") or error)[:200]
				)
			)
		case Trouble.PROXY_REFUSED:
			return Retry(
				_("The proxy doesn't let us through to the gateway: {0}").format(answers.by_proxy(error))
			)
		case Trouble.NOT_AN_ADDRESS:
			return Failed(_("The gateway's URL in SMS Settings is no address."))
	# No more of it: by GET the gateway's key stands in the address, which some of these errors name.
	return Unknown(_("The connection to the gateway broke: {0}").format(type(error).__name__))
