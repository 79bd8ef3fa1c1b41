"""`make bench`: prints goal and figure in a table; leaves with 1 where a count is wrong or a ratio is below its goal."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from benchmarks import (
	acknowledge,
	burst,
	frappe_costs,
	idle,
	kill,
	list_fields,
	reports,
	save,
	site,
	steady,
	storm,
	sweep,
	texts,
)
from benchmarks.measure import Figure, print_table

PARTS: dict[str, Callable[[], list[Figure]]] = {
	"burst": burst.http_post,
	"slow": burst.slow,
	"sms": burst.sms,
	"storm": storm.measure,
	"two": burst.two_dispatchers,
	"steady": steady.with_dispatcher,
	"scheduler": steady.with_scheduler,
	"acknowledge": acknowledge.measure,
	"kill": kill.measure,
	"idle": idle.measure,
	"sweep": sweep.measure,
	"save": save.measure,
	"list": list_fields.measure,
	"reports": reports.measure,
	"frappe": frappe_costs.measure,
	"texts": texts.measure,
}


def main() -> int:
	parser = argparse.ArgumentParser("make bench", description=__doc__)
	parser.add_argument(
		"parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all, if none is named"
	)
	options = parser.parse_args()
	if unknown := set(options.parts) - set(PARTS):
		parser.error(f"no such part: {', '.join(sorted(unknown))}")
	site.enter()
	figures: list[Figure] = []
	for part in options.parts or PARTS:
		started, load = time.monotonic(), os.getloadavg()[0]
		print(f"{part} ({os.cpu_count()} cores, load {load:.1f}) ...", flush=True)
		figures += PARTS[part]()
		print(f"  {time.monotonic() - started:.0f} s", flush=True)
	site.clean()
	return print_table(figures)


if __name__ == "__main__":
	sys.exit(main())
