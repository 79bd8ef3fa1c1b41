"""Whatever somebody without a log-in sends to whatever answers them: no error of the server's, and nothing of ours is changed."""

import json
from typing import Any
from urllib.parse import urlsplit

import frappe
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation_mgmt.web import technician
from tests.profiles import NIGHTLY
from tests.scenarios.test_at_3_am import BODIES, TYPES, VERBS
from tests.scenarios.test_callbacks import called, everything
from tests.scenarios.test_portal_users import doors as whitelisted
from tests.world import World

pytestmark = pytest.mark.one_database

PAGES = [technician.PAGE, *technician._SERVED]
LANGUAGES = st.sampled_from(
	["", "?_lang=ar", "?_lang=%00", "?_lang=" + "x" * 300, "?cmd=ping", "?x[]=1&x=%FF"]
)
HEADERS = st.fixed_dictionaries(
	{},
	optional={
		"Accept": st.sampled_from(["application/json", "text/html", "*/*;q=0", "", "x" * 5000]),
		"Accept-Encoding": st.sampled_from(["gzip", "identity", "*", "gzip;q=0", "gzip;q=x", ""]),
		"Accept-Language": st.sampled_from(["ar", "de-DE;q=x", "\xff", "-", "x" * 5000]),
		"Cookie": st.sampled_from(["sid=nobody", "sid=%00", "user_lang=<b>", "sid=Administrator"]),
		"X-Twilio-Signature": st.sampled_from(["", "x", "\xe9" * 28, "A" * 10_000]),
		"X-Forwarded-For": st.sampled_from(["1.1.1.1", "::", "x", "," * 50]),
		"Range": st.just("bytes=5-1"),
	},
)


def test_these_answer_somebody_without_a_log_in_and_no_others(site: str) -> None:
	"""What is tried below, and in `test_at_3_am` (links), is all that there is: a new one has to be tried, too."""
	whitelisted()  # imports all modules
	ours = {
		f"{door.__module__}.{door.__name__}"
		for door in frappe.guest_methods
		if "escalation_mgmt" in door.__module__
	}
	callbacks = ("message_status", "call_status", "call_answered", "call_key", "incoming_sms")
	assert ours == {f"escalation_mgmt.inbound.twilio.{name}" for name in callbacks}
	assert frappe.get_hooks("page_renderer", app_name="escalation_mgmt") == [
		"escalation_mgmt.web.acknowledgement.AckPage",
		"escalation_mgmt.web.technician.PhonePage",
	]
	for hook in (
		"website_route_rules",
		"website_redirects",
		"website_generators",
		"auth_hooks",
		"override_whitelisted_methods",
	):
		found = frappe.get_hooks(hook, app_name="escalation_mgmt")
		assert not found or list(found) == ["frappe.client.get_count"], hook


def test_whatever_is_sent_to_them_breaks_nothing_and_changes_nothing(world: World) -> None:
	_ticket, callbacks = called(world)
	twilios = sorted({url for url, _said in callbacks})
	assert {urlsplit(url).path.rsplit(".", 1)[1] for url in twilios} == {
		*("message_status", "call_status", "call_answered", "call_key", "incoming_sms"),
	}
	said = st.sampled_from([said for _url, said in callbacks])
	addresses = st.one_of(
		st.sampled_from(twilios),
		st.sampled_from([url.replace("/api/method/", "/api/v2/method/") for url in twilios]),
		st.builds(lambda page, more: f"{world.url}/{page}{more}", st.sampled_from(PAGES), LANGUAGES),
	)
	before = everything(world)

	@settings(
		max_examples=1000 if NIGHTLY else 120,
		suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
	)
	@given(address=addresses, verb=VERBS, body=st.one_of(BODIES, said), kind=TYPES, headers=HEADERS)
	def try_it(address: str, verb: str, body: Any, kind: str, headers: dict[str, str]) -> None:
		frappe.cache.delete_keys("escalation_limit:forged")
		more = {name: value.encode("latin-1") for name, value in headers.items()}
		if kind and not isinstance(body, dict):
			more["Content-Type"] = kind.encode()
		if kind == "application/json" and isinstance(body, dict):
			body, more["Content-Type"] = json.dumps(body), kind.encode()
		answer = requests.request(verb, address, data=body, headers=more, timeout=30, allow_redirects=False)
		assert answer.status_code < 500, (verb, address, body, more, answer.text[-600:])
		assert "Tina" not in answer.text
		if "/api/" in address:
			assert answer.status_code >= 400 or verb in ("HEAD", "OPTIONS"), (
				verb,
				address,
				answer.status_code,
			)

	try_it()
	assert everything(world) == before
