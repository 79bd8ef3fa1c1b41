"""The receiver of a benchmark: a process of its own that counts messages by our id of them.

`POST /` takes an HTTP POST, and its id is the webhook-id. `POST .../Messages.json` takes an SMS and answers as Twilio
does; its id stands in the StatusCallback. `GET /count` tells {"received", "distinct", "last"} (last: monotonic seconds of
the machine, which all its processes share); `GET /all` {id: [seconds since 1970, ...]}; `DELETE /` forgets.

`--delay` seconds pass before each answer. The account `--unsteady` refuses SMS in turns of some seconds, as log-ins, money and
networks fail: for good, for the moment, and with its answer lost.
 As little HTTP as our clients speak, on purpose: a whole web framework would take
fewer messages than what is measured can send.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from email.utils import formatdate
from functools import lru_cache
from urllib.parse import parse_qsl

FORM = b"application/x-www-form-urlencoded"


class Sink:
	"""What was received: each id with the instants at which it was."""

	def __init__(self, delay: float = 0.0, unsteady: str = ""):
		self.delay, self.unsteady = delay, unsteady
		self.by_id: dict[str, list[float]] = {}
		self.received = 0
		self.last = 0.0

	def take(self, id: str) -> None:
		self.by_id.setdefault(id, []).append(time.time())
		self.received += 1
		self.last = time.monotonic()

	def answer(self, method: bytes, path: bytes, head: bytes, body: bytes) -> tuple[int, bytes, float]:
		"""Status, body, and the seconds that pass before them."""
		if method == b"POST" and path == b"/":
			self.take(_header(head, b"webhook-id").decode())
			return 200, b"{}", self.delay
		if method == b"POST" and path.endswith(b"/Messages.json"):
			return *self._twilio(path, head, body), self.delay
		if method == b"DELETE":
			self.by_id, self.received = {}, 0
			return 200, b"{}", 0
		if path == b"/count":
			known = {"received": self.received, "distinct": len(self.by_id), "last": self.last}
			return 200, json.dumps(known).encode(), 0
		if path == b"/all":
			return 200, json.dumps(self.by_id).encode(), 0
		return 404, b"{}", 0

	def _twilio(self, path: bytes, head: bytes, body: bytes) -> tuple[int, bytes]:
		"""Source: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource"""
		asked = dict(parse_qsl(body.decode()))
		if (
			not _header(head, b"authorization").startswith(b"Basic ")
			or _header(head, b"content-type") != FORM
		):
			return 401, b'{"code": 20003, "message": "Authenticate", "status": 401}'
		ill = self._illness(path)
		if ill in _ILL:
			return _ILL[ill]
		if not (asked.get("To", "").startswith("+") and asked.get("From") and asked.get("Body")):
			return 400, b'{"code": 21211, "message": "To, From and Body are required", "status": 400}'
		self.take(asked["StatusCallback"].partition("?n=")[2].partition("&")[0])
		if ill == "loses its answers":
			return LOST, b""
		sid, account = "SM" + os.urandom(16).hex(), path.split(b"/")[3].decode()
		return 201, _MADE.format(
			account=account,
			sid=sid,
			date=_date(int(time.time())),
			**{name.lower(): json.dumps(asked[name]) for name in ("Body", "From", "To")},
		).encode()

	def _illness(self, path: bytes) -> str:
		"""What an account has now; empty: nothing."""
		if not self.unsteady or self.unsteady.encode() not in path:
			return ""
		return _TURNS[int(time.time() / TURN_SECONDS) % len(_TURNS)]


TURN_SECONDS = 7
LOST = 0  # in place of a status: the connection is closed
_TURNS = ("", "refuses", "is busy", "", "loses its answers")
_ILL = {
	"refuses": (401, b'{"code": 20003, "message": "Authenticate", "status": 401}'),
	"is busy": (503, b"{}"),
}
_MADE = (
	'{{"account_sid": "{account}", "api_version": "2010-04-01", "body": {body}, "date_created": "{date}", '
	'"date_sent": null, "date_updated": "{date}", "direction": "outbound-api", "error_code": null, '
	'"error_message": null, "from": {from}, "messaging_service_sid": null, "num_media": "0", "num_segments": "1", '
	'"price": null, "price_unit": "USD", "sid": "{sid}", "status": "queued", "subresource_uris": '
	'{{"media": "/2010-04-01/Accounts/{account}/Messages/{sid}/Media.json"}}, "to": {to}, '
	'"uri": "/2010-04-01/Accounts/{account}/Messages/{sid}.json"}}'
)


@lru_cache(maxsize=2)
def _date(second: int) -> str:
	return formatdate(second)


class Connection(asyncio.Protocol):
	"""HTTP/1.1 with keep-alive and Content-Length; requests may come in pieces, or several at once."""

	def __init__(self, sink: Sink):
		self._sink = sink
		self._unread = b""

	def connection_made(self, transport: asyncio.BaseTransport) -> None:
		self._transport = transport

	def data_received(self, data: bytes) -> None:
		self._unread += data
		while (end := self._unread.find(b"\r\n\r\n")) >= 0:
			head, start = self._unread[:end], end + 4
			length = int(_header(head, b"content-length") or 0)
			if len(self._unread) < start + length:
				return
			body, self._unread = self._unread[start : start + length], self._unread[start + length :]
			method, path, _version = head[: head.find(b"\r\n")].split(b" ")
			status, said, delay = self._sink.answer(method, path, head, body)
			if status == LOST:
				self._transport.close()
				return
			answer = b"HTTP/1.1 %d -\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
			self._write(answer % (status, len(said), said), delay)

	def _write(self, answer: bytes, delay: float) -> None:
		if delay:
			asyncio.get_running_loop().call_later(delay, self._transport.write, answer)
		else:
			self._transport.write(answer)


def _header(head: bytes, name: bytes) -> bytes:
	lower = head.lower()
	at = lower.find(b"\r\n%b:" % name)
	if at < 0:
		return b""
	end = head.find(b"\r\n", at + 2)
	return head[at + len(name) + 3 : end if end >= 0 else None].strip()


async def serve(sink: Sink, port: int) -> None:
	"""Until standard input is closed; says the port on standard output."""
	loop = asyncio.get_running_loop()
	server = await loop.create_server(lambda: Connection(sink), "127.0.0.1", port, backlog=2048)
	print(server.sockets[0].getsockname()[1], flush=True)
	await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
	parser = argparse.ArgumentParser()
	parser.add_argument("--port", type=int, default=0)
	parser.add_argument("--delay", type=float, default=0.0)
	parser.add_argument("--unsteady", default="")
	options = parser.parse_args()
	asyncio.run(serve(Sink(options.delay, options.unsteady), options.port))
