"""A proxy as one stands before a site: it hands on what it gets, and says who called it as nginx does.

`appends`: it adds the caller to `X-Forwarded-For` ($proxy_add_x_forwarded_for); otherwise it begins that anew ($remote_addr, as bench
sets nginx up). The caller's address is that of the connection: who wants to be somebody else connects from another
address of 127.0.0.0/8.
"""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

NOT_HANDED_ON = frozenset(
	{"connection", "keep-alive", "transfer-encoding", "x-forwarded-for", "content-length"}
)


@contextmanager
def before(site: str, *, appends: bool = True, knows_itself: str = "127.0.0.1") -> Iterator[str]:
	"""A proxy before a site (or another proxy); its address. `knows_itself`: from which address it calls the site."""
	target = urlsplit(site)

	class Handler(BaseHTTPRequestHandler):
		protocol_version = "HTTP/1.1"

		def _hand_on(self) -> None:
			body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
			given = self.headers.get_all("X-Forwarded-For") or []
			said = [*given, self.client_address[0]] if appends else [self.client_address[0]]
			upstream = http.client.HTTPConnection(
				target.hostname, target.port, timeout=30, source_address=(knows_itself, 0)
			)
			upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
			for name, value in self.headers.items():
				if name.lower() not in NOT_HANDED_ON:
					upstream.putheader(name, value)
			upstream.putheader("X-Forwarded-For", ", ".join(said))
			upstream.putheader("Content-Length", str(len(body)))
			upstream.endheaders(body)
			answer = upstream.getresponse()
			content = answer.read()
			self.send_response(answer.status)
			for name, value in answer.getheaders():
				if name.lower() not in NOT_HANDED_ON:
					self.send_header(name, value)
			self.send_header("Content-Length", str(len(content)))
			self.end_headers()
			self.wfile.write(content)
			upstream.close()

		do_GET = do_POST = _hand_on

		def log_message(self, *_arguments: object) -> None:
			pass

	server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
	Thread(target=server.serve_forever, daemon=True).start()
	try:
		yield f"http://127.0.0.1:{server.server_port}"
	finally:
		server.shutdown()
		server.server_close()


class _From(HTTPAdapter):
	def __init__(self, address: str):
		self._address = address
		super().__init__()

	def init_poolmanager(self, *arguments: object, **more: object) -> None:
		super().init_poolmanager(*arguments, **more, source_address=(self._address, 0))


def caller(address: str) -> requests.Session:
	"""Somebody who calls from an address of 127.0.0.0/8."""
	session = requests.Session()
	session.mount("http://", _From(address))
	return session
