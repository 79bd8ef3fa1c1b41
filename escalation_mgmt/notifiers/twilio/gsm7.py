"""How long an SMS is, and how to keep it short: the GSM 7-bit alphabet (3GPP TS 23.038, 6.2.1).

One character outside that alphabet makes every character of the message cost twice.
"""

import unicodedata
from collections.abc import Iterator

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
_LONGEST = 2000  # characters that are looked at: more than any SMS of ours holds, in every alphabet
MARK = "..."  # stands for what was cut off
_JOINER = "\u200d"
_JOINED = frozenset("\u200c\u200d🏻🏼🏽🏾🏿")
_REGIONAL = frozenset(map(chr, range(0x1F1E6, 0x1F200)))  # two of them are a flag


def is_gsm(text: str) -> bool:
	return _ALPHABET.issuperset(text)


def length(text: str) -> int:
	"""Septets of a text of the alphabet; of any other, its UTF-16 units."""
	if is_gsm(text):
		return len(text) + sum(map(text.count, _EXTENDED))
	return len(text.encode("utf-16-be")) // 2


def parts(text: str) -> int:
	"""How many SMS a text is sent (and paid) as. What takes two septets or units stands whole in one of them (3GPP TS 23.040,
	9.2.3.24.1): an escape and its character, the two halves of a surrogate pair.
	"""
	gsm = is_gsm(text)
	if length(text) <= _ALONE[gsm]:
		return 1
	count, left = 1, _IN_PARTS[gsm]
	for size in _sizes(text, gsm):
		if size > left:
			count, left = count + 1, _IN_PARTS[gsm]
		left -= size
	return count


def _sizes(text: str, gsm: bool) -> Iterator[int]:
	"""Septets or UTF-16 units of each character."""
	if gsm:
		return (2 if letter in _EXTENDED else 1 for letter in text)
	return (2 if letter > "\uffff" else 1 for letter in text)


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
	# No character is less than one septet or unit: what stands behind so many is never sent, whatever blanks are among them.
	text = plainer(" ".join(text[: 8 * _LONGEST].split())[:_LONGEST])
	tail = plainer(tail.strip())
	rest = "\n" + tail if tail else ""
	if _fits(text + rest):
		return (text + rest).strip()
	# What a cut text may weigh, tail and mark whole. Most of the text is kept that fits: tried by halves, so that a text of
	# any length costs a few counts of what an SMS holds.
	low, high = 0, len(text)
	while low < high:
		middle = (low + high + 1) // 2
		low, high = (middle, high) if _fits(_cut(text, middle) + rest) else (low, middle - 1)
	return f"{_cut(text, low)}{rest}" if low else tail


def _fits(text: str) -> bool:
	return parts(text) <= (PARTS_GSM if is_gsm(text) else PARTS_UNICODE)


def _cut(text: str, keep: int) -> str:
	"""The first characters of a text, with a mark that something is missing. What belongs to a letter stays with it."""
	while 0 < keep < len(text) and _belongs_to_the_one_before(text, keep):
		keep -= 1
	return text[:keep].rstrip() + MARK


def _belongs_to_the_one_before(text: str, at: int) -> bool:
	"""Whether a character is a mark on the one before it, or joined to it: cut off, it would be another letter or picture."""
	return (
		unicodedata.category(text[at])[0] == "M"
		or text[at] in _JOINED
		or text[at - 1] == _JOINER
		or _REGIONAL.issuperset(text[at - 1 : at + 1])
	)
