"""What the providers have in common: a log of every request, and faults that wait for the next one.

To add a provider (SMS and calls, push): one file with a subclass of `HttpProvider`, its routes below a path
of its own, its faults a subclass of `FaultQueue`; then name it in `LocalProviders`.
"""

import asyncio
import socket
import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Generic, TypeVar

from aiohttp import web

from host.providers.inbox import Inbox

F = TypeVar("F")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
	"""One request to a provider, whatever became of it."""

	at: datetime
	to: str
	id: str
	answer: str  # what was answered: "250 ...", "503", "dropped", ...
	taken: bool  # whether its message is in the inbox


class Provider:
	name: ClassVar[str]

	def __init__(self, inbox: Inbox) -> None:
		self.inbox = inbox
		self._attempts: list[Attempt] = []

	@property
	def attempts(self) -> tuple[Attempt, ...]:
		return tuple(self._attempts)

	def note(self, *, to: str, id: str, answer: str, taken: bool) -> None:
		self._attempts.append(Attempt(at=datetime.now(UTC), to=to, id=id, answer=answer, taken=taken))


class HttpProvider(Provider, ABC):
	"""A provider that is reached over HTTP: all of them share one port."""

	answering = 0  # requests, now
	most_at_once = 0  # of them, ever

	def counted(self, handler: Handler) -> Handler:
		"""The handler of a route, with its requests counted while they wait for their answer."""

		async def count(request: web.Request) -> web.StreamResponse:
			self.answering += 1
			self.most_at_once = max(self.most_at_once, self.answering)
			try:
				return await handler(request)
			finally:
				self.answering -= 1

		return count

	@abstractmethod
	def routes(self) -> list[web.RouteDef]: ...


class FaultQueue(Generic[F]):
	"""Faults, in the order they were queued in; each happens once, to the first request that it fits."""

	def __init__(self) -> None:
		self._lock = threading.Lock()
		self._waiting: list[F] = []

	def add(self, fault: F, times: int = 1) -> None:
		with self._lock:
			self._waiting += [fault] * times

	def take(self, fits: Callable[[F], bool]) -> F | None:
		with self._lock:
			for position, fault in enumerate(self._waiting):
				if fits(fault):
					return self._waiting.pop(position)
		return None

	def unused(self) -> list[F]:
		"""Faults that never happened: a scenario that queued them didn't test what it meant to."""
		with self._lock:
			return list(self._waiting)

	def clear(self) -> None:
		with self._lock:
			self._waiting.clear()


def drop(request: web.Request, *, reset: bool = False) -> None:
	"""End a connection without an answer, or without its rest; with a reset, the other side sees RST in place of FIN."""
	transport = request.transport
	if not transport:
		return
	if reset:
		linger = struct.pack("ii", 1, 0)
		transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
	transport.abort() if reset else transport.close()


async def until_cancelled() -> None:
	"""For a handler whose connection was just closed: the server cancels it when it notices."""
	await asyncio.Event().wait()
