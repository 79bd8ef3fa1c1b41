"""Scenario 24: a callback proves that it is Twilio's before anything of ours is read or written."""

import frappe
import pytest

from tests.world import World

TINA = "+4915112345601"
HOST = "evil.example.com"


def called(world: World) -> tuple:
	"""Everything that Twilio would call about one ticket: [(address, what is posted)]."""
	world.contact("tech@x.test", TINA)
	world.plan((0, "SMS"), (0, "Phone Call"), (30, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10)
	sms, call = world.expect_sms(TINA), world.expect_call(TINA)
	twilio = world.providers.twilio
	asked = twilio.record(call.sid).asked
	key = asked["Url"].replace("call_answered", "call_key")
	return ticket, [
		(twilio.record(sms.id).asked["StatusCallback"], {"MessageSid": sms.id, "MessageStatus": "delivered"}),
		(asked["StatusCallback"], {"CallSid": call.sid, "CallStatus": "failed"}),
		(asked["Url"], {"CallSid": call.sid, "AnsweredBy": "human"}),
		(key, {"CallSid": call.sid, "Digits": "1"}),
		(twilio.sms_url, {"From": TINA, "Body": "1", "MessageSid": "SM" + "1" * 32}),
		(twilio.sms_url, {"From": TINA, "Body": "STOP", "MessageSid": "SM" + "2" * 32}),
	]


def everything(world: World) -> list:
	frappe.db.commit()
	doctypes = (
		"Escalation Action Item",
		"Escalation Notification",
		"Escalation Event",
		"Escalation Contact",
	)
	return [frappe.get_all(doctype, fields=["*"], order_by="name") for doctype in doctypes]


def post(world: World, url: str, said: dict, **headers: str):
	return world.post(
		url, data=said, headers={name.replace("_", "-"): value for name, value in headers.items()}
	)


FORGERIES = {
	"unsigned": {},
	"empty": {"signature": ""},
	"another secret": {"token": "0" * 32},
	"of something else": {"said": {"Body": "2"}},
	"of another address": {"url": "https://evil.example.com/api"},
	"not ascii": {"signature": "é" * 28},
	"nonsense": {"signature": "x" * 5000},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_24_forged_or_unsigned_is_refused_and_nothing_happens(world: World, forgery: str) -> None:
	from twilio.request_validator import RequestValidator

	_ticket, requests = called(world)
	before = everything(world)
	how = FORGERIES[forgery]
	for url, said in requests:
		validator = RequestValidator(how.get("token", world.providers.twilio.auth_token))
		signature = validator.compute_signature(how.get("url", url), how.get("said", said))
		if forgery == "unsigned":
			answer = post(world, url, said)
		else:
			answer = post(world, url, said, X_Twilio_Signature=how.get("signature", signature).encode())
		assert answer.status_code == 403, (url, answer.text)
		assert "acknowledge" not in answer.text and "Tina" not in answer.text
	assert everything(world) == before
	frappe.cache.delete_keys("rl:")


def test_24_the_same_requests_signed_do_something(world: World) -> None:
	"""So that the test above can't pass because the requests were worth nothing."""
	_ticket, requests = called(world)
	for url, said in requests:
		before = everything(world)
		answer = world.providers.twilio.post(url, said)
		assert answer.ok, answer.text
		assert everything(world) != before or said.get("Body") == "1" or "AnsweredBy" in said, url
	world.tick()


def test_24_the_configured_address_counts_not_the_requests_own(world: World) -> None:
	from twilio.request_validator import RequestValidator

	ticket, requests = called(world)
	url, said = requests[3]
	path = url.removeprefix(world.url)
	sign = RequestValidator(world.providers.twilio.auth_token).compute_signature
	forged = sign(f"http://{HOST}{path}", said)
	assert (
		post(world, url, said, X_Twilio_Signature=forged, X_Forwarded_Host=HOST, Host=HOST).status_code == 403
	)
	assert world.item(ticket).status == "Escalating"
	# Behind a proxy the site may know itself by another name, and is called by the configured one.
	assert post(world, url, said, X_Twilio_Signature=sign(url, said), X_Forwarded_Host=HOST).ok
	assert world.item(ticket).status == "Acknowledged"
	frappe.cache.delete_keys("rl:")


def test_24_without_a_public_address_nobody_is_believed(world: World) -> None:
	_ticket, requests = called(world)
	frappe.db.set_single_value("Escalation Settings", "public_url", "")
	frappe.db.commit()
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	for url, said in requests:
		assert world.providers.twilio.post(url, said).status_code == 403
	frappe.cache.delete_keys("rl:")


def test_24_a_second_token_while_the_first_is_changed(world: World) -> None:
	ticket, requests = called(world)
	url, said = requests[0]
	new = "f" * 32
	assert world.providers.twilio.post(url, said, token=new).status_code == 403
	settings = frappe.get_doc("Escalation Settings")
	settings.twilio_previous_auth_token = new
	settings.save()
	frappe.db.commit()
	assert world.providers.twilio.post(url, said, token=new).status_code == 204
	assert world.messages(world.item(ticket))[0].status == "Delivered"
	assert world.providers.twilio.post(url, said).status_code == 204
	frappe.cache.delete_keys("rl:")


def test_24_forgers_are_limited_and_twilio_is_not(world: World) -> None:
	_ticket, requests = called(world)
	url, said = requests[0]
	answers = [post(world, url, said).status_code for _try in range(35)]
	assert answers[0] == 403 and answers[-1] == 429
	assert [world.providers.twilio.post(url, said).status_code for _try in range(35)] == [204] * 35
	frappe.cache.delete_keys("rl:")


def test_24_only_posts_are_taken(world: World) -> None:
	_ticket, requests = called(world)
	before = everything(world)
	for url, _said in requests:
		assert world.get(url).status_code in (403, 405)
	assert everything(world) == before
