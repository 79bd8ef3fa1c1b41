"""Calls that nobody took ring again, as often as the plan says; what a machine that takes one is told; key 9 ends them."""

import frappe
import pytest

from escalation_mgmt.patches.v0_1 import when_not_received
from tests.scenarios.test_ticket_form import Form
from tests.world import World

TINA, LEO = "+4915112345601", "+4915112345602"
TECH, LEAD = "tech@x.test", "lead@x.test"
TWICE = {"further_calls": 2, "call_pause": 60}
AS_NOT_ANSWERED, HANG_UP = "Count as Not Answered", "Hang Up"


def rung(world: World, *more: tuple, **plan) -> tuple:
	world.contact(TECH, TINA)
	world.plan((0, "Phone Call"), *(more or ((30, "Email", "User", LEAD),)), **plan)
	ticket = world.ticket("Rack 4 burns")
	world.forward(10)
	return ticket, world.expect_call(TINA)


def states(world: World, ticket) -> list[str]:
	return [message.status for message in world.messages(world.item(ticket), purpose="Page")]


@pytest.mark.parametrize("act", ["busy", "nobody_answers", "hang_up"])
def test_a_call_that_nobody_took_rings_again_and_then_the_plan_goes_on(world: World, act: str) -> None:
	ticket, call = rung(world, **TWICE)
	getattr(call, act)()
	lines = world.lines(world.item(ticket))
	assert "Phone Call to Tina Tech rings once more at" in lines and "(further call 1 of 2)" in lines
	world.forward(seconds=59)
	world.forward(seconds=1)
	second = world.expect_call(TINA)
	getattr(second, act)()
	world.forward(1)
	third = world.expect_call(TINA)
	getattr(third, act)()
	assert states(world, ticket) == ["Not Answered"] * 3
	world.forward(27)
	world.forward(1)
	world.expect_email(LEAD)  # at its own time, which no further call has moved
	assert world.item(ticket).current_step == 2


def test_without_that_choice_the_plan_goes_on(world: World) -> None:
	ticket, call = rung(world)
	call.busy()
	world.forward(20)
	assert states(world, ticket) == ["Not Answered"]


def test_a_further_call_that_is_taken_is_the_last(world: World) -> None:
	ticket, call = rung(world, **TWICE)
	call.nobody_answers()
	world.forward(1)
	second = world.expect_call(TINA)
	second.answer().silence()
	world.forward(5)
	assert states(world, ticket) == ["Not Answered", "Answered"]
	second.hang_up()
	world.change(ticket, status="Closed")


def test_a_receipt_that_comes_again_lets_nothing_ring_twice(world: World) -> None:
	ticket, call = rung(world, **TWICE)
	call.busy()
	asked = world.providers.twilio.record(call.sid).asked["StatusCallback"]
	for late in ("no-answer", "busy", "completed", "failed"):
		world.providers.twilio.post(asked, {"CallSid": call.sid, "CallStatus": late})
	world.forward(1)
	world.expect_call(TINA)
	assert states(world, ticket) == ["Not Answered", "Sent"]


def test_nothing_rings_again_once_somebody_has_it(world: World) -> None:
	ticket, call = rung(world, (0, "Email", "User", LEAD), **TWICE)
	world.expect_email(LEAD)
	call.busy()
	assert Form(world, ticket, LEAD).click("acknowledge")[0]
	world.forward(5)
	assert states(world, ticket)[-1] == "Withdrawn"
	world.expect_email(TECH, "has acknowledged")


def test_who_share_a_phone_get_one_further_call(world: World) -> None:
	world.contact(TECH, TINA)
	world.contact(LEAD, TINA)
	world.plan((0, "Phone Call"), (0, "Phone Call", "User", LEAD), further_calls=1)
	ticket = world.ticket()
	world.forward(10)
	world.expect_call(TINA).nobody_answers()
	world.forward(1)
	call = world.expect_call(TINA)
	assert states(world, ticket) == ["Not Answered", "Not Answered", "Sent", "Sent"]
	call.nobody_answers()
	world.forward(5)
	world.change(ticket, status="Closed")


def test_a_bare_number_rings_again(world: World) -> None:
	world.plan((0, "Phone Call", "Address", LEO), further_calls=1, call_pause=30)
	world.ticket()
	world.forward(10)
	world.expect_call(LEO).busy()
	world.forward(seconds=30)
	world.expect_call(LEO).press("1")


def test_a_further_call_that_cant_be_made_goes_another_way(world: World) -> None:
	ticket, call = rung(world, **TWICE)
	call.busy()
	world.providers.faults.twilio.refuse(21214)
	world.forward(1)
	world.expect_email(TECH)
	assert states(world, ticket) == ["Not Answered", "Failed", "Sent"]


# --- a machine


def test_a_machine_is_left_the_message_after_the_beep_and_nothing_rings_again(world: World) -> None:
	ticket, call = rung(world, **TWICE)
	assert world.providers.twilio.record(call.sid).asked["MachineDetection"] == "DetectMessageEnd"
	call.machine()
	assert "Rack 4 burns" in call.text and "Nobody has acknowledged it yet" in call.text
	assert "and was left the message" in world.lines(world.item(ticket))
	world.forward(10)
	assert states(world, ticket) == ["Not Answered"]


def test_a_machine_is_hung_up_on(world: World) -> None:
	ticket, call = rung(world, on_machine=HANG_UP, **TWICE)
	call.machine()
	assert call.text == "" and call.status == "completed"
	world.forward(10)
	assert states(world, ticket) == ["Not Answered"]


@pytest.mark.parametrize("machine", ["machine_start", "machine_end_silence", "fax"])
def test_a_machine_that_counts_as_not_answered_rings_again(world: World, machine: str) -> None:
	ticket, call = rung(world, on_machine=AS_NOT_ANSWERED, further_calls=1)
	call.answer(machine)
	assert call.text == "" and call.status == "completed"
	world.forward(1)
	world.expect_call(TINA).press("1")
	assert world.item(ticket).acknowledged_user == TECH
	assert states(world, ticket) == ["Not Answered", "Answered"]


def test_who_isnt_known_to_be_a_machine_is_asked(world: World) -> None:
	ticket, call = rung(world, on_machine=AS_NOT_ANSWERED, further_calls=1)
	call.answer("unknown")
	call.press("1")
	assert world.item(ticket).status == "Acknowledged"


# --- key 9


def test_key_9_ends_calls_about_this_to_this_person(world: World) -> None:
	ticket, call = rung(
		world, (30, "Phone Call"), (0, "Phone Call", "User", LEAD), (0, "Email"), (30, "Phone Call")
	)
	world.contact(LEAD, LEO)
	call.answer()
	assert "Press 9 for no more calls about this." in call.text
	call.press("9")
	assert call.text.endswith("You won't be called about this again. The escalation goes on.")
	assert call.status == "completed"
	item = world.item(ticket)
	assert item.status == "Escalating"
	assert "Tina Tech wants no more calls about this (key 9)." in world.lines(item)
	world.forward(30)
	world.expect_email(TECH)  # the step's others go out
	world.expect_call(LEO)
	assert "They want no more calls about this." in world.lines(item)
	assert states(world, ticket) == ["Answered", "Sent", "Sent"]
	other = world.ticket("Another")
	world.forward(10)
	world.expect_call(TINA)  # about another it rings
	world.change(other, status="Closed")
	world.change(ticket, status="Closed")


def test_key_9_takes_back_a_call_that_waits(world: World) -> None:
	"""The second call of the same group is tried again later when the first is on the line."""
	ticket, call = rung(world, (30, "Phone Call"))
	world.providers.faults.twilio.status(503)
	world.forward(30)
	assert states(world, ticket) == ["Sent", "Queued"]
	call.press("9")
	assert states(world, ticket) == ["Answered", "Withdrawn"]
	world.forward(1)


def test_key_9_isnt_undone_by_another_way(world: World) -> None:
	"""The SMS fails after they asked for no more calls: they are reached by email, not called."""
	world.contact(TECH, TINA)
	world.plan((0, "Phone Call"), (0, "SMS"), (30, "Phone Call"), (30, "Email", "User", LEAD))
	world.ticket()
	world.forward(10)
	sms = world.expect_sms(TINA)
	world.expect_call(TINA).press("9")
	world.receipt(sms, "undelivered", error=30003)
	world.tick()
	world.expect_email(TECH)
	world.forward(30)  # the next step reaches nobody by a call: the one after it comes at once
	world.expect_email(LEAD)


def test_key_9_holds_for_a_call_that_was_under_way_and_is_to_be_tried_again(world: World) -> None:
	ticket, _call = rung(world, (30, "Phone Call"))
	world.providers.faults.twilio.status(503)
	world.forward(30)
	first, _second = world.messages(world.item(ticket))
	frappe.db.set_value("Escalation Notification", first.name, "no_more_calls", 1)
	world.forward(1)
	assert states(world, ticket) == ["Sent", "Withdrawn"]


def test_key_9_holds_in_a_repeat_where_everything_else_fails(world: World) -> None:
	"""SMS and mailbox are refused: no call is the other way to who wants none."""
	world.contact(TECH, TINA)
	world.plan((0, "Phone Call"), (10, "SMS"), repeats=1, repeat_pause=600, last_wait=86400)
	ticket = world.ticket()
	world.forward(10)
	world.expect_call(TINA).press("9")
	world.forward(10)
	world.expect_sms(TINA)
	world.providers.faults.twilio.refuse(21211)
	world.providers.faults.smtp.refuse(550, "no such user", to=TECH)
	world.forward(10)  # the repeat's call reaches nobody: its SMS comes at once
	world.expect_email("owner@x.test", "no step is left")
	assert states(world, ticket) == ["Answered", "Sent", "Failed", "Failed"]


def test_key_9_when_it_is_over_says_so(world: World) -> None:
	ticket, call = rung(world)
	call.answer()
	world.change(ticket, status="Closed")
	world.tick()
	world.expect_email(TECH, "has been answered")
	assert call.press("9").text.endswith("The escalation is over: nobody is called about it any more.")
	assert not [m for m in world.messages(world.item(ticket)) if m.no_more_calls]


def test_plans_from_before_there_was_a_choice_get_what_new_ones_begin_with(world: World) -> None:
	old = world.plan((0, "Email"), title="Old", **TWICE)
	new = world.plan((0, "Email"), title="New", further_calls=1, call_pause=300, on_machine=HANG_UP)
	frappe.db.set_value("Escalation Plan", old.name, {"on_failure": None, "on_machine": "", "call_pause": 0})
	when_not_received.execute()
	found = frappe.get_all(
		"Escalation Plan",
		fields=["on_failure", "on_machine", "call_pause"],
		order_by="name asc",
		as_list=True,
	)
	usual = "Another Method First"
	assert [tuple(row) for row in found] == [(usual, HANG_UP, 300), (usual, "Leave the Message", 60)]
	assert new.name < old.name
