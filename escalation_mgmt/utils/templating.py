"""Rendering of administrators' templates: a sandbox that knows what is handed to it, and nothing of the site.

Not Frappe's own environment: that one lets a template read any table, and compiles it at every call.
"""

from functools import lru_cache
from typing import Any

from frappe import _
from frappe.utils import format_date, format_datetime, format_duration
from jinja2 import Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

_environment = ImmutableSandboxedEnvironment()
_environment.globals.update(
	_=_, format_date=format_date, format_datetime=format_datetime, format_duration=format_duration
)
_environment.policies["json.dumps_kwargs"] = {"default": str, "ensure_ascii": False}

NAMES = frozenset(_environment.globals)
"""What every template may name beside its context."""


def render(template: str, context: dict[str, Any]) -> str:
	"""Raises what Jinja raises."""
	compiled, names = _compiled(template)
	# With the globals put in already, Jinja needn't gather them once more for each message.
	known = compiled.new_context({**names, **context}, shared=True)
	return _environment.concat(compiled.root_render_func(known))


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
	any other way, or can't be parsed.
	"""
	try:
		tree = parse(template)
	except TemplateError:
		return frozenset({WHOLE})
	single: dict[int, str] = {}
	for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
		field = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
		if isinstance(node.node, nodes.Name) and node.node.name == of and isinstance(field, str):
			single[id(node.node)] = field
	others = any(
		node.name == of and id(node) not in single and node.ctx == "load"
		for node in tree.find_all(nodes.Name)
	)
	return frozenset({*single.values(), *({WHOLE} if others else ())})
