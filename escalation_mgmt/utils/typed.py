"""What people type on whatever keyboard their phone has: digits of any script, between marks that nobody sees.

Digits are read by Unicode's own tables: Arabic, Persian, Devanagari and all others that count in tens.
"""

import re
import unicodedata

CODE_DIGITS = 6  # of a code that verifies a number
_ALONE = re.compile(rf"(?<!\d)\d{{{CODE_DIGITS}}}(?!\d)", re.ASCII)
# Format characters (marks of direction, joiners), variation selectors, the keycap around a digit.
_UNSEEN = frozenset({"Cf", "Cc", "Me", "Mn"})


def plain_digits(text: str) -> str:
	"""The text with its digits as 0 to 9, and without what isn't seen. Lines stay lines, other spaces are blanks."""
	found = []
	# Compatible forms first: full-width, circled and mathematical digits are digits of their own to Unicode.
	for character in unicodedata.normalize("NFKC", text):
		if (digit := unicodedata.decimal(character, None)) is not None:
			found.append(str(digit))
		elif character in "\r\n\u2028\u2029\x85":
			found.append("\n")
		elif character.isspace():
			found.append(" ")
		elif unicodedata.category(character) not in _UNSEEN:
			found.append(character)
	return "".join(found).strip()


def code(text: str) -> str | None:
	"""The six digits that somebody typed or pasted, however they were set apart; None: there are none, or more than one code.

	`123 456`, `123-456` and `"123456."` are one, and so is the whole SMS that the code stands in.
	"""
	text = plain_digits(text)
	bare = "".join(
		each for each in text if unicodedata.category(each)[0] not in "ZP" and each not in "−=<>|`´"
	)
	if len(bare) == CODE_DIGITS and bare.isascii() and bare.isdigit():
		return bare
	found = set(_ALONE.findall(text))
	return found.pop() if len(found) == 1 else None
