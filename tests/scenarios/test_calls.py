"""Scenarios 3, 4, 15 and 23: a phone that rings, is read to, and asks for a key."""

import pytest
from twilio.rest.api.v2010.account.call import CallList
from twilio.rest.api.v2010.account.message import MessageList

from tests.scenarios.test_ticket_form import Form
from tests.world import World

TINA, LEO = "+4915112345601", "+4915112345602"


def rung(world: World, *more: tuple, **contact) -> tuple:
	world.contact("tech@x.test", TINA, **contact)
	world.plan((0, "Phone Call"), *(more or ((30, "Email", "User", "lead@x.test"),)))
	ticket = world.ticket("Rack 4 burns, see https://x.test/1")
	world.forward(10)
	return ticket, world.expect_call(TINA)


def status(world: World, ticket) -> str:
	return world.messages(world.item(ticket))[0].status


def test_23_the_right_key_acknowledges(world: World) -> None:
	ticket, call = rung(world)
	assert status(world, ticket) == "Sent"
	call.answer()
	digits = " ".join(str(ticket.name))
	assert f"Ticket {digits} (High) has not been answered: Rack 4 burns, see" in call.text
	assert "https" not in call.text and "Press 1 to acknowledge" in call.text
	assert status(world, ticket) == "Answered"
	call.press("1")
	assert call.text.endswith("Acknowledged. The escalation has stopped.") and call.status == "completed"
	item = world.item(ticket)
	assert (item.status, item.acknowledged_user, item.acknowledged_via) == (
		"Acknowledged",
		"tech@x.test",
		"Phone Call",
	)
	assert status(world, ticket) == "Answered"
	assert "Phone Call to Tina Tech was answered. By a person." in world.lines(item)
	world.forward(60)


def test_23_a_bare_number_acknowledges_and_isnt_told_so(world: World) -> None:
	world.plan((0, "SMS", "Address", LEO), (1, "Phone Call", "Address", LEO))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(LEO)
	world.forward(1)
	world.expect_call(LEO).press("1")
	assert world.item(ticket).acknowledged_by == "+49…02"
	world.tick()


def test_23_a_wrong_key_asks_again(world: World) -> None:
	ticket, call = rung(world)
	call.press("7")
	assert "That was a wrong key." in call.text and call.waits_for_a_key
	assert call.text.count("has not been answered") == 2
	call.press("2")
	assert call.text.count("has not been answered") == 3
	assert world.item(ticket).status == "Escalating"
	call.press("1")
	assert world.item(ticket).status == "Acknowledged"


def test_23_three_wrong_keys_end_the_call(world: World) -> None:
	ticket, call = rung(world)
	call.press("7").press("#").press("*")
	assert call.status == "completed" and call.text.endswith("The escalation goes on.")
	assert world.item(ticket).status == "Escalating"
	world.forward(30)
	world.expect_email("lead@x.test")


def test_23_silence_changes_nothing_and_the_escalation_goes_on(world: World) -> None:
	ticket, call = rung(world)
	call.answer()
	before = world.item(ticket)
	call.silence()
	assert call.status == "completed" and "No key was pressed" in call.text
	after = world.item(ticket)
	assert (after.status, after.version, after.due_utc) == (before.status, before.version, before.due_utc)
	world.forward(30)
	world.expect_email("lead@x.test")


def test_23_a_machine_is_not_a_person(world: World) -> None:
	ticket, call = rung(world)
	call.machine()
	assert not call.waits_for_a_key and call.status == "completed"
	assert status(world, ticket) == "Not Answered"
	assert "was not answered. A machine took the call, and was left the message." in world.lines(
		world.item(ticket)
	)
	# Tones that a machine makes, sent by Twilio all the same:
	twilio = world.providers.twilio
	url = twilio.record(call.sid).asked["Url"].replace("call_answered", "call_key")
	assert "acknowledge any more" in twilio.post(url, {"CallSid": call.sid, "Digits": "1"}).text
	assert world.item(ticket).status == "Escalating"
	world.forward(30)
	world.expect_email("lead@x.test")


@pytest.mark.parametrize(
	("act", "says"), [("busy", "Busy"), ("nobody_answers", "Nobody answered"), ("hang_up", "ended before")]
)
def test_23_not_answered(world: World, act: str, says: str) -> None:
	ticket, call = rung(world)
	getattr(call, act)()
	assert status(world, ticket) == "Not Answered"
	assert says in world.lines(world.item(ticket))
	world.forward(30)
	world.expect_email("lead@x.test")


def test_23_escalating_on_brings_the_next_step_forward(world: World) -> None:
	ticket, call = rung(world, (30, "Email", "User", "lead@x.test"), (30, "Email", "User", "second@x.test"))
	call.press("3")
	assert call.text.endswith("Step 2 is run now.")
	world.tick()
	world.expect_email("lead@x.test")
	item = world.item(ticket)
	assert "Step 2 brought forward" in world.lines(
		item
	) and "Tina Tech asked for it (Phone Call)" in world.lines(item)
	world.forward(29)
	world.forward(1)
	world.expect_email("second@x.test")


def test_17_escalating_on_from_a_call_that_is_stale_does_nothing(world: World) -> None:
	ticket, call = rung(world, (30, "Email", "User", "lead@x.test"), (30, "Email", "User", "second@x.test"))
	call.answer()
	world.forward(30)
	world.expect_email("lead@x.test")
	due = world.item(ticket).due_utc
	call.press("3")
	assert call.text.endswith("The next step has run meanwhile; nothing was changed.")
	assert world.item(ticket).due_utc == due


def test_17_escalating_on_from_a_call_before_it_was_given_back_does_nothing(world: World) -> None:
	ticket, call = rung(world)
	call.answer()
	form = Form(world, ticket, "tech@x.test")
	assert form.click("acknowledge")[0] and form.click("unacknowledge")[0]
	due = world.item(ticket).due_utc
	call.press("3")
	assert call.text.endswith("The escalation has begun anew meanwhile; nothing was changed.")
	assert world.item(ticket).due_utc == due


def test_23_escalating_on_by_whom_it_was_handed_over_to(world: World) -> None:
	"""They are called by the method of step 1, after step 2 has run: what comes next is step 3."""
	world.contact("lead@x.test", LEO)
	ticket, call = rung(world, (30, "Email"), (30, "Email", "User", "second@x.test"))
	call.answer()
	world.forward(30)
	world.expect_email("tech@x.test")
	assert Form(world, ticket, "second@x.test").click("hand_over", to="lead@x.test")[0]
	world.tick()
	world.expect_email("tech@x.test", "is assigned to Leo Lead now")
	call = world.expect_call(LEO)
	call.press("3")
	assert call.text.endswith("Step 3 is run now.")
	world.tick()
	world.expect_email("second@x.test")


def test_23_who_takes_the_call_late_hears_who_has_it(world: World) -> None:
	ticket, call = rung(world)
	from escalation_mgmt.actions.acknowledge import acknowledge
	from escalation_mgmt.engine import Actor

	acknowledge(world.item(ticket).name, Actor(name="Leo Lead", user="lead@x.test", via="Desk"))
	world.forward(1)
	world.expect_email("tech@x.test", "Leo Lead has acknowledged")
	call.answer()
	assert call.text == "Leo Lead acknowledged this already (Desk)." and call.status == "completed"


def heard(world: World, **contact: str) -> str:
	_ticket, call = rung(world, **contact)
	url = world.providers.twilio.record(call.sid).asked["Url"]
	return world.providers.twilio.post(url, {"CallSid": call.sid, "AnsweredBy": "human"}).text


def test_23_language_and_voice(world: World) -> None:
	said = heard(world, language="de", voice="Polly.Hans")
	assert 'language="de-DE" voice="Polly.Hans">Drücken Sie 1' in said
	assert "en-US" not in said


def test_23_our_own_words_are_english_where_they_arent_translated(world: World) -> None:
	said = heard(world, language="nl", voice="Polly.Ruben")
	assert 'language="nl-NL" voice="Polly.Ruben"' in said
	assert 'language="en-US" voice="Polly.Ruben">Press 1' in said


def test_3_a_call_that_cant_be_made_goes_another_way(world: World) -> None:
	ticket, call = rung(world)
	call.fail(13224)
	world.tick()
	world.expect_email("tech@x.test", "Rack 4")
	assert "no network takes it" in world.lines(world.item(ticket))


def test_6_a_call_whose_answer_was_lost_rings_once(world: World) -> None:
	world.contact("tech@x.test", TINA)
	world.plan((0, "Phone Call"))
	world.providers.faults.twilio.lose_answer("reset")
	ticket = world.ticket()
	world.forward(10)
	call = world.expect_call(TINA)
	assert status(world, ticket) == "Queued"
	world.forward(seconds=10)
	assert status(world, ticket) == "Sent"
	call.press("1")
	assert world.item(ticket).status == "Acknowledged"


@pytest.mark.parametrize("taken", [1, 2])
def test_6_two_calls_to_one_phone_are_told_apart(world: World, taken: int) -> None:
	"""Both answers are lost; Twilio had taken one of the calls, or both. Its list doesn't say what they were for."""
	world.contact("tech@x.test", TINA)
	world.plan((0, "Phone Call"))
	world.providers.faults.twilio.lose_answer()
	world.providers.faults.twilio.lose_answer(taken=taken == 2)
	tickets = [world.ticket("One"), world.ticket("Two")]
	world.forward(10)
	first = world.expect_call(TINA)  # the other waits until this one is over
	world.forward(seconds=10)
	first.nobody_answers()
	world.tick()
	if taken == 2:
		world.expect_call(TINA)
	world.forward(seconds=10)
	if taken == 1:  # what Twilio doesn't know is made once more
		world.expect_call(TINA)
	rows = [world.messages(world.item(ticket))[0] for ticket in tickets]
	assert sorted(row.status for row in rows) == ["Not Answered", "Sent"]
	assert sorted(row.possible_duplicate for row in rows) == [0, 2 - taken]
	assert len({row.provider_message_id for row in rows}) == 2


def test_4_through_different_people(world: World) -> None:
	world.contact("tech@x.test", TINA)
	world.contact("lead@x.test", LEO)
	world.plan((0, "SMS"), (5, "Phone Call", "User", "lead@x.test"), (5, "SMS", "Address", "+4915112345603"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(TINA)
	world.forward(5)
	world.expect_call(LEO).answer().silence()
	world.forward(5)
	world.expect_sms("+4915112345603")
	assert world.item(ticket).status == "Escalating"


@pytest.mark.parametrize("method", ["SMS", "Phone Call"])
def test_15_a_notifier_that_raises_stops_no_other(
	world: World, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	world.contact("tech@x.test", TINA)
	world.plan((0, method), (0, "Email"), (5, "Email", "User", "lead@x.test"))
	world.ticket()

	async def broken(self, **message):
		raise RuntimeError("a bug")

	monkeypatch.setattr({"SMS": MessageList, "Phone Call": CallList}[method], "create_async", broken)
	world.forward(10)
	world.expect_email("tech@x.test")
	world.expect_error("broke on its way to Twilio")
	world.forward(5)
	world.expect_email("lead@x.test")
	world.expect_error("broke on its way to Twilio")
