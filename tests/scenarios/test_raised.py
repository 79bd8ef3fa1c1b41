"""Scenario 34: a ticket that was answered, and whose priority is raised afterwards, by a save or past every document event."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import frappe
import pytest

from escalation_mgmt.actions.stop import stop
from escalation_mgmt.engine import Actor
from tests.world import World

Change = Callable[..., None]


def save(world: World, ticket: Any, **fields: Any) -> None:
	world.change(ticket, **fields)


def unseen(world: World, ticket: Any, **fields: Any) -> None:
	"""As a script does: no document event says it, nor `modified`. The sweep has to find it."""
	frappe.db.set_value("HD Ticket", ticket.name, fields, update_modified=False)
	world.sweep()


def with_plans(world: World, **urgent: Any) -> None:
	world.plan((0, "Email"), title="High")
	world.plan(
		(0, "Email", "User", "lead@x.test"), title="Urgent", priorities=["Urgent"], window=300, **urgent
	)


def answered(world: World, priority: str = "High", **more: Any) -> Any:
	ticket = world.ticket(priority=priority, **more)
	world.reply(ticket)
	world.wait(5)  # messages follow the real clock, so that the answer lies before what comes
	return ticket


def plans_of(ticket: Any) -> list[str]:
	return frappe.get_all(
		"Escalation Action Item",
		filters={"reference_name": str(ticket.name)},
		pluck="plan",
		order_by="name",
	)


how = pytest.mark.parametrize("change", [save, unseen])


@how
@pytest.mark.parametrize("start", ["After Its Own Window", "At the Deadline"])
@pytest.mark.parametrize("priority", ["High", "Low"], ids=["had an item", "no plan took it"])
def test_34_answered_and_then_raised_opens_the_plan_for_it_with_its_own_window(
	world: World, change: Change, start: str, priority: str
) -> None:
	with_plans(world, start=start)
	ticket = answered(world, priority)
	frappe.db.set_value("HD Ticket", ticket.name, "response_by", "2020-01-01 00:00:00", update_modified=False)
	before = plans_of(ticket)
	change(world, ticket, priority="Urgent")
	assert plans_of(ticket) == [*before, "Urgent"]
	item = world.item(ticket, len(before))
	assert (item.status, item.due_utc) == ("Scheduled", world.now + timedelta(minutes=5))
	world.sweep()
	world.forward(5, seconds=-1)
	world.forward(seconds=1)
	world.expect_email("lead@x.test")
	assert plans_of(ticket) == [*before, "Urgent"]


@how
def test_34_a_reply_after_the_raise_ends_the_new_one(world: World, change: Change) -> None:
	with_plans(world)
	ticket = answered(world)
	world.wait(-30)  # the reply that follows is stamped by the real clock
	change(world, ticket, priority="Urgent")
	assert world.item(ticket, 1).status == "Scheduled"
	world.reply(ticket)
	assert world.item(ticket, 1).status == "Resolved" and plans_of(ticket) == ["High", "Urgent"]
	world.sweep()
	world.wait(60)
	change(world, ticket, priority="Medium")
	change(world, ticket, priority="Urgent")
	assert plans_of(ticket) == ["High", "Urgent", "Urgent"], "a raise of its own"


@how
@pytest.mark.parametrize("priority", ["High", "Low"], ids=["had an item", "no plan took it"])
def test_34_what_is_no_raise_opens_nothing(world: World, change: Change, priority: str) -> None:
	with_plans(world)
	world.plan((0, "Email"), title="Medium", priorities=["Medium"])
	world.plan((0, "Email"), title="Team", priorities=[], team="Network", rank=1)
	ticket = answered(world, priority)
	before = plans_of(ticket)
	change(world, ticket, priority=priority)
	change(world, ticket, priority=priority)
	change(world, ticket, agent_group="Network")
	change(world, ticket, agent_group=None)
	world.reply(ticket, "customer@x.test", "Received")
	if priority == "High":
		change(world, ticket, priority="Medium")
	world.sweep()
	assert plans_of(ticket) == before


@how
def test_34_raised_to_a_priority_of_the_same_plan_opens_nothing(world: World, change: Change) -> None:
	world.plan((0, "Email"), priorities=["High", "Urgent"])
	ticket = answered(world)
	change(world, ticket, priority="Urgent")
	world.sweep()
	assert plans_of(ticket) == ["Outage"]


def test_34_raised_and_lowered_unseen_opens_nothing(world: World) -> None:
	with_plans(world)
	ticket = answered(world)
	for priority in ("Urgent", "High"):
		frappe.db.set_value("HD Ticket", ticket.name, "priority", priority, update_modified=False)
	world.sweep()
	assert plans_of(ticket) == ["High"]


@how
def test_34_lowered_again_ends_it_and_opens_nothing(world: World, change: Change) -> None:
	with_plans(world)
	ticket = answered(world)
	change(world, ticket, priority="Urgent")
	world.wait(1)
	change(world, ticket, priority="High")
	item = world.item(ticket, 1)
	assert item.status == "Cancelled" and "lowered again" in world.lines(item)
	for _turn in range(2):
		world.sweep()
		world.change(ticket, description="more")
	assert plans_of(ticket) == ["High", "Urgent"], "it was answered as High"
	world.wait(1)
	change(world, ticket, priority="Urgent")
	assert plans_of(ticket) == ["High", "Urgent", "Urgent"]


@how
def test_34_moved_among_plans_while_it_is_raised_it_is_replaced(world: World, change: Change) -> None:
	"""Answered as Low and raised to Urgent: lowered to High, it is still higher than what was answered."""
	with_plans(world)
	ticket = answered(world, "Low")
	change(world, ticket, priority="Urgent")
	world.wait(1)
	change(world, ticket, priority="High")
	assert plans_of(ticket) == ["Urgent", "High"] and world.item(ticket, 1).status == "Scheduled"
	change(world, ticket, priority="Low")
	assert world.item(ticket, 1).status == "Cancelled"


def test_34_raised_where_the_sweep_looks_rarely(world: World) -> None:
	"""What a save finds, it compares with what was there just before, whatever was remembered."""
	with_plans(world)
	ticket = answered(world, "Urgent")
	frappe.db.set_value("HD Ticket", ticket.name, "priority", "Low", update_modified=False)
	frappe.db.commit()
	world.change(ticket, priority="Urgent")
	assert plans_of(ticket) == ["Urgent", "Urgent"]


@how
def test_34_a_stopped_one_isnt_opened_for_the_same_raise(world: World, change: Change) -> None:
	with_plans(world)
	ticket = answered(world)
	change(world, ticket, priority="Urgent")
	stop(world.item(ticket, 1).name, "known", Actor(name="Ada", via="Desk"))
	for _turn in range(2):
		world.sweep()
		world.change(ticket, description="more")
	assert plans_of(ticket) == ["High", "Urgent"]
