"""What somebody wrote in a mail, without what is quoted, in whichever language their mail program quotes.

Not by `EmailReplyParser`: it knows English alone, and a mail that says "On" 2,000 times keeps it for minutes.
"""

import re

LONGEST = 20_000  # characters that are read
_WRAPPED = 3  # lines of "On Monday, 30 November ... wrote:"
_HEADER_BLOCK = 4  # names of headers in a row, as Outlook shows those of what it quotes
# Outlook's rules, "-----Original Message-----", and the signature's "-- "
_RULE = re.compile(r"\s*(?:[_=*-]{5,}.*|--\s*)")
_HEADER = re.compile(r"\s*\*?[^\W\d_][\w .-]{0,30}\*?\s?[:：](?:\*|\s|$)")
_DATE = re.compile(r"\d{1,2}[:.h]\d\d|\d{4}")


def without_quotes(text: str) -> str:
	lines = text[:LONGEST].splitlines()
	kept: list[str] = []
	for number, line in enumerate(lines):
		if _RULE.fullmatch(line) or _begins_headers(lines[number : number + _HEADER_BLOCK]):
			break
		if line.lstrip().startswith(">"):
			_drop_introduction(kept)
		else:
			kept.append(line)
	return "\n".join(kept).strip()


def _begins_headers(lines: list[str]) -> bool:
	"""Whether an address and three more headers follow one another."""
	return (
		len(lines) == _HEADER_BLOCK and all(_HEADER.match(line) for line in lines) and "@" in "".join(lines)
	)


def _drop_introduction(kept: list[str]) -> None:
	"""Who wrote what is quoted, and when: what ends in a colon before it, from the line with the date on."""
	while kept and not kept[-1].strip():
		kept.pop()
	if not kept or not kept[-1].rstrip().endswith((":", "：")):
		return
	for lines in range(1, _WRAPPED + 1):
		if _DATE.search("".join(kept[-lines:])):
			del kept[-lines:]
			return
