"""`make bench`: prints goal and figure in a table; leaves with 1 where a count is wrong or a goal isn't met."""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks import burst, idle, save, site, steady
from benchmarks.measure import Figure

PARTS = {"burst": burst.measure, "idle": idle.measure, "save": save.measure, "steady": steady.measure}


def main() -> int:
	parser = argparse.ArgumentParser("make bench", description=__doc__)
	parser.add_argument(
		"parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all, if none is named"
	)
	options = parser.parse_args()
	if unknown := set(options.parts) - set(PARTS):
		parser.error(f"no such part: {', '.join(sorted(unknown))}")
	site.enter()
	print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} before", flush=True)
	figures: list[Figure] = []
	for part in options.parts or PARTS:
		for figure in PARTS[part]():
			figures.append(figure)
			_say(figure)
	site.clean()
	print(f"load {os.getloadavg()[0]:.2f} after")
	return 0 if all(figure.met and figure.right for figure in figures) else 1


def _say(figure: Figure) -> None:
	verdict = "" if not figure.goal else "met" if figure.met else "MISSED"
	if not figure.right:
		verdict = "WRONG"
	print(f"{figure.name:<42}{figure.value:>24}  {figure.goal:>10}  {verdict}", flush=True)


if __name__ == "__main__":
	sys.exit(main())
