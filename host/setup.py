"""Builds what the host runs on. Standard library only: the interpreter that starts it has nothing else yet.

Each part is made in a folder of another name and renamed when it is whole, and its own name carries the hash of what
it was made from: an interrupted run goes on where it stopped, and nothing is made twice.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from host import patching, paths

WHEEL = "monoframe-0.0.1-py3-none-any.whl"
WHEEL_REQUIREMENT = "monoframe==0.0.1"
WHEEL_SHA256 = "192e1430290ba868e515186a1e21bbdc7190a66fffbfaf35d5296bfca83a70ca"
UV = "uv==0.13.9"  # installs in 20 s what takes pip two minutes


def say(text: str) -> None:
	print(f"host: {text}", flush=True)


def digest(*parts: str | bytes | Path) -> str:
	"""Of texts and of files (a folder: names and contents of all that is in it)."""
	total = hashlib.sha256()
	for part in parts:
		if isinstance(part, Path):
			files = sorted(p for p in part.rglob("*") if p.is_file()) if part.is_dir() else [part]
			for path in files:
				if "__pycache__" in path.parts:
					continue
				total.update(str(path.relative_to(part) if part.is_dir() else path.name).encode() + b"\0")
				total.update(path.read_bytes() + b"\0")
		else:
			total.update((part.encode() if isinstance(part, str) else part) + b"\0")
	return total.hexdigest()[:12]


@contextlib.contextmanager
def lock(name: str = "setup") -> Iterator[None]:
	paths.BUILT.mkdir(exist_ok=True)
	with open(paths.BUILT / f"{name}.lock", "w") as file:
		try:
			fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
		except BlockingIOError:
			# Not where a command writes what others read.
			print(f"host: another {name} is at work here, waiting for it", file=sys.stderr, flush=True)
			fcntl.flock(file, fcntl.LOCK_EX)
		yield


def made(target: Path, what: str, make: Callable[[Path], None]) -> Path:
	"""The folder, made now unless it is there."""
	if target.exists():
		return target
	started = time.monotonic()
	say(f"{what} ...")
	unfinished = target.with_name(f"{target.name}.unfinished")
	shutil.rmtree(unfinished, ignore_errors=True)
	unfinished.mkdir(parents=True)
	make(unfinished)
	unfinished.rename(target)
	say(f"{what}: {time.monotonic() - started:.0f} s")
	return target


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> None:
	"""Quiet while it goes well; all its output when it doesn't."""
	result = subprocess.run(
		[str(part) for part in command],
		cwd=cwd,
		env={**os.environ, **environment},
		stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT,
		text=True,
	)
	if result.returncode:
		print(result.stdout, file=sys.stderr)
		raise SystemExit(f"host: failed: {' '.join(map(str, command))}")


def _installed() -> Path:
	"""Is there once the packages are."""
	return paths.VENV / f".host-{digest(paths.HOST / 'requirements.lock', UV, sys.version)}"


def make_venv() -> None:
	if _installed().exists():
		return
	if (
		not paths.PYTHON.exists()
		or subprocess.run([paths.PYTHON, "-m", "pip", "--version"], capture_output=True).returncode
	):
		say("virtual environment ...")
		run(sys.executable, "-m", "venv", "--clear", paths.VENV)


def make_packages() -> None:
	stamp = _installed()
	if stamp.exists():
		return
	requirements = paths.HOST / "requirements.lock"
	started = time.monotonic()
	say("Python packages ...")
	pip = (paths.PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps")
	run(*pip, UV)
	try:
		# Compiled by all cores at once, and not by the processes that import them first.
		uv = (paths.PYTHON, "-m", "uv", "pip", "install", "--no-deps", "--compile-bytecode")
		uv = (*uv, "--python", paths.PYTHON)
		run(*uv, "-r", requirements, UV_SYSTEM_CERTS="1")
	except (
		SystemExit
	):  # it reads nothing of pip's configuration, so it may miss the index that pip is told of
		say("uv can't get them; pip tries, which takes a while")
		run(*pip, "-r", requirements)
	for old in paths.VENV.glob(".host-*"):
		old.unlink()
	stamp.touch()
	say(f"Python packages: {time.monotonic() - started:.0f} s")


def make_wheel() -> Path:
	folder = paths.BUILT / "wheel"
	wheel = folder / WHEEL

	def download(target: Path) -> None:
		wanted = target / "requirement.txt"
		wanted.write_text(f"{WHEEL_REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n")
		run(
			paths.PYTHON, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
			"--require-hashes", "-d", target, "-r", wanted,
		)  # fmt: skip

	made(folder, "Frappe's code", download)
	if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
		raise SystemExit(f"host: {wheel} is not the wheel that this host was written for")
	return wheel


def make_frappe() -> Path:
	def build(target: Path) -> None:
		unpacked = target / "unpacked"
		with zipfile.ZipFile(make_wheel()) as archive:
			archive.extractall(unpacked)
		package = target / "frappe"
		patching.rename(unpacked / "monoframe", package)
		shutil.rmtree(unpacked)
		patching.edit(package)
		patching.overlay(package)
		run(paths.PYTHON, "-m", "compileall", "-q", "-j", "0", package)

	inputs = digest(WHEEL_SHA256, paths.HOST / "patching.py", paths.HOST / "edits.py", paths.HOST / "overlay")
	return made(paths.BUILT / f"frappe-{inputs}", "Frappe, renamed and patched", build)


def make_node_modules() -> Path:
	sources = [paths.HOST / "assets" / name for name in ("package.json", "package-lock.json", ".npmrc")]

	def build(target: Path) -> None:
		for source in sources:
			shutil.copy(source, target)
		run("npm", "ci", "--no-progress", "--no-audit", "--no-fund", cwd=target)

	return made(paths.BUILT / f"npm-{digest(*sources)}", "npm packages", build)


def make_assets(frappe: Path) -> Path:
	"""Desk's bundles beside its other public files, which no edit of ours touches."""
	modules = make_node_modules()
	script = paths.HOST / "assets" / "build.mjs"

	def build(target: Path) -> None:
		assets = target / "frappe"
		public = frappe / "frappe" / "public"
		shutil.copytree(public, assets, copy_function=os.link)
		(assets / "node_modules").symlink_to(modules / "node_modules")
		# Its hooks name this one, the wheel has it under the other name.
		os.link(assets / "images" / "frappe-framework-logo.svg", assets / "images" / "frappe-logo.svg")
		bundle("frappe", public, target, modules, frappe)

	return made(paths.BUILT / f"assets-{digest(WHEEL_SHA256, modules.name, script)}", "Desk's assets", build)


def bundle(app: str, public: Path, target: Path, modules: Path, frappe: Path) -> None:
	run("node", paths.HOST / "assets" / "build.mjs", app, public, target, modules / "node_modules", frappe)


def make_app_assets(app: str, public: Path, frappe: Path) -> Path:
	"""An app's public files; and its bundles, where it has any."""
	modules = make_node_modules()

	def build(target: Path) -> None:
		(target / app).mkdir()
		for entry in public.iterdir():
			(target / app / entry.name).symlink_to(entry)
		(target / "assets.json").write_text("{}")
		if any(public.rglob("*.bundle.*")):
			bundle(app, public, target, modules, frappe)

	inputs = digest(
		public, *[p.name for p in public.iterdir()], paths.HOST / "assets" / "build.mjs", frappe.name
	)
	return made(paths.BUILT / f"assets-{app}-{inputs}", f"assets of {app}", build)


def link(path: Path, to: Path) -> None:
	if path.is_symlink() and Path(os.readlink(path)) == to:
		return
	path.parent.mkdir(parents=True, exist_ok=True)
	temporary = path.with_name(f".{path.name}.new")
	temporary.unlink(missing_ok=True)
	temporary.symlink_to(to)
	temporary.rename(path)


def write(path: Path, text: str) -> None:
	if not path.exists() or path.read_text() != text:
		path.parent.mkdir(parents=True, exist_ok=True)
		temporary = path.with_name(f".{path.name}.new")
		temporary.write_text(text)
		temporary.rename(path)


def make_bench(frappe: Path, assets: Path | None) -> None:
	for folder in (paths.SITES, paths.LOGS, paths.RUN, paths.BENCH / "config"):
		folder.mkdir(parents=True, exist_ok=True)
	write(paths.SITES / "apps.txt", "".join(f"{app}\n" for app in ("frappe", *paths.APPS)))
	link(paths.BENCH / "apps" / "frappe", frappe)
	for app, folder in paths.APPS.items():
		link(paths.BENCH / "apps" / app, folder)

	common = paths.SITES / "common_site_config.json"
	config = json.loads(common.read_text()) if common.exists() else {}
	redis = f"redis://127.0.0.1:{paths.port(0)}"
	for key, value in {
		"redis_cache": redis,
		"redis_queue": redis,
		"use_mysqlclient": 0,
		"scheduler_tick_interval": 60,
		"disable_async": 1,
	}.items():
		config.setdefault(key, value)
	write(common, json.dumps(config, indent=1, sort_keys=True))

	if assets:
		link(paths.SITES / "assets" / "frappe", assets / "frappe")
		names = json.loads((assets / "assets.json").read_text())
		for app, folder in paths.APPS.items():
			public = folder / app / "public"
			if public.is_dir():
				own = make_app_assets(app, public, frappe)
				link(paths.SITES / "assets" / app, own / app)
				for old in paths.BUILT.glob(f"assets-{app}-*"):
					if old != own:
						shutil.rmtree(old, ignore_errors=True)
				names.update(json.loads((own / "assets.json").read_text()))
		for name in ("assets.json", "assets-rtl.json"):
			write(paths.SITES / "assets" / name, json.dumps(names, indent=1, sort_keys=True))

	places = [frappe, paths.ROOT, *(folder for folder in paths.APPS.values() if folder != paths.ROOT)]
	packages = next((paths.VENV / "lib").glob("python3*/site-packages"))
	write(packages / "embedded_host.pth", "".join(f"{place}\n" for place in places))


def setup(with_assets: bool = True) -> None:
	with lock(), ThreadPoolExecutor() as beside:
		make_venv()
		packages = beside.submit(make_packages)
		frappe = make_frappe()
		assets = make_assets(frappe) if with_assets else None
		packages.result()
		make_bench(frappe, assets)


def app_requirements() -> list[str]:
	"""What the app asks for, its extras too: their bounds stand in pyproject.toml alone."""
	project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]
	extras = project["optional-dependencies"].values()
	return [*project["dependencies"], *(one for extra in extras for one in extra)]


def update_lock() -> None:
	"""Resolve requirements.in anew, in an environment of its own, and write down what came out."""

	def build(target: Path) -> None:
		run(sys.executable, "-m", "venv", target)
		pip = (target / "bin" / "python", "-m", "pip")
		run(*pip, "install", "-r", paths.HOST / "requirements.in", *app_requirements())
		frozen = subprocess.run([*pip, "freeze"], stdout=subprocess.PIPE, text=True, check=True).stdout
		text = "# Made by: python3 -m host lock. Installed without resolving anything.\n" + frozen
		(paths.HOST / "requirements.lock").write_text(text)

	shutil.rmtree(paths.BUILT / "resolved", ignore_errors=True)
	made(paths.BUILT / "resolved", "resolving requirements.in", build)
	shutil.rmtree(paths.BUILT / "resolved")
