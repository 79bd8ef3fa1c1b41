"""Every text that somebody reads goes through Frappe's translation: looked for in the code, parsed, not by its sight."""

import ast
import json
import os
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from escalation_mgmt.actions.by_hand import TAKE
from escalation_mgmt.agent_page import SCRIPT as AGENT_PAGE
from tests import judges
from tests.conftest import missing

APP = Path(__file__).parents[1] / "escalation_mgmt"
WORDS = re.compile(r"[^\W\d_]{2,}[,;:]? [^\W\d_]{2,}")
WORD = re.compile(r"[^\W\d_]{2,}")
SQL = re.compile(
	r"`|\b(select|case when|collate|from|where|order by|limit|locked|interval|connection_id|set session)\b|\b(asc|desc)$"
)

# Not for people, or not for people in their language: what the shell says, as all of bench does; reports for whoever
# looks after the server; and the engine, whose reasons are put into words by the shell (history.py).
NOT_FOR_READERS = ("hooks.py", "commands/", "engine/")
LOGS = {
	"report_error",
	"reported",
	"debug",
	"info",
	"warning",
	"error",
	"exception",
	"log_error",
	"Conflict",
	"ImpossibleTransition",
	"report_once",
	"_safely",
	"own_transaction",
}
SHOWN_BY = {"throw", "msgprint"}
READ = {"label", "title", "message", "headline", "description", "said", "problem", "detail"}
OUTCOMES = {"Sent", "Retry", "Failed", "Unknown", "CannotReach", "Unusable", "Forbidden", "Finding", "Remedy"}

NAMES = {
	json.loads(path.read_text())["name"]
	for kind in ("doctype", "report")
	for path in (APP / "escalation_mgmt" / kind).glob("*/*.json")
} | {
	*("HD Ticket", "HD Ticket Activity", "HD Ticket Priority", "HD Team", "HD Team Member", "HD Agent"),
	*("HD Ticket Comment", "HD Settings", "Automated Message"),
	*("Internal Comment", "Message to the Customer"),  # acts, as Method has them
	*("HD Form Script", "HD Service Holiday List", "HD Service Level Agreement", "Service Level Agreement"),
	*(
		"Holiday List",
		"Email Account",
		"Email Queue",
		"IMAP Folder",
		"System Settings",
		"Assignment Rule",
		"System Manager",
		"Custom HTML Block",
	),
	*("Escalation Manager", "Escalation Responder", "Scheduled Job Type", "Activity Log", "Error Log"),
	*(
		"Deleted Document",
		"Notification Log",
		"Notification Settings",
		"Agent Manager",
		"Workspace Sidebar",
		"Desktop Icon",
		"Desktop Layout",
		"Module Def",
	),
	*("Column Break", "Section Break", "Small Text", "Web Push", "Phone Call", "HTTP POST", "Ticket Form"),
	*("iPhone Notification", "At the Deadline", "At Once", "Escalation Mgmt", "Dynamic Link"),
	*(
		"Long Int",
		"Read Only",
		"Long Text",
		"Text Editor",
		"HTML Editor",
		"Markdown Editor",
	),  # types of fields
	*("HD View", "List View Settings", "List Filter", "Number Card", "Dashboard Chart", "Property Setter"),
	*("Custom Field", "Custom DocPerm", "modified desc"),
	*("First Response", "Next Response", "Before the Deadline", "At a Percentage of the Time"),
	*("After Its Own Window",),
	*("Not Answered", "Has Role", "System User", "On Hold", "Phone Page"),
	*("not set", "not in", "not delivered", " for update", " lock in share mode"),
}
"""What is a name to the code. Where it is shown, it is shown by a variable, through `_`."""

EXCEPTIONS = {
	# (file, text): what it is
	("acknowledgement.py", "noindex, nofollow"): "a header",
	("several.py", "Twilio, as Above"): "a kind of provider, as it is stored",
	("unsettled.py", "cast( ∙  as binary)"): "SQL",
	("untaken.py", "cast( ∙  as text)"): "SQL",
	("asked.py", "cross join"): "SQL",
	("questions.py", "( ∙  for update)"): "SQL",
	("questions.py", " union all "): "SQL",
	("together.py", "if true then  ∙ ; end if"): "SQL",
	("sms_gateway.py", "text/plain, text/html, */*"): "a header",
	("several.py", "SMS Settings"): "a kind of provider, as it is stored",
	("agent_page.py", AGENT_PAGE): "code",
	("by_hand.py", TAKE): "code",
	("twilio.py", "This request isn't signed by Twilio for this site's public address."): "for a provider",
	("contacts.py", 'attachment; filename="escalation.vcf"'): "a header",
	("email.py", "no address"): "what is no address",
	("actions.js", "btn-primary escalation-acknowledge"): "classes",
	("lanes.js", "--at: calc( ∙ px + (100% -  ∙ px) *  ∙ )"): "a style",
	("fcm.py", "Test"): "of a message that isn't sent: FCM only checks it",
	("messages.py", 'Sample "ticket" \\ with\na second line'): "a sample, rendered and thrown away",
	("cards.js", "card quiet"): "classes",
	("cards.js", "warn waits"): "classes",
	("cards.js", "quiet wide"): "classes",
	("cards.js", "open wide"): "classes",
	("devices.js", "card quiet"): "classes",
	("devices.js", "card row"): "classes",
	("ticket_list.js", "indicator-pill ellipsis"): "classes",
	("technician.py", "public, max-age=3600"): "a header",
	(
		"twiml.py",
		"No key was pressed. The escalation goes on.",
	): "a sample, looked for among the translations",
}


def python_files() -> list[Path]:
	return [
		path
		for path in sorted(APP.rglob("*.py"))
		if not path.relative_to(APP).as_posix().startswith(NOT_FOR_READERS)
	]


def called(node: ast.AST) -> str:
	function = node.func if isinstance(node, ast.Call) else None
	return getattr(function, "attr", "") or getattr(function, "id", "")


def is_text(value: ast.AST) -> str:
	"""A literal as somebody would read it; empty for what is none."""
	if isinstance(value, ast.Constant) and isinstance(value.value, str):
		return value.value
	if isinstance(value, ast.JoinedStr):
		return " ∙ ".join(part.value for part in value.values if isinstance(part, ast.Constant))
	return ""


def in_python(source: str) -> Iterator[tuple[int, str]]:
	"""Texts that don't go through `_`: (line, text). Two words or more, or any word in a place that is shown."""
	yield from _inside(ast.parse(source), shown=False)


def _inside(node: ast.AST, *, shown: bool) -> Iterator[tuple[int, str]]:
	if text := is_text(node):
		words = (WORD if shown else WORDS).search(text.replace("∙", " "))
		if words and not SQL.search(text) and text not in NAMES:
			yield node.lineno, text
		return
	match node:
		case ast.Expr(value=ast.Constant()) | ast.Compare():  # a docstring; what is only compared with
			return
		case ast.Call():
			yield from _in_call(node)
		case ast.Dict():
			for key, value in zip(node.keys, node.values, strict=True):
				yield from _inside(value, shown=bool(key) and is_text(key) in READ)
		case ast.Subscript():
			yield from _inside(node.value, shown=False)
		case _:
			for child in ast.iter_child_nodes(node):
				yield from _inside(child, shown=False)


def _in_call(node: ast.Call) -> Iterator[tuple[int, str]]:
	name = called(node)
	if name in LOGS:
		return
	if name in ("_", "_lt"):
		whole = node.args[0]
		if isinstance(whole, ast.JoinedStr | ast.BinOp):
			yield node.lineno, f"put together before it is translated: {ast.unparse(whole)}"
		return
	yield from _inside(node.func, shown=False)
	for number, argument in enumerate(node.args):
		here = name in OUTCOMES or (name in SHOWN_BY and number == 0)
		yield from _inside(argument, shown=here and name != "Remedy")
	for keyword in node.keywords:
		if keyword.arg != "order_by":
			yield from _inside(keyword.value, shown=keyword.arg in READ)


class Page(HTMLParser):
	"""The texts of a template, once what Jinja puts there is gone."""

	SHOWN = ("title", "alt", "placeholder", "aria-label")

	def __init__(self, source: str) -> None:
		super().__init__()
		self.found: list[tuple[int, str]] = []
		self._skipped = ""
		self.feed(re.sub(r"{{.*?}}|{%.*?%}|{#.*?#}", "", source, flags=re.DOTALL))

	def handle_starttag(self, tag: str, attrs: list) -> None:
		self._skipped = tag if tag in ("style", "script") else self._skipped
		self.found += [
			(self.getpos()[0], value)
			for name, value in attrs
			if name in self.SHOWN and WORD.search(value or "")
		]

	def handle_endtag(self, tag: str) -> None:
		self._skipped = "" if tag == self._skipped else self._skipped

	def handle_data(self, data: str) -> None:
		if not self._skipped and WORD.search(data):
			self.found.append((self.getpos()[0], data.strip()))


def in_scripts(paths: list[Path]) -> list[tuple[Path, int, str]]:
	"""Texts of JavaScript that don't go through `__`, by a parser (tests/texts.cjs)."""
	try:
		there = judges.installed()
	except judges.Missing as e:
		missing("npm", str(e))
	program = Path(__file__).with_name("texts.cjs")
	done = subprocess.run(
		["node", program, *paths],
		env={**os.environ, "NODE_PATH": str(there / "node_modules")},
		capture_output=True,
		text=True,
	)
	assert not done.returncode, done.stderr
	return [(Path(file), line, text) for file, line, text in json.loads(done.stdout) if text not in NAMES]


def told(found: list[tuple[Path, int, str]]) -> list[str]:
	return [
		f"{path.name}:{line}: {text!r}" for path, line, text in found if (path.name, text) not in EXCEPTIONS
	]


def test_python() -> None:
	found = [(path, *each) for path in python_files() for each in in_python(path.read_text())]
	assert not told(found)
	there = {(path.name, text) for path, _line, text in found}
	assert not [each for each in EXCEPTIONS if each[0].endswith(".py") and each not in there], (
		"no exception more"
	)


def test_scripts(tmp_path: Path) -> None:
	blocks = json.loads((APP / "fixtures/custom_html_block.json").read_text())
	for block in blocks:
		(tmp_path / f"{block['name']}.js").write_text(block["script"])
		assert not Page(block["html"]).found
	assert not told(in_scripts([*APP.rglob("*.js"), *tmp_path.glob("*.js")]))


@pytest.mark.parametrize("template", sorted(APP.glob("templates/**/*.html")), ids=lambda path: path.name)
def test_templates(template: Path) -> None:
	assert not Page(template.read_text()).found


@pytest.mark.parametrize(
	"source",
	[
		'frappe.throw("Wrong")',
		'frappe.throw(_("Wrong"), title="Oh dear")',
		'frappe.msgprint(f"{n} things")',
		'_(f"{n} things are wrong")',
		'_("Some " + things)',
		'x = {"label": "Priority"}',
		'Failed(f"no connection: {e}")',
		'def f():\n\treturn "nobody is there"',
		'Forbidden(lambda: "not outside")',
	],
)
def test_it_is_found_in_python(source: str) -> None:
	assert len(list(in_python(source))) == 1


def test_it_is_found_in_scripts(tmp_path: Path) -> None:
	lines = [
		'frappe.msgprint("Wrong");',
		'x = {label: "Priority"};',
		"frm.add_custom_button('Stop', f);",
		'html = `<b class="x">Ticket</b> ${n}`;',
		"html = `<a title=\"Open it\">${__('Ticket')}</a>`;",
		"__(`${n} things`);",
		'said = n > 1 ? "many things" : "";',
		'$box.text("Gone");',
	]
	path = tmp_path / "some.js"
	path.write_text("\n".join(lines))
	assert sorted({line for _path, line, _text in in_scripts([path])}) == list(range(1, len(lines) + 1))
	path.write_text(
		"frappe.msgprint(__('Wrong')); $(`<b class='a b'>${__('Two words')}</b>`); x === 'a name';"
	)
	assert not in_scripts([path])


def test_it_is_found_in_templates() -> None:
	assert Page("<p>{{ _('Ticket') }} has</p>").found == [(1, "has")]
	assert Page("<a title='Open'>{{ x }}</a>").found == [(1, "Open")]
	assert not Page("<style>p { color: red }</style><p>{{ _('Ticket') }}: {{ name }}</p>").found
