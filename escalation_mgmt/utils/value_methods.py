"""What a condition or template can do with a value: plain values only, and by name only what stands here.

No attribute of a Python object is ever reached by its name: what is asked for is an entry of a dict, or one of these.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from frappe import _

from escalation_mgmt.utils.budget import Budget, Refused, TooMuch

OF_TEXT = frozenset(
	[
		"capitalize",
		"casefold",
		"count",
		"endswith",
		"find",
		"format",
		"isalnum",
		"isalpha",
		"isdecimal",
		"isdigit",
		"islower",
		"isnumeric",
		"isspace",
		"istitle",
		"isupper",
		"join",
		"lower",
		"lstrip",
		"partition",
		"removeprefix",
		"removesuffix",
		"replace",
		"rfind",
		"rpartition",
		"rsplit",
		"rstrip",
		"split",
		"splitlines",
		"startswith",
		"strip",
		"swapcase",
		"title",
		"upper",
	]
)
OF_DICT = frozenset({"get", "items", "keys", "values"})
OF_TIME = frozenset({"date", "isoformat", "isoweekday", "strftime", "time", "total_seconds", "weekday"})
METHODS = OF_TEXT | OF_DICT | OF_TIME
"""All that may be called on a value."""

_FIELDS_OF_TIME = frozenset(
	["year", "month", "day", "hour", "minute", "second", "microsecond", "days", "seconds", "microseconds"]
)
_LONGEST_FORMAT = 100  # of a time
_PRODUCT = frozenset({"lstrip", "rfind", "rpartition", "rsplit", "rstrip", "strip"})
"""Of a text: what takes as long as the text times what is given, in characters."""
_LONGEST_FACTOR = 100
_TIMES = (date, datetime, time, timedelta)
MISSING = object()


def field(of: Any, name: str) -> Any:
	"""What is called so in a dict or a time; MISSING where nothing is."""
	if isinstance(of, Mapping):
		return of.get(name, MISSING)
	if isinstance(of, _TIMES) and name in _FIELDS_OF_TIME:
		return getattr(of, name, MISSING)
	return MISSING


def item(of: Any, key: Any) -> Any:
	"""What stands in a list or a text at a number or a slice, or in a dict under a key; MISSING where nothing does."""
	if isinstance(of, Mapping):
		return of.get(key, MISSING) if isinstance(key, str | int | float | bool | None) else MISSING
	if isinstance(of, str | list | tuple) and isinstance(key, int | slice):
		try:
			return of[key]
		except IndexError:
			return MISSING
	return MISSING


def has_method(of: Any, name: str) -> bool:
	if isinstance(of, str):
		return name in OF_TEXT
	if isinstance(of, Mapping):
		return name in OF_DICT
	return isinstance(of, _TIMES) and name in OF_TIME and hasattr(of, name)


def call(budget: Budget, of: Any, name: str, values: tuple[Any, ...], named: dict[str, Any]) -> Any:
	"""Call a method of a value. Raises Refused where it has none of that name, TooMuch, or what the method raises."""
	if not has_method(of, name):
		raise Refused(_("{0} can't be called on {1}").format(name, type(of).__name__))
	if name != "format":
		budget.weigh(*values, *named.values())
	if isinstance(of, str):
		return _call_text(budget, of, name, values, named)
	if isinstance(of, Mapping):
		return _call_dict(budget, of, name, values, named)
	budget.spend()
	if any(isinstance(value, str) and len(value) > _LONGEST_FORMAT for value in values):
		raise Refused(_("a format of a time has at most {0} characters").format(_LONGEST_FORMAT))
	return getattr(of, name)(*values, **named)


def _call_text(budget: Budget, of: str, name: str, values: tuple[Any, ...], named: dict[str, Any]) -> Any:
	if name == "format":
		return budget.formatted(of, values, named)
	if name == "join":
		return budget.joined(of, *values)
	if name == "replace":
		return budget.replaced(of, *values)
	for value in values:
		if isinstance(value, str):  # looked for in it
			if name in _PRODUCT and len(value) > _LONGEST_FACTOR:
				raise TooMuch(
					_("it gives {0} a text of more than {1} characters").format(name, _LONGEST_FACTOR)
				)
			budget.contains(of, value)
	budget.weigh(of, rate=10 if "split" in name else 1)
	return getattr(str, name)(of, *values, **named)


def _call_dict(
	budget: Budget, of: Mapping[str, Any], name: str, values: tuple[Any, ...], named: dict[str, Any]
) -> Any:
	if named or not (1 <= len(values) <= 2 if name == "get" else not values):
		raise Refused(_("{0}() isn't called like this").format(name))
	if name == "get":
		found = item(of, values[0])
		return (values[1] if len(values) > 1 else None) if found is MISSING else found
	return list(budget.each(getattr(of, name)(), 0.25))
