"""Scenario 30: a copy is mute."""

import json
from collections.abc import Iterator
from pathlib import Path

import frappe
import pytest
from frappe.installer import update_site_config

from escalation_mgmt.api import settings as settings_api
from escalation_mgmt.dispatch import dispatcher
from escalation_mgmt.patches.v0_1 import site_of_installation
from escalation_mgmt.utils import installation
from tests.world import World


def test_30_a_copy_sends_nothing_and_says_so_until_it_is_made_live(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	queued = world.ticket("queued before the copy was made")
	original = frappe.conf.pop(installation.KEY)  # the copy's own configuration file knows no id
	try:
		world.forward(10)
		world.sweep()
		assert world.item(ticket).status == "Scheduled"
		assert dispatcher.pause() == dispatcher.LONGEST_SLEEP, "it is in no hurry for what it doesn't run"
		bootinfo = frappe._dict()
		installation.boot(bootinfo)
		assert bootinfo.escalation_mute
		for other in ("", "another", None):
			frappe.conf[installation.KEY] = other
			world.tick()
			assert world.inbox.unexpected() == [], "a copy is mute"

		# Over HTTP: within a test, Frappe 15 lets everybody through.
		refused = world.login("tech@x.test").post(
			f"{world.url}/api/method/escalation_mgmt.api.settings.make_live", timeout=30
		)
		assert refused.status_code == 403, refused.text
		frappe.set_user("admin@x.test")
		settings_api.make_live()
		frappe.set_user("Administrator")
		assert frappe.db.get_single_value("Escalation Settings", "installation_id") != original
		frappe.db.commit()
		frappe.conf[installation.KEY] = frappe.get_site_config()[installation.KEY]
		world.tick()
		world.expect_email("tech@x.test", "Server outage")
		world.expect_email("tech@x.test", "queued before")
		assert world.item(queued).status == "Escalating"
	finally:
		frappe.set_user("Administrator")


def moved(monkeypatch: pytest.MonkeyPatch, **conf: object) -> None:
	"""This site, as it would be elsewhere: with other entries in its configuration, or under another name ("site")."""
	if site := conf.pop("site", None):
		monkeypatch.setattr(frappe.local, "site", site)
		here = frappe.get_site_path
		folder = Path(here()).parent / str(site)
		monkeypatch.setattr(frappe, "get_site_path", lambda *parts: str(folder.joinpath(*parts)))
	for key, value in conf.items():
		monkeypatch.setitem(frappe.conf, key, value)


@pytest.mark.parametrize(
	"conf",
	[
		{"site": "copy.example.com"},
		{"site": "Staging"},
		{"db_name": "_copy"},
		{"db_name": "_copy", "site": "copy.example.com"},
		{"db_host": "db2.example.com"},
	],
)
def test_a_copy_with_the_sites_own_configuration_is_mute_under_another_name(
	world: World, monkeypatch: pytest.MonkeyPatch, conf: dict[str, object]
) -> None:
	world.plan((0, "Email"))
	world.ticket()
	assert installation.is_live()
	with monkeypatch.context() as elsewhere:
		moved(elsewhere, **conf)
		assert not installation.is_live()
		world.forward(10)
		assert world.inbox.unexpected() == []
		site_of_installation.execute()
		assert not installation.is_live(), "a migrate makes no copy live"
		bootinfo = frappe._dict()
		installation.boot(bootinfo)
		assert bootinfo.escalation_mute
	assert installation.is_live(), "the site itself goes on"
	world.tick()
	world.expect_email("tech@x.test", "Server outage")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "", None])
def test_the_same_machine_by_another_word_is_the_same(
	world: World, monkeypatch: pytest.MonkeyPatch, host: str | None
) -> None:
	moved(monkeypatch, db_host=host)
	assert installation.is_live()


def test_a_folder_that_links_to_the_site_is_the_site(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	link = Path(frappe.get_site_path()).resolve().parent / "alias.example.com"
	link.unlink(missing_ok=True)
	link.symlink_to(Path(frappe.get_site_path()).resolve())
	try:
		moved(monkeypatch, site=link.name)
		assert installation.is_live()
	finally:
		link.unlink()


@pytest.fixture
def unbound(world: World) -> Iterator[str]:
	"""The installation as it was before its id said for which site it is."""
	id = frappe.db.get_single_value("Escalation Settings", "installation_id")
	update_site_config(installation.KEY, id)
	yield id
	installation.make_live()
	frappe.db.commit()


def test_an_installation_from_before_goes_on_when_it_is_migrated(world: World, unbound: str) -> None:
	site_of_installation.execute()
	assert installation.is_live()
	stored = frappe.get_site_config()[installation.KEY]
	assert stored.startswith(f"{unbound}.") and stored == frappe.conf[installation.KEY]
	site_of_installation.execute()
	assert frappe.get_site_config()[installation.KEY] == stored, "once more changes nothing"


def test_a_copy_from_before_that_lacks_the_configuration_stays_mute(world: World, unbound: str) -> None:
	for known in (None, "another", f"{unbound}.of-another-site"):
		frappe.conf[installation.KEY] = known
		site_of_installation.execute()
		assert not installation.is_live()
		assert frappe.conf[installation.KEY] == known


def test_of_two_sites_with_one_id_only_that_of_the_public_address_goes_on(world: World, unbound: str) -> None:
	other = Path(frappe.local.sites_path).resolve() / "copied.example.com"
	other.mkdir(exist_ok=True)
	config = other / "site_config.json"
	address = frappe.db.get_single_value("Escalation Settings", "public_url")
	try:
		for content in ({installation.KEY: unbound}, {installation.KEY: f"{unbound}.of-that-site"}):
			config.write_text(json.dumps(content))
			site_of_installation.execute()
			assert not installation.is_live()
		frappe.db.set_single_value("Escalation Settings", "public_url", f"https://{frappe.local.site}:8443")
		site_of_installation.execute()
		assert installation.is_live()
		update_site_config(installation.KEY, unbound)
		frappe.db.set_single_value("Escalation Settings", "public_url", address)
		for content in ("no JSON", "[]", "{}"):
			config.write_text(content)
			site_of_installation.execute()
			assert installation.is_live()
			update_site_config(installation.KEY, unbound)
	finally:
		config.unlink()
		other.rmdir()
		frappe.db.set_single_value("Escalation Settings", "public_url", address)
