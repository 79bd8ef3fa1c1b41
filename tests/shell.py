"""Run commands of ours for a site, one after the other in one process of its own, as the shell would each:
`python -m tests.shell SITE [["status"], ...]` prints [[exit code, what was said], ...].
"""

import json
import subprocess
import sys
import traceback
from pathlib import Path

Said = tuple[int, str]


def run(site: str, *commands: tuple[str, ...]) -> list[Said]:
	done = subprocess.run(
		[sys.executable, "-m", "tests.shell", site, json.dumps(commands)],
		cwd=Path(__file__).resolve().parents[1],
		capture_output=True,
		text=True,
		stdin=subprocess.DEVNULL,
		timeout=60,
	)
	assert done.returncode == 0, done.stderr
	return [tuple(each) for each in json.loads(done.stdout.splitlines()[-1])]


def _one(site: str, arguments: list[str]) -> Said:
	from click.testing import CliRunner

	from escalation_mgmt.commands import escalation
	from host.bench_commands import Context

	done = CliRunner().invoke(escalation, arguments, obj=Context(sites=[site]))
	failed = done.exception if not isinstance(done.exception, SystemExit) else None
	return done.exit_code, done.output + "".join(traceback.format_exception(failed) if failed else [])


if __name__ == "__main__":
	from host import sites

	sites.enter()
	print(json.dumps([_one(sys.argv[1], arguments) for arguments in json.loads(sys.argv[2])]))
