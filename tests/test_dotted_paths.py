"""Every dotted path of the app that stands in a text leads somewhere: no import fails where what it names has moved.

Hooks, patches, number cards, scripts, documents, jobs and tests name modules and functions in texts. What a browser or
a document's reader calls by its path has to be whitelisted, too.
"""

import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import frappe
import pytest

from escalation_mgmt import hooks
from tests.python_texts import UNKNOWN, Texts

ROOT = Path(__file__).parents[1]
APP = ROOT / "escalation_mgmt"
PATH = re.compile(r"\bescalation_mgmt(?:\.[A-Za-z_]\w*)+")
IMPORT = re.compile(r"\bfrom (escalation_mgmt(?:\.\w+)*) import (\w[\w, ]*)")
URL = "/api/method/"
NO_PATHS = ("getLogger(", "job_id=")  # names of other things
CODE = ("escalation_mgmt", "host", "tests", "benchmarks")
SCRIPTS = ("script", "html")  # keys of code in a record of Desk's


class Named(NamedTuple):
	path: str
	before: str  # what stands before it: the character, or URL
	whole: bool  # nothing is appended to it


def named(text: str) -> Iterator[Named]:
	for match in PATH.finditer(text):
		path, before, after = match[0], text[: match.start()], text[match.end() :][:2]
		if before.endswith("/") and not before.endswith(URL):
			continue  # a file, or an address
		if before.rstrip("f\"'").endswith(NO_PATHS):
			continue
		if cut := after[:1] in {*"*%{$", UNKNOWN}:  # in the middle of a name
			path = path.rpartition(".")[0]
		prefix = after[:1] == "." and not after[1:].isspace()  # a full stop is none
		yield Named(path, URL if before.endswith(URL) else before[-1:], whole=not cut and not prefix)


def wrong(path: str, *, called: bool = False) -> str:
	"""What is wrong with a path; empty for nothing. `called`: over HTTP."""
	try:
		there = pkgutil.resolve_name(path)
	except (ImportError, AttributeError) as e:
		return f"{path}: {e}"
	if called and not any(there is each for each in frappe.whitelisted):
		return f"{path}: not whitelisted"
	return ""


def in_text(text: str) -> list[str]:
	return list(
		filter(None, (wrong(each.path, called=each.before == URL and each.whole) for each in named(text)))
	)


def imported(source: str) -> Iterator[str]:
	"""What is imported, be it by a script that stands in a text."""
	for package, names in IMPORT.findall(source):
		yield from (f"{package}.{name.split()[0]}" for name in names.split(","))


def in_document(text: str) -> list[str]:
	"""A function that a document names in full is one to be called."""
	found = in_text(text)
	for each in named(text):
		if not wrong(each.path) and inspect.isfunction(pkgutil.resolve_name(each.path)):
			found.append(wrong(each.path, called=True))
	return list(filter(None, found))


def in_python(sources: dict[str, str]) -> list[str]:
	"""In the code as it stands, and in what is put together from it."""
	found = [
		f"{file}: {each}"
		for file, source in sources.items()
		for each in (*in_text(source), *filter(None, map(wrong, imported(source))))
	]
	files = list(sources)
	for number, text in Texts(sources.values()).put_together():
		found += [f"{files[number]}: {each}" for each in in_text(text)]
	return sorted(set(found))


def in_records(value: Any, key: str = "") -> Iterator[str]:
	"""In a record of Desk's, but for its code. `method` is what a browser calls."""
	if isinstance(value, str) and key not in SCRIPTS:
		yield from filter(None, (wrong(each.path, called=key == "method") for each in named(value)))
	elif isinstance(value, dict):
		for name, each in value.items():
			yield from in_records(each, name)
	elif isinstance(value, list | tuple):
		for each in value:
			yield from in_records(each, key)


def in_scripts(sources: dict[str, str]) -> list[str]:
	"""In a string stands what is called; whatever else there is of our name has to be assigned in a script."""
	sources = completed(sources)
	code = "\n".join(sources.values())
	ours = set(re.findall(r"\bescalation_mgmt\.(\w+)\s*=[^=]", code))
	for names in re.findall(r"Object\.assign\((?:\w+\.)?escalation_mgmt, {(.*?)}", code, re.DOTALL):
		ours |= {name.partition(":")[0].strip() for name in names.split(",")}
	found = set()
	for file, source in sources.items():
		for path, before, whole in named(source):
			if before in (URL, *"\"'`"):
				problem = wrong(path, called=whole)
			else:
				problem = "" if set(path.split(".")[1:2]) <= ours else f"{path}: assigned in no script"
			if problem:
				found.add(f"{file}: {problem}")
	return sorted(found)


def completed(sources: dict[str, str]) -> dict[str, str]:
	"""With constants that paths begin with written out, and with each path that a function's calls complete."""
	constant = re.compile(r'const (\w+) = "([^"]*\bescalation_mgmt(?:\.\w+)*\.)";')
	for name, value in constant.findall("\n".join(sources.values())):
		for file, source in sources.items():
			written = source.replace(f"${{{name}}}", value)
			sources = {**sources, file: re.sub(rf"\b{name} \+ (\w+)", rf"`{value}${{\1}}`", written)}
	return {file: "\n".join([source, *called_in(file, sources)]) for file, source in sources.items()}


def called_in(file: str, sources: dict[str, str]) -> Iterator[str]:
	"""The paths that a script's functions put together, as they are called in it and in those that import them."""
	functions = [
		(match.start(), match[1], [each.partition("=")[0].strip() for each in match[2].split(",")])
		for match in re.finditer(r"(?:function|const|let) (\w+)(?: = (?:async )?)?\(([^)]*)\)", sources[file])
	]
	for match in re.finditer(rf"((?:{URL})?\bescalation_mgmt(?:\.\w+)*\.)\$\{{(\w+)\}}", sources[file]):
		above = [each for each in functions if each[0] < match.start() and match[2] in each[2]]
		if not above:
			continue
		_start, function, parameters = above[-1]
		call = rf'\b{function}\((?:[^,()]*, ){{{parameters.index(match[2])}}}"(\w+)"'
		for other, source in sources.items():
			if other == file or re.search(rf"^import {{[^}}]*\b{function}\b", source, re.MULTILINE):
				yield from (f"`{match[1]}{name}`" for name in re.findall(call, source))


def read(*patterns: str, but: Path = Path(__file__)) -> dict[str, str]:
	paths = sorted(
		{path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file() and path != but}
	)
	return {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths}


def all_scripts() -> dict[str, str]:
	blocks = json.loads((APP / "fixtures/custom_html_block.json").read_text())
	code = {f"{block['name']} ({key})": block.get(key) or "" for block in blocks for key in SCRIPTS}
	return read("escalation_mgmt/**/*.js", "escalation_mgmt/**/*.html") | code


def told(sources: dict[str, str], look: Callable[[str], Iterable[str]]) -> list[str]:
	return [f"{file}: {each}" for file, text in sources.items() for each in look(text)]


def assert_none(problems: Iterable[str]) -> None:
	problems = list(problems)
	assert not problems, "\n".join(problems)


def test_python() -> None:
	assert_none(in_python(read("*.py", *(f"{folder}/**/*.py" for folder in CODE))))


def test_hooks() -> None:
	assert_none(in_records({name: value for name, value in vars(hooks).items() if name[0] != "_"}))


def test_patches() -> None:
	patches = re.findall(r"^escalation_mgmt\.\S+", (APP / "patches.txt").read_text(), re.MULTILINE)
	assert patches
	assert_none(filter(None, (wrong(f"{patch}.execute") for patch in patches)))


def test_records_of_desk() -> None:
	assert_none(told(read("escalation_mgmt/**/*.json"), lambda text: in_records(json.loads(text))))


def test_scripts() -> None:
	assert_none(in_scripts(all_scripts()))


def test_documents() -> None:
	assert_none(told(read("*.md", "docs/**/*.md", "host/**/*.md"), in_document))


def test_settings_of_tools() -> None:
	assert_none(told(read("pyproject.toml", "Makefile", ".ci/*", ".*.yaml"), in_text))


# --- a path that leads nowhere is found


@pytest.mark.parametrize(
	"source",
	[
		'"escalation_mgmt.nowhere"',
		'f"{url}/api/method/escalation_mgmt.api.nowhere?{query}"',
		'"/api/method/escalation_mgmt.hooks.app_name"',
		'"""\nfrom escalation_mgmt import hooks, nowhere\n"""',
		'def ask(method):\n\treturn f"escalation_mgmt.api.{method}"\nask("nowhere")',
		'def ask(self, method):\n\treturn "escalation_mgmt.api." + method\nx.ask(method="nowhere")',
		'for name, method in (("a", "act"), ("b", "nowhere")):\n\tprint(f"escalation_mgmt.api.{method}")',
		'url = "/api/method/escalation_mgmt.api."\ndef ask():\n\tget(url + "nowhere")',
		'[f"escalation_mgmt.api.{each}" for each in ("act", "nowhere")]',
		'@pytest.mark.parametrize("a, b", [(1, "nowhere")])\ndef test(a, b):\n\tf"escalation_mgmt.api.{b}"',
	],
)
def test_it_is_found_in_python(source: str) -> None:
	(problem,) = in_python({"it": source})
	assert "nowhere" in problem or "not whitelisted" in problem


def test_what_is_no_path_is_none() -> None:
	text = 'getLogger("escalation_mgmt.x"), job_id=f"escalation_mgmt.x", "x/escalation_mgmt.git", "escalation_mgmt.%"'
	assert not in_text(text)
	assert not in_python({"it": 'def ask(method):\n\treturn f"escalation_mgmt.api.{method}"\nask(x)'})


@pytest.mark.parametrize(
	"source",
	[
		'frappe.call("escalation_mgmt.api.nowhere")',
		'frappe.call("escalation_mgmt.hooks.app_name")',
		'async function call(frm, method) {\n\tawait fetch(`/api/method/escalation_mgmt.api.${method}`);\n}\ncall(frm, "nowhere")',
		'const API = "/api/method/escalation_mgmt.api.";\nfetch(`${API}nowhere?x`)',
		'const API = "/api/method/escalation_mgmt.api.";\nconst post = (method) => fetch(API + method);\npost("nowhere");',
		"escalation_mgmt.here = 1; escalation_mgmt.nowhere()",
		"Object.assign(escalation_mgmt, { here, there: it }); escalation_mgmt.it()",
	],
)
def test_it_is_found_in_scripts(source: str) -> None:
	assert len(in_scripts({"it": source})) == 1


def test_what_scripts_assign_is_known() -> None:
	assert not in_scripts(
		{
			"one": "Object.assign(escalation_mgmt, { here, there: it });\nexport async function post(method) {\n\tfetch(`escalation_mgmt.api.${method}`);\n}",
			"two": 'import { post } from "./one";\nescalation_mgmt.there(); post("act"); `${escalation_mgmt.here()}`',
		}
	)


def test_it_is_found_in_records_and_documents() -> None:
	assert list(in_records([{"method": "escalation_mgmt.hooks.app_name"}]))
	assert not list(
		in_records([{"script": "escalation_mgmt.x()", "label": "escalation_mgmt.hooks.app_name"}])
	)
	assert in_document("Ask `escalation_mgmt.utils.clock.now`.") and not in_document(
		"Ask `escalation_mgmt.api.act`."
	)
