"""Each request to Twilio, and each answer of the local one, against Twilio's published description (OpenAPI), by Prism."""

from collections.abc import Iterator

import pytest
import requests

from escalation_mgmt.api import settings as settings_api
from tests import judges
from tests.conftest import missing
from tests.world import World

pytestmark = pytest.mark.one_database

TINA = "+4915112345601"


@pytest.fixture(scope="module")
def prism(providers) -> Iterator[str]:
	"""Prism between us and the local Twilio."""
	try:
		with judges.prism(providers.twilio.api_url) as url:
			yield url
	except judges.Missing as e:
		missing("npm", str(e))


@pytest.fixture
def described(world: World, prism: str, monkeypatch: pytest.MonkeyPatch) -> World:
	monkeypatch.setenv("ESCALATION_TWILIO_API_URL", prism)
	return world


def test_the_judge_judges(described: World, prism: str) -> None:
	twilio = described.providers.twilio
	url = f"{prism}/2010-04-01/Accounts/{twilio.account_sid}/"
	log_in = (twilio.account_sid, twilio.auth_token)
	for part, said in (
		("Messages.json", {"From": twilio.numbers[0], "Body": "x"}),  # to whom?
		(
			"Messages.json",
			{"To": TINA, "From": twilio.numbers[0], "Body": "x", "StatusCallback": "not an address"},
		),
		("Messages.json", {"To": TINA, "From": twilio.numbers[0], "Body": "x", "ValidityPeriod": "soon"}),
		("Calls.json", {"To": TINA, "Url": f"{described.url}/x"}),  # from whom?
		(
			"Calls.json",
			{"To": TINA, "From": twilio.numbers[0], "Url": f"{described.url}/x", "Timeout": "long"},
		),
	):
		assert requests.post(url + part, data=said, auth=log_in, timeout=30).status_code == 422, said


def test_what_we_send_is_as_described(described: World) -> None:
	world = described
	world.contact("tech@x.test", TINA)
	world.plan((0, "SMS"), (5, "Phone Call"))
	ticket = world.ticket()
	world.forward(10)
	sms = world.expect_sms(TINA)
	world.receipt(sms, "delivered")
	world.forward(5)
	world.expect_call(TINA).press("1")
	item = world.item(ticket)
	assert item.status == "Acknowledged"
	assert [message.status for message in world.messages(item)] == ["Delivered", "Answered"]


@pytest.mark.parametrize("method", ["SMS", "Phone Call"])
def test_what_we_ask_for_is_as_described(
	described: World, prism: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	world = described
	world.contact("tech@x.test", TINA)
	world.plan((0, method))
	ticket = world.ticket()
	with monkeypatch.context() as past_prism:  # which makes an error of an answer that isn't as described
		past_prism.setenv("ESCALATION_TWILIO_API_URL", world.providers.twilio.api_url)
		world.providers.faults.twilio.malformed()
		world.forward(10)
	world.inbox.expect(method=method, to=TINA)
	world.forward(seconds=30)
	message = world.messages(world.item(ticket))[0]
	assert message.status == "Sent" and message.provider_message_id, message.detail
	assert "had taken the earlier attempt" in message.detail


def test_what_the_test_of_the_connection_asks_is_as_described(described: World) -> None:
	said = settings_api.test_twilio()
	assert said["ok"], said


def test_a_messaging_service_and_a_test_call_are_as_described(described: World) -> None:
	import frappe

	from escalation_mgmt.api import contacts

	world = described
	world.contact("tech@x.test", TINA)
	settings = frappe.get_doc("Escalation Settings")
	settings.twilio_messaging_service_sid = world.providers.twilio.service_sid
	settings.save()
	for method in ("SMS", "Phone Call"):
		said = contacts.send_test("tech@x.test", method)
		assert said["sent"], said
		world.inbox.expect(method=method, to=TINA)
