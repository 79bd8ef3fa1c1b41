"""Where the host keeps things. All of it lies in the repository, and git ignores what is built."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST = ROOT / "host"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BUILT = ROOT / ".host"
BENCH = BUILT / "bench"
SITES = BENCH / "sites"
LOGS = BENCH / "logs"
RUN = BENCH / "run"
MARIADB = BUILT / "mariadb"

# In the order in which a site would install them.
APPS = {
	"helpdesk": HOST / "apps" / "helpdesk",
	"erpnext_stand_in": HOST / "apps" / "erpnext_stand_in",
	"escalation_mgmt": ROOT,
}


def port(offset: int) -> int:
	"""A port that two clones on one machine hardly share; a busy one is moved by whoever starts a server."""
	base = int(hashlib.sha256(str(ROOT).encode()).hexdigest(), 16) % 1500
	return 18000 + base * 8 + offset


def environment(site: str | None = None) -> dict[str, str]:
	"""What a process needs to find the bench; it should also stand in SITES."""
	env = {"SITES_PATH": str(SITES), "FRAPPE_BENCH_ROOT": str(BENCH), "FRAPPE_TUNE_GC": "0"}
	if site:
		env["FRAPPE_SITE"] = site
	for key in ("FRAPPE_REDIS_CACHE", "FRAPPE_REDIS_QUEUE"):
		if os.environ.get(key):
			env[key] = os.environ[key]
	return env
