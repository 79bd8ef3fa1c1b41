"""The receiver of a benchmark: a process of its own that counts HTTP POSTs by their webhook-id.

`POST /` takes a message; `GET /count` tells {"received", "distinct", "last"} (last: monotonic seconds of the machine,
which all its processes share); `GET /all` {id: [how often, first at (seconds since 1970)]}; `DELETE /` forgets. `--delay` seconds pass before each answer.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import sys
import time

from aiohttp import web


class Sink:
	def __init__(self, delay: float):
		self.delay = delay
		self.by_id: collections.Counter[str] = collections.Counter()
		self.last = 0.0
		self.first: dict[str, float] = {}

	async def take(self, request: web.Request) -> web.Response:
		await request.read()
		if self.delay:
			await asyncio.sleep(self.delay)
		id = request.headers.get("webhook-id", "")
		self.by_id[id] += 1
		self.first.setdefault(id, time.time())
		self.last = time.monotonic()
		return web.Response(text="{}")

	async def count(self, _request: web.Request) -> web.Response:
		return web.json_response(
			{"received": self.by_id.total(), "distinct": len(self.by_id), "last": self.last}
		)

	async def all(self, _request: web.Request) -> web.Response:
		return web.json_response({id: [count, self.first[id]] for id, count in self.by_id.items()})

	async def forget(self, _request: web.Request) -> web.Response:
		self.by_id.clear()
		self.first.clear()
		return web.Response()

	async def serve(self, port: int) -> None:
		app = web.Application()
		app.add_routes(
			[
				web.post("/", self.take),
				web.get("/count", self.count),
				web.get("/all", self.all),
				web.delete("/", self.forget),
			]
		)
		runner = web.AppRunner(app, access_log=None)
		await runner.setup()
		await web.TCPSite(runner, "127.0.0.1", port, backlog=2048).start()
		print(runner.addresses[0][1], flush=True)
		await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
	parser = argparse.ArgumentParser()
	parser.add_argument("--port", type=int, default=0)
	parser.add_argument("--delay", type=float, default=0.0)
	options = parser.parse_args()
	asyncio.run(Sink(options.delay).serve(options.port))
