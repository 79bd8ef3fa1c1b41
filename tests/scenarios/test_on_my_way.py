"""Section 8: somebody is on the way, or wants quiet, from a message. Nobody has it yet."""

from datetime import timedelta
from typing import Any

import frappe

from escalation_mgmt.actions.from_message import SNOOZES, What
from escalation_mgmt.actions.on_my_way import MINUTES
from tests.scenarios.test_undo import LEAD, SECOND, TECH, offers, press, ticket  # noqa: F401
from tests.world import World


def test_on_the_way_it_is_quiet_the_others_are_told_and_then_it_goes_on(world: World, ticket: Any) -> None:  # noqa: F811
	assert press(world, TECH, ticket, "on_my_way", 60).done
	item = world.item(ticket)
	assert (item.status, item.due_utc) == ("Snoozed", world.now + timedelta(minutes=60))
	assert not item.acknowledged_by and "Tina Tech is on the way (Phone Page): quiet until" in world.lines(
		item
	)
	world.tick()
	told = world.expect_email(LEAD, "Tina Tech is on the way to ticket")
	assert "It is quiet until" in told.text
	again = press(world, LEAD, ticket, "on_my_way", 15)
	assert not again.done and again.message.startswith("Tina Tech is on the way, quiet until")
	assert offers(world, LEAD, ticket) == [What.ACKNOWLEDGE, What.PASS_ON]
	world.forward(59)
	world.forward(1)
	world.expect_email(SECOND)
	assert not world.item(ticket).coming
	assert press(world, LEAD, ticket, "on_my_way", 15).done  # it goes on, and may be said again
	world.tick()
	for user in (TECH, SECOND):
		world.expect_email(user, "Leo Lead is on the way")


def test_for_so_long_as_is_offered_and_no_longer(world: World, ticket: Any) -> None:  # noqa: F811
	for forged in (None, "", "x", 0, -15, 7, 121, 10**9, "1e9"):
		for what in ("on_my_way", "snooze"):
			done = press(world, TECH, ticket, what, forged)
			assert not done.done and done.message.startswith("Choose "), (what, forged)
	assert (MINUTES, SNOOZES) == ((15, 30, 60, 120), (15, 30, 60))
	assert world.item(ticket).status == "Escalating"


def test_snoozed_from_a_message_where_the_plan_lets_them(world: World) -> None:
	world.plan((0, "Email"), (5, "Email", "User", LEAD), notified_may_snooze=0)
	doc = world.ticket()
	world.forward(10)
	world.expect_email(TECH)
	assert What.SNOOZE not in offers(world, TECH, doc)
	refused = press(world, TECH, doc, "snooze", 15)
	assert refused.message == "The plan doesn't let you snooze it from here."
	# frozen: what is allowed from now on is of later items
	frappe.db.set_value(
		"Escalation Plan", frappe.get_all("Escalation Plan", pluck="name")[0], "notified_may_snooze", 1
	)
	assert not press(world, TECH, doc, "snooze", 15).done
	world.forward(5)
	world.expect_email(LEAD)


def test_snoozed_by_default(world: World, ticket: Any) -> None:  # noqa: F811
	done = press(world, TECH, ticket, "snooze", 15)
	assert done.done and "Nobody has it yet" in done.message
	assert "by Tina Tech (Phone Page)." in world.lines(world.item(ticket))
	world.forward(15)
	world.expect_email(SECOND)


def test_who_comes_has_it_once_they_acknowledge(world: World, ticket: Any) -> None:  # noqa: F811
	press(world, TECH, ticket, "on_my_way", 15)
	world.tick()
	world.expect_email(LEAD, "on the way")
	assert press(world, TECH, ticket, "acknowledge").done
	assert press(world, TECH, ticket, "undo").done
	item = world.item(ticket)
	assert item.status == "Snoozed" and "Tina Tech" in item.coming
	assert press(world, TECH, ticket, "acknowledge").done
	assert not world.item(ticket).coming
	world.forward(1)
	world.expect_email(LEAD, "Tina Tech has acknowledged")
