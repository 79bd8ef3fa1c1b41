"""A server that writes down what it is sent, to the letter, and answers 200: what no HTTP library has read for us."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread


class Listener:
	def __init__(self, server: socket.socket):
		self._server = server
		self.requests: list[bytes] = []  # heads, without their bodies
		self.host = f"127.0.0.1:{server.getsockname()[1]}"

	@property
	def targets(self) -> list[str]:
		"""What was asked for: the request lines' second parts."""
		return [
			head.split(b"\r\n")[0].split(b" ", 1)[1].rsplit(b" ", 1)[0].decode("latin-1")
			for head in self.requests
		]

	def headers(self, number: int = -1) -> list[tuple[str, str]]:
		lines = self.requests[number].decode("latin-1").split("\r\n")[1:]
		return [
			(name.lower(), value.strip())
			for name, _colon, value in (line.partition(":") for line in lines)
			if value
		]

	def serve(self) -> None:
		while True:
			try:
				connection, _address = self._server.accept()
			except OSError:
				return
			Thread(target=self._answer, args=(connection,), daemon=True).start()

	def _answer(self, connection: socket.socket) -> None:
		with connection, suppress(OSError):
			connection.settimeout(30)
			received = b""
			while b"\r\n\r\n" not in received:
				part = connection.recv(65536)
				if not part:
					return
				received += part
			head, _end, body = received.partition(b"\r\n\r\n")
			self.requests.append(head)
			length = next((int(value) for name, value in self.headers() if name == "content-length"), 0)
			while len(body) < length and (part := connection.recv(65536)):
				body += part
			connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


@contextmanager
def listening() -> Iterator[Listener]:
	with socket.create_server(("127.0.0.1", 0)) as server:
		found = Listener(server)
		Thread(target=found.serve, daemon=True).start()
		yield found
