"""Addresses as services give them out: long, escaped, signed. They are taken, and asked for to the letter."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import frappe
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import escalation_mgmt
from escalation_mgmt.dispatch import monitor
from escalation_mgmt.notifiers import egress, http_post
from escalation_mgmt.notifiers.push import devices
from escalation_mgmt.preflight import readiness
from escalation_mgmt.utils import site_config
from escalation_mgmt.utils.bounds import LONGEST_ADDRESS
from tests.listener import Listener, listening
from tests.world import PAGER, World

pytestmark = pytest.mark.one_database

SIGNATURE = "aB3%2Fd%2BeF7gH%3D%3D"
SHAPES = {
	"Azure Logic Apps": "/workflows/0f1e/triggers/manual/paths/invoke?api-version=2016-10-01"
	f"&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=k3%7Eq-{SIGNATURE}",
	"AWS presigned": "/prod/hook%2Fin/a%40b?X-Amz-Algorithm=AWS4-HMAC-SHA256"
	"&X-Amz-Credential=AKIA%2F20261129%2Feu-west-1%2Fexecute-api%2Faws4_request&X-Amz-Date=20261129T020000Z"
	f"&X-Amz-SignedHeaders=host&X-Amz-Security-Token={'IQoJb3JpZ2luX2VjE%2F%2F' * 60}&X-Amz-Signature={'0f' * 32}",
	"Google Chat": f"/v1/spaces/AAAA/messages?key=AIzaSy-1_2&token={SIGNATURE}&messageReplyOption=REPLY_MESSAGE_FALLBACK",
	"Slack": "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
	"Teams workflow": "/powerautomate/automations/direct/workflows/1a/triggers/manual/paths/invoke/?api-version=1"
	f"&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIGNATURE}",
	"Discord": "/api/webhooks/123456789/a-B_c?wait=true&thread_id=%31",
	"Opsgenie": "/v2/alerts?identifierType=alias&alias=a%20b%26c%3Dd%23e",
	"nobody's": "/a//b/./c/../d;p=1,2/~x%7ey/%zz?a=b?c&&=%&d=[1]{2}|^`'()*!$@:+%2b%25%20",
}


@pytest.fixture
def listener() -> Listener:
	with listening() as found:
		frappe.conf.escalation_allowed_hosts = [*frappe.conf.escalation_allowed_hosts, found.host]
		yield found


# --- to the letter


@pytest.mark.parametrize("service", SHAPES)
def test_the_requests_target_is_what_was_entered(world: World, listener: Listener, service: str) -> None:
	world.endpoint(url=f"  http://{listener.host}{SHAPES[service]} \n")
	world.plan((0, "HTTP POST", "Endpoint", PAGER))
	ticket = world.ticket()
	world.forward(10)
	assert listener.targets == [SHAPES[service]]
	assert world.messages(world.item(ticket))[0].status == "Sent"


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=200))
def test_any_target_that_http_holds_goes_out_as_it_is(target: str) -> None:
	found = egress.exact(f" https://hooks.example.org/{target} ")
	assert found.raw_path_qs == f"/{target}" and found.raw_host == "hooks.example.org"


@pytest.mark.parametrize(
	("entered", "sent"), [("/ä?ö=ü", "/%C3%A4?%C3%B6=%C3%BC"), ("", "/"), ("?a=b", "/?a=b"), ("/a#b", "/a")]
)
def test_what_http_cant_hold_is_escaped_and_nothing_else(entered: str, sent: str) -> None:
	assert egress.exact(f"http://hooks.example.org{entered}").raw_path_qs == sent


def test_the_heartbeats_target_is_what_was_entered(world: World, listener: Listener) -> None:
	target = SHAPES["Azure Logic Apps"]
	frappe.db.set_single_value("Escalation Settings", "heartbeat_url", f"http://{listener.host}{target}")
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	try:
		monitor.beat(wait=True)
	finally:
		frappe.db.set_single_value("Escalation Settings", "heartbeat_url", "")
	assert listener.targets == [target]


def test_a_browsers_push_address_is_called_as_the_browser_gave_it(world: World, listener: Listener) -> None:
	world.device("tech@x.test")
	target = "/wpush/v2/gAAAA%2Fb%3D%3D~x%40y?token=%7E" + "z" * 900
	(name,) = frappe.get_all("Escalation Device", pluck="name")
	endpoint = f"http://{listener.host}{target}"
	frappe.db.set_value("Escalation Device Secret", name, "endpoint", endpoint)
	frappe.conf.escalation_push_hosts = [listener.host]
	assert devices.live(["tech@x.test"])["tech@x.test"][0].endpoint == endpoint
	world.plan((0, "iPhone Notification"))
	world.ticket()
	world.forward(10)
	assert listener.targets == [target]


@pytest.mark.parametrize(
	"url", ["http://ex ample.com/", "http://hooks.example.org/a b", "http://hooks.example.org/a\nb", "http://hooks.exa\nmple.org/x"]
)  # fmt: skip
def test_an_address_with_a_blank_in_it_is_refused_in_words(world: World, url: str) -> None:
	with pytest.raises(frappe.ValidationError, match="blank"):
		world.endpoint(url=url)


@pytest.mark.parametrize("url", ["http://1.1.1.1\\@127.0.0.1/", "http://hooks.example.org\\.127.0.0.1/x"])
def test_an_address_that_two_readers_read_differently_is_refused(url: str) -> None:
	with pytest.raises(egress.Forbidden):
		egress.check_url(url, [])


# --- room

FOLDER = Path(escalation_mgmt.__file__).parent / "escalation_mgmt/doctype"
DOCTYPES = {
	doctype["name"]: doctype for doctype in (json.loads(path.read_text()) for path in FOLDER.glob("*/*.json"))
}
ROOM = {  # (DocType, field): characters that somebody enters there, at the most
	("Escalation Endpoint", "url"): LONGEST_ADDRESS,
	("Escalation Endpoint", "payload"): LONGEST_ADDRESS,
	("Escalation Endpoint", "secret"): LONGEST_ADDRESS,
	("Escalation Endpoint", "previous_secret"): LONGEST_ADDRESS,
	("Escalation Endpoint Header", "header"): 256,
	("Escalation Endpoint Header", "value"): LONGEST_ADDRESS,
	("Escalation Plan", "subject"): LONGEST_ADDRESS,
	("Escalation Plan", "message"): LONGEST_ADDRESS,
	("Escalation Step", "message"): LONGEST_ADDRESS,
	("Escalation Step", "address"): 500,  # as a message keeps it; RFC 5321 ends at 254
	("Escalation Step", "second_address"): 500,
	("Escalation Contact", "email"): 254,
	("Escalation Settings", "public_url"): LONGEST_ADDRESS,
	("Escalation Settings", "heartbeat_url"): LONGEST_ADDRESS,
	("Escalation Settings", "vapid_subject"): 262,
	("Escalation Settings", "fcm_service_account"): 4000,
	("Escalation Settings", "catch_all_email"): 254,
	("Escalation Device Secret", "endpoint"): LONGEST_ADDRESS,
	("Escalation Notification Secret", "address"): 500,
}
IN_ONE_LINE = (
	"Data",
	"Password",
	"Link",
	"Select",
	"Read Only",
)  # Desk's control stops at the field's length, or 140


@pytest.mark.parametrize(("doctype", "field"), ROOM)
def test_forms_and_columns_have_room(doctype: str, field: str) -> None:
	df = next(df for df in DOCTYPES[doctype]["fields"] if df["fieldname"] == field)
	if df["fieldtype"] not in IN_ONE_LINE or DOCTYPES[doctype].get("issingle"):
		return  # as long as one likes
	assert df.get("length", 140) >= ROOM[doctype, field]


def test_a_field_that_sounds_like_an_address_has_its_room_here() -> None:
	sounds = ("url", "address", "endpoint", "token", "secret", "email", "subject", "payload", "message")
	ours = {
		(name, df["fieldname"])
		for name, doctype in DOCTYPES.items()
		for df in doctype["fields"]
		if any(df["fieldname"].endswith(sound) for sound in sounds)
		and df["fieldtype"] in ("Data", "Small Text", "Text", "Code", "Password", "Long Text")
		and not (df.get("read_only") or df.get("is_virtual"))
	}
	short = {
		(doctype, f"{prefix}{field}")
		for doctype, prefix in (("Escalation Settings", "twilio_"), ("Escalation Provider", ""))
		for field in ("api_secret", "auth_token", "previous_auth_token")
	}
	assert ours - short <= set(ROOM)


def test_2000_characters_are_kept_and_more_refused_in_words(world: World) -> None:
	url = "https://hooks.example.org/" + "a%2F" * 500
	url = url[:LONGEST_ADDRESS]
	token = "Bearer " + "t" * 1993
	endpoint = world.endpoint(url=url, headers=[{"header": "Authorization", "value": token}])
	frappe.clear_document_cache("Escalation Endpoint", PAGER)
	kept = frappe.get_doc("Escalation Endpoint", PAGER)
	assert kept.url == url and kept.headers[0].get_password("value") == token
	endpoint.url += "b"
	with pytest.raises(frappe.ValidationError, match="at most 2000 characters"):
		endpoint.save()
	plan = world.plan((0, "Email"), subject="{{ ticket.name }}" + " " * 300 + "x" * 1683)
	assert len(plan.reload().subject) == LONGEST_ADDRESS
	plan.subject += "y"
	with pytest.raises(frappe.ValidationError, match="at most 2000 characters"):
		plan.save()


# --- headers and bodies


def posted(world: World, listener: Listener, **endpoint: Any) -> Any:
	world.endpoint(url=f"http://{listener.host}/", **endpoint)
	world.plan((0, "HTTP POST", "Endpoint", PAGER))
	ticket = world.ticket()
	world.forward(10)
	return world.messages(world.item(ticket))[0]


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_an_own_content_type_is_sent_once(world: World, listener: Listener, name: str) -> None:
	posted(world, listener, headers=[{"header": name, "value": "application/vnd.pager+json"}])
	sent = [value for header, value in listener.headers() if header == "content-type"]
	assert sent == ["application/vnd.pager+json"]


def test_without_one_it_is_json_and_other_headers_stay(world: World, listener: Listener) -> None:
	posted(
		world, listener, headers=[{"header": "User-Agent", "value": "us"}, {"header": "X-Key", "value": "k"}]
	)
	sent = dict(listener.headers())
	assert (sent["content-type"], sent["user-agent"], sent["x-key"]) == ("application/json", "us", "k")


@pytest.mark.parametrize(
	("headers", "why"),
	[
		([("Content-Length", "3")], "Content-Length is made with each request"),
		([("webhook-ID", "3")], "webhook-ID is made with each request"),
		([("X-Key", "a"), ("x-key", "b")], "x-key is there twice"),
		([("X Key", "a")], "characters that no header can hold"),
		([("X-Key", "ключ")], "characters that no header can hold"),
	],
)
def test_a_header_that_cant_be_sent_is_refused_in_words(world: World, headers: list, why: str) -> None:
	with pytest.raises(frappe.ValidationError, match=why):
		world.endpoint(headers=[{"header": name, "value": value} for name, value in headers])


BAD = {
	"NaN": "JSON has no NaN",
	"-Infinity": "JSON has no -Infinity",
	"1e999": "JSON has no 1e999",
	'"\\ud800"': "surrogate",
	'"a\\udfff b"': "surrogate",
}


@pytest.mark.parametrize("value", BAD)
def test_a_body_that_is_no_json_elsewhere_is_refused(world: World, value: str) -> None:
	with pytest.raises(frappe.ValidationError, match=BAD[value]):
		world.endpoint(payload=f'{{"a": [{value}]}}')


@pytest.mark.parametrize("value", BAD)
def test_a_page_whose_ticket_makes_such_a_body_goes_out_all_the_same(value: str) -> None:
	def never(name: str) -> None:
		raise AssertionError(name)

	body = http_post.render_payload('{"a": [1.5, {{ it }}]}', {"it": value})
	body.encode()
	assert json.loads(body, parse_constant=never)["a"][0] == 1.5


def test_pairs_and_every_script_stay_as_they_are() -> None:
	assert http_post.render_payload('["\\ud83d\\ude00", "日本", 1e2, 10000000000000000000001]', {}) == (
		'["😀", "日本", 100.0, 10000000000000000000001]'
	)


# --- the site's configuration


@pytest.mark.parametrize(
	"given", ["{host}", "{host}, pager.internal", "pager.internal {host}", "pager.internal\n{host}\n"]
)
def test_allowed_hosts_may_be_a_text(world: World, listener: Listener, given: str) -> None:
	frappe.conf.escalation_allowed_hosts = given.format(host=listener.host)
	assert posted(world, listener).status == "Sent"
	assert not [f.problem for f in readiness.findings() if "escalation_" in f.problem]


WRONG = {
	"escalation_allowed_hosts": [8080, {"host": "pager.internal"}, ["http://pager.internal/"], [None], "http://x/y", ["*.corp.internal"]],
	"escalation_push_hosts": [True, ["push.example.com/x"], [["a"]]],
	"escalation_http_proxy": ["proxy.internal:3128", "socks5://proxy.internal", 3128, ["http://a"], "http://a:99999", "http://", "http://a/b"],
	"escalation_proxies": ["two", -1, 1.5, [1], True],
	"escalation_fcm_url": [5, {}],
	"escalation_fcm_service_account": [5, ["a"]],
	"escalation_vapid_private_key": [5, ["a"], {}],
	"escalation_twilio_account_sid": [5, ["AC"]],
	"escalation_twilio_auth_token": [{}, 5],
	"escalation_twilio_numbers": [[4915112345601], {"a": 1}, 4915112345601],
	"escalation_allowed_host": ["pager.internal"],
}  # fmt: skip


@pytest.mark.parametrize(
	("key", "value"), [(key, value) for key, values in WRONG.items() for value in values]
)
def test_a_key_of_the_wrong_kind_is_a_finding_and_breaks_nothing(world: World, key: str, value: Any) -> None:
	world.plan(
		(0, "Email"),
		(0, "SMS"),
		(0, "iPhone Notification"),
		(0, "HTTP POST", "Endpoint", world.endpoint().name),
	)
	before = frappe.conf.get(key)
	frappe.conf[key] = value
	try:
		found = [finding.problem for finding in readiness.findings() if finding.problem.startswith(key)]
	finally:
		frappe.conf[key] = before
		if before is None:
			del frappe.conf[key]
	assert len(found) == 1, found
	for secret in ("4915112345601", "AC"):
		assert secret not in found[0].replace("MAC", "")


def test_every_key_that_we_read_is_known() -> None:
	root = Path(escalation_mgmt.__file__).parent.parent
	said = subprocess.run(
		["git", "grep", "-hoE", r"\bescalation_[a-z_]+", "--", "docs/*.md"],
		cwd=root,
		capture_output=True,
		text=True,
		check=False,
	).stdout.split()
	named = {word for word in said if re.search(r"_(hosts|proxy|proxies|url|key|account)$", word)}
	assert named and named <= set(site_config.KEYS) | {"escalation_mgmt"}, named - set(site_config.KEYS)
