"""Web Push: one of the two ways of the method iPhone Notification; to browsers, and to pages on a home screen.

Sources: RFC 8030 (the request: TTL, Urgency, Topic, what each status means), RFC 8188 and 8291 (encryption, done by
pywebpush), RFC 8292 (VAPID, by which a push service knows who sends).
"""

import base64
import functools
import hashlib
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from frappe import _
from py_vapid import Vapid02, VapidException
from pywebpush import WebPusher, WebPushException

from escalation_mgmt.notifiers import answers, egress
from escalation_mgmt.notifiers.answers import Trouble
from escalation_mgmt.notifiers.base import Failed, Outcome, Retry, Sent, Unknown
from escalation_mgmt.notifiers.push import services
from escalation_mgmt.notifiers.push.base import TTL, Gone
from escalation_mgmt.notifiers.push.devices import Device
from escalation_mgmt.utils.site_config import Proxy

SECONDS = 10  # for one request
CONNECTIONS = 256
TOKEN_LIFE = timedelta(hours=12)  # RFC 8292 allows 24 at most
# Apple, "Sending web push notifications in web apps and browsers"; Mozilla's `errno` is a number.
_APPLES_REASONS = frozenset(
	(
		*(
			"BadDeviceToken",
			"BadJwtToken",
			"BadPath",
			"BadTtl",
			"BadUrgency",
			"BadVapidPublicKey",
			"BadWebPushTopic",
		),
		*("ExpiredJwtToken", "Forbidden", "InternalServerError", "InvalidProviderToken", "MethodNotAllowed"),
		*(
			"MissingCryptoKey",
			"MissingContentEncoding",
			"PayloadEmpty",
			"PayloadTooLarge",
			"ServiceUnavailable",
		),
		*("Shutdown", "TooManyRequests", "Unregistered", "VapidPkHashMismatch"),
	)
)
LARGEST = 3000  # bytes of JSON; RFC 8030 promises 4096 encrypted, of which keys and padding take some


def topic(item: str) -> str:
	"""One topic for each action item, so that a newer message replaces one not delivered yet (RFC 8030, 5.4)."""
	return base64.urlsafe_b64encode(hashlib.sha256(item.encode()).digest())[:32].decode()


class Pusher:
	"""Sends to browsers over one pool of connections; made inside its event loop."""

	def __init__(self, pairs: dict[str, Vapid02], subject: str, proxy: Proxy | None):
		self._pairs, self._subject = pairs, subject
		self._pool = egress.Outbound(services.inside(), CONNECTIONS, proxy=proxy)
		self._signed = functools.cache(self._sign)

	async def close(self) -> None:
		await self._pool.close()

	async def send(self, device: Device, body: str, topic: str, urgency: str) -> "Answer | Exception":
		"""What came of it, for `outcome`; not yet in words, as an event loop knows no reader, nor on Frappe 15 the site."""
		if device.server_key not in self._pairs:
			return OldKey()
		try:
			services.check(device.endpoint)
			parts = urlsplit(device.endpoint)
			headers = {
				**self._signed(device.server_key, f"{parts.scheme}://{parts.netloc}"),
				"Urgency": urgency,
				"Topic": topic,
			}
			pusher = WebPusher(
				{"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}},
				aiohttp_session=_Transport(self._pool),
			)
			timeout = aiohttp.ClientTimeout(total=SECONDS, connect=SECONDS / 2)
			return await pusher.send_async(
				body.encode(), headers, ttl=int(TTL.total_seconds()), timeout=timeout
			)
		except Exception as e:
			return e

	def _sign(self, key: str, audience: str) -> dict[str, str]:
		# The wire's own time, not the escalation's clock: the push service compares it with its own.
		expires = int(time.time() + TOKEN_LIFE.total_seconds())
		return self._pairs[key].sign({"aud": audience, "sub": self._subject, "exp": expires})


class OldKey(Exception):
	"""The device was added with a key of ours that isn't used any more."""


@dataclass(frozen=True, slots=True)
class Answer:
	status: int
	reason: str
	headers: Any
	body: str

	async def text(self) -> str:
		return self.body


class _Transport:
	"""What pywebpush posts through: follows no redirect, and reads the first part of an answer only."""

	def __init__(self, pool: egress.Outbound):
		self._pool = pool

	async def post(self, url: str, **request: Any) -> Answer:
		async with self._pool.request("POST", url, **request) as response:
			body = answers.one_line(await answers.first_part(response), 300)
			return Answer(response.status, response.reason or "", response.headers, body)


def outcome(answer: Answer | Exception) -> Outcome | Gone:
	"""What came of a request means for the message, in words that tell what to do. Raises what nobody foresaw."""
	if isinstance(answer, Exception):
		return _broken(answer)
	status = answer.status
	said = f"{status} {_known_reason(answer.body)}".strip()
	if status in (200, 201, 202, 204):
		return Sent()  # the address of its receipt is the service's own word, too, and we never ask for one
	if status in (404, 410):
		return Gone(
			_("its subscription has ended (the page was removed from it, or notifications were forbidden)")
		)
	if answers.is_busy(status):
		wait = answers.retry_after(answer.headers.get("Retry-After"))
		return Retry(_("its push service is busy: {0}").format(said), wait)
	return _refused(status, said)


def _known_reason(body: str) -> str:
	"""Of what a push service answered, its reason, if it is one that is documented; nothing else of it goes any further.

	Whoever adds a device chooses who answers, and may read what became of their messages.
	"""
	try:
		said = json.loads(body)
	except ValueError:
		return ""
	said = said if isinstance(said, dict) else {}
	reason, number = said.get("reason"), said.get("errno")
	if isinstance(reason, str) and reason in _APPLES_REASONS:
		return reason
	return f"errno {number}" if type(number) is int and 0 < number < 1000 else ""


def _refused(status: int, said: str) -> Outcome:
	if status == 413:
		return Failed(_("its push service finds the message too long: {0}").format(said))
	if status in (401, 403):
		return Failed(
			_(
				"its push service refuses our key: {0}. Check the VAPID subject in Escalation Settings; if it is right,"
				" the device is removed and added again"
			).format(said)
		)
	if 300 <= status < 400:
		return Failed(_("its push service sends us elsewhere, which is not followed: {0}").format(said))
	return Failed(_("its push service refuses the message: {0}").format(said))


def _broken(error: Exception) -> Outcome:
	"""What it means that there is no answer."""
	if forbidden := egress.refusal(error):
		return Failed(str(forbidden))
	if isinstance(error, OldKey):
		return Failed(_("was added with a key of ours that is no longer used; its owner opens the page once"))
	trouble = answers.trouble(error)
	if trouble and trouble != Trouble.NOT_AN_ADDRESS:
		return _unanswered(error, trouble)
	if isinstance(error, VapidException):
		return Failed(_("our VAPID subject is not valid; correct it in Escalation Settings"))
	if isinstance(error, WebPushException | ValueError):
		return Failed(_("can't be written to: {0}").format(str(error)[:200]))
	raise error


def _unanswered(error: Exception, trouble: Trouble) -> Outcome:
	match trouble:
		case Trouble.NO_CONNECTION_IN_TIME:
			return Retry(_("no connection to its push service within {0} s").format(f"{SECONDS / 2:g}"))
		case Trouble.NO_ANSWER_IN_TIME:
			return Unknown(_("its push service gave no answer within {0} s").format(SECONDS))
		case Trouble.NO_CONNECTION:
			return Retry(
				_("no connection to its push service: {0}").format(str(error.strerror or error)[:200])
			)
		case Trouble.PROXY_REFUSED:
			return Retry(_("the proxy doesn't let us through: {0}").format(answers.by_proxy(error)))
	return Unknown(
		_("the connection broke before its push service had answered: {0}").format(repr(error)[:200])
	)
