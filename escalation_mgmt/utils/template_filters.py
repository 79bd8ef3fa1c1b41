"""Jinja's filters and tests, as far as administrators' templates have them: each spends what it costs.

Left out is what runs long or grows without bound (wordwrap, batch, pprint, ...), and `attr`, which reaches into objects.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from frappe import _
from jinja2 import pass_environment
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_TESTS
from jinja2.environment import Environment
from jinja2.filters import make_attrgetter
from jinja2.utils import htmlsafe_json_dumps

from escalation_mgmt.utils.budget import Budget, TooMuch
from escalation_mgmt.utils.value_methods import call as call_method

_AS_THEY_ARE = {
	**dict.fromkeys(
		["abs", "count", "d", "default", "filesizeformat", "first", "last", "length", "safe"], 0.0
	),
	**dict.fromkeys(["capitalize", "float", "int", "list", "lower", "reverse", "string", "upper"], 1.0),
	**dict.fromkeys(
		[
			"dictsort",
			"e",
			"escape",
			"forceescape",
			"groupby",
			"items",
			"max",
			"min",
			"sort",
			"truncate",
			"unique",
		],
		5.0,
	),
	**dict.fromkeys(
		["map", "reject", "rejectattr", "select", "selectattr", "title", "urlencode", "wordcount"],
		10.0,
	),
}
"""Jinja's own, each with what it costs for what it is given (`Budget.weigh`): those that cost 0 look at no more than a part."""

_TESTS = [
	"odd",
	"even",
	"divisibleby",
	"defined",
	"undefined",
	"none",
	"boolean",
	"false",
	"true",
	"integer",
	"float",
	"lower",
	"upper",
	"string",
	"mapping",
	"number",
	"sequence",
	"iterable",
	"sameas",
	"in",
	"==",
	"eq",
	"equalto",
	"!=",
	"ne",
	">",
	"gt",
	"greaterthan",
	"ge",
	">=",
	"<",
	"lt",
	"lessthan",
	"<=",
	"le",
]
_MOST_INDENT = 40
_LARGEST_ARGUMENT = 100_000


def filters(budget: Callable[[], Budget]) -> dict[str, Callable[..., Any]]:
	"""{name: filter}; `budget` gives that of the rendering that is under way."""
	own = {
		"center": _centred,
		"format": _formatted,
		"indent": _indented,
		"join": _joined,
		"replace": _replaced,
		"round": _rounded,
		"striptags": _without_tags,
		"sum": _sum,
		"tojson": _as_json,
		"trim": _trimmed,
	}
	return {
		**{name: _priced(budget, DEFAULT_FILTERS[name], rate) for name, rate in _AS_THEY_ARE.items()},
		**{name: _with_budget(budget, of) for name, of in own.items()},
	}


def tests(budget: Callable[[], Budget]) -> dict[str, Callable[..., Any]]:
	"""{name: test}"""
	return {name: _priced(budget, DEFAULT_TESTS[name], 1) for name in _TESTS}


def _priced(budget: Callable[[], Budget], of: Callable[..., Any], rate: float) -> Callable[..., Any]:
	first = int(hasattr(of, "jinja_pass_arg"))  # what Jinja itself hands over

	@wraps(of)  # with the marks by which Jinja knows what to hand over
	def priced(*values: Any, **named: Any) -> Any:
		now = budget()
		now.spend()
		if rate:
			now.weigh(values[first:], named, rate=rate)
		for value in (*values[first + 1 :], *named.values()):
			if isinstance(value, int) and abs(value) > _LARGEST_ARGUMENT:
				raise TooMuch(_("it gives a filter a number above {0}").format(_LARGEST_ARGUMENT))
		result = of(*values, **named)
		return now.each(result) if isinstance(result, Iterator) else now.number(result)

	return priced


def _with_budget(budget: Callable[[], Budget], of: Callable[..., Any]) -> Callable[..., Any]:
	@pass_environment
	@wraps(of)
	def priced(environment: Environment, *values: Any, **named: Any) -> Any:
		return of(environment, budget(), *values, **named)

	return priced


def _width(value: Any) -> int:
	if not isinstance(value, int) or not 0 <= value <= _MOST_INDENT:
		raise TooMuch(_("it indents, or rounds, by more than {0} characters").format(_MOST_INDENT))
	return value


def _text(budget: Budget, value: Any) -> str:
	"""A value as a text, which is as long as all that is in it; nothing for None."""
	budget.weigh(value)
	return "" if value is None else str(value)


def _centred(_environment: Environment, budget: Budget, value: Any, width: int = _MOST_INDENT) -> str:
	return _text(budget, value).center(_width(width))


def _formatted(_environment: Environment, budget: Budget, value: Any, *values: Any, **named: Any) -> str:
	return budget.filled(_text(budget, value), named or values)


def _indented(
	_environment: Environment,
	budget: Budget,
	value: Any,
	width: Any = 4,
	first: bool = False,
	blank: bool = False,
) -> str:
	by = (width if isinstance(width, str) else " " * _width(width))[:_MOST_INDENT]
	text = _text(budget, value)
	lines = text.splitlines()
	budget.text(len(text) + len(lines) * len(by))
	return "\n".join(
		by + line if (blank or line) and (first or number) else line for number, line in enumerate(lines)
	)


def _joined(
	environment: Environment, budget: Budget, value: Iterable[Any], d: str = "", attribute: Any = None
) -> str:
	of = make_attrgetter(environment, attribute) if attribute is not None else None
	parts = []
	for each in budget.each(value):
		part = of(each) if of else each
		parts.append(_text(budget, part))
	return budget.joined(_text(budget, d), parts)


def _replaced(
	_environment: Environment, budget: Budget, value: Any, old: str, new: str, count: int = -1
) -> str:
	texts = (_text(budget, each) for each in (value, old, new))
	return budget.replaced(*texts, -1 if count is None else count)


def _trimmed(_environment: Environment, budget: Budget, value: Any, chars: str | None = None) -> Any:
	return call_method(budget, _text(budget, value), "strip", () if chars is None else (chars,), {})


def _sum(
	environment: Environment, budget: Budget, value: Iterable[Any], attribute: Any = None, start: Any = 0
) -> Any:
	of = make_attrgetter(environment, attribute) if attribute is not None else None
	total = start
	for each in budget.each(value):
		total = budget.add(total, of(each) if of else each)
	return total


def _rounded(
	_environment: Environment, _budget: Budget, value: Any, precision: int = 0, method: str = "common"
) -> Any:
	return DEFAULT_FILTERS["round"](value, _width(precision), method)


def _as_json(environment: Environment, budget: Budget, value: Any, indent: int | None = None) -> Any:
	budget.weigh(value, rate=5)
	dumps, more = environment.policies["json.dumps_function"], environment.policies["json.dumps_kwargs"]
	return htmlsafe_json_dumps(value, dumps=dumps, **more, indent=indent and _width(indent))


def _without_tags(_environment: Environment, budget: Budget, value: Any) -> str:
	"""In one pass over the text: Jinja's own begins anew at each tag."""
	budget.weigh(value, rate=9)
	text, found, at = _text(budget, value), [], 0
	while (begins := text.find("<", at)) >= 0:
		comment = text.startswith("<!--", begins)
		ends = text.find("-->" if comment else ">", begins)
		if ends < 0:
			break
		found.append(text[at:begins])
		at = ends + (3 if comment else 1)
	return " ".join(("".join(found) + text[at:]).split())
