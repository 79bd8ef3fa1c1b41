"""Everyone alone (design rule 8): a provider that hangs holds up neither steps nor other methods."""

import socket
import threading

import frappe
import pytest

from escalation_mgmt.dispatch import dispatcher
from escalation_mgmt.notifiers import email
from escalation_mgmt.storage import circuits
from escalation_mgmt.storage.circuits import Of, Trial
from tests.world import PAGER, World

HANGS = 12  # seconds
pytestmark = pytest.mark.one_database


@pytest.fixture
def resident(world: World, monkeypatch: pytest.MonkeyPatch):
	"""A resident dispatcher, on a thread of its own; `stop()` ends it."""
	path, hosts = frappe.local.sites_path, frappe.conf.escalation_allowed_hosts
	asked = threading.Event()

	def connect(site: str) -> None:
		frappe.destroy()
		frappe.init(site, sites_path=path)
		frappe.connect()
		frappe.conf.escalation_allowed_hosts = hosts

	def run() -> None:
		connect(world.site)
		dispatcher.run(asked.is_set)
		frappe.destroy()

	monkeypatch.setattr(dispatcher, "reconnect", connect)
	thread = threading.Thread(target=run)

	def stop() -> None:
		asked.set()
		thread.join(60)
		assert not thread.is_alive()

	frappe.db.commit()
	thread.start()
	yield stop
	stop()


def mail_server(port: int) -> None:
	frappe.db.set_value("Email Account", "Escalation Test", "smtp_port", port)
	frappe.db.commit()
	frappe.clear_document_cache("Email Account", "Escalation Test")


def test_8_a_mail_server_that_hangs_holds_up_no_other(
	world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
	monkeypatch.setattr(email, "GREETED_WITHIN", 300)
	world.endpoint()
	world.plan((0, "Email"), (0, "HTTP POST", "Endpoint", PAGER), (5, "HTTP POST", "Endpoint", PAGER))
	ticket = world.ticket()
	with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, and says nothing
		mail_server(silent.getsockname()[1])
		world.wait(10)
		stop = request.getfixturevalue("resident")
		world.inbox.expect(method="HTTP POST", verified=True, timeout=60)
		world.wait(5)
		world.inbox.expect(method="HTTP POST", verified=True, timeout=60)
		assert [m.status for m in world.messages(world.item(ticket), method="Email")] == ["Sending"]
	stop()
	assert [m.status for m in world.messages(world.item(ticket), method="Email")] == ["Queued"]
	mail_server(world.providers.smtp_address.port)
	world.forward(seconds=10)
	world.expect_email("tech@x.test")


def test_42_an_endpoint_that_stands_still_holds_up_no_other(
	world: World, request: pytest.FixtureRequest
) -> None:
	"""It has refused something before, so others don't wait for its answer, not even while it is tried."""
	for name in ("stuck", "sound"):
		world.endpoint(name, url=f"{world.providers.pager_url}/{name}", timeout=HANGS + 5)
	steps = [(wait, "HTTP POST", "Endpoint", "sound") for wait in (0, 5, 5)]
	world.plan((0, "HTTP POST", "Endpoint", "stuck"), *steps)
	ticket = world.ticket()
	refused = Trial(Of("HTTP POST", "stuck"), world.now, refused=True, was_try=False)
	circuits.record([refused])
	world.providers.faults.pager.hang(HANGS, to="stuck", taken=False)
	world.wait(10)
	stop = request.getfixturevalue("resident")
	for _step in steps:
		world.inbox.expect(method="HTTP POST", to="sound", verified=True, timeout=HANGS - 2)
		world.wait(5)
	world.change(ticket, status="Closed")
	stop()
	assert [m.status for m in world.messages(world.item(ticket), step=1)] == ["Queued"]
