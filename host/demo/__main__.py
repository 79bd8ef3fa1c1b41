"""`python -m host.demo [--once]`."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time

from host import paths, servers, sites
from host.demo import site, story
from host.processes import Stack
from host.providers import LocalProviders


def say(line: str) -> None:
	print(line, flush=True)


def main() -> int:
	parser = argparse.ArgumentParser("make demo", description=__doc__)
	parser.add_argument("--once", action="store_true", help="leave after the report")
	options = parser.parse_args()
	started = time.monotonic()
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
	say("Site: looking")
	sites.enter()
	say("Site: made" if site.make() else "Site: is there")
	sites.enter(site.SITE)
	smtp, http = (servers.free_port(paths.port(offset)) for offset in (3, 4))
	with LocalProviders(smtp_port=smtp, http_port=http) as providers, Stack(site.SITE, "web") as stack:
		_prepare(stack.url, providers)
		with Stack(site.SITE, "worker", "scheduler"), _dispatcher():
			say(
				f"Up after {time.monotonic() - started:.0f} s: web server, worker, scheduler, dispatcher, local providers"
			)
			say("")
			try:
				story.tell(stack.url, providers, say)
			except story.WentWrong as e:
				say(f"\nThe demo went wrong: {e}\nLogs: {paths.LOGS}")
				return 1
			_say_where(stack.url, providers)
			if options.once:
				return 0
			say("\nCtrl+C ends it.")
			try:
				signal.pause()
			except KeyboardInterrupt:
				say("")
			return 0


def _prepare(url: str, providers: LocalProviders) -> None:
	import frappe

	sites.connect(site.SITE)
	try:
		site.prepare(url, providers)
	finally:
		frappe.destroy()


class _dispatcher:
	"""`bench --site demo.localhost escalation dispatch`, as an operator would run it."""

	def __enter__(self) -> None:
		with open(paths.LOGS / f"{site.SITE}.dispatcher.log", "ab") as log:
			self._process = subprocess.Popen(
				[sys.executable, "-m", "host", "frappe", "--site", site.SITE, "escalation", "dispatch"],
				cwd=paths.ROOT,
				stdin=subprocess.DEVNULL,
				stdout=log,
				stderr=log,
				preexec_fn=servers.die_with_parent,
			)

	def __exit__(self, *_error: object) -> None:
		self._process.terminate()
		try:
			self._process.wait(10)
		except subprocess.TimeoutExpired:
			self._process.kill()
			self._process.wait()


def _say_where(url: str, providers: LocalProviders) -> None:
	say("")
	say(f"Desk:   {url}/app/escalation")
	say(f"Inbox:  {providers.inbox_url}  (every message that was received, with working links)")
	say(f"Log-ins, all with the password {site.PASSWORD}:")
	for who, (user, _name, _roles) in site.PEOPLE.items():
		say(f"  {who:<14}{user}")


if __name__ == "__main__":
	sys.exit(main())
