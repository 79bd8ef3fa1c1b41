"""Ways of Frappe's that it is about to close, and that our code goes. Frappe 16 warns of them; 15 and the embedded host don't.

Whose they are is read from the stack: a warning's own place is in Frappe, a call below whoever should know.
"""

import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

OURS = Path(__file__).resolve().parents[2]
_found: list[str] = []


class _Warnings:
	"""In place of the module `warnings`, as Frappe's deprecations see it."""

	def __getattr__(self, name: str) -> Any:
		return getattr(warnings, name)

	def warn(self, message: str, *arguments: Any, **more: Any) -> None:
		if place := _caller():
			_found.append(f"{place}: {message}")
		warnings.warn(message, *arguments, **more)


def _caller() -> str:
	"""Where our code called Frappe, unless another app's did; empty if it didn't."""
	frappe = str(Path(sys.modules["frappe"].__file__).parent)
	frame = sys._getframe(2)
	while frame and (
		frame.f_code.co_filename.startswith((frappe, "<")) or "/lib/python" in frame.f_code.co_filename
	):
		frame = frame.f_back
	if frame is None or OURS not in Path(frame.f_code.co_filename).parents:
		return ""
	return f"{Path(frame.f_code.co_filename).relative_to(OURS)}:{frame.f_lineno}"


def watch() -> None:
	"""From now on, in this process."""
	try:
		import frappe.deprecation_dumpster as dumpster
	except ImportError:
		return  # Frappe 15 has no such list
	_watch(dumpster)


def _watch(dumpster: ModuleType) -> None:
	dumpster.warnings = _Warnings()


def taken() -> list[str]:
	"""What was found since this was last asked: where it was called, and what Frappe says of it."""
	found = _found.copy()
	_found.clear()
	return found
