"""The commands that need Frappe. Runs inside the virtual environment."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys

from host import paths, servers, sites


def main(arguments: list[str]) -> None:
	command, rest = arguments[0], arguments[1:]
	commands = {
		"new-site": new_site,
		"copy-site": lambda r: sites.copy_site(r[0], r[1]),
		"drop-site": drop_site,
		"use": lambda r: sites.use(r[0]),
		"frappe": frappe_command,
		"python": python,
		"add-user": add_user,
		"redis": run_part,
		"serve": run_part,
		"worker": run_part,
		"schedule": run_part,
		"start": run_part,
		"mariadb": mariadb,
	}
	if command not in commands:
		raise SystemExit(f"host: no command {command}; there are: setup, lock, {', '.join(commands)}")
	if commands[command] is run_part:
		run_part(command, rest)
	else:
		commands[command](rest)


def new_site(arguments: list[str]) -> None:
	parser = argparse.ArgumentParser("host new-site")
	parser.add_argument("name")
	parser.add_argument("--db", choices=["sqlite", "mariadb"], default="sqlite")
	parser.add_argument("--install-app", action="append", default=[], metavar="APP")
	parser.add_argument("--admin-password", default=sites.ADMIN_PASSWORD)
	parser.add_argument("--db-root-password", help="of a running MariaDB; otherwise a private one is started")
	parser.add_argument("--force", action="store_true", help="drop a site of that name first")
	parser.add_argument("--default", action="store_true", help="open it where no site is named")
	options = parser.parse_args(arguments)
	if options.db_root_password is not None:
		os.environ["HOST_DB_ROOT_PASSWORD"] = options.db_root_password
	sites.new_site(
		options.name,
		options.db,
		tuple(options.install_app),
		options.admin_password,
		options.force,
		options.default,
	)


def drop_site(arguments: list[str]) -> None:
	sites.drop_site(arguments[0])


def add_user(arguments: list[str]) -> None:
	"""SITE EMAIL PASSWORD ROLE..."""
	import frappe

	site, email, password, *roles = arguments
	sites.enter(site)
	sites.connect(site)
	sites.add_user(email, password, *roles)
	frappe.db.commit()
	frappe.destroy()


def frappe_command(arguments: list[str]) -> None:
	"""`bench --site NAME COMMAND`: Frappe's usual ones and those of the apps."""
	site = None
	if arguments[:1] == ["--site"]:
		site, arguments = arguments[1], arguments[2:]
	site = site or os.environ.get("FRAPPE_SITE") or _default_site()
	sites.enter(site)
	from host import bench_commands

	bench_commands.main(site, arguments)


def python(arguments: list[str]) -> None:
	"""Python at the bench: [--site NAME] FILE or -c CODE, with the site's environment."""
	site = None
	if arguments[:1] == ["--site"]:
		site, arguments = arguments[1], arguments[2:]
	folder = os.getcwd()
	sites.enter(site)
	os.chdir(folder)
	# not exec: this process holds the servers
	import subprocess

	raise SystemExit(subprocess.call([sys.executable, *arguments]))


def run_part(part: str, arguments: list[str]) -> None:
	import signal

	from host.processes import Stack

	parser = argparse.ArgumentParser(f"host {part}")
	parser.add_argument("--site")
	parser.add_argument("--port", type=int)
	options = parser.parse_args(arguments)
	parts = {
		"start": ["web", "worker", "scheduler"],
		"serve": ["web"],
		"worker": ["worker"],
		"schedule": ["scheduler"],
	}
	with Stack(options.site or _default_site(), *parts.get(part, []), port=options.port) as stack:
		print(f"redis: {stack.redis_url}")
		if stack.url:
			print(f"web: {stack.url}")
		print("Ctrl+C ends it", flush=True)
		with contextlib.suppress(KeyboardInterrupt):
			signal.pause()


def mariadb(arguments: list[str]) -> None:
	import signal

	print(servers.ensure_mariadb(), flush=True)
	with contextlib.suppress(KeyboardInterrupt):
		signal.pause()


def _default_site() -> str | None:
	import json

	return json.loads((paths.SITES / "common_site_config.json").read_text()).get("default_site")
