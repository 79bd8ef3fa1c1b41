"""A company's proxy (design rule 13): what an administrator names is gone through by every request of ours, and nothing else is."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import frappe
import pytest

from escalation_mgmt.dispatch import monitor
from escalation_mgmt.notifiers.push import fcm_account
from escalation_mgmt.notifiers.twilio import connection_check
from escalation_mgmt.notifiers.twilio.account import account
from escalation_mgmt.preflight import readiness
from tests.forward_proxy import ForwardProxy
from tests.listener import listening
from tests.world import PAGER, World

pytestmark = pytest.mark.one_database
TECH, TINA = "tech@x.test", "+4915112345601"
NOWHERE = "http://127.0.0.1:9"
EVERYTHING = ((0, "SMS"), (0, "Phone Call"), (0, "iPhone Notification"), (0, "HTTP POST", "Endpoint", PAGER))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
	"""It has proxies too, that lead nowhere: what asks them fails."""
	for name in ("http_proxy", "https_proxy", "all_proxy"):
		monkeypatch.setenv(name, NOWHERE)
		monkeypatch.setenv(name.upper(), NOWHERE)
	monkeypatch.setenv("no_proxy", "")
	monkeypatch.setenv("NO_PROXY", "")
	yield
	frappe.conf.pop("escalation_http_proxy", None)


@pytest.fixture(params=["", "our site:p@ss/w%rd"], ids=["open", "with a log-in"])
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForwardProxy]:
	with ForwardProxy(tmp_path, request.param) as found:
		user, _colon, password = request.param.partition(":")
		log_in = "our%20site:p%40ss%2Fw%25rd@" if user and password else ""
		frappe.conf.escalation_http_proxy = f"http://{log_in}127.0.0.1:{found.port}"
		yield found


def everybody(world: World) -> None:
	world.contact(TECH, TINA)
	world.device(TECH)
	world.device(TECH, "FCM", "iPhone, our app")
	world.endpoint()
	world.plan(*EVERYTHING)


def arrived(world: World) -> None:
	world.expect_sms(TINA)
	world.expect_call(TINA)
	world.expect_push(TECH)
	world.expect_push(TECH)
	world.expect_page()


def asked_for(world: World) -> set[str]:
	"""Parts of the targets of all requests that everything makes."""
	twilio = f"/2010-04-01/Accounts/{world.providers.twilio.account_sid}"
	fcm = world.providers.fcm
	return {
		f"{twilio}/Messages.json",
		f"{twilio}/Calls.json",
		urlsplit(world.providers.pager_url).path,
		urlsplit(fcm.base_url).path,
		urlsplit(fcm.token_url).path,
		"/webpush",
	}


def forget_access_tokens() -> None:
	fcm_account.forget_token(fcm_account.credentials(fcm_account.service_account_info()))


def test_everything_goes_through_the_named_proxy(world: World, proxy: ForwardProxy) -> None:
	forget_access_tokens()
	everybody(world)
	world.ticket()
	world.forward(10)
	arrived(world)
	for part in asked_for(world):
		assert any(part in line for line in proxy.passed), (part, proxy.passed)
	assert not any(line.endswith(" 407") for line in proxy.passed)
	assert connection_check.check(account())[0] == []


def test_until_one_is_named_nothing_goes_through_any(world: World) -> None:
	forget_access_tokens()
	everybody(world)
	world.ticket()
	world.forward(10)
	arrived(world)


def test_the_heartbeat_goes_through_it_too(world: World, proxy: ForwardProxy) -> None:
	with listening() as there:
		port = there.host.split(":")[1]
		frappe.db.set_single_value(
			"Escalation Settings", "heartbeat_url", f"http://beat.invalid:{port}/x%2Fy"
		)
		frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
		monitor.beat(wait=True)
		frappe.db.set_single_value("Escalation Settings", "heartbeat_url", "")
	assert there.targets == ["/x%2Fy"]
	assert proxy.passed == [f"GET http://beat.invalid:{port}/x%2Fy"]


def test_names_are_looked_up_by_the_proxy_and_the_target_stays_what_was_entered(
	world: World, proxy: ForwardProxy
) -> None:
	with listening() as there:
		port = there.host.split(":")[1]
		target = "/invoke?sp=%2Ftriggers%2Fmanual%2Frun&sig=%7Ea%3D%3D"
		world.endpoint(url=f"http://hooks.invalid:{port}{target}")
		world.plan((0, "HTTP POST", "Endpoint", PAGER))
		world.ticket()
		world.forward(10)
	assert there.targets == [target]
	assert proxy.passed == [f"POST http://hooks.invalid:{port}{target}"]


def test_https_is_tunnelled(world: World, proxy: ForwardProxy) -> None:
	"""The end of the tunnel speaks no TLS: that it was reached is enough."""
	with listening() as there:
		port = there.host.split(":")[1]
		world.endpoint(url=f"https://hooks.invalid:{port}/")
		world.plan((0, "HTTP POST", "Endpoint", PAGER))
		ticket = world.ticket()
		world.forward(10)
	assert proxy.passed[0] == f"CONNECT hooks.invalid:{port}"
	world.change(ticket, status="Closed")


def test_an_inside_address_is_refused_all_the_same(world: World, proxy: ForwardProxy) -> None:
	world.endpoint()
	world.plan((0, "HTTP POST", "Endpoint", PAGER))
	frappe.conf.escalation_allowed_hosts = []
	ticket = world.ticket()
	world.forward(10)
	assert "not on the public internet" in world.messages(world.item(ticket))[0].detail
	assert proxy.passed == []
	world.expect_email("owner@x.test", "did not arrive, and no step is left")


def test_a_proxy_that_refuses_is_asked_again(world: World, tmp_path: Path) -> None:
	forget_access_tokens()
	with ForwardProxy(tmp_path, "somebody:else") as refuses:
		frappe.conf.escalation_http_proxy = f"http://127.0.0.1:{refuses.port}"
		everybody(world)
		ticket = world.ticket()
		world.forward(10)
		assert {(m.status, m.attempts) for m in world.messages(world.item(ticket))} == {("Queued", 1)}
		assert refuses.passed and all(line.endswith(" 407") for line in refuses.passed)
	frappe.conf.escalation_http_proxy = None
	world.forward(seconds=10)
	arrived(world)


def test_a_proxy_that_cant_be_one_is_said_and_nothing_goes_out_past_it(world: World) -> None:
	everybody(world)
	frappe.conf.escalation_http_proxy = "proxy.internal:3128"
	assert any(f.problem.startswith("escalation_http_proxy") for f in readiness.findings())
	world.ticket()
	world.forward(10)
	world.expect_email("owner@x.test", "Nobody could be notified")
	world.inbox.assert_empty()
	frappe.conf.escalation_http_proxy = None
	world.sweep()
	world.tick()
	arrived(world)
