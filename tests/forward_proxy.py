"""A company's proxy, in a process of its own: hands requests on, tunnels CONNECT, asks for a log-in, and writes down what passes."""

import asyncio
import base64
import json
import sys
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Self
from urllib.parse import urlsplit


class ForwardProxy:
	"""`log_in`: user:password that it asks for. Names that it can't look up it takes for 127.0.0.1."""

	def __init__(self, folder: Path, log_in: str = ""):
		self._log, self._log_in = folder / "passed.jsonl", log_in
		self._log.touch()

	def __enter__(self) -> Self:
		self._process = Popen(
			[sys.executable, "-m", "tests.forward_proxy", str(self._log), self._log_in],
			stdout=PIPE,
			text=True,
		)
		self.port = int(self._process.stdout.readline())
		self.url = f"http://{self._log_in and self._log_in + '@'}127.0.0.1:{self.port}"
		return self

	def __exit__(self, *_error: object) -> None:
		self._process.terminate()
		self._process.wait(10)
		self._process.stdout.close()

	@property
	def passed(self) -> list[str]:
		"""What it was asked for: METHOD and target, and the status where it refused."""
		return [json.loads(line) for line in self._log.read_text().splitlines()]


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
	try:
		while data := await reader.read(65536):
			writer.write(data)
			await writer.drain()
	except OSError:
		pass
	finally:
		writer.close()


async def _serve(log: Path, log_in: str) -> None:
	wanted = f"Basic {base64.b64encode(log_in.encode()).decode()}" if log_in else ""

	def note(line: str) -> None:
		with log.open("a") as file:
			file.write(json.dumps(line) + "\n")

	async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
		try:
			head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
		except (asyncio.IncompleteReadError, OSError):
			writer.close()
			return
		first, *headers = head.split("\r\n")
		method, target, version = first.split(" ")
		given = {
			name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in headers)
		}
		if wanted and given.get("proxy-authorization") != wanted:
			note(f"{method} {target} 407")
			writer.write(
				b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
			)
			writer.close()
			return
		note(f"{method} {target}")
		parts = urlsplit(target if method != "CONNECT" else f"//{target}")
		host = parts.hostname if parts.hostname and parts.hostname[0].isdigit() else "127.0.0.1"
		try:
			there, back = await asyncio.open_connection(host, parts.port or 80)
		except OSError:
			writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			writer.close()
			return
		if method == "CONNECT":
			writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
		else:
			path = target.removeprefix(f"{parts.scheme}://{parts.netloc}") or "/"
			kept = [line for line in headers if not line.lower().startswith(("proxy-", "connection:"))]
			back.write(
				"\r\n".join([f"{method} {path} {version}", "Connection: close", *kept]).encode("latin-1")
			)
		await asyncio.gather(_pipe(reader, back), _pipe(there, writer))

	server = await asyncio.start_server(client, "127.0.0.1", 0)
	print(server.sockets[0].getsockname()[1], flush=True)
	async with server:
		await server.serve_forever()


if __name__ == "__main__":
	asyncio.run(_serve(Path(sys.argv[1]), sys.argv[2]))
