"""What stands in the left side of `text % values`, read as CPython reads it (`unicode_format_arg_parse`)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BRACKET = re.compile(r"[()]")
_REST = re.compile(r"[-+ #0]*(\*|[0-9]*)(?:\.(\*|[0-9]*))?[hlL]?(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Conversion:
	"""One place that is filled."""

	key: str | None  # in brackets, which may hold brackets; None: the next value
	width: str  # digits, * or nothing
	precision: str
	kind: str  # s, d, f, ...; % for a mere percent sign, which may have a width as well


def conversions(form: str) -> Iterator[Conversion]:
	"""Each conversion of a format, in order, up to the first that isn't complete: there CPython raises ValueError.

	Of what CPython would refuse otherwise some may be among them.
	"""
	at = 0
	while (at := form.find("%", at) + 1) > 0:
		key = None
		if form.startswith("(", at):
			end = _closing(form, at)
			if end < 0:
				return
			key, at = form[at + 1 : end], end + 1
		rest = _REST.match(form, at)
		if not rest:
			return
		yield Conversion(key, rest[1], rest[2] or "", rest[3])
		at = rest.end()


def _closing(form: str, opening: int) -> int:
	"""Where the bracket that is opened here is closed; -1: nowhere."""
	depth = 0
	for bracket in _BRACKET.finditer(form, opening):
		depth += 1 if bracket[0] == "(" else -1
		if not depth:
			return bracket.start()
	return -1
