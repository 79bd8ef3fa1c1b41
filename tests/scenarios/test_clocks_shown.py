"""What people see of a ticket's clocks, and do about each of them: forms, lists, the technician's app, the report, the shell."""

from typing import Any

import frappe
import pytest

from escalation_mgmt import api
from escalation_mgmt.actions.acknowledge import acknowledge
from escalation_mgmt.api import plans
from escalation_mgmt.engine import Actor, TicketKey
from escalation_mgmt.escalation_mgmt.report.escalation_history import escalation_history
from escalation_mgmt.operations import examples
from escalation_mgmt.utils import clock
from escalation_mgmt.views import number_cards, ticket_form
from escalation_mgmt.web import technician
from tests.scenarios.test_clocks import FIRST, LEAD, NEXT, RESOLUTION, of, three_plans, until
from tests.scenarios.test_item_form import act
from tests.scenarios.test_ticket_form import Form
from tests.scenarios.test_working_time import agreement
from tests.world import World


class ClockForm(Form):
	"""The same, of somebody who looks at one of several items."""

	def of(self, which: str) -> dict[str, Any]:
		return next(item for item in self.shown["items"] if item["clock"] == which)

	def offered(self, which: str) -> list[str]:
		return [action["name"] for action in self.of(which)["actions"]]

	def act(self, which: str, action: str, **values: str) -> tuple[bool, str]:
		"""Click beside that item, as the page has it."""
		self.shown = {**self.shown, "seen": self.of(which)["seen"]}
		return self.click(action, **values)

	def plans(self) -> list[str]:
		start = next((each for each in self.shown["actions"] if each["name"] == "start"), None)
		return [option["value"] for option in start["fields"][0]["options"]] if start else []


def both_run(world: World) -> Any:
	"""A ticket whose first response escalates, while its resolution is scheduled."""
	three_plans(world)
	ticket = world.ticket()
	until(world, of(world, ticket, FIRST).due_utc)
	world.expect_email("tech@x.test")
	return ticket


def test_each_item_has_its_own_actions_and_a_click_is_about_the_one_beside_it(world: World) -> None:
	ticket = both_run(world)
	form = ClockForm(world, ticket, LEAD)
	assert [item["clock"] for item in form.shown["items"]] == [FIRST, RESOLUTION], "most pressing first"
	assert "snooze_15" in form.offered(FIRST) and "snooze_15" not in form.offered(RESOLUTION)
	done, message = form.act(RESOLUTION, "stop", reason="Wait for the part")
	assert done, message
	assert of(world, ticket, RESOLUTION).status == "Cancelled"
	assert of(world, ticket, FIRST).status == "Escalating"
	done, message = form.act(FIRST, "acknowledge")
	assert done, message
	assert of(world, ticket, FIRST).acknowledged_by == "Leo Lead"
	world.forward(1)
	world.expect_email("tech@x.test", "Leo Lead has acknowledged")


def test_the_one_that_stands_still_comes_after_the_one_that_goes_on(world: World) -> None:
	only_closing = {f"stop_on_{what}": 0 for what in ("reply", "first_response", "paused_status")}
	world.plan((0, "Email"), (60, "Email", "User", LEAD), title="First", **only_closing)
	world.plan((0, "Email"), (60, "Email", "User", LEAD), title="All", clock=RESOLUTION, start="At Once")
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	world.expect_email("tech@x.test")
	world.change(ticket, status="Replied")
	still = of(world, ticket, RESOLUTION)
	assert (still.status, still.due_utc) == ("Escalating", None)
	assert [item["clock"] for item in ClockForm(world, ticket, LEAD).shown["items"]] == [FIRST, RESOLUTION]
	world.sweep()
	ticket.reload()
	assert str(ticket.escalation_mgmt_due) == str(
		clock.to_site(of(world, ticket, FIRST).due_utc).replace(microsecond=0)
	)


def test_what_happened_to_another_clock_makes_no_click_stale(world: World) -> None:
	ticket = both_run(world)
	form, other = ClockForm(world, ticket, LEAD), ClockForm(world, ticket, "second@x.test")
	assert other.act(FIRST, "acknowledge")[0]
	done, message = form.act(RESOLUTION, "escalate_now")
	assert done, message
	world.forward(1)
	world.expect_email(LEAD)
	world.expect_email("tech@x.test", "has acknowledged")
	form.reload()
	assert [item["clock"] for item in form.shown["items"]] == [RESOLUTION, FIRST], "which presses more now"


def test_a_click_on_what_has_ended_is_told_so_and_touches_no_other(world: World) -> None:
	ticket = both_run(world)
	form = ClockForm(world, ticket, LEAD)
	assert ClockForm(world, ticket, "second@x.test").act(FIRST, "stop", reason="Duplicate")[0]
	done, message = form.act(FIRST, "snooze_15")
	assert not done and "Duplicate" in message
	assert of(world, ticket, RESOLUTION).status == "Scheduled"
	world.tick()
	world.expect_email("tech@x.test", "was cancelled")


def test_a_plan_can_be_started_whose_clock_runs_for_nothing(world: World) -> None:
	ticket = both_run(world)
	form = ClockForm(world, ticket, LEAD)
	assert "start" not in form.offered(RESOLUTION), "once for the ticket"
	assert form.plans() == ["Next"]
	world.forward(1)
	done, message = form.act(FIRST, "start", plan="Next", when="window")
	assert done, message
	assert "when the plan says" in message
	assert of(world, ticket, NEXT).started_by == LEAD
	assert "start" not in form.offered(FIRST) and not form.plans()
	assert "running" in form.post("start", plan="Next", when="now").text


def test_the_plans_say_their_clock_where_there_are_several(world: World) -> None:
	three_plans(world)
	ticket = world.ticket(priority="Low")
	form = ClockForm(world, ticket, LEAD)
	start = form.shown["actions"][0]
	assert {option["label"] for option in start["fields"][0]["options"]} == {
		f"First ({FIRST})",
		f"Next ({NEXT})",
		f"Resolve ({RESOLUTION})",
	}
	assert [option["label"] for option in start["fields"][1]["options"]] == ["Now", "When the plan says"]


def test_each_items_own_form_acts_on_it(world: World) -> None:
	ticket = both_run(world)
	item = of(world, ticket, RESOLUTION)
	shown = api.timeline(item.name)
	offered = [action["name"] for action in shown["actions"]]
	assert shown["latest"] == "" and "acknowledge" in offered and "start" not in offered
	assert act(world, LEAD, item.name, "acknowledge")["done"], "also where the page doesn't say what it had"
	assert of(world, ticket, RESOLUTION).status == "Acknowledged"
	assert of(world, ticket, FIRST).status == "Escalating"
	again = act(world, LEAD, item.name, "stop", seen=shown["seen"], values={"reason": "x"})
	assert not again["done"] and "Leo Lead" in again["message"]


def test_of_two_that_escalate_the_one_that_is_due_first_comes_first(world: World) -> None:
	world.plan((0, "Email"), (60, "Email"), title="First")
	world.plan((0, "Email", "User", LEAD), (5, "Email"), title="Resolve", clock=RESOLUTION, window=900)
	ticket = world.ticket()
	until(world, max(of(world, ticket, FIRST).due_utc, of(world, ticket, RESOLUTION).due_utc))
	world.expect_email("tech@x.test")
	world.expect_email(LEAD)
	assert {of(world, ticket, each).status for each in (FIRST, RESOLUTION)} == {"Escalating"}
	shown = ticket_form.shown(TicketKey("HD Ticket", str(ticket.name)))
	assert [item["clock"] for item in shown["items"]] == [RESOLUTION, FIRST]
	assert frappe.db.get_value("HD Ticket", ticket.name, "escalation_mgmt_due") is not None


def test_the_technicians_app_the_report_and_the_cards_tell_them_apart(world: World) -> None:
	ticket = both_run(world)
	for which, later in ((FIRST, 60), (RESOLUTION, 0)):
		world.wait(later / 60)
		acknowledge(of(world, ticket, which).name, Actor(name="Tina", user="tech@x.test", via="Desk"))
		frappe.db.commit()
	frappe.set_user("tech@x.test")
	assert {item["clock"] for item in technician.overview()["items"]} == {FIRST, RESOLUTION}
	frappe.set_user("Administrator")
	_columns, rows, *_more = escalation_history.execute({"ticket": str(ticket.name)})
	assert {row["clock"]: row["plan"] for row in rows} == {FIRST: "First", RESOLUTION: "Resolve"}
	_columns, rows, *_more = escalation_history.execute({"ticket": str(ticket.name), "clock": RESOLUTION})
	assert {row["plan"] for row in rows} == {"Resolve"}
	assert number_cards.time_to_acknowledge_today() == f"{FIRST} 11m, {RESOLUTION} 11m"


def form_of(world: World, **more: Any) -> Any:
	"""A plan as a form has it, not saved."""
	doc = frappe.new_doc("Escalation Plan")
	doc.update(
		{
			"title": "Clock",
			"plan_owner": "owner@x.test",
			"enabled": 0,
			"steps": [world.step(0, "Email", "User", LEAD), world.step(30, "Email", "User", "second@x.test")],
			**more,
		}
	)
	for row in doc.get_all_children():
		row.parent = doc.name = "new-escalation-plan-1"
	return doc.as_dict()


def rungs(plan: Any) -> list[str]:
	return [rung["at"] for rung in plans.outline(plan)["rungs"]]


def test_33_the_ladder_says_how_long_before_and_after_the_deadline(world: World) -> None:
	by = {"start": "Before the Deadline", "lead": 1800, "clock": RESOLUTION}
	assert rungs(form_of(world, **by)) == [
		"30m before the resolution deadline",
		"at the resolution deadline",
		"30m after the resolution deadline",
	]
	assert rungs(form_of(world, **{**by, "clock": FIRST, "lead": 3600}))[:2] == [
		"1h before the response deadline",
		"30m before the response deadline",
	]
	percent = form_of(world, start="At a Percentage of the Time", percent=75, clock=NEXT)
	assert rungs(percent)[:2] == ["at 75 % of the time to the deadline of the next response", "30m later"]
	assert rungs(form_of(world, clock=RESOLUTION))[:2] == ["0s", "30m"]


def rehearsed(plan: Any, **more: Any) -> dict[str, Any]:
	return plans.rehearse(plan, at="2030-11-22 09:00", **more)


def at(found: dict[str, Any], kind: str) -> list[str]:
	return [f"{line['at']:%a %H:%M}" for line in found["lines"] if line["kind"] == kind]


def test_33_a_rehearsal_has_the_deadline_that_is_asked_for(world: World) -> None:
	plan = form_of(world, start="Before the Deadline", lead=1800, clock=RESOLUTION)
	found = rehearsed(plan, hypothetical={"deadline_in": 4 * 3600})
	assert at(found, "Step Ran") == ["Fri 12:30", "Fri 13:00"]
	found = rehearsed(plan, hypothetical={"deadline_in": 4 * 3600}, answered_after=3.75 * 3600)
	assert at(found, "Step Ran") == ["Fri 12:30"]
	assert found["outcome"].startswith("The ticket is resolved")


def test_33_or_that_of_the_default_agreement(world: World) -> None:
	by = {"start": "Before the Deadline", "lead": 1800, "clock": RESOLUTION}
	plan = form_of(world, **by, priorities=[{"priority": "High"}])
	with agreement(world) as of:  # from 8 to 12
		frappe.db.set_value("HD Service Level Priority", {"parent": of.name}, "resolution_time", 4 * 3600)
		found = rehearsed(plan)
		assert at(found, "Step Ran") == ["Mon 08:30", "Mon 09:00"]
		assert "deadline" not in " ".join(found["notes"])
		frappe.db.set_value("HD Service Level Agreement", of.name, "enabled", 0)
		frappe.db.delete("HD Service Level Agreement", {"name": ("!=", of.name)})
		assert "has no deadline" in " ".join(rehearsed(plan)["notes"])


def test_35_a_rehearsal_of_the_next_response_begins_with_a_message_that_waits(world: World) -> None:
	plan = form_of(world, clock=NEXT, window=1200)
	found = rehearsed(plan)
	assert at(found, "Step Ran") == ["Fri 09:20", "Fri 09:50"]
	assert not found["notes"] or "customer" not in " ".join(found["notes"])
	assert at(rehearsed(plan, answered_after=1500), "Step Ran") == ["Fri 09:20"]
	ticket = world.ticket()
	assert "no customer waits" in " ".join(rehearsed(plan, ticket=str(ticket.name))["notes"])


def test_plans_of_other_clocks_take_no_ticket_away(world: World) -> None:
	world.plan((0, "Email"), title="First", rank=1)
	world.ticket()
	plan = form_of(world, clock=RESOLUTION, rank=20)
	assert "rank 1" not in " ".join(rehearsed(plan)["notes"])
	assert (plans.taken(plan)["taken"], plans.taken(plan)["forestalled"]) == (1, 0)


def test_35_only_tickets_whose_customer_wrote_again_would_have_been_taken(world: World) -> None:
	asked, answered, _untouched = world.ticket(), world.ticket(), world.ticket()
	for ticket in (asked, answered):
		world.reply(ticket)
	world.reply(asked, "customer@x.test", "Received")
	found = plans.taken(form_of(world, clock=NEXT))
	assert [ticket["name"] for ticket in found["listed"]] == [str(asked.name)]
	assert plans.taken(form_of(world))["taken"] == 3


def test_the_message_follows_the_clock_unless_somebody_wrote_it(world: World) -> None:
	texts = api.plan_choices("HD Ticket")["texts"]
	assert set(texts["messages"]) == {FIRST, NEXT, RESOLUTION}
	assert set(texts["messages"].values()) == set(texts["begun"])
	doc = world.plan((0, "Email"), clock=RESOLUTION)
	assert doc.message == texts["messages"][RESOLUTION]
	doc.update({"message": "Hurry", "clock": NEXT})
	assert doc.save().message == "Hurry"


def test_of_a_next_response_one_start_is_kept_for_the_end_of_its_window(world: World) -> None:
	doc = world.plan((0, "Email"), clock=NEXT, start="At the Deadline")
	assert doc.start == "After Its Own Window"
	doc.update({"start": "At Once", "window": 0})
	doc.save()
	doc.start = "Before the Deadline"
	with pytest.raises(frappe.ValidationError, match="how long an answer may take"):
		doc.save()


def test_there_is_an_example_for_each_clock(world: World) -> None:
	offered = plans.examples()
	assert {values.get("clock", FIRST) for values in offered} == {FIRST, NEXT, RESOLUTION}
	frappe.db.delete("Escalation Plan")
	examples.make()
	made = frappe.get_all("Escalation Plan", fields=["clock", "start", "message"], order_by="rank")
	assert len(made) == len(offered)
	by_clock = {row.clock: row for row in made}
	assert by_clock[RESOLUTION].start == "Before the Deadline"
	assert "resolved" in by_clock[RESOLUTION].message and "waits" in by_clock[NEXT].message
