"""The receiver of an HTTP POST: believes only what is signed as Standard Webhooks says.

The signature is checked by the library of that specification, so that our signing has a judge.
"""

import asyncio
import base64
import json
import math
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web
from standardwebhooks import Webhook

from host.providers.base import FaultQueue, HttpProvider, drop, until_cancelled
from host.providers.inbox import Inbox

PATH = "/page"
HUGE = 50_000_000
_CHUNK = b"x" * 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerFault:
	to: str = ""  # only for /page/<to>
	status: int = 200
	headers: dict[str, str] = field(default_factory=dict)
	seconds: float = 0  # the pause before the answer
	size: int = 0  # bytes of the answer's body
	body: str | None = None  # in place of the answer's own
	close: bool = False  # close the connection in place of an answer
	half: bool = False  # or in the middle of one
	slow_body: float = 0  # the pause in the middle of an answer's body
	taken: bool = True  # whether the message counts as received


class PagerFaults(FaultQueue[PagerFault]):
	def status(
		self,
		code: int,
		*,
		retry_after: int | str | None = None,
		body: str | None = None,
		to: str = "",
		times: int = 1,
	) -> None:
		"""Answer with this status. The message is received only where it means success."""
		headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
		fault = PagerFault(to=to, status=code, headers=headers, body=body, taken=200 <= code < 300)
		self.add(fault, times)

	def hang(self, seconds: float, *, taken: bool = True, to: str = "", times: int = 1) -> None:
		"""Answer late: 200, or 503 where it isn't `taken`. What is taken, is at once."""
		self.add(PagerFault(to=to, status=200 if taken else 503, seconds=seconds, taken=taken), times)

	def redirect(self, url: str, *, code: int = 302, to: str = "", times: int = 1) -> None:
		self.add(PagerFault(to=to, status=code, headers={"Location": url}, taken=False), times)

	def huge(self, size: int = HUGE, *, code: int = 200, to: str = "", times: int = 1) -> None:
		"""Answer with a body of that size; how much of it was sent stands in `attempts`."""
		self.add(PagerFault(to=to, status=code, size=size, taken=200 <= code < 300), times)

	def half(self, *, to: str = "", times: int = 1) -> None:
		"""Close the connection in the middle of the answer, whose status is 200."""
		self.add(PagerFault(to=to, half=True), times)

	def slow_body(self, seconds: float, *, to: str = "", times: int = 1) -> None:
		"""Answer 200 at once, and pause in the middle of the body."""
		self.add(PagerFault(to=to, slow_body=seconds), times)

	def close(self, *, taken: bool = True, to: str = "", times: int = 1) -> None:
		"""Close the connection after the whole request was read."""
		self.add(PagerFault(to=to, close=True, taken=taken), times)


class Pager(HttpProvider):
	name = "pager"

	def __init__(self, inbox: Inbox, secrets: Sequence[str]) -> None:
		super().__init__(inbox)
		self.faults = PagerFaults()
		self.secrets = secrets

	@property
	def secrets(self) -> tuple[str, ...]:
		"""Those that a sender may sign with. May be set anew while running, as a receiver changes over."""
		return self._secrets

	@secrets.setter
	def secrets(self, secrets: Sequence[str]) -> None:
		self._verifiers = [Webhook(secret) for secret in secrets]  # raises on one that is none
		self._secrets = tuple(secrets)

	def ids(self) -> dict[str, int]:
		"""How many requests came with each webhook-id, refused ones too."""
		return dict(Counter(attempt.id for attempt in self.attempts))

	def routes(self) -> list[web.RouteDef]:
		return [
			web.post(PATH, self._page),
			web.post(PATH + "/{name}", self._page),
			web.get("/api/pager/ids", self._ids),
		]

	async def _page(self, request: web.Request) -> web.StreamResponse:
		raw = await request.read()
		to = request.match_info.get("name", "page")
		id = request.headers.get("webhook-id", "")
		verified = self._verify(raw, request)
		body, is_json = _parse(raw)
		fault = self.faults.take(lambda fault: fault.to in ("", to)) or PagerFault()
		status = fault.status
		if 200 <= status < 300 and not verified:
			status = 401
		elif 200 <= status < 300 and not is_json:
			status = 400
		# A forged one is always shown: a fault must not hide that a signature was wrong.
		taken = not verified or (fault.taken and is_json)
		if taken:
			self.inbox.add(
				method="HTTP POST",
				to=to,
				id=id,
				body=body,
				text="" if is_json else raw.decode("utf-8", "replace"),
				headers={name.lower(): value for name, value in request.headers.items()},
				verified=verified,
			)
		answer = "dropped" if fault.close else str(status)
		if fault.size:
			return await self._send_huge(request, fault, status, to, id, taken)
		self.note(to=to, id=id, answer=answer, taken=taken)
		await asyncio.sleep(fault.seconds)
		if fault.close:
			if request.transport:
				request.transport.close()
			await until_cancelled()
		if fault.half or fault.slow_body:
			return await _in_parts(request, fault, status)
		if fault.body is not None:
			said = fault.body.encode("utf-8", "surrogatepass")  # a receiver answers as it likes
			return web.Response(status=status, body=said, headers=fault.headers)
		return web.json_response({"taken": taken and verified}, status=status, headers=fault.headers)

	async def _send_huge(
		self, request: web.Request, fault: PagerFault, status: int, to: str, id: str, taken: bool
	) -> web.StreamResponse:
		response = web.StreamResponse(status=status, headers=fault.headers)
		response.content_length = fault.size
		sent = 0
		try:
			await response.prepare(request)
			while sent < fault.size:
				chunk = _CHUNK[: fault.size - sent]
				await response.write(chunk)
				sent += len(chunk)
		finally:
			# Also where the reader had enough and hung up, which cancels this handler.
			self.note(to=to, id=id, answer=f"{status}, {sent} of {fault.size} bytes", taken=taken)
		return response

	async def _ids(self, request: web.Request) -> web.Response:
		return web.json_response(self.ids())

	def _verify(self, raw: bytes, request: web.Request) -> bool:
		headers = dict(request.headers)
		for verifier in self._verifiers:
			try:
				verifier.verify(raw, headers, json_parse=False)
				return True
			except Exception:
				continue  # the library's own exception, and others that hostile headers cause in it
		return False


async def _in_parts(request: web.Request, fault: PagerFault, status: int) -> web.StreamResponse:
	response = web.StreamResponse(status=status)
	response.content_length = 20
	await response.prepare(request)
	await response.write(b"0123456789")
	if fault.half:
		drop(request, reset=True)
		await until_cancelled()
	await asyncio.sleep(fault.slow_body)
	await response.write(b"0123456789")
	return response


def new_secret() -> str:
	return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def _parse(raw: bytes) -> tuple[object, bool]:
	try:
		return json.loads(raw, parse_float=_finite, parse_constant=_finite), True
	except (ValueError, RecursionError):
		return None, False


def _finite(number: str) -> float:
	"""Python takes NaN and 1e999; JSON, and whoever reads the inbox in a browser, doesn't."""
	if not math.isfinite(float(number)):
		raise ValueError(number)
	return float(number)
