"""The site that the tests run on. They empty its tickets' tables, so that it has to be meant for them."""

import os
from typing import Any

from tests.bench import Refused
from tests.bench.bench import APP, Bench, read_json

NEEDED = ("helpdesk", APP)


def ready(bench: Bench, site: str) -> None:
	"""See that the site is there, is meant for tests, has the apps, and is migrated. Raises Refused."""
	if not site or "/" in site:
		raise Refused(
			"Which site? Say its name: SITE=test.localhost. It must be one that is used for nothing else."
		)
	if missing := [app for app in NEEDED if app not in bench.apps]:
		raise Refused(f"The bench lacks {missing[0]}. Get it: bench get-app {missing[0]}")
	if not (bench.sites / site / "site_config.json").exists():
		make(bench, site)
	config = read_json(bench.sites / site / "site_config.json")
	check(site, config)
	if not config.get("pause_scheduler"):
		print(f"bench: pauses the scheduler of {site}, whose jobs would run between the tests", flush=True)
		bench.frappe("--site", site, "set-config", "--parse", "pause_scheduler", "1")
	(bench.sites / site / "logs").mkdir(exist_ok=True)
	bench.frappe("--site", site, "install-app", *NEEDED)  # says so, where one is installed already
	bench.frappe("--site", site, "migrate", "--skip-search-index")


def check(site: str, config: dict[str, Any]) -> None:
	"""Frappe's own mark of a site for tests, in the site's own configuration: in the bench's it would be true of all."""
	if not config.get("allow_tests"):
		raise Refused(
			f"{site} isn't meant for tests, which empty the tickets' tables. If nothing on it matters to anybody:"
			f" bench --site {site} set-config --parse allow_tests 1"
		)


def make(bench: Bench, site: str) -> None:
	"""A new site for tests. The database's root login is the environment's, or the one in the bench's configuration."""
	login = root_login(bench, os.environ)
	if login is None:
		raise Refused(
			f"There is no site {site}. Make it: bench new-site {site}, then bench --site {site} set-config --parse"
			" allow_tests 1. Or give the database's root password, and it is made: DB_ROOT_PASSWORD=... (and"
			" DB_ROOT_USER=..., where that isn't root)"
		)
	print(f"bench: makes the site {site} ...", flush=True)
	bench.frappe("new-site", site, "--admin-password", "admin", *login)
	bench.frappe("--site", site, "set-config", "--parse", "allow_tests", "1")


def root_login(bench: Bench, environment: Any) -> list[str] | None:
	"""The options of `new-site` for it; none where Frappe finds it itself; None where nobody knows it."""
	password = environment.get("DB_ROOT_PASSWORD")
	if password is not None:
		return ["--db-root-username", environment.get("DB_ROOT_USER", "root"), "--db-root-password", password]
	return [] if bench.config.get("root_password") else None
