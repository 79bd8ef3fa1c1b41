"""Mail that answers ours: a person's reply acknowledges or passes on, a mail server's report is a receipt. None becomes a ticket.

A mail counts as such an answer with proof alone: the Message-ID that our mail had, which only whom it reached and the servers on its
way know, or the token of its link in what is quoted. What has none is Frappe's to handle, as is a mail that somebody forwards, and
what comes later in a thread in which ours was shown to others: a customer's mail must not be lost because an agent's quotes ours.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

import frappe
from frappe import _
from frappe.translate import print_language

from escalation_mgmt.actions.from_message import What, do
from escalation_mgmt.delivery import tokens
from escalation_mgmt.delivery.single_message import send_single
from escalation_mgmt.engine import EventKind
from escalation_mgmt.facts import people
from escalation_mgmt.inbound import delivery_reports, quoted, receipts, reply_text
from escalation_mgmt.inbound.delivery_reports import DeliveryReport
from escalation_mgmt.inbound.receipts import Receipt
from escalation_mgmt.notifiers.email import METHOD, EmailNotifier, is_of_address, known_as, sent_as
from escalation_mgmt.storage import addressees, callbacks, history, message_secrets, outbox
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock, installation, rate_limit
from escalation_mgmt.utils.doctypes import NOTIFICATION
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.html_text import text_of_html
from escalation_mgmt.utils.masking import masked
from escalation_mgmt.utils.plain_text import plain
from escalation_mgmt.utils.retry import retry_on_conflict

if TYPE_CHECKING:
	from frappe.email.receive import InboundMail

ANSWERS_PER_HOUR = 10  # to one address
MOST_LOOKED_UP = 20  # ids and tokens of one mail
LONGEST_SHOWN = 300  # characters of a reply in history
_FORWARDED = re.compile(
	r"[\s\[]*(?:fwd?|wg|tr|rv|enc|doorst|vb|vs|vl|pd|i|i̇lt|ilt|továbbítás|转发|轉寄|転送)\s*[:：]",
	re.IGNORECASE,
)
_TOKEN = re.compile(r"(?:/|%2f)ack(?:/|%2f)([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])", re.IGNORECASE)
_COLUMNS = (
	"name", "action_item", "recipient", "user", "method", "purpose", "about", "step", "run", "provider",
	"earlier_provider", *outbox.NEXT,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Answer:
	address: str
	language: str
	words: str


def take(mail: "InboundMail", answers: list[Callable[[], None]]) -> bool:
	"""Whether it was an answer to a mail of ours; what it asks for is done then, and committed, and nothing else is to be made of it.

	What is to be answered is added to `answers`.
	"""
	done = False
	with _reported():
		if message := _message_of(mail):
			answer = retry_on_conflict(lambda: _take_once(mail, message))
			done = True
			if answer:
				answers.append(lambda: _send(mail, message, answer))
	return done


def send(answers: Iterable[Callable[[], None]]) -> None:
	for each in answers:
		with _reported():
			each()


@contextmanager
def _reported() -> Iterator[None]:
	try:
		yield
	except Exception:
		frappe.db.rollback()
		report_error("Escalation: an answer to an email can't be read, or be answered")
		frappe.db.commit()


def _message_of(mail: "InboundMail") -> Any:
	"""The message that it answers, with a proof; None: there is none."""
	if _FORWARDED.match(mail.subject):
		return None
	for said in delivery_reports.answered_by(mail.mail)[:MOST_LOOKED_UP]:
		if found := _named(said):
			return found
	for found in _mentioned(mail):
		if _is_from(mail, _address(found)) and not mail.parent_communication():
			return found
	return None


def _mentioned(mail: "InboundMail") -> Iterator[Any]:
	"""Messages that are named further up its thread, or whose link is in its text: anybody may have been shown them."""
	yield from filter(None, map(_named, delivery_reports.thread_of(mail.mail)[:MOST_LOOKED_UP]))
	text = f"{mail.text_content}\n{mail.html_content}"
	for token in list(dict.fromkeys(_TOKEN.findall(text)))[:MOST_LOOKED_UP]:
		secret = message_secrets.of_token(tokens.hashed(token))
		if secret and (found := _row(secret.name)):
			yield found


def _named(message_id: str) -> Any:
	name, attempt = sent_as(message_id)
	found = _row(name) if name else None
	if found:
		found.named_attempt = attempt  # not the one that we believe in, where it was sent once more, or it is our answer to an answer
	return found


def _address(message: Any) -> str:
	"""Where it went, in small letters; when retention has taken that, where its user is."""
	return (message_secrets.address_of(message.name) or message.user or "").lower()


def _row(name: str) -> Any:
	return frappe.db.get_value(NOTIFICATION, {"name": name, "method": METHOD}, _COLUMNS, as_dict=True)


def _is_from(mail: "InboundMail", address: str) -> bool:
	"""Frappe takes an address for answers (Reply-To), where there is one, for the sender."""
	return bool(address) and address in (mail.from_email, parseaddr(str(mail.mail["From"] or ""))[1].lower())


def _take_once(mail: "InboundMail", message: Any) -> _Answer | None:
	"""A mailbox may be fetched once more from its beginning, and a mail lie in two of them."""
	said = (
		mail.raw_message
		if isinstance(mail.raw_message, bytes)
		else mail.raw_message.encode("utf-8", "replace")
	)
	which = mail.message_id or hashlib.sha256(said).hexdigest()
	answers: list[_Answer | None] = []
	callbacks.once((METHOD, which), lambda: answers.append(_take(mail, message)) or "")
	return answers[0] if answers else None


def _take(mail: "InboundMail", message: Any) -> _Answer | None:
	"""Do what a mail asks for, and keep in history what it says. Returns what to answer; None: nothing."""
	if report := delivery_reports.read(mail.mail):
		_take_report(report, message)
		return None
	text, answered = _written(mail), addressees.who_answers(message)
	_note(answered, text or mail.subject)
	if delivery_reports.is_automatic(mail.mail):
		return None
	address = _address(message)
	if not _is_from(mail, address):
		return None  # whoever it was forwarded to has no say, and hears nothing
	(expires,) = message_secrets.read([message.name], ("token_expires_utc",)).get(message.name) or (None,)
	language, zone = people.language_and_zone(message.user)
	with print_language(language or frappe.local.lang), clock.in_zone(zone):
		may = expires and expires > clock.now() and _asks(message)
		return _Answer(address, language, _do(text, answered if may else []))


def _take_report(report: DeliveryReport, message: Any) -> None:
	"""A mail server's report that it failed for good is a receipt: another way is tried, as after any."""
	if not report.failed or not message.named_attempt:
		return
	receipts.take(
		Receipt(
			notification=message.name,
			attempt=message.named_attempt,
			provider_id=known_as(message.name, message.named_attempt),
			status=MessageState.FAILED,
			detail=_("The mail came back: {0}").format(report.said),
			providers=outbox.went_by(message),
			by_no_provider=is_of_address(report.status),
		)
	)


def _asks(message: Any) -> bool:
	return message.purpose == Purpose.PAGE or message.about in addressees.TO_BE_ACKNOWLEDGED


def _do(text: str, answered: list[Any]) -> str:
	"""Do what a person's reply asks for; what to answer."""
	if not answered:
		return _("There is nothing to acknowledge any more.")
	wanted = reply_text.read(text)
	if not wanted or wanted.code is not None:
		how = _("To acknowledge, press the link in the email, or reply with the one word ACK.")
		return _("This wasn't understood.") + " " + how
	return do(What.PASS_ON if wanted.passes_on else What.ACKNOWLEDGE, answered, METHOD).message


def _written(mail: "InboundMail") -> str:
	"""What was written, without what is quoted below it."""
	text = mail.text_content if mail.text_content.strip() else text_of_html(mail.html_content)
	return quoted.without_quotes(text)


def _note(answered: list[Any], said: str) -> None:
	said = plain(masked(" ".join(said.split())[: 2 * LONGEST_SHOWN]), LONGEST_SHOWN)
	now = clock.now()
	history.append([outbox.line(each, EventKind.REPLIED, now, detail=said) for each in answered])


def _send(mail: "InboundMail", message: Any, answer: _Answer) -> None:
	"""In the name of the message, so that who answers this is known, too."""
	if not installation.is_live():
		return
	if not rate_limit.within("email_answer", answer.address, ANSWERS_PER_HOUR, 3600):
		return
	subject = mail.subject if mail.subject.lower().startswith("re:") else f"Re: {mail.subject}"
	send_single(EmailNotifier(), answer.address, answer.words, answer.language, subject, message.name)
