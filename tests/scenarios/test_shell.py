"""`bench --site SITE escalation …` where it can't do what it is for: a sentence, and 2; never a traceback."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import shell
from tests.on_site import BENCH_SITE, PREFIX, base_site, command

pytestmark = [pytest.mark.skipif(bool(BENCH_SITE), reason="makes sites of its own"), pytest.mark.one_database]
COMMANDS = (
	("status",),
	("check",),
	("dispatch", "--once"),
	("dispatch",),
	("rehearse", "Some Plan"),
	("items",),
)


@pytest.fixture(scope="module")
def a_copy(site: str) -> Iterator[str]:
	from host import sites

	db = "mariadb" if "mariadb" in site else "sqlite"
	name = f"{PREFIX}test-shell-{db}.localhost"
	sites.copy_site(base_site(db), name)
	command(name, "execute", "escalation_mgmt.utils.installation.make_live")
	yield name
	sites.drop_site(name)


def folder(name: str) -> Path:
	from host import paths

	return paths.SITES / name


@pytest.fixture
def config(a_copy: str) -> Iterator[dict[str, Any]]:
	"""The copy's configuration: `write` what was changed; it is as it was at the end."""
	file = folder(a_copy) / "site_config.json"
	before = file.read_text()
	yield json.loads(before)
	file.write_text(before)


def write(name: str, config: dict[str, Any]) -> None:
	(folder(name) / "site_config.json").write_text(json.dumps(config))


def all_say(name: str, *parts: str) -> None:
	as_json = tuple((*each, "--json") for each in COMMANDS)
	for arguments, (code, said) in zip(COMMANDS + as_json, shell.run(name, *COMMANDS, *as_json), strict=True):
		assert "Traceback" not in said, said[-2000:]
		assert code == 2, (arguments, code, said)
		reason = json.loads(said)["error"] if "--json" in arguments else said
		assert all(part in reason for part in parts), said


def test_a_site_without_the_app(a_copy: str) -> None:
	apps = ["frappe", "helpdesk", "erpnext_stand_in", "escalation_mgmt"]
	installed(a_copy, apps[:-1])
	try:
		all_say(a_copy, f"not installed on {a_copy}", f"bench --site {a_copy} install-app escalation_mgmt")
	finally:
		installed(a_copy, apps)


def installed(name: str, apps: list[str]) -> None:
	done = command(
		name, "execute", "frappe.db.set_global", "--args", json.dumps(["installed_apps", json.dumps(apps)])
	)
	assert done.returncode == 0, done.stderr


def test_a_site_that_is_not_there(site: str) -> None:
	all_say("nowhere.localhost", "There is no site nowhere.localhost.")


def test_a_database_that_refuses_or_is_gone(a_copy: str, config: dict[str, Any]) -> None:
	said = f"The database of {a_copy} can't be used: "
	if config["db_type"] == "mariadb":
		write(a_copy, {**config, "db_password": "wrong"})
		all_say(a_copy, said, "Access denied")
		write(a_copy, {**config, "db_host": "127.0.0.1", "db_port": 9, "db_socket": "/nowhere/mysqld.sock"})
		all_say(a_copy, said, "Can't connect")
		return
	(file,) = [path for path in folder(a_copy).rglob("*.db") if path.stat().st_size]
	away = file.with_suffix(".away")
	os.rename(file, away)
	try:
		all_say(a_copy, said)
	finally:
		os.replace(away, file)


def test_a_site_that_was_not_migrated(a_copy: str) -> None:
	for before, after in (("Action Item", "Before"), ("Before", "Action Item")):
		statement = f"alter table `tabEscalation {before}` rename to `tabEscalation {after}`"
		done = command(a_copy, "execute", "frappe.db.sql_ddl", "--args", json.dumps([statement]))
		assert done.returncode == 0, done.stderr
		if after == "Before":
			((code, said),) = shell.run(a_copy, ("status",))
			assert (code, f"bench --site {a_copy} migrate" in said, "Traceback" in said) == (
				2,
				True,
				False,
			), said


def test_without_redis_it_says_so_and_what_it_can(a_copy: str, config: dict[str, Any]) -> None:
	nowhere = "redis://127.0.0.1:9"
	write(a_copy, {**config, "redis_cache": nowhere, "redis_queue": nowhere})
	could = [each for each in COMMANDS if each != ("dispatch",)]
	(code, said), *others = shell.run(a_copy, *could)
	assert (code, "Redis can't be reached" in said, "Traceback" in said) == (1, True, False), said
	for _code, said in others:
		assert "Traceback" not in said, said


def test_all_commands_are_tried() -> None:
	from escalation_mgmt.commands import escalation

	assert {arguments[0] for arguments in COMMANDS} == {*escalation.commands}
