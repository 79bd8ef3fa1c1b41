"""Contacts: numbers made canonical, verified by a code, tried out; Twilio's settings checked; our numbers as a vCard."""

import re

import frappe
import pytest

from escalation_mgmt.api import contacts
from escalation_mgmt.api import settings as settings_api
from tests.world import World

TINA, LEO = "+4915112345601", "+4915112345602"


@pytest.fixture
def tina(world: World):
	return world.contact("tech@x.test", "+49 (151) 123 456-01", mobile_verified=0)


def ask(world: World, user: str, function: str, **arguments):
	session = world.login(user)
	return session.post(
		f"{world.url}/api/method/escalation_mgmt.api.contacts.{function}", data=arguments, timeout=30
	)


def code_of(world: World, number: str = TINA) -> str:
	return re.match(r"\d{6}", world.expect_sms(number, "is your code").text)[0]


def verified(world: World) -> bool:
	frappe.db.commit()
	return bool(frappe.db.get_value("Escalation Contact", "tech@x.test", "mobile_verified"))


def wrong(code: str) -> str:
	return f"{(int(code) + 1) % 10**6:06}"


def test_a_number_is_stored_in_one_form_and_nonsense_is_refused(world: World, tina) -> None:
	assert tina.mobile_no == TINA
	for nonsense in ("call me", "+49 12", "+49 151 12345601 x7"):
		tina.reload()
		tina.mobile_no = nonsense
		with pytest.raises(frappe.ValidationError, match=nonsense.split()[0].replace("+", r"\+")):
			tina.save()
	frappe.db.rollback()


def test_the_owner_verifies_by_the_code_that_was_sent(world: World, tina) -> None:
	session = world.login("tech@x.test")
	call = f"{world.url}/api/method/escalation_mgmt.api.contacts."
	sent = session.post(call + "send_code", data={"contact": "tech@x.test"}, timeout=30).json()["message"]
	assert sent == {"sent": True, "message": "Sent to +49…01."}
	code = code_of(world)
	stored = frappe.db.get_value("Escalation Contact", "tech@x.test", "*", as_dict=True)
	assert code not in str(stored)
	arguments = {"contact": "tech@x.test", "code": wrong(code)}
	assert not session.post(call + "check_code", data=arguments, timeout=30).json()["message"]["verified"]
	assert not verified(world)
	arguments["code"] = f" {code[:3]} {code[3:]}"
	assert session.post(call + "check_code", data=arguments, timeout=30).json()["message"]["verified"]
	assert verified(world)
	again = session.post(call + "check_code", data=arguments, timeout=30).json()["message"]
	assert not again["verified"] and "no valid code" in again["message"]


def test_five_wrong_codes_and_the_right_one_is_worth_nothing(world: World, tina) -> None:
	contacts.send_code("tech@x.test")
	code = code_of(world)
	for _try in range(5):
		assert not ask(world, "tech@x.test", "check_code", contact="tech@x.test", code=wrong(code)).json()[
			"message"
		]["verified"]
	said = ask(world, "tech@x.test", "check_code", contact="tech@x.test", code=code).json()["message"]
	assert not said["verified"] and "Too many wrong codes" in said["message"]
	assert not verified(world)


def test_a_code_expires_and_is_for_one_number(world: World, tina) -> None:
	contacts.send_code("tech@x.test")
	code = code_of(world)
	tina.reload()
	tina.mobile_no = LEO
	tina.save()
	assert "no valid code" in contacts.check_code("tech@x.test", code)["message"]
	tina.mobile_no = TINA
	tina.save()
	world.wait(10.1)
	assert "no valid code" in contacts.check_code("tech@x.test", code)["message"]
	assert not verified(world)


def test_a_number_that_changes_meanwhile_isnt_verified(world: World, tina) -> None:
	contacts.send_code("tech@x.test")
	code = code_of(world)
	session = world.login("manager@x.test")
	frappe.db.commit()
	assert (
		frappe.db.get_value("Escalation Contact", "tech@x.test", "mobile_no") == TINA
	)  # a snapshot begins here
	address = f"{world.url}/api/resource/Escalation Contact/tech@x.test"
	assert session.put(address, json={"mobile_no": LEO}, timeout=30).ok
	assert "no valid code" in contacts.check_code("tech@x.test", code)["message"]
	assert not verified(world)


def test_a_changed_number_is_verified_anew(world: World, tina) -> None:
	tina.mobile_verified = 1  # a manager's word
	tina.save()
	tina.mobile_no = "0151 12345601".replace("0151", "+49151")
	tina.save()
	assert verified(world)  # the same number, written otherwise
	tina.mobile_no = LEO
	tina.save()
	assert not verified(world)


def test_an_owner_cant_say_that_their_number_is_verified(world: World, tina) -> None:
	session = world.login("tech@x.test")
	session.put(
		f"{world.url}/api/resource/Escalation Contact/tech@x.test",
		json={"mobile_verified": 1, "sms_stopped": 0, "code_hash": "x"},
		timeout=30,
	)
	assert not verified(world)


@pytest.mark.parametrize("function", ["send_code", "check_code", "send_test", "ways"])
def test_only_the_owner_and_managers_may(world: World, tina, function: str) -> None:
	arguments = {"contact": "tech@x.test", "code": "123456", "method": "Email"}
	del arguments[
		{"send_code": "method", "check_code": "method", "send_test": "code", "ways": "code"}[function]
	]
	if function in ("send_code", "ways"):
		arguments = {"contact": "tech@x.test"}
	assert ask(world, "lead@x.test", function, **arguments).status_code == 403
	guest = world.post(f"{world.url}/api/method/escalation_mgmt.api.contacts.{function}", data=arguments)
	assert guest.status_code == 403


def test_codes_and_tests_are_limited(world: World, tina) -> None:
	for _time in range(5):
		assert contacts.send_code("tech@x.test")["sent"]
		code_of(world)
	with pytest.raises(frappe.RateLimitExceededError):
		contacts.send_code("tech@x.test")
	for _time in range(5):
		assert contacts.send_test("tech@x.test", "Email")["sent"]
		world.expect_email("tech@x.test", "This is a test")
	with pytest.raises(frappe.RateLimitExceededError):
		contacts.send_test("tech@x.test", "Email")


def test_a_test_goes_by_each_method(world: World, tina) -> None:
	assert "verified" in contacts.send_test("tech@x.test", "SMS")["message"]
	tina.mobile_verified = 1
	tina.save()
	assert contacts.ways("tech@x.test") == ["Email", "SMS", "Phone Call"]
	assert ask(world, "manager@x.test", "send_test", contact="tech@x.test", method="SMS").json()["message"][
		"sent"
	]
	world.expect_sms(TINA, "This is a test")
	assert contacts.send_test("tech@x.test", "Phone Call")["sent"]
	call = world.expect_call(TINA).answer()
	assert call.text == "This is a test. Escalations reach you by Phone Call." and call.status == "completed"


def test_a_test_says_why_it_wasnt_sent(world: World, tina) -> None:
	tina.mobile_verified = 1
	tina.save()
	world.providers.faults.twilio.refuse(21610)
	said = contacts.send_test("tech@x.test", "SMS")
	assert not said["sent"] and "sends START" in said["message"]


def test_our_numbers_as_a_vcard(world: World) -> None:
	answer = world.login("tech@x.test").get(
		f"{world.url}/api/method/escalation_mgmt.api.contacts.vcard", timeout=30
	)
	assert answer.headers["Content-Type"].startswith("text/vcard")
	lines = answer.text.split("\r\n")
	assert lines[0] == "BEGIN:VCARD" and lines[-2:] == ["END:VCARD", ""]
	for number in world.providers.twilio.numbers:
		assert f"TEL;TYPE=CELL:{number}" in lines
	assert world.get(f"{world.url}/api/method/escalation_mgmt.api.contacts.vcard").status_code == 403


# --- Test Connection


def settings(**values) -> dict:
	doc = frappe.get_doc("Escalation Settings")
	doc.update(values)
	doc.save()
	return settings_api.test_twilio()


def test_connection_is_fine(world: World) -> None:
	said = settings()
	assert said == {
		"ok": True,
		"said": ["Twilio takes our log-in.", "Our numbers are right: +15005550006, +15005550007."],
	}


@pytest.mark.parametrize(
	("values", "words"),
	[
		({"twilio_account_sid": ""}, "Enter the Account SID"),
		({"twilio_account_sid": "AC" + "0" * 32}, "doesn't accept our log-in"),
		({"twilio_auth_token": "wrong"}, "doesn't accept our log-in"),
		({"twilio_api_key": "SK1"}, "Enter the secret of Twilio's API key"),
		({"twilio_numbers": ""}, "at least one of your Twilio numbers"),
		({"twilio_numbers": "+1 500 555 0009"}, "+15005550009 isn't one of this Twilio account's numbers"),
		({"public_url": ""}, "Enter the Public Address"),
	],
)
def test_connection_says_what_is_wrong(world: World, values: dict, words: str) -> None:
	said = settings(**values)
	assert not said["ok"] and words in said["said"][0]


def test_connection_sees_that_replies_dont_reach_us(world: World) -> None:
	world.providers.twilio.sms_url = "https://elsewhere.example.com"
	said = settings()
	assert not said["ok"] and "inbound.twilio.incoming_sms" in said["said"][0]


def test_connection_asks_about_the_messaging_service(world: World) -> None:
	twilio = world.providers.twilio
	said = settings(twilio_messaging_service_sid=twilio.service_sid)
	assert said["ok"], said
	twilio.sms_url = "https://elsewhere.example.com"
	said = settings()
	assert not said["ok"] and "Replies to the Messaging Service don't reach us" in said["said"][0]
	said = settings(twilio_messaging_service_sid="MG" + "0" * 32)
	assert not said["ok"] and "There is no such Messaging Service" in said["said"][0]


def test_connection_checks_the_token_beside_an_api_key(world: World) -> None:
	twilio = world.providers.twilio
	key = {"twilio_api_key": twilio.api_key, "twilio_api_secret": twilio.api_secret}
	assert settings(**key)["ok"]
	assert "doesn't accept our log-in" in settings(**key, twilio_auth_token="wrong")["said"][0]


def test_connection_without_a_connection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setenv("ESCALATION_TWILIO_API_URL", "http://127.0.0.1:9")
	said = settings()
	assert not said["ok"] and "No connection to Twilio" in said["said"][0]


def test_settings_refuse_what_cant_be_right(world: World) -> None:
	for values in (
		{"twilio_account_sid": "abc"},
		{"twilio_messaging_service_sid": "MGx"},
		{"twilio_numbers": "+1 500 555 0006\nnonsense"},
	):
		with pytest.raises(frappe.ValidationError):
			settings(**values)
	frappe.db.rollback()


def test_the_environment_wins_over_the_settings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setenv("ESCALATION_TWILIO_AUTH_TOKEN", world.providers.twilio.auth_token)
	monkeypatch.setitem(frappe.conf, "escalation_twilio_numbers", ["+15005550007"])
	assert settings(twilio_auth_token="wrong", twilio_numbers="")["ok"]


def test_only_managers_test_the_connection(world: World) -> None:
	session = world.login("tech@x.test")
	answer = session.post(f"{world.url}/api/method/escalation_mgmt.api.settings.test_twilio", timeout=30)
	assert answer.status_code == 403
