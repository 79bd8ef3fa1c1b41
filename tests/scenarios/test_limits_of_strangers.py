"""How often a stranger may knock, with a real proxy before the site; and that nobody is shut out by somebody else's tries."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import frappe
import pytest
import requests
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from escalation_mgmt.utils import rate_limit, visitor
from escalation_mgmt.web import acknowledgement
from tests import proxy
from tests.scenarios.test_callbacks import called
from tests.world import World

pytestmark = pytest.mark.one_database

FORGER, TECHNICIAN = "127.0.0.66", "127.0.0.11"
TRIES = acknowledgement.TRIES_PER_MINUTE


def paged(world: World) -> tuple:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.forward(10)
	return ticket, world.expect_email("tech@x.test").links[0]


@contextmanager
def configured(**settings: object) -> Iterator[None]:
	"""In the site's own configuration, as every request reads it."""
	from frappe.installer import update_site_config

	for name, value in settings.items():
		update_site_config(name, value)
	try:
		yield
	finally:
		for name in settings:
			update_site_config(name, "None")


def tries(session: requests.Session, base: str, times: int, **headers: str) -> list[int]:
	"""Links that were made up, and what they were answered with."""
	return [
		session.get(
			f"{base}/ack/{secrets.token_urlsafe(32)}", headers=_named(headers), timeout=30
		).status_code
		for _try in range(times)
	]


def _named(headers: dict[str, str]) -> dict[str, str]:
	return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize("appends", [True, False], ids=["appending", "replacing"])
def test_tries_in_a_technicians_name_dont_shut_them_out(world: World, appends: bool) -> None:
	ticket, link = paged(world)
	path = link.removeprefix(world.url)
	with proxy.before(world.url, appends=appends) as base:
		forger, technician = proxy.caller(FORGER), proxy.caller(TECHNICIAN)
		answers = tries(forger, base, TRIES + 5, X_Forwarded_For=TECHNICIAN)
		assert answers == [404] * TRIES + [429] * 5
		assert technician.get(base + path, timeout=30).status_code == 200
		assert tries(technician, base, 1) == [404]  # nor do the forger's tries count as theirs
		assert technician.post(base + path, timeout=30).status_code == 200
	assert world.item(ticket).status == "Acknowledged"


def test_a_valid_link_works_behind_an_address_that_tried_too_often(world: World) -> None:
	"""An office behind one router, with somebody in it who tries."""
	ticket, link = paged(world)
	path = link.removeprefix(world.url)
	with proxy.before(world.url) as base:
		session = proxy.caller(FORGER)
		assert tries(session, base, TRIES + 1)[-1] == 429
		assert session.get(base + path, timeout=30).status_code == 200
		assert session.post(base + path, timeout=30).status_code == 200
	assert world.item(ticket).status == "Acknowledged"


@pytest.mark.parametrize("appends", [True, False], ids=["appending", "replacing"])
def test_invented_addresses_dont_pass_the_limit(world: World, appends: bool) -> None:
	with proxy.before(world.url, appends=appends) as base:
		forger = proxy.caller(FORGER)
		answers = [
			tries(
				forger,
				base,
				1,
				X_Forwarded_For=f"203.0.113.{number}, 198.51.100.{number}",
				X_Real_IP="8.8.8.8",
			)
			for number in range(TRIES + 5)
		]
	assert [each[0] for each in answers] == [404] * TRIES + [429] * 5


def test_behind_two_proxies_the_outer_ones_word_counts(world: World) -> None:
	with (
		configured(escalation_proxies=2),
		proxy.before(world.url, knows_itself="127.0.0.2") as inner,
		proxy.before(inner, knows_itself="127.0.0.3") as base,
	):
		forger, other = proxy.caller(FORGER), proxy.caller("127.0.0.67")
		answers = [tries(forger, base, 1, X_Forwarded_For=f"203.0.113.{n}")[0] for n in range(TRIES + 1)]
		assert answers == [404] * TRIES + [429]
		assert tries(other, base, 1) == [404]  # everybody has not become one


def test_without_a_proxy_the_header_says_nothing(world: World) -> None:
	with configured(escalation_proxies=0):
		session = proxy.caller(FORGER)
		answers = [
			tries(session, world.url, 1, X_Forwarded_For=f"203.0.113.{n}")[0] for n in range(TRIES + 1)
		]
	assert answers == [404] * TRIES + [429]


def test_callbacks_that_are_forged_are_limited_and_twilios_are_not(world: World) -> None:
	_ticket, callbacks = called(world)
	url, said = callbacks[0]
	path = url.removeprefix(world.url)
	signed = world.providers.twilio
	with proxy.before(world.url) as base:
		forger = proxy.caller(FORGER)
		answers = [
			forger.post(
				base + path, data=said, headers={"X-Forwarded-For": f"203.0.113.{n}"}, timeout=30
			).status_code
			for n in range(35)
		]
		assert answers == [403] * 30 + [429] * 5
		from twilio.request_validator import RequestValidator

		signature = RequestValidator(signed.auth_token).compute_signature(url, said)
		answer = forger.post(base + path, data=said, headers={"X-Twilio-Signature": signature}, timeout=30)
	assert answer.status_code == 204


def test_one_link_is_limited_by_its_own_uses_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(acknowledgement, "USES_PER_MINUTE", 3)
	ticket, link = paged(world)
	assert [world.get(link).status_code for _try in range(4)] == [200, 200, 200, 429]
	assert world.post(link).status_code == 200  # whoever looks at it over and over hasn't used up the button
	assert world.item(ticket).status == "Acknowledged"


# --- which address counts


def asked_from(peer: str, forwarded: str | None = None) -> str:
	builder = EnvironBuilder(headers={"X-Forwarded-For": forwarded} if forwarded is not None else {})
	request = Request({**builder.get_environ(), "REMOTE_ADDR": peer})
	before, frappe.local.request = getattr(frappe.local, "request", None), request
	try:
		return visitor.address()
	finally:
		frappe.local.request = before


@pytest.mark.parametrize(
	("peer", "forwarded", "counted"),
	[
		("127.0.0.1", None, "127.0.0.1"),
		("127.0.0.1", "8.8.8.8", "8.8.8.8"),
		("172.18.0.4", "1.1.1.1, 8.8.8.8", "8.8.8.8"),
		("8.8.8.8", "1.1.1.1", "8.8.8.8"),  # from the internet itself, without a proxy
		("127.0.0.1", "nonsense", "127.0.0.1"),
		("127.0.0.1", " , ,", "127.0.0.1"),
		("127.0.0.1", "", "127.0.0.1"),
		("127.0.0.1", "8.8.8.8:4711", "8.8.8.8"),  # as Azure's gateways write it
		("127.0.0.1", "[2a00:1450::5]:4711", "2a00:1450::/64"),
		("127.0.0.1", "::ffff:8.8.8.8", "8.8.8.8"),
		("127.0.0.1", "x" * 100_000, "127.0.0.1"),
		("", None, ""),
	],
)
def test_the_address_is_what_the_nearest_proxy_says(
	site: str, peer: str, forwarded: str, counted: str
) -> None:
	frappe.conf.escalation_proxies = None
	assert asked_from(peer, forwarded) == counted


def test_one_household_is_one_address_of_ipv6(site: str) -> None:
	frappe.conf.escalation_proxies = None
	seen = {asked_from("127.0.0.1", f"2a00:1450:4001:830::{number:x}") for number in range(1, 50)}
	assert len(seen) == 1 and seen != {asked_from("127.0.0.1", "2a00:1450:4001:831::1")}


# --- the counter


def test_a_counter_that_lost_its_expiry_begins_anew(site: str) -> None:
	key = frappe.cache.make_key("escalation_limit:x:somebody")
	frappe.cache.set(key, 1_000_000)  # as a crash between counting and expiring leaves it
	assert frappe.cache.ttl(key) == -1
	assert rate_limit.within("x", "somebody", 2, 60)
	assert 0 < frappe.cache.ttl(key) <= 60
	assert rate_limit.within("x", "somebody", 2, 60) and not rate_limit.within("x", "somebody", 2, 60)
	frappe.cache.persist(key)
	assert rate_limit.within("x", "somebody", 2, 60)
	frappe.cache.delete(key)


def test_a_counter_ends_with_its_window(site: str) -> None:
	assert rate_limit.within("x", "window", 1, 60) and not rate_limit.within("x", "window", 1, 60)
	key = frappe.cache.make_key("escalation_limit:x:window")
	left = frappe.cache.ttl(key)
	assert 0 < left <= 60  # trying again doesn't make it longer
	frappe.cache.pexpire(key, 1)
	time.sleep(0.05)
	assert rate_limit.within("x", "window", 1, 60)
	frappe.cache.delete(key)


def test_without_redis_nobody_is_refused(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
	import redis

	def away(*_arguments: object, **_more: object) -> None:
		raise redis.exceptions.ConnectionError

	monkeypatch.setattr(frappe, "cache", SimpleNamespace(make_key=str, pipeline=away))
	assert rate_limit.within("x", "anybody", 0, 60)


def test_a_locked_out_door_of_a_link_opens_again_after_a_crash(world: World) -> None:
	"""The whole way, as a stranger meets it."""
	assert tries(requests.Session(), world.url, TRIES + 1)[-1] == 429
	(key,) = (key for key in frappe.cache.get_keys("escalation_limit:ack:"))
	frappe.cache.persist(key)
	assert tries(requests.Session(), world.url, 1) == [404]
