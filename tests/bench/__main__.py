"""`env/bin/python -m tests.bench SITE [--bench FOLDER] [arguments of pytest]`: everything, from nothing to the tests' result."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from tests.bench import Refused, environment, redis, site
from tests.bench.bench import ROOT, find, with_environment

WHAT = ("tests/engine", "tests/providers", "tests/scenarios")
"""What says something about a bench. The rest judges the repository, or is about the embedded host and its browser."""


def arguments_of_pytest(given: Sequence[str]) -> list[str]:
	"""Those that were given; with what to run, where they name nothing that is there."""
	named = any((ROOT / one.partition("::")[0]).exists() for one in given if not one.startswith("-"))
	return [*given] if named else [*WHAT, *given]


def main(given: Sequence[str]) -> int:
	parser = argparse.ArgumentParser(prog="make test-bench", description=__doc__)
	parser.add_argument("site", nargs="?", default="")
	parser.add_argument("--bench", default=ROOT.parents[1])
	options, others = parser.parse_known_args(given)
	try:
		bench = find(options.bench)
		bench.make_folders()
		python = environment.make(bench)
		with redis.running(python, ROOT) as addresses:
			site.ready(with_environment(bench, addresses), options.site)
			command = [python, "-m", "pytest", *arguments_of_pytest(others)]
			where = {"ESCALATION_TEST_SITE": options.site, "SITES_PATH": str(bench.sites)}
			return subprocess.run(command, cwd=ROOT, env={**os.environ, **addresses, **where}).returncode
	except Refused as refused:
		print(f"bench: {refused}", file=sys.stderr)
		return 2


if __name__ == "__main__":
	raise SystemExit(main(sys.argv[1:]))
