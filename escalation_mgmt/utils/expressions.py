"""Expressions that administrators write: a small part of Python, evaluated here and never compiled.

There are: values, comparisons, and, or, not, in, arithmetic without powers, a if b else c, lists and the like, loops over
what a ticket holds (`any(row.qty > 3 for row in doc.items)`), some functions and methods. There is nothing else.
"""

import ast
import operator
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from frappe import _

from escalation_mgmt.utils import value_methods
from escalation_mgmt.utils.budget import DEEPEST, MOST_DIGITS, Budget, Refused, TooMuch
from escalation_mgmt.utils.value_methods import MISSING

STEPS = 10_000  # a handful of words looked for in a text of 100,000 characters takes 1,500
LONGEST_SOURCE = 5_000  # characters
_MOST_NODES = 1_000
_LONGEST_NUMBER = 50  # characters

_BINARY: dict[type[ast.operator], Callable[[Budget, Any, Any], Any]] = {
	ast.Add: Budget.add,
	ast.Sub: lambda budget, left, right: budget.number(left - right),
	ast.Mult: Budget.multiply,
	ast.Div: lambda _budget, left, right: left / right,
	ast.FloorDiv: lambda _budget, left, right: left // right,
	ast.Mod: Budget.remainder,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
	ast.Not: operator.not_,
	ast.USub: operator.neg,
	ast.UAdd: operator.pos,
}


def _compared(of: Callable[[Any, Any], bool], budget: Budget, left: Any, right: Any) -> bool:
	budget.weigh(left, right)
	return of(left, right)


_COMPARED: dict[type[ast.cmpop], Callable[[Budget, Any, Any], bool]] = {
	ast.Eq: Budget.equal,
	ast.NotEq: lambda budget, left, right: not budget.equal(left, right),
	ast.Lt: partial(_compared, operator.lt),
	ast.LtE: partial(_compared, operator.le),
	ast.Gt: partial(_compared, operator.gt),
	ast.GtE: partial(_compared, operator.ge),
	ast.Is: lambda _budget, left, right: left is right,
	ast.IsNot: lambda _budget, left, right: left is not right,
	ast.In: lambda budget, left, right: budget.contains(right, left),
	ast.NotIn: lambda budget, left, right: not budget.contains(right, left),
}


def _whole(budget: Budget, value: Any = 0) -> int:
	_short(value)
	return budget.number(int(value))


def _decimal(_budget: Budget, value: Any = 0) -> float:
	_short(value)
	return float(value)


def _text(_budget: Budget, value: Any = "") -> str:
	if isinstance(value, Mapping | list | tuple | set):
		raise Refused(_("str() of a list"))
	return str(value)


def _rounded(_budget: Budget, value: Any, digits: int | None = None) -> Any:
	if digits is not None and abs(digits) > MOST_DIGITS:
		raise TooMuch(_("it calculates with numbers of more than {0} digits").format(MOST_DIGITS))
	return round(value, digits)


def _short(value: Any) -> None:
	if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
		raise TooMuch(_("it reads a number from a long text"))


def _deciding(of: Callable[..., Any]) -> Callable[..., Any]:
	"""One that compares what it is given, or what it is given is made of."""

	def compare(budget: Budget, *values: Any) -> Any:
		given = list(budget.each(values[0])) if len(values) == 1 else list(values)
		budget.weigh(given)
		return of(given)

	return compare


def _sum(budget: Budget, values: Iterable[Any]) -> Any:
	total: Any = 0
	for value in values:
		total = budget.add(total, value)
		budget.spend()
	return total


_FUNCTIONS: dict[str, Callable[..., Any]] = {
	"int": _whole,
	"long": _whole,
	"float": _decimal,
	"str": _text,
	"round": _rounded,
	"bool": lambda _budget, value=False: bool(value),
	"abs": lambda _budget, value: abs(value),
	"len": lambda _budget, value: len(value),
	"any": lambda budget, values: any(budget.each(values)),
	"all": lambda budget, values: all(budget.each(values)),
	"sum": _sum,
	"min": _deciding(min),
	"max": _deciding(max),
	"sorted": _deciding(sorted),
	"list": lambda budget, values=(): list(budget.each(values)),
}


def evaluate(expression: str, names: Mapping[str, Any]) -> Any:
	"""The value of an expression over `names`, which are plain values. Raises SyntaxError or Refused where it is none of
	ours, TooMuch where it doesn't end soon, and what its operators raise.
	"""
	return _Evaluation(names).value(checked(expression).body)


@lru_cache(maxsize=1024)
def checked(expression: str) -> ast.Expression:
	"""Its syntax tree. Raises SyntaxError, or Refused in words that say what there is not."""
	# Normalised, as Frappe does it: a space that was pasted may be no space.
	source = unicodedata.normalize("NFKC", expression[: LONGEST_SOURCE + 1]).strip()
	if len(expression) > LONGEST_SOURCE or len(source) > LONGEST_SOURCE:
		raise Refused(_("an expression of more than {0} characters").format(LONGEST_SOURCE))
	try:
		tree = ast.parse(source, mode="eval")
	except (RecursionError, MemoryError):
		raise _too_deep() from None
	except ValueError as e:  # a number of thousands of digits; a null character
		raise SyntaxError(str(e)) from None
	_check(tree)
	return tree


def _too_deep() -> Refused:
	return Refused(_("an expression that is nested so deeply, or so long"))


def _check(tree: ast.Expression) -> None:
	left: list[tuple[ast.AST, int]] = [(tree, 0)]
	count = 0
	while left:
		node, depth = left.pop()
		count += 1
		if depth > DEEPEST or count > _MOST_NODES:
			raise _too_deep()
		if not isinstance(node, _ALLOWED):
			raise Refused(_("{0}: that can't be used in an expression").format(_shown(node)))
		if isinstance(node, ast.Call):
			_check_call(node)
		if isinstance(node, ast.Constant) and not _is_plain(node.value):
			raise Refused(_("{0}: that can't be used in an expression").format(_shown(node)))
		left += [(child, depth + 1) for child in ast.iter_child_nodes(node)]


def _check_call(node: ast.Call) -> None:
	called = node.func
	named = isinstance(called, ast.Name) and called.id in _FUNCTIONS
	method = isinstance(called, ast.Attribute) and called.attr in value_methods.METHODS
	if not (named or method) or any(not _takes(called, keyword) for keyword in node.keywords):
		raise Refused(
			_(
				"{0}: that can't be called. There are the functions {1}, and the usual methods of texts"
			).format(_shown(called), ", ".join(_FUNCTIONS))
		)


def _takes(called: ast.expr, keyword: ast.keyword) -> bool:
	return keyword.arg is not None and getattr(called, "attr", "") not in value_methods.OF_DICT


def _is_plain(value: Any) -> bool:
	digits = isinstance(value, int) and abs(value) >= 10**MOST_DIGITS
	return isinstance(value, str | int | float | None) and not digits


def _shown(node: ast.AST) -> str:
	kind = type(node).__name__
	try:
		return ast.unparse(node)[:60] if isinstance(node, ast.expr) else kind
	except RecursionError:
		return kind


_ALLOWED = (
	ast.Expression, ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Call, ast.keyword, ast.BoolOp,
	ast.And, ast.Or, ast.UnaryOp, *_UNARY, ast.BinOp, *_BINARY, ast.Compare, *_COMPARED, ast.IfExp, ast.List, ast.Tuple,
	ast.Set, ast.Dict, ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.comprehension, ast.Load, ast.Store,
)  # fmt: skip


class _Evaluation:
	def __init__(self, names: Mapping[str, Any]):
		self.names = names
		self.budget = Budget(STEPS)

	def value(self, node: ast.AST) -> Any:
		self.budget.spend()
		return _VALUE[type(node)](self, node)

	def constant(self, node: ast.Constant) -> Any:
		return node.value

	def name(self, node: ast.Name) -> Any:
		if node.id not in self.names:
			raise NameError(_("there is no {0}").format(node.id))
		return self.names[node.id]

	def attribute(self, node: ast.Attribute) -> Any:
		of = self.value(node.value)
		found = value_methods.field(of, node.attr)
		if found is not MISSING:
			return found
		if isinstance(of, Mapping):
			return None  # as a document answers for a field that it hasn't
		raise Refused(_("{0}: there is no such field").format(_shown(node)))

	def subscript(self, node: ast.Subscript) -> Any:
		of, key = self.value(node.value), self.value(node.slice)
		found = value_methods.item(of, key)
		if found is MISSING:
			raise LookupError(_("{0}: there is no such entry").format(_shown(node)))
		if isinstance(key, slice):
			self.budget.weigh(found)
		return found

	def slice(self, node: ast.Slice) -> slice:
		return slice(*(part and self.value(part) for part in (node.lower, node.upper, node.step)))

	def call(self, node: ast.Call) -> Any:
		values = tuple(map(self.value, node.args))
		named = {keyword.arg or "": self.value(keyword.value) for keyword in node.keywords}
		if isinstance(node.func, ast.Attribute):
			return value_methods.call(self.budget, self.value(node.func.value), node.func.attr, values, named)
		assert isinstance(node.func, ast.Name)
		return _FUNCTIONS[node.func.id](self.budget, *values, **named)

	def boolean(self, node: ast.BoolOp) -> Any:
		stops = isinstance(node.op, ast.Or)
		found: Any = None
		for part in node.values:
			found = self.value(part)
			if bool(found) is stops:
				break
		return found

	def unary(self, node: ast.UnaryOp) -> Any:
		return _UNARY[type(node.op)](self.value(node.operand))

	def binary(self, node: ast.BinOp) -> Any:
		return _BINARY[type(node.op)](self.budget, self.value(node.left), self.value(node.right))

	def compare(self, node: ast.Compare) -> bool:
		left = self.value(node.left)
		for op, other in zip(node.ops, node.comparators, strict=True):
			right = self.value(other)
			if not _COMPARED[type(op)](self.budget, left, right):
				return False
			left = right
		return True

	def choice(self, node: ast.IfExp) -> Any:
		return self.value(node.body if self.value(node.test) else node.orelse)

	def several(self, node: ast.List | ast.Tuple | ast.Set) -> Any:
		values = list(map(self.value, node.elts))
		if isinstance(node, ast.Set):
			return self._distinct(values)
		return values if isinstance(node, ast.List) else tuple(values)

	def pairs(self, node: ast.Dict) -> dict[Any, Any]:
		keys = [self.value(key) if key else None for key in node.keys]
		self._distinct(keys)
		return dict(zip(keys, map(self.value, node.values), strict=True))

	def loop(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Any:
		values = self._each(node.elt, node.generators, self)
		if isinstance(node, ast.GeneratorExp):
			return values
		return self._distinct(values) if isinstance(node, ast.SetComp) else list(values)

	def _distinct(self, values: Iterable[Any]) -> set[Any]:
		given = list(values)
		self.budget.weigh(given)
		return set(given)

	def _each(self, element: ast.AST, over: list[ast.comprehension], within: "_Evaluation") -> Iterator[Any]:
		if not over:
			yield within.value(element)
			return
		first, *rest = over
		for value in self.budget.each(within.value(first.iter)):
			inner = within.where(first.target, value)
			if all(inner.value(test) for test in first.ifs):
				yield from self._each(element, rest, inner)

	def where(self, target: ast.AST, value: Any) -> "_Evaluation":
		"""The same evaluation, with what a loop's names stand for."""
		inner = _Evaluation({**self.names, **_bound(target, value)})
		inner.budget = self.budget
		return inner


def _bound(target: ast.AST, value: Any) -> dict[str, Any]:
	if isinstance(target, ast.Name):
		return {target.id: value}
	if isinstance(target, ast.Tuple | ast.List) and isinstance(value, list | tuple):
		found: dict[str, Any] = {}
		for part, each in zip(target.elts, value, strict=True):
			found |= _bound(part, each)
		return found
	raise Refused(_("{0}: a loop gives names, nothing else").format(_shown(target)))


_VALUE: dict[type[ast.AST], Callable[[_Evaluation, Any], Any]] = {
	ast.Constant: _Evaluation.constant,
	ast.Name: _Evaluation.name,
	ast.Attribute: _Evaluation.attribute,
	ast.Subscript: _Evaluation.subscript,
	ast.Slice: _Evaluation.slice,
	ast.Call: _Evaluation.call,
	ast.BoolOp: _Evaluation.boolean,
	ast.UnaryOp: _Evaluation.unary,
	ast.BinOp: _Evaluation.binary,
	ast.Compare: _Evaluation.compare,
	ast.IfExp: _Evaluation.choice,
	ast.List: _Evaluation.several,
	ast.Tuple: _Evaluation.several,
	ast.Set: _Evaluation.several,
	ast.Dict: _Evaluation.pairs,
	ast.ListComp: _Evaluation.loop,
	ast.SetComp: _Evaluation.loop,
	ast.GeneratorExp: _Evaluation.loop,
}
