"""How long an SMS is, and what is cut. The alphabet itself is judged against 3GPP TS 23.038's own examples, the number of
parts by two libraries that nobody here wrote: smsutil, and Twilio's own calculator."""

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.notifiers.twilio import gsm7
from tests import judges
from tests.conftest import missing
from tests.scripts import ALPHABETS, text_of

TAIL = "https://helpdesk.example.com/ack/" + "Ab1_-" * 8 + "\nReply 1 to acknowledge."


@pytest.mark.parametrize(
	("text", "length", "parts"),
	[
		("", 0, 1),
		("a" * 160, 160, 1),
		("a" * 161, 161, 2),
		("a" * 306, 306, 2),
		("a" * 307, 307, 3),
		("€" * 80, 160, 1),
		("[" * 81, 162, 2),
		("ж" * 70, 70, 1),
		("ж" * 71, 71, 2),
		("😀" * 35, 70, 1),
		("😀" * 36, 72, 2),
	],
)
def test_length_and_parts(text: str, length: int, parts: int) -> None:
	assert (gsm7.length(text), gsm7.parts(text)) == (length, parts)


@pytest.mark.parametrize(
	("text", "plain"),
	[
		("“quoted” ‘text’ — dash… ok", "\"quoted\" 'text' - dash... ok"),
		("Äpfel für Zoë, señor, šéf, Łódź", "Äpfel für Zoe, señor, séf, Lodz"),
		("a\u00a0b\u200bc", "a bc"),
		("сервер “упал”", "сервер “упал”"),  # another script stays as it is
		("e\u0301te\u0301", "été"),
	],
)
def test_plainer(text: str, plain: str) -> None:
	assert gsm7.plainer(text) == plain


@given(st.text(max_size=900), st.sampled_from([TAIL, "", TAIL + "ж"]))
def test_it_always_fits_and_the_tail_is_whole(text: str, tail: str) -> None:
	said = gsm7.fitted(text, tail)
	assert gsm7.parts(said) <= (gsm7.PARTS_GSM if gsm7.is_gsm(said) else gsm7.PARTS_UNICODE)
	assert said.endswith(gsm7.plainer(tail))


def test_what_is_short_stays_whole() -> None:
	assert gsm7.fitted("Server  outage\n", TAIL) == f"Server outage\n{TAIL}"


def test_a_surrogate_pair_is_never_cut_in_two() -> None:
	for before in range(4):
		said = gsm7.fitted("x" * before + "😀" * 300, "")
		said.encode("utf-8")
		assert said.endswith("😀...")


# --- where a part ends (3GPP TS 23.040): what takes two places stands whole in one part


@pytest.mark.parametrize(
	("text", "parts"),
	[
		("a" * 152 + "€" + "a" * 152, 3),  # 306 septets, and an escape at the border
		("a" * 151 + "€" + "a" * 153, 2),
		("{" * 153, 3),  # 306 septets: 76 characters a part
		("{" * 152, 2),
		("ж" * 66 + "😀" + "ж" * 66, 3),  # 134 units, and a pair at the border
		("ж" * 65 + "😀" + "ж" * 67, 2),
		("😀" * 100, 4),  # 33 a part
	],
)
def test_an_escape_or_a_pair_at_a_border_goes_to_the_next_part(text: str, parts: int) -> None:
	assert gsm7.parts(text) == parts == len(smsutil.split(text).parts)


_EXTENDED = "^{}\\[~]|€"
_IN_A_SCRIPT = st.sampled_from(sorted(ALPHABETS)).flatmap(
	lambda script: st.text(st.sampled_from(ALPHABETS[script] + " .,1/" + _EXTENDED), max_size=700)
)
_ENDS = st.sampled_from([TAIL, "", TAIL + "ж", "https://h.example/ack/{" + "~" * 60])


@given(_IN_A_SCRIPT)
def test_parts_are_as_a_second_library_counts_them(text: str) -> None:
	assert gsm7.parts(text) == len(smsutil.split(text).parts)


@given(_IN_A_SCRIPT, _ENDS)
def test_what_is_fitted_is_never_more_than_was_promised(text: str, tail: str) -> None:
	said = gsm7.fitted(text, tail)
	most = gsm7.PARTS_GSM if smsutil.codecs.is_valid_gsm(said or "a") else gsm7.PARTS_UNICODE
	assert len(smsutil.split(said).parts) <= most
	assert said.endswith(gsm7.plainer(tail))


def test_parts_are_as_twilio_itself_counts_them() -> None:
	"""Twilio's calculator, for 1,000 texts in all scripts. It keeps what a reader takes for one letter in one part, where the
	standard lets a part end between a letter and its mark: such texts are left to the test before this one.
	"""
	try:
		folder = judges.installed()
	except judges.Missing as e:
		missing("npm", str(e))
	chance = random.Random(16)
	texts = [
		text_of(chance, script, chance.randrange(1, 500)) for script in sorted(ALPHABETS) for _n in range(100)
	]
	program = """
		const { SegmentedMessage } = require("sms-segments-calculator");
		const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
		process.stdout.write(JSON.stringify(texts.map((text) => {
			const found = new SegmentedMessage(text);
			return [found.segmentsCount, found.numberOfUnicodeScalars === found.graphemes.length];
		})));
	"""
	done = subprocess.run(
		["node", "-e", program],
		cwd=folder,
		input=json.dumps(texts),
		capture_output=True,
		text=True,
		check=True,
	)
	judged = [
		(text, count) for text, (count, simple) in zip(texts, json.loads(done.stdout), strict=True) if simple
	]
	assert len(judged) > 700
	assert [gsm7.parts(text) for text, _count in judged] == [count for _text, count in judged]


# --- however long it is


@pytest.mark.parametrize("script", sorted(ALPHABETS))
def test_twice_the_text_takes_no_more_work(script: str) -> None:
	"""Counted in lines of Python, because a busy machine tells nothing; `make bench ARGS=texts` shows the time."""
	text = text_of(random.Random(1), script, 60_000)
	half, whole = (_lines_run(lambda n=n: gsm7.fitted(text[:n], TAIL)) for n in (30_000, 60_000))
	assert 0 < whole <= 1.2 * half


def _lines_run(do: Callable[[], object]) -> int:
	count = 0

	def trace(_frame: object, event: str, _argument: object) -> object:
		nonlocal count
		count += event == "line"
		return trace

	before = sys.gettrace()
	sys.settrace(trace)
	try:
		do()
	finally:
		sys.settrace(before)
	return count


@pytest.mark.parametrize(
	"pathological", ["\u0301", "a\u0301", "€", "🇩🇪", "👩🏽\u200d", "\u200b", "\u1100\u1161\u11a8", " \n"]
)
def test_nor_does_what_is_hard_to_cut(pathological: str) -> None:
	few, many = ("x" + pathological * n for n in (10_000, 30_000))
	assert _lines_run(lambda: gsm7.fitted(many, TAIL)) <= 1.2 * _lines_run(lambda: gsm7.fitted(few, TAIL))
	assert gsm7.fitted(many, TAIL).endswith(TAIL)


@pytest.mark.parametrize(
	"letter", ["क्षि", "ที่", "👩\u200d🔬", "👍🏽", "שָׁ", "🇩🇪 "], ids=["hi", "th", "joined", "skin", "he", "flag"]
)
def test_a_letter_is_cut_with_its_marks_or_not_at_all(letter: str) -> None:
	for before in range(len(letter)):
		said = gsm7.fitted("x" * before + letter * 300, "").removesuffix(gsm7.MARK)
		marks = re.sub(r"^x*", "", said).rstrip()
		whole = letter.strip()
		kept = marks[-len(whole) :]
		assert kept == whole or unicode_start(marks, whole), (before, marks[-8:])


def unicode_start(marks: str, letter: str) -> bool:
	"""Whether it ends with the letter's first consonant alone, which is a letter by itself in an abugida."""
	return any(
		marks.endswith(letter[:n]) and not gsm7._belongs_to_the_one_before(letter, n)
		for n in range(1, len(letter))
	)
