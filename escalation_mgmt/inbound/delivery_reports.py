"""What a mail server says of a mail that it couldn't deliver (RFC 3464), and mail that no person has written (RFC 3834)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from email.utils import parseaddr

_ID = re.compile(r"<[^<>\s]{1,500}>")
_MACHINES = frozenset({"mailer-daemon", "postmaster"})
_PRECEDENCE = frozenset(
	{"auto_reply", "auto-reply", "bulk", "junk"}
)  # "list" is the way of a group's mailbox, whoever wrote
_LONGEST = 300
_LONGEST_TEXT = 20_000
_IDS_IN_TEXT = re.compile(
	r"^(?:X-Escalation-)?Message-ID:\s*(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE
)
_QMAIL = re.compile(r"\s*Hi\.\s+This\s+is\s+the\s")  # https://cr.yp.to/proto/qsbmf.txt
_REFUSED = re.compile(r"\b5\d\d[ -][^\r\n]{1,300}")
_STATUS = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True, slots=True)
class DeliveryReport:
	"""`status`: the enhanced code (RFC 3463), empty where there is none; `said`: what the mailbox's server answered."""

	failed: bool  # for good: a delay is none
	status: str
	said: str


def read(mail: Message) -> DeliveryReport | None:
	"""Of a report on delivery, what it says of its recipient; None: it is no such report. Ours have one: several, where that is an
	alias, are said by the first that failed.
	"""
	found = None
	for fields in _of_recipients(mail):
		status = _line(fields["Status"]).partition(" ")[0]
		said = _line(fields["Diagnostic-Code"]).partition(";")[2].strip() or status
		found = DeliveryReport(_line(fields["Action"]).lower() == "failed", status, said[:_LONGEST])
		if found.failed:
			break
	return found or _in_words(mail)


def _in_words(mail: Message) -> DeliveryReport | None:
	"""Of a report without such fields, as qmail and older Exim write it. Exim names no failed recipient of a mail that is late."""
	text = _text(mail)
	if not (mail["X-Failed-Recipients"] or (is_automatic(mail) and _QMAIL.match(text))):
		return None
	answer = _REFUSED.search(text)
	status = _STATUS.search(answer[0]) if answer else None
	return DeliveryReport(True, status[0] if status else "", _line(answer[0]) if answer else "")


def is_automatic(mail: Message) -> bool:
	"""Whether a machine wrote it: a report, an answer for somebody who is away."""
	return bool(
		mail.get_content_type() == "multipart/report"
		or _line(mail["Auto-Submitted"] or "no").partition(";")[0].strip().lower() != "no"
		or _line(mail["Precedence"]).lower() in _PRECEDENCE
		or any(
			mail[name] for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Generated", "X-Failed-Recipients")
		)
		or _line(mail["Return-Path"]) == "<>"
		or parseaddr(_line(mail["From"]))[1].partition("@")[0].lower() in _MACHINES
	)


def answered_by(mail: Message) -> list[str]:
	"""The mails that it answers itself, or reports on: their Message-IDs, with their brackets."""
	found = _ids(mail["In-Reply-To"])
	if is_automatic(mail):  # what a person attaches is what they want to show
		found += thread_of(mail)
		for part in _returned(mail):
			found += [*_ids(part["Message-ID"]), *_ids(part["X-Escalation-Message-ID"])]
		found += _IDS_IN_TEXT.findall(_text(mail))
	return list(dict.fromkeys(found))


def thread_of(mail: Message) -> list[str]:
	"""The mails before it in its thread, the latest first."""
	return _ids(mail["References"])[::-1]


def _of_recipients(mail: Message) -> Iterator[Message]:
	for part in mail.walk():
		if part.get_content_type() == "message/delivery-status" and part.is_multipart():
			yield from (fields for fields in part.get_payload() if fields["Action"])


def _returned(mail: Message) -> Iterator[Message]:
	"""The mails that came back within it, or their headers alone."""
	for part in mail.walk():
		if part.get_content_type() == "message/rfc822" and part.is_multipart():
			yield from part.get_payload()
		elif part.get_content_type() == "text/rfc822-headers":
			payload = part.get_payload(decode=True) or b""
			yield HeaderParser().parsestr(payload.decode("utf-8", "replace"))


def _text(mail: Message) -> str:
	"""Of a mail that is one text, its beginning."""
	if mail.get_content_type() != "text/plain":
		return ""
	return (mail.get_payload(decode=True) or b"")[:_LONGEST_TEXT].decode("utf-8", "replace")


def _ids(header: object) -> list[str]:
	return _ID.findall(_line(header))


def _line(header: object) -> str:
	return " ".join(str(header or "").split())
