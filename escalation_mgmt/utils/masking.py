"""What others say (providers, libraries, a traceback), without addresses and secrets in it (design rule 9).

Whatever a provider answers may repeat what it was sent, in a spelling of its own: history, messages and logs keep it
masked. A number in it that is none of a phone is rather masked than shown; dates, addresses of the internet and a
provider's own ids are not numbers.
"""

import re
import unicodedata

import phonenumbers

SHORTEST, LONGEST = 7, 20  # digits; E.164 has 15, and 00 or an extension may stand about them

# What may stand between two digits of a number: blanks, brackets, dashes and dots of any alphabet, and what nobody sees.
_BETWEEN = r"[\s().\-/\u00ad\u00b7\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\u30fb\ufe63\uff08\uff09\uff0d\uff0e\uff0f\ufeff]"
_PLUS = r"[+\uff0b\ufe62]"
_DATE = r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?|\d\d[-./]\d\d[-./]\d{4}(?: \d\d:\d\d(?::\d\d)?)?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_INTERNET = rf"{_OCTET}(?:\.{_OCTET}){{3}}(?::\d{{1,5}})?(?!\.?\d)"
_NUMBER = rf"(?:{_PLUS}|\(|\uff08|%2[bB])?\d(?:{_BETWEEN}{{0,3}}(?!(?<=\s){_INTERNET})\d){{{SHORTEST - 1},{LONGEST - 1}}}"
_ID = r"(?:[A-Z]{2}[0-9a-f]{32}|[0-9a-f]{24})(?![0-9A-Za-z])"  # Twilio's SIDs, and the names of our rows
_AT = r"(?:@|\uff20|\ufe6b|%40)"
_EMAIL = rf"[^\s@\uff20\ufe6b<>()\[\]{{}}\"',;:=&?/%]{{1,64}}{_AT}[^\s@<>()\[\]{{}}\"',;:&?/%]{{1,256}}"
_LOG_IN = r"(?<=://)[^\s/@]{1,300}@"
_ACK = r"(?<=/ack/)[A-Za-z0-9_-]+"
_NAMED = (
	r"(?i:(?<![A-Za-z])(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"
	r"|(?:token|secret|password|passwd|api[_-]?key|apikey|signature|auth(?:orization)?)[\"']?\s{0,3}[=:]\s{0,3}[\"']?(?:(?:bearer|basic)\s)?[^\s\"'&,;}]{6,})"
)
_RANDOM = r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{32,}"
_FOUND = re.compile(
	"|".join(
		(
			rf"(?P<kept>(?<![A-Za-z0-9])(?:{_ID}|{_DATE}|{_INTERNET}))",
			rf"(?P<secret>{_LOG_IN}|{_ACK}|{_NAMED}|{_RANDOM})",
			rf"(?P<email>{_EMAIL})",
			rf"(?P<number>(?<!\d){_NUMBER}(?!\d))",
		)
	)
)


def masked(text: str) -> str:
	"""The text with what is an address, a phone number or a secret in it masked; done twice, it stays the same."""
	return _FOUND.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
	match found.lastgroup:
		case "email":
			name, domain = re.split(_AT, found[0], maxsplit=1)
			return f"{name[:1]}…@{domain}"
		case "number":
			return masked_number(found[0])
		case "secret":
			return "…@" if found[0].endswith("@") else "…"
	return found[0]


def masked_number(number: str) -> str:
	"""A phone number in any spelling: its country code, where it is written, and its last two digits."""
	number = re.sub(r"\A%2[bB]", "+", number)
	digits = "".join(str(unicodedata.digit(each)) for each in number if each.isdecimal())
	country = ""
	if re.match(rf"{_PLUS}|00", number):
		try:
			country = f"+{phonenumbers.parse('+' + digits.removeprefix('00')).country_code}"
		except phonenumbers.NumberParseException:
			country = "+"
	return f"{country}…{digits[-2:]}"
