"""The inbox for people and for other processes: a page and a small JSON API.

What a message holds was written by others: the page builds text nodes only, and an HTML mail is served with a
policy that lets it run and load nothing, in a frame and when it is opened by itself.
"""

import secrets
from pathlib import Path

from aiohttp import web

from host.providers.inbox import Inbox

_FILES = Path(__file__).parent / "page"
_PAGE_POLICY = (
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; "
	"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
	"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
	"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# Links carry tokens: the page that they open isn't told where they were found.
_ALWAYS = {
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy": "no-referrer",
	"Cache-Control": "no-store",
}


class InboxPage:
	def __init__(self, inbox: Inbox) -> None:
		self.inbox = inbox
		self._run = secrets.token_hex(8)  # numbers start anew with the process: a reader must notice

	def routes(self) -> list[web.RouteDef]:
		return [
			web.get("/", self._page),
			web.get("/inbox.css", self._file),
			web.get("/inbox.js", self._file),
			web.get(r"/messages/{seq:\d+}/html", self._mail),
			web.get("/api/messages", self._list),
			web.delete("/api/messages", self._clear),
		]

	async def _page(self, request: web.Request) -> web.StreamResponse:
		headers = {**_ALWAYS, "Content-Security-Policy": _PAGE_POLICY}
		return web.FileResponse(_FILES / "index.html", headers=headers)

	async def _file(self, request: web.Request) -> web.StreamResponse:
		return web.FileResponse(_FILES / request.path.lstrip("/"), headers=_ALWAYS)

	async def _mail(self, request: web.Request) -> web.Response:
		message = self.inbox.get(int(request.match_info["seq"]))
		if not message or not message.html:
			raise web.HTTPNotFound()
		# Ahead of the mail's own markup, so that its links open in a tab of their own.
		html = f'<!doctype html><base target="_blank">{message.html}'
		return web.Response(
			body=html.encode("utf-8", "replace"),
			content_type="text/html",
			charset="utf-8",
			headers={**_ALWAYS, "Content-Security-Policy": _MAIL_POLICY},
		)

	async def _list(self, request: web.Request) -> web.Response:
		"""Messages after `since`, oldest first; with `limit`, the newest of them."""
		try:
			since = int(request.query.get("since", 0))
			limit = int(request.query.get("limit", 0))
		except ValueError:
			raise web.HTTPBadRequest(text="since and limit are numbers") from None
		first, last = self.inbox.span()
		messages = self.inbox.messages(since, limit if limit > 0 else None)
		return web.json_response(
			{
				"run": self._run,
				"first": first,
				"last": last,
				"messages": [message.as_json() for message in messages],
			},
			headers=_ALWAYS,
		)

	async def _clear(self, request: web.Request) -> web.Response:
		self.inbox.clear()
		return web.Response(status=204)
