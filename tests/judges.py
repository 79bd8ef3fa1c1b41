"""Judges that nobody here wrote, from npm: installed once, each in a folder of its own beside the host's."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from host import paths, servers


class Missing(Exception):
	"""The judge can't be had on this machine; the text says why."""


def installed(package: str, version: str) -> Path:
	"""The folder whose node_modules hold the package. Raises Missing."""
	if not shutil.which("node") or not shutil.which("npm"):
		raise Missing("node and npm are not installed")
	folder = paths.BUILT / f"judge-{package.replace('/', '-').lstrip('@')}-{version}"
	if not (folder / "ready").exists():
		shutil.rmtree(folder, ignore_errors=True)
		folder.mkdir(parents=True)
		# npm would look for a package.json further up, and find somebody else's.
		(folder / "package.json").write_text('{"private": true}')
		done = subprocess.run(
			[
				"npm",
				"install",
				"--no-audit",
				"--no-fund",
				"--no-progress",
				"--ignore-scripts",
				f"{package}@{version}",
			],
			cwd=folder,
			capture_output=True,
			text=True,
			timeout=300,
		)
		if done.returncode:
			raise Missing(f"npm can't install {package}: {done.stderr.strip()[-300:]}")
		(folder / "ready").touch()
	return folder


@contextmanager
def web_push_testing() -> Iterator[str]:
	"""A push service that decrypts, and refuses a key that isn't the one subscribed with. Its address."""
	folder = installed("web-push-testing", "1.2.2")
	port = servers.free_port(0)
	# Its own command line would leave a process behind that outlives the test.
	program = (
		"const S = require('web-push-testing/src/server.js'), { PushApiModel } = require('web-push-testing/src/PushApiModel.js');"
		f"new S(new PushApiModel(), {port}).startServer();"
	)
	process = subprocess.Popen(
		["node", "-e", program],
		cwd=folder,
		stdout=subprocess.DEVNULL,
		stderr=subprocess.DEVNULL,
		preexec_fn=servers.die_with_parent,
	)
	try:
		url = f"http://localhost:{port}"
		for _try in range(100):
			with suppress(requests.ConnectionError):
				requests.post(f"{url}/status", timeout=5)
				break
			if process.poll() is not None:
				raise AssertionError(f"web-push-testing ended with {process.returncode}")
			with suppress(subprocess.TimeoutExpired):
				process.wait(0.1)
		yield url
	finally:
		process.terminate()
		process.wait(10)
