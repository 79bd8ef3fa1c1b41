"""What a plan would do that is started by hand, said on the ticket's form before it is started."""

from typing import Any

import frappe
import pytest

from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import assignments
from escalation_mgmt.preflight import starting
from escalation_mgmt.utils import installation
from tests.on_site import add_team
from tests.scenarios.test_ticket_form import Form
from tests.world import World

LEAD = "lead@x.test"


def before(form: Form, plan: str = "Outage", **more: str) -> Any:
	"""What the form is told of a plan, or why it isn't."""
	frappe.db.commit()
	return form.session.get(
		f"{form.world.url}/api/method/escalation_mgmt.api.before_starting",
		params={**form.which(), "plan": plan, **more},
		timeout=30,
	)


def rungs(answer: Any) -> list[tuple[str, list[str] | str]]:
	"""Each as somebody reads it."""
	return [
		(
			rung["at"],
			[" | ".join(filter(None, (each["line"], each["to"], *each["missed"]))) for each in rung["steps"]]
			or rung["line"],
		)
		for rung in answer.json()["message"]["rungs"]
	]


def test_it_says_what_goes_out_when_and_to_whom_for_this_very_ticket(world: World) -> None:
	world.contact("tech@x.test", "+4915112345678")
	world.plan(
		(0, "Email"),
		(0, "SMS"),
		(5, "SMS", "User", LEAD),
		(10, "Email", "Address", "night@outage.org"),
		priorities=["Urgent"],
		last_wait=1800,
		repeats=1,
		repeat_pause=600,
	)
	ticket = world.ticket(priority="Low")
	form = Form(world, ticket, LEAD)
	assert form.shown["actions"][0]["preview"] == "before_starting"
	answer = before(form)
	first, second, third, again, end = rungs(answer)
	assert first == (
		"now",
		["Email to the assignee | Tina Tech", "SMS to the assignee | Tina Tech"],
	)
	assert second[0] == "in 5m" and second[1][0].startswith("SMS to Leo Lead | Leo Lead can't be reached: ")
	assert third[0] == "in 5m", "brought forward, for nobody is reached before it"
	assert third[1][0].startswith("Email to n")
	assert again == ("in 15m", "all steps again (repeat 1 of 1)")
	assert end == ("in 50m", "nobody acknowledged: exhausted, and the plan's owner is told")
	assert answer.json()["message"]["notes"] == []
	assert "night@outage.org" not in answer.text and "12345678" not in answer.text
	assert world.count_items() == 0, "nothing was started"


def test_what_was_shown_is_what_then_happens(world: World) -> None:
	world.plan((0, "Email"), (5, "Email", "User", LEAD), priorities=["Urgent"])
	ticket = world.ticket(priority="Low")
	form = Form(world, ticket, LEAD)
	assert [at for at, _what in rungs(before(form))] == ["now", "in 5m", "in 35m"]
	assert form.click("start", plan="Outage")[0]
	world.tick()
	world.expect_email("tech@x.test")
	world.forward(5)
	world.expect_email(LEAD)
	world.forward(30)
	assert world.item(ticket).status == "Exhausted"
	world.expect_email("owner@x.test")


def test_after_its_window_where_that_is_chosen(world: World) -> None:
	world.plan((0, "Email"), priorities=["Urgent"], window=3600)
	form = Form(world, world.ticket(priority="Low"), LEAD)
	assert rungs(before(form, when="window"))[0][0] == "in 1h"
	assert rungs(before(form, when="now"))[0][0] == rungs(before(form))[0][0] == "now"


def test_of_a_team_each_is_named_and_who_cannot_be_reached_with_the_reason(world: World) -> None:
	add_team("Night Shift", ("tech@x.test", LEAD))
	world.contact(LEAD, enabled=0)
	world.plan((0, "Email", "Team", "Night Shift"), priorities=["Urgent"])
	((_at, (line,)), _end) = rungs(before(Form(world, world.ticket(priority="Low"), "second@x.test")))
	assert (
		line
		== "Email to team Night Shift | Tina Tech | Leo Lead can't be reached: The Escalation Contact is switched off."
	)


def test_that_nobody_would_be_reached_is_said(world: World) -> None:
	world.plan((0, "SMS", "User", LEAD), priorities=["Urgent"])
	form = Form(world, world.ticket(priority="Low"), LEAD)
	assert before(form).json()["message"]["notes"] == [
		"It would reach nobody. Assign the ticket, or choose another plan."
	]


def test_a_copy_says_that_it_sends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.plan((0, "Email"), priorities=["Urgent"])
	ticket = world.ticket(priority="Low")
	monkeypatch.setattr(installation, "is_live", lambda: False)
	(note,) = starting.preview(TicketKey("HD Ticket", str(ticket.name)), "Outage", at_once=True)["notes"]
	assert note.startswith("This site is a copy")


def test_only_who_may_start_it_is_told_and_what_is_not_there_is_said_in_words(world: World) -> None:
	world.plan((0, "Email"), priorities=["Urgent"])
	ticket = world.ticket(priority="Low")
	assert before(Form(world, ticket, "stranger@x.test")).status_code == 403
	lead = Form(world, ticket, LEAD)
	unknown = before(lead, plan="<b>None</b>")
	assert unknown.status_code == 417 and "is not an enabled plan" in unknown.text
	assert "<b>None" not in unknown.text
	frappe.db.set_value("Escalation Plan", "Outage", "enabled", 0)
	assert before(lead).status_code == 417


def test_the_plan_that_takes_such_tickets_stands_first(world: World) -> None:
	world.plan((0, "Email"), title="Alarm", priorities=["Urgent"], rank=1)
	world.plan((0, "Email"), title="Zzz", priorities=["Low"], rank=9)
	world.plan((0, "Email"), title="Middle", priorities=["High"], rank=5)
	ticket = world.ticket(priority="Low")
	form = Form(world, ticket, LEAD)
	assert form.click("stop", reason="a test")[0]
	plan, when = form.shown["actions"][0]["fields"]
	assert [option["value"] for option in plan["options"]] == ["Zzz", "Alarm", "Middle"]
	assert when["default"] == "now"
	world.tick()


def test_of_people_who_are_as_likely_those_who_had_tickets_lately_stand_first(world: World) -> None:
	world.plan((0, "Email", "User", "owner@x.test"), (60, "Email", "User", "owner@x.test"))
	for _each in range(2):
		other = world.ticket(priority="Low", assign=None)
		world.assign(other, "second@x.test")
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("owner@x.test")
	assert assignments.lately("HD Ticket")["second@x.test"] == 2
	form = Form(world, ticket, "tech@x.test")
	asked = next(each for each in form.shown["actions"] if each["name"] == "hand_over")["fields"][1]
	users = [option["value"] for option in asked["options"]]
	assert users.index("second@x.test") < users.index(LEAD), "though Leo comes first by name"
	assert 1 <= asked["likely"] <= 5 and "tech@x.test" not in users[: asked["likely"]], "who has it already"


def test_on_a_ticket_that_waits_for_its_customer_it_says_that_the_clock_stands_still(world: World) -> None:
	"""A resolution's: it is started, and no step runs."""
	world.plan((0, "Email", "User", LEAD), clock="Resolution", priorities=["Urgent"])
	ticket = world.ticket()
	world.change(ticket, status="Replied")
	form = Form(world, ticket, LEAD)
	(note,) = before(form).json()["message"]["notes"]
	assert "stands still" in note
	done, said = form.click("start", plan="Outage")
	assert done and "waits for the customer" in said
	world.tick()
	world.change(ticket, status="Open")
	world.tick()
	world.expect_email(LEAD)
