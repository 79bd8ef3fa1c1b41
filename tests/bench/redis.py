"""A Redis for one run of the tests: what they enqueue reaches no worker of the bench, and nothing of theirs is left in it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host import servers
from tests.bench import Refused

FIND = "from host.servers import redis_binary; print(redis_binary())"


@contextmanager
def running(python: Path, folder: Path) -> Iterator[dict[str, str]]:
	"""What Frappe reads of it in the environment, where it goes before the bench's configuration."""
	binary = subprocess.run([python, "-c", FIND], stdout=subprocess.PIPE, text=True, check=True, cwd=folder)
	port = servers.free_port(0)
	server = subprocess.Popen(
		[
			binary.stdout.strip(),
			"--port",
			str(port),
			"--bind",
			"127.0.0.1",
			"--save",
			"",
			"--appendonly",
			"no",
		],
		stdin=subprocess.DEVNULL,
		stdout=subprocess.DEVNULL,
		preexec_fn=servers.die_with_parent,
	)
	try:
		while not servers.answers(port):
			if server.poll() is not None:
				raise Refused(f"{binary.stdout.strip()} ended with {server.returncode}.")
		address = f"redis://127.0.0.1:{port}"
		yield {"FRAPPE_REDIS_CACHE": address, "FRAPPE_REDIS_QUEUE": address}
	finally:
		server.terminate()
		server.wait(30)
