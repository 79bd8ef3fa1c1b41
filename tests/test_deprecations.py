"""Ways of Frappe's that version 16 warns of aren't gone: by the code's text, wherever it runs; and by Frappe's own warnings,
where a scenario runs on 16.
"""

import ast
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

_OF_LISTS = frozenset(
	{"limit_page_length", "page_length", "limit_start", "start"}
)  # limit, which Frappe 15 knows
OLD = {
	"get_all": _OF_LISTS,
	"get_list": _OF_LISTS,
	"enqueue": frozenset({"job_name"}),  # job_id
	"generate_hash": frozenset({"txt"}),
}
"""{function: arguments that are closed in 17}."""


def gone(source: str) -> Iterator[str]:
	"""The old ways in a module's text: the function and its argument."""
	for node in ast.walk(ast.parse(source)):
		if isinstance(node, ast.Call):
			name = getattr(node.func, "attr", getattr(node.func, "id", ""))
			for each in node.keywords:
				if each.arg in OLD.get(name, ()):
					yield f"{node.lineno}: {name}({each.arg}=)"


def test_an_old_way_is_seen() -> None:
	assert [*gone("import frappe\nfrappe.get_all('ToDo', limit_page_length=1)")] == [
		"2: get_all(limit_page_length=)"
	]
	assert [*gone("frappe.get_all('ToDo', limit=1)")] == []


def test_no_old_way_is_gone() -> None:
	found = [
		f"{path.relative_to(ROOT)}:{each}"
		for folder in ("escalation_mgmt", "tests", "benchmarks")
		for path in sorted((ROOT / folder).rglob("*.py"))
		for each in gone(path.read_text())
	]
	assert found == []


FRAPPE = """
def deprecation_warning():
	dumpster.warnings.warn('closed in 17', stacklevel=2)

def execute():
	deprecation_warning()

def get_all():
	execute()

def has_permission():
	get_all()
"""


@pytest.fixture
def dumpster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
	"""A Frappe that warns, as 16 does."""
	from tests.world import deprecations

	folder = tmp_path / "frappe"
	folder.mkdir()
	(folder / "__init__.py").write_text(FRAPPE)
	stand_in = types.ModuleType("frappe")
	stand_in.__file__ = str(folder / "__init__.py")
	stand_in.dumpster = types.SimpleNamespace(warnings=warnings)
	exec(compile((folder / "__init__.py").read_text(), stand_in.__file__, "exec"), stand_in.__dict__)
	monkeypatch.setitem(sys.modules, "frappe", stand_in)
	deprecations._watch(stand_in.dumpster)
	return stand_in


@pytest.mark.filterwarnings("ignore:closed in 17")
def test_a_warning_is_ours_where_we_called(dumpster: types.ModuleType) -> None:
	from tests.world import deprecations

	deprecations.taken()
	dumpster.get_all()
	(found,) = deprecations.taken()
	assert found.startswith("tests/test_deprecations.py:") and found.endswith(": closed in 17")
	assert deprecations.taken() == []


@pytest.mark.filterwarnings("ignore:closed in 17")
def test_a_warning_is_not_ours_where_frappe_itself_goes_an_old_way(dumpster: types.ModuleType) -> None:
	from tests.world import deprecations

	deprecations.taken()
	dumpster.has_permission()
	assert deprecations.taken() == []


@pytest.mark.filterwarnings("ignore:closed in 17")
def test_a_warning_is_not_ours_where_another_app_called(dumpster: types.ModuleType, tmp_path: Path) -> None:
	from tests.world import deprecations

	other = tmp_path / "helpdesk" / "api.py"
	exec(compile("frappe.get_all()", str(other), "exec"), {"frappe": dumpster})
	assert deprecations.taken() == []
