"""An HTTP gateway for SMS, as Frappe's own *SMS Settings* call one: parameters by GET, or by POST as a form or as JSON."""

import asyncio
import json

from aiohttp import web

from host.providers.base import HttpProvider, drop, until_cancelled
from host.providers.inbox import Inbox
from host.providers.pager import PagerFault, PagerFaults

PATH = "/sms-gateway"
SENDER, MESSAGE, RECEIVER, KEY = "gateway", "text", "number", "s3cret-key"


class SmsGateway(HttpProvider):
	"""Takes what has its key, in the parameter `key` or the header `X-Key`."""

	name = "gateway"

	def __init__(self, inbox: Inbox) -> None:
		super().__init__(inbox)
		self.faults = PagerFaults()
		self.origin = ""

	@property
	def url(self) -> str:
		return f"{self.origin}{PATH}"

	def routes(self) -> list[web.RouteDef]:
		return [web.get(PATH, self._send), web.post(PATH, self._send)]

	async def _send(self, request: web.Request) -> web.StreamResponse:
		given = dict(request.query)
		if request.method == "POST":
			is_json = request.content_type == "application/json"
			given |= json.loads(await request.text()) if is_json else dict(await request.post())
		to = given.get(RECEIVER, "")
		fault = self.faults.take(lambda fault: fault.to in ("", to)) or PagerFault()
		status = fault.status
		if KEY not in (given.get("key"), request.headers.get("X-Key")):
			status = 401
		taken = fault.taken and (fault.close or status < 300)
		if taken:
			self.inbox.add(method="SMS", to=to, sender=SENDER, id="", text=given.get(MESSAGE, ""))
		self.note(to=to, id="", answer="dropped" if fault.close else str(status), taken=taken)
		await asyncio.sleep(fault.seconds)
		if fault.close:
			drop(request)
			await until_cancelled()
		# Many repeat what they were asked.
		body = fault.body if fault.body is not None else f"OK {given}"
		return web.Response(status=status, text=body, headers=fault.headers)
