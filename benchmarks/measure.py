"""Processes and figures that the benchmarks share."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from host import paths


class Sink:
	"""The receiver, in a process of its own."""

	def __init__(self, delay: float = 0.0):
		self._process = subprocess.Popen(
			[sys.executable, "-m", "benchmarks.sink", "--delay", str(delay)],
			cwd=paths.ROOT,
			stdin=subprocess.PIPE,
			stdout=subprocess.PIPE,
			text=True,
		)
		self.port = int(self._process.stdout.readline())
		self.url = f"http://127.0.0.1:{self.port}/"

	def count(self) -> dict:
		with urllib.request.urlopen(f"{self.url}count", timeout=30) as answer:
			return json.load(answer)

	def all(self) -> dict[str, tuple[int, float]]:
		with urllib.request.urlopen(f"{self.url}all", timeout=60) as answer:
			return {id: (count, first) for id, (count, first) in json.load(answer).items()}

	def forget(self) -> None:
		urllib.request.urlopen(urllib.request.Request(self.url, method="DELETE"), timeout=30).close()

	def wait_for(self, count: int, seconds: float) -> dict:
		end = time.monotonic() + seconds
		while time.monotonic() < end:
			if (seen := self.count())["distinct"] >= count:
				return seen
			time.sleep(0.05)
		return self.count()

	def close(self) -> None:
		self._process.stdin.close()
		self._process.wait(10)


@contextmanager
def sink(delay: float = 0.0) -> Iterator[Sink]:
	running = Sink(delay)
	try:
		yield running
	finally:
		running.close()


@dataclass(frozen=True)
class Figure:
	"""One line of the table. `right` is whether the counts are as they must be; `met` whether the goal is."""

	name: str
	value: str
	goal: str
	met: bool
	right: bool = True


def median(values: list[float]) -> float:
	return statistics.median(values)


def spread(values: list[float], digits: int = 2) -> str:
	"""Median and range, in the unit of the values."""
	return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def percentile(values: list[float], share: float) -> float:
	ordered = sorted(values)
	return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
