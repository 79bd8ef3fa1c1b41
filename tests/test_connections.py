"""Connections are kept from batch to batch, and only as long as they are asked for."""

import asyncio
import threading
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import web

from escalation_mgmt.notifiers.connections import all_at_once, connections_kept


class Server:
	"""Counts connections and requests; closes a connection that was idle for `keepalive` seconds."""

	def __init__(self) -> None:
		self.connections: set = set()
		self.requests = 0
		self.slow = asyncio.Event()
		self._loop = asyncio.new_event_loop()
		self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
		self._thread.start()
		self._runner, self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

	async def _start(self) -> tuple[web.AppRunner, int]:
		async def answer(request: web.Request) -> web.Response:
			self.connections.add(request.transport.get_extra_info("peername"))
			self.requests += 1
			if request.path == "/slow":
				await self.slow.wait()
			return web.Response(text="x")

		app = web.Application()
		app.router.add_post("/{path:.*}", answer)
		runner = web.AppRunner(app, access_log=None)
		await runner.setup()
		await web.TCPSite(runner, "127.0.0.1", 0).start()
		return runner, runner.addresses[0][1]

	def on_loop(self, do) -> None:
		asyncio.run_coroutine_threadsafe(do, self._loop).result(10)

	async def drop_idle(self) -> None:
		for connection in list(self._runner.server.connections):
			connection.force_close()

	def close(self) -> None:
		self._loop.call_soon_threadsafe(self.slow.set)
		self.on_loop(self._runner.cleanup())
		self._loop.call_soon_threadsafe(self._loop.stop)
		self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
	running = Server()
	yield running
	running.close()


def send(server: Server, count: int = 4, path: str = "") -> list[int]:
	async def post(pool: aiohttp.ClientSession, number: int) -> int:
		async with pool.post(f"http://127.0.0.1:{server.port}/{path}") as answer:
			await answer.read()
			return answer.status

	return [
		status
		for known in all_at_once("test", aiohttp.ClientSession, range(count), post)
		for _number, status in known
	]


def test_each_batch_has_connections_of_its_own(server: Server) -> None:
	assert send(server) + send(server) == [200] * 8
	assert len(server.connections) == 8


def test_within_the_block_they_are_kept(server: Server) -> None:
	with connections_kept(), connections_kept():
		assert send(server) + send(server) == [200] * 8
	assert len(server.connections) == 4
	assert send(server) == [200] * 4
	assert len(server.connections) == 8


def test_what_the_server_has_closed_meanwhile_is_not_used(server: Server) -> None:
	with connections_kept():
		assert send(server) == [200] * 4
		server.on_loop(server.drop_idle())
		assert send(server) == [200] * 4
	assert len(server.connections) == 8


def test_an_abandoned_batch_sends_nothing_later(server: Server) -> None:
	async def post(pool: aiohttp.ClientSession, path: str) -> None:
		async with pool.post(f"http://127.0.0.1:{server.port}/{path}") as answer:
			await answer.read()
			if path == "fast":
				return
		raise AssertionError("nobody waits for this")

	with connections_kept():
		batch = all_at_once("test", aiohttp.ClientSession, ["fast", "slow"], post)
		next(batch)
		batch.close()
		assert send(server, 1) == [200]
	assert server.requests == 3
