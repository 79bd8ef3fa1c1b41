"""Rendering of administrators' templates: Jinja's sandbox, with a budget of steps, and values that are plain.

Not Frappe's own environment: that one lets a template read any table, and compiles it at every call. Nothing of a Python
object is reached by name (`value_methods`), and whatever a template does is counted (`budget`).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any

from frappe import _
from jinja2 import Template, TemplateError, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Joiner, Namespace

from escalation_mgmt.utils import clock, template_filters, value_methods
from escalation_mgmt.utils.budget import LONGEST, MOST_DIGITS, Budget, Refused, TooMuch
from escalation_mgmt.utils.template_functions import FUNCTIONS
from escalation_mgmt.utils.value_methods import MISSING
from escalation_mgmt.utils.worded import bare, words_of

STEPS = 20_000  # to strip a text of 100,000 characters of its tags takes 1,000
LONGEST_SOURCE = 20_000  # characters
_MOST_NODES = 4_000
_DEEPEST = 30  # levels of syntax: Python's own parser, too, has a limit
_MOST_COUNTED = 10_000
_LONGEST_ARGUMENT = 1_000

_budget: ContextVar[Budget] = ContextVar("budget")
_for_programs: ContextVar[bool] = ContextVar("for_programs", default=False)


class Readable:
	"""What a template may read of besides plain values: its public attributes are fields."""


def _now() -> Budget:
	"""The budget of the rendering that is under way."""
	return _budget.get()


class _Method:
	"""A method of a plain value, until it is called."""

	def __init__(self, of: Any, name: str):
		self.of, self.name = of, name


class _Namespace(Namespace):
	def __repr__(self) -> str:
		return "namespace"  # Jinja's own says all that is in it, however much that is


def _range(*limits: int) -> range:
	if any(abs(limit) > _MOST_COUNTED for limit in limits) or len(counted := range(*limits)) > _MOST_COUNTED:
		raise TooMuch(_("it counts further than {0}").format(_MOST_COUNTED))
	return counted


def _each(values: Iterable[Any], price: float) -> Iterator[Any]:
	return _now().each(values, price)


def _weighed(value: Any) -> Any:
	_now().weigh(value)
	return value


def _concatenated(parts: Iterable[Any]) -> str:
	for part in parts:
		_now().weigh(part)
	return _now().joined("", ["" if part is None else str(part) for part in parts])


@pass_context  # so that Jinja evaluates nothing when it compiles
def _put_out(_context: Context, value: Any) -> Any:
	"""As a person reads it; a program's numbers stay as they are. Nothing is nothing, never "None"."""
	_now().weigh(value)
	if value is None:
		return ""
	if isinstance(value, bool):
		return _("Yes") if value else _("No")
	if words_of(value) is None and isinstance(value, datetime):
		return clock.shown(clock.to_utc(value))
	return bare(value) if _for_programs.get() and isinstance(value, int | float) else str(value)


_OURS = {"-each": _each, "-weighed": _weighed, "-concatenated": _concatenated}
"""Filters that no template can name, put into its syntax tree."""


def _in_json(value: Any) -> str:
	return clock.as_iso(value) if isinstance(value, datetime) else str(bare(value))


class _Sandbox(ImmutableSandboxedEnvironment):
	intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%"})

	def __init__(self) -> None:
		super().__init__(
			finalize=_put_out, optimized=False
		)  # what is worked out when it is compiled isn't counted
		self.filters = {**template_filters.filters(_now), **_OURS}
		self.tests = template_filters.tests(_now)
		self.globals = {
			**FUNCTIONS, "range": _range, "dict": dict, "joiner": Joiner, "namespace": _Namespace,
		}  # fmt: skip
		self.policies["json.dumps_kwargs"] = {"default": _in_json, "ensure_ascii": False}
		self.functions = list(self.globals.values())

	def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
		if len(source) > LONGEST_SOURCE:
			raise TemplateSyntaxError(_("it has more than {0} characters").format(LONGEST_SOURCE), 1)
		try:
			tree = super()._parse(source, name, filename)
		except (RecursionError, ValueError) as e:  # ValueError: a number of thousands of digits
			raise TemplateSyntaxError(_("it is nested too deeply, or has too long a number"), 1) from e
		_check(tree)
		return tree

	def _generate(self, source: nodes.Template, *args: Any, **more: Any) -> str:
		counting = _counting(source)
		counting.set_environment(self)
		return super()._generate(counting, *args, **more)

	def getattr(self, obj: Any, attribute: str) -> Any:
		if value_methods.has_method(obj, attribute):
			return _Method(obj, attribute)
		return self._found(obj, attribute, value_methods.field(obj, attribute))

	def getitem(self, obj: Any, argument: Any) -> Any:
		found = value_methods.item(obj, argument)
		if found is not MISSING and isinstance(argument, slice):
			_now().weigh(found)
		elif found is MISSING and isinstance(argument, str):
			found = value_methods.field(obj, argument)
		return self._found(obj, argument, found)

	def _found(self, obj: Any, name: Any, found: Any) -> Any:
		if found is not MISSING:
			return found
		if isinstance(obj, Readable | Namespace | LoopContext | Undefined) and not str(name).startswith("_"):
			return super().getattr(obj, str(name))
		return self.undefined(obj=obj, name=name)

	def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
		budget = _now()
		budget.spend()
		match operator:
			case "+":
				return budget.add(left, right)
			case "*":
				return budget.multiply(left, right)
			case "%":
				return budget.remainder(left, right)
		return budget.number(super().call_binop(context, operator, left, right))

	def call(self, _context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
		budget = _now()
		for given_by_jinja in ("_loop_vars", "_block_vars"):
			kwargs.pop(given_by_jinja, None)
		if isinstance(obj, _Method):
			return value_methods.call(budget, obj.of, obj.name, args, kwargs)
		budget.weigh(*args, *kwargs.values(), rate=10)
		given = (*args, *kwargs.values())
		if any(isinstance(value, str) and len(value) > _LONGEST_ARGUMENT for value in given):
			raise TooMuch(
				_("it hands a text of more than {0} characters to a function").format(_LONGEST_ARGUMENT)
			)
		of_loop = isinstance(getattr(obj, "__self__", None), LoopContext) and obj.__name__ in (
			"cycle",
			"changed",
		)
		if of_loop or isinstance(obj, Joiner) or any(obj is function for function in self.functions):
			return obj(*args, **kwargs)
		if isinstance(obj, Undefined):
			return obj()  # says what is undefined
		raise Refused(_("{0} can't be called").format(type(obj).__name__))


_REFUSED = {
	nodes.Macro: "macro", nodes.CallBlock: "call", nodes.Import: "import", nodes.FromImport: "from",
	nodes.Include: "include", nodes.Extends: "extends", nodes.Block: "block", nodes.Pow: "**",
	nodes.ScopedEvalContextModifier: "autoescape",
}  # fmt: skip


def _check(tree: nodes.Template) -> None:
	"""Raises TemplateSyntaxError for what isn't to be had, in words."""
	left: list[tuple[nodes.Node, int]] = [(tree, 0)]
	count = 0
	while left:
		node, depth = left.pop()
		count += 1
		if depth > _DEEPEST or count > _MOST_NODES:
			raise TemplateSyntaxError(
				_("it is nested too deeply, or too long"), getattr(node, "lineno", 1) or 1
			)
		if wrong := _wrong(node):
			raise TemplateSyntaxError(wrong, node.lineno or 1)
		left += [(child, depth + 1) for child in node.iter_child_nodes()]


def _wrong(node: nodes.Node) -> str:
	if word := _REFUSED.get(type(node)):
		return _("{0} can't be used here").format(word)
	if isinstance(node, nodes.For) and node.recursive:
		return _("{0} can't be used here").format("recursive")
	if isinstance(node, nodes.Const) and isinstance(node.value, int) and abs(node.value) >= 10**MOST_DIGITS:
		return _("it has a number of more than {0} digits").format(MOST_DIGITS)
	options: Mapping[str, Any] = {}
	if isinstance(node, nodes.Filter):
		options = _environment.filters
	elif isinstance(node, nodes.Test):
		options = _environment.tests
	if options and node.name not in options:
		known = ", ".join(sorted(name for name in options if name[0].isalpha()))
		return _("there is no {0} here. There are: {1}").format(node.name, known)
	return ""


def _counting(tree: nodes.Template) -> nodes.Template:
	"""The same template, which counts: each turn of a loop, and what is compared, joined and looked up by."""
	for node in list(tree.find_all(nodes.Node)):
		if isinstance(node, nodes.For):
			price = 1 + sum(1 for _node in node.find_all(nodes.Node)) + _length(node) / 1000
			node.iter = _filtered(node.iter, "-each", nodes.Const(price, lineno=node.lineno))
		elif isinstance(node, nodes.Compare):
			node.expr = _filtered(node.expr, "-weighed")
			for operand in node.ops:
				operand.expr = _filtered(operand.expr, "-weighed")
		elif isinstance(node, nodes.Pair):
			node.key = _filtered(node.key, "-weighed")
	return _without_concat(tree)


def _length(node: nodes.Node) -> int:
	return sum(len(data.data) for data in node.find_all(nodes.TemplateData))


def _filtered(node: nodes.Expr, name: str, *args: nodes.Expr) -> nodes.Filter:
	return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


def _without_concat(node: Any) -> Any:
	"""The tree with every `~` as a filter over its parts: Jinja lets nobody intercept it."""
	for name, value in node.iter_fields():
		if isinstance(value, nodes.Node):
			setattr(node, name, _without_concat(value))
		elif isinstance(value, list):
			setattr(node, name, [_without_concat(v) if isinstance(v, nodes.Node) else v for v in value])
	if isinstance(node, nodes.Concat):
		return _filtered(nodes.List(node.nodes, lineno=node.lineno), "-concatenated")
	return node


_environment = _Sandbox()

NAMES = frozenset(_environment.globals)
"""What every template may name beside its context."""


def render(template: str, context: dict[str, Any], *, for_programs: bool = False) -> str:
	"""`for_programs`: what comes out is no text for people, but JSON. Raises what Jinja raises, TooMuch where it does too much, and Refused for what isn't to be had."""
	compiled, names = _compiled(template)
	# With the globals put in already, Jinja needn't gather them once more for each message.
	known = compiled.new_context({**names, **context}, shared=True)
	budget = Budget(STEPS)
	before, before_that = _budget.set(budget), _for_programs.set(for_programs)
	try:
		return _text(compiled.root_render_func(known), budget)
	finally:
		_budget.reset(before)
		_for_programs.reset(before_that)


def _text(parts: Iterable[str], budget: Budget) -> str:
	found, length = [], 0
	for part in parts:
		found.append(part)
		length += len(part)
		budget.spend(len(part) / 1000)
		if length > LONGEST:
			budget.text(length)
	return "".join(found)


@lru_cache(maxsize=1024)
def _compiled(template: str) -> tuple[Template, dict[str, Any]]:
	compiled = _environment.from_string(template)
	return compiled, dict(compiled.globals)


def parse(template: str) -> nodes.Template:
	"""The template's syntax tree. Raises TemplateError where it is none."""
	return _environment.parse(template)


WHOLE = "*"
"""Stands for all of what a name holds."""


@lru_cache(maxsize=1024)
def fields_in(template: str, of: str) -> frozenset[str]:
	"""What a template asks for of a name in its context: name.field and name["field"]; with WHOLE, where it uses the name in
	any other way, or can't be parsed. To call a dict's method of it is another way, whatever its fields are called.
	"""
	try:
		tree = parse(template)
	except TemplateError:
		return frozenset({WHOLE})
	single: dict[int, str] = {}
	called = {id(node.node) for node in tree.find_all(nodes.Call)}
	for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
		if id(node) in called and getattr(node, "attr", "") in value_methods.OF_DICT:
			continue
		field = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
		if isinstance(node.node, nodes.Name) and node.node.name == of and isinstance(field, str):
			single[id(node.node)] = field
	others = any(
		node.name == of and id(node) not in single and node.ctx == "load"
		for node in tree.find_all(nodes.Name)
	)
	return frozenset({*single.values(), *({WHOLE} if others else ())})
