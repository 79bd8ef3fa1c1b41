"""What the texts in Python code may say, read from the code: what is put together is, with what is given for its names.

Followed are constants, f-strings and sums; assignments and loops over literals; and parameters, to the calls of their
function and to `pytest.mark.parametrize`. What can't be read so is UNKNOWN.
"""

import ast
import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product

UNKNOWN = "\0"
DEEPEST = 4  # names that stand for names

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.Module | Function


class Texts:
	"""Those of some modules, which call each other's functions by name."""

	def __init__(self, sources: Iterable[str]) -> None:
		self._modules = [ast.parse(source) for source in sources]
		self._calls = [_calls(module) for module in self._modules]
		self._defined = [
			{node.name for node in ast.walk(m) if isinstance(node, Function)} for m in self._modules
		]
		self._bound = functools.cache(_bound)

	def put_together(self) -> Iterator[tuple[int, str]]:
		"""Whatever a module may put together: which of the modules, text."""
		for number, module in enumerate(self._modules):
			for node, scopes in _outermost(module, (module,)):
				for text in self._may_be(node, number, scopes):
					yield number, text

	def _may_be(self, node: ast.AST, number: int, scopes: tuple[Scope, ...], deep: int = 0) -> set[str]:
		follow = functools.partial(self._may_be, number=number, scopes=scopes, deep=deep)
		match node:
			case ast.Constant(value=str(text)):
				return {text}
			case ast.FormattedValue(value=value):
				return follow(value)
			case ast.JoinedStr(values=parts):
				return {"".join(each) for each in product(*map(follow, parts))}
			case ast.BinOp(left=left, op=ast.Add(), right=right):
				return {"".join(each) for each in product(follow(left), follow(right))}
			case ast.IfExp(body=one, orelse=other):
				return follow(one) | follow(other)
			case ast.Name(id=name) if deep < DEEPEST:
				return self._given(name, number, scopes, deep + 1) or {UNKNOWN}
		return {UNKNOWN}

	def _given(self, name: str, number: int, scopes: tuple[Scope, ...], deep: int) -> set[str]:
		"""What a name may stand for where it is used; the innermost scope that knows it counts."""
		for depth in range(len(scopes), 0, -1):
			scope, around = scopes[depth - 1], scopes[:depth]
			if values := self._bound(scope)[name]:
				return {text for value in values for text in self._may_be(value, number, around, deep)}
			if isinstance(scope, Function) and name in (names := _parameters(scope)):
				return {
					text
					for where, call in self._calls_of(scope.name, number)
					for value in _argument(call, name, names.index(name))
					for text in self._may_be(value, where, (self._modules[where],), deep)
				}
		return set()

	def _calls_of(self, function: str, number: int) -> Iterator[tuple[int, ast.Call]]:
		"""In its own module, and in those that have none of that name."""
		for where, calls in enumerate(self._calls):
			if where == number or function not in self._defined[where]:
				yield from ((where, call) for call in calls[function])


def _outermost(node: ast.AST, scopes: tuple[Scope, ...]) -> Iterator[tuple[ast.AST, tuple[Scope, ...]]]:
	"""Texts that are put together and no part of another, with the scopes that they stand in."""
	for child in ast.iter_child_nodes(node):
		if isinstance(child, ast.JoinedStr) or (
			isinstance(child, ast.BinOp) and isinstance(child.op, ast.Add)
		):
			yield child, scopes
		elif not (isinstance(child, ast.keyword) and child.arg == "job_id"):
			yield from _outermost(child, (*scopes, child) if isinstance(child, Function) else scopes)


def _bound(scope: Scope) -> dict[str, list[ast.AST]]:
	"""What names are assigned in a scope, each once for all of it."""
	found: dict[str, list[ast.AST]] = defaultdict(list)
	for node in ast.walk(scope):
		match node:
			case ast.Assign(targets=[target], value=value):
				_pair(target, value, found)
			case (
				ast.For(target=target, iter=ast.Tuple() | ast.List() as values)
				| ast.comprehension(target=target, iter=ast.Tuple() | ast.List() as values)
			):
				for value in values.elts:
					_pair(target, value, found)
	for decorator in getattr(scope, "decorator_list", []):
		match decorator:
			case ast.Call(
				func=ast.Attribute(attr="parametrize"),
				args=[ast.Constant(value=str(names)), ast.Tuple() | ast.List() as values, *_],
			):
				parameters = ast.parse(names, mode="eval").body
				for value in values.elts:
					_pair(parameters, value, found)
	return found


def _pair(target: ast.AST, value: ast.AST, found: dict[str, list[ast.AST]]) -> None:
	if isinstance(target, ast.Name):
		found[target.id].append(value)
	elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple | ast.List):
		for each, its in zip(target.elts, value.elts, strict=False):
			_pair(each, its, found)


def _calls(module: ast.Module) -> dict[str, list[ast.Call]]:
	found: dict[str, list[ast.Call]] = defaultdict(list)
	for node in ast.walk(module):
		if isinstance(node, ast.Call):
			found[getattr(node.func, "attr", "") or getattr(node.func, "id", "")].append(node)
	return found


def _parameters(function: Function) -> list[str]:
	names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
	return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _argument(call: ast.Call, name: str, position: int) -> Iterator[ast.AST]:
	yield from call.args[position : position + 1]
	yield from (keyword.value for keyword in call.keywords if keyword.arg == name)
