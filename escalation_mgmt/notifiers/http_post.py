"""HTTP POST of JSON to an Escalation Endpoint, signed as Standard Webhooks says.

Source of the signature: https://www.standardwebhooks.com, specification 1.0. The webhook-id is our
notification's, the same in every attempt, so that a receiver can tell a repeated message from a new one.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import frappe
from frappe import _
from frappe.utils import cint
from standardwebhooks import Webhook

from escalation_mgmt.notifiers import egress
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
from escalation_mgmt.reporting import report_error
from escalation_mgmt.templating import render

CONNECTIONS = 256
ANSWER_BYTES = 2000  # how much of an answer is read and recorded
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
RETRIED = frozenset({408, 425, 429})  # and every 5xx


@dataclass(frozen=True, slots=True)
class Request:
	url: str
	body: bytes
	headers: dict[str, str]
	seconds: float
	secrets: tuple[str, ...] = ()  # values that no record may hold


class HttpPostNotifier(Notifier):
	method = "HTTP POST"
	to_endpoints = True

	def __init__(self) -> None:
		self._endpoints: dict[str, Any] = {}
		self._headers: dict[str, dict[str, str]] = {}
		self._signers: dict[str, list[Webhook]] = {}

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
		with asyncio.Runner() as runner:
			pool = runner.run(_open_pool(allowed_hosts()))
			try:
				loop = runner.get_loop()
				tasks = {loop.create_task(_post(pool, request)): message for message, request in ready}
				pending = set(tasks)
				while pending:
					# Hand back what is done every 50 ms: one slow receiver must not hold up what is known of others.
					done, pending = runner.run(_wait(pending, 0.05))
					for task in done:
						yield tasks[task], task.result()
			finally:
				runner.run(pool.close())

	def _endpoint(self, name: str) -> Any:
		if name not in self._endpoints:
			exists = frappe.db.exists("Escalation Endpoint", name)
			self._endpoints[name] = frappe.get_doc("Escalation Endpoint", name) if exists else None
		return self._endpoints[name]

	def _headers_of(self, endpoint: Any) -> dict[str, str]:
		if endpoint.name not in self._headers:
			self._headers[endpoint.name] = {
				**{
					row.header: checked_header(row.header, row.get_password("value"))
					for row in endpoint.headers
				},
				"Content-Type": "application/json",
				"User-Agent": "escalation_mgmt",
			}
		return self._headers[endpoint.name]

	def _signers_of(self, endpoint: Any) -> list[Webhook]:
		if endpoint.name not in self._signers:
			secrets = [endpoint.get_password(f, raise_exception=False) for f in ("secret", "previous_secret")]
			self._signers[endpoint.name] = [Webhook(secret) for secret in secrets if secret]
		return self._signers[endpoint.name]

	def _request(self, message: Message) -> Request:
		self.check_address(message.address)
		endpoint = self._endpoint(message.address)
		egress.check_url(endpoint.url, allowed_hosts())
		body = render_payload(endpoint.payload, message.context)
		headers = self._headers_of(endpoint) | signature(
			self._signers_of(endpoint), message.notification, body
		)
		secrets = tuple(self._headers_of(endpoint)[row.header] for row in endpoint.headers)
		return Request(endpoint.url, body.encode(), headers, cint(endpoint.timeout) or 10, secrets)


def checked_header(name: str, value: str) -> str:
	"""The value, if it can stand in a header (RFC 9110, 5.5). Raises CannotReach."""
	if not value.isprintable() or not value.isascii() or not _TOKEN.fullmatch(name):
		raise CannotReach(_("The header {0} has characters that no header can hold.").format(name))
	return value


def allowed_hosts() -> list[str]:
	"""Hosts inside that the administrator allowed by name, in the site's own configuration."""
	return frappe.conf.get("escalation_allowed_hosts") or []


def render_payload(template: str, context: dict[str, Any]) -> str:
	"""The JSON body. Raises ValueError where the template doesn't render to JSON."""
	rendered = render(template, context)
	try:
		return json.dumps(json.loads(rendered), ensure_ascii=False)
	except json.JSONDecodeError as e:
		raise ValueError(_("The body is not valid JSON: {0}").format(e)) from None


def signature(signers: list[Webhook], id: str, body: str) -> dict[str, str]:
	"""The headers of Standard Webhooks; one signature for each secret, so that a receiver can change over."""
	# The wire's own time, not the escalation's clock: the receiver compares it with its own.
	at = datetime.now(UTC)
	headers = {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp()))}
	if signers:
		headers["webhook-signature"] = " ".join(signer.sign(id, at, body) for signer in signers)
	return headers


async def _open_pool(allowed: list[str]) -> aiohttp.ClientSession:
	# No proxy from the environment and no cookies: what was checked is what is connected to.
	return aiohttp.ClientSession(
		connector=egress.connector(allowed, CONNECTIONS), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
	)


async def _wait(pending: set, seconds: float) -> tuple[set, set]:
	return await asyncio.wait(pending, timeout=seconds)


async def _post(pool: aiohttp.ClientSession, request: Request) -> Outcome:
	timeout = aiohttp.ClientTimeout(total=request.seconds, connect=request.seconds / 2)
	try:
		async with pool.post(
			request.url, data=request.body, headers=request.headers, timeout=timeout, allow_redirects=False
		) as response:
			answer = await first_part(response)
			for secret in request.secrets:
				answer = answer.replace(secret, "…")  # a receiver may send back what it got
			return _outcome(response, answer)
	except egress.Forbidden as e:
		return Failed(str(e))
	except aiohttp.ConnectionTimeoutError:
		return Retry(f"no connection within {request.seconds / 2:g} s")
	except TimeoutError:
		return Unknown(f"no answer within {request.seconds:g} s")
	except aiohttp.ClientConnectorError as e:
		if isinstance(e.__cause__, egress.Forbidden):
			return Failed(str(e.__cause__))
		return Retry(f"no connection: {e.strerror or e}"[:300])
	except aiohttp.InvalidURL as e:
		return Failed(f"not an address: {e}")
	except (aiohttp.ClientError, OSError, ValueError) as e:
		return Unknown(f"the connection broke before the answer was complete: {e!r}"[:300])


async def first_part(response: aiohttp.ClientResponse) -> str:
	"""The first part of the answer. The status is known by now: an answer that breaks off changes nothing."""
	parts: list[bytes] = []
	size = 0
	try:
		async for chunk in response.content.iter_chunked(ANSWER_BYTES):
			parts.append(chunk)
			size += len(chunk)
			if size >= ANSWER_BYTES:
				break
	except (aiohttp.ClientError, OSError, TimeoutError):
		pass
	return b"".join(parts)[:ANSWER_BYTES].decode("utf-8", "replace")


def _outcome(response: aiohttp.ClientResponse, answer: str) -> Outcome:
	said = f"{response.status} {response.reason or ''} {answer}".strip()
	if 200 <= response.status < 300:
		return Sent(detail=said)
	if response.status in RETRIED or response.status >= 500:
		return Retry(said, retry_after(response.headers.get("Retry-After")))
	if 300 <= response.status < 400:
		return Failed(f"{said} (redirects are not followed)")
	return Failed(said)


def retry_after(value: str | None) -> timedelta | None:
	"""Seconds or a date (RFC 9110, 10.2.3), as a pause from now."""
	value = (value or "").strip()
	if value.isascii() and value.isdigit():
		return timedelta(seconds=int(value[:8]))  # as good as for ever
	try:
		return max(parsedate_to_datetime(value) - datetime.now(UTC), timedelta(0))
	except (TypeError, ValueError, OverflowError):
		return None
