"""A mailbox that is fetched by POP3 (RFC 1939), and what others have put into it. Any user and password will do."""

import asyncio
from contextlib import suppress


class Mailbox:
	def __init__(self) -> None:
		self._mails: list[bytes] = []
		self._server: asyncio.Server | None = None

	def put(self, mail: bytes) -> None:
		self._mails.append(mail)

	def clear(self) -> None:
		self._mails.clear()

	async def start(self, host: str) -> int:
		self._server = await asyncio.start_server(self._serve, host, 0)
		return self._server.sockets[0].getsockname()[1]

	def stop(self) -> None:
		if self._server:
			self._server.close()

	async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
		session = _Session(self._mails)
		with suppress(ConnectionError):
			writer.write(b"+OK\r\n")
			while not session.over and (line := await reader.readline()):
				command, *arguments = line.decode("ascii", "replace").split() or [""]
				writer.write(session.answer(command.upper(), arguments))
				await writer.drain()
		writer.close()


class _Session:
	"""What is deleted is gone with QUIT alone (RFC 1939, 6)."""

	def __init__(self, mails: list[bytes]) -> None:
		self._all = mails
		self._mails = list(mails)
		self._deleted: set[int] = set()
		self.over = False

	def answer(self, command: str, arguments: list[str]) -> bytes:
		number = int(arguments[0]) if arguments and arguments[0].isdecimal() else 0
		match command:
			case "USER" | "PASS" | "NOOP":
				return b"+OK\r\n"
			case "STAT":
				return f"+OK {len(self._mails)} {sum(map(len, self._mails))}\r\n".encode()
			case "LIST" if not arguments:
				return _lines([f"{n} {len(mail)}".encode() for n, mail in enumerate(self._mails, 1)])
			case "RETR" if 0 < number <= len(self._mails):
				return _lines(self._mails[number - 1].splitlines())
			case "DELE" if 0 < number <= len(self._mails):
				self._deleted.add(number)
				return b"+OK\r\n"
			case "QUIT":
				self.over = True
				for number in self._deleted:
					self._all.remove(self._mails[number - 1])
				return b"+OK\r\n"
		return b"-ERR\r\n"


def _lines(lines: list[bytes]) -> bytes:
	"""Several, with a dot before those that begin with one (RFC 1939, 3)."""
	stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
	return b"\r\n".join([b"+OK", *stuffed, b".", b""])
