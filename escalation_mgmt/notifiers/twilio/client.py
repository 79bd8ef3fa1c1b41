"""Twilio's own client, over connections of ours: many requests at once, each within its time.

Source: https://www.twilio.com/docs/usage/api
"""

import asyncio
import json
import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp
from twilio.base.exceptions import TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from escalation_mgmt.notifiers import connections, egress
from escalation_mgmt.notifiers.answers import one_line, retry_after
from escalation_mgmt.notifiers.twilio.account import API, Account
from escalation_mgmt.utils.site_config import Proxy

MESSAGING = "https://messaging.twilio.com"
SECONDS = 15  # for one answer
CONNECT_SECONDS = 5
CONNECTIONS = 32  # at once; Twilio limits an account's concurrency, and says so with 429
LARGEST_ANSWER = 1 << 20  # bytes
_logger = logging.getLogger("escalation_mgmt.twilio")


class Busy(Exception):
	"""Twilio can't say now; `status` is its answer's, `after` the pause that it asked for."""

	def __init__(self, status: int, said: str, after: timedelta | None):
		super().__init__(f"{status} {said}".strip())
		self.status, self.after = status, after


class _Transport(AsyncHttpClient):
	"""What Twilio's client sends its requests through: our base address, time limits and number of connections."""

	def __init__(self, ours: Account, proxy: Proxy | None):
		super().__init__(_logger, True, None)
		self._api_url = ours.api_url
		self.client = Client(*ours.log_in, ours.sid, http_client=self, environment={"": ""})
		self._log_in = {"Authorization": f"Basic {b64encode(':'.join(ours.log_in).encode()).decode()}"}
		self._slots = asyncio.Semaphore(CONNECTIONS)  # waiting for one isn't part of a request's time
		timeout = aiohttp.ClientTimeout(total=SECONDS, connect=CONNECT_SECONDS)
		self._pool = egress.Outbound((), CONNECTIONS, proxy=proxy, anywhere=True, timeout=timeout)

	async def request(  # noqa: PLR0913 - as twilio calls it
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
			self._pool.request(
				method,
				url,
				data=urlencode(data, doseq=True) if data else None,
				headers={**(headers or {}), **self._log_in},
			) as answer,
		):
			said = (await answer.content.read(LARGEST_ANSWER)).decode("utf-8", "replace")
			while len(said) < LARGEST_ANSWER and (more := await answer.content.read(LARGEST_ANSWER)):
				said += more.decode("utf-8", "replace")
			if answer.status == 407:  # a proxy's own: it never came to Twilio
				raise aiohttp.ClientHttpProxyError(
					answer.request_info, answer.history, status=407, message=answer.reason or ""
				)
			if answer.status == 429 or answer.status >= 500:
				raise Busy(answer.status, one_line(said, 200), retry_after(answer.headers.get("Retry-After")))
			if answer.status >= 400 and method == "GET":  # of a list's refusal the client would say nothing
				raise _refusal(url, answer.status, said)
			return Response(answer.status, said, answer.headers)

	async def close(self) -> None:
		await self._pool.close()


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

	proxy = egress.proxy()
	for known in connections.all_at_once(
		("Twilio", ours, proxy), lambda: _Transport(ours, proxy), asked, with_client
	):
		yield from known
