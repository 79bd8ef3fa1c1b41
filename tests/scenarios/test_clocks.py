"""Scenarios 32, 33 and 35: the three clocks of a ticket, starts before a deadline, and the customer who writes again."""

from datetime import datetime, timedelta
from typing import Any

import frappe
import pytest

from escalation_mgmt.actions.acknowledge import acknowledge
from escalation_mgmt.actions.start import start
from escalation_mgmt.dispatch.evaluation import Snapshot
from escalation_mgmt.engine import Actor, Clock, TicketKey
from escalation_mgmt.storage import action_items, ticket_list
from escalation_mgmt.utils import clock
from escalation_mgmt.views import ticket_form
from tests.world import World
from tests.world.setting_up import needs

LEAD, OTHER = "lead@x.test", "second@x.test"
FIRST, NEXT, RESOLUTION = (str(of) for of in Clock)
AN_HOUR = timedelta(hours=1)


def of(world: World, ticket: Any, which: str, number: int = -1) -> Any:
	"""The ticket's action item for one clock."""
	frappe.db.commit()
	names = frappe.get_all(
		"Escalation Action Item",
		filters={"reference_name": str(ticket.name), "clock": which},
		pluck="name",
		order_by="name",
	)
	return frappe.get_doc("Escalation Action Item", names[number])


def count(ticket: Any, which: str) -> int:
	return frappe.db.count("Escalation Action Item", {"reference_name": str(ticket.name), "clock": which})


def set_unseen(ticket: Any, **fields: Any) -> None:
	frappe.db.set_value(ticket.doctype, ticket.name, fields, update_modified=False)
	frappe.db.commit()


def deadline(ticket: Any, at: datetime, *, field: str = "resolution_by") -> None:
	"""As Helpdesk has it in the ticket, though no document event says it: the sweep finds it."""
	set_unseen(ticket, **{field: clock.to_site(at)})


def until(world: World, at: datetime) -> None:
	world.now = at
	world.tick()


def three_plans(world: World) -> None:
	world.plan((0, "Email"), title="First", last_wait=7200)
	world.plan((0, "Email", "User", OTHER), title="Next", clock=NEXT, window=1200, last_wait=7200)
	world.plan((0, "Email", "User", LEAD), title="Resolve", clock=RESOLUTION, window=3600)


def asked_again(world: World, ticket: Any) -> None:
	"""An agent answers, and then the customer writes."""
	world.reply(ticket)
	world.reply(ticket, "customer@x.test", "Received")


def looked_closer(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Clock]:
	"""For which clocks a sweep reads all of a ticket, in the order in which it does."""
	found: list[Clock] = []
	real = Snapshot.opening
	with monkeypatch.context() as patch:
		patch.setattr(
			Snapshot, "opening", lambda *given, **more: found.append(more["clock"]) or real(*given, **more)
		)
		world.sweep()
	return found


def test_of_who_waits_since_their_item_the_sweep_reads_no_more(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	three_plans(world)
	ticket = world.ticket()
	asked_again(world, ticket)
	until(world, of(world, ticket, NEXT).due_utc)
	world.wait(200)
	world.tick()
	world.inbox.take_all()
	ended = of(world, ticket, NEXT)
	assert ended.status == "Exhausted"
	assert looked_closer(world, monkeypatch) == []
	world.reply(ticket, "customer@x.test", "Received")
	assert looked_closer(world, monkeypatch) == [], "they still wait since the same message"
	if frappe.db.db_type == "mariadb":
		frappe.db.sql("set session group_concat_max_len = 40")
		try:
			assert looked_closer(world, monkeypatch) == [Clock.NEXT_RESPONSE], "what is cut off tells nothing"
		finally:
			frappe.db.sql("set session group_concat_max_len = default")
	asked = frappe.get_all(
		"Communication", {"sent_or_received": "Received"}, pluck="name", order_by="creation"
	)
	frappe.db.delete("Communication", {"name": asked[0]})
	frappe.db.commit()
	assert looked_closer(world, monkeypatch)[0] is Clock.NEXT_RESPONSE, "what they asked first is gone"
	assert of(world, ticket, NEXT).name != ended.name


def test_32_each_opens_runs_and_ends_by_its_own_rule(world: World) -> None:
	three_plans(world)
	ticket = world.ticket()
	assert (count(ticket, FIRST), count(ticket, NEXT), count(ticket, RESOLUTION)) == (1, 0, 1)
	asked_again(world, ticket)
	assert of(world, ticket, FIRST).status == "Resolved"
	assert of(world, ticket, RESOLUTION).status == "Scheduled"
	due = of(world, ticket, NEXT).due_utc
	until(world, due - timedelta(seconds=1))
	until(world, due)
	world.expect_email(OTHER)
	assert of(world, ticket, RESOLUTION).status == "Scheduled"
	until(world, of(world, ticket, RESOLUTION).due_utc)
	world.expect_email(LEAD)
	world.reply(ticket)
	world.tick()
	world.expect_email(OTHER, "Next Response: ")
	assert of(world, ticket, NEXT).status == "Resolved"
	assert of(world, ticket, RESOLUTION).status == "Escalating"
	world.change(ticket, status="Resolved")
	world.tick()
	world.expect_email(LEAD, "Resolution: ")
	assert of(world, ticket, RESOLUTION).status == "Resolved"


def test_32_each_message_says_its_clock_whatever_the_ticket_is_called(world: World) -> None:
	of_resolution = {"clock": RESOLUTION, "window": 60}
	world.plan((0, "Email"), title="Resolution of screens", **of_resolution)
	world.plan(
		(0, "Email"),
		title="Own words",
		priorities=["Urgent"],
		subject="{{ clock }}? {{ ticket.subject }}",
		**of_resolution,
	)
	for priority in ("High", "Urgent"):
		world.ticket("Screen Resolution", priority=priority)
	world.forward(1)
	subjects = sorted(world.inbox.expect(method="Email").subject for _number in range(2))
	assert subjects[1] == "Resolution? Screen Resolution", subjects
	assert subjects[0].startswith("Resolution: [High] Ticket ") and subjects[0].endswith(
		": Screen Resolution"
	)


def test_32_acknowledging_one_leaves_the_others(world: World) -> None:
	three_plans(world)
	ticket = world.ticket()
	first, resolution = of(world, ticket, FIRST), of(world, ticket, RESOLUTION)
	acknowledge(first.name, Actor(name="Tina", user="tech@x.test", via="Desk"))
	frappe.db.commit()
	assert of(world, ticket, FIRST).status == "Acknowledged"
	until(world, resolution.due_utc)
	world.expect_email(LEAD)
	assert of(world, ticket, RESOLUTION).status == "Escalating"


def test_32_the_form_and_the_lists_show_them_told_apart(world: World) -> None:
	three_plans(world)
	ticket = world.ticket()
	key = TicketKey("HD Ticket", str(ticket.name))
	until(world, of(world, ticket, FIRST).due_utc)
	world.expect_email("tech@x.test")
	shown = ticket_form.shown(key)
	assert [(item["plan"], item["clock"]) for item in shown["items"]] == [
		("First", FIRST),
		("Resolve", RESOLUTION),
	]
	assert shown["item"] == of(world, ticket, FIRST).name
	stood = frappe.db.get_value("HD Ticket", ticket.name, ticket_list.STATUS)
	assert stood == "Escalating", "the most pressing"
	assert not list(filter(None, ticket_list.differing("HD Ticket")))
	pill = ticket_form.pills("HD Ticket", [str(ticket.name)])[str(ticket.name)]
	assert "Escalating" in pill["status"]
	acknowledge(shown["item"], Actor(name="Tina", user="tech@x.test", via="Desk"))
	frappe.db.commit()
	assert frappe.db.get_value("HD Ticket", ticket.name, ticket_list.STATUS) == "Acknowledged"


def test_32_no_ticket_has_two_for_one_clock_and_each_can_be_started_by_hand(world: World) -> None:
	three_plans(world)
	ticket = world.ticket(priority="Low")
	key, by = TicketKey("HD Ticket", str(ticket.name)), Actor(name="Ann", user="Administrator", via="Desk")
	for plan in ("Resolve", "Next", "First"):
		start(key, plan, by, at_once=False)
		with pytest.raises(frappe.ValidationError, match="running"):
			start(key, plan, by, at_once=False)
	assert set(action_items.running(key)) == set(Clock)
	world.change(ticket, status="Closed")
	assert not action_items.running(key)


def test_33_half_an_hour_before_the_resolution_deadline(world: World) -> None:
	world.plan((0, "Email", "User", LEAD), clock=RESOLUTION, start="Before the Deadline", lead=1800)
	ticket = world.ticket()
	deadline(ticket, world.now + 4 * AN_HOUR)
	world.sweep()
	assert of(world, ticket, RESOLUTION).due_utc == world.now + 3.5 * AN_HOUR
	deadline(ticket, world.now + 6 * AN_HOUR)
	world.sweep()
	assert of(world, ticket, RESOLUTION).due_utc == world.now + 5.5 * AN_HOUR
	begun = world.now
	deadline(ticket, world.now + 2 * AN_HOUR)
	world.sweep()
	until(world, begun + 1.5 * AN_HOUR - timedelta(seconds=1))
	until(world, begun + 1.5 * AN_HOUR)
	world.expect_email(LEAD)


def test_33_three_quarters_of_the_time(world: World) -> None:
	world.plan((0, "Email", "User", LEAD), clock=RESOLUTION, start="At a Percentage of the Time", percent=75)
	ticket = world.ticket()
	created = clock.stamp_to_utc(ticket.creation)
	deadline(ticket, created + 4 * AN_HOUR)
	world.sweep()
	until(world, created + 3 * AN_HOUR - timedelta(seconds=1))
	until(world, created + 3 * AN_HOUR)
	world.expect_email(LEAD)


def test_33_paused_for_two_hours_the_clock_stands_still(world: World) -> None:
	world.plan(
		(0, "Email", "User", LEAD),
		(30, "Email", "User", OTHER),
		clock=RESOLUTION,
		start="At Once",
		last_wait=7200,
	)
	ticket = world.ticket()
	world.tick()
	world.expect_email(LEAD)
	world.forward(10)
	world.change(ticket, status="Replied")
	item = of(world, ticket, RESOLUTION)
	assert (item.status, item.due_utc) == ("Escalating", None)
	assert "stands still" in ticket_form.shown(TicketKey("HD Ticket", str(ticket.name)))["headline"]
	world.forward(120)
	world.sweep()
	world.change(ticket, status="Open")
	assert of(world, ticket, RESOLUTION).due_utc == world.now + timedelta(minutes=20)
	world.forward(20, seconds=-1)
	world.forward(seconds=1)
	world.expect_email(OTHER)


def test_33_found_by_the_sweep_that_it_waits_and_that_it_waits_no_longer(world: World) -> None:
	world.plan((0, "Email", "User", LEAD), clock=RESOLUTION, start="After Its Own Window", window=1800)
	ticket = world.ticket()
	set_unseen(ticket, status="Replied", status_category="Paused")
	world.sweep()
	assert of(world, ticket, RESOLUTION).due_utc is None
	world.forward(60)
	set_unseen(ticket, status="Open", status_category="Open")
	world.sweep()
	assert of(world, ticket, RESOLUTION).due_utc == world.now + timedelta(minutes=30)


def test_33_saved_again_with_an_agreement_helpdesk_moves_the_deadline_by_the_pause(world: World) -> None:
	"""Helpdesk's own arithmetic decides when the deadline is."""
	world.plan((0, "Email", "User", LEAD), clock=RESOLUTION, start="Before the Deadline", lead=600)
	ticket = world.ticket()
	if not ticket.resolution_by:
		pytest.skip("this site has no default agreement")
	before = of(world, ticket, RESOLUTION)
	assert before.due_utc == max(
		clock.to_utc(ticket.resolution_by) - timedelta(minutes=10), before.opened_utc
	)


def test_35_the_customer_writes_again(world: World) -> None:
	three_plans(world)
	ticket = world.ticket()
	world.reply(ticket, "customer@x.test", "Received")
	assert not count(ticket, NEXT), "before the first response none opens"
	asked_again(world, ticket)
	item = of(world, ticket, NEXT)
	world.reply(ticket, "customer@x.test", "Received")
	world.wait(1)
	world.reply(ticket, "customer@x.test", "Received")
	world.sweep()
	assert count(ticket, NEXT) == 1 and of(world, ticket, NEXT).due_utc == item.due_utc
	world.reply(ticket)
	assert of(world, ticket, NEXT).status == "Resolved"
	world.sweep()
	assert count(ticket, NEXT) == 1
	world.reply(ticket, "customer@x.test", "Received")
	assert count(ticket, NEXT) == 2


def test_35_no_event_said_it_and_the_sweep_finds_it(world: World) -> None:
	three_plans(world)
	ticket = world.ticket()
	asked_again(world, ticket)
	frappe.db.delete("Escalation Action Item", {"reference_name": str(ticket.name), "clock": NEXT})
	world.sweep()
	assert count(ticket, NEXT) == 1


def test_35_a_message_that_is_no_reply_doesnt_end_it(world: World) -> None:
	three_plans(world)
	ticket = world.ticket()
	asked_again(world, ticket)
	frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Automated Message",
			"sent_or_received": "Sent",
			"reference_doctype": "HD Ticket",
			"reference_name": str(ticket.name),
			"subject": "We got it",
			"content": "We got it",
		}
	).insert(ignore_permissions=True)
	world.sweep()
	assert of(world, ticket, NEXT).status == "Scheduled"


def test_another_priority_moves_each_to_its_own_plan(world: World) -> None:
	three_plans(world)
	world.plan((0, "Email", "User", OTHER), title="Urgent", priorities=["Urgent"], clock=RESOLUTION)
	ticket = world.ticket()
	world.change(ticket, priority="Urgent")
	assert of(world, ticket, FIRST).status == "Cancelled" and count(ticket, FIRST) == 1
	assert of(world, ticket, RESOLUTION, 0).status == "Cancelled"
	assert of(world, ticket, RESOLUTION).plan == "Urgent"


def test_opened_again_the_resolution_opens_anew(world: World) -> None:
	three_plans(world)
	ticket = world.ticket()
	world.change(ticket, status="Resolved")
	world.wait(1)
	world.change(ticket, status="Open")
	assert count(ticket, RESOLUTION) == 2 and of(world, ticket, RESOLUTION).status == "Scheduled"


def test_merged_and_renamed_each_clock_follows(world: World) -> None:
	three_plans(world)
	ticket = world.ticket()
	new = str(9_000_000 + int(ticket.name))
	frappe.rename_doc("HD Ticket", ticket.name, new, force=True)
	frappe.db.commit()
	assert set(action_items.running(TicketKey("HD Ticket", new))) == {Clock.FIRST_RESPONSE, Clock.RESOLUTION}
	assert not action_items.running(TicketKey("HD Ticket", str(ticket.name)))


def test_an_issue_of_erpnext(world: World) -> None:
	needs("Issue")
	world.plan(
		(0, "Email", "User", LEAD),
		reference_doctype="Issue",
		clock=RESOLUTION,
		start="Before the Deadline",
		lead=1800,
		priorities=[],
	)
	issue = frappe.get_doc(
		{"doctype": "Issue", "subject": "Printer", "raised_by": "customer@x.test"}
	).insert()
	deadline(issue, world.now + 2 * AN_HOUR, field="sla_resolution_by")
	world.sweep()
	assert of(world, issue, RESOLUTION).due_utc == world.now + 1.5 * AN_HOUR
