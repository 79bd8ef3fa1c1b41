"""What others say (providers, libraries, a traceback), without addresses and secrets in it (design rule 9).

Whatever a provider answers may repeat what it was sent, in a spelling of its own: history, messages and logs keep it
masked. It is looked at as whoever reads it would decode it: escapes of addresses (%2B) and of HTML (&#64;) count as what they
stand for. A number in it that is none of a phone is rather masked than shown; dates, times, addresses of the internet where
they clearly are some, and a provider's own ids are not numbers.
"""

import html
import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

import phonenumbers

SHORTEST = 7  # digits. There is no longest: E.164 has 15, but 00, an extension or another number may stand about them

# What may stand between two digits of a number: blanks, brackets, dashes and dots of any alphabet, and what nobody sees;
# or any one sign else, but for those that our own masks are made of.
_USUAL = r"[\s().\-/+\u00ad\u00b7\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u20e3\u2212\u30fb\ufe0f\ufe63\uff08\uff09\uff0b\uff0d\uff0e\uff0f\ufeff]"
_BETWEEN = rf"(?:{_USUAL}{{0,3}}|[^\w\s\u2026@\uff20\ufe6b]|_)"
_PLUS = r"[+\uff0b\ufe62]"
_TIME = (
	r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?(?![:.,+]?\d)"
)
_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_DATE = rf"(?:{_YEAR}-{_MONTH}-{_DAY}|(?:{_DAY}[-./]{_MONTH}|{_MONTH}[-./]{_DAY})[-./]{_YEAR})(?!\d)(?:[ T]{_TIME})?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_INTERNET = rf"{_OCTET}(?:\.{_OCTET}){{3}}(?::\d{{1,5}})?(?![.:,]?\d)"
_INTERNET_6 = r"(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:)(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])"
_OTHERS = rf"(?<=\s)(?:{_INTERNET}|{_DATE})"
_NUMBER = rf"(?:{_PLUS}|\(|\uff08)?\d(?:{_BETWEEN}(?!{_OTHERS})\d){{{SHORTEST - 1},}}"
# Twilio's SIDs, and the names of our rows
_ID = r"(?:[A-Z]{2}[0-9a-f]{32}|(?=\d{0,23}[a-f])[0-9a-f]{24})(?![0-9A-Za-z])"
_AT = r"(?:@|\uff20|\ufe6b)"
_EMAIL = rf"[^\s@\uff20\ufe6b<>()\[\]{{}}\"',;:=&?/%]{{1,64}}{_AT}[^\s@<>()\[\]{{}}\"',;:&?/%]{{1,256}}"
_LOG_IN = r"(?<=://)[^\s/@]{1,300}@"
_ACK = r"(?<=/ack/)[A-Za-z0-9_-]+"
_NAMED = (
	r"(?i:(?<![A-Za-z])(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"
	r"|(?:token|secret|password|passwd|api[_-]?key|apikey|signature|auth(?:orization)?)[\"']?\s{0,3}[=:]\s{0,3}[\"']?(?:(?:bearer|basic)\s)?[^\s\"'&,;}]{6,})"
)
_RANDOM = r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{32,}"
_SIGNED = (
	r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*){0,4}"  # JSON web tokens begin like this
)
# Addresses to which whoever knows them may post: their path is their secret. One long word, or all behind such a name.
_SEGMENT = r"(?<=/)[A-Za-z0-9]{21,}(?![A-Za-z0-9])"
_PORT = re.compile(r"['\"], ?\d")  # as Python names an address
_HOOK = r"(?:(?<=://)|(?<=@))[^\s/?#]{1,255}/(?:[^\s/?#]{1,100}/){0,4}?(?:services|hooks|webhooks?|webhookb2|workflows|triggers|bot(?=\d))/?"
_CODE = r"(?i:(?<![a-z])(?<!error )(?<!error_)(?<!status )(?:code|passcode|pin|otp)(?![a-z])[\"']?(?:\s?[:=]\s?|\s)[\"']?(?:(?:is|ist)\s)?)"
_FOUND = re.compile(
	"|".join(
		(
			rf"(?P<kept>(?<![A-Za-z0-9])(?:{_ID}|{_DATE}|(?<![\d:.,]){_TIME}))",
			rf"(?P<internet>(?<![A-Za-z0-9])(?:{_INTERNET}|(?<![:.]){_INTERNET_6}))",
			rf"(?P<secret>{_LOG_IN}|{_ACK}|{_NAMED}|{_SIGNED}|{_RANDOM}|{_SEGMENT})",
			rf"(?P<hook>{_HOOK})[^\s\"'<>)]{{6,}}",
			rf"(?P<code>{_CODE})\d{{3}}[\s-]?\d{{3}}(?!\d)",
			rf"(?P<email>{_EMAIL})",
			rf"(?P<number>(?<!\d){_NUMBER}(?!\d))",
		)
	)
)
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+|&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_MOST_ESCAPED = 3  # times, one around the other


def masked(text: str) -> str:
	"""The text with what is an address, a phone number or a secret in it masked; done twice, it stays the same."""
	read, at = _read(text)
	parts, end = [], 0
	for found in _FOUND.finditer(read):
		mask = _mask(found)
		if mask != found[0]:
			parts += [text[end : at[found.start()]], mask]
			end = at[found.end()]
	return "".join(parts) + text[end:]


def _read(text: str) -> tuple[str, range | list[int]]:
	"""The text without its escapes, and where each of its characters, and its end, stands in the text."""
	at: range | list[int] = range(len(text) + 1)
	for _time in range(_MOST_ESCAPED):
		if not _ESCAPED.search(text):
			break
		pieces = list(_pieces(text))
		text = "".join(piece for piece, _places in pieces)
		at = [at[place] for _piece, places in pieces for place in places] + [at[-1]]
	return text, at


def _pieces(text: str) -> Iterator[tuple[str, range | list[int]]]:
	"""Piece by piece what it says, and where in the text each character of it begins."""
	end = 0
	for escaped in _ESCAPED.finditer(text):
		yield text[end : escaped.start()], range(end, escaped.start())
		start, end = escaped.span()
		if escaped[0].startswith("%"):
			yield from _of_bytes(escaped[0], start)
		else:
			said = html.unescape(escaped[0])
			if said == escaped[0] or not _is_text(said):
				yield escaped[0], range(start, end)
			else:
				yield said, [start] * len(said)
	yield text[end:], range(end, len(text))


def _of_bytes(escaped: str, start: int) -> Iterator[tuple[str, range | list[int]]]:
	"""What a row of %XX stands for, where it stands for something that can be read."""
	said = unquote(escaped, errors="strict") if _is_utf_8(escaped) else ""
	if not said or not _is_text(said):
		yield escaped, range(start, start + len(escaped))
		return
	for character in said:
		yield character, [start]
		start += 3 * len(character.encode())


def _is_utf_8(escaped: str) -> bool:
	try:
		bytes.fromhex(escaped.replace("%", "")).decode()
	except UnicodeDecodeError:
		return False
	return True


def _is_text(said: str) -> bool:
	return all(each.isprintable() or each.isspace() or unicodedata.category(each) == "Cf" for each in said)


def _mask(found: re.Match[str]) -> str:
	match found.lastgroup:
		case "email":
			name, domain = re.split(_AT, found[0], maxsplit=1)
			return f"{name[:1]}…@{domain}"
		case "number":
			return masked_number(found[0])
		case "internet":
			named = _PORT.match(found.string, found.end()) or _is_internet(found[0])
			return found[0] if named else masked_number(found[0])
		case "hook" | "code" as group:
			return f"{masked(found[group])}…"
		case "secret":
			return "…@" if found[0].endswith("@") else "…"
	return found[0]


def _is_internet(said: str) -> bool:
	"""Whether it is clearly an address of the internet, and no number whose groups look like one (91.23.45.67)."""
	address, _colon, port = said.partition(":") if said.count(":") == 1 else (said, "", "")
	try:
		known = ipaddress.ip_address(address)
	except ValueError:
		return sum(each.isdecimal() for each in said) < SHORTEST
	if known.version == 6:
		return "::" in said or not said.replace(":", "").isdecimal()
	octets = [len(octet) for octet in address.split(".")]
	certain = bool(port) or not known.is_global
	return certain or sum(octets) < SHORTEST or 1 in octets[1:] or octets.count(3) > 1


def masked_number(number: str) -> str:
	"""A phone number in any spelling: its country code, where it is written, and its last two digits."""
	digits = "".join(str(unicodedata.digit(each)) for each in number if each.isdecimal())
	country = ""
	if re.match(rf"{_PLUS}|00", number):
		try:
			country = f"+{phonenumbers.parse('+' + digits.removeprefix('00')).country_code}"
		except phonenumbers.NumberParseException:
			country = "+"
	return f"{country}…{digits[-2:]}"
