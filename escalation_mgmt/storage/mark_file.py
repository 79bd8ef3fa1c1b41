"""The mark outside of the database: a small file in the site's folder, which no restore of a database touches.

It says for which installation it is; another's counts for nothing. What can't be read counts as none, and what is wrong is said in
words (`trouble`). It is replaced whole, so that nobody ever reads half of it.
"""

import json
import os
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import frappe
from frappe import _

from escalation_mgmt.engine import Mark

NAME = "escalation_restore_mark.json"
_LARGEST = 2**53  # a number that every program can count on from
_LONGEST = 1000  # characters
_known: dict[Path, tuple[tuple[int, ...], dict]] = {}
"""What a file held when it was read last, and by which one knows that it is still the same."""


def path() -> Path:
	return Path(frappe.get_site_path()).resolve() / NAME


def read(installation: str) -> Mark | None:
	"""The mark that the file holds for this installation; None: there is none, or none that can be read."""
	try:
		found = _held(path())
		number, at = found["number"], datetime.fromisoformat(found["at"])
	except (OSError, ValueError, TypeError, KeyError, RecursionError):
		return None
	if found.get("installation") != installation or type(number) is not int or not 0 < number < _LARGEST:
		return None
	return Mark(number, at) if at.tzinfo is None else None


def write(mark: Mark, installation: str) -> None:
	"""Raises OSError where the folder or the disk doesn't take it."""
	target = path()
	said = {"installation": installation, "number": mark.number, "at": mark.at.isoformat()}
	fresh = target.with_name(f".{NAME}.{os.getpid()}.{threading.get_ident()}")
	try:
		with fresh.open("w") as file:
			file.write(json.dumps(said) + "\n")
			file.flush()
			os.fsync(file.fileno())
		fresh.replace(target)
	except OSError:
		with suppress(OSError):
			fresh.unlink()
		raise


def trouble() -> str:
	"""What is wrong with the file, in words that say what to do; empty: nothing is. One that isn't there yet is no trouble where it
	can be made.
	"""
	target = path()
	try:
		if target.is_dir():
			return _("{0} is a folder: remove it.").format(target)
		if target.exists():
			target.read_bytes()
		if not os.access(target.parent, os.W_OK):
			return _("{0} can't be written: let the bench's user write to the folder.").format(target.parent)
	except OSError as e:
		return _("{0} can't be read: {1}").format(target, e.strerror or type(e).__name__)
	return ""


def remove() -> None:
	"""It is gone; a folder in its place is nobody's business here."""
	with suppress(OSError):
		path().unlink()


def _held(target: Path) -> dict:
	found = target.stat()
	version = (found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev)
	known = _known.get(target)
	if not known or known[0] != version:
		with target.open() as file:
			known = version, json.loads(file.read(_LONGEST))
		_known[target] = known
	return known[1]
