"""Scenarios 3, 18 and 22 for SMS: short, with a link and a code; receipts; replies; a provider that misbehaves."""

import frappe
import pytest

from escalation_mgmt import delivery
from escalation_mgmt.notifiers.twilio import gsm7, phone_numbers
from tests.scenarios.test_ticket_form import Form
from tests.world import World

pytestmark = pytest.mark.one_database

TINA, LEO, STRANGER = "+4915112345601", "+4915112345602", "+4915112345699"


def planned(world: World, *steps: tuple, **more) -> None:
	world.contact("tech@x.test", TINA)
	world.plan((0, "SMS"), *(steps or ((30, "Email", "User", "lead@x.test"),)), **more)


def texted(world: World, subject: str = "Server outage") -> tuple:
	"""A ticket whose first step wrote an SMS to Tina."""
	ticket = world.ticket(subject)
	world.forward(10)
	return ticket, world.expect_sms(TINA, subject)


def state(world: World, ticket, number: int = 0) -> tuple:
	message = world.messages(world.item(ticket))[number]
	return message.status, message.attempts, bool(message.possible_duplicate)


# --- 3


def test_3_an_sms_has_the_text_a_link_and_a_code(world: World) -> None:
	planned(world)
	ticket, sms = texted(world)
	first, link, code = sms.text.splitlines()
	assert first == f"Ticket {ticket.name} (High) has not been answered: Server outage"
	assert "/ack/" in link and code == "Reply 1 to acknowledge."
	assert sms.sender in world.providers.twilio.numbers
	world.post(link)
	item = world.item(ticket)
	assert (item.status, item.acknowledged_user) == ("Acknowledged", "tech@x.test")
	message = world.messages(item)[0]
	assert message.status == "Sent" and message.provider_message_id == sms.id
	assert TINA not in world.lines(item)


def test_a_long_subject_is_cut_and_the_link_is_not(world: World) -> None:
	planned(world)
	world.ticket("“Müller’s” server — down… " + "and so on " * 11)
	world.forward(10)
	sms = world.expect_sms(TINA)
	assert gsm7.is_gsm(sms.text) and gsm7.parts(sms.text) <= 2
	assert '"Müller\'s" server - down...' in sms.text
	assert (
		sms.text.endswith("Reply 1 to acknowledge, PASS 1 to pass on.")
		and "/ack/" in sms.text.splitlines()[-2]
	)
	assert world.get(sms.links[0]).status_code == 200


def test_a_person_is_always_reached_from_the_same_number(world: World) -> None:
	planned(world)
	senders = {texted(world, f"Outage {number}")[1].sender for number in range(3)}
	assert len(senders) == 1


def test_a_messaging_service_chooses_its_own_sender(world: World) -> None:
	frappe.db.set_single_value(
		"Escalation Settings", "twilio_messaging_service_sid", world.providers.twilio.service_sid
	)
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	planned(world)
	_ticket, sms = texted(world)
	asked = world.providers.twilio.record(sms.id).asked
	assert asked["MessagingServiceSid"] == world.providers.twilio.service_sid and "From" not in asked


def test_an_api_key_logs_in(world: World) -> None:
	settings = frappe.get_doc("Escalation Settings")
	settings.twilio_api_key = world.providers.twilio.api_key
	settings.twilio_api_secret = world.providers.twilio.api_secret
	settings.save()
	planned(world)
	texted(world)


def test_a_bare_number_is_written_to_and_its_reply_acknowledges(world: World) -> None:
	world.plan((0, "SMS", "Address", LEO))
	ticket = world.ticket(to="tech@x.test")
	world.forward(10)
	world.expect_sms(LEO)
	item = world.item(ticket)
	assert "+49…02" in world.lines(item)
	world.text(LEO, "1")
	assert world.item(ticket).acknowledged_by == "+49…02"
	world.tick()  # who acknowledged isn't told so


def test_a_bare_number_is_told_who_has_it(world: World) -> None:
	world.plan((0, "SMS", "Address", LEO), (5, "Email"))
	world.ticket(to="tech@x.test")
	world.forward(10)
	world.expect_sms(LEO)
	world.forward(5)
	world.post(world.expect_email("tech@x.test").links[0])
	world.forward(1)
	world.expect_sms(LEO, "Tina Tech has acknowledged")


# --- 14


def test_14_no_number_an_unverified_one_a_landline_and_stop(world: World) -> None:
	world.contact("lead@x.test", "+493012345678")
	world.contact("second@x.test", LEO, mobile_verified=0)
	world.contact("stranger@x.test", STRANGER, sms_stopped=1)
	world.plan(
		*(
			(0, "SMS", "User", user)
			for user in ("tech@x.test", "lead@x.test", "second@x.test", "stranger@x.test")
		),
		(0, "Email", "User", "owner@x.test"),
		title="All",
		rank=0,
	)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("owner@x.test")
	lines = world.lines(world.item(ticket))
	for why in ("Has no mobile number", "is no mobile number", "is not verified", "Has sent STOP"):
		assert why in lines


# --- 18: what the provider answers


@pytest.mark.parametrize("code", [20003, 21211, 21408, 21606, 21610, 21614, 99999])
def test_18_a_refusal_is_final_and_says_what_to_do(world: World, code: int) -> None:
	planned(world)
	world.providers.faults.twilio.refuse(code, status=401 if code == 20003 else 400)
	ticket = world.ticket()
	world.forward(10)
	assert state(world, ticket) == ("Failed", 1, False)
	detail = world.messages(world.item(ticket))[0].detail
	assert f"(Twilio {code})" in detail and len(detail) > 30
	world.expect_email("tech@x.test")  # instead
	world.forward(20)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_18_busy_is_retried(world: World, status: int) -> None:
	planned(world)
	world.providers.faults.twilio.status(status, retry_after=60)
	ticket = world.ticket()
	world.forward(10)
	assert state(world, ticket) == ("Queued", 1, False)
	world.forward(seconds=59)
	world.forward(seconds=1)
	world.expect_sms(TINA)
	assert state(world, ticket) == ("Sent", 2, False)


def test_18_no_connection_is_retried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	planned(world)
	with monkeypatch.context() as away:
		away.setenv("ESCALATION_TWILIO_API_URL", "http://127.0.0.1:9")
		ticket = world.ticket()
		world.forward(10)
	assert state(world, ticket) == ("Queued", 1, False)
	world.forward(seconds=10)
	world.expect_sms(TINA)
	assert state(world, ticket) == ("Sent", 2, False)


LOST = {
	"closed": ("lose_answer", "close"),
	"reset": ("lose_answer", "reset"),
	"half": ("lose_answer", "half"),
	"malformed": ("malformed",),
	"gateway": ("status", 502),
	"late": ("slow", 2),
}


@pytest.mark.parametrize("how", LOST)
def test_6_a_lost_answer_is_asked_for_and_nothing_is_sent_twice(
	world: World, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	planned(world)
	monkeypatch.setattr("escalation_mgmt.notifiers.twilio.client.SECONDS", 1)
	fault, *arguments = LOST[how]
	more = {"taken": True} if how == "gateway" else {}
	getattr(world.providers.faults.twilio, fault)(*arguments, **more)
	ticket = world.ticket()
	world.forward(10)
	sms = world.expect_sms(TINA)
	assert state(world, ticket) == ("Queued", 1, True)
	world.forward(seconds=10)
	message = world.messages(world.item(ticket))[0]
	assert (message.status, message.possible_duplicate, message.provider_message_id) == ("Sent", 0, sms.id)
	assert "had taken the earlier attempt" in world.lines(world.item(ticket))
	assert world.get(sms.links[0]).status_code == 200  # its link works


def test_6_what_the_provider_doesnt_know_is_sent_once_more_marked(world: World) -> None:
	planned(world)
	world.ticket("Something else")
	world.forward(10)
	world.expect_sms(TINA, "Something else")  # to the same number, a moment before
	world.providers.faults.twilio.lose_answer(taken=False)
	ticket = world.ticket()
	world.forward(10)
	assert state(world, ticket) == ("Queued", 1, True)
	world.forward(seconds=10)
	world.expect_sms(TINA, "Server outage")
	assert state(world, ticket) == ("Sent", 2, True)
	world.change(frappe.get_doc("HD Ticket", {"subject": "Something else"}), status="Closed")
	world.tick()
	world.inbox.take_all()


def test_6_while_it_cant_be_asked_nothing_is_sent(world: World) -> None:
	planned(world)
	world.providers.faults.twilio.lose_answer()
	world.providers.faults.twilio.status(503, reading=True)
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(TINA)
	world.forward(seconds=10)
	assert state(world, ticket) == ("Queued", 2, True)
	assert "can't be asked" in world.lines(world.item(ticket))
	world.forward(seconds=30)
	assert state(world, ticket)[0] == "Sent"


def test_6_who_may_send_but_not_ask_sends_once_more(world: World) -> None:
	"""With a restricted API key Twilio refuses to list messages, for good."""
	planned(world)
	world.providers.faults.twilio.lose_answer(taken=False)
	world.providers.faults.twilio.refuse(70051, status=403, reading=True)
	ticket = world.ticket()
	world.forward(10)
	world.forward(seconds=10)
	world.expect_sms(TINA)
	assert state(world, ticket) == ("Sent", 2, True)


def test_6_what_cant_be_asked_for_minutes_is_sent_once_more(world: World) -> None:
	planned(world)
	world.providers.faults.twilio.lose_answer(taken=False)
	world.providers.faults.twilio.status(503, reading=True, times=4)
	ticket = world.ticket()
	world.forward(10)
	for seconds in (10, 30, 90):
		world.forward(seconds=seconds)
		assert state(world, ticket)[0] == "Queued"
	world.forward(seconds=300)
	world.expect_sms(TINA)
	assert state(world, ticket) == ("Sent", 5, True)


def test_500_sms_go_out_together(world: World) -> None:
	world.plan((0, "SMS", "Address", TINA))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(TINA)
	row = world.messages(world.item(ticket))[0]
	frappe.db.delete("Escalation Notification")
	from escalation_mgmt.storage import message_secrets
	from escalation_mgmt.utils import rows

	fields = ("action_item", "method", "recipient", "purpose", "step", "run", "planned_utc", "created_utc")
	names = [rows.new_name() for _number in range(500)]
	common = {field: row[field] for field in fields}
	common |= {"status": "Queued", "attempts": 0, "next_attempt_utc": world.now}
	rows.insert_all("Escalation Notification", [common | {"name": name} for name in names])
	message_secrets.insert(
		[
			{"name": name, "action_item": row.action_item, "address": f"+49151{number:08}"}
			for number, name in enumerate(names)
		]
	)
	frappe.db.commit()
	world.providers.twilio.pause = 0.05
	world.providers.twilio.most_at_once = 0
	assert delivery.deliver() == 500
	assert world.providers.twilio.most_at_once >= 16, "one waits for the other"
	assert len(world.inbox.take_all()) == 500


# --- 18: receipts


def test_18_receipts_take_a_state_forward_only(world: World) -> None:
	planned(world)
	ticket, sms = texted(world)
	for told, stands in (("queued", "Sent"), ("sent", "Sent"), ("delivered", "Delivered")):
		assert world.receipt(sms, told).status_code == 204
		assert state(world, ticket)[0] == stands
	lines = world.lines(world.item(ticket))
	for late in ("sent", "failed", "undelivered", "delivered", "nonsense"):
		world.receipt(sms, late)
	assert state(world, ticket)[0] == "Delivered"
	assert world.lines(world.item(ticket)) == lines
	assert "SMS to Tina Tech was delivered." in lines
	assert [row["outcome"] for row in world.report(ticket=ticket.name)] == ["Delivered"]


def test_18_delivered_before_sent_was_told(world: World) -> None:
	planned(world)
	ticket, sms = texted(world)
	world.receipt(sms, "delivered")
	world.receipt(sms, "sent")
	assert state(world, ticket)[0] == "Delivered"


def test_18_unknown_receipts_change_nothing(world: World) -> None:
	planned(world)
	ticket, sms = texted(world)
	url = world.providers.twilio.record(sms.id).asked["StatusCallback"]
	for other in (url.replace("?n=", "?n=f"), url.split("?")[0], url + "&n=x"):
		said = {"MessageSid": sms.id, "MessageStatus": "delivered"}
		if other.endswith("&n=x"):
			said["MessageStatus"] = "unheard-of"
		assert world.providers.twilio.post(other, said).status_code == 204
	assert state(world, ticket)[0] == "Sent"


def test_18_failed_is_sent_once_more_by_the_next_method(world: World) -> None:
	planned(world, (30, "Phone Call"), (30, "Email", "User", "lead@x.test"))
	ticket, sms = texted(world)
	world.receipt(sms, "sent")
	world.receipt(sms, "undelivered", error=30003)
	assert state(world, ticket)[0] == "Failed"
	world.receipt(sms, "failed", error=30003)
	world.tick()
	call = world.expect_call(TINA)
	item = world.item(ticket)
	assert [(m.method, m.status) for m in world.messages(item)] == [("SMS", "Failed"), ("Phone Call", "Sent")]
	assert "The phone was off or out of reach. (Twilio 30003)" in world.lines(item)
	assert "Phone Call to Tina Tech is sent instead." in world.lines(item)
	call.fail()  # the re-send fails as well: the third way is any, and no fourth is left
	world.tick()
	world.expect_email("tech@x.test")
	world.forward(29)
	assert item.current_step == 1
	world.forward(1)
	world.expect_call(TINA)


def test_18_failed_with_no_other_way_brings_the_next_step_forward(world: World) -> None:
	world.plan((0, "SMS", "Address", LEO), (30, "Email", "User", "lead@x.test"), (30, "Email"))
	ticket = world.ticket()
	world.forward(10)
	sms = world.expect_sms(LEO)
	world.receipt(sms, "failed", error=30005)
	world.tick()
	world.expect_email("lead@x.test")
	world.receipt(sms, "failed", error=30005)
	world.tick()
	assert "A message was not delivered." in world.lines(world.item(ticket))
	assert world.kinds(world.item(ticket)).count("Brought Forward") == 1


def test_18_what_failed_before_it_was_given_back_brings_nothing_about(world: World) -> None:
	"""Neither another way to Tina nor, for a bare number that has none, the next step: it comes when it is due."""
	planned(world, (0, "SMS", "Address", LEO), (30, "Email", "User", "lead@x.test"))
	ticket, sms = texted(world)
	bare = world.expect_sms(LEO, "Server outage")
	form = Form(world, ticket, "tech@x.test")
	assert form.click("acknowledge")[0]
	world.forward(1)
	world.expect_sms(LEO, "Tina Tech has acknowledged")
	assert form.click("unacknowledge")[0]
	world.tick()
	world.expect_sms(LEO, "It was given back.")
	due = world.item(ticket).due_utc
	for late in (sms, bare):
		world.receipt(late, "undelivered", error=30003)
	world.tick()
	item = world.item(ticket)
	assert item.due_utc == due
	assert [m.status for m in world.messages(item, purpose="Page")] == ["Failed", "Failed"]
	assert world.lines(item).count("The escalation has begun anew since: nothing follows from this.") == 2
	world.forward(30)
	world.expect_email("lead@x.test")


def test_18_a_receipt_resolves_what_was_unknown(world: World) -> None:
	planned(world)
	world.providers.faults.twilio.lose_answer()
	ticket = world.ticket()
	world.forward(10)
	sms = world.expect_sms(TINA)
	assert state(world, ticket)[0] == "Queued"
	world.receipt(sms, "failed")  # it is sent once more anyway
	assert state(world, ticket)[0] == "Queued"
	world.receipt(sms, "delivered")
	message = world.messages(world.item(ticket))[0]
	assert (message.status, message.provider_message_id) == ("Delivered", sms.id)
	world.forward(1)


# --- 22: replies


def acknowledged(world: World, ticket) -> bool:
	return world.item(ticket).status == "Acknowledged"


@pytest.mark.parametrize("said", ["1", " ack 1 ", "ACK", "Ack", "#1", "1.", "１"])
def test_22_these_acknowledge(world: World, said: str) -> None:
	planned(world)
	ticket, _sms = texted(world)
	(reply,) = world.text(TINA, said)
	assert reply == f"Ticket {ticket.name}: Acknowledged. The escalation has stopped."
	item = world.item(ticket)
	assert (item.acknowledged_user, item.acknowledged_via) == ("tech@x.test", "SMS")
	(again,) = world.text(TINA, "1")
	assert "acknowledged this already" in again


@pytest.mark.parametrize("said", ["1a", "2", "", "yes", "1?", "11", "what?", "-1", "1 2", "0"])
def test_22_these_do_not(world: World, said: str) -> None:
	planned(world)
	ticket, _sms = texted(world)
	(reply,) = world.text(TINA, said)
	assert reply.endswith(f"To acknowledge, reply 1 for ticket {ticket.name}.")
	assert not acknowledged(world, ticket)


def test_22_each_phone_has_codes_of_its_own(world: World) -> None:
	planned(world, (0, "SMS", "User", "lead@x.test"))
	world.contact("lead@x.test", LEO)
	one, _sms = texted(world, "First")
	two, _sms = texted(world, "Second")
	assert "Reply 1 to" in world.expect_sms(LEO, "First").text
	assert "Reply 2 to" in world.expect_sms(LEO, "Second").text
	world.plan((0, "SMS", "User", "lead@x.test"), title="Lead", priorities=["Urgent"])
	third = world.ticket("Third", priority="Urgent")
	world.forward(10)
	assert "Reply 3 to" in world.expect_sms(LEO, "Third").text
	(reply,) = world.text(TINA, "3")  # Leo's code
	assert "There is no code 3" in reply
	assert not acknowledged(world, third)
	(reply,) = world.text(TINA, "ack")  # which one?
	assert f"1 for ticket {one.name}" in reply and f"2 for ticket {two.name}" in reply
	world.text(TINA, "2")
	assert acknowledged(world, two) and not acknowledged(world, one)
	world.forward(1)
	world.expect_email("lead@x.test", "Tina Tech has acknowledged")


def test_22_a_code_is_not_given_to_something_newer_at_once(world: World) -> None:
	planned(world)
	ticket, _sms = texted(world, "First")
	world.text(TINA, "1")
	assert acknowledged(world, ticket)
	other, sms = texted(world, "Second")
	assert "Reply 2 to" in sms.text
	(late,) = world.text(TINA, "1")
	assert "acknowledged this already" in late and not acknowledged(world, other)
	world.text(TINA, "2")
	world.change(ticket, status="Resolved")
	world.tick()
	world.expect_email("tech@x.test", "First")
	world.wait(25 * 60)
	_third, sms = texted(world, "Third")
	assert "Reply 1 to" in sms.text, "what somebody still has can be given back, and keeps its code"


def test_22_a_code_is_kept_while_somebody_has_it_and_says_that_they_are_still_on_it(world: World) -> None:
	planned(world, ack_timeout=2 * 86400, ack_grace=3600, stop_on_reply=0)
	first, _sms = texted(world, "First")
	world.text(TINA, "ack")
	assert world.text(TINA, "ack") == ["Nothing waits for you."]
	world.forward(2 * 24 * 60)
	world.expect_email("tech@x.test", "Are you still on ticket")
	second, sms = texted(world, "Second")
	assert "Reply 2 to" in sms.text
	(reply,) = world.text(TINA, "ack")
	assert f"1 for ticket {first.name}" in reply and f"2 for ticket {second.name}" in reply
	assert world.text(TINA, "2")[0].endswith("Acknowledged. The escalation has stopped.")
	assert world.text(TINA, "ack") == [f"Ticket {first.name}: Noted: you are still on it."]
	assert "Tina Tech is still on it (SMS)." in world.lines(world.item(first))


def test_22_a_further_message_about_the_same_has_the_same_code(world: World) -> None:
	planned(world, (5, "SMS"))
	_ticket, sms = texted(world)
	world.forward(5)
	assert world.expect_sms(TINA).text.splitlines()[-1] == sms.text.splitlines()[-1]


def test_22_a_stranger_is_ignored(world: World) -> None:
	planned(world)
	ticket, _sms = texted(world)
	for said in ("1", "ACK", "STOP", "hello"):
		assert world.text(STRANGER, said) == []
	assert world.text("VODAFONE", "1") == []
	assert not acknowledged(world, ticket)


def test_22_stop_and_start_are_kept(world: World) -> None:
	planned(world, (30, "Email"))
	ticket, _sms = texted(world)
	assert world.text(TINA, " stop ") == []
	assert frappe.db.get_value("Escalation Contact", "tech@x.test", "sms_stopped") == 1
	other = world.ticket("Second")
	world.forward(10)
	world.expect_email("tech@x.test", "Second")  # brought forward: nobody else was to be reached
	assert "Has sent STOP" in world.lines(world.item(other))
	world.text(TINA, "START")
	frappe.db.commit()
	assert frappe.db.get_value("Escalation Contact", "tech@x.test", "sms_stopped") == 0
	assert not acknowledged(world, ticket)
	world.change(ticket, status="Closed")
	world.change(other, status="Closed")
	world.tick()
	world.inbox.take_all()


# --- parts


@pytest.mark.parametrize(
	("given", "canonical"),
	[
		("+49 151 12345601", "+4915112345601"),
		("+1 (500) 555-0006", "+15005550006"),
		("0049 151 12345601", None),
		("12", None),
		("+49", None),
		("hello", None),
		("", None),
		("+49 30 1234 ext. 5", None),
	],
)
def test_numbers_are_made_canonical(world: World, given: str, canonical: str | None) -> None:
	frappe.db.set_single_value("System Settings", "country", None)
	if canonical:
		assert phone_numbers.normalised(given) == canonical
	else:
		with pytest.raises(ValueError, match=r"number|digits|extension"):
			phone_numbers.normalised(given)
