"""Values that a template compares and calculates with as they are, and that are put out in words."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any


def worded(value: Any, words: str) -> Any:
	"""The same value, which reads as `words`. One of a kind that has no such twin is returned as it is."""
	kind = next(
		(kind for kind in (str, int, float, datetime, date, timedelta, Decimal) if type(value) is kind), None
	)
	if kind is None:
		return value
	made = _made(kind)(value)
	made.words = words
	return made


def words_of(value: Any) -> str | None:
	"""How a value reads; None where it is none of these."""
	return getattr(value, "words", None)


def bare(value: Any) -> Any:
	"""The value itself."""
	return value.bare() if hasattr(value, "bare") else value


def _made(kind: type) -> Callable[[Any], Any]:
	twin = _twin(kind)
	if kind is datetime:
		return lambda at: twin(*at.timetuple()[:6], at.microsecond, at.tzinfo, fold=at.fold)
	if kind is date:
		return lambda day: twin(day.year, day.month, day.day)
	if kind is timedelta:
		return lambda span: twin(span.days, span.seconds, span.microseconds)
	return twin


@cache
def _twin(kind: type) -> type:
	def said(self: Any) -> str:
		words = words_of(self)  # what was calculated from it has none
		return kind.__str__(self) if words is None else words

	def formatted(self: Any, spec: str) -> str:
		return kind.__format__(self, spec) if spec and kind is not str else format(said(self), spec)

	def plain(self: Any) -> Any:
		return kind.__add__(self, kind()) if kind in (str, int, float, Decimal) else self

	return type(
		f"Worded{kind.__name__.title()}", (kind,), {"__str__": said, "__format__": formatted, "bare": plain}
	)
