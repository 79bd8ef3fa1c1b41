"""What the clocks of a ticket meet: messages that move, mail that was under way, deadlines that nobody set, names that change."""

from datetime import timedelta
from typing import Any

import frappe

from escalation_mgmt.actions.start import start
from escalation_mgmt.engine import Actor, TicketKey
from escalation_mgmt.preflight import lookback, rehearsal, starting, taking
from escalation_mgmt.utils import clock
from escalation_mgmt.views import ticket_form
from tests.scenarios.test_changes import merge
from tests.scenarios.test_clocks import (
	LEAD,
	NEXT,
	OTHER,
	RESOLUTION,
	count,
	deadline,
	of,
	set_unseen,
)
from tests.world import World

HOURS = timedelta(hours=1)
CUSTOMER = "customer@x.test"


def asks(world: World, ticket: Any, *, minutes_ago: float = 0) -> str:
	"""The customer writes; so long ago, as when a message moved hither, or the site was busy."""
	world.reply(ticket, CUSTOMER, "Received")
	name = frappe.get_last_doc("Communication").name
	if minutes_ago:
		put_back(name, minutes_ago)
	return name


def put_back(name: str, minutes: float) -> None:
	then = frappe.utils.add_to_date(frappe.utils.now_datetime(), minutes=-minutes)
	frappe.db.set_value(
		"Communication", name, {"creation": then, "communication_date": then}, update_modified=False
	)
	frappe.db.commit()


def answers(world: World, ticket: Any, *, minutes_ago: float = 0) -> None:
	world.reply(ticket)
	if minutes_ago:
		put_back(frappe.get_last_doc("Communication").name, minutes_ago)
		set_unseen(
			ticket,
			last_agent_response=frappe.utils.add_to_date(frappe.utils.now_datetime(), minutes=-minutes_ago),
			first_responded_on=frappe.db.get_value(
				"Communication",
				{"reference_name": str(ticket.name), "sent_or_received": "Sent"},
				"creation",
				order_by="creation asc",
			),
		)


def asked_a_while_ago(world: World, ticket: Any) -> None:
	answers(world, ticket, minutes_ago=20)
	asks(world, ticket, minutes_ago=10)


def opened_again(world: World) -> Any:
	"""A ticket whose customer waited when it was closed, without a reply, and that an agent opened again."""
	next_plan(world)
	ticket = world.ticket()
	asked_a_while_ago(world, ticket)
	world.change(ticket, status="Resolved")
	world.change(ticket, status="Open")
	return ticket


def next_plan(world: World, **more: Any) -> Any:
	return world.plan(
		(0, "Email", "User", OTHER),
		**{"title": "Next", "clock": NEXT, "window": 1200, "last_wait": 7200, **more},
	)


def test_closed_without_a_reply_the_message_that_opens_it_again_is_the_one_that_counts(world: World) -> None:
	next_plan(world)
	ticket = world.ticket()
	asked_a_while_ago(world, ticket)
	assert count(ticket, NEXT) == 1
	world.change(ticket, status="Resolved")  # somebody called them
	assert of(world, ticket, NEXT).status == "Resolved"
	asks(world, ticket)
	assert count(ticket, NEXT) == 2
	frappe.db.commit()
	latest = frappe.get_last_doc("Communication")
	assert of(world, ticket, NEXT).clock_utc == clock.stamp_to_utc(latest.creation)


def test_closed_without_a_reply_and_opened_again_by_an_agent_nobody_waits(world: World) -> None:
	ticket = opened_again(world)
	world.sweep()
	assert count(ticket, NEXT) == 1


def test_closed_without_a_reply_and_started_by_hand_its_window_counts_from_then(world: World) -> None:
	ticket = opened_again(world)
	key, by = TicketKey("HD Ticket", str(ticket.name)), Actor(name="Ann", user="Administrator", via="Desk")
	(said, _end) = starting.preview(key, "Next", at_once=False)["rungs"]
	assert said["at"] == "in 20m"
	start(key, "Next", by, at_once=False)
	item = of(world, ticket, NEXT)
	assert item.due_utc == item.opened_utc + timedelta(minutes=20)
	world.sweep()
	assert of(world, ticket, NEXT).due_utc == item.due_utc


def test_closed_without_a_reply_another_plan_counts_from_the_same_message(world: World) -> None:
	next_plan(world)
	next_plan(world, title="Next, urgent", priorities=["Urgent"], window=3600)
	ticket = world.ticket()
	asked_a_while_ago(world, ticket)
	world.change(ticket, status="Resolved")
	asks(world, ticket)
	asked_at = of(world, ticket, NEXT).clock_utc
	world.change(ticket, priority="Urgent")
	moved = of(world, ticket, NEXT)
	assert (moved.plan, moved.clock_utc) == ("Next, urgent", asked_at)
	assert moved.due_utc == asked_at + HOURS


def test_closed_before_any_plan_took_it_what_was_said_before_is_answered(world: World) -> None:
	next_plan(world)
	ticket = world.ticket(priority="Low")
	asked_a_while_ago(world, ticket)
	world.change(ticket, status="Resolved")
	world.change(ticket, priority="High")
	asks(world, ticket)
	latest = frappe.get_last_doc("Communication")
	assert of(world, ticket, NEXT).clock_utc == clock.stamp_to_utc(latest.creation)


def test_found_by_the_sweep_closed_without_a_reply_and_opened_again(world: World) -> None:
	next_plan(world)
	ticket = world.ticket()
	asked_a_while_ago(world, ticket)
	set_unseen(ticket, status="Resolved", status_category="Resolved")
	world.sweep()
	frappe.flags.in_migrate = True
	try:
		asks(world, ticket)
	finally:
		frappe.flags.in_migrate = False
	set_unseen(ticket, status="Open", status_category="Open")
	world.wait(30)
	world.sweep()
	latest = frappe.get_last_doc("Communication")
	assert of(world, ticket, NEXT).clock_utc == clock.stamp_to_utc(latest.creation)


def test_the_resolution_opened_again_without_an_event(world: World) -> None:
	world.plan((0, "Email", "User", LEAD), clock=RESOLUTION, start="At Once", last_wait=60)
	ticket = world.ticket()
	world.tick()
	world.expect_email(LEAD)
	world.forward(2)
	world.expect_email("owner@x.test")
	assert of(world, ticket, RESOLUTION).status == "Exhausted"
	set_unseen(ticket, status="Resolved", status_category="Resolved")
	world.sweep()
	world.wait(5)
	set_unseen(ticket, status="Open", status_category="Open")
	world.sweep()
	assert count(ticket, RESOLUTION) == 2
	world.tick()
	world.expect_email(LEAD)


def test_what_merging_copies_doesnt_undo_an_answer(world: World) -> None:
	next_plan(world, priorities=["Urgent"])
	source, target = world.ticket("merged", to=""), world.ticket("kept")
	answers(world, target, minutes_ago=50)
	asks(world, target, minutes_ago=40)
	answers(world, target, minutes_ago=30)
	answers(world, source, minutes_ago=60)
	merge(world, source, target)
	world.change(target, priority="Urgent")
	world.sweep()
	assert count(target, NEXT) == 0, "everything was answered"


def test_what_merging_copies_is_no_answer_to_the_next_response(world: World) -> None:
	next_plan(world, priorities=["Urgent"])
	source, target = world.ticket("merged", to=""), world.ticket("kept")
	answers(world, target, minutes_ago=50)
	asks(world, target, minutes_ago=40)
	answers(world, source, minutes_ago=30)
	merge(world, source, target)
	set_unseen(target, priority="Urgent")
	world.sweep()
	assert count(target, NEXT) == 1, "nobody has answered this customer"


def test_the_notice_of_a_split_is_no_answer_to_the_next_response(world: World) -> None:
	next_plan(world, priorities=["Urgent"])
	ticket = world.ticket()
	answers(world, ticket, minutes_ago=50)
	asks(world, ticket, minutes_ago=40)
	answers(world, ticket, minutes_ago=30)
	asks(world, ticket, minutes_ago=20)
	split_notice(world, ticket)
	set_unseen(ticket, priority="Urgent")
	world.sweep()
	item = of(world, ticket, NEXT)
	age = clock.now() - item.clock_utc
	assert timedelta(minutes=19) < age < timedelta(minutes=25), (
		"the message that waits, none that was answered"
	)


def split_notice(world: World, ticket: Any) -> Any:
	part = world.ticket("the other question", to="", priority="Low", ticket_split_from=ticket.name)
	frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"sent_or_received": "Sent",
			"reference_doctype": ticket.doctype,
			"reference_name": str(ticket.name),
			"subject": "Re",
			"content": f'Split: <a href="http://x.test/helpdesk/tickets/{part.name}">#{part.name}</a>.',
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return part


def test_mail_that_was_under_way_for_a_while_opens_it_at_once(world: World) -> None:
	next_plan(world)
	ticket = world.ticket()
	world.reply(ticket)
	frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Received",
			"reference_doctype": "HD Ticket",
			"reference_name": str(ticket.name),
			"sender": CUSTOMER,
			"subject": "Re",
			"content": "Again",
			"message_id": frappe.generate_hash(length=20) + "@x.test",
			"communication_date": frappe.utils.add_to_date(frappe.utils.now_datetime(), minutes=-3),
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	assert count(ticket, NEXT) == 1


def test_enabling_a_plan_for_the_next_response_counts_those_who_wait(world: World) -> None:
	ticket = world.ticket()
	answers(world, ticket, minutes_ago=30)
	asks(world, ticket, minutes_ago=5)
	set_unseen(ticket, creation=frappe.utils.add_to_date(ticket.creation, hours=-1))
	plan = next_plan(world)
	assert taking.count(plan).taken == 1
	world.sweep()
	assert count(ticket, NEXT) == 1


def test_raised_without_an_event_an_old_message_is_guarded(world: World) -> None:
	ticket = world.ticket(priority="Low")
	answers(world, ticket, minutes_ago=90)
	asks(world, ticket, minutes_ago=60)
	set_unseen(ticket, creation=frappe.utils.add_to_date(ticket.creation, hours=-2))
	next_plan(world)
	world.sweep()
	assert count(ticket, NEXT) == 0
	set_unseen(ticket, priority="High")
	world.sweep()
	assert count(ticket, NEXT) == 1


def test_a_deadline_in_working_time_lies_after_the_enabling(world: World) -> None:
	"""Asked on Friday evening, with eight hours of an office to answer in; the plan comes on Monday."""
	calendar = world.calendar("9:00-17:00")
	ticket = world.ticket()
	answers(world, ticket, minutes_ago=60)
	asked = asks(world, ticket, minutes_ago=30)
	world.wait_for(0, "10:00", "Europe/Berlin")
	friday = world.now - timedelta(days=2, hours=17, minutes=5)  # 16:55
	frappe.db.set_value("Communication", asked, "creation", clock.to_site(friday), update_modified=False)
	frappe.db.set_value(
		"Communication",
		{"reference_name": str(ticket.name), "sent_or_received": "Sent"},
		{"creation": clock.to_site(friday - HOURS)},
		update_modified=False,
	)
	set_unseen(
		ticket,
		last_agent_response=clock.to_site(friday - HOURS),
		first_responded_on=clock.to_site(friday - HOURS),
		creation=clock.to_site(friday - 2 * HOURS),
	)
	next_plan(
		world,
		window=8 * 3600,
		calendar="Escalation Calendar",
		escalation_calendar=calendar.name,
		waits_count_in="Working Time",
	)
	key = TicketKey("HD Ticket", str(ticket.name))
	assert "begins within minutes" in ticket_form.shown(key)["headline"], "by the plan's own hours"
	world.sweep()
	assert count(ticket, NEXT) == 1


def test_two_hours_pause_shift_a_window_of_its_own_where_nobody_set_a_deadline(world: World) -> None:
	world.plan(
		(0, "Email", "User", LEAD), clock=RESOLUTION, start="Before the Deadline", lead=60, window=3600
	)
	ticket = world.ticket()
	set_unseen(ticket, resolution_by=None)
	world.sweep()
	due = of(world, ticket, RESOLUTION).due_utc
	set_unseen(ticket, status="Replied", status_category="Paused")
	world.sweep()
	world.wait(120)
	set_unseen(ticket, status="Open", status_category="Open")
	world.sweep()
	assert of(world, ticket, RESOLUTION).due_utc - due == 2 * HOURS
	world.sweep()
	assert of(world, ticket, RESOLUTION).due_utc - due == 2 * HOURS


def test_given_back_before_the_first_step_a_pause_is_none_of_its_window(world: World) -> None:
	world.plan((0, "Email", "User", LEAD), clock=RESOLUTION, start="After Its Own Window", window=4 * 3600)
	ticket = world.ticket()
	from escalation_mgmt.actions.acknowledge import acknowledge
	from escalation_mgmt.actions.unacknowledge import unacknowledge
	from escalation_mgmt.engine import Actor

	item = of(world, ticket, RESOLUTION)
	by = Actor(name="Tina", user="tech@x.test", via="Desk")
	acknowledge(item.name, by)
	frappe.db.commit()
	world.change(ticket, status="Replied")
	world.wait(120)
	world.change(ticket, status="Open")
	unacknowledge(item.name, by)
	assert of(world, ticket, RESOLUTION).due_utc - item.due_utc == 2 * HOURS


def test_a_deadline_that_passed_while_it_stood_still_makes_nothing_late(world: World) -> None:
	world.plan((0, "Email", "User", LEAD), clock=RESOLUTION, start="At the Deadline")
	ticket = world.ticket()
	deadline(ticket, world.now + HOURS)
	world.sweep()
	set_unseen(ticket, status="Replied", status_category="Paused")
	world.sweep()
	world.wait(180)
	set_unseen(ticket, status="Open", status_category="Open")
	world.sweep()
	item = of(world, ticket, RESOLUTION)
	assert world.kinds(item)[-1] == "Clock Goes On"
	assert item.due_utc == world.now
	world.tick()
	world.expect_email(LEAD)


def test_plans_for_other_clocks_take_nothing_away_in_lookback_and_rehearsal(world: World) -> None:
	world.plan((0, "Email"), title="First", rank=1)
	plan = world.plan((0, "Email", "User", LEAD), title="Resolve", clock=RESOLUTION, rank=5)
	ticket = world.ticket()
	found = lookback.taken_by(plan)
	assert (found["taken"], found["forestalled"]) == (1, 0)
	said = rehearsal.of_plan(plan, ticket=str(ticket.name), start=clock.now(), responses=rehearsal.NEVER)
	assert not [note for note in said.notes if "doesn't run" in note]
