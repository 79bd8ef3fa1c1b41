"""Twilio, by its own client: our account and senders, and what its answers and its error codes mean.

Sources: https://www.twilio.com/docs/usage/api (requests), .../docs/api/errors (codes),
.../docs/usage/webhooks/webhooks-security (signatures).

A setting is taken from the environment (ESCALATION_TWILIO_AUTH_TOKEN), else from the site's configuration
(escalation_twilio_auth_token), else from Escalation Settings (twilio_auth_token).
"""

import asyncio
import hmac
import json
import logging
import os
import re
import zlib
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import frappe
from frappe import _
from frappe.utils.password import get_decrypted_password
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from escalation_mgmt.notifiers import connections
from escalation_mgmt.notifiers.answers import one_line, retry_after
from escalation_mgmt.notifiers.base import Failed, Message, Outcome, Retry, Sent, Unknown
from escalation_mgmt.notifiers.twilio import phone_numbers
from escalation_mgmt.utils import public_address
from escalation_mgmt.utils.doctypes import NOTIFICATION, SETTINGS
from escalation_mgmt.utils.error_reports import report_error

API = "https://api.twilio.com"
MESSAGING = "https://messaging.twilio.com"
SECONDS = 15  # for one answer
CONNECT_SECONDS = 5
CONNECTIONS = 32  # at once; Twilio limits an account's concurrency, and says so with 429
LARGEST_ANSWER = 1 << 20  # bytes
CLOCKS_DIFFER = timedelta(minutes=2)  # Twilio's clock and ours
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_logger = logging.getLogger("escalation_mgmt.twilio")


# --- our account


@dataclass(frozen=True, slots=True)
class Account:
	"""What Escalation Settings (or the configuration) say of Twilio."""

	sid: str
	auth_token: str
	previous_auth_token: str
	api_key: str
	api_secret: str
	numbers: tuple[str, ...]  # that we call and write from, E.164
	service: str  # a Messaging Service, which chooses its own senders
	api_url: str
	public_url: str  # of this site, without a slash at its end

	@property
	def log_in(self) -> tuple[str, str]:
		return (self.api_key, self.api_secret) if self.api_key else (self.sid, self.auth_token)

	def number_for(self, recipient: str) -> str:
		"""The number that a recipient is always called and written to from, of all that there are."""
		return self.numbers[zlib.crc32(recipient.encode()) % len(self.numbers)]

	def callback(self, function: str, **query: str) -> str:
		"""The address of one of our callbacks, as Twilio calls it."""
		known = f"?{urlencode(query)}" if query else ""
		return f"{self.public_url}/api/method/escalation_mgmt.inbound.twilio.{function}{known}"


def account() -> Account:
	return Account(
		sid=setting("account_sid"),
		auth_token=setting("auth_token", secret=True),
		previous_auth_token=setting("previous_auth_token", secret=True),
		api_key=setting("api_key"),
		api_secret=setting("api_secret", secret=True),
		numbers=tuple(re.split(r"[,\s]+", setting("numbers"))) if setting("numbers") else (),
		service=setting("messaging_service_sid"),
		# Only those who run the site may send our credentials elsewhere: no field of Escalation Settings.
		api_url=(configured("api_url") or API).rstrip("/"),
		public_url=public_address.configured(),
	)


def configured(name: str) -> str:
	"""A setting from the environment or the site's configuration."""
	found = os.environ.get(f"ESCALATION_TWILIO_{name.upper()}") or frappe.conf.get(
		f"escalation_twilio_{name}"
	)
	return ("\n".join(found) if isinstance(found, list) else str(found or "")).strip()


def setting(name: str, *, secret: bool = False) -> str:
	if found := configured(name):
		return found
	if secret:
		return get_decrypted_password(SETTINGS, SETTINGS, f"twilio_{name}", raise_exception=False) or ""
	return str(frappe.get_cached_doc(SETTINGS).get(f"twilio_{name}") or "").strip()


def problem(ours: Account, *, calls: bool) -> str | None:
	"""Why nothing can be sent, in words that tell what to do; None: it can. Looks at the settings only."""
	if not ours.sid:
		return _("Twilio isn't set up. Enter the Account SID in Escalation Settings.")
	if not _ACCOUNT.fullmatch(ours.sid):
		return _(
			"The Account SID in Escalation Settings is not one: it is AC and 32 digits or letters a to f."
		)
	if not ours.auth_token:  # also with an API key: callbacks are signed with it
		return _("Enter Twilio's Auth Token in Escalation Settings: callbacks are checked with it.")
	if ours.api_key and not ours.api_secret:
		return _("Enter the secret of Twilio's API key in Escalation Settings, or take the key out.")
	if ours.service and not _SERVICE.fullmatch(ours.service):
		return _("The Messaging Service SID is not one: it is MG and 32 digits or letters a to f.")
	if not ours.numbers and (calls or not ours.service):
		return _("Enter at least one of your Twilio numbers in Escalation Settings.")
	if not ours.public_url:
		return _("Enter the Public Address in Escalation Settings: Twilio calls the site there.")
	return None


def check_settings(doc: Any) -> None:
	"""Refuse what can't be right, when Escalation Settings are saved; numbers are made canonical. Raises ValueError."""
	numbers = re.split(r"[,;\n]+", doc.get("twilio_numbers") or "")
	canonical = [phone_numbers.normalised(number) for number in numbers if number.strip()]
	doc.twilio_numbers = "\n".join(dict.fromkeys(canonical))
	for field, form, words in (
		("twilio_account_sid", _ACCOUNT, _("The Account SID is AC and 32 digits or letters a to f.")),
		(
			"twilio_messaging_service_sid",
			_SERVICE,
			_("The Messaging Service SID is MG and 32 digits or letters a to f."),
		),
	):
		value = (doc.get(field) or "").strip()
		doc.set(field, value)
		if value and not form.fullmatch(value):
			raise ValueError(words)


# --- callbacks


def is_signed(path: str, query: str, form: Mapping[str, Any], signature: str) -> bool:
	"""Whether a request comes from Twilio (design rule 12).

	`form` holds what was posted, with repeated names. Compared in constant time, with the address under which
	Twilio knows us, never with the request's own Host header; a second token is taken while the first is changed.
	"""
	ours = account()
	if not ours.public_url or not signature:
		return False
	url = f"{ours.public_url}{path}" + (f"?{query}" if query else "")
	signed = False
	for token in filter(None, (ours.auth_token, ours.previous_auth_token)):
		validator = RequestValidator(token)
		for address in _with_and_without_port(url):
			computed = validator.compute_signature(address, form)
			signed |= hmac.compare_digest(computed.encode(), signature.encode())
	return signed


def _with_and_without_port(url: str) -> tuple[str, ...]:
	"""Twilio signs the address as it was given, or with its port put in or taken out."""
	parts = urlsplit(url)
	host = parts.hostname or ""
	host = f"[{host}]" if ":" in host else host
	port = parts.port or (443 if parts.scheme == "https" else 80)
	return tuple(
		dict.fromkeys(
			(url, parts._replace(netloc=host).geturl(), parts._replace(netloc=f"{host}:{port}").geturl())
		)
	)


# --- requests


class Busy(Exception):
	"""Twilio can't say now; `status` is its answer's, `after` the pause that it asked for."""

	def __init__(self, status: int, said: str, after: timedelta | None):
		super().__init__(f"{status} {said}".strip())
		self.status, self.after = status, after


class _Transport(AsyncHttpClient):
	"""What Twilio's client sends its requests through: our base address, time limits and number of connections."""

	def __init__(self, ours: Account):
		super().__init__(_logger, True, None)
		self._api_url = ours.api_url
		self.client = Client(*ours.log_in, ours.sid, http_client=self, environment={"": ""})
		self._log_in = {"Authorization": f"Basic {b64encode(':'.join(ours.log_in).encode()).decode()}"}
		self._proxy = _proxy_to(ours.api_url)
		self._slots = asyncio.Semaphore(CONNECTIONS)  # waiting for one isn't part of a request's time
		self._session = aiohttp.ClientSession(
			connector=aiohttp.TCPConnector(limit=CONNECTIONS),
			cookie_jar=aiohttp.DummyCookieJar(),
			timeout=aiohttp.ClientTimeout(total=SECONDS, connect=CONNECT_SECONDS),
		)

	async def request(
		self,
		method: str,
		url: str,
		params: dict[str, Any] | None = None,
		data: dict[str, Any] | None = None,
		headers: dict[str, str] | None = None,
		auth: tuple[str, str] | None = None,
		timeout: float | None = None,
		allow_redirects: bool = False,
	) -> Response:
		if self._api_url != API:
			url = self._api_url + url.removeprefix(API).removeprefix(MESSAGING)
		if params:
			url += ("&" if "?" in url else "?") + urlencode(params, doseq=True)
		async with (
			self._slots,
			self._session.request(
				method,
				url,
				data=urlencode(data, doseq=True) if data else None,
				headers={**(headers or {}), **self._log_in},
				allow_redirects=False,
				proxy=self._proxy,
			) as answer,
		):
			said = (await answer.content.read(LARGEST_ANSWER)).decode("utf-8", "replace")
			while len(said) < LARGEST_ANSWER and (more := await answer.content.read(LARGEST_ANSWER)):
				said += more.decode("utf-8", "replace")
			if answer.status == 429 or answer.status >= 500:
				raise Busy(answer.status, one_line(said, 200), retry_after(answer.headers.get("Retry-After")))
			if answer.status >= 400 and method == "GET":  # of a list's refusal the client would say nothing
				raise _refusal(url, answer.status, said)
			return Response(answer.status, said, answer.headers)

	async def close(self) -> None:
		await self._session.close()


def _proxy_to(url: str) -> str | None:
	"""The environment's proxy: many companies let nothing out but through theirs.

	Asked once for a session: aiohttp's `trust_env` asks for every request, each time on a thread.
	"""
	parts = urlsplit(url)
	proxy = getproxies().get(parts.scheme)
	if not proxy or proxy_bypass(parts.hostname or ""):
		return None
	return proxy if "://" in proxy else f"http://{proxy}"


def _refusal(url: str, status: int, said: str) -> TwilioRestException:
	try:
		told = json.loads(said)
	except ValueError:
		told = None
	told = told if isinstance(told, dict) else {}
	return TwilioRestException(status, url, str(told.get("message", "")), told.get("code") or status)


def ask_all(
	ours: Account, asked: Iterable[Any], one: Callable[[Client, Any], Awaitable[Any]]
) -> Iterator[tuple[Any, Any]]:
	"""Run `one` for each, many at once; hand each back with its result as soon as that is known.

	`one` must not raise.
	"""

	async def with_client(transport: _Transport, each: Any) -> Any:
		return await one(transport.client, each)

	for known in connections.all_at_once(("Twilio", ours), lambda: _Transport(ours), asked, with_client):
		yield from known


def send_all(
	ours: Account, messages: Sequence[Message], create: Callable[[Client, Message], Awaitable[Any]]
) -> Iterator[tuple[Message, Outcome]]:
	"""Create a message or a call for each, and say what became of it."""

	async def one(client: Client, message: Message) -> Outcome | Exception:
		try:
			made = await create(client, message)
			return Sent(made.sid or "")
		except Exception as e:
			return e

	for message, answer in ask_all(ours, messages, one):
		yield message, _outcome(answer, message) if isinstance(answer, Exception) else answer


def found_by(
	ours: Account,
	asked: Sequence[tuple[Message, datetime]],
	find: Callable[[Client, Message, datetime], Awaitable[list[str]]],
) -> dict[str, Outcome]:
	"""What Twilio knows of messages whose outcome we don't: {notification: outcome}; Retry where it can't be asked.

	`find` returns the SIDs that a message may have. Each SID is one message's: where two messages look alike and Twilio
	took one of them, the other is sent again. So is a message that Twilio refuses to tell of: an API key may be allowed to
	send and not to read.
	"""

	async def one(client: Client, question: tuple[Message, datetime]) -> list[str] | Exception:
		try:
			return await find(client, *question)
		except Exception as e:
			return e

	answers = list(ask_all(ours, asked, one))
	owners = _owners({sid for _question, sids in answers if isinstance(sids, list) for sid in sids})
	found: dict[str, Outcome] = {}
	for (message, _since), answer in answers:
		if isinstance(answer, Exception):
			problem = _outcome(answer, message)
			if not isinstance(problem, Failed):
				why = _("Whether Twilio has it can't be asked: {0}").format(problem.detail)
				found[message.notification] = Retry(why)
			continue
		for sid in answer:
			if owners.setdefault(sid, message.notification) == message.notification:
				found[message.notification] = Sent(sid, _("Twilio had taken the earlier attempt."))
				break
	return found


def _owners(sids: set[str]) -> dict[str, str]:
	"""The messages that SIDs are known to be of: {SID: notification}."""
	if not sids:
		return {}
	return dict(
		frappe.get_all(
			NOTIFICATION,
			filters={"provider_message_id": ("in", sorted(sids))},
			fields=["provider_message_id", "name"],
			order_by="name",
			limit_page_length=0,
			as_list=True,
		)
	)


def made_since(record: Any, since: datetime) -> bool:
	"""Whether Twilio made a message or a call after an instant of ours (UTC), as far as clocks agree."""
	created = record.date_created
	if not isinstance(created, datetime):
		return True
	created = created.astimezone(UTC).replace(tzinfo=None) if created.tzinfo else created
	return created >= since - CLOCKS_DIFFER


def outcome(error: Exception) -> Outcome:
	"""What an exception means: before a request was sent it was surely not taken, afterwards it may have been."""
	if isinstance(error, Busy):
		said = _("Twilio is busy or ill ({0}).").format(str(error)[:200])
		if error.status in (502, 504):  # a gateway that lost its answer: what is behind it may have taken it
			return Unknown(said)
		return Retry(said, error.after)
	if isinstance(error, TwilioException) and getattr(error, "status", None):
		return refused(error)
	if isinstance(error, aiohttp.ConnectionTimeoutError):
		return Retry(_("No connection to Twilio within {0} s.").format(CONNECT_SECONDS))
	if isinstance(error, TimeoutError):
		return Unknown(_("Twilio gave no answer within {0} s.").format(SECONDS))
	if isinstance(error, aiohttp.ClientConnectorError):
		return Retry(_("No connection to Twilio: {0}").format(str(error.strerror or error)[:200]))
	if isinstance(error, aiohttp.ClientError | OSError):
		return Unknown(_("The connection broke before Twilio had answered: {0}").format(repr(error)[:200]))
	if isinstance(error, ValueError | TwilioException):
		return Unknown(_("Twilio's answer can't be understood: {0}").format(one_line(str(error), 200)))
	raise error


def _outcome(error: Exception, message: Message) -> Outcome:
	"""Called outside the event loop: what Frappe's locals are given inside a task is lost with it."""
	try:
		return outcome(error)
	except Exception:  # a mistake of ours: it stops no other message
		report_error(f"Escalation: message {message.notification} broke on its way to Twilio")
		return Unknown(repr(error)[:200])


def refused(error: Any) -> Outcome:
	"""A refusal by Twilio, as a TwilioRestException (or its TwilioServiceException) tells it."""
	code = int(error.code or 0)
	said = getattr(error, "msg", None) or getattr(error, "detail", None) or getattr(error, "title", "")
	words = in_words(code) or one_line(str(said), 200)
	detail = _("{0} (Twilio {1})").format(words, code or error.status)
	return Retry(detail) if code in _RETRIED else Failed(detail)


# --- error codes

_RETRIED = frozenset({20429, 21611, 30001, 30022, 14107, 10004, 20500, 20503})


def in_words(code: int | str | None) -> str:
	"""What an error code of Twilio's means, and what to do; empty for one that isn't known here.

	Source: https://www.twilio.com/docs/api/errors
	"""
	try:
		return _codes().get(int(code or 0), "")
	except ValueError:
		return ""


def _codes() -> dict[int, str]:
	settings = _("Correct it in Escalation Settings.")
	return {
		10001: _("The Twilio account is not active. Log in at Twilio; it may be suspended or out of money."),
		10004: _("Too many calls at once for this Twilio account. Ask Twilio for a higher limit."),
		13223: _("Twilio can't dial this number: it is not valid. Correct it in the contact."),
		13224: _("Twilio can't dial this number: no network takes it. Check it in the contact."),
		13225: _("Twilio forbids calls to this number. Choose another number or method."),
		13227: _("Calls to this country are not allowed. Allow it at Twilio under Voice, Geographic Permissions."),
		14107: _("Too many messages at once for this sender. Add another number in Escalation Settings."),
		20003: _("Twilio doesn't accept our log-in. Check Account SID and Auth Token (or API key)."),
		20404: _("Twilio doesn't know this account or resource. Check the Account SID."),
		20429: _("Twilio is asked too often at once."),
		20500: _("Twilio had an internal error."),
		20503: _("Twilio is not available now."),
		21205: _("Twilio can't use our address for its callbacks. Check the Public Address."),
		21210: _("The calling number isn't one of your Twilio numbers. {0}").format(settings),
		21211: _("The number is not valid. Correct it in the contact, with its country code."),
		21212: _("The sender's number is not valid. {0}").format(settings),
		21214: _("This number can't be called. Check it in the contact."),
		21215: _("Calls to this country are not allowed. Allow it at Twilio under Voice, Geographic Permissions."),
		21216: _("Twilio forbids calls to this number. Choose another number or method."),
		21219: _("A Twilio trial account reaches verified numbers only. Verify it at Twilio, or upgrade."),
		21408: _("SMS to this country are not allowed. Allow it at Twilio under Messaging, Geo Permissions."),
		21601: _("The sender's number can't send SMS. Choose another in Escalation Settings."),
		21602: _("The SMS has no text. Check the plan's message."),
		21603: _("The SMS has no sender. Enter a number in Escalation Settings."),
		21604: _("The SMS has no recipient. Enter a number in the contact."),
		21606: _("The sender's number isn't yours or can't send SMS to this country. {0}").format(settings),
		21608: _("A Twilio trial account reaches verified numbers only. Verify it at Twilio, or upgrade."),
		21609: _("Twilio can't use our address for receipts. Check the Public Address."),
		21610: _("This phone has sent STOP. Its owner sends START to your number to be reached again."),
		21611: _("Too many messages wait for this sender. Add another number in Escalation Settings."),
		21612: _("Twilio can't send from this number to that one. Add a number of the recipient's country."),
		21614: _("This is no mobile number: it takes no SMS. Enter a mobile number in the contact."),
		21617: _("The SMS is too long. Shorten the plan's message."),
		21659: _("The sender isn't one of your Twilio numbers. {0}").format(settings),
		21701: _("There is no such Messaging Service. {0}").format(settings),
		21703: _("The Messaging Service has no sender. Add a number to it at Twilio."),
		30001: _("Too many messages wait at Twilio for this sender. Add another number."),
		30002: _("The Twilio account is suspended. Log in at Twilio."),
		30003: _("The phone was off or out of reach."),
		30004: _("The phone, or its network, blocks our messages. Ask its owner to allow them."),
		30005: _("There is no phone with this number any more. Correct it in the contact."),
		30006: _("This is a landline or a network that takes no SMS. Enter a mobile number in the contact."),
		30007: _("The network took the SMS for spam. Register the sender at Twilio, or shorten the text."),
		30008: _("The network failed to deliver it, and didn't say why."),
		30010: _("The SMS costs more than the limit that was set."),
		30022: _("The sender's daily limit in the USA is reached. Register a higher one at Twilio."),
		30032: _("This toll-free sender isn't verified. Verify it at Twilio, or take another number."),
		30034: _("SMS to the USA need a registered sender (A2P 10DLC). Register it at Twilio."),
		30036: _("It waited too long to be of use, and Twilio dropped it."),
		30410: _("The network didn't answer in time."),
		30454: _("The same text was sent too often to this number."),
		32009: _("The phone isn't registered with Twilio now."),
		63038: _("The account's daily limit of messages is reached. Ask Twilio for a higher one."),
	}  # fmt: skip


def known_codes() -> list[int]:
	"""For the documentation's test."""
	return sorted(_codes())
