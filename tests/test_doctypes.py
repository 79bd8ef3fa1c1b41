"""The names of our DocTypes stand once in the code: in `utils.doctypes`."""

import ast
from collections.abc import Iterator
from pathlib import Path

from escalation_mgmt import hooks
from escalation_mgmt.utils import doctypes

APP = Path(doctypes.__file__).parents[1]
NAMES = {value for name, value in vars(doctypes).items() if name.isupper()}
# Hooks are read as they stand, and a patch is of its day. The engine's is a word of a plan: a kind of calendar.
ELSEWHERE = ("hooks.py", "patches/", "engine/plan.py", "utils/doctypes.py")


def literals(source: str) -> Iterator[tuple[int, str]]:
	"""The texts of a module that name one of our DocTypes alone, or its table; what is read by people apart."""
	tree = ast.parse(source)
	said = {
		id(argument)
		for node in ast.walk(tree)
		if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"
		for argument in node.args
	}
	for node in ast.walk(tree):
		if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
			alone = node.value in NAMES or any(f"`tab{name}`" in node.value for name in NAMES)
			yield from [(node.lineno, node.value)] if alone else []


def test_a_doctypes_name_stands_once() -> None:
	paths = [path.relative_to(APP).as_posix() for path in APP.rglob("*.py")]
	found = {
		path: list(literals((APP / path).read_text())) for path in paths if not path.startswith(ELSEWHERE)
	}
	assert len(found) > 100 and not {path: texts for path, texts in found.items() if texts}


def test_each_name_is_that_of_a_doctype() -> None:
	folders = {
		path.name.replace("_", " ").title() for path in (APP / "escalation_mgmt/doctype").glob("escalation_*")
	}
	assert folders >= NAMES
	assert {*hooks.has_permission, *hooks.permission_query_conditions, *hooks.ignore_links_on_delete} <= NAMES
