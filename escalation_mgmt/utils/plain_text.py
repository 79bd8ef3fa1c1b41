"""What strangers wrote, made into plain text before it is stored: wherever Desk shows it, it is read and not run.

Frappe's lists, report views, cards, prints and mails of reports put a field's text into HTML as it is, and trust that it
was sanitised when it was saved. Frappe doesn't sanitise what looks like JSON, though, and nothing of what an app writes as
rows. So what we keep is text that HTML, a spreadsheet and a terminal all take for text:

- `<` that could begin markup gets a space behind it (by HTML's own grammar it is a character then), and entities become what
  they stand for: `a < b & c` reads so, escaped or not;
- a quotation mark before a `=`, at which an attribute could end and another begin, becomes a typographic one (some templates
  of Desk's put a title between quotation marks as it is);
- characters that nobody sees and that change how others are shown or stored (controls, overrides of direction, halves of a
  surrogate pair) go;
- what a spreadsheet would take for a formula begins with an apostrophe, as one types it there.
"""

import json
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_NESTED = 5  # times that text is escaped, at most, for nobody has to read what was escaped more often
_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
# Marks of direction (LRM, RLM, ALM) stay: they are part of how Arabic and Hebrew are written. What overrides it, embeds
# or isolates goes: its end may be cut off, or never have been there, and then it turns round what stands behind.
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_TYPOGRAPHIC = str.maketrans({'"': "”", "'": "’"})
_HALF = re.compile(r"[\ud800-\udfff]")
_BREAK = re.compile(r"[ \t]*[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]\s*")
_SUSPECT = re.compile(r"[<&=\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
# As ASCII, full-width and small form, which some spreadsheets and keyboards take for the same; and a minus sign.
_FORMULA = re.compile(r"[\s\xad\u061c\u200b-\u200f\u2060]*[=+\-@＝＋－＠﹦﹢﹣﹫−]")
_NUMBER = re.compile(
	r"\s*[+\-−]?[\d\s.,…•*()/-]+\Z"
)  # a number, a masked one too, calls nothing and names no cell


def plain(text: Any, limit: int | None = None) -> str:
	"""A line of plain text, at most `limit` characters. Done twice, it stays the same."""
	text = "" if text is None else str(text)
	if limit is not None:
		text = text[
			: 8 * limit
		]  # so that the time it takes has an end; escaped, a character is as long as that
	if _SUSPECT.search(text):
		text = _inert(text)
	return text if limit is None else text[:limit]


def cell(text: Any, limit: int | None = None) -> str:
	"""As `plain`, for a field that stands in a list or a report of its own: no formula where it is exported."""
	text = "" if text is None else str(text)
	if text.startswith("'") and _FORMULA.match(text, 1):
		text = text[1:]  # it was one before
	text = plain(text, limit)
	return f"'{text}"[:limit] if _FORMULA.match(text) and not _NUMBER.match(text) else text


def plain_values(data: Mapping[str, Any]) -> dict[str, Any]:
	"""The same names and values, each text in them plain."""
	return {name: _plain_value(value) for name, value in data.items()}


def check_storable(value: Any) -> None:
	"""Raises ValueError where a text in what JSON gave has half of a surrogate pair: no database takes that."""
	json.dumps(value, ensure_ascii=False, default=str).encode()


def _plain_value(value: Any) -> Any:
	# `type(...) is str`: an enum's text is ours.
	if type(value) is str:
		return plain(value)
	if isinstance(value, list | tuple):
		return [_plain_value(each) for each in value]
	return plain_values(value) if isinstance(value, Mapping) else value


def _inert(text: str) -> str:
	for _time in range(_NESTED):
		decoded = _ENTITY.sub(lambda found: unescape(found[0]), text)
		if decoded == text:
			break
		text = decoded
	text = _HALF.sub("\ufffd", _UNSEEN.sub("", text))
	return _unquoted(_MARKUP.sub("< ", _BREAK.sub(" ", text)))


def _unquoted(text: str) -> str:
	before = text.rpartition("=")[0]
	return text.translate(_TYPOGRAPHIC) if '"' in before or "'" in before else text
