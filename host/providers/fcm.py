"""Firebase Cloud Messaging, HTTP v1, with Google's token exchange before it.

A message is checked against Google's own description of the API (fcm.v1.json, which google-api-python-client
carries). Sources: https://developers.google.com/identity/protocols/oauth2/service-account (the exchange),
https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode (errors).
"""

import asyncio
import importlib.util
import json
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from host.providers.base import FaultQueue, HttpProvider, until_cancelled
from host.providers.inbox import Inbox
from host.providers.webpush import METHOD

PATH = "/fcm"
PROJECT = "demo-project"
SENDER = f"escalation@{PROJECT}.iam.gserviceaccount.example"
AUDIENCE = "https://oauth2.googleapis.com/token"  # older google-auth names the token_uri instead
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_ERROR_TYPE = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_STATUS = {
	"UNREGISTERED": (404, "NOT_FOUND", "Requested entity was not found."),
	"INVALID_ARGUMENT": (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
	"SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED", "SenderId mismatch"),
	"THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service"),
	"QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED", "Quota exceeded for the project."),
	"UNAVAILABLE": (503, "UNAVAILABLE", "The service is currently unavailable."),
	"INTERNAL": (500, "INTERNAL", "Internal error encountered."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FcmFault:
	code: str = ""  # an error code of FCM's
	headers: dict[str, str] = field(default_factory=dict)
	seconds: float = 0  # the pause before the answer
	close: bool = False  # close the connection in place of an answer
	taken: bool = True  # whether the phone shows it
	token: bool = False  # happens to the token exchange, not to a message


class FcmFaults(FaultQueue[FcmFault]):
	def error(self, code: str, *, retry_after: int | None = None, times: int = 1) -> None:
		"""Answer with an error of FCM's: UNREGISTERED, QUOTA_EXCEEDED, INTERNAL, ..."""
		headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
		self.add(FcmFault(code=code, headers=headers, taken=False), times)

	def slow(self, seconds: float, times: int = 1) -> None:
		"""Take it at once, and answer late."""
		self.add(FcmFault(seconds=seconds), times)

	def lose_answer(self, *, taken: bool = True, times: int = 1) -> None:
		self.add(FcmFault(close=True, taken=taken), times)

	def token(self, times: int = 1) -> None:
		"""Refuse the token exchange."""
		self.add(FcmFault(token=True, taken=False), times)


class Fcm(HttpProvider):
	name = "fcm"

	def __init__(self, inbox: Inbox) -> None:
		super().__init__(inbox)
		self.faults = FcmFaults()
		self.pause = 0.0  # seconds before every answer, for measuring
		self.origin = ""  # set when the port is known
		self.exchanges = 0  # access tokens given
		self._devices: dict[str, str] = {}  # token -> user
		self._access: dict[str, float] = {}  # access token -> until when

	@property
	def base_url(self) -> str:
		"""What stands in place of https://fcm.googleapis.com/v1/projects."""
		return f"{self.origin}{PATH}/v1/projects"

	@property
	def token_url(self) -> str:
		return f"{self.origin}{PATH}/token"

	@cached_property
	def _key(self) -> rsa.RSAPrivateKey:
		return rsa.generate_private_key(public_exponent=65537, key_size=2048)

	def service_account(self) -> dict[str, str]:
		"""The file that Firebase gives an administrator."""
		private = self._key.private_bytes(
			serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
		)
		return {
			"type": "service_account",
			"project_id": PROJECT,
			"private_key_id": "1",
			"private_key": private.decode(),
			"client_email": SENDER,
			"client_id": "1",
			"token_uri": self.token_url,
		}

	def device(self, user: str) -> str:
		"""The token that an app on a user's phone gets."""
		token = f"{secrets.token_urlsafe(16)}:{secrets.token_urlsafe(96)}"
		self._devices[token] = user
		return token

	def uninstall(self, token: str) -> None:
		"""Its user removes the app."""
		self._devices.pop(token, None)

	def routes(self) -> list[web.RouteDef]:
		return [
			web.post(f"{PATH}/token", self._token),
			web.post(PATH + "/v1/projects/{project}/messages:send", self._send),
		]

	async def _token(self, request: web.Request) -> web.Response:
		given = await request.post()
		if self.faults.take(lambda fault: fault.token):
			return _oauth_error("invalid_grant", "Invalid JWT Signature.")
		if given.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
			return _oauth_error("unsupported_grant_type", "Not a JWT bearer grant.")
		try:
			claims = jwt.decode(
				str(given.get("assertion", "")),
				self._key.public_key(),
				algorithms=["RS256"],
				audience=[AUDIENCE, self.token_url],
				issuer=SENDER,
				options={"require": ["exp", "iat", "iss", "aud"]},
			)
		except jwt.PyJWTError as e:
			return _oauth_error("invalid_grant", f"Invalid JWT: {e}")
		if SCOPE not in str(claims.get("scope", "")).split():
			return _oauth_error("invalid_scope", "The scope of messaging is missing.")
		self.exchanges += 1
		access = f"ya29.{secrets.token_urlsafe(32)}"
		self._access[access] = time.time() + 3600
		return web.json_response({"access_token": access, "expires_in": 3599, "token_type": "Bearer"})

	async def _send(self, request: web.Request) -> web.StreamResponse:
		raw = await request.read()
		try:
			body = json.loads(raw)
		except ValueError:
			body = None
		message = body.get("message") if isinstance(body, dict) else None
		message = message if isinstance(message, dict) else {}
		token = str(message.get("token", ""))
		user = self._devices.get(token, "?")
		problem = self._problem(request, body, token)
		if not problem and (body.get("validateOnly") or body.get("validate_only")):
			return web.json_response({"name": f"projects/{PROJECT}/messages/fake_message_id"})
		if problem:
			code, said = problem
			self.note(to=user, id=token[:8], answer=f"{code}: {said}", taken=False)
			return _error(code, said)
		fault = self.faults.take(lambda fault: not fault.token) or FcmFault()
		if fault.taken:
			self._show(user, message)
		answer = "dropped" if fault.close else fault.code or "200"
		self.note(to=user, id=token[:8], answer=answer, taken=fault.taken)
		if seconds := fault.seconds or self.pause:
			await asyncio.sleep(seconds)
		if fault.close:
			if request.transport:
				request.transport.close()
			await until_cancelled()
		if fault.code:
			return _error(fault.code, "", fault.headers)
		return web.json_response({"name": f"projects/{PROJECT}/messages/{secrets.randbits(63)}"})

	def _problem(self, request: web.Request, body: Any, token: str) -> tuple[str, str] | None:
		scheme, _space, access = request.headers.get("Authorization", "").partition(" ")
		if scheme != "Bearer" or self._access.get(access, 0) < time.time():
			return "UNAUTHENTICATED", "Request had invalid authentication credentials."
		if request.match_info["project"] != PROJECT:
			return "SENDER_ID_MISMATCH", "Permission denied on this project."
		if wrong := list(problems(body, "SendMessageRequest")):
			return "INVALID_ARGUMENT", "; ".join(wrong)
		if ":" not in token:
			return "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token"
		if token not in self._devices:
			return "UNREGISTERED", ""
		return None

	def _show(self, user: str, message: dict[str, Any]) -> None:
		notification = message.get("notification") or {}
		self.inbox.add(
			method=METHOD,
			to=user,
			subject=str(notification.get("title", "")),
			text=str(notification.get("body", "")),
			body=message,
			verified=True,
		)


def _oauth_error(error: str, said: str) -> web.Response:
	return web.json_response({"error": error, "error_description": said}, status=400)


def _error(code: str, said: str, headers: dict[str, str] | None = None) -> web.Response:
	status, name, words = _STATUS.get(code, (401, code, ""))
	details = [{"@type": _ERROR_TYPE, "errorCode": code}] if code in _STATUS else []
	error = {"code": status, "message": said or words, "status": name, "details": details}
	return web.json_response({"error": error}, status=status, headers=headers)


# --- Google's description of the API


@cache
def schemas() -> dict[str, Any]:
	"""The schemas of fcm.v1.json."""
	package = importlib.util.find_spec("googleapiclient")
	folder = Path(package.submodule_search_locations[0]) / "discovery_cache" / "documents"
	return json.loads((folder / "fcm.v1.json").read_text())["schemas"]


def problems(value: Any, schema: str | dict[str, Any], at: str = "") -> Iterator[str]:
	"""What of a value the description doesn't know, or knows to be of another kind."""
	if isinstance(schema, str):
		schema = schemas()[schema]
	if "$ref" in schema:
		schema = schemas()[schema["$ref"]]
	here = at or "the request"
	match schema.get("type"):
		case "object":
			yield from (
				_in_object(value, schema, at) if isinstance(value, dict) else [f"{here} is not an object"]
			)
		case "array":
			yield from _in_list(value, schema, at) if isinstance(value, list) else [f"{here} is not a list"]
		case "string":
			yield from _in_text(value, schema, here)
		case "boolean" if not isinstance(value, bool):
			yield f"{here} is not a boolean"
		case "integer" | "number" if isinstance(value, bool) or not isinstance(value, int | float):
			yield f"{here} is not a number"


def _in_object(value: dict[str, Any], schema: dict[str, Any], at: str) -> Iterator[str]:
	known, others = schema.get("properties", {}), schema.get("additionalProperties")
	for name, part in value.items():
		inner = f"{at}.{name}" if at else name
		# Google's JSON takes a field under its proto name as well; pyfcm writes validate_only.
		named = known.get(name) or known.get(re.sub(r"_([a-z])", lambda m: m[1].upper(), name))
		if named or others:
			yield from problems(part, named or others, inner)
		else:
			yield f"Invalid JSON payload received. Unknown name {inner!r}"


def _in_list(value: list[Any], schema: dict[str, Any], at: str) -> Iterator[str]:
	for number, part in enumerate(value):
		yield from problems(part, schema["items"], f"{at}[{number}]")


def _in_text(value: Any, schema: dict[str, Any], here: str) -> Iterator[str]:
	if not isinstance(value, str):
		yield f"{here} is not a text"
	elif schema.get("enum") and value not in schema["enum"]:
		yield f"{here} is none of {', '.join(schema['enum'])}"
	elif schema.get("format") == "google-duration" and not re.fullmatch(r"\d+(\.\d{1,9})?s", value):
		yield f"{here} is not a duration"
