"""HTTP POST of JSON to an Escalation Endpoint, signed as Standard Webhooks says.

Source of the signature: https://www.standardwebhooks.com, specification 1.0. The webhook-id is our
notification's, the same in every attempt, so that a receiver can tell a repeated message from a new one.
"""

import asyncio
import json
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

CONNECTIONS = 256
ANSWER_BYTES = 2000  # how much of an answer is read and recorded
RETRIED = frozenset({408, 425, 429})  # and every 5xx


@dataclass(frozen=True, slots=True)
class Request:
	url: str
	body: bytes
	headers: dict[str, str]
	seconds: float


class HttpPostNotifier(Notifier):
	method = "HTTP POST"
	to_endpoints = True

	def __init__(self) -> None:
		self._endpoints: dict[str, Any] = {}

	def address_of(self, person: Person) -> str:
		raise CannotReach(_("HTTP POST goes to an endpoint, not to a person. Choose an endpoint in the plan."))

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
				frappe.log_error(title=f"Escalation Endpoint {message.address}: the request can't be built")
				yield message, Failed(_("The request can't be built: {0}").format(str(e)[:300]))
		with asyncio.Runner() as runner:
			pool = runner.run(_open_pool(allowed_hosts()))
			loop = runner.get_loop()
			tasks = {loop.create_task(_post(pool, request)): message for message, request in ready}
			pending = set(tasks)
			while pending:
				# Hand back what is done every 50 ms: one slow receiver must not hold up what is known of others.
				done, pending = runner.run(_wait(pending, 0.05))
				for task in done:
					yield tasks[task], task.result()
			runner.run(pool.close())

	def _endpoint(self, name: str) -> Any:
		if name not in self._endpoints:
			exists = frappe.db.exists("Escalation Endpoint", name)
			self._endpoints[name] = frappe.get_doc("Escalation Endpoint", name) if exists else None
		return self._endpoints[name]

	def _request(self, message: Message) -> Request:
		self.check_address(message.address)
		endpoint = self._endpoint(message.address)
		egress.check_url(endpoint.url, allowed_hosts())
		body = render_payload(endpoint.payload, message.context)
		headers = {row.header: row.get_password("value") for row in endpoint.headers}
		headers |= {"Content-Type": "application/json", "User-Agent": "escalation_mgmt"}
		secrets = [endpoint.get_password(f, raise_exception=False) for f in ("secret", "previous_secret")]
		headers |= signature([secret for secret in secrets if secret], message.notification, body)
		return Request(endpoint.url, body.encode(), headers, cint(endpoint.timeout) or 10)


def allowed_hosts() -> list[str]:
	"""Hosts inside that the administrator allowed by name, in the site's own configuration."""
	return frappe.conf.get("escalation_allowed_hosts") or []


def render_payload(template: str, context: dict[str, Any]) -> str:
	"""The JSON body. Raises ValueError where the template doesn't render to JSON."""
	rendered = frappe.render_template(template, context)
	try:
		return json.dumps(json.loads(rendered), ensure_ascii=False)
	except json.JSONDecodeError as e:
		raise ValueError(_("The body is not valid JSON: {0}").format(e)) from None


def signature(secrets: list[str], id: str, body: str) -> dict[str, str]:
	"""The headers of Standard Webhooks; one signature for each secret, so that a receiver can change over."""
	# The wire's own time, not the escalation's clock: the receiver compares it with its own.
	at = datetime.now(UTC)
	headers = {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp()))}
	if secrets:
		headers["webhook-signature"] = " ".join(Webhook(secret).sign(id, at, body) for secret in secrets)
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
			answer = await _first_part(response)
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


async def _first_part(response: aiohttp.ClientResponse) -> str:
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
		return Retry(said, _retry_after(response.headers.get("Retry-After")))
	if 300 <= response.status < 400:
		return Failed(f"{said} (redirects are not followed)")
	return Failed(said)


def _retry_after(value: str | None) -> timedelta | None:
	"""Seconds or a date (RFC 9110, 10.2.3), as a pause from now."""
	if not value:
		return None
	if value.strip().isdigit():
		return timedelta(seconds=int(value))
	try:
		return max(parsedate_to_datetime(value) - datetime.now(UTC), timedelta(0))
	except (TypeError, ValueError):
		return None
