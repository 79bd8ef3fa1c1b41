"""Text of strangers as it is stored: nothing in it runs, and what they meant can still be read."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.utils.plain_text import cell, plain, plain_values
from tests import hostile


@pytest.mark.parametrize("name", hostile.TEXTS)
def test_hostile_texts_are_inert(name: str) -> None:
	for make in (plain, cell):
		made = make(hostile.TEXTS[name])
		assert not hostile.markup_in(made)
		assert not set(made) & {"\x00", "\r", "\n", "\u202e", "\u2067"}
		made.encode()  # no half of a pair
		assert make(made) == made
	assert not hostile.is_formula(cell(hostile.TEXTS[name]))


@pytest.mark.parametrize(
	("written", "stored"),
	[
		("a < b & c", "a < b & c"),
		("R&D: AT&T, x<5 && y>3", "R&D: AT&T, x<5 && y>3"),
		("R&amp;D &lt;b&gt;", "R&D < b>"),  # as Frappe's own sanitising leaves it
		("https://x.test/?a=1&copy=2&lt=3", "https://x.test/?a=1&copy=2&lt=3"),  # no entities
		("List<String> fails", "List< String> fails"),
		("550 <ann@x.test>: no such mailbox", "550 < ann@x.test>: no such mailbox"),
		("line\r\n  next\tcell", "line next cell"),
		("two  blanks", "two  blanks"),
		("انقطاع\u200f (عاجل)", "انقطاع\u200f (عاجل)"),
		("👩‍🚒 on fire", "👩‍🚒 on fire"),
		("a\u202eb", "ab"),
		("<3 you", "<3 you"),
		('The "main" server can\'t start', 'The "main" server can\'t start'),
		('"a" onload="b" and "c"', "”a” onload=”b” and ”c”"),
		("", ""),
	],
)
def test_what_is_meant_can_be_read(written: str, stored: str) -> None:
	assert plain(written) == stored


@pytest.mark.parametrize("number", ["+49 170 1234567", "+49…12", "-5", "-3.5", "(030) 123-45"])
def test_a_number_is_no_formula(number: str) -> None:
	assert cell(number) == number


@pytest.mark.parametrize("name", hostile.FORMULAS)
def test_a_formula_is_text(name: str) -> None:
	made = cell(hostile.FORMULAS[name])
	assert not hostile.is_formula(made)


def test_values_of_an_event() -> None:
	data = {"who": "<b>x", "late": 1.5, "to": ["<i>"], "more": {"a": "&lt;u&gt;"}, "none": None}
	assert plain_values(data) == {
		"who": "< b>x",
		"late": 1.5,
		"to": ["< i>"],
		"more": {"a": "< u>"},
		"none": None,
	}


@given(st.text(st.characters(codec=None), max_size=60) | st.text("<>&;#xltgamp/!? =+-@\x00\t\n", max_size=60))
def test_nothing_is_markup_and_it_stays_as_it_is(text: str) -> None:
	made = cell(text)
	assert not hostile.markup_in(made)
	assert not hostile.is_formula(made)
	assert cell(made) == made
	assert len(cell(text, 20)) <= 20


@pytest.mark.parametrize("make", [plain, cell])
@pytest.mark.parametrize("name", hostile.LONG)
def test_time_grows_with_the_text_alone(make: Callable, name: str) -> None:
	def seconds(text: str) -> float:
		best = []
		for _time in range(3):
			begun = time.thread_time()  # not the wall's: others work on the machine
			make(text)
			best.append(time.thread_time() - begun)
		return min(best)

	text = hostile.LONG[name]
	once, four_times = seconds(text), seconds(text * 4)
	assert four_times < 12 * once + 0.01
