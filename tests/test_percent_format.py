"""The left side of `text % values` is read as CPython reads it: what it would fill, we see."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from escalation_mgmt.utils.percent_format import Conversion, conversions

KEYED = st.text("%()()ab1. *#-+sdrfhl\n٣", max_size=30)
PIECES = st.lists(
	st.one_of(
		st.sampled_from(["%", "%(", ")", "(", "%((a)b)", "%%", "%5%", "%-08.3f", "%()s", "\0", "%((", "%ld"]),
		KEYED,
	),
	max_size=8,
).map("".join)


class Asked(dict[str, Any]):
	"""What CPython asks a mapping for."""

	def __init__(self) -> None:
		self.keys_asked: list[str] = []

	def __missing__(self, key: str) -> int:
		self.keys_asked.append(key)
		return 1


@settings(max_examples=500)
@given(PIECES)
@example("%((a)b)9d")
@example("%(" + "k" * 101 + ")9d")
@example("%(a)%")
@example("%5%(a)s")
def test_it_names_what_cpython_asks_for(form: str) -> None:
	asked = Asked()
	found = [each.key for each in conversions(form) if each.key is not None]
	try:
		form % asked
	except (ValueError, TypeError, OverflowError):  # where it stops
		both = min(len(found), len(asked.keys_asked))
		assert found[:both] == asked.keys_asked[:both]
		assert len(asked.keys_asked) <= len(found) + 1, "the last one has a key and nothing behind it"
	else:
		assert found == asked.keys_asked


@settings(max_examples=500)
@given(PIECES)
@example("%((a)b)999d")
@example("%((a)b).999d")
@example("%.٣d")
def test_no_text_is_longer_than_its_widths_say(form: str) -> None:
	found = list(conversions(form))
	width = max(
		(int(size) for each in found for size in (each.width, each.precision) if size.isdigit()), default=0
	)
	for values in (Asked(), (1,) * len(found)):
		try:
			made = form % values
		except (ValueError, TypeError, OverflowError):
			continue
		assert len(made) <= len(form) + len(found) * (width + 30), form


@pytest.mark.parametrize(
	("form", "found"),
	[
		("%s", [Conversion(None, "", "", "s")]),
		("a%-5.2fb%%", [Conversion(None, "5", "2", "f"), Conversion(None, "", "", "%")]),
		("%((a)b)007d", [Conversion("(a)b", "7", "", "d")]),
		("%(a\n)9.*ld", [Conversion("a\n", "9", "*", "d")]),
		("%()s%(", [Conversion("", "", "", "s")]),
		("%((a)s", []),
		("50 %", []),
		("%\n", [Conversion(None, "", "", "\n")]),
	],
)
def test_the_parts_of_a_conversion(form: str, found: list[Conversion]) -> None:
	assert list(conversions(form)) == found
