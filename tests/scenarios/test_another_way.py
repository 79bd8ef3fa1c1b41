"""Scenarios 18 and 40: a page that fails for good, refused at once or by a receipt: another way, by one rule."""

import frappe
import pytest

from escalation_mgmt.dispatch import another_way
from escalation_mgmt.engine import EventKind
from escalation_mgmt.storage import failures
from tests.on_site import add_team
from tests.scenarios.test_ticket_form import Form
from tests.world import PAGER, World, needs

TINA, LEO = "+4915112345601", "+4915112345602"
TECH, LEAD, SECOND, OWNER = "tech@x.test", "lead@x.test", "second@x.test", "owner@x.test"
OTHER_WAY, FORWARD = str(EventKind.INSTEAD), str(EventKind.BROUGHT_FORWARD)
STEP_FIRST = {"on_failure": "The Next Step First"}


def refused(world: World, *steps: tuple, code: int = 21211, times: int = 1, **more) -> object:
	"""A ticket of which Twilio refuses what comes first."""
	world.contact(TECH, TINA)
	world.plan(*steps, **more)
	ticket = world.ticket()
	world.providers.faults.twilio.refuse(code, times=times)
	world.forward(10)
	return ticket


def went(world: World, ticket) -> list[tuple]:
	return [(m.method, m.status) for m in world.messages(world.item(ticket), purpose="Page")]


def told_owner(world: World) -> None:
	world.expect_email(OWNER, "did not arrive, and no step is left")


def test_40_a_refusal_goes_on_by_the_plans_next_method_at_once(world: World) -> None:
	ticket = refused(world, (0, "SMS"), (30, "Phone Call"), (30, "Email", "User", LEAD))
	call = world.expect_call(TINA)
	assert went(world, ticket) == [("SMS", "Failed"), ("Phone Call", "Sent")]
	assert "Phone Call to Tina Tech is sent instead." in world.lines(world.item(ticket))
	call.press("1")
	assert world.item(ticket).acknowledged_user == TECH


def test_40_each_method_once_then_the_next_step_then_its_own_time(world: World) -> None:
	"""Twilio refuses SMS and call alike, the mail server the mailbox: nobody waits half an hour for the next step."""
	world.providers.faults.smtp.refuse(550, "no such user", to=TECH)
	ticket = refused(world, (0, "SMS"), (30, "Email", "User", LEAD), (30, "Email", "User", SECOND), times=2)
	world.expect_email(LEAD)
	failed = [("SMS", "Failed"), ("Phone Call", "Failed"), ("Email", "Failed")]
	assert sorted(went(world, ticket)) == sorted([*failed, ("Email", "Sent")])
	assert world.kinds(world.item(ticket)).count(FORWARD) == 1
	world.forward(29)
	world.forward(1)
	world.expect_email(SECOND)


def test_40_the_next_step_first_where_the_plan_says_so(world: World) -> None:
	ticket = refused(world, (0, "SMS"), (30, "Email", "User", LEAD), **STEP_FIRST)
	world.expect_email(LEAD)
	lines = world.lines(world.item(ticket))
	assert "Step 2 brought forward" in lines and "A message was not delivered." in lines
	assert OTHER_WAY not in world.kinds(world.item(ticket))


def test_40_the_next_step_first_where_none_is_left_is_another_method(world: World) -> None:
	refused(world, (0, "SMS"), **STEP_FIRST)
	world.expect_call(TINA)  # of any other, what wakes no less surely


def test_40_any_other_method_is_one_that_wakes_no_less_surely_first(world: World) -> None:
	ticket = refused(world, (0, "SMS"), times=2)
	world.tick()
	world.expect_email(TECH)
	assert [method for method, _status in went(world, ticket)] == ["SMS", "Phone Call", "Email"]


def test_40_a_late_receipt_is_followed_by_the_same_rule(world: World) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (30, "Email", "User", LEAD), **STEP_FIRST)
	world.ticket()
	world.forward(10)
	world.receipt(world.expect_sms(TINA), "undelivered", error=30003)
	world.tick()
	world.expect_email(LEAD)


def test_40_a_running_escalation_keeps_its_choice(world: World) -> None:
	world.contact(TECH, TINA)
	plan = world.plan((0, "SMS"), (30, "Email", "User", LEAD), **STEP_FIRST)
	world.ticket()
	plan.update({"on_failure": "Another Method First"})
	plan.save()
	world.providers.faults.twilio.refuse(21211)
	world.forward(10)
	world.expect_email(LEAD)


def test_40_several_of_one_group_bring_the_next_step_forward_once(world: World) -> None:
	"""In one batch, and with a message that arrived."""
	world.plan(
		(0, "SMS", "Address", TINA),
		(0, "SMS", "Address", LEO),
		(0, "Email"),
		(30, "Email", "User", LEAD),
		(30, "Email", "User", SECOND),
	)
	ticket = world.ticket()
	world.providers.faults.twilio.refuse(21211, times=2)
	world.forward(10)
	world.expect_email(TECH)
	world.expect_email(LEAD)
	item = world.item(ticket)
	assert world.kinds(item).count(FORWARD) == 1 and item.current_step == 4
	world.forward(29)
	world.forward(1)
	world.expect_email(SECOND)


def test_40_all_refuse_and_the_owner_is_told_once(world: World) -> None:
	world.endpoint()
	world.plan((0, "HTTP POST", "Endpoint", PAGER), (30, "SMS", "Address", TINA), (0, "SMS", "Address", LEO))
	ticket = world.ticket()
	world.providers.faults.pager.status(410)
	world.providers.faults.twilio.refuse(21211, times=2)
	world.forward(10)
	told_owner(world)
	assert went(world, ticket) == [("HTTP POST", "Failed"), ("SMS", "Failed"), ("SMS", "Failed")]
	assert world.item(ticket).status == "Escalating"


def test_40_a_repeat_after_a_run_of_which_nothing_arrived_keeps_its_time(world: World) -> None:
	"""One pass through the plan may go by at once (design rule 7), not all of them."""
	world.plan((0, "SMS", "Address", TINA), (10, "SMS", "Address", LEO), repeats=2, repeat_pause=600)
	ticket = world.ticket()
	world.providers.faults.twilio.refuse(21211, times=2)
	world.forward(10)
	told_owner(world)
	assert world.item(ticket).run == 1 and len(went(world, ticket)) == 2
	world.forward(9)
	world.forward(1)
	world.expect_sms(TINA)
	world.forward(10)
	sms = world.expect_sms(LEO)
	world.receipt(sms, "undelivered", error=30003)  # of this run the first one arrived
	world.tick()
	world.expect_sms(TINA)


def test_18_retries_that_are_used_up_go_another_way(world: World) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (30, "Email", "User", LEAD))
	ticket = world.ticket()
	world.providers.faults.twilio.status(503, times=5)
	world.forward(10)
	for seconds in (10, 30, 90, 300):
		assert OTHER_WAY not in world.kinds(world.item(ticket))
		world.forward(seconds=seconds)
	world.expect_email(TECH)


def test_18_an_unknown_outcome_is_no_failure(world: World) -> None:
	"""It may have arrived, twice: nobody is woken by another method for that."""
	world.endpoint(timeout=1)
	world.plan((0, "HTTP POST", "Endpoint", PAGER), (30, "Email", "User", LEAD))
	ticket = world.ticket()
	world.providers.faults.pager.close(taken=True, times=2)
	world.forward(10)
	world.expect_page()
	world.expect_page()
	assert went(world, ticket) == [("HTTP POST", "Unknown")]
	world.forward(29)
	world.forward(1)
	world.expect_email(LEAD)


def test_18_a_repetition_that_is_refused_goes_another_way(world: World) -> None:
	"""The first may have arrived, but nobody knows: a missed page is worse than a second one."""
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (30, "Email", "User", LEAD))
	ticket = world.ticket()
	world.providers.faults.twilio.lose_answer(taken=False)
	world.providers.faults.twilio.refuse(21610)
	world.forward(10)
	world.forward(seconds=10)
	assert went(world, ticket)[0] == ("SMS", "Failed")
	world.expect_email(TECH)


def test_18_a_notice_that_is_refused_wakes_nobody(world: World) -> None:
	world.plan((0, "SMS", "Address", TINA), (0, "Email"), (30, "Email", "User", LEAD))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(TINA)
	world.expect_email(TECH)
	world.providers.faults.twilio.refuse(21610)
	assert Form(world, ticket, TECH).click("acknowledge")[0]
	world.forward(1)
	assert world.messages(world.item(ticket), purpose="Notice")[0].status == "Failed"
	assert not {OTHER_WAY, FORWARD} & set(world.kinds(world.item(ticket)))
	world.forward(60)


def test_18_nothing_follows_once_somebody_has_it(world: World) -> None:
	"""Acknowledged between the failure and what would follow."""
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (0, "Email", "User", LEAD), (30, "Email", "User", SECOND))
	ticket = world.ticket()
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(another_way, "carry_out", lambda: 0)
		world.providers.faults.twilio.refuse(21211)
		world.forward(10)
	world.expect_email(LEAD)
	item = world.item(ticket)
	assert failures.items_waiting(world.now, 5) == [item.name]
	assert Form(world, ticket, LEAD).click("acknowledge")[0]
	world.tick()
	assert failures.items_waiting(world.now, 5) == []
	assert OTHER_WAY not in world.kinds(item)


def test_18_nothing_follows_for_who_has_acknowledged_while_others_are_asked(world: World) -> None:
	"""The SMS was on its way when the button in the mail was pressed."""
	needs("HD Team")
	add_team("The Two", (TECH, LEAD))
	world.contact(TECH, TINA)
	plan = world.plan((0, "Email"))
	step = {"whom": "Team", "team": "The Two", "acknowledgements": "Everyone", "wait": 0}
	plan.set(
		"steps",
		[{**step, "method": "Email"}, {**step, "method": "SMS"}, world.step(30, "Email", "User", SECOND)],
	)
	plan.save()
	ticket = world.ticket()
	world.forward(10)
	mail, sms = world.expect_email(TECH), world.expect_sms(TINA)
	world.expect_email(LEAD)
	world.post(mail.links[0])
	assert world.item(ticket).acknowledgements.startswith("1 of")
	world.receipt(sms, "undelivered", error=30003)
	world.forward(1)
	world.expect_email(LEAD, "Tina Tech has acknowledged")
	assert not {OTHER_WAY, FORWARD} & set(world.kinds(world.item(ticket)))
	world.change(ticket, status="Closed")


def test_18_who_is_called_to_help_is_paged_another_way(world: World) -> None:
	"""Somebody has the item, and called somebody else: nothing is brought forward, but the one who was called is reached."""
	world.contact(LEAD, LEO)
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (30, "Email", "User", SECOND))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(TINA)
	form = Form(world, ticket, TECH)
	assert form.click("acknowledge")[0]
	world.providers.faults.twilio.refuse(21211)
	assert form.click("add_person", who=LEAD)[0]
	world.tick()
	world.expect_email(LEAD)
	item = world.item(ticket)
	assert item.status == "Acknowledged" and FORWARD not in world.kinds(item)


def test_18_what_follows_waits_for_who_holds_the_item(world: World) -> None:
	"""What is wrong with one item keeps no other waiting, and is tried again later."""
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (60, "Email", "User", LEAD))
	tickets = [world.ticket("bad"), world.ticket("sound")]
	bad = world.item(tickets[0]).name
	world.providers.faults.twilio.refuse(21211, times=2)
	follow = another_way.follow

	def breaks(failed, now, directory) -> None:
		if failed.action_item == bad:
			raise ZeroDivisionError("broken")
		follow(failed, now, directory)

	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(another_way, "follow", breaks)
		world.forward(10)
		world.tick()
	world.expect_error("what follows where a message of")
	assert [OTHER_WAY in world.kinds(world.item(ticket)) for ticket in tickets] == [False, True]
	world.expect_email(TECH, "sound")
	world.forward(5)
	world.expect_email(TECH, "bad")
	frappe.db.commit()
