"""What a site is made of: when that changes, a site of the demo or the tests is made anew."""

from __future__ import annotations

import hashlib
from pathlib import Path

from host import paths

_MADE_OF = ("*.json", "hooks.py", "install.py", "ticket_columns.py", "patches.txt", "modules.txt")


def of_site() -> str:
	"""A hash over DocTypes, reports, workspaces, hooks and patches of every app, and over the host's Frappe."""
	digest = hashlib.sha256()
	for folder, patterns in (
		(paths.ROOT / "escalation_mgmt", _MADE_OF),
		(paths.HOST / "apps", _MADE_OF),
		(paths.HOST / "overlay", ("*.py",)),
		(paths.HOST, ("sites.py", "edits.py")),
	):
		for pattern in patterns:
			for path in sorted(Path(folder).rglob(pattern)):
				digest.update(str(path.relative_to(paths.ROOT)).encode() + path.read_bytes())
	return digest.hexdigest()
