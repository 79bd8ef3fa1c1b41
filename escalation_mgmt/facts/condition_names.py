"""Names of documents in conditions: `doc.priority == 'High'` follows the rename of High, and names what there is or isn't.

Only a name that stands there as a whole, in quotes, can be told. A part of one (`startswith`) can't.
"""

import ast
import unicodedata
from collections.abc import Callable, Iterator

from escalation_mgmt.facts.conditions import fields_in


def follow(expression: str, fields: frozenset[str], is_old: Callable[[str], bool], new: str) -> str:
	"""The expression with the new name in place of the old one, where it is about one of these fields of the ticket.

	A name that is compared with another field means something else, and stays.
	"""
	if not expression or not fields & fields_in(expression):
		return expression
	source = unicodedata.normalize("NFKC", expression).strip()  # as it is evaluated
	try:
		tree = ast.parse(source, mode="eval")
	except (SyntaxError, ValueError):
		return expression
	others = {id(node) for node in _of_other_fields(tree, fields)}
	found = [node for node in _names(tree) if id(node) not in others and is_old(node.value)]
	lines = source.encode().split(b"\n")
	for node in sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True):
		first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
		after = lines[last][node.end_col_offset :]
		lines[first : last + 1] = [lines[first][: node.col_offset] + repr(new).encode() + after]
	return b"\n".join(lines).decode() if found else expression


def compared(expression: str) -> Iterator[tuple[str, str]]:
	"""The names that it compares with fields of the ticket: (field, name). Nothing where it can't be parsed."""
	try:
		tree = ast.parse(unicodedata.normalize("NFKC", expression).strip(), mode="eval")
	except (SyntaxError, ValueError):
		return
	for node in ast.walk(tree):
		if isinstance(node, ast.Compare):
			for of in filter(None, map(_field, (node.left, *node.comparators))):
				yield from ((of, name.value) for name in _names(node) if not _is_key(node, name))


def _of_other_fields(tree: ast.AST, fields: frozenset[str]) -> Iterator[ast.Constant]:
	for node in ast.walk(tree):
		if isinstance(node, ast.Compare):
			of = set(filter(None, map(_field, (node.left, *node.comparators))))
			if of and not of & fields:
				yield from _names(node)
		elif field := _field(node):  # the name of the field itself, in quotes
			yield from (name for name in _names(node) if name.value == field)


def _names(tree: ast.AST) -> Iterator[ast.Constant]:
	return (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_key(compare: ast.AST, name: ast.Constant) -> bool:
	"""Whether this text is a field's name: doc["field"], doc.get("field")."""
	return any(_field(node) == name.value and name in ast.walk(node) for node in ast.walk(compare))


def _field(node: ast.AST) -> str:
	"""Which field of the ticket this is; empty: it is something else."""
	of: ast.AST | None = None
	name: object = None
	if isinstance(node, ast.Attribute):
		of, name = node.value, node.attr
	elif isinstance(node, ast.Subscript):
		of, name = node.value, getattr(node.slice, "value", None)
	elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
		of, name = node.func.value, getattr(node.args[0], "value", None) if node.args else None
	return name if isinstance(of, ast.Name) and of.id == "doc" and isinstance(name, str) else ""
