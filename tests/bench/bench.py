"""The bench: its folders, its interpreter, its commands."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.bench import Refused

APP = "escalation_mgmt"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Bench:
	"""A bench at its folder. `environment` is what its commands get beyond our own environment."""

	folder: Path
	environment: dict[str, str] = field(default_factory=dict)

	@property
	def sites(self) -> Path:
		return self.folder / "sites"

	@property
	def python(self) -> Path:
		return self.folder / "env" / "bin" / "python"

	@cached_property
	def apps(self) -> list[str]:
		"""The apps that it has, by the list that Frappe reads."""
		return (self.sites / "apps.txt").read_text().split()

	@cached_property
	def config(self) -> dict[str, Any]:
		"""What stands in its common configuration."""
		return read_json(self.sites / "common_site_config.json")

	def ask(self, code: str) -> Any:
		"""What Python code prints in the bench's environment, as JSON. It stands in no folder of ours."""
		done = subprocess.run(
			[self.python, "-c", code], cwd=self.sites, stdout=subprocess.PIPE, text=True, check=True
		)
		return json.loads(done.stdout)

	def frappe(self, *arguments: str) -> None:
		"""Run a command of Frappe's as bench runs it. Its output is shown. Raises Refused where it fails."""
		done = subprocess.run(
			[self.python, "-m", "frappe.utils.bench_helper", "frappe", *arguments],
			cwd=self.sites,
			env={**os.environ, **self.environment},
			stdin=subprocess.DEVNULL,
		)
		if done.returncode:
			words = [word for word in arguments if not word.startswith("-")]
			raise Refused(f"`{' '.join(words[:3])}` failed: what it says stands above.")

	def make_folders(self) -> None:
		"""Where processes write, which `bench init` makes and a bench that was put together by hand may lack."""
		for name in ("logs", "config"):
			(self.folder / name).mkdir(exist_ok=True)


def find(place: str | Path) -> Bench:
	"""The bench at a folder. Raises Refused where it is none, or where its app is another copy than this one."""
	folder = Path(place).resolve()
	bench = Bench(folder)
	if not (bench.sites / "apps.txt").exists() or not bench.python.exists():
		raise Refused(
			f"{folder} is no bench (a folder with sites/apps.txt and env/bin/python). Say where it is: BENCH=/path/to/bench"
		)
	if APP not in bench.apps:
		raise Refused(f"The bench at {folder} doesn't have the app. Get it: bench get-app {APP} {ROOT}")
	code = f"import importlib.util as u, json; s = u.find_spec({APP!r}); print(json.dumps(s and s.origin))"
	origin = bench.ask(code)
	if not origin:
		raise Refused(f"The bench's env lacks the app. Install it: bench setup requirements {APP}")
	if (theirs := Path(origin).resolve().parents[1]) != ROOT:
		raise Refused(
			f"The bench's {APP} is {theirs}, and this is {ROOT}. Run its own: make -C {theirs} test-bench"
		)
	return bench


def read_json(path: Path) -> dict[str, Any]:
	return json.loads(path.read_text()) if path.exists() else {}


def with_environment(bench: Bench, more: Mapping[str, str]) -> Bench:
	return Bench(bench.folder, {**bench.environment, **more})
