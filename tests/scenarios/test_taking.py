"""Which tickets a plan may take: those logged after it was enabled, or whose deadline, raise or reopening lies after that."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import frappe
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation_mgmt.dispatch import evaluation
from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import plans
from escalation_mgmt.patches.v0_1 import states_of_tickets
from escalation_mgmt.preflight import taking
from escalation_mgmt.storage import ticket_states
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import PLAN, TICKET_STATE
from tests.profiles import NIGHTLY
from tests.world import World

Change = Callable[..., None]
LONG_AGO = "2020-01-01 00:00:00"


def save(world: World, ticket: Any, **fields: Any) -> None:
	world.change(ticket, **(fields or {"description": "more"}))


def unseen(world: World, ticket: Any, **fields: Any) -> None:
	"""As a script does: no document event says it, nor `modified`. The sweep has to find it."""
	if "status" in fields and frappe.get_meta("HD Ticket").has_field("status_category"):
		category = {"Open": "Open", "Replied": "Paused", "Resolved": "Resolved"}[fields["status"]]
		fields = {**fields, "status_category": category}
	if fields:
		frappe.db.set_value("HD Ticket", ticket.name, fields, update_modified=False)
	world.sweep()


def of_before(world: World, due: float | None = None, **more: Any) -> Any:
	"""A ticket logged before the plan is enabled, an hour from now; due so many minutes after that."""
	ticket = world.ticket(to="", **more)
	deadline = None if due is None else clock.to_site(world.now + timedelta(minutes=60 + due))
	# From when Helpdesk counts it anew, at each save.
	fields = {"response_by": deadline} | (
		{} if due and due > 0 else {"service_level_agreement_creation": LONG_AGO}
	)
	frappe.db.set_value("HD Ticket", ticket.name, fields, update_modified=False)
	return ticket


def enabled(world: World, **more: Any) -> Any:
	world.wait(60)
	plan = world.plan((0, "Email"), **more)
	world.wait(1)
	frappe.clear_messages()
	return plan


how = pytest.mark.parametrize("change", [save, unseen])


@how
@pytest.mark.parametrize(
	("due", "taken"), [(30, True), (-30, False), (None, False)], ids=["due later", "overdue", "no deadline"]
)
def test_a_ticket_of_before_is_taken_only_where_its_deadline_lies_after(
	world: World, change: Change, due: float | None, taken: bool
) -> None:
	ticket = of_before(world, due)
	enabled(world)
	for _turn in range(2):
		change(world, ticket)
		world.sweep()
	assert world.count_items() == taken


@how
def test_a_deadline_that_moves_makes_it_one(world: World, change: Change) -> None:
	ticket = of_before(world, -30)
	enabled(world)
	later = clock.to_site(world.now + timedelta(minutes=10))
	change(world, ticket, response_by=later, service_level_agreement_creation=later)
	assert world.count_items() == 1


@how
def test_raised_after_the_plan_was_enabled_it_is_taken(world: World, change: Change) -> None:
	ticket = of_before(world, -30, priority="Low")
	enabled(world)
	world.sweep()
	assert world.count_items() == 0
	change(world, ticket, priority="High")
	assert world.item(ticket).status == "Scheduled"


@how
@pytest.mark.parametrize("fields", [{"priority": "Medium"}, {"agent_group": "Network"}])
def test_lowered_or_moved_it_isnt(world: World, change: Change, fields: dict[str, str]) -> None:
	ticket = of_before(world, -30, priority="Urgent")
	enabled(world, priorities=["Medium"])
	if "agent_group" in fields:
		world.plan((0, "Email"), title="Team", priorities=[], team="Network")
		world.wait(1)
	change(world, ticket, **fields)
	world.sweep()
	assert world.count_items() == 0


@how
@pytest.mark.parametrize("closed", ["before", "after"])
def test_reopened_after_the_plan_was_enabled_it_is_taken(world: World, change: Change, closed: str) -> None:
	ticket = of_before(world, -30)
	if closed == "before":
		save(world, ticket, status="Resolved")
	enabled(world)
	if closed == "after":
		change(world, ticket, status="Resolved")
	assert world.count_items() == 0
	world.wait(1)
	change(world, ticket, status="Open")
	assert world.item(ticket).status == "Scheduled"


def test_enabled_again_it_takes_nothing_of_the_time_between(world: World) -> None:
	plan = enabled(world)
	first = plan.enabled_utc
	plan.update({"enabled": 0}).save()
	of_before(world, -30)
	world.wait(60)
	plan.update({"enabled": 1}).save()
	assert plan.enabled_utc > first
	world.sweep()
	assert world.count_items() == 0
	plan.update({"subject": "Look"}).save()
	assert plan.enabled_utc == world.now, "an edit changes nothing of it"


def said() -> list[str]:
	found = [message["message"] for message in frappe.get_message_log()]
	frappe.clear_messages()
	return [message for message in found if "open tickets" in message]


def test_enabling_says_how_many_open_tickets_that_means_and_the_sweep_takes_as_many(world: World) -> None:
	frappe.clear_messages()
	for due in (10, 20, 30, -30, None):
		of_before(world, due)
	of_before(world, 30, priority="Low")
	world.reply(of_before(world, 30))
	world.reply(of_before(world, -30))
	world.change(of_before(world, -30), status="Resolved")
	world.wait(60)
	world.plan((0, "Email"), title="Another", priorities=["Urgent"])
	assert said() == []
	plan = world.plan((0, "Email"))
	assert said() == ["3 open tickets will be taken, 2 older ones not."]
	plan.update({"subject": "Look"}).save()
	assert said() == []
	world.sweep()
	assert world.count_items() == 3
	plan.update({"enabled": 0}).save()
	assert said() == []
	plan.update({"enabled": 1}).save()
	assert said() == ["0 open tickets will be taken, 2 older ones not."], "three have theirs"


def test_what_is_counted_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(taking, "PAGE", 1)
	monkeypatch.setattr(taking, "COUNTED", 2)
	for due in (10, 20, 30, -30):
		of_before(world, due)
	world.wait(60)
	world.plan((0, "Email"))
	assert said() == ["At least 2 open tickets will be taken, and at least 0 older ones not."]


def test_an_edit_that_may_take_more_counts_from_then_on(world: World) -> None:
	"""Else what a year has left behind would start at once. One that takes less, or as much, changes nothing."""
	plan = enabled(world, priorities=["High", "Medium"])
	first = plan.enabled_utc
	for priority in ("Low", "Low"):
		world.wait(seconds=1)
		ticket = world.ticket(priority=priority, to="")
		late = {"response_by": clock.to_site(world.now), "creation": clock.to_site(world.now)}
		frappe.db.set_value("HD Ticket", ticket.name, late, update_modified=False)
	world.wait(30)
	plan.update({"rank": 3, "priorities": [{"priority": "High"}], "condition": "doc.subject"}).save()
	assert (plan.enabled_utc, said()) == (first, [])
	plan.update({"priorities": [{"priority": "High"}, {"priority": "Low"}]}).save()
	assert (plan.enabled_utc, said()) == (world.now, ["0 open tickets will be taken, 2 older ones not."])
	world.sweep()
	assert world.count_items() == 0
	world.wait(1)
	plan.update({"condition": ""}).save()
	assert plan.enabled_utc == world.now


def test_enabled_past_its_form_it_takes_nothing_of_before(world: World) -> None:
	"""As by an import, or a script."""
	ticket = of_before(world, -90)
	world.plan((0, "Email"), enabled=0)
	frappe.db.set_value(PLAN, "Outage", {"enabled": 1, "enabled_utc": None})
	plans.forget_watched()
	for _turn in range(2):
		world.sweep()
		save(world, ticket)
	assert world.count_items() == 0


def test_a_plan_is_enabled_though_its_tickets_cant_be_counted(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(taking, "count", lambda _doc: 1 / 0)
	assert world.plan((0, "Email")).enabled_utc == world.now
	world.expect_error("can't be counted")


def test_after_an_upgrade_every_enabled_plan_knows_since_when_and_tickets_are_remembered(
	world: World,
) -> None:
	ticket = of_before(world, -30)
	plan = enabled(world)
	world.plan((0, "Email"), title="Off", enabled=0)
	frappe.db.set_value(PLAN, plan.name, "enabled_utc", None, update_modified=False)
	frappe.db.delete(TICKET_STATE)
	states_of_tickets.execute()
	since = frappe.db.get_value(PLAN, plan.name, "enabled_utc")
	assert since == clock.stamp_to_utc(plan.modified)
	assert frappe.db.get_value(PLAN, "Off", "enabled_utc") is None
	names = frappe.get_all(TICKET_STATE, pluck="reference_name", order_by="reference_name")
	assert names == ["", str(ticket.name)]
	states_of_tickets.execute()
	assert frappe.db.count(TICKET_STATE) == 2


def test_no_upgrade_stops_at_tickets_that_can_not_be_read(world: World) -> None:
	"""Before sources were System Managers' to name, a plan could be for any DocType."""
	plan = enabled(world)
	frappe.db.set_value(PLAN, plan.name, "reference_doctype", "Contact", update_modified=False)
	frappe.db.delete(TICKET_STATE)
	for _time in range(2):
		states_of_tickets.execute()
		world.expect_error("what Contact are now can't be remembered")
	assert frappe.db.count(TICKET_STATE) == 0


def test_since_when_a_plan_takes_tickets_is_nobodys_to_say(world: World) -> None:
	ticket = of_before(world, -30)
	plan = enabled(world)
	plan.reload().update({"enabled_utc": LONG_AGO}).save()
	assert plan.reload().enabled_utc > frappe.utils.get_datetime("2021-01-01")
	doc = frappe.copy_doc(plan).update({"title": "Posted", "enabled_utc": LONG_AGO})
	assert doc.insert().enabled_utc == world.now
	save(world, ticket)
	world.sweep()
	assert world.count_items() == 0


def test_capitals_of_a_resolved_status_reopen_nothing(world: World) -> None:
	"""MariaDB doesn't mind them."""
	world.todos_are_tickets(resolved="closed\nCANCELLED")
	world.plan((0, "Email"), reference_doctype="ToDo")
	for status in ("Closed", "Cancelled"):
		doc = frappe.get_doc(
			{"doctype": "ToDo", "description": status, "priority": "High", "status": status}
		).insert()
		for _time in range(2):
			world.sweep()
			doc.reload().save()
	frappe.db.commit()
	assert world.count_items() == 0


@how
def test_the_category_of_a_status_decides_for_a_save_and_for_the_sweep(world: World, change: Change) -> None:
	"""A site may name a status Resolved and have it count as open."""
	if not frappe.get_meta("HD Ticket").has_field("status_category"):
		pytest.skip("this Helpdesk has no categories")
	plan = world.plan((0, "Email"), enabled=0)
	ticket = world.ticket(to="")
	odd = {"status": "Resolved", "status_category": "Paused"}
	frappe.db.set_value("HD Ticket", ticket.name, odd, update_modified=False)
	world.wait(1)
	plan.reload().update({"enabled": 1}).save()
	frappe.db.set_value(
		"HD Ticket", ticket.name, "response_by", clock.to_site(world.now + timedelta(hours=1))
	)
	frappe.db.commit()
	if change is unseen:
		world.sweep()
	else:
		evaluation.evaluate_ticket(TicketKey("HD Ticket", str(ticket.name)))
	assert world.count_items() == 1


def test_what_is_remembered_ends_with_the_last_plan(world: World) -> None:
	ticket = world.ticket(to="")
	first, second = enabled(world), world.plan((0, "Email"), title="Second")
	assert frappe.db.count(TICKET_STATE) == 2
	first.reload().update({"enabled": 0}).save()
	assert frappe.db.count(TICKET_STATE) == 2
	frappe.delete_doc("HD Ticket", ticket.name)
	assert frappe.db.count(TICKET_STATE) == 1
	lost = world.ticket(to="")
	frappe.db.delete("HD Ticket", {"name": lost.name})
	world.sweep()
	assert frappe.db.count(TICKET_STATE) == 1
	second.reload().delete()
	assert frappe.db.count(TICKET_STATE) == 0


def test_statuses_that_count_otherwise_from_now_on_reopen_nothing(world: World) -> None:
	world.todos_are_tickets(resolved="Closed\nCancelled")
	done = frappe.get_doc({"doctype": "ToDo", "description": "x", "priority": "High", "status": "Cancelled"})
	done.insert()
	world.wait(60)
	world.plan((0, "Email"), reference_doctype="ToDo")
	world.wait(1)
	settings = frappe.get_doc("Escalation Settings")
	settings.sources[0].resolved_statuses = "Closed"
	settings.save()
	for _turn in range(2):
		world.sweep()
		world.change(done, description="more")
	assert world.count_items() == 0
	row = frappe.db.get_value(TICKET_STATE, {"reference_name": done.name}, ["closed", "reopened"])
	assert row == (0, 0)


def test_a_renamed_ticket_is_no_raise(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket(priority="Low")
	world.reply(ticket)
	state = {"reference_name": str(ticket.name)}
	ticket_states.follow_rename(frappe._dict(doctype="HD Ticket"), "after_rename", str(ticket.name), "new")
	row = frappe.db.get_value(TICKET_STATE, {"reference_name": "new"}, ["ticket", "priority"])
	assert row == ("HD Ticket/new", "Low") and not frappe.db.exists(TICKET_STATE, state)
	ticket_states.follow_rename(frappe._dict(doctype="HD Ticket"), "after_rename", "new", "other", merge=True)
	assert frappe.db.count(TICKET_STATE) == 1
	frappe.db.rollback()


changes = st.one_of(
	st.builds(lambda priority: {"priority": priority}, st.sampled_from(["Low", "Medium", "High", "Urgent"])),
	st.builds(lambda team: {"agent_group": team}, st.sampled_from([None, "Network"])),
	st.builds(lambda status: {"status": status}, st.sampled_from(["Open", "Resolved"])),
	st.just("reply"),
)


def opened_by(world: World, change: Change, priority: str, before: list, after: list) -> list[tuple]:
	"""What a ticket's changes before and after the plans are enabled come to."""
	world.clean()
	frappe.clear_messages()
	world.now = world.start
	ticket = of_before(world, -30, priority=priority)
	for number, what in enumerate((*before, "enable", *after)):
		world.wait(5 if what != "enable" else 60)
		if what == "reply":
			world.reply(ticket)
		elif what == "enable":
			world.plan((0, "Email"), title="High", priorities=["High", "Medium"], rank=2)
			world.plan((0, "Email"), title="Urgent", priorities=["Urgent"], rank=2)
			world.plan((0, "Email"), title="Network", priorities=[], team="Network", rank=1)
		elif number < len(before):
			save(world, ticket, **what)
		else:
			change(world, ticket, **what)
	world.sweep()
	return frappe.get_all(
		"Escalation Action Item", fields=["plan", "status", "answered_level"], order_by="name", as_list=True
	)


def test_whatever_changes_a_save_and_the_sweep_take_the_same(world: World) -> None:

	@settings(
		max_examples=100 if NIGHTLY else 10,
		deadline=None,
		suppress_health_check=list(HealthCheck),
		database=None,
	)
	@given(
		priority=st.sampled_from(["Low", "High", "Urgent"]),
		before=st.lists(changes, max_size=2),
		after=st.lists(changes, min_size=1, max_size=3),
	)
	def alike(priority: str, before: list, after: list) -> None:
		by_save, by_sweep = (opened_by(world, change, priority, before, after) for change in (save, unseen))
		assert by_save == by_sweep

	alike()
