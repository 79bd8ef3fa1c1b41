"""How long an SMS is, and how to keep it short: the GSM 7-bit alphabet (3GPP TS 23.038, 6.2.1).

One character outside that alphabet makes every character of the message cost twice.
"""

import unicodedata

_BASIC = frozenset(
	"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")  # each takes two
_ALPHABET = _BASIC | _EXTENDED
_TYPOGRAPHIC = str.maketrans(
	{
		**dict.fromkeys("‘’‚‛′`´ʼ", "'"),
		**dict.fromkeys("“”„‟″«»", '"'),
		**dict.fromkeys("‐‑‒–—―−", "-"),
		**dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\t", " "),
		**dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
		**dict.fromkeys("•·▪", "*"),
		"…": "...",
		"→": "->",
		"←": "<-",
		"×": "x",
		"™": "(TM)",
		"©": "(C)",
		"®": "(R)",
		"ł": "l",
		"Ł": "L",
		"đ": "d",
		"Đ": "D",
		"ı": "i",
		"œ": "oe",
		"Œ": "OE",
		"ẞ": "SS",
	}
)
PARTS_GSM, PARTS_UNICODE = 2, 3
_IN_PARTS = {True: 153, False: 67}  # of one part of several: septets, or UTF-16 units
_ALONE = {True: 160, False: 70}


def is_gsm(text: str) -> bool:
	return _ALPHABET.issuperset(text)


def length(text: str) -> int:
	"""Septets of a text of the alphabet; of any other, its UTF-16 units."""
	if is_gsm(text):
		return len(text) + sum(map(text.count, _EXTENDED))
	return len(text.encode("utf-16-be")) // 2


def parts(text: str) -> int:
	"""How many SMS a text is sent (and paid) as."""
	gsm, size = is_gsm(text), length(text)
	return 1 if size <= _ALONE[gsm] else -(-size // _IN_PARTS[gsm])


def plainer(text: str) -> str:
	"""The text in the alphabet, where typographic characters and accents are all that stands in its way.

	A text in another script stays as it is: half of it replaced would be worth nothing.
	"""
	if is_gsm(text):
		return text
	plain = unicodedata.normalize("NFC", text).translate(_TYPOGRAPHIC)
	plain = "".join(letter if is_gsm(letter) else _without_accent(letter) for letter in plain)
	return plain if is_gsm(plain) else text


def _without_accent(letter: str) -> str:
	base = "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
	return base if is_gsm(base) else letter


def fitted(text: str, tail: str) -> str:
	"""Text and tail (a link, an instruction) on lines of their own, at most so long that a phone shows it as one.

	The text is cut where it must be, the tail never.
	"""
	text = plainer(" ".join(text.split()))
	tail = plainer(tail.strip())
	if not tail:
		return _cut(text, _room(text, ""))
	room = _room(text, "\n" + tail)
	return f"{_cut(text, room)}\n{tail}".strip() if room > 3 else tail


def _room(text: str, rest: str) -> int:
	gsm = is_gsm(text + rest)
	most = (PARTS_GSM if gsm else PARTS_UNICODE) * _IN_PARTS[gsm]
	return most - (length(rest) if gsm else len(rest.encode("utf-16-be")) // 2)


def _cut(text: str, room: int) -> str:
	"""At most `room` septets or units of a text, with a mark where something is missing."""
	if length(text) <= room:
		return text
	while text and length(text) > room - 3:
		text = text[:-1]
	return text.rstrip() + "..."
