"""What an SMS says: Twilio's own words, an acknowledgement or that somebody else has to take it, each with a code, or nothing that
is understood.
"""

import re
import unicodedata
from dataclasses import dataclass

from escalation_mgmt.utils import typed

# What Twilio itself takes for these, in any case, where a message is nothing else:
# https://help.twilio.com/articles/223134027
STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START = frozenset({"START", "UNSTOP"})
START_AFTER_STOP = frozenset({"YES"})  # to Twilio always; to us it may be somebody's answer
HELP = frozenset({"HELP", "INFO"})  # answered by Twilio as well

_WORD = r"(?:ack|acknowledge|acknowledged)"
_APART = r"[\s#:.,/–—−-]*"
_NAMED = r"(?:no|nr|code|reply)"
# "No 12" passes 12 on, "no. 12" is the number: to page one more is better than to stop where somebody says no.
_PASS = r"(?:pass(?:\s?on|\s?it\s?on)?)"
_PASSES = re.compile(
	rf"{_PASS}(?:{_APART}{_NAMED}?{_APART}(?P<after>\d{{1,6}}))?"
	rf"|no\s*(?P<no>\d{{1,6}})"
	rf"|(?P<before>\d{{1,6}}){_APART}(?:{_PASS}|no)",
	re.IGNORECASE | re.ASCII,
)
_REPLY = re.compile(
	rf"(?P<alone>\d{{1,6}})"
	rf"|{_WORD}(?:{_APART}{_NAMED}?{_APART}(?P<after>\d{{1,6}}))?"
	rf"|(?P<before>\d{{1,6}}){_APART}{_WORD}"
	rf"|{_NAMED}[\s#:.]*(?P<named>\d{{1,6}})",
	re.IGNORECASE | re.ASCII,
)
# A minus sign before a number, and a question mark behind it, mean something.
_BEFORE = re.compile(r"[\s#>]+")
_AGREES = frozenset("👍👌✅✔☑🆗🙏🫡\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")


@dataclass(frozen=True, slots=True)
class Reply:
	"""An acknowledgement, or (`passes_on`) that somebody else has to take it. `code`: what it is of; None: of the only one that is
	open.
	"""

	code: int | None
	passes_on: bool = False


def word(body: str) -> str:
	"""A message that is one word, in capitals, as Twilio compares it."""
	return typed.plain_digits(body).upper()


def read(body: str) -> Reply | None:
	"""What an SMS answers; None: it answers nothing, or which one can't be told.

	All of it, or its first line, with a signature or what is quoted below. Where another line is a code too, nobody can tell.
	"""
	text = typed.plain_digits(body)
	if whole := _read(text):
		return whole
	lines = [line for line in text.splitlines() if line.strip()]
	if len(lines) < 2 or any(other and other.code is not None for other in map(_read, lines[1:])):
		return None
	return _read(lines[0])


def _read(text: str) -> Reply | None:
	bare = _bare(text)
	passes = _PASSES.fullmatch(bare)
	found = passes or _REPLY.fullmatch(bare)
	if not found:
		return None
	code = next(filter(None, found.groups()), None)
	return Reply(int(code) if code else None, passes_on=bool(passes))


def _bare(text: str) -> str:
	"""Without quotation marks, brackets and what ends a sentence."""
	before = None
	while text != before:
		before = text
		text = _BEFORE.sub("", text, count=1) if _BEFORE.match(text) else text
		if text and (_quotes(text[0]) or text[0] in "[({*_"):
			text = text[1:]
		text = text.rstrip()
		if text and (text[-1] in _AGREES or (_punctuates(text[-1]) and not _asks(text[-1]))):
			text = text[:-1]
	return text


def _quotes(character: str) -> bool:
	return character in "\"'`´" or unicodedata.category(character) in ("Pi", "Pf", "Ps")


def _punctuates(character: str) -> bool:
	return unicodedata.category(character)[0] == "P" or character in "`´"


def _asks(character: str) -> bool:
	return "QUESTION" in unicodedata.name(character, "")
