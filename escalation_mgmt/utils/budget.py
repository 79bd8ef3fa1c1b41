"""How much an administrator's condition or template may do: steps, and the size of what it handles.

It runs in other people's way: in the dispatcher, in a stranger's save of a ticket. So nothing in it may take long, whatever
a ticket holds. Steps are counted instead of seconds: the same text does the same on every machine.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from string import Formatter
from typing import Any

from frappe import _

from escalation_mgmt.utils.percent_format import conversions

LONGEST = 200_000  # characters of a text that is put together; a ticket's own may be longer
MOST_DIGITS = 36
LARGEST = 10**MOST_DIGITS
DEEPEST = 50  # levels of a list in lists
_CHARACTERS = 1000  # that cost a step
_ELEMENTS = 4
_LONG = 2500  # characters: from here on Python seeks a text in another in a time that grows with both, not with their product
_WIDTH = 100  # of a column, digits of a number
_ESCAPED = 10  # characters that one may become, as in \U0001f525
_LONGEST_FLOAT = 450  # characters of 1e308 in full, with its decimals


class TooMuch(Exception):
	"""It does more than it may."""


class Refused(Exception):
	"""It asks for something that is not to be had; `str` says for what."""


class Budget:
	"""What is left of one evaluation's steps. Raises TooMuch where none are left."""

	def __init__(self, steps: int):
		self.left: float = steps

	def spend(self, steps: float = 1) -> None:
		self.left -= steps
		if self.left < 0:
			raise TooMuch(_("it does too much: it would hold up others' escalations"))

	def weigh(self, *values: Any, rate: float = 1) -> float:
		"""Spend what handling these values costs, with all that is in them; text and elements at `rate` times the price.

		Returns what was spent.
		"""
		before = self.left
		left = [(value, 0) for value in values]
		self.spend()
		while left:
			value, depth = left.pop()
			if isinstance(value, str | bytes):
				self.spend(rate * len(value) / _CHARACTERS)
			elif isinstance(value, Mapping | list | tuple | set | frozenset | range):
				if depth > DEEPEST:
					raise TooMuch(_("lists stand in lists too deeply"))
				self.spend(rate * len(value) / _ELEMENTS)
				if isinstance(value, Mapping):
					left += [(key, depth + 1) for key in value]
					value = value.values()
				if not isinstance(value, range):
					left += [(each, depth + 1) for each in value]
		return before - self.left

	def each(self, values: Iterable[Any], price: float = 1) -> Iterator[Any]:
		"""The same values, each for a step (or `price`)."""
		for value in values:
			self.spend(price)
			yield value

	def text(self, length: int) -> None:
		"""Spend what a text of this length costs, before it is put together."""
		if length > LONGEST:
			raise TooMuch(_("it makes a text of more than {0} characters").format(LONGEST))
		self.spend(1 + length / _CHARACTERS)

	# Operators and methods whose result may be far larger than what they are given.

	def add(self, left: Any, right: Any) -> Any:
		for kind in (str, list, tuple):
			if isinstance(left, kind) and isinstance(right, kind):
				self.text(len(left) + len(right))
		return self.number(left + right)

	def multiply(self, left: Any, right: Any) -> Any:
		for value, times in ((left, right), (right, left)):
			if isinstance(value, str | list | tuple) and isinstance(times, int):
				self.text(len(value) * max(times, 0))
		return self.number(left * right)

	def remainder(self, left: Any, right: Any) -> Any:
		return self.filled(left, right) if isinstance(left, str) else left % right

	def number(self, value: Any) -> Any:
		"""The value, if it is no number that is too large to go on with."""
		if isinstance(value, int) and not -LARGEST < value < LARGEST:
			raise TooMuch(_("it calculates with numbers of more than {0} digits").format(MOST_DIGITS))
		return value

	def contains(self, of: Any, value: Any) -> bool:
		"""Whether `value` stands in `of`."""
		price = self.weigh(value)
		if isinstance(of, str):
			# Of what is sought in a long text no more than so many characters are ever compared at a place.
			compared = len(of) if len(of) < _LONG else _WIDTH
			short = min(len(value), compared) if isinstance(value, str) else 0
			self.spend(len(of) * (1 + short / 20) / _CHARACTERS)
		elif isinstance(of, list | tuple):
			self.spend(len(of) * price / _ELEMENTS)
		return value in of

	def equal(self, left: Any, right: Any) -> bool:
		sized = str | Mapping | list | tuple | set
		if isinstance(left, sized) and isinstance(right, sized) and len(left) == len(right):
			self.weigh(left, right)
		return left == right

	def replaced(self, text: str, old: str, new: str, most: int = -1) -> str:
		self.contains(text, old)
		self.text(len(text) + text.count(old) * max(len(new) - len(old), 0))
		return text.replace(old, new, most)

	def joined(self, between: str, values: Iterable[Any]) -> str:
		parts = list(self.each(values))
		self.text(sum(map(len, parts)) + len(between) * len(parts))
		return between.join(parts)

	def filled(self, form: str, values: Any) -> str:
		"""`form % values`, with widths of at most two digits."""
		self.text(len(form))
		places = list(self.each(conversions(form)))
		if any(_is_wide(size) for place in places for size in (place.width, place.precision)):
			raise _too_wide()
		if isinstance(values, Mapping) and any(place.key is not None for place in places):
			if any(place.key is None and place.kind != "%" for place in places):
				raise Refused(_("a list in a format"))  # it would be all of them
			given = [values[place.key] for place in places if place.key in values]
		else:
			given = [*values] if isinstance(values, tuple) else [values]
		self._fill(form, len(places), given, escaped=any(place.kind in "ra" for place in places))
		return form % values

	def formatted(self, form: str, values: Sequence[Any], named: Mapping[str, Any]) -> str:
		"""`form.format(...)`: values by number or name, not what is in them, with widths of at most two digits."""
		places = list(self.each(Formatter().parse(form)))
		for _text, field, spec, _conversion in places:
			if field is not None and not re.fullmatch(r"\w*", field):
				raise Refused(_("{0} in a format: only a number or a name stands in braces").format(field))
			if re.search(r"\d{3}|[{}]", spec or ""):
				raise _too_wide()
		escaped = any(conversion in ("r", "a") for *_of, conversion in places)
		self._fill(form, len(places), [*values, *named.values()], escaped=escaped)
		return form.format(*values, **named)

	def _fill(self, form: str, places: int, values: Sequence[Any], *, escaped: bool) -> None:
		"""Spend what it costs to fill so many places with the longest of these values, which may be escaped as by `repr`."""
		if any(isinstance(value, Mapping | list | tuple | set) for value in values):
			raise Refused(_("a list in a format"))
		longest = max(map(_length, values), default=0) * (_ESCAPED if escaped else 1)
		self.text(len(form) + places * (longest + _WIDTH))


def _is_wide(size: str) -> bool:
	return size == "*" or len(size) > 2


def _length(value: Any) -> int:
	"""How many characters a value may become in a format, at most."""
	if isinstance(value, str):
		return len(value)
	if isinstance(value, int):
		return 2 * value.bit_length()  # as a binary number, in groups
	if isinstance(value, Decimal):
		return len(str(value)) + abs(value.adjusted() if value.is_finite() else 0)
	return _LONGEST_FLOAT if isinstance(value, float) else _WIDTH


def _too_wide() -> TooMuch:
	return TooMuch(_("it makes columns of more than {0} characters").format(_WIDTH - 1))
