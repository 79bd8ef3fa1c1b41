"""Email, over the SMTP connection of the site's outgoing email account, at once.

No Email Queue: it would wait for the scheduler and retry behind our back. Each attempt is ours to record.
"""

import hmac
import re
import smtplib
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from email.charset import BASE64, QP, Charset
from email.errors import MessageError
from email.header import Header, decode_header
from email.headerregistry import Address
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import formataddr, formatdate, parseaddr
from functools import cached_property

import frappe
from frappe import _
from frappe.email.doctype.email_account.email_account import EmailAccount
from frappe.translate import print_language
from frappe.utils import cint, escape_html, validate_email_address

from escalation_mgmt.notifiers import several
from escalation_mgmt.notifiers.answers import first_line
from escalation_mgmt.notifiers.base import (
	BATCH_SECONDS,
	CannotReach,
	Failed,
	Message,
	Outcome,
	Person,
	Provider,
	Retry,
	Sent,
	Unknown,
)
from escalation_mgmt.notifiers.several import SeveralProviders
from escalation_mgmt.utils import site_key
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.language import direction

METHOD = "Email"
GREETED_WITHIN = 10  # seconds, for the server to greet us
_LINE = 76  # characters of a header's line
_LONGEST_WORD = 70  # that is left as it is: a header is folded at blanks only
_LONGEST_LINE = 990  # of a body: RFC 5321 allows 998
_ENHANCED_CODE = re.compile(r"^\d\.\d{1,3}\.\d{1,3}\s")  # RFC 3463, for programs
_OF_ADDRESS = re.compile(r"5\.(?:1\.(?:[1-6]|10)|2\.[0-4])(?!\d)")
"""The mailbox's own fault, whoever writes to it: no such mailbox or domain, moved, switched off, full (RFC 3463, 3.2 and 3.3;
RFC 7505). 5.1.7 and 5.1.8 are the sender's, 5.7 the server's policy. A refusal without such a code may be anybody's.
"""
_OURS = re.compile(
	r"<(?P<attempt>[\w-]{8,64})\.(?P<message>[\w-]{1,64})\.(?P<proof>[0-9a-f]{16})@[^<>@\s]*>", re.ASCII
)
_IDS = frozenset({"message-id", "x-escalation-message-id"})


class _Policy(type(compat32)):
	"""Folds no id: it may be longer than a line, and not every server finds one in the next."""

	def fold_binary(self, name: str, value: str) -> bytes:
		if name.lower() in _IDS:
			return f"{name}: {value}{self.linesep}".encode("ascii")
		return super().fold_binary(name, value)


_SEVEN_BIT = _Policy(linesep="\r\n", cte_type="7bit", max_line_length=_LINE, mangle_from_=False)
"""The policy that folds with `email.header`, and leaves no byte above 127: not every server takes them (8BITMIME)."""
SECONDS = 20  # for one answer of the server; Frappe's own connection would wait two minutes


class EmailProvider(Provider):
	"""One outgoing Email Account."""

	def __init__(self, account: EmailAccount | None) -> None:
		"""None: there is none, which it says."""
		self._account = account
		self.name = account.name if account else ""

	def not_ready(self) -> str | None:
		if frappe.flags.mute_emails or cint(frappe.conf.get("mute_emails")):
			return _("Emails are muted on this site (mute_emails in its configuration).")
		if not self._account:
			return _(
				"There is no outgoing email account. Set one up under Email Account, as default outgoing."
			)
		if not self._account.enable_outgoing:
			return _("The Email Account {0} sends nothing. Enable Outgoing in it.").format(self.name)
		return None

	def refused(self) -> list[str]:
		try:
			_connect(self._account).quit()
		except Exception as e:
			frappe.clear_last_message()  # Frappe says it on the screen, too
			return [
				_("The mail server doesn't take our log-in, or can't be reached: {0}").format(
					first_line(e, 300)
				)
			]
		return []

	def send(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]:
		account = self._account
		connection: smtplib.SMTP | None = None
		until = time.monotonic() + BATCH_SECONDS
		for number, message in enumerate(messages):
			if time.monotonic() > until:
				why = Retry(_("The mail server was too slow with the messages before this one."))
				yield from ((left, why) for left in messages[number:])
				break
			try:
				connection = _alive(connection) or _connect(account)
			except Exception as e:
				# One try for all of them: each would wait as long, and steps wait meanwhile.
				why = Retry(_("The mail server can't be reached: {0}").format(first_line(e, 300)))
				yield from ((left, why) for left in messages[number:])
				return
			try:
				with print_language(message.language or frappe.local.lang or "en"):
					mail = _build(account, message)
				outcome = _send_one(connection, account, mail, message)
			except Exception as e:  # before anything went over: the message itself can't be built
				report_error(f"Escalation: email {message.notification} can't be built")
				why = _("The email can't be built: {0}").format(first_line(e, 300))
				outcome = Failed(why, by_no_provider=True)
			if isinstance(outcome, Unknown):
				connection = None
			yield message, outcome
		if connection:
			with suppress(smtplib.SMTPException, OSError):  # everything was said already
				connection.quit()


class EmailNotifier(SeveralProviders):
	method = METHOD
	batch = 25
	carries_notices = True
	set_up_in = "Email Account"

	def find_providers(self) -> Sequence[Provider]:
		"""The default outgoing account first, unless a row of Escalation Settings names it in another place."""
		# Not find_outgoing(), which remembers for as long as a resident process lives.
		default = EmailAccount.find_default_outgoing() or None
		named = [row.email_account for row in several.rows() if row.kind == several.Kind.EMAIL_ACCOUNT]
		found = [
			frappe.get_doc("Email Account", name) for name in named if frappe.db.exists("Email Account", name)
		]
		if not found or (default and default.name not in named):
			found.insert(0, default)
		return [EmailProvider(account) for account in found]

	def address_of(self, person: Person) -> str:
		if not person.email:
			raise CannotReach(_("Has no email address. Enter one in their Escalation Contact."))
		if not person.email_verified:
			raise CannotReach(_("The email address is not verified. Verify it in their Escalation Contact."))
		return self.check_address(person.email)

	def check_address(self, address: str) -> str:
		try:
			found = Address(addr_spec=validate_email_address(address) or "no address")
			found.addr_spec.encode("ascii")  # few mail servers take others, and a page must get through
		except (ValueError, UnicodeError, MessageError):
			raise CannotReach(
				_("{0} is not an email address that can be written to.").format(self.mask(address))
			) from None
		if _is_reserved(found.domain):
			words = _(
				"{0}: nobody can have an address at {1}, which is reserved for examples. Enter a real one."
			)
			raise CannotReach(words.format(self.mask(address), found.domain))
		if found.addr_spec.lower() in self._own_mailboxes:
			words = _(
				"{0} is this site's own mailbox: it makes documents of what arrives. Enter a person's address."
			)
			raise CannotReach(words.format(self.mask(address)))
		return found.addr_spec

	@cached_property
	def _own_mailboxes(self) -> set[str]:
		"""Those whose mail becomes tickets or joins them. A person's mailbox, which only shows mail in Desk, is read by them;
		and so may be one that only sends.
		"""
		folders = frappe.get_all(
			"IMAP Folder", filters={"append_to": ("is", "set")}, pluck="parent", order_by="parent"
		)
		found = frappe.get_all(
			"Email Account",
			filters={"enable_incoming": 1},
			or_filters=[
				["append_to", "is", "set"],
				["default_incoming", "=", 1],
				["name", "in", folders or [""]],
			],
			pluck="email_id",
			order_by="name",
		)
		return {address.lower() for address in found if address}

	def mask(self, address: str) -> str:
		name, _at, domain = address.rpartition("@")
		return f"{name[:1]}…@{domain}"

	def words(self, message: Message) -> str:
		return f"{message.subject}\n\n{_plain(message).strip()}"


def sent_as(message_id: str) -> tuple[str, str]:
	"""The message, and the attempt, whose mail had this Message-ID, which is `<attempt.message.proof@domain>`; empty: it is none of
	ours.
	"""
	found = _OURS.fullmatch(message_id)
	if not found or not hmac.compare_digest(found["proof"], _proof(found["attempt"], found["message"])):
		return "", ""
	return found["message"], found["attempt"]


def known_as(message: str, attempt: str) -> str:
	"""What is kept of its Message-ID: all but the proof, which only whom the mail reached may know."""
	return f"{attempt}.{message}"


def _proof(attempt: str, message: str) -> str:
	"""What a Message-ID has besides the ids of its attempt and message, which stand where others than whom it went to may read them."""
	return site_key.signed(attempt, message)[:16]


def is_of_address(status: str) -> bool:
	"""Whether an enhanced code (RFC 3463) blames the mailbox, whoever writes to it."""
	return bool(_OF_ADDRESS.match(status))


def _is_reserved(domain: str) -> bool:
	"""For documentation (RFC 2606), as the address with which Administrator is born. `.test` is for trying out, and is left."""
	labels = domain.lower().rstrip(".").split(".")
	return labels[-1] in ("example", "invalid") or labels[-2:] in [
		["example", top] for top in ("com", "net", "org")
	]


def _connect(account: EmailAccount) -> smtplib.SMTP:
	# Frappe's own server object knows TLS, log-in and OAuth; a new one for each batch, so that nothing stale is used.
	account.__dict__.pop("_smtp_server_instance", None)
	server = account.get_smtp_server()
	_greeted(server.server, server.port, bool(server.use_ssl))
	connection = server.session
	connection.sock.settimeout(SECONDS)
	return connection


def _greeted(host: str, port: int | None, encrypted: bool) -> None:
	"""Raises OSError where nobody greets in time. Frappe's own connection would wait two minutes for it."""
	with socket.create_connection(
		(host, cint(port) or (465 if encrypted else 25)), timeout=GREETED_WITHIN
	) as probe:
		if not encrypted and not probe.recv(1):
			raise OSError(_("the mail server hung up"))


def _alive(connection: smtplib.SMTP | None) -> smtplib.SMTP | None:
	"""The connection, ready for another message, or None where it has died."""
	if connection is None:
		return None
	try:
		return connection if connection.rset()[0] == 250 else None
	except (smtplib.SMTPException, OSError):
		return None


def _send_one(
	connection: smtplib.SMTP, account: EmailAccount, mail: MIMEMultipart, message: Message
) -> Outcome:
	to = message.address
	content = mail.as_bytes(policy=_SEVEN_BIT)
	try:
		connection.ehlo_or_helo_if_needed()
		for command, address in ((connection.mail, account.email_id), (connection.rcpt, to)):
			code, answer = command(address)
			if code not in (250, 251):
				return _refused(code, answer, of_sender=address != to)
	except (smtplib.SMTPException, OSError) as e:
		return Retry(
			_("The mail server broke off before it took the message: {0}").format(first_line(e, 300))
		)
	try:
		code, answer = connection.data(content)
	except smtplib.SMTPDataError as e:  # refused at the word DATA, before the message went over
		return _refused(e.smtp_code, e.smtp_error)
	except (smtplib.SMTPException, OSError) as e:
		return Unknown(
			_("The mail server broke off while it took the message: {0}").format(first_line(e, 300))
		)
	if code != 250:
		return _refused(code, answer)
	said = _ENHANCED_CODE.sub("", _text(answer)).strip()
	return Sent(
		known_as(message.notification, message.attempt),
		_("The mail server answered: {0}").format(said) if said else "",
	)


def _refused(code: int, answer: bytes | str, *, of_sender: bool = False) -> Outcome:
	said = _("The mail server answered {0}: {1}").format(code, _text(answer))
	if 400 <= code < 500:
		return Retry(said)
	return Failed(said, by_no_provider=not of_sender and is_of_address(_text(answer)))


def _build(account: EmailAccount, message: Message) -> MIMEMultipart:
	mail = MIMEMultipart("alternative", policy=_SEVEN_BIT)
	name = account.get("email_account_name") or account.get("name") or ""
	mail["From"] = _named("From", name, account.email_id)
	mail["To"] = message.address
	mail["Subject"] = _encoded("Subject", message.subject)
	mail["Date"] = formatdate()
	# Our own ids of the attempt and the message: what a mailbox holds can be told apart, and whoever answers names it. Some services
	# give it another Message-ID; where they send it back, the second is still there.
	domain = parseaddr(account.email_id)[1].rpartition("@")[2]
	proof = _proof(message.attempt, message.notification)
	mail["Message-ID"] = f"<{message.attempt}.{message.notification}.{proof}@{domain}>"
	mail["X-Escalation-Message-ID"] = mail["Message-ID"]
	mail["X-Escalation-Notification"] = message.notification
	# Of a machine (RFC 3834): nobody answers it for somebody who is away, and no helpdesk makes a ticket of it. Helpdesk
	# looks for X-Auto-Generated, Exchange for the third. No Precedence nor List-Id: phones let lists wait until morning.
	mail["Auto-Submitted"] = "auto-generated"
	mail["X-Auto-Generated"] = "escalation"
	mail["X-Auto-Response-Suppress"] = "All"
	if message.link:
		mail["X-Priority"] = "1"
	html = frappe.render_template(
		"escalation_mgmt/templates/emails/escalation.html",
		{
			"subject": message.subject,
			"paragraphs": [escape_html(line) for line in message.text.splitlines() if line.strip()],
			"link": message.link,
			"lang": frappe.local.lang or "en",
			"direction": direction(),
		},
	)
	mail.attach(_part(_plain(message), "plain"))
	mail.attach(_part(html, "html"))
	return mail


def _plain(message: Message) -> str:
	"""The mail as text alone, for readers that show no HTML."""
	return message.text + (f"\n\n{_('Acknowledge')}: {message.link}\n" if message.link else "\n")


def _encoded(header: str, text: str) -> Header:
	"""People's text as a header holds it: in one line, folded by `email.header`. (`EmailMessage` glues words together where it
	folds, and breaks some: it counts characters where the encoding counts bytes.)
	"""
	text = " ".join(text.split())
	simple = text.isascii() and text.isprintable() and "=?" not in text
	simple = simple and max(map(len, text.split()), default=0) < _LONGEST_WORD
	return Header(text, "us-ascii" if simple else "utf-8", maxlinelen=_LINE, header_name=header)


def _named(header: str, name: str, address: str) -> Header | str:
	"""An address with a name of any script before it."""
	found = _encoded(header, name)
	if str(found) and "utf-8" in {charset for _bytes, charset in decode_header(found.encode())}:
		found.append(f"<{address}>", "us-ascii")
		return found
	return formataddr((str(found), address))


def _part(text: str, subtype: str) -> MIMEText:
	"""Seven bits, whatever the server takes: quoted-printable where most of it can be read so, else base64."""
	if text.isascii() and max(map(len, text.splitlines()), default=0) < _LONGEST_LINE:
		return MIMEText(text, subtype, "us-ascii", policy=_SEVEN_BIT)
	charset = Charset("utf-8")
	charset.body_encoding = QP if 6 * sum(not c.isascii() for c in text) < len(text) else BASE64
	return MIMEText(text, subtype, charset, policy=_SEVEN_BIT)


def _text(answer: bytes | str) -> str:
	return (answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer)[:300]
