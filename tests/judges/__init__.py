"""Judges that nobody here wrote: npm packages, put where the embedded host keeps what it builds.

Where npm is missing, their tests are skipped, except in CI.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json", ".npmrc")
TWILIO = "node_modules/@twilio-alpha/mcp/twilio-oai/spec/json/twilio_api_v2010.json"
TWILIO_MENDED = "twilio.json"
STARTS_WITHIN = 60  # seconds


class Missing(Exception):
	"""The judges can't be had on this machine; the text says why."""


def installed() -> Path:
	"""The folder whose node_modules hold them, made now unless it is there. Raises Missing."""
	from host import paths, setup

	if not shutil.which("node") or not shutil.which("npm"):
		raise Missing("node and npm are not installed")
	made_of = [Path(__file__), *(HERE / name for name in FILES)]
	stamp = sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:12]
	with setup.lock("judges"):
		return setup.made(paths.BUILT / f"judges-{stamp}", "judges from npm", _install)


def _install(folder: Path) -> None:
	for name in FILES:
		shutil.copy(HERE / name, folder)
	npm = ["npm", "ci", "--ignore-scripts", "--no-progress", "--no-audit", "--no-fund"]
	done = subprocess.run(npm, cwd=folder, capture_output=True, text=True)
	if done.returncode:
		raise Missing(f"npm can't install them: {done.stderr.strip()[-300:]}")
	description = json.loads((folder / TWILIO).read_text())
	(folder / TWILIO_MENDED).write_text(json.dumps(_with_relative_addresses(description)))


def _with_relative_addresses(part: Any) -> Any:
	"""The description as Twilio answers: the addresses of its pages begin with a slash (https://www.twilio.com/docs/usage/
	twilios-response#pagination), and those that aren't set are empty. What it says of requests stays as it is."""
	if isinstance(part, list):
		return [_with_relative_addresses(each) for each in part]
	if not isinstance(part, dict):
		return part
	if part.get("format") == "uri":
		return {**part, "format": "uri-reference"}
	return {
		key: each if key in ("requestBody", "parameters") else _with_relative_addresses(each)
		for key, each in part.items()
	}


@contextmanager
def prism(api_url: str) -> Iterator[str]:
	"""Prism in front of a Twilio: it refuses whatever isn't as Twilio describes it, in either direction. Its address."""
	folder, port = installed(), _free_port()
	command = [
		*(folder / "node_modules/.bin/prism", "proxy", folder / TWILIO_MENDED, api_url),
		*("--errors", "--host", "127.0.0.1", "--port", str(port), "--verboseLevel", "error"),
	]
	with _running(command, folder, port):
		yield f"http://127.0.0.1:{port}"


@contextmanager
def web_push_testing() -> Iterator[str]:
	"""A push service that decrypts, and refuses a key that isn't the one subscribed with. Its address."""
	folder, port = installed(), _free_port()
	# Its own command line would leave a process behind that outlives the test.
	program = (
		"const S = require('web-push-testing/src/server.js'), { PushApiModel } = require('web-push-testing/src/PushApiModel.js');"
		f"new S(new PushApiModel(), {port}).startServer();"
	)
	with _running(["node", "-e", program], folder, port):
		yield f"http://localhost:{port}"


@contextmanager
def _running(command: list, folder: Path, port: int) -> Iterator[None]:
	from host import servers

	process = subprocess.Popen(
		command,
		cwd=folder,
		stdout=subprocess.DEVNULL,
		stderr=subprocess.STDOUT,
		env={**os.environ, "NO_COLOR": "1"},
		preexec_fn=servers.die_with_parent,
	)
	try:
		deadline = time.monotonic() + STARTS_WITHIN
		while not servers.answers(port):
			assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
			assert time.monotonic() < deadline, f"{command[0]} doesn't listen"
			time.sleep(0.1)
		yield
	finally:
		process.terminate()
		process.wait(10)


def _free_port() -> int:
	with socket.socket() as free:
		free.bind(("127.0.0.1", 0))
		return free.getsockname()[1]
