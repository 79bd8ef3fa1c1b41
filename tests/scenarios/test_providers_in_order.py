"""Scenario 40: providers in order: what one refuses, the next one takes; and callbacks are each account's own."""

import json
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

import frappe
import pytest

from escalation_mgmt.engine import EventKind
from escalation_mgmt.notifiers.email import EmailNotifier
from escalation_mgmt.notifiers.twilio.sms import SmsNotifier
from escalation_mgmt.utils.doctypes import NOTIFICATION
from host.providers.gateway import KEY, MESSAGE, RECEIVER, SENDER
from tests import hostile
from tests.scenarios.test_ticket_form import Form
from tests.world import World

TINA = "+4915112345601"
TECH, LEAD = "tech@x.test", "lead@x.test"
FIRST, SECOND = "+15005550006", "+15005550016"  # numbers of the two accounts
INSTEAD, FORWARD = str(EventKind.INSTEAD), str(EventKind.BROUGHT_FORWARD)


def two_accounts(world: World, *before: dict, **more: Any) -> None:
	"""A second account with Twilio, called Twilio EU; `before`: rows above its."""
	twilio = world.providers.twilio2
	row = {
		"kind": "Twilio",
		"title": "Twilio EU",
		"account_sid": twilio.account_sid,
		"auth_token": twilio.auth_token,
		"numbers": "\n".join(twilio.numbers),
	}
	settings = frappe.get_doc("Escalation Settings")
	settings.set("providers", [*before, {**row, **more}])
	settings.save()
	frappe.db.commit()


def paged(world: World, *steps: tuple, method: str = "SMS", **more: Any) -> Any:
	world.contact(TECH, TINA)
	world.plan((0, method), *(steps or ((30, "SMS", "User", LEAD),)), **more)
	return world.ticket()


def went(world: World, ticket: Any) -> list[tuple]:
	return [(m.method, m.provider, m.status) for m in world.messages(world.item(ticket), purpose="Page")]


def by(message: Any) -> str:
	return {"+15005550006": "first", "+15005550007": "first", SECOND: "second"}[message.sender]


@pytest.mark.parametrize("code", [20003, 10001, 21608, 30002, 21408, 99999])
def test_40_what_the_first_provider_refuses_the_next_one_takes_at_once(world: World, code: int) -> None:
	two_accounts(world)
	ticket = paged(world)
	world.providers.faults.twilio.refuse(code)
	world.forward(10)
	sms = world.expect_sms(TINA)
	assert by(sms) == "second"
	assert went(world, ticket) == [("SMS", "Twilio", "Failed"), ("SMS", "Twilio EU", "Sent")]
	lines = world.lines(world.item(ticket))
	assert "By Twilio." in lines and "By Twilio EU." in lines
	assert "SMS to Tina Tech goes by another provider, as Twilio failed." in lines
	world.receipt(sms, "delivered")
	assert went(world, ticket)[-1] == ("SMS", "Twilio EU", "Delivered")
	assert "1" in sms.text
	world.text(TINA, "1", to=SECOND)


def test_40_the_addresss_own_fault_goes_by_no_other_provider(world: World) -> None:
	two_accounts(world)
	ticket = paged(world)
	world.providers.faults.twilio.refuse(21610)
	world.forward(10)
	world.expect_call(TINA)
	assert went(world, ticket) == [("SMS", "Twilio", "Failed"), ("Phone Call", "Twilio", "Sent")]


@pytest.mark.parametrize(("error", "status"), [(30007, "undelivered"), (30008, "failed")])
def test_40_a_later_receipt_that_failed_is_followed_by_the_next_provider(
	world: World, error: int, status: str
) -> None:
	two_accounts(world)
	ticket = paged(world)
	world.forward(10)
	world.receipt(world.expect_sms(TINA), status, error=error)
	world.tick()
	second = world.expect_sms(TINA)
	assert by(second) == "second"
	world.receipt(second, status, error=error)
	world.tick()
	world.expect_call(TINA)  # by no provider twice, then by the next method
	assert [m[:2] for m in went(world, ticket)] == [
		("SMS", "Twilio"),
		("SMS", "Twilio EU"),
		("Phone Call", "Twilio"),
	]


def test_40_all_refuse_then_the_persons_next_method_then_the_next_step(world: World) -> None:
	two_accounts(world)
	world.providers.faults.smtp.refuse(550, "5.1.1 no such user", to=TECH)
	ticket = paged(world, (30, "Phone Call", "User", LEAD), (0, "Email", "User", LEAD))
	world.providers.faults.twilio.refuse(20003, times=2)  # SMS and call
	world.providers.faults.twilio2.refuse(20003, times=2)
	world.forward(10)
	for _turn in range(4):
		world.tick()
	world.expect_email(LEAD)
	assert went(world, ticket) == [
		("SMS", "Twilio", "Failed"),
		("SMS", "Twilio EU", "Failed"),
		("Phone Call", "Twilio", "Failed"),
		("Phone Call", "Twilio EU", "Failed"),
		("Email", "Escalation Test", "Failed"),
		("Email", "Escalation Test", "Sent"),
	]
	assert world.kinds(world.item(ticket)).count(FORWARD) == 1


def test_40_the_next_provider_also_where_the_plan_wants_the_next_step_first(world: World) -> None:
	two_accounts(world)
	ticket = paged(world, (30, "Email", "User", LEAD), on_failure="The Next Step First")
	world.providers.faults.twilio.refuse(20003)
	world.forward(10)
	assert by(world.expect_sms(TINA)) == "second"
	assert FORWARD not in world.kinds(world.item(ticket))
	world.forward(29)
	world.forward(1)
	world.expect_email(LEAD)


def test_40_a_bare_number_goes_by_the_next_provider_too(world: World) -> None:
	two_accounts(world)
	world.plan((0, "SMS", "Address", TINA), (30, "Email", "User", LEAD))
	world.ticket()
	world.providers.faults.twilio.refuse(20003)
	world.forward(10)
	assert by(world.expect_sms(TINA)) == "second"


def test_40_calls_have_their_providers_and_a_further_call_begins_with_the_first(world: World) -> None:
	two_accounts(world)
	ticket = paged(world, method="Phone Call", further_calls=1, call_pause=60)
	world.providers.faults.twilio.refuse(20003)
	world.forward(10)
	call = world.expect_call(TINA)
	assert went(world, ticket)[-1] == ("Phone Call", "Twilio EU", "Sent")
	call.busy()
	world.forward(1)
	again = world.expect_call(TINA)
	assert went(world, ticket)[-1] == ("Phone Call", "Twilio", "Sent")
	again.press("1")
	assert world.item(ticket).acknowledged_user == TECH


def test_40_a_machine_or_a_key_is_taken_from_the_account_that_called(world: World) -> None:
	two_accounts(world)
	ticket = paged(world, method="Phone Call")
	world.providers.faults.twilio.refuse(20003)
	world.forward(10)
	call = world.expect_call(TINA)
	forged = world.providers.twilio  # the other account: it signs, and the call isn't its
	asked = world.providers.twilio2.record(call.sid).asked
	said = {"CallSid": call.sid, "CallStatus": "in-progress", "AnsweredBy": "human"}
	assert "nothing to acknowledge" in forged.post(asked["Url"], said).text
	forged.post(asked["StatusCallback"], {"CallSid": call.sid, "CallStatus": "failed"})
	assert went(world, ticket)[-1] == ("Phone Call", "Twilio EU", "Sent")
	call.press("1")
	assert world.item(ticket).acknowledged_user == TECH


def test_40_a_receipt_or_a_reply_signed_by_another_account_changes_nothing(world: World) -> None:
	two_accounts(world)
	ticket = paged(world)
	world.forward(10)
	sms = world.expect_sms(TINA)
	first, other = world.providers.twilio, world.providers.twilio2
	first.receipt(sms.id, "undelivered", error=30003, token=other.auth_token)
	assert went(world, ticket) == [("SMS", "Twilio", "Sent")]
	_answer, replies = other.text(TINA, "1")
	for reply in replies:
		world.inbox.expect(method="SMS", to=TINA, contains=reply)
	assert world.item(ticket).status == "Escalating"
	assert not world.providers.twilio.receipt(sms.id, "delivered", token="0" * 32).ok
	world.text(TINA, "1")
	assert world.item(ticket).acknowledged_user == TECH


def test_40_the_administrator_sets_the_order_and_what_each_is_for(world: World) -> None:
	above = {"kind": "Twilio, as Above", "sms": 0, "calls": 1}
	two_accounts(world)
	settings = frappe.get_doc("Escalation Settings")
	settings.append("providers", above)
	settings.save()
	ticket = paged(world, (0, "Phone Call"), (30, "Email", "User", LEAD))
	world.forward(10)
	assert by(world.expect_sms(TINA)) == "second"
	world.expect_call(TINA)
	assert sorted(went(world, ticket)) == [
		("Phone Call", "Twilio EU", "Sent"),
		("SMS", "Twilio EU", "Sent"),
	]
	assert [row.title for row in frappe.get_doc("Escalation Settings").providers] == ["Twilio EU", "Twilio"]


def test_18_what_one_cant_take_now_the_next_one_takes_and_pauses_grow(world: World) -> None:
	two_accounts(world)
	ticket = paged(world)
	world.providers.faults.twilio.status(503)
	world.forward(10)
	assert by(world.expect_sms(TINA)) == "second"
	(message,) = world.messages(world.item(ticket))
	assert (message.provider, message.attempts, message.status) == ("Twilio EU", 2, "Sent")
	world.receipt(frappe._dict(id=message.provider_message_id), "delivered")
	assert went(world, ticket) == [("SMS", "Twilio EU", "Delivered")]
	assert Form(world, ticket, TECH).click("acknowledge")[0]


def test_18_a_lost_answer_is_asked_of_the_provider_that_it_was_handed_to(world: World) -> None:
	two_accounts(world)
	ticket = paged(world)
	world.providers.faults.twilio.lose_answer(taken=True)
	world.forward(10)
	world.expect_sms(TINA)
	world.forward(seconds=10)
	(message,) = world.messages(world.item(ticket))
	assert (message.provider, message.status, message.possible_duplicate) == ("Twilio", "Sent", 0)


def test_18_a_lost_answer_of_what_wasnt_taken_goes_once_more_by_the_same(world: World) -> None:
	two_accounts(world)
	ticket = paged(world)
	world.providers.faults.twilio.lose_answer(taken=False)
	world.forward(10)
	world.forward(seconds=10)
	assert by(world.expect_sms(TINA)) == "first"
	(message,) = world.messages(world.item(ticket))
	assert (message.provider, message.status, message.possible_duplicate) == ("Twilio", "Sent", 1)


def test_a_provider_that_is_renamed_keeps_its_messages(world: World) -> None:
	two_accounts(world)
	ticket = paged(world)
	world.providers.faults.twilio.refuse(20003)
	world.forward(10)
	sms = world.expect_sms(TINA)
	settings = frappe.get_doc("Escalation Settings")
	settings.providers[0].title = "Europe"
	settings.save()
	assert went(world, ticket)[-1] == ("SMS", "Europe", "Sent")
	frappe.db.set_value(NOTIFICATION, world.messages(world.item(ticket))[-1].name, "not_by", "Twilio")
	world.receipt(sms, "undelivered", error=30008)
	world.tick()
	world.expect_call(TINA)  # it went by both


def test_a_providers_name_is_plain_text(world: World) -> None:
	"""Whoever lists or prints messages reads it."""
	for text in hostile.texts().values():
		two_accounts(world, title=hostile.storable(text))
		(row,) = frappe.get_doc("Escalation Settings").providers
		assert row.title and not hostile.markup_in(row.title) and not hostile.is_formula(row.title), text


def test_27_what_was_sent_before_there_were_several_goes_on(world: World) -> None:
	"""Its messages name no provider: they are the first account's, also once there is a second."""
	ticket = paged(world, (0, "Phone Call"))
	world.forward(10)
	sms, call = world.expect_sms(TINA), world.expect_call(TINA)
	frappe.db.sql(f"update `tab{NOTIFICATION}` set `provider` = null")
	two_accounts(world)
	world.receipt(sms, "delivered")
	call.answer().silence()
	assert went(world, ticket) == [("SMS", None, "Delivered"), ("Phone Call", None, "Answered")]
	world.text(TINA, "1")
	assert world.item(ticket).acknowledged_user == TECH


def test_with_one_account_nothing_is_named(world: World) -> None:
	ticket = paged(world)
	world.forward(10)
	world.expect_sms(TINA)
	assert went(world, ticket) == [("SMS", "Twilio", "Sent")]
	assert "By Twilio" not in world.lines(world.item(ticket))


@pytest.mark.parametrize(
	("rows", "says"),
	[
		([{"kind": "Twilio"}], "Account SID and Auth Token"),
		([{"kind": "Twilio", "account_sid": "AC1", "auth_token": "x"}], "AC and 32 digits"),
		([{"kind": "Email Account"}], "Choose an Email Account"),
		([{"kind": "SMS Settings"}, {"kind": "SMS Settings"}], "there twice"),
		([{"kind": "Twilio, as Above", "sms": 0, "calls": 0}], "SMS, Phone Calls, or both"),
	],
)
def test_what_cant_be_right_of_a_provider_is_refused_in_words(world: World, rows: list, says: str) -> None:
	settings = frappe.get_doc("Escalation Settings")
	settings.set("providers", rows)
	with pytest.raises(frappe.ValidationError, match=says):
		settings.save()
	frappe.db.rollback()
	frappe.clear_messages()


# --- the gateway of Frappe's own SMS Settings


def gateway(world: World, how: str = "GET", **more: Any) -> dict:
	"""*SMS Settings* that lead to a gateway; returns its row."""
	key = {"parameter": "X-Key" if how == "JSON" else "key", "value": KEY, "header": how == "JSON"}
	json = [{"parameter": "Content-Type", "value": "application/json", "header": 1}] if how == "JSON" else []
	settings = frappe.get_doc("SMS Settings")
	settings.update(
		{
			"sms_gateway_url": world.providers.gateway.url,
			"message_parameter": MESSAGE,
			"receiver_parameter": RECEIVER,
			"use_post": how != "GET",
			"parameters": [key, *json],
			**more,
		}
	)
	settings.save()
	return {"kind": "SMS Settings"}


@pytest.mark.parametrize("how", ["GET", "POST", "JSON"])
def test_40_the_gateway_of_sms_settings_takes_what_twilio_refuses(world: World, how: str) -> None:
	settings = frappe.get_doc("Escalation Settings")
	settings.append("providers", gateway(world, how))
	settings.save()
	ticket = paged(world)
	world.providers.faults.twilio.refuse(20003)
	world.forward(10)
	sms = world.expect_sms(TINA)
	assert sms.sender == SENDER and "/ack/" in sms.text and "Reply" not in sms.text
	assert went(world, ticket)[-1] == ("SMS", "SMS Settings", "Sent")
	assert KEY not in world.lines(world.item(ticket)), "the gateway repeats it"
	world.post(sms.links[0])
	assert world.item(ticket).acknowledged_user == TECH


def test_9_what_a_gateway_repeats_of_its_secrets_is_hidden_however_it_is_spelled(world: World) -> None:
	pin, token, bearer = "p@ss/w+rd & 1", "url-t0ken", "be4rer-t0ken"
	secrets = [
		{"parameter": "key", "value": KEY},
		{"parameter": "pin", "value": pin},
		{"parameter": "Authorization", "value": f"Bearer {bearer}", "header": 1},
	]
	url = f"{world.providers.gateway.url}?token={token}"
	two_accounts(world, gateway(world, parameters=secrets, sms_gateway_url=url), {"kind": "Twilio, as Above"})
	ticket = paged(world)
	spelled = [
		quote_plus(pin),
		quote(pin),
		quote(pin).lower(),
		json.dumps(pin),
		escape(pin),
		token,
		bearer,
		pin,
	]
	world.providers.faults.gateway.status(403, body=" | ".join(spelled))
	world.forward(10)
	world.expect_sms(TINA)
	assert 'The gateway answered 403: … | … | … | "…" | … | … | … | …' in world.lines(
		world.item(ticket)
	).replace("”", '"')


def test_40_the_gateway_alone_and_above_twilio(world: World) -> None:
	two_accounts(world, gateway(world), {"kind": "Twilio, as Above"})
	paged(world)
	world.forward(10)
	assert world.expect_sms(TINA).sender == SENDER


@pytest.mark.parametrize(
	("fault", "then"),
	[
		({"status": 403}, [("SMS", "SMS Settings", "Failed"), ("SMS", "Twilio", "Sent")]),
		({"status": 500}, [("SMS", "Twilio", "Sent")]),
		({"status": 429}, [("SMS", "Twilio", "Sent")]),
		({"status": 302}, [("SMS", "SMS Settings", "Failed"), ("SMS", "Twilio", "Sent")]),
	],
)
def test_40_a_gateway_that_refuses_is_followed_by_the_next(world: World, fault: dict, then: list) -> None:
	two_accounts(world, gateway(world), {"kind": "Twilio, as Above"})
	ticket = paged(world)
	world.providers.faults.gateway.status(fault["status"])
	world.forward(10)
	assert by(world.expect_sms(TINA)) == "first"
	assert went(world, ticket) == then


def test_40_a_gateway_whose_answer_is_lost_cant_be_asked_and_is_asked_once_more(world: World) -> None:
	two_accounts(world, gateway(world), {"kind": "Twilio, as Above"})
	ticket = paged(world)
	world.providers.faults.gateway.close(taken=True)
	world.forward(10)
	world.expect_sms(TINA)
	assert world.expect_sms(TINA).sender == SENDER
	(message,) = world.messages(world.item(ticket))
	assert (message.status, message.possible_duplicate) == ("Sent", 1)


def test_13_a_gateway_inside_is_refused(world: World) -> None:
	settings = frappe.get_doc("Escalation Settings")
	settings.append("providers", gateway(world, sms_gateway_url="http://10.0.0.1/sms"))
	settings.save()
	(_twilio, provider) = SmsNotifier().providers
	assert "not on the public internet" in provider.not_ready()
	ticket = paged(world)
	world.providers.faults.twilio.refuse(20003)
	world.forward(10)
	world.expect_call(TINA)
	assert len(went(world, ticket)) == 2


# --- email by several outgoing accounts


def second_mail(world: World, name: str = "Second Mail", **more: Any) -> Any:
	frappe.delete_doc("Email Account", name, force=True, ignore_missing=True)  # of a test that broke
	account = frappe.new_doc("Email Account")
	host, port = world.providers.smtp_address
	account.update(
		{
			"email_account_name": name,
			"email_id": "second@mail.x.test",
			"enable_outgoing": 1,
			"no_smtp_authentication": 1,
			"awaiting_password": 0,
			"smtp_server": host,
			"smtp_port": port,
			**more,
		}
	)
	account.flags.ignore_validate = account.flags.ignore_mandatory = True
	account.insert(ignore_permissions=True)
	settings = frappe.get_doc("Escalation Settings")
	settings.append("providers", {"kind": "Email Account", "email_account": name})
	settings.save()
	frappe.db.commit()
	return account


@pytest.fixture
def mails(world: World):
	yield
	settings = frappe.get_doc("Escalation Settings")
	settings.providers = []
	settings.save()
	for name in ("Second Mail", "Renamed Mail"):
		frappe.delete_doc("Email Account", name, force=True, ignore_missing=True)
	frappe.db.commit()


def mailed(world: World) -> Any:
	world.plan((0, "Email"), (30, "Email", "User", LEAD))
	return world.ticket()


@pytest.mark.usefixtures("mails")
@pytest.mark.parametrize(
	"said", ["5.7.1 Rejected by policy", "5.1.8 Bad sender", "no such user", "5.3.4 Too big"]
)
def test_40_what_one_mail_server_refuses_the_next_account_sends(world: World, said: str) -> None:
	second_mail(world)
	ticket = mailed(world)
	world.providers.faults.smtp.refuse(550, said)
	world.forward(10)
	mail = world.expect_email(TECH)
	assert mail.sender == "second@mail.x.test"
	assert went(world, ticket) == [("Email", "Escalation Test", "Failed"), ("Email", "Second Mail", "Sent")]


@pytest.mark.usefixtures("mails")
@pytest.mark.parametrize("said", ["5.1.1 No such mailbox", "5.2.2 Mailbox full", "5.1.10 No MX"])
def test_40_a_mailbox_that_isnt_there_is_written_to_by_no_other_account(world: World, said: str) -> None:
	second_mail(world)
	ticket = mailed(world)
	world.contact(TECH, TINA)
	world.providers.faults.smtp.refuse(550, said, to=TECH)
	world.forward(10)
	world.expect_call(TINA)
	assert [m[:2] for m in went(world, ticket)] == [("Email", "Escalation Test"), ("Phone Call", "Twilio")]


@pytest.mark.usefixtures("mails")
def test_40_a_notice_goes_by_the_next_provider_and_wakes_nobody_another_way(world: World) -> None:
	second_mail(world)
	ticket = mailed(world)
	world.forward(10)
	world.expect_email(TECH)
	world.providers.faults.smtp.refuse(550, "5.7.1 no")
	world.change(ticket, status="Closed")
	world.tick()
	assert world.expect_email(TECH, "has been answered").sender == "second@mail.x.test"
	(notice,) = world.messages(world.item(ticket), purpose="Notice")
	assert (notice.status, notice.provider, notice.not_by) == ("Sent", "Second Mail", "Escalation Test")


@pytest.mark.usefixtures("mails")
def test_40_a_mail_server_that_stands_still_is_passed_by_at_once(world: World) -> None:
	second_mail(world)
	frappe.db.set_value("Email Account", "Escalation Test", "smtp_port", 1)  # nobody listens
	frappe.clear_document_cache("Email Account", "Escalation Test")
	ticket = mailed(world)
	world.forward(10)
	assert world.expect_email(TECH).sender == "second@mail.x.test"
	assert went(world, ticket) == [("Email", "Second Mail", "Sent")]


@pytest.mark.usefixtures("mails")
def test_an_email_account_that_is_renamed_keeps_its_messages_and_its_place(world: World) -> None:
	second_mail(world)
	ticket = mailed(world)
	world.providers.faults.smtp.refuse(550, "5.7.1 no")
	world.forward(10)
	world.expect_email(TECH)
	frappe.rename_doc("Email Account", "Second Mail", "Renamed Mail", force=True)
	frappe.db.commit()
	assert went(world, ticket)[-1] == ("Email", "Renamed Mail", "Sent")
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	assert [each.name for each in EmailNotifier().providers] == ["Escalation Test", "Renamed Mail"]
