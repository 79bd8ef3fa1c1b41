"""Ways of Frappe's that it is about to close, and that our code goes. Frappe 16 warns of them; 15 and the embedded host don't.

Whose they are is read from the stack: a warning's own place is in Frappe, below whoever should know.
"""

import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = [ROOT / name for name in ("escalation_mgmt", "tests", "host", "benchmarks")]
HANDS_ON = ("get_all", "get_list")
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
	"""Where our code called what warned, itself or through one of Frappe's that hands on what it is given; empty if another did:
	Frappe and other apps go old ways, too.
	"""
	frame = sys._getframe(2)
	while frame and frame.f_code.co_name in ("deprecation_warning", "wrapper"):
		frame = frame.f_back
	frame = frame and frame.f_back  # of what warned
	while frame and frame.f_code.co_name in HANDS_ON:
		frame = frame.f_back
	if frame is None or not any(folder in Path(frame.f_code.co_filename).parents for folder in OURS):
		return ""
	return f"{Path(frame.f_code.co_filename).relative_to(ROOT)}:{frame.f_lineno}"


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
