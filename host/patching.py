"""Turns the unpacked wheel into an importable `frappe`: names back, then edits, then the overlay."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

from host.edits import EDITS

OVERLAY = Path(__file__).parent / "overlay"

# overlay file -> file of the package; all others have the same path in both
ELSEWHERE = {"root.py": "__init__.py", "utils/utils.py": "utils/__init__.py"}

NAMES = ((b"monoframe", b"frappe"), (b"Monoframe", b"Frappe"), (b"MONOFRAME", b"FRAPPE"))


class AnchorLost(Exception):
	"""The wheel isn't the one that these changes were written for."""


def rename(source: Path, target: Path) -> None:
	for path in sorted(source.rglob("*")):
		relative = Path(str(path.relative_to(source)).replace("monoframe", "frappe"))
		if path.is_dir():
			(target / relative).mkdir(parents=True, exist_ok=True)
			continue
		content = path.read_bytes()
		if b"\0" not in content[:8192]:
			for old, new in NAMES:
				content = content.replace(old, new)
		(target / relative).parent.mkdir(parents=True, exist_ok=True)
		(target / relative).write_bytes(content)


def edit(package: Path) -> None:
	for name, old, new, times in EDITS:
		path = package / name
		text = path.read_text()
		if text.count(old) != times:
			raise AnchorLost(f"{name}: expected {times} times, found {text.count(old)}: {old!r}")
		path.write_text(text.replace(old, new))


def overlay(package: Path) -> None:
	for path in sorted(OVERLAY.rglob("*.py")):
		name = str(path.relative_to(OVERLAY))
		target = package / ELSEWHERE.get(name, name)
		if not target.exists():
			target.parent.mkdir(parents=True, exist_ok=True)
			shutil.copyfile(path, target)
			continue
		target.write_text(merge(target.read_text(), path.read_text(), name))


def merge(original: str, replacement: str, name: str) -> str:
	"""Functions, methods and names of the second text in place of the first's; `# new` above one adds it."""
	lines = original.splitlines(keepends=True)
	parts = replacement.splitlines(keepends=True)
	cuts: list[tuple[int, int, str]] = []

	def text_of(node: ast.stmt) -> str:
		start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
		return "".join(parts[start - 1 : node.end_lineno])

	def is_new(node: ast.stmt) -> bool:
		start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
		return start > 1 and parts[start - 2].strip() == "# new"

	def place(there: list[ast.stmt], node: ast.stmt, end: int, where: str) -> None:
		if is_new(node):
			cuts.append((end, end, "\n\n" + text_of(node)))
			return
		same = [n for n in there if isinstance(n, type(node)) and n.name == node.name]
		if len(same) == 1:
			first = same[0]
			start = min([first.lineno, *(d.lineno for d in first.decorator_list)])
			cuts.append((start - 1, first.end_lineno, text_of(node)))
			return
		raise AnchorLost(f"{where}: {node.name} is there {len(same)} times")

	old, new = ast.parse(original), ast.parse(replacement)
	for node in new.body:
		if isinstance(node, ast.ClassDef) and not is_new(node):
			classes = [n for n in old.body if isinstance(n, ast.ClassDef) and n.name == node.name]
			if len(classes) != 1:
				raise AnchorLost(f"{name}: class {node.name} is there {len(classes)} times")
			for member in (m for m in node.body if isinstance(m, ast.FunctionDef)):
				place(classes[0].body, member, classes[0].end_lineno, f"{name}:{node.name}")
		elif isinstance(node, ast.FunctionDef | ast.ClassDef):
			place(old.body, node, len(lines), name)
		elif isinstance(node, ast.Assign) and is_new(node):
			# Names stand before the first function that uses them.
			first = next(n for n in old.body if isinstance(n, ast.FunctionDef | ast.ClassDef))
			at = min([first.lineno, *(d.lineno for d in first.decorator_list)]) - 1
			cuts.append((at, at, text_of(node) + "\n"))
		elif not (isinstance(node, (ast.Expr, ast.Import | ast.ImportFrom))):
			raise AnchorLost(f"{name}: don't know where to put line {node.lineno}")

	for start, end, text in sorted(cuts, key=lambda cut: cut[:2], reverse=True):
		lines[start:end] = [text]
	return "".join(lines)
