"""A mail server that takes everything, as strictly as those outside: lines end with CR LF or are refused.

With `seven_bit` it offers no 8BITMIME (RFC 6152), and refuses a message with a byte above 127.
"""

import asyncio
import email
import email.policy
import weakref
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from host.providers.base import FaultQueue, Provider, until_cancelled
from host.providers.inbox import Inbox

# MAIL and RCPT: the answer to the command. DATA: to the word, before the message goes over.
# MESSAGE: the last answer, after the whole message went over.
At = Literal["MAIL", "RCPT", "DATA", "MESSAGE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpFault:
	at: At
	to: str = ""  # only for this recipient; unknown yet at MAIL
	seconds: float = 0  # the pause before the answer
	answer: str = ""  # empty: the usual one
	drop: bool = False  # close the connection, after the answer if there is one, otherwise in its place
	taken: bool = False  # whether a whole message counts as received (and its sender can't know it)


class SmtpFaults(FaultQueue[SmtpFault]):
	def refuse(
		self, code: int, text: str = "", *, at: At = "RCPT", drop: bool = False, to: str = "", times: int = 1
	) -> None:
		"""Answer with a code: 450 and the like are temporary, 550 is final; 421 usually comes with `drop`."""
		answer = f"{code} {text or _TEXTS.get(code, 'Refused')}"
		self.add(SmtpFault(at=at, to=to, answer=answer, drop=drop), times)

	def hang(
		self, seconds: float, *, at: At = "MESSAGE", taken: bool = True, to: str = "", times: int = 1
	) -> None:
		"""Answer late. A message is received at once, unless `taken` is false: then never."""
		answer = "" if taken or at != "MESSAGE" else f"451 {_TEXTS[451]}"
		self.add(SmtpFault(at=at, to=to, seconds=seconds, answer=answer, taken=taken), times)

	def drop(self, *, at: At = "MESSAGE", taken: bool = True, to: str = "", times: int = 1) -> None:
		"""Close the connection in place of the answer. A whole message was received, if `taken`."""
		self.add(SmtpFault(at=at, to=to, drop=True, taken=taken), times)


_TAKEN = "250 2.0.0 Taken"
_TEXTS = {
	421: "4.3.2 Service shutting down",
	450: "4.2.1 Mailbox busy, try again later",
	451: "4.3.0 Try again later",
	452: "4.2.2 Mailbox full",
	550: "5.1.1 No such mailbox",
	552: "5.2.2 Mailbox full",
	554: "5.7.1 Rejected by policy",
}


class MailServer(Provider):
	name = "smtp"

	def __init__(self, inbox: Inbox) -> None:
		super().__init__(inbox)
		self.faults = SmtpFaults()
		self.seven_bit = False
		self._connections: weakref.WeakSet[SMTP] = weakref.WeakSet()
		self._server: asyncio.Server | None = None

	async def start(self, host: str, port: int) -> int:
		"""Listen; returns the port."""
		loop = asyncio.get_running_loop()
		self._server = await loop.create_server(lambda: self._connection(loop), host, port)
		return self._server.sockets[0].getsockname()[1]

	def stop(self) -> None:
		if self._server:
			self._server.close()
		for connection in list(self._connections):
			if connection.transport:
				connection.transport.abort()

	def _connection(self, loop: asyncio.AbstractEventLoop) -> SMTP:
		connection = _Connection(
			self,
			hostname="mail.localhost",
			ident="local mail server",
			enable_SMTPUTF8=True,
			# Any user and password will do, without TLS: an account with a password must work here too.
			auth_require_tls=False,
			authenticator=lambda *_args: AuthResult(success=True),
			loop=loop,
		)
		self._connections.add(connection)
		return connection

	async def handle_EHLO(
		self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
	) -> list[str]:
		session.host_name = hostname
		return [each for each in responses if not (self.seven_bit and "8BITMIME" in each)]

	async def handle_MAIL(
		self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
	) -> str:
		refusal = await self.misbehave(server, "MAIL", envelope)
		if refusal:
			return refusal
		envelope.mail_from = address
		envelope.mail_options.extend(options)
		return "250 2.1.0 OK"

	async def handle_RCPT(
		self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
	) -> str:
		refusal = await self.misbehave(server, "RCPT", envelope, [address])
		if refusal:
			return refusal
		envelope.rcpt_tos.append(address)
		envelope.rcpt_options.extend(options)
		return "250 2.1.5 OK"

	async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
		raw = envelope.original_content or b""
		if b"\n" in raw.replace(b"\r\n", b""):
			# Big providers refuse this, in these words: RFC 5321, 2.3.8 forbids it, and it smuggles messages.
			answer = "550 5.6.11 Bare line feeds are illegal"
			self._note(envelope, answer, taken=False)
			return answer
		if self.seven_bit and not raw.isascii():
			answer = "554 5.6.1 Message contains 8-bit data, and 8BITMIME was not offered"
			self._note(envelope, answer, taken=False)
			return answer
		fault = self._fault("MESSAGE", envelope.rcpt_tos)
		taken = fault is None or fault.taken
		if taken:
			for recipient in envelope.rcpt_tos:
				self.inbox.add(
					method="Email", to=recipient, sender=envelope.mail_from or "", **parse_mail(raw)
				)
		if fault:
			refusal = await self._happen(server, fault, envelope, envelope.rcpt_tos)
			if refusal:
				return refusal
		else:
			self._note(envelope, _TAKEN, taken=True)
		return _TAKEN

	async def misbehave(
		self, server: SMTP, at: At, envelope: Envelope, recipients: list[str] | None = None
	) -> str | None:
		"""Let the fault that waits for this command happen. Returns the refusal, None where all is well."""
		fault = self._fault(at, recipients or [])
		return await self._happen(server, fault, envelope, recipients or []) if fault else None

	def _fault(self, at: At, recipients: list[str]) -> SmtpFault | None:
		them = {recipient.casefold() for recipient in recipients}
		return self.faults.take(lambda fault: fault.at == at and fault.to.casefold() in {"", *them})

	async def _happen(
		self, server: SMTP, fault: SmtpFault, envelope: Envelope, recipients: list[str]
	) -> str | None:
		whole = fault.at == "MESSAGE"
		if fault.answer or fault.drop or whole:
			# Before the pause: a sender who gives up ends this here.
			answer = fault.answer or ("dropped" if fault.drop else _TAKEN)
			self._note(envelope, answer, taken=whole and fault.taken, recipients=recipients)
		if fault.seconds:
			await asyncio.sleep(fault.seconds)
		if not fault.drop:
			return fault.answer or None
		if fault.answer:
			await server.push(fault.answer)
		if server.transport:
			server.transport.close()
		await until_cancelled()
		return None

	def _note(
		self, envelope: Envelope, answer: str, *, taken: bool, recipients: list[str] | None = None
	) -> None:
		content = envelope.original_content
		id = _unfolded(email.message_from_bytes(content).get("Message-ID", "")) if content else ""
		for recipient in recipients or envelope.rcpt_tos or [""]:
			self.note(to=recipient, id=id, answer=answer, taken=taken)


class _Connection(SMTP):
	async def smtp_DATA(self, arg: str) -> None:
		# The library has no hook between the word DATA and the message.
		if self.envelope and self.envelope.rcpt_tos and not arg:
			refusal = await self.event_handler.misbehave(self, "DATA", self.envelope, self.envelope.rcpt_tos)
			if refusal:
				await self.push(refusal)
				return
		await super().smtp_DATA(arg)


def parse_mail(raw: bytes) -> dict[str, Any]:
	"""The parts of a message that the inbox keeps. Never raises: a mailbox takes what it gets."""
	mail = email.message_from_bytes(raw, policy=email.policy.default)
	headers = _headers(mail)
	return {
		"id": headers.get("message-id", ""),
		"subject": headers.get("subject", ""),
		"text": _part(mail, "plain"),
		"html": _part(mail, "html"),
		"headers": headers,
		"raw": raw,
	}


def _headers(mail: EmailMessage) -> dict[str, str]:
	found: dict[str, str] = {}
	for name, value in mail.raw_items():
		said = _unfolded(value)
		if "=?" in said:  # only then: the library's parser takes a millisecond a header
			with suppress(Exception):  # it fails on some malformed ones: left as they came
				said = str(mail.policy.header_fetch_parse(name, value))
		key = name.lower()
		found[key] = f"{found[key]}, {said}" if key in found else said
	return found


def _unfolded(value: object) -> str:
	return "".join(str(value).splitlines()).strip()


def _part(mail: EmailMessage, kind: str) -> str:
	try:
		part = mail.get_body((kind,))
		return part.get_content() if part else ""
	except Exception:
		pass  # an unknown character set, a broken structure: what can be read is better than nothing
	for part in mail.walk():
		if part.get_content_type() == f"text/{kind}":
			return (part.get_payload(decode=True) or b"").decode("utf-8", "replace")
	return ""
