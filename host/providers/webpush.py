"""A Web Push service, and the browsers behind it: what is sent to a subscription is decrypted as a browser would.

Sources: RFC 8030 (requests and their answers), RFC 8188 and 8291 (encryption), RFC 8292 (VAPID). Decrypting is written
here from these, so that what our sender's library encrypts has a judge that shares no code with it.
"""

import asyncio
import base64
import json
import os
import re
import secrets
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from host.providers.base import FaultQueue, HttpProvider, until_cancelled
from host.providers.inbox import Inbox

METHOD = "iPhone Notification"
PATH = "/webpush"
LARGEST = 4096  # bytes of an encrypted message
_URGENCIES = ("very-low", "low", "normal", "high")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
_LONGEST_LIFE = 24 * 3600  # seconds, of a VAPID token


@dataclass(frozen=True, slots=True, kw_only=True)
class PushFault:
	to: str = ""  # only for this user
	status: int = 201
	headers: dict[str, str] = field(default_factory=dict)
	body: str = ""
	seconds: float = 0  # the pause before the answer
	drop: str = ""  # in place of an answer: "close" the connection, or "reset" it
	taken: bool = True  # whether the phone shows it


class PushFaults(FaultQueue[PushFault]):
	def status(
		self, code: int, *, retry_after: int | str | None = None, body: str = "", to: str = "", times: int = 1
	) -> None:
		"""Answer with this status. The message is shown only where it means success."""
		headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
		self.add(PushFault(to=to, status=code, headers=headers, body=body, taken=200 <= code < 300), times)

	def slow(self, seconds: float, *, to: str = "", times: int = 1) -> None:
		"""Take it at once, and answer late."""
		self.add(PushFault(to=to, seconds=seconds), times)

	def lose_answer(self, *, taken: bool = True, reset: bool = False, to: str = "", times: int = 1) -> None:
		"""Read the whole request, then close (or reset) the connection."""
		self.add(PushFault(to=to, drop="reset" if reset else "close", taken=taken), times)


@dataclass(slots=True, kw_only=True)
class Browser:
	"""One subscription of one user's browser, with the secrets that only a browser has."""

	id: str
	user: str
	url: str
	server_key: bytes  # the only sender that it takes messages from
	private: ec.EllipticCurvePrivateKey
	auth: bytes
	gone: bool = False
	shown: dict[str, dict[str, Any]] = field(default_factory=dict)  # what is on the screen, by tag

	@property
	def public(self) -> bytes:
		return point(self.private.public_key())

	def as_json(self) -> dict[str, Any]:
		"""What PushSubscription.toJSON() gives a page."""
		return {
			"endpoint": self.url,
			"expirationTime": None,
			"keys": {"p256dh": encoded(self.public), "auth": encoded(self.auth)},
		}


class Refused(Exception):
	def __init__(self, status: int, why: str) -> None:
		super().__init__(why)
		self.status = status


class WebPush(HttpProvider):
	name = "webpush"

	def __init__(self, inbox: Inbox) -> None:
		super().__init__(inbox)
		self.faults = PushFaults()
		self.pause = 0.0  # seconds before every answer, for measuring
		self.origin = ""  # set when the port is known
		self._browsers: dict[str, Browser] = {}
		self._lock = threading.Lock()

	def subscribe(self, user: str, server_key: str) -> Browser:
		"""What a browser does for a page. `server_key`: applicationServerKey, base64url. Raises ValueError."""
		raw = _decoded(server_key)
		ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
		id = secrets.token_urlsafe(24)
		browser = Browser(
			id=id,
			user=user,
			url=f"{self.origin}{PATH}/{id}",
			server_key=raw,
			private=ec.generate_private_key(ec.SECP256R1()),
			auth=os.urandom(16),
		)
		with self._lock:
			self._browsers[id] = browser
		return browser

	def unsubscribe(self, browser: Browser) -> None:
		browser.gone = True

	def forget(self) -> None:
		"""Forget every browser, as if none had ever subscribed."""
		with self._lock:
			self._browsers.clear()

	def shown(self, user: str) -> list[dict[str, Any]]:
		"""The notifications on the screens of a user's phones: of each tag the newest."""
		with self._lock:
			return [
				shown
				for browser in self._browsers.values()
				if browser.user == user
				for shown in browser.shown.values()
			]

	def routes(self) -> list[web.RouteDef]:
		return [
			web.post(PATH + "/{id}", self._push),
			web.post("/api/webpush/subscriptions", self._subscribe),
		]

	async def _subscribe(self, request: web.Request) -> web.Response:
		"""For a page in a browser without a push service of its own: {"user", "applicationServerKey"}."""
		try:
			wanted = await request.json()
			browser = self.subscribe(str(wanted["user"]), str(wanted["applicationServerKey"]))
		except (ValueError, KeyError, TypeError) as e:
			raise web.HTTPBadRequest(text=str(e)) from None
		return web.json_response(browser.as_json(), status=201)

	async def _push(self, request: web.Request) -> web.StreamResponse:
		raw = await request.read()
		browser = self._browsers.get(request.match_info["id"])
		to = browser.user if browser else "?"
		topic = request.headers.get("Topic", "")
		try:
			message = self._opened(browser, raw, request)
		except Refused as e:
			self.note(to=to, id=topic, answer=f"{e.status} {e}", taken=False)
			return web.Response(status=e.status, text=str(e))
		fault = self.faults.take(lambda fault: fault.to in ("", to)) or PushFault()
		if fault.taken:
			self._show(browser, message, request)
		answer = f"dropped ({fault.drop})" if fault.drop else f"{fault.status} {fault.body}".strip()
		self.note(to=to, id=topic, answer=answer, taken=fault.taken)
		if seconds := fault.seconds or self.pause:
			await asyncio.sleep(seconds)
		if fault.drop:
			_drop(request, reset=fault.drop == "reset")
			await until_cancelled()
		headers = dict(fault.headers)
		if fault.status == 201:
			headers["Location"] = f"{self.origin}{PATH}-message/{secrets.token_urlsafe(12)}"
		return web.Response(status=fault.status, text=fault.body, headers=headers)

	def _show(self, browser: Browser, message: dict[str, Any], request: web.Request) -> None:
		notification = message.get("notification") if isinstance(message, dict) else None
		notification = notification if isinstance(notification, dict) else {}
		with self._lock:
			browser.shown[str(notification.get("tag") or secrets.token_hex(4))] = notification
		self.inbox.add(
			method=METHOD,
			to=browser.user,
			id=request.headers.get("Topic", ""),
			subject=str(notification.get("title", "")),
			text=str(notification.get("body", "")),
			body=message,
			headers={name.lower(): value for name, value in request.headers.items()},
			verified=True,
		)

	def _opened(self, browser: Browser | None, raw: bytes, request: web.Request) -> Any:
		"""The message, if everything about the request is right. Raises Refused."""
		if not browser:
			raise Refused(404, "There is no such subscription.")
		if browser.gone:
			raise Refused(410, "The subscription has ended.")
		headers = request.headers
		if not headers.get("TTL", "").isdigit():
			raise Refused(400, "TTL is missing or no number (RFC 8030, 5.2).")
		if headers.get("Urgency", "normal") not in _URGENCIES:
			raise Refused(400, "Urgency is none of RFC 8030, 5.3.")
		if "Topic" in headers and not _TOPIC.fullmatch(headers["Topic"]):
			raise Refused(400, "Topic has more than 32 characters, or others than base64url (RFC 8030, 5.4).")
		if len(raw) > LARGEST:
			raise Refused(413, "The message is too long.")
		self._check_sender(browser, headers.get("Authorization", ""))
		if headers.get("Content-Encoding") != "aes128gcm":
			raise Refused(415, "Content-Encoding must be aes128gcm (RFC 8291).")
		try:
			return json.loads(decrypt(raw, browser.private, browser.auth))
		except (ValueError, InvalidTag) as e:
			raise Refused(400, f"Can't be decrypted: {e or type(e).__name__}") from None

	def _check_sender(self, browser: Browser, authorization: str) -> None:
		"""RFC 8292. Raises Refused."""
		scheme, _space, rest = authorization.partition(" ")
		parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
		if scheme.lower() != "vapid" or not parts.get("t") or not parts.get("k"):
			raise Refused(401, "Authorization is not vapid t=..., k=...")
		if _decoded(parts["k"]) != browser.server_key:
			raise Refused(403, "The key is not the one that the browser subscribed with.")
		key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), browser.server_key)
		try:
			claims = jwt.decode(
				parts["t"],
				key,
				algorithms=["ES256"],
				audience=self.origin,
				options={"require": ["exp", "aud", "sub"]},
			)
		except jwt.PyJWTError as e:
			raise Refused(403, f"BadJwtToken: {e}") from None
		if claims["exp"] > time.time() + _LONGEST_LIFE:
			raise Refused(403, "ExpiredJwtToken: exp is more than a day away.")
		if not str(claims["sub"]).startswith(("mailto:", "https://")):
			raise Refused(403, "BadJwtToken: sub is neither mailto: nor https:.")


def decrypt(raw: bytes, private: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
	"""The content of a message (RFC 8188 with one record, keys of RFC 8291, 3.4). Raises ValueError or InvalidTag."""
	if len(raw) < 21 + 65 + 17:
		raise ValueError("too short")
	salt, size, length = raw[:16], int.from_bytes(raw[16:20], "big"), raw[20]
	sender, record = raw[21 : 21 + length], raw[21 + length :]
	if length != 65 or len(record) > size:
		raise ValueError("not one record with a key of 65 bytes")
	shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
	info = b"WebPush: info\x00" + point(private.public_key()) + sender
	keying = _derived(shared, auth, info, 32)
	key = _derived(keying, salt, b"Content-Encoding: aes128gcm\x00", 16)
	nonce = _derived(keying, salt, b"Content-Encoding: nonce\x00", 12)
	padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\x00")
	if padded[-1:] != b"\x02":
		raise ValueError("the last record has no end")
	return padded[:-1]


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
	return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
	"""A public key as Web Push sends it."""
	return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def encoded(raw: bytes) -> str:
	"""In base64url, without padding."""
	return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
	return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _drop(request: web.Request, *, reset: bool) -> None:
	"""End the connection without an answer; with a reset, the other side sees RST in place of FIN."""
	transport = request.transport
	if not transport:
		return
	if reset:
		linger = struct.pack("ii", 1, 0)
		transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
	transport.abort() if reset else transport.close()
