"""Scenario 46, the server's side: an acknowledgement is undone within its minute, and nobody has heard of it."""

from typing import Any

import frappe
import pytest

from escalation_mgmt.actions.from_message import Done, What, answered_by_user, do, offered
from escalation_mgmt.dispatch import dispatcher
from escalation_mgmt.utils.doctypes import NOTIFICATION
from escalation_mgmt.utils.retry import retry_on_conflict
from tests.scenarios.test_ticket_form import Form
from tests.world import World

TECH, LEAD, SECOND = "tech@x.test", "lead@x.test", "second@x.test"
LEO = "+4915112345602"


def press(
	world: World, user: str, ticket: Any, what: str, minutes: int | None = None, position: str = ""
) -> Done:
	"""As the app does it."""
	item = world.item(ticket).name
	return retry_on_conflict(
		lambda: do(what, answered_by_user(user, item, position), "Phone Page", minutes=minutes)
	)


def offers(world: World, user: str, ticket: Any) -> list[What]:
	return [each.what for each in offered(answered_by_user(user, world.item(ticket).name))]


@pytest.fixture
def ticket(world: World) -> Any:
	"""Two have been paged, and a third is next in five minutes."""
	world.plan((0, "Email"), (0, "Email", "User", LEAD), (5, "Email", "User", SECOND))
	doc = world.ticket()
	world.forward(10)
	world.expect_email(TECH)
	world.expect_email(LEAD)
	return doc


def state(world: World, ticket: Any) -> dict[str, Any]:
	"""What an undo restores, or leaves."""
	item = world.item(ticket)
	columns = ("status", "due_utc", "resumes_utc", "generation", "run", "next_group", "acks", "maintenance")
	return {column: item.get(column) for column in columns} | {"acknowledged_by": item.acknowledged_by or ""}


def test_46_undone_within_the_minute_it_is_as_it_was_and_nobody_was_told(world: World, ticket: Any) -> None:
	before = state(world, ticket)
	world.wait(1)
	done = press(world, TECH, ticket, "acknowledge")
	assert done.done and done.undo_until and (done.undo_until - world.now).total_seconds() == 60
	assert What.UNDO in offers(world, TECH, ticket) and What.UNDO not in offers(world, LEAD, ticket)
	world.forward(seconds=59)
	undone = press(world, TECH, ticket, "undo")
	assert undone.done and undone.message.startswith("Undone. You don't have it"), undone.message
	assert state(world, ticket) == before
	lines = world.lines(world.item(ticket))
	assert "Tina Tech took the acknowledgement back within its minute (Phone Page)." in lines
	world.forward(3, seconds=1)  # at its own time, the next step, and nothing of an acknowledgement
	world.expect_email(SECOND)
	assert world.item(ticket).status == "Escalating"


def test_46_pressed_twice_by_two_people_after_an_undo(world: World, ticket: Any) -> None:
	assert press(world, TECH, ticket, "acknowledge").done
	assert press(world, TECH, ticket, "").message == "Tina Tech acknowledged this already (Phone Page)."
	assert press(world, LEAD, ticket, "undo").message == "Tina Tech has it."
	assert press(world, TECH, ticket, "undo").done
	assert (
		press(world, TECH, ticket, "undo").message
		== "The escalation is Escalating; there is nothing to undo."
	)
	assert press(world, LEAD, ticket, "acknowledge").done
	assert press(world, TECH, ticket, "undo").message == "Leo Lead has it."
	world.forward(1)
	world.expect_email(TECH, "Leo Lead has acknowledged")
	late = press(world, LEAD, ticket, "undo")
	assert not late.done and "The minute is over" in late.message
	assert world.item(ticket).acknowledged_user == LEAD


def test_46_what_was_withdrawn_is_sent_after_all(world: World, ticket: Any) -> None:
	world.wait(5)
	frappe.db.commit()
	dispatcher.tick(send=lambda: None)  # queued, and not handed to anybody
	assert press(world, TECH, ticket, "acknowledge").done
	assert world.messages(world.item(ticket), user=SECOND)[0].status == "Withdrawn"
	assert press(world, TECH, ticket, "undo").done
	world.tick()
	world.expect_email(SECOND)


def test_46_given_back_or_answered_within_the_minute_nobody_hears_of_the_acknowledgement(
	world: World, ticket: Any
) -> None:
	press(world, TECH, ticket, "acknowledge")
	assert Form(world, ticket, TECH).click("unacknowledge")[0]
	world.forward(2)
	world.expect_email(LEAD, "Nobody has ticket")
	press(world, TECH, ticket, "acknowledge")
	world.change(ticket, status="Resolved")
	world.forward(2)
	for user in (TECH, LEAD):
		world.expect_email(user, "has been answered")
	assert not press(world, TECH, ticket, "undo").done


def test_46_undone_where_it_was_quiet_or_over(world: World, ticket: Any) -> None:
	"""A snooze goes on, and what was exhausted is so again."""
	assert press(world, LEAD, ticket, "snooze", 60).done
	quiet = state(world, ticket)
	press(world, TECH, ticket, "acknowledge")
	press(world, TECH, ticket, "undo")
	assert state(world, ticket) == quiet and quiet["status"] == "Snoozed"
	world.forward(60)
	world.expect_email(SECOND)
	world.forward(30)
	world.expect_email("owner@x.test")
	over = state(world, ticket)
	assert over["status"] == "Exhausted"
	press(world, TECH, ticket, "acknowledge")
	press(world, TECH, ticket, "undo")
	assert state(world, ticket) == over
	frappe.db.commit()


def test_news_that_waits_still_is_taken_back_whenever_it_is_given_back(world: World) -> None:
	"""Where no dispatcher stays, news of a minute ago goes out minutes later."""
	world.plan((0, "Email"), (0, "Email", "User", LEAD), (5, "Email", "User", SECOND))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email(TECH)
	world.expect_email(LEAD)
	assert press(world, TECH, ticket, "acknowledge").done
	world.wait(seconds=90)
	assert Form(world, ticket, TECH).click("unacknowledge")[0]
	world.tick()
	assert not any("has acknowledged" in message.text for message in world.inbox.take_all())


def test_an_address_that_looks_like_the_one_that_acknowledged_undoes_nothing(world: World) -> None:
	"""Both are s…@y.test to whoever reads the history."""
	world.plan(
		(0, "Email", "Address", "sales@y.test"), (0, "Email", "Address", "support@y.test"), (30, "Email")
	)
	ticket = world.ticket()
	world.forward(10)
	sales, support = (world.expect_email(f"{name}@y.test").links[0] for name in ("sales", "support"))
	assert world.post(sales).ok
	assert "Somebody has it." in world.post(support, data={"do": "undo"}).text
	assert world.item(ticket).status == "Acknowledged"


def test_of_two_addresses_that_look_alike_each_is_one(world: World) -> None:
	"""Whoever has it is reminded, and alone says that they are still on it; history tells the two apart."""
	world.plan(
		(0, "Email", "Address", "sales@y.test"), (0, "Email", "Address", "support@y.test"), ack_timeout=600
	)
	ticket = world.ticket()
	world.forward(10)
	sales, support = (world.expect_email(f"{name}@y.test").links[0] for name in ("sales", "support"))
	assert world.post(support).ok
	assert world.item(ticket).acknowledged_by == "s…@y.test (2)"
	world.forward(10)
	world.expect_email("sales@y.test")  # who has it
	world.expect_email("support@y.test")  # are they still on it?
	world.wait(seconds=60)
	due = world.item(ticket).due_utc
	assert world.post(sales).ok
	assert world.item(ticket).due_utc == due
	assert world.post(support).ok
	assert world.item(ticket).due_utc > due
	world.inbox.take_all()


@pytest.mark.parametrize("undone", [True, False])
def test_what_fails_within_the_minute_is_followed_once_it_is_undone(world: World, undone: bool) -> None:
	world.contact(LEAD, LEO)
	world.plan((0, "Email"), (0, "SMS", "User", LEAD), (30, "Email", "User", SECOND))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email(TECH)
	sms = world.expect_sms(LEO)
	press(world, TECH, ticket, "acknowledge")
	world.receipt(sms, "undelivered", error=30003)
	world.forward(seconds=30)
	if undone:
		press(world, TECH, ticket, "undo")
	world.forward(seconds=40)
	if undone:
		world.expect_email(LEAD)  # another way
	else:
		world.expect_email(LEAD, "has acknowledged")
	assert not frappe.db.exists(NOTIFICATION, {"follow_up_utc": ("is", "set")})
