"""Resident dispatchers, each a process of its own, started as an operator starts them."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import frappe

from benchmarks import site
from host import paths, servers


class Dispatchers:
	"""So many of them within the `with` block, ready when it begins. The interpreter's start is over then."""

	def __init__(self, count: int = 1) -> None:
		self.count = count
		self.killed = 0
		self._running: list[subprocess.Popen] = []

	def __enter__(self) -> Self:
		try:
			others = _connections()
			self.keep()
			end = time.monotonic() + 60
			while _connections() < others + self.count:
				if time.monotonic() > end or any(process.poll() is not None for process in self._running):
					raise RuntimeError("a dispatcher didn't start")
				time.sleep(0.05)
			time.sleep(0.5)  # for its first look
			return self
		except BaseException:
			self.__exit__()
			raise

	def __exit__(self, *_error: object) -> None:
		for process in self._running:
			with contextlib.suppress(ProcessLookupError):
				os.killpg(process.pid, signal.SIGKILL)
			process.wait()

	def keep(self) -> None:
		"""Start again those that have ended, as a process manager does."""
		self._running = [process for process in self._running if process.poll() is None]
		while len(self._running) < self.count:
			self._running.append(
				subprocess.Popen(
					[sys.executable, "-m", "host", "frappe", "--site", site.SITE, "escalation", "dispatch"],
					cwd=paths.ROOT,
					stdin=subprocess.DEVNULL,
					stdout=subprocess.DEVNULL,
					stderr=subprocess.DEVNULL,
					start_new_session=True,
					preexec_fn=servers.die_with_parent,
				)
			)

	def kill_one(self) -> None:
		"""A dispatcher, with its sender."""
		victim = random.choice(self._running)
		with contextlib.suppress(ProcessLookupError):
			os.killpg(victim.pid, signal.SIGKILL)
		victim.wait()
		self.killed += 1

	def kill_any(self) -> None:
		"""A dispatcher with its sender, or either alone."""
		victim = random.choice(self._running)
		part = random.choice(["both", "dispatcher", "sender"])
		if part == "both":
			return self.kill_one()
		with contextlib.suppress(ProcessLookupError):
			for pid in [victim.pid] if part == "dispatcher" else _children(victim.pid):
				os.kill(pid, signal.SIGKILL)
		self.killed += 1

	def memory(self) -> float:
		"""MB of the first one and its sender: what they have alone, and their share of what they share (PSS)."""
		first = self._running[0].pid
		return sum(_pss(pid) for pid in (first, *_children(first)))


def _children(pid: int) -> list[int]:
	return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _pss(pid: int) -> float:
	rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
	return int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[1]) / 1000


def _connections() -> int:
	"""How many of this site's processes the database knows."""
	return frappe.db.sql(
		"select count(*) from information_schema.processlist where user = %s", frappe.conf.db_name
	)[0][0]
