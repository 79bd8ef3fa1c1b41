"""HTTP POST of JSON to an Escalation Endpoint, signed as Standard Webhooks says.

Source of the signature: https://www.standardwebhooks.com, specification 1.0. The webhook-id is our
notification's, the same in every attempt, so that a receiver can tell a repeated message from a new one.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import frappe
from frappe import _
from frappe.utils import cint
from multidict import CIMultiDict
from standardwebhooks import Webhook

from escalation_mgmt.notifiers import answers, connections, egress
from escalation_mgmt.notifiers.answers import Trouble
from escalation_mgmt.notifiers.base import (
	CannotReach,
	Failed,
	Message,
	Notifier,
	Outcome,
	Person,
	Retry,
	Sent,
	Unknown,
)
from escalation_mgmt.utils.doctypes import ENDPOINT
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.templating import render

CONNECTIONS = 256
DEFAULT_HEADERS = {"Content-Type": "application/json", "User-Agent": "escalation_mgmt"}
_AROUND = 30  # characters that are shown around what is wrong with a body
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
# Of the connection and the body's length (RFC 9110, 7.6.1 and 8.6), of a proxy, and of the signature.
_OURS = frozenset(
	(
		*("connection", "content-length", "expect", "keep-alive", "proxy-authorization", "proxy-connection"),
		*("te", "trailer", "transfer-encoding", "upgrade"),
		*("webhook-id", "webhook-timestamp", "webhook-signature"),
	)
)


@dataclass(frozen=True, slots=True)
class Destination:
	"""An endpoint that was checked, and what all requests to it share."""

	url: str
	payload: str
	headers: CIMultiDict[str]
	signers: list[Webhook]
	seconds: float
	secrets: re.Pattern  # what no record may hold


@dataclass(frozen=True, slots=True)
class Answer:
	status: int
	said: str
	retry_after: str | None


@dataclass(frozen=True, slots=True)
class Request:
	to: Destination
	body: bytes
	headers: CIMultiDict[str]


class HttpPostNotifier(Notifier):
	method = "HTTP POST"
	to_endpoints = True

	def __init__(self) -> None:
		self._endpoints: dict[str, Any] = {}
		self._destinations: dict[str, Destination] = {}

	def not_ready(self) -> str | None:
		return egress.proxy_problem()

	def address_of(self, person: Person) -> str:
		raise CannotReach(
			_("HTTP POST goes to an endpoint, not to a person. Choose an endpoint in the plan.")
		)

	def check_address(self, address: str) -> str:
		endpoint = self._endpoint(address)
		if not endpoint:
			raise CannotReach(_("There is no Escalation Endpoint {0}.").format(address))
		if not endpoint.enabled:
			raise CannotReach(_("The Escalation Endpoint {0} is disabled.").format(address))
		return address

	def mask(self, address: str) -> str:
		return address  # the endpoint's name; its address and secrets stay in it

	def words(self, message: Message) -> str:
		"""The body, laid out. Neither headers nor signature: those hold secrets."""
		body = render_payload(self._endpoint(message.address).payload, message.context)
		return json.dumps(json.loads(body), ensure_ascii=False, indent=2)

	def send(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]:
		ready: list[tuple[Message, Request]] = []
		for message in messages:
			try:
				ready.append((message, self._request(message)))
			except (egress.Forbidden, CannotReach) as e:
				yield message, Failed(str(e))
			except Exception as e:
				report_error(f"Escalation Endpoint {message.address}: the request can't be built")
				yield message, Failed(_("The request can't be built: {0}").format(str(e)[:300]))
		allowed, proxy = egress.allowed_hosts(), egress.proxy()
		for known in connections.all_at_once(
			("HTTP POST", allowed, proxy),
			lambda: egress.Outbound(allowed, CONNECTIONS, proxy=proxy),
			ready,
			_post,
		):
			for (message, request), became in known:
				yield (
					message,
					_broken(became, request.to) if isinstance(became, Exception) else _outcome(became),
				)

	def _endpoint(self, name: str) -> Any:
		if name not in self._endpoints:
			exists = frappe.db.exists(ENDPOINT, name)
			self._endpoints[name] = frappe.get_doc(ENDPOINT, name) if exists else None
		return self._endpoints[name]

	def _destination(self, name: str) -> Destination:
		if name not in self._destinations:
			self.check_address(name)
			endpoint = self._endpoint(name)
			egress.check_url(endpoint.url, egress.allowed_hosts())
			own = {
				row.header.strip(): checked_header(row.header, row.get_password("value"))
				for row in endpoint.headers
				if not belongs_to_request(row.header)  # of before they were refused
			}
			secrets = [endpoint.get_password(f, raise_exception=False) for f in ("secret", "previous_secret")]
			self._destinations[name] = Destination(
				url=endpoint.url,
				payload=endpoint.payload,
				headers=_with_own(DEFAULT_HEADERS, own),
				signers=[Webhook(secret) for secret in secrets if secret],
				seconds=cint(endpoint.timeout) or 10,
				secrets=answers.secrets(own.values(), endpoint.url),
			)
		return self._destinations[name]

	def _request(self, message: Message) -> Request:
		to = self._destination(message.address)
		body = render_payload(to.payload, message.context)
		signed = signature(to.signers, message.notification, body)
		return Request(to, body.encode(), _with_own(to.headers, signed))


def _with_own(headers: Mapping[str, str], own: Mapping[str, str]) -> CIMultiDict[str]:
	"""Headers with others in place of those that have the same name; to HTTP `content-type` is `Content-Type`."""
	found = CIMultiDict(headers)
	found.update(own)
	return found


def belongs_to_request(name: str) -> bool:
	"""Whether a header says how a request is sent or signed, so that nobody but who sends it can know it."""
	return name.strip().lower() in _OURS


def checked_header(name: str, value: str) -> str:
	"""The value, if it can stand in a header (RFC 9110, 5.5). Raises CannotReach."""
	name = name.strip()
	if not value.isprintable() or not value.isascii() or not _TOKEN.fullmatch(name):
		raise CannotReach(_("The header {0} has characters that no header can hold.").format(name))
	return value


class InvalidBody(ValueError):
	"""A body that is no JSON. Its text quotes nothing: what is sent may hold a link's token, and this goes into history."""

	def __init__(self, error: json.JSONDecodeError):
		super().__init__(_("The body is not valid JSON: {0}").format(error))
		before = error.doc[max(0, error.pos - _AROUND) : error.pos]
		self.around = f"{before} ⟵ ? {error.doc[error.pos : error.pos + _AROUND]}".strip()
		"""What stands where JSON is wrong, for a sample."""


def render_payload(template: str, context: dict[str, Any], *, strict: bool = False) -> str:
	"""The JSON body (RFC 8259). Raises InvalidBody where the template doesn't render to JSON.

	JSON has no NaN and no Infinity, and UTF-8 no half of a surrogate pair. Where a ticket's values make one, it becomes null,
	or U+FFFD: a missed page is worse. `strict`, when an endpoint is saved: it is an error, too.
	"""
	rendered = render(template, context, for_programs=True)

	def number(text: str) -> float | None:
		found = float(text)
		if math.isfinite(found):
			return found
		if strict:
			raise ValueError(_("JSON has no {0}. Write null, or a text.").format(text[:40]))
		return None

	try:
		found = json.loads(rendered, parse_constant=number, parse_float=number)
	except json.JSONDecodeError as e:
		raise InvalidBody(e) from None
	body = json.dumps(found, ensure_ascii=False)
	if strict and _HALF_PAIR.search(body):
		raise ValueError(_("The body has half of a surrogate pair (such as \\ud800), which is no character."))
	return _HALF_PAIR.sub("\ufffd", body)


def signature(signers: list[Webhook], id: str, body: str) -> dict[str, str]:
	"""The headers of Standard Webhooks; one signature for each secret, so that a receiver can change over."""
	# The wire's own time, not the escalation's clock: the receiver compares it with its own.
	at = datetime.now(UTC)
	headers = {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp()))}
	if signers:
		headers["webhook-signature"] = " ".join(signer.sign(id, at, body) for signer in signers)
	return headers


async def _post(pool: egress.Outbound, ready: tuple[Message, Request]) -> Answer | Exception:
	"""What came of it, not yet in words: an event loop knows no reader, nor on Frappe 15 the site."""
	_message, request = ready
	to = request.to
	timeout = aiohttp.ClientTimeout(total=to.seconds, connect=to.seconds / 2)
	try:
		async with pool.request(
			"POST", to.url, data=request.body, headers=request.headers, timeout=timeout
		) as response:
			answer = await answers.first_part(response)
			# A receiver may send back what it got.
			said = to.secrets.sub("…", f"{response.status} {response.reason or ''} {answer}".strip())
			return Answer(response.status, said, response.headers.get("Retry-After"))
	except (egress.Forbidden, aiohttp.ClientError, OSError, ValueError) as e:  # a TimeoutError is an OSError
		return e


def _broken(error: Exception, to: Destination) -> Outcome:
	"""What it means that there is no answer."""
	if forbidden := egress.refusal(error):
		return Failed(str(forbidden))
	match answers.trouble(error):
		case Trouble.NO_CONNECTION_IN_TIME:
			return Retry(_("no connection within {0} s").format(f"{to.seconds / 2:g}"))
		case Trouble.NO_ANSWER_IN_TIME:
			return Unknown(_("no answer within {0} s").format(f"{to.seconds:g}"))
		case Trouble.NO_CONNECTION:
			return Retry(_("no connection: {0}").format(error.strerror or error)[:300])
		case Trouble.PROXY_REFUSED:
			return Retry(_("the proxy doesn't let us through: {0}").format(answers.by_proxy(error)))
		case Trouble.NOT_AN_ADDRESS:
			return Failed(_("not an address: {0}").format(error))
	return Unknown(_("the connection broke before the answer was complete: {0}").format(repr(error))[:300])


def _outcome(answer: Answer) -> Outcome:
	if 200 <= answer.status < 300:
		return Sent(detail=answer.said)
	if answers.is_busy(answer.status):
		return Retry(answer.said, answers.retry_after(answer.retry_after))
	if 300 <= answer.status < 400:
		return Failed(_("{0} (redirects are not followed)").format(answer.said))
	return Failed(answer.said)
