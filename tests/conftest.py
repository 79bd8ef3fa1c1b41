"""Sites for the tests. Whatever touches the database runs on SQLite and on MariaDB.

On a bench, with ESCALATION_TEST_SITE and SITES_PATH (tests/bench sets them), it runs on that site instead.
"""

import os
from collections.abc import Generator, Iterator

import pytest

from tests import on_site, profiles  # noqa: F401

REQUIRED = os.environ.get("ESCALATION_TEST_REQUIRE", "").split()


PROCESSES = (
	"test_crash",
	"test_restart",
	"test_dispatcher",
	"test_two_at_once",
	"test_sender",
	"test_upgrade",
	"test_renames",
	"test_erasure",
	"test_faults_of_providers",
)
"""The longest of those that need a site: another worker has them, on another site, so that none is the last to end."""

LONGEST_FIRST = (
	"tests browser",
	"tests mariadb",
	"tests sqlite",
	"tests mariadb processes",
	"tests sqlite processes",
)
"""So that no worker is left alone with one of these at the end; it has to be with --no-loadscope-reorder."""


def pytest_configure() -> None:
	on_site.stand_in_sites()  # before anything that is collected imports Frappe


def _site_of(item: pytest.Item) -> str | None:
	parameters = getattr(item, "callspec", None)
	return parameters.params.get("site") if parameters else None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
	"""In parallel (-n 3), what shares a site stays on one worker."""
	_leave_to_one_database(config, items)
	if not config.pluginmanager.hasplugin("xdist"):
		return (yield)
	for item in items:
		site = _site_of(item)
		folder = item.path.relative_to(item.config.rootpath).parts[0]  # the host's own tests have other sites
		apart = " processes" if site and item.path.stem in PROCESSES else ""
		item.add_marker(pytest.mark.xdist_group(f"{folder} {site or item.path.parent.name}{apart}"))
	yield  # xdist reads the groups, and pytest brings together what shares a fixture
	items.sort(key=_place)


def _leave_to_one_database(config: pytest.Config, items: list[pytest.Item]) -> None:
	"""What is marked `one_database` asks nothing of the database, and SQLite, the faster, is enough; or it names the one that is the
	stricter.
	"""
	spared = [i for i in items if _site_of(i) in _spared(i.get_closest_marker("one_database"))]
	if spared:
		config.hook.pytest_deselected(items=spared)
		items[:] = [i for i in items if i not in spared]


def _spared(one_database: pytest.Mark | None) -> set[str]:
	return {"sqlite", "mariadb"} - {*(one_database.args or ("sqlite",))} if one_database else set()


def _place(item: pytest.Item) -> int:
	(group,) = item.get_closest_marker("xdist_group").args
	return LONGEST_FIRST.index(group) if group in LONGEST_FIRST else len(LONGEST_FIRST)


def missing(what: str, why: str) -> None:
	"""Skip for want of something, except where it must be there (in CI)."""
	(pytest.fail if what in REQUIRED else pytest.skip)(f"{what}: {why}")


@pytest.fixture(scope="session", params=["bench"] if on_site.BENCH_SITE else ["sqlite", "mariadb"])
def site(request: pytest.FixtureRequest) -> Iterator[str]:
	"""A connected site with the app, Helpdesk (or its stand-in) and the people of the scenarios."""
	if request.param == "bench":
		name = on_site.enter_bench()
	else:
		from host import servers

		if request.param == "mariadb" and not servers.mariadb_available():
			missing("mariadb", "not installed on this machine")
		name = on_site.enter_host(request.param)
	on_site.prepare()
	yield name
	on_site.leave()


@pytest.fixture(scope="session")
def providers() -> Iterator:
	from host.providers import LocalProviders

	with LocalProviders() as local:
		yield local


@pytest.fixture
def world(site: str, providers) -> Iterator:
	"""A clean site, a clock of its own, providers that are listened to. Fails on any message nobody expected."""
	import frappe

	from tests.world import World

	# Frappe lets 60 users be made in an hour: all tests of an hour make more.
	frappe.local.conf["throttle_user_limit"] = 10_000
	with World(site, providers) as running:
		yield running
		running.assert_nothing_unexpected()
