"""Web Push: one of the two ways of the method iPhone Notification; to browsers, and to pages on a home screen.

Sources: RFC 8030 (the request: TTL, Urgency, Topic, what each status means), RFC 8188 and 8291 (encryption, done by
pywebpush), RFC 8292 (VAPID, by which a push service knows who sends).
"""

import base64
import functools
import hashlib
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import frappe
from cryptography.hazmat.primitives.asymmetric import ec
from frappe import _
from frappe.utils.password import get_decrypted_password, set_encrypted_password
from py_vapid import Vapid02, VapidException
from pywebpush import WebPusher, WebPushException

from escalation_mgmt.notifiers import answers, egress
from escalation_mgmt.notifiers.base import CannotReach, Failed, Outcome, Retry, Sent, Unknown
from escalation_mgmt.notifiers.push import devices
from escalation_mgmt.utils.doctypes import SETTINGS

SECONDS = 10  # for one request
CONNECTIONS = 256
TTL = timedelta(hours=24)  # how long a push service keeps it for a phone that is off
TOKEN_LIFE = timedelta(hours=12)  # RFC 8292 allows 24 at most
LARGEST = 3000  # bytes of JSON; RFC 8030 promises 4096 encrypted, of which keys and padding take some


@dataclass(frozen=True, slots=True)
class Gone:
	"""The device doesn't exist any more, for its service said so; the text says why."""

	detail: str


# --- our keys


def key_pairs(generate: bool = False) -> dict[str, Vapid02]:
	"""Our key pairs by their public key, the present one first; {} where there is none and none was asked for.

	The site's configuration (`escalation_vapid_private_key`: base64url of the 32 bytes) wins over Escalation
	Settings. The pair before the last rotation still serves the devices that haven't subscribed anew.
	"""
	present = frappe.conf.get("escalation_vapid_private_key") or _stored("vapid_private_key")
	if not present and generate:
		_lock()
		present = _stored("vapid_private_key") or _store_new()
	found = {}
	for private in (present, _stored("previous_vapid_private_key")):
		if private:
			try:
				pair = Vapid02.from_raw(private.encode())
			except ValueError as e:
				raise CannotReach(_("The VAPID key is not valid: {0}").format(e)) from None
			found[public_key(pair)] = pair
	return found


def public_key(pair: Vapid02) -> str:
	"""As browsers take it: base64url of the uncompressed point, 65 bytes."""
	numbers = pair.public_key.public_numbers()
	return devices.encoded(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))


def rotate() -> str:
	"""Make a new pair; the old one serves until the next rotation. Returns the new public key."""
	_lock()
	if old := _stored("vapid_private_key"):
		_store("previous_vapid_private_key", old)
	_store_new()
	return next(iter(key_pairs()))


def new_pair() -> Vapid02:
	# py-vapid's own way fails where cryptography is new.
	return Vapid02(ec.generate_private_key(ec.SECP256R1()))


def _store_new() -> str:
	pair = new_pair()
	private = devices.encoded(pair.private_key.private_numbers().private_value.to_bytes(32, "big"))
	_store("vapid_private_key", private)
	frappe.db.set_single_value(SETTINGS, "vapid_public_key", public_key(pair))
	return private


def _store(field: str, secret: str) -> None:
	set_encrypted_password(SETTINGS, SETTINGS, secret, field)
	# What the form shows; were it empty, saving the form would delete the secret.
	frappe.db.set_single_value(SETTINGS, field, "*" * 10)


def _stored(field: str) -> str:
	return get_decrypted_password(SETTINGS, SETTINGS, field, raise_exception=False) or ""


def _lock() -> None:
	"""Two first uses at once must not make two pairs: this row is always there."""
	frappe.db.sql(
		"select `value` from `tabSingles` where `doctype` = %s and `field` = 'installation_id' for update",
		(SETTINGS,),
	)


def subject() -> str:
	"""Whom a push service may ask about our messages (RFC 8292, 2.1): mailto: or https:. Apple refuses a made-up one."""
	settings = frappe.get_cached_doc(SETTINGS)
	chosen = (settings.get("vapid_subject") or "").strip()
	if chosen:
		return subject_of(chosen)
	public = urlsplit((settings.public_url or "").strip())
	if public.scheme == "https" and public.hostname:
		return f"https://{public.hostname}"
	email = frappe.db.get_value("Email Account", {"default_outgoing": 1}, "email_id")
	return f"mailto:{email or 'escalation@example.com'}"


def subject_of(chosen: str) -> str:
	"""An email address alone will do."""
	return chosen if chosen.startswith(("mailto:", "https://")) else f"mailto:{chosen}"


def subject_problem(text: str) -> str:
	"""What is wrong with a subject; empty: nothing."""
	try:
		new_pair().sign({"sub": text, "aud": "https://push.example.com"})
	except VapidException:
		return _("Write an email address that somebody reads, such as mailto:helpdesk@example.com.")
	return ""


# --- sending


def check_endpoint(url: str) -> None:
	"""Refuse what no push service's address can be: it comes from a browser, so from anybody. Raises egress.Forbidden."""
	allowed = egress.allowed_hosts()
	egress.check_url(url, allowed)
	parts = urlsplit(url)
	if parts.scheme != "https" and not egress.is_allowed(parts.hostname or "", parts.port or 80, allowed):
		raise egress.Forbidden(lambda: _("The address of a push service begins with https://."))


def topic(item: str) -> str:
	"""One topic for each action item, so that a newer message replaces one not delivered yet (RFC 8030, 5.4)."""
	return base64.urlsafe_b64encode(hashlib.sha256(item.encode()).digest())[:32].decode()


class Pusher:
	"""Sends to browsers over one pool of connections; made inside its event loop."""

	def __init__(self, pairs: dict[str, Vapid02], subject: str):
		self._pairs, self._subject = pairs, subject
		self._session = egress.session(egress.allowed_hosts(), CONNECTIONS)
		self._signed = functools.cache(self._sign)

	async def close(self) -> None:
		await self._session.close()

	async def send(self, device: devices.Device, body: str, topic: str, urgency: str) -> "Answer | Exception":
		"""What came of it, for `outcome`; not yet in words, as an event loop knows no reader, nor on Frappe 15 the site."""
		if device.server_key not in self._pairs:
			return OldKey()
		try:
			check_endpoint(device.endpoint)
			parts = urlsplit(device.endpoint)
			headers = {
				**self._signed(device.server_key, f"{parts.scheme}://{parts.netloc}"),
				"Urgency": urgency,
				"Topic": topic,
			}
			pusher = WebPusher(
				{"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}},
				aiohttp_session=_Transport(self._session),
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

	def __init__(self, session: aiohttp.ClientSession):
		self._session = session

	async def post(self, url: str, **request: Any) -> Answer:
		async with self._session.post(url, allow_redirects=False, **request) as response:
			body = answers.one_line(await answers.first_part(response), 300)
			return Answer(response.status, response.reason or "", response.headers, body)


def _broken(error: Exception) -> Outcome:
	"""What an exception means: before the request was sent it was surely not taken, afterwards it may have been."""
	if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.__cause__, egress.Forbidden):
		error = error.__cause__
	if isinstance(error, egress.Forbidden):
		return Failed(str(error))
	if isinstance(error, OldKey):
		return Failed(_("was added with a key of ours that is no longer used; its owner opens the page once"))
	if isinstance(error, aiohttp.ConnectionTimeoutError):
		return Retry(_("no connection to its push service within {0} s").format(f"{SECONDS / 2:g}"))
	if isinstance(error, TimeoutError):
		return Unknown(_("its push service gave no answer within {0} s").format(SECONDS))
	if isinstance(error, aiohttp.ClientConnectorError):
		return Retry(_("no connection to its push service: {0}").format(str(error.strerror or error)[:200]))
	if isinstance(error, aiohttp.ClientError | OSError) and not isinstance(error, aiohttp.InvalidURL):
		return Unknown(
			_("the connection broke before its push service had answered: {0}").format(repr(error)[:200])
		)
	if isinstance(error, VapidException):
		return Failed(_("our VAPID subject is not valid; correct it in Escalation Settings"))
	if isinstance(error, WebPushException | ValueError | aiohttp.InvalidURL):
		return Failed(_("can't be written to: {0}").format(str(error)[:200]))
	raise error


def outcome(answer: Answer | Exception) -> Outcome | Gone:
	"""What came of a request means for the message, in words that tell what to do. Raises what nobody foresaw."""
	if isinstance(answer, Exception):
		return _broken(answer)
	status = answer.status
	said = f"{status} {answer.body or answer.reason}".strip()
	if status in (200, 201, 202, 204):
		return Sent(answer.headers.get("Location", "")[:140])
	if status in (404, 410):
		return Gone(
			_("its subscription has ended (the page was removed from it, or notifications were forbidden)")
		)
	if answers.is_busy(status):
		return Retry(
			_("its push service is busy: {0}").format(said),
			answers.retry_after(answer.headers.get("Retry-After")),
		)
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
