"""How many messages a second the receiver takes: requests that were built before, from connections that do nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

CONNECTIONS, AT_ONCE = 64, 32  # requests that one connection sends before it waits for their answers


def capacity(port: int, requests: Sequence[bytes]) -> float:
	"""Messages a second, from the first request to the last answer."""
	return asyncio.run(_flood(port, list(requests)))


async def _flood(port: int, left: list[bytes]) -> float:
	count = len(left)

	async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
		while left:
			some = [left.pop() for _request in range(min(AT_ONCE, len(left)))]
			writer.write(b"".join(some))
			answered = 0
			while answered < len(some):
				answered += (await reader.read(1 << 16)).count(b"HTTP/1.1 ")
		writer.close()

	opened = [await asyncio.open_connection("127.0.0.1", port) for _number in range(CONNECTIONS)]
	started = time.monotonic()
	await asyncio.gather(*(send(*connection) for connection in opened))
	return count / (time.monotonic() - started)


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
	lines = [f"POST {path} HTTP/1.1", "Host: sink", *(f"{name}: {value}" for name, value in headers.items())]
	return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
