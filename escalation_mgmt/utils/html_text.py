"""Rich text as plain text: what a person would read of it, in lines, each entity decoded once.

By Python's own parser of HTML, tag by tag: what is never closed, or nested thousands deep, takes no longer than any other text.
Frappe's `html2text` gives Markdown, with asterisks and backslashes that an SMS would show and a voice would say.
"""

import re
from html import unescape
from html.parser import HTMLParser

LONGEST = 20_000  # characters of markup that are read: no message holds more
_INLINE_DATA = re.compile(r"""\bdata:[^"'\s>]{100,}""")  # pictures inside a text, megabytes of it
_BLOCKS = frozenset(
	{
		"address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset",
		"footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
		"hr", "li", "main", "ol", "p", "pre", "section", "table", "tr",
		"ul",
	}
)  # fmt: skip
_UNREAD = frozenset({"script", "style", "title", "template", "noscript", "iframe", "object"})
_BLANKS = re.compile(r"[ \t\r\n\f\xa0]+")
_LOOKS_RICH = re.compile(
	r"\s*<(?:!doctype|html|body|div|p|span|table|ul|ol|h[1-6]|b|strong|i|em|br|a|blockquote|pre)\b[^<>]*>",
	re.IGNORECASE,
)


def text_of_html(html: str) -> str:
	"""The text of rich text: a line a block, `- ` before a list's entries, a link's address behind its words."""
	reader = _Reader()
	reader.feed(_INLINE_DATA.sub("", html)[:LONGEST])
	reader.close()
	lines = (_BLANKS.sub(" ", line).strip() for line in "".join(reader.said).split("\n"))
	return "\n".join(line for line in lines if line)


def text_of_plain(text: str) -> str:
	"""A text field as it was written: what looks like rich text (of mail, or an import) as its text; of any other the entities
	that Frappe escapes `<`, `>` and `&` to, once.
	"""
	if _LOOKS_RICH.match(text[:1000]):
		return text_of_html(text)
	return unescape(text) if "&" in text else text


class _Reader(HTMLParser):
	"""Puts into `said` what the markup says."""

	def __init__(self) -> None:
		super().__init__(convert_charrefs=True)
		self.said: list[str] = []
		self._unread = ""  # what is open and isn't read
		self._links: list[tuple[str, int]] = []  # address, and where its words begin
		self._in_pre = False

	def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
		given = dict(attrs)
		if tag in _UNREAD:
			self._unread = self._unread or tag
		elif tag == "br" or tag in _BLOCKS:
			self.said.append("\n- " if tag == "li" else "\n")
			self._in_pre = self._in_pre or tag == "pre"
		elif tag in ("td", "th"):
			self.said.append(" ")
		elif tag == "img" and given.get("alt"):
			self.said.append(f"[{given['alt']}]")
		elif tag == "a":
			self._links.append((given.get("href") or "", len(self.said)))

	def handle_endtag(self, tag: str) -> None:
		if tag == self._unread:
			self._unread = ""
		elif tag in _BLOCKS:
			self.said.append("\n")
			self._in_pre = self._in_pre and tag != "pre"
		elif tag == "a" and self._links:
			address, begins = self._links.pop()
			words = "".join(self.said[begins:])
			if address.startswith(("http://", "https://")) and address not in words:
				self.said.append(f" ({address})")

	def handle_data(self, data: str) -> None:
		if not self._unread:
			# The source's lines are none of the reader's.
			self.said.append(data if self._in_pre else data.replace("\n", " "))
