"""Providers on this machine: real servers on loopback, for the demo and for scenarios.

inbox.py  what was received, and what a scenario expects of it
smtp.py   a mail server
pager.py  the receiver of an HTTP POST
fcm.py    Firebase Cloud Messaging
gateway.py an HTTP gateway for SMS
mailbox.py a mailbox that is fetched by POP3
twilio.py Twilio: SMS, calls, and the phones they reach
webpush.py a Web Push service and the browsers behind it
web.py    the inbox as a page and as JSON
base.py   what providers share, and how to add one
"""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import NamedTuple, Self

import aiohttp.web

from host.providers.base import Attempt, HttpProvider
from host.providers.fcm import Fcm, FcmFault, FcmFaults
from host.providers.gateway import SmsGateway
from host.providers.inbox import Inbox, Message
from host.providers.mailbox import Mailbox
from host.providers.pager import PATH, Pager, PagerFault, PagerFaults, new_secret
from host.providers.smtp import MailServer, SmtpFault, SmtpFaults
from host.providers.twilio import Call, Twilio, TwilioFault, TwilioFaults
from host.providers.web import InboxPage
from host.providers.webpush import PushFault, PushFaults, WebPush

__all__ = [
	"Address",
	"Attempt",
	"Call",
	"Faults",
	"FcmFault",
	"Inbox",
	"LocalProviders",
	"Message",
	"PagerFault",
	"PushFault",
	"SmtpFault",
	"TwilioFault",
	"new_secret",
]

LOOPBACK = "127.0.0.1"
_LARGEST_BODY = 16 * 1024 * 1024


class Address(NamedTuple):
	host: str
	port: int


@dataclass(frozen=True, slots=True)
class Faults:
	"""The faults of every provider, each queued with words of its own."""

	smtp: SmtpFaults
	pager: PagerFaults
	webpush: PushFaults
	fcm: FcmFaults
	twilio: TwilioFaults
	twilio2: TwilioFaults
	gateway: PagerFaults

	def unused(self) -> list[SmtpFault | PagerFault | PushFault | FcmFault | TwilioFault]:
		queues = (self.smtp, self.pager, self.webpush, self.fcm, self.twilio, self.twilio2, self.gateway)
		return [fault for queue in queues for fault in queue.unused()]

	def clear(self) -> None:
		self.smtp.clear()
		self.pager.clear()
		self.webpush.clear()
		self.fcm.clear()
		self.twilio.clear()
		self.twilio2.clear()
		self.gateway.clear()


class LocalProviders:
	"""All providers, while the `with` lasts, on one thread of their own."""

	def __init__(
		self, smtp_port: int = 0, http_port: int = 0, pager_secret: str | Sequence[str] | None = None
	) -> None:
		"""Port 0 means a free one; without a secret, one is made. Several secrets: any of them will do."""
		if isinstance(pager_secret, str):
			pager_secret = [pager_secret]
		self.inbox = Inbox()
		self.smtp = MailServer(self.inbox)
		self.mailbox = Mailbox()
		self.pager = Pager(self.inbox, pager_secret or [new_secret()])
		self.webpush = WebPush(self.inbox)
		self.fcm = Fcm(self.inbox)
		self.twilio = Twilio(self.inbox)
		self.twilio2 = Twilio(self.inbox, ["+15005550016"])  # another account at the same address
		self.twilio.others.append(self.twilio2)
		self.gateway = SmsGateway(self.inbox)
		self.faults = Faults(
			self.smtp.faults,
			self.pager.faults,
			self.webpush.faults,
			self.fcm.faults,
			self.twilio.faults,
			self.twilio2.faults,
			self.gateway.faults,
		)
		self._http: tuple[HttpProvider, ...] = (self.pager, self.webpush, self.fcm, self.twilio, self.gateway)
		self._ports = (smtp_port, http_port)
		self._thread: threading.Thread | None = None

	@property
	def smtp_address(self) -> Address:
		return Address(LOOPBACK, self._ports[0])

	@property
	def inbox_url(self) -> str:
		return f"http://{LOOPBACK}:{self._ports[1]}/"

	@property
	def pager_url(self) -> str:
		return f"http://{LOOPBACK}:{self._ports[1]}{PATH}"

	@property
	def pager_secret(self) -> str:
		return self.pager.secrets[0]

	def __enter__(self) -> Self:
		ready: Future[None] = Future()
		self._thread = threading.Thread(
			target=lambda: asyncio.run(self._serve(ready)), name="local providers", daemon=True
		)
		self._thread.start()
		ready.result(timeout=30)
		return self

	def __exit__(self, *_error: object) -> None:
		self._loop.call_soon_threadsafe(self._stop.set)
		if self._thread:
			self._thread.join(timeout=10)

	async def _serve(self, ready: "Future[None]") -> None:
		self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
		# A waiting handler ends with its connection, and none holds up the end of a test.
		runner = aiohttp.web.AppRunner(
			self._app(), handler_cancellation=True, shutdown_timeout=0.1, access_log=None
		)
		try:
			try:
				smtp_port = await self.smtp.start(LOOPBACK, self._ports[0])
				self.pop3_address = Address(LOOPBACK, await self.mailbox.start(LOOPBACK))
				await runner.setup()
				await aiohttp.web.TCPSite(runner, LOOPBACK, self._ports[1]).start()
				self._ports = (smtp_port, runner.addresses[0][1])
				self.gateway.origin = self.twilio.origin = self.twilio2.origin = self.fcm.origin = (
					self.webpush.origin
				) = f"http://{LOOPBACK}:{self._ports[1]}"
			except BaseException as e:
				ready.set_exception(e)
				return
			ready.set_result(None)
			await self._stop.wait()
		finally:
			self.smtp.stop()
			self.mailbox.stop()
			await runner.cleanup()

	def _app(self) -> aiohttp.web.Application:
		app = aiohttp.web.Application(client_max_size=_LARGEST_BODY)
		app.add_routes(InboxPage(self.inbox).routes())
		for provider in self._http:
			app.add_routes(
				aiohttp.web.RouteDef(route.method, route.path, provider.counted(route.handler), route.kwargs)
				for route in provider.routes()
			)
		return app
