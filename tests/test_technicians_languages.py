"""What a technician reads or hears at three in the morning is there in the languages that the app ships: none of it is left out, and
none is for a text that isn't there any more.
"""

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "escalation_mgmt"
LANGUAGES = sorted(path.stem for path in (APP / "translations").glob("*.csv"))
WHOLE = (
	"web/*.py",
	"views/on_a_phone.py",
	"views/sent.py",
	"actions/acknowledge.py",
	"actions/from_message.py",
	"actions/no_more_calls.py",
	"actions/on_my_way.py",
	"actions/pass_on.py",
	"actions/undo.py",
	"delivery/bundles.py",
	"inbound/email_answers.py",
	"inbound/replies.py",
	"notifiers/push/content.py",
	"notifiers/twilio/twiml.py",
	"storage/notice_wording.py",
	"templates/**/*.html",
)
"""The files of which technicians read everything."""

_IN_TEMPLATES = re.compile(r'\b_\("((?:[^"\\]|\\.)*)"')
_LETTERS = re.compile(r"[^\W\d_]{2}")
_PLACES = re.compile(r"\{\d\}")


def texts_of(path: Path) -> Iterator[str]:
	if path.suffix == ".html":
		yield from _IN_TEMPLATES.findall(path.read_text())
		return
	for node in ast.walk(ast.parse(path.read_text())):
		if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
			said = node.args[0]
			if isinstance(said, ast.Constant):
				yield said.value


def texts(*patterns: str) -> set[str]:
	found = {text for pattern in patterns for path in APP.glob(pattern) for text in texts_of(path)}
	return {text for text in found if _LETTERS.search(_PLACES.sub("", text))}


def typed(text: str) -> set[str]:
	return {"PASS", "ACK"} & set(re.split(r"\W+", text))


def everything_written() -> set[str]:
	"""Every text that stands in the code: names of methods, priorities and states are shown by a variable."""
	code = (ast.parse(path.read_text()) for path in APP.rglob("*.py"))
	constants = (node.value for tree in code for node in ast.walk(tree) if isinstance(node, ast.Constant))
	return {each for each in constants if isinstance(each, str)} | texts("**/*.html")


def catalog(language: str) -> dict[str, str]:
	with (APP / "translations" / f"{language}.csv").open(newline="") as file:
		rows = [row for row in csv.reader(file)]
	assert len({row[0] for row in rows}) == len(rows), "each text once"
	return {row[0]: row[1] for row in rows}


def test_there_are_some() -> None:
	assert LANGUAGES == ["ar", "de"]
	assert len(texts(*WHOLE)) > 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_out(language: str) -> None:
	assert sorted(texts(*WHOLE) - set(catalog(language))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_says_what_it_is_given(language: str) -> None:
	for text, said in catalog(language).items():
		assert said.strip() == said != "", text
		assert sorted(_PLACES.findall(text)) == sorted(_PLACES.findall(said)), text
		assert typed(text) == typed(said), "a phone that answers is understood in these words alone"


@pytest.mark.parametrize("language", LANGUAGES)
def test_none_is_of_a_text_that_is_gone(language: str) -> None:
	assert sorted(set(catalog(language)) - everything_written()) == []
