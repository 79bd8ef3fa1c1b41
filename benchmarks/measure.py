"""Figures, how they are compared, and the receiver that counts."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from host import paths

ROUNDS = 5  # that are counted; one before them is dropped
SPARE = 3  # further rounds, in place of void ones
SINK_FACTOR = 3.0  # the receiver takes so many times the best figure of a round, or the round is void


def memory_of(do: Callable[[], object]) -> float:
	"""The megabytes that Python holds at most while it is done. It takes several times as long meanwhile."""
	tracemalloc.start()
	try:
		do()
		return tracemalloc.get_traced_memory()[1] / 1024**2
	finally:
		tracemalloc.stop()


class Sink:
	"""The receiver, in a process of its own."""

	def __init__(self, delay: float = 0.0, unsteady: str = ""):
		self._process = subprocess.Popen(
			[sys.executable, "-m", "benchmarks.sink", "--delay", str(delay), "--unsteady", unsteady],
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

	def all(self) -> dict[str, list[float]]:
		"""When each message was received (seconds since 1970): {our id: times}."""
		with urllib.request.urlopen(f"{self.url}all", timeout=60) as answer:
			return json.load(answer)

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
def sink(delay: float = 0.0, unsteady: str = "") -> Iterator[Sink]:
	running = Sink(delay, unsteady)
	try:
		yield running
	finally:
		running.close()


class Wrong(Exception):
	"""A count is not as it must be: something was lost, doubled or early."""


@dataclass(frozen=True, kw_only=True)
class Figure:
	"""One line of the table. `right`: the counts are as they must be; `met`: the goal is, where there is one.

	`ratio`: compared with something measured in the same run, and so the same on every machine.
	"""

	name: str
	value: str
	goal: str = ""
	met: bool = True
	stretch: str = ""
	right: bool = True
	ratio: bool = False

	@property
	def verdict(self) -> str:
		if not self.right:
			return "WRONG"
		return ("met" if self.met else "MISSED") if self.goal else ""


def at_most(name: str, values: list[float], goal: float, *, stretch: str = "", unit: str = "s") -> Figure:
	"""A figure whose median mustn't be greater than the goal."""
	return Figure(
		name=f"{name}, {unit}",
		value=spread(values),
		goal=f"<= {goal:g}",
		met=median(values) <= goal,
		stretch=stretch,
	)


def wrong(name: str, what: str) -> Figure:
	return Figure(name=name, value=what, right=False)


def print_table(figures: list[Figure]) -> int:
	"""The table, and the status to leave with: 1 where a count is wrong or a ratio doesn't meet its goal. Goals in seconds
	are for the machine that they were set on (docs/performance.md): they are shown, and decide nothing."""
	print(f"\n{'':<52}{'median (range)':>26}  {'goal':>9}  {'stretch':>9}")
	for figure in figures:
		line = f"{figure.name:<52}{figure.value:>26}  {figure.goal:>9}  {figure.stretch:>9}  {figure.verdict}"
		print(line.rstrip())
	return 0 if all(figure.right and (figure.met or not figure.ratio) for figure in figures) else 1


def in_rounds(
	runs: Mapping[str, Callable[[], float]], capacity: Callable[[], float], count: int
) -> tuple[dict[str, list[float]], int]:
	"""Seconds of each run in each round, in rotated order; and how many rounds were void.

	`capacity` says how many messages a second the receiver takes, now. The first round is dropped. Raises Wrong.
	"""
	found: dict[str, list[float]] = {name: [] for name in runs}
	void = 0
	order = list(runs)
	for number in range(1 + ROUNDS + SPARE):
		order = order[1:] + order[:1]
		takes = capacity()
		taken = {name: runs[name]() for name in order}
		valid = takes >= SINK_FACTOR * count / min(taken.values())
		note = "" if valid else ", void: the receiver is too slow"
		seconds = ", ".join(f"{name} {taken[name]:.2f} s" for name in runs)
		print(
			f"  round {number}: {seconds}; receiver {takes:,.0f}/s; load {os.getloadavg()[0]:.1f}{note}",
			flush=True,
		)
		if number == 0:
			continue
		void += not valid
		if valid:
			for name, value in taken.items():
				found[name].append(value)
		if len(found[order[0]]) == ROUNDS:
			break
	return found, void


def median(values: list[float]) -> float:
	return statistics.median(values)


def spread(values: list[float], digits: int = 2) -> str:
	"""Median and range, in the unit of the values."""
	return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def percentile(values: list[float], share: float) -> float:
	ordered = sorted(values)
	return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
