"""Runs a bench's processes: web server, worker, scheduler."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Self

from host import paths, servers, sites

PARTS = ("web", "worker", "scheduler")


class DidNotStart(Exception):
	"""With the end of the part's log."""


class Stack:
	"""Some parts of a bench for one site, up within the `with` block.

	Each part is a process of its own, in a session of its own, that the kernel ends when the thread ends that started
	it: so start a Stack in the main thread.
	"""

	def __init__(
		self,
		site: str,
		*parts: str,
		port: int | None = None,
		env: dict[str, str] | None = None,
		workers: int = 1,
		tick: int | None = None,
	):
		if unknown := set(parts) - set(PARTS):
			raise ValueError(f"no such part: {', '.join(sorted(unknown))}")
		self.site = site
		self.parts = parts
		self.wanted_port = port or paths.port(2)
		self.env = env or {}
		self.workers = workers
		self.tick = tick
		self.redis_url = ""
		self.url = ""
		self.port = 0
		self.processes: dict[str, subprocess.Popen] = {}

	def __enter__(self) -> Self:
		try:
			self.redis_url = servers.ensure_redis()
			if self.site and sites._config(self.site).get("db_type") == "mariadb":
				sites._refresh_mariadb_port(self.site)
			if "web" in self.parts:
				self.start_web()
			for number in range(self.workers if "worker" in self.parts else 0):
				self.start("worker" if not number else f"worker{number + 1}", "worker")
			if "scheduler" in self.parts:
				self.start("scheduler", "scheduler", str(self.tick or 0))
			self.wait()
		except BaseException:
			self.stop()
			raise
		return self

	def __exit__(self, *_exception) -> None:
		self.stop()

	def start_web(self) -> None:
		self.port = servers.free_port(self.wanted_port)
		self.url = f"http://127.0.0.1:{self.port}"
		self.start("web", "web", str(self.port))

	def start(self, name: str, part: str, *arguments: str) -> None:
		with open(self.log(name), "ab") as log:
			self.processes[name] = subprocess.Popen(
				[sys.executable, "-m", "host.processes", part, *arguments],
				cwd=paths.SITES,
				env={
					# CI would put jobs into Frappe's test mode.
					**{key: value for key, value in os.environ.items() if key != "CI"},
					**paths.environment(self.site),
					**({"HOST_BENCH_ID": self.site} if self.site else {}),
					"PYTHONPATH": str(paths.ROOT),
					"PYTHONUNBUFFERED": "1",
					**self.env,
				},
				stdin=subprocess.DEVNULL,
				stdout=log,
				stderr=log,
				start_new_session=True,
				preexec_fn=servers.die_with_parent,
			)

	def log(self, name: str):
		return paths.LOGS / f"{self.site}.{name}.log"

	def wait(self, seconds: float = 60) -> None:
		"""Until each part says that it is ready."""
		deadline = time.monotonic() + seconds
		for name, process in self.processes.items():
			while not self.ready(name):
				if process.poll() is not None or time.monotonic() > deadline:
					tail = self.log(name).read_text(errors="replace")[-4000:]
					raise DidNotStart(f"{name} of {self.site}: {tail}")
				time.sleep(0.05)

	def ready(self, name: str) -> bool:
		if name == "web":
			request = urllib.request.Request(f"{self.url}/api/method/ping")
			with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=10) as response:
				return response.status == 200
			return False
		return (paths.RUN / f"ready.{self.processes[name].pid}").exists()

	def kill(self, name: str) -> None:
		"""End one part at once, as a crash would."""
		process = self.processes.pop(name)
		with contextlib.suppress(ProcessLookupError):
			os.killpg(process.pid, signal.SIGKILL)
		process.wait()
		self.forget(process)

	def stop(self) -> None:
		for process in self.processes.values():
			with contextlib.suppress(ProcessLookupError):
				os.killpg(process.pid, signal.SIGTERM)
		for process in self.processes.values():
			try:
				process.wait(5)
			except subprocess.TimeoutExpired:
				with contextlib.suppress(ProcessLookupError):
					os.killpg(process.pid, signal.SIGKILL)
				process.wait()
			self.forget(process)
		self.processes.clear()

	@staticmethod
	def forget(process: subprocess.Popen) -> None:
		(paths.RUN / f"ready.{process.pid}").unlink(missing_ok=True)


# --- the processes themselves


def run_web(port: int) -> None:
	from gunicorn.app.base import BaseApplication

	class Server(BaseApplication):
		def load_config(self) -> None:
			for key, value in {
				"bind": f"127.0.0.1:{port}",
				"workers": 1,
				"threads": 8,
				"worker_class": "gthread",
				"timeout": 120,
				"graceful_timeout": 2,
				"accesslog": None,
				"keepalive": 5,
			}.items():
				self.cfg.set(key, value)

		def load(self):
			import frappe.app

			return frappe.app.application_with_statics()

	Server().run()


def run_worker() -> None:
	from frappe.utils.background_jobs import start_worker

	_preload()
	_say_ready()
	start_worker(quiet=False)


def run_scheduler(tick: int) -> None:
	"""Only for the site of the environment where there is one: others of the bench are other runs' business."""
	import frappe
	from frappe.utils import scheduler

	if tick:
		scheduler.get_scheduler_tick = lambda: tick
	if only := os.environ.get("FRAPPE_SITE"):
		frappe.utils.get_sites = lambda sites_path=None: [only]
		scheduler._get_scheduler_lock_file = lambda: str(paths.RUN / f"scheduler.{only}")
	with frappe.init_site(""):
		interval = scheduler.get_scheduler_tick()
	_say_ready()
	while True:
		scheduler.enqueue_events_for_all_sites()
		time.sleep(interval)


def _preload() -> None:
	"""What nearly each job imports, once before the worker forks for them."""
	for module in ("database.query", "desk.form.save", "email.queue", "query_builder", "utils.safe_exec"):
		importlib.import_module(f"frappe.{module}")


def _say_ready() -> None:
	(paths.RUN / f"ready.{os.getpid()}").touch()


if __name__ == "__main__":
	part, *arguments = sys.argv[1:]
	if part == "web":
		run_web(int(arguments[0]))
	elif part == "worker":
		run_worker()
	else:
		run_scheduler(int(arguments[0]))
