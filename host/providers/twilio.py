"""Twilio's REST API for messages and calls, and the phones behind it: SMS that are read and answered, calls that are
taken, listened to and answered with a key.

Sources: https://www.twilio.com/docs/messaging/api/message-resource, .../docs/voice/api/call-resource, .../docs/voice/twiml,
.../docs/usage/webhooks/webhooks-security. Callbacks are signed by Twilio's own RequestValidator.

What a phone does (`Call`, `receipt`, `text`) runs in the thread that asks for it, and calls the app over HTTP.
"""

import asyncio
import json
import secrets
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin

import requests
from aiohttp import BasicAuth, web
from twilio.request_validator import RequestValidator

from host.providers.base import FaultQueue, Handler, HttpProvider, drop, until_cancelled
from host.providers.inbox import Inbox

PATH = "/twilio"
SMS, CALL = "SMS", "Phone Call"
SECONDS = 15  # that Twilio waits for one of our answers
_ACCOUNT = PATH + "/2010-04-01/Accounts/{account}"
_AUTOMATIC_PAUSE = 0.4  # seconds between the receipts of an SMS, where they come by themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioFault:
	to: str = ""  # only for this number
	kind: str = ""  # only SMS, or only Phone Call
	reading: bool = False  # for a request that reads (a list), not for one that creates
	status: int = 0  # an error's HTTP status; 0: success
	code: int = 0  # Twilio's own error code
	headers: dict[str, str] = field(default_factory=dict)
	seconds: float = 0  # the pause before the answer
	body: str | None = None  # in place of the answer's own
	drop: str = ""  # in place of an answer: "close" the connection, "reset" it, or "half" of the answer
	slow_body: float = 0  # the pause in the middle of the answer's body
	taken: bool = True


class TwilioFaults(FaultQueue[TwilioFault]):
	def refuse(
		self,
		code: int,
		*,
		status: int = 400,
		to: str = "",
		kind: str = "",
		reading: bool = False,
		times: int = 1,
	) -> None:
		"""Refuse with one of Twilio's error codes."""
		fault = TwilioFault(to=to, kind=kind, status=status, code=code, taken=False, reading=reading)
		self.add(fault, times)

	def status(
		self,
		status: int,
		*,
		retry_after: int | None = None,
		taken: bool = False,
		to: str = "",
		kind: str = "",
		reading: bool = False,
		times: int = 1,
	) -> None:
		"""Answer with this status and no JSON, as a proxy before Twilio does."""
		headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
		fault = TwilioFault(
			to=to, kind=kind, status=status, headers=headers, body="<html>", taken=taken, reading=reading
		)
		self.add(fault, times)

	def slow(self, seconds: float, *, to: str = "", kind: str = "", times: int = 1) -> None:
		"""Take it at once, and answer late."""
		self.add(TwilioFault(to=to, kind=kind, seconds=seconds), times)

	def slow_body(self, seconds: float, *, to: str = "", kind: str = "", times: int = 1) -> None:
		"""Take it, and pause in the middle of the answer."""
		self.add(TwilioFault(to=to, kind=kind, slow_body=seconds), times)

	def malformed(
		self, body: str = '{"sid": ', *, taken: bool = True, to: str = "", kind: str = "", times: int = 1
	) -> None:
		"""Answer success with a body that is none of Twilio's."""
		self.add(TwilioFault(to=to, kind=kind, body=body, taken=taken), times)

	def lose_answer(
		self, how: str = "close", *, taken: bool = True, to: str = "", kind: str = "", times: int = 1
	) -> None:
		"""Read the whole request; then "close" or "reset" the connection, or do so after "half" of the answer."""
		self.add(TwilioFault(to=to, kind=kind, drop=how, taken=taken), times)


@dataclass(slots=True, kw_only=True)
class Record:
	"""A message or a call, as Twilio keeps it."""

	sid: str
	kind: str
	to: str
	sender: str
	asked: dict[str, str]  # the request that created it
	created: datetime
	status: str
	direction: str = "outbound-api"
	error: int | None = None
	said: list[str] = field(default_factory=list)  # by a call, so far
	menu: ET.Element | None = None  # the Gather that waits for a key
	rest: list[ET.Element] = field(default_factory=list)  # what comes after it
	at: str = ""  # the address of the TwiML that is being followed
	machine: bool = False
	answered_by: str | None = None  # what detection made of it; None: nobody asked

	@property
	def ended(self) -> bool:
		return self.status in ("completed", "busy", "no-answer", "canceled", "failed")


class Twilio(HttpProvider):
	name = "twilio"

	def __init__(self, inbox: Inbox, numbers: Sequence[str] = ("+15005550006", "+15005550007")) -> None:
		super().__init__(inbox)
		self.faults = TwilioFaults()
		self.account_sid = "AC" + secrets.token_hex(16)
		self.auth_token = secrets.token_hex(16)
		self.api_key, self.api_secret = "SK" + secrets.token_hex(16), secrets.token_hex(16)
		self.service_sid = "MG" + secrets.token_hex(16)
		self.numbers = [*numbers]  # of this account
		self.others: list[Twilio] = []  # further accounts, at the same address
		self.origin = ""  # set when the port is known
		self.sms_url = ""  # where incoming SMS go: set by hand in Twilio's console
		self.automatic = False  # receipts come, and calls that nobody takes end, by themselves
		self.pause = 0.0  # seconds before every answer, for measuring
		self.now: Callable[[], datetime] = lambda: datetime.now(UTC)  # for those who move a clock by hand
		self._records: dict[str, Record] = {}
		self._lock = threading.Lock()

	@property
	def api_url(self) -> str:
		return f"{self.origin}{PATH}"

	def clear(self) -> None:
		with self._lock:
			self._records.clear()
		self.faults.clear()
		self.sms_url, self.pause = "", 0.0

	def record(self, sid: str) -> Record:
		return self._records[sid]

	def of(self, sid: str) -> "Twilio":
		"""The account that has a message or a call; of all at this address."""
		return next((account for account in (self, *self.others) if sid in account._records), self)

	# --- the API

	def routes(self) -> list[web.RouteDef]:
		return [
			web.get(_ACCOUNT + ".json", self._of_account("_account")),
			web.get(_ACCOUNT + "/IncomingPhoneNumbers.json", self._of_account("_incoming_numbers")),
			web.post(_ACCOUNT + "/Messages.json", self._of_account("_create_message")),
			web.get(_ACCOUNT + "/Messages.json", self._of_account("_list_messages")),
			web.get(_ACCOUNT + "/Messages/{sid}.json", self._of_account("_fetch")),
			web.post(_ACCOUNT + "/Calls.json", self._of_account("_create_call")),
			web.get(_ACCOUNT + "/Calls.json", self._of_account("_list_calls")),
			web.get(_ACCOUNT + "/Calls/{sid}.json", self._of_account("_fetch")),
			web.get(PATH + "/v1/Services/{sid}", self._of_account("_service")),  # of messaging.twilio.com
			# What a person does on the inbox's page.
			web.get("/api/calls/{sid}", self._show_call),
			web.post("/api/calls/{sid}/{act}", self._act),
			web.post("/api/sms", self._text_by_hand),
		]

	def _of_account(self, handler: str) -> Handler:
		"""The handler of whichever account the request's log-in is of."""

		async def handle(request: web.Request) -> web.StreamResponse:
			login = _log_in(request).login
			ours = (each for each in self.others if login in (each.account_sid, each.api_key))
			return await getattr(next(ours, self), handler)(request)

		return handle

	def _refusal(self, request: web.Request) -> web.Response | None:
		given = _log_in(request)
		known = {self.account_sid: self.auth_token, self.api_key: self.api_secret}
		if known.get(given.login) != given.password or not given.password:
			return _error(401, 20003, "Authenticate")
		if request.match_info.get("account", self.account_sid) != self.account_sid:
			return _error(404, 20404, f"The requested resource {request.path} was not found")
		return None

	async def _account(self, request: web.Request) -> web.Response:
		return self._refusal(request) or web.json_response(
			{"sid": self.account_sid, "status": "active", "type": "Full", "friendly_name": "Local"}
		)

	async def _incoming_numbers(self, request: web.Request) -> web.Response:
		if refusal := self._refusal(request):
			return refusal
		wanted = request.query.get("PhoneNumber", "")
		found = [
			{
				"sid": "PN" + secrets.token_hex(16),
				"phone_number": number,
				"capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
				"sms_url": self.sms_url,
				"sms_method": "POST",
			}
			for number in self.numbers
			if wanted in number
		]
		return web.json_response(_page("incoming_phone_numbers", found, request))

	async def _service(self, request: web.Request) -> web.Response:
		if refusal := self._refusal(request):
			return refusal
		if request.match_info["sid"] != self.service_sid:
			return _error(404, 20404, f"The requested resource {request.path} was not found")
		return web.json_response(
			{
				"sid": self.service_sid,
				"account_sid": self.account_sid,
				"friendly_name": "Local",
				"inbound_request_url": self.sms_url,
				"inbound_method": "POST",
				"use_inbound_webhook_on_number": False,
			}
		)

	async def _create_message(self, request: web.Request) -> web.StreamResponse:
		asked = dict(await request.post())
		problem = self._message_problem(asked)
		return await self._created(request, SMS, asked, problem)

	async def _create_call(self, request: web.Request) -> web.StreamResponse:
		asked = dict(await request.post())
		return await self._created(request, CALL, asked, self._call_problem(asked))

	def _message_problem(self, asked: dict[str, str]) -> tuple[int, str] | None:
		if not asked.get("To"):
			return 21604, "A 'To' phone number is required."
		if not _is_number(asked["To"]):
			return 21211, f"Invalid 'To' Phone Number: {asked['To']}"
		if not asked.get("Body"):
			return 21602, "Message body is required."
		if len(asked["Body"]) > 1600:
			return 21617, "The concatenated message body exceeds the 1600 character limit."
		if asked.get("MessagingServiceSid"):
			return None if asked["MessagingServiceSid"] == self.service_sid else (21701, "No such service")
		if not asked.get("From"):
			return 21603, "A 'From' phone number is required."
		if asked["From"] not in self.numbers:
			return 21606, f"The 'From' phone number {asked['From']} is not a valid, SMS-capable number"
		return None

	def _call_problem(self, asked: dict[str, str]) -> tuple[int, str] | None:
		if not _is_number(asked.get("To", "")):
			return 21211, f"Invalid 'To' Phone Number: {asked.get('To')}"
		if asked.get("From") not in self.numbers:
			return 21210, f"Phone number {asked.get('From')} is not one of yours"
		if not asked.get("Url") and not asked.get("Twiml"):
			return 21205, "Url parameter is required."
		return None

	async def _created(
		self, request: web.Request, kind: str, asked: dict[str, str], problem: tuple[int, str] | None
	) -> web.StreamResponse:
		to = asked.get("To", "")
		fault = self._fault(kind, to, reading=False)
		if refusal := self._refusal(request):
			self.note(to=to, id="", answer=str(refusal.status), taken=False)
			return refusal
		if problem and not fault.status:
			self.note(to=to, id="", answer=f"400 {problem[0]}", taken=False)
			return _error(400, *problem)
		record = self._take(kind, asked) if fault.taken else None
		answer = fault.drop or fault.body or str(fault.status or 201)
		self.note(to=to, id=record.sid if record else "", answer=answer, taken=fault.taken)
		return await self._answer(request, fault, self._as_json(record) if record else {}, 201)

	async def _answer(
		self, request: web.Request, fault: TwilioFault, said: dict[str, Any], status: int
	) -> web.StreamResponse:
		if seconds := fault.seconds or self.pause:
			await asyncio.sleep(seconds)
		if fault.drop == "half" or fault.slow_body:
			answer = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
			whole = json.dumps(said).encode()
			answer.content_length = len(whole)
			await answer.prepare(request)
			await answer.write(whole[: len(whole) // 2])
			if fault.slow_body:
				await asyncio.sleep(fault.slow_body)
				await answer.write(whole[len(whole) // 2 :])
				return answer
		if fault.drop:
			drop(request, reset=fault.drop == "reset")
			await until_cancelled()
		if fault.code:
			return _error(fault.status, fault.code, f"Refused with {fault.code}")
		if fault.body is not None:
			return web.Response(status=fault.status or status, text=fault.body, headers=fault.headers)
		return web.json_response(said, status=fault.status or status, headers=fault.headers)

	def _fault(self, kind: str, to: str, *, reading: bool) -> TwilioFault:
		def fits(fault: TwilioFault) -> bool:
			return fault.to in ("", to) and fault.kind in ("", kind) and fault.reading is reading

		return self.faults.take(fits) or TwilioFault()

	async def _list_messages(self, request: web.Request) -> web.StreamResponse:
		return await self._list(request, SMS, "messages")

	async def _list_calls(self, request: web.Request) -> web.StreamResponse:
		return await self._list(request, CALL, "calls")

	async def _list(self, request: web.Request, kind: str, key: str) -> web.StreamResponse:
		if refusal := self._refusal(request):
			return refusal
		asked = request.query
		with self._lock:
			found = [record for record in self._records.values() if record.kind == kind]
		found = [
			self._as_json(record)
			for record in sorted(found, key=lambda record: record.created, reverse=True)
			if asked.get("To", record.to) == record.to
			and asked.get("From", record.sender) == record.sender
			and asked.get("Status", record.status) == record.status
			and asked.get("DateSent>", "") <= record.created.strftime("%Y-%m-%dT%H:%M:%SZ")
		]
		fault = self._fault(kind, asked.get("To", ""), reading=True)
		return await self._answer(request, fault, _page(key, found, request), 200)

	async def _fetch(self, request: web.Request) -> web.Response:
		if refusal := self._refusal(request):
			return refusal
		record = self._records.get(request.match_info["sid"])
		if not record:
			return _error(404, 20404, f"The requested resource {request.path} was not found")
		return web.json_response(self._as_json(record))

	def _take(self, kind: str, asked: dict[str, str]) -> Record:
		record = Record(
			sid=("SM" if kind == SMS else "CA") + secrets.token_hex(16),
			kind=kind,
			to=asked["To"],
			sender=asked.get("From") or self.numbers[0],
			asked=asked,
			created=self.now(),
			status="queued",
		)
		with self._lock:
			self._records[record.sid] = record
		said = asked.get("Body", "")
		self.inbox.add(method=kind, to=record.to, sender=record.sender, id=record.sid, text=said)
		if self.automatic:
			by_itself = self._receipts_by_themselves if kind == SMS else self._rings
			threading.Thread(target=by_itself, args=(record,), daemon=True).start()
		return record

	def _as_json(self, record: Record) -> dict[str, Any]:
		at = format_datetime(record.created.replace(tzinfo=UTC))
		kind = "Messages" if record.kind == SMS else "Calls"
		path = f"/2010-04-01/Accounts/{self.account_sid}/{kind}/{record.sid}.json"
		said = {
			"sid": record.sid,
			"account_sid": self.account_sid,
			"to": record.to,
			"from": record.sender,
			"status": record.status,
			"direction": record.direction,
			"date_created": at,
			"date_updated": at,
			"price": None,
			"price_unit": "USD",
			"uri": path,
		}
		if record.kind == SMS:
			sent = at if record.status not in ("queued", "accepted") else None
			return {
				**said,
				"api_version": "2010-04-01",
				"body": record.asked.get("Body"),
				"date_sent": sent,
				"error_code": record.error,
				"error_message": None,
				"num_media": "0",
				"num_segments": "1",
				"messaging_service_sid": record.asked.get("MessagingServiceSid"),
				"subresource_uris": {},
			}
		return {
			**said,
			"answered_by": record.answered_by,
			"duration": None,
			"start_time": None,
			"end_time": None,
		}

	# --- callbacks

	def post(
		self, url: str, said: dict[str, str], *, token: str | None = None, signature: str | None = None
	) -> requests.Response:
		"""Call the app back as Twilio does, signed with our token (or with another, or with a signature that is given)."""
		signature = signature or RequestValidator(token or self.auth_token).compute_signature(url, said)
		headers = {
			"X-Twilio-Signature": signature,
			"User-Agent": "TwilioProxy/1.1",
			"I-Twilio-Idempotency-Token": "x",
		}
		return requests.post(url, data=said, headers=headers, timeout=SECONDS, allow_redirects=False)

	def receipt(self, sid: str, status: str, *, error: int | None = None, **how: Any) -> requests.Response:
		"""Say what became of an SMS: sent, delivered, undelivered, failed, read. `how`: as for `post`."""
		record = self._records[sid]
		record.status, record.error = status, error
		said = {
			"AccountSid": self.account_sid,
			"ApiVersion": "2010-04-01",
			"From": record.sender,
			"To": record.to,
			"MessageSid": sid,
			"SmsSid": sid,
			"MessageStatus": status,
			"SmsStatus": status,
		}
		if error:
			said["ErrorCode"] = str(error)
		return self.post(record.asked["StatusCallback"], said, **how)

	def text(
		self, sender: str, body: str, *, to: str = "", **how: Any
	) -> tuple[requests.Response, list[str]]:
		"""An SMS from a phone to us. Returns the app's answer, and the SMS that it makes Twilio send back."""
		said = {
			"AccountSid": self.account_sid,
			"ApiVersion": "2010-04-01",
			"Body": body,
			"From": sender,
			"MessageSid": "SM" + secrets.token_hex(16),
			"NumMedia": "0",
			"NumSegments": "1",
			"To": to or self.numbers[0],
		}
		answer = self.post(self.sms_url, said, **how)
		replies = []
		if answer.ok and answer.content:
			replies = [(m.findtext("Body") or m.text or "") for m in _twiml(answer).iter("Message")]
		for reply in replies:
			self.inbox.add(method=SMS, to=sender, sender=said["To"], id="reply", text=reply)
		return answer, replies

	def call(self, sid: str) -> "Call":
		"""The phone that a call rings on."""
		return Call(self, self._records[sid])

	def _receipts_by_themselves(self, record: Record) -> None:
		for status in ("sent", "delivered"):
			time.sleep(_AUTOMATIC_PAUSE)
			try:
				self.receipt(record.sid, status)
			except requests.RequestException:
				return  # nobody listens any more

	def _rings(self, record: Record) -> None:
		record.status = "ringing"
		time.sleep(float(record.asked.get("Timeout", 60)))
		if record.status == "ringing":
			try:
				Call(self, record).nobody_answers()
			except requests.RequestException:
				return

	# --- by hand, from the inbox's page

	async def _show_call(self, request: web.Request) -> web.Response:
		record = self._records.get(request.match_info["sid"])
		if not record:
			raise web.HTTPNotFound()
		return web.json_response(_shown(record))

	async def _act(self, request: web.Request) -> web.Response:
		record = self._records.get(request.match_info["sid"])
		if not record or record.kind != CALL:
			raise web.HTTPNotFound()
		phone, act = Call(self, record), request.match_info["act"]
		acts: dict[str, Callable[[], object]] = {
			"answer": phone.answer,
			"machine": phone.machine,
			"decline": phone.busy,
			"hang-up": phone.hang_up,
			**{key: lambda key=act: phone.press(key) for key in "0123456789*#"},
		}
		if act not in acts:
			raise web.HTTPNotFound()
		try:
			await asyncio.to_thread(acts[act])
		except (requests.RequestException, AssertionError) as e:
			raise web.HTTPConflict(text=str(e)) from None
		return web.json_response(_shown(record))

	async def _text_by_hand(self, request: web.Request) -> web.Response:
		"""Reply to an SMS: {"from": the phone, "to": the number it came from, "body"}."""
		wanted = await request.json()
		try:
			answer, replies = await asyncio.to_thread(
				self.text, str(wanted["from"]), str(wanted["body"]), to=str(wanted.get("to", ""))
			)
		except (requests.RequestException, KeyError) as e:
			raise web.HTTPConflict(text=str(e)) from None
		return web.json_response({"status": answer.status_code, "replies": replies})


class Call:
	"""A phone that rings: what its owner, or their machine, can do."""

	def __init__(self, provider: Twilio, record: Record) -> None:
		self._provider, self._record = provider, record
		self._asked = record.asked

	@property
	def sid(self) -> str:
		return self._record.sid

	@property
	def status(self) -> str:
		return self._record.status

	@property
	def text(self) -> str:
		"""Everything that was said so far."""
		return "\n".join(self._record.said)

	@property
	def waits_for_a_key(self) -> bool:
		return self._record.menu is not None

	def answer(self, answered_by: str = "human") -> "Call":
		"""Take the call and listen, until it asks for a key or hangs up."""
		record = self._record
		assert record.status in ("queued", "ringing"), f"the call is {record.status}"
		record.status = "in-progress"
		record.machine = answered_by.startswith(("machine", "fax"))
		detection = self._asked.get("MachineDetection", "")
		if detection == "DetectMessageEnd" and answered_by == "machine_start":
			answered_by = "machine_end_beep"  # Twilio listens to the greeting first
		record.answered_by = answered_by if detection else None
		if self._asked.get("Twiml"):
			self._follow(ET.fromstring(self._asked["Twiml"]), "")
		else:
			more = {"AnsweredBy": answered_by} if detection else {}
			self._fetch(self._asked["Url"], more)
		return self

	def machine(self) -> "Call":
		"""A mailbox takes the call: what is said from now on is recorded, if it waited for the beep."""
		return self.answer("machine_start")

	def press(self, key: str) -> "Call":
		"""Press a key; takes the call first if it still rings."""
		if self._record.status in ("queued", "ringing"):
			self.answer()
		menu = self._record.menu
		assert menu is not None, f"the call asks for no key; it said: {self.text!r}"
		self._record.menu = None
		self._fetch(urljoin(self._record.at, menu.get("action", self._record.at)), {"Digits": key})
		return self

	def silence(self) -> "Call":
		"""Press no key, until the menu gives up."""
		record = self._record
		menu, record.menu = record.menu, None
		assert menu is not None, "the call asks for no key"
		if menu.get("actionOnEmptyResult") == "true":
			self._fetch(urljoin(record.at, menu.get("action", record.at)), {"Digits": ""})
		else:
			self._run(record.rest)
		return self

	def hang_up(self) -> "Call":
		self._end("completed")
		return self

	def busy(self) -> "Call":
		self._end("busy")
		return self

	def nobody_answers(self) -> "Call":
		self._end("no-answer")
		return self

	def fail(self, error: int = 13224) -> "Call":
		"""No network takes the call."""
		self._end("failed", ErrorCode=str(error))
		return self

	def _said(self, **more: str) -> dict[str, str]:
		record = self._record
		return {
			"AccountSid": self._provider.account_sid,
			"ApiVersion": "2010-04-01",
			"CallSid": record.sid,
			"CallStatus": record.status,
			"Called": record.to,
			"Caller": record.sender,
			"Direction": record.direction,
			"From": record.sender,
			"To": record.to,
			**more,
		}

	def _fetch(self, url: str, more: dict[str, str]) -> None:
		answer = self._provider.post(url, self._said(**more))
		if not answer.ok:
			self._record.said.append("An application error has occurred. Goodbye.")
			self._end("completed")
			raise AssertionError(f"{url}: {answer.status_code} {answer.text[:300]}")
		self._follow(_twiml(answer), url)

	def _follow(self, twiml: ET.Element, url: str) -> None:
		self._record.at = url
		self._run(list(twiml))

	def _run(self, verbs: list[ET.Element]) -> None:
		for number, verb in enumerate(verbs):
			if verb.tag == "Say":
				self._record.said.append("".join(verb.itertext()))
			elif verb.tag == "Gather":
				for inner in verb.iter("Say"):
					self._record.said.append("".join(inner.itertext()))
				self._record.menu, self._record.rest = verb, verbs[number + 1 :]
				return
			elif verb.tag == "Redirect":
				self._fetch(urljoin(self._record.at, verb.text or ""), {})
				return
			elif verb.tag == "Hangup":
				break
			elif verb.tag != "Pause":
				raise AssertionError(f"TwiML that this phone doesn't know: {verb.tag}")
		self._end("completed")

	def _end(self, status: str, **more: str) -> None:
		record = self._record
		if record.ended:
			return
		record.status, record.menu = status, None
		if url := self._asked.get("StatusCallback"):
			taken = {"AnsweredBy": record.answered_by} if record.answered_by else {}
			self._provider.post(url, self._said(CallDuration="7", **taken, **more))


def _shown(record: Record) -> dict[str, Any]:
	return {
		"sid": record.sid,
		"status": record.status,
		"said": record.said,
		"rings": record.status in ("queued", "ringing"),
		"asks": record.menu is not None,
	}


def _twiml(answer: requests.Response) -> ET.Element:
	kind = answer.headers.get("Content-Type", "")
	assert "xml" in kind, f"Twilio error 12300: the content type {kind} is not TwiML"
	found = ET.fromstring(answer.content)
	assert found.tag == "Response", f"Twilio error 12100: {found.tag} is no TwiML document"
	return found


def _log_in(request: web.Request) -> BasicAuth:
	try:
		return BasicAuth.decode(request.headers.get("Authorization", ""))
	except ValueError:
		return BasicAuth("", "")


def _is_number(text: str) -> bool:
	return text.startswith("+") and text[1:].isdigit() and 7 <= len(text) <= 16


def _error(status: int, code: int, said: str) -> web.Response:
	body = {
		"code": code,
		"message": said,
		"more_info": f"https://www.twilio.com/docs/errors/{code}",
		"status": status,
	}
	return web.json_response(body, status=status)


def _page(key: str, found: list[dict], request: web.Request) -> dict[str, Any]:
	size = int(request.query.get("PageSize", 50))
	return {
		key: found[:size],
		"page": 0,
		"page_size": size,
		"start": 0,
		"end": max(len(found[:size]) - 1, 0),
		"uri": request.path_qs.removeprefix(PATH),
		"first_page_uri": request.path_qs.removeprefix(PATH),
		"next_page_uri": None,
		"previous_page_uri": None,
	}
