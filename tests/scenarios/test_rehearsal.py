"""The rehearsal says what a run then does, writes nothing and sends nothing."""

import json
from datetime import timedelta
from typing import Any

import frappe
import pytest

from escalation_mgmt.api import plans as plans_api
from escalation_mgmt.preflight import rehearsal
from escalation_mgmt.storage import history
from escalation_mgmt.utils import clock
from tests.on_site import add_team
from tests.scenarios.test_working_time import BERLIN, FRI, LEAD, MON, OFFICE, at
from tests.world import OTHERS, OURS, PAGER, World, needs

PLAN = "Escalation Plan"
FRIDAY = "Friday 17:50"
URL = "/api/method/escalation_mgmt.api.plans.rehearse"


def everything() -> dict[str, list]:
	"""Every row of every table that a run writes, and of those that hold settings and people."""
	frappe.db.commit()
	tables = [*OURS, *OTHERS, "Singles", "User", "Version", "Deleted Document", "Activity Log"]
	there = [table for table in tables if frappe.db.table_exists(table)]
	dump = {}
	for table in there:
		name = "tabSingles" if table == "Singles" else f"tab{table}"
		dump[table] = sorted(map(repr, frappe.db.sql(f"select * from `{name}`")))
	return dump


def lines(shown: dict) -> list[tuple]:
	return [(line["at"], line["kind"], line["line"]) for line in shown["lines"] if line["kind"] != "Notice"]


def office(world: World, **more: Any) -> Any:
	world.calendar("9:00-18:00")
	return world.plan((0, "Email"), (30, *LEAD), (10, "SMS"), **{"start": "At Once", **OFFICE, **more})


@pytest.mark.parametrize("responses", [{}, {"to_message": 2, "delay": 60}], ids=["never", "second message"])
def test_what_is_rehearsed_for_friday_evening_is_what_then_happens(world: World, responses: dict) -> None:
	plan = office(world)
	shown = plans_api.rehearse(
		plan.name,
		hypothetical={"assignee": "tech@x.test"},
		at=str(clock.to_site(at(world, FRI, "17:50"))),
		**responses,
	)
	world.wait_for(FRI, "17:50", BERLIN)
	ticket = world.ticket()
	again = plans_api.rehearse(plan.name, ticket=str(ticket.name), **responses)
	assert again["lines"] == shown["lines"]

	world.tick()
	world.expect_email("tech@x.test")
	world.now = at(world, MON, "9:20")
	world.tick()
	lead = world.expect_email("lead@x.test")
	if responses:
		world.wait(1)
		world.post(lead.links[0])
		world.forward(1)
		world.expect_email("tech@x.test", "Leo Lead")
	else:
		world.forward(10)
		world.forward(30)
		world.expect_email("owner@x.test")
	ran = history.of_item(world.item(ticket).name)
	# Delivery's lines are beyond a rehearsal; Helpdesk assigns just after it logs; a rehearsal knows no link.
	did = [
		(event["at"], event["kind"], event["line"].replace("(Link)", "(Email)"))
		for event in ran
		if event["kind"] not in ("Sent", "Assignee Changed")
	]
	assert lines(shown) == did
	assert shown["unreachable"] == ([] if responses else ["Tina Tech"])


def test_nothing_is_written_and_nothing_is_sent(world: World) -> None:
	plan = office(world)
	ticket = world.ticket(to="")
	unsaved = {**plan.as_dict(convert_dates_to_str=True), "last_wait": 60}
	# Fails on a ticket without a subject alone, so that the plan may be saved; a run reports it in the Error Log.
	fails = {**unsaved, "condition": "doc.subject + '' and True", "stop_condition": "not doc.subject + ''"}
	before = everything()
	for asked in (
		{"plan": plan.name},
		{"plan": plan.name, "ticket": str(ticket.name), "at": FRIDAY},
		{"plan": json.dumps(unsaved), "hypothetical": {"assignee": "tech@x.test"}, "to_step": 2},
		{"plan": fails, "answered_after": 60},
	):
		assert plans_api.rehearse(**asked)["lines"]
	frappe.db.commit()
	after = everything()
	assert [table for table in before if before[table] != after[table]] == []
	world.inbox.assert_empty()


def test_a_plan_that_is_not_saved_is_rehearsed_as_it_stands_on_the_screen(world: World) -> None:
	plan = office(world)
	changed = plan.as_dict(convert_dates_to_str=True)
	changed["steps"] = [step for step in changed["steps"] if step["method"] == "Email"]
	changed["steps"][1]["wait"] = 60
	shown = plans_api.rehearse(
		json.dumps(changed, default=str), hypothetical={"assignee": "tech@x.test"}, at=FRIDAY
	)
	steps = [line for line in shown["lines"] if line["kind"] == "Step Ran"]
	assert [line["to"] for line in steps] == ["Tina Tech", "Leo Lead"]
	new = {**changed, "__islocal": 1, "name": "new-escalation-plan-1", "title": "Night"}
	assert plans_api.rehearse(new)["plan"] == "Night"
	assert not frappe.db.exists(PLAN, "Night")
	for wrong, says in (
		({"steps": []}, "Steps is missing"),
		({"steps": [{**changed["steps"][0], "method": ""}]}, "Step 1: Method is missing"),
		({"steps": [{**changed["steps"][0], "whom": "User"}]}, "Step 1: Say which User"),
		({"plan_owner": ""}, "Plan Owner is missing"),
	):
		with pytest.raises(frappe.ValidationError) as refused:
			plans_api.rehearse({**changed, **wrong})
		assert says in str(refused.value)


def test_everybody_who_cannot_be_reached_has_a_cure(world: World) -> None:
	world.endpoint()
	world.contact("lead@x.test")
	world.plan(
		(0, "SMS", "User", "lead@x.test"),
		(1, "SMS", "User", "second@x.test"),
		(1, "Email", "Assignee"),
		(1, "HTTP POST", "Endpoint", PAGER),
		(1, "iPhone Notification", "User", "lead@x.test"),
	)
	frappe.db.set_value("Escalation Endpoint", PAGER, "enabled", 0)
	frappe.db.commit()

	def cured(**more: Any) -> dict:
		shown = plans_api.rehearse("Outage", **more)
		return {
			(line["step"], line["to"]): (
				line["remedy"]["doctype"],
				line["remedy"]["name"],
				line["remedy"]["given"],
			)
			for line in shown["lines"]
			if line["remedy"]
		}

	settings = ("Escalation Settings", "Escalation Settings", {})
	assert cured(hypothetical={"unassigned": 1}) == {
		(1, "Leo Lead"): ("Escalation Contact", "lead@x.test", {}),
		(2, "Sam Second"): ("Escalation Contact", "", {"user": "second@x.test"}),
		(3, "Assignee"): ("Assignment Rule", "", {}),
		(4, PAGER): ("Escalation Endpoint", PAGER, {}),
		(5, "Leo Lead"): settings,
	}
	ticket = world.ticket(to="")
	assert cured(ticket=str(ticket.name))[3, "Assignee"] == ("HD Ticket", str(ticket.name), {})
	frappe.db.set_value("User", "second@x.test", "enabled", 0)
	frappe.db.set_single_value("Escalation Settings", "twilio_account_sid", "")
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	found = cured()
	assert found[1, "Leo Lead"] == settings
	assert found[2, "second@x.test"] == ("User", "second@x.test", {})


def test_the_most_usual_plan_opens_without_a_false_alarm(world: World) -> None:
	world.plan((0, "Email"), (10, "SMS"))
	world.contact("lead@x.test", "+4915112345602", enabled=0)
	world.contact("second@x.test", "+4915112345603")
	shown = plans_api.rehearse("Outage")
	assert shown["unreachable"] == [] and not any(line["remedy"] for line in shown["lines"])
	assert shown["stand_ins"] == ["The ticket is made up: Sam Second stands in for whom it is assigned to."]
	assert "Step 2, SMS: to Sam Second." in [line["line"] for line in shown["lines"]]
	for nobody in ({"unassigned": 1}, {"unassigned": "1", "user_fields": {"x": "y"}, "nonsense": [1]}):
		shown = plans_api.rehearse("Outage", hypothetical=nobody)
		assert (shown["unreachable"], shown["stand_ins"]) == (["Assignee"], [])
	chosen = plans_api.rehearse("Outage", hypothetical={"assignee": "tech@x.test"})
	assert (chosen["unreachable"], chosen["stand_ins"]) == (["Tina Tech"], []), "a true alarm"
	ticket = world.ticket(to="")
	real = plans_api.rehearse("Outage", ticket=str(ticket.name))
	assert (real["unreachable"], real["stand_ins"]) == (["Assignee"], []), "a real ticket has no stand-in"


def test_where_nobody_can_be_reached_a_stand_in_hides_nothing(world: World) -> None:
	world.plan((0, "SMS"))
	shown = plans_api.rehearse("Outage")
	assert len(shown["unreachable"]) == 1 and shown["unreachable"] != ["Assignee"]
	assert "stands in" in shown["stand_ins"][-1]


def test_a_team_and_a_field_have_stand_ins_as_well(world: World) -> None:
	needs("HD Team")
	add_team("A Team", ("lead@x.test",))
	world.plan((0, "Email", "Team"), (5, "Email"))
	shown = plans_api.rehearse("Outage")
	assert shown["unreachable"] == [] and len(shown["stand_ins"]) == 2
	assert shown["stand_ins"][0] == "The ticket is made up: the team A Team stands in for its team."
	frappe.delete_doc("HD Team", "A Team", force=True)
	frappe.db.commit()


def test_what_is_to_be_done_is_said_and_leads_there(world: World) -> None:
	world.contact("lead@x.test")
	world.contact("second@x.test", "+4915112345603", enabled=0)
	world.plan(
		(0, "SMS", "User", "lead@x.test"),
		(1, "SMS", "User", "second@x.test"),
		(1, "Phone Call", "User", "tech@x.test"),
		(1, "iPhone Notification", "User", "tech@x.test"),
		(1, "Email", "Assignee"),
		(1, "Email", "Role", "Guest"),
	)
	lines = plans_api.rehearse("Outage", hypothetical={"unassigned": 1})["lines"]
	cures = {line["step"]: line["remedy"] for line in lines if line["remedy"]}
	assert {step: cure["label"] for step, cure in cures.items()}.items() >= {
		1: "Enter their mobile number, and verify it",
		2: "Switch their contact on",
		3: "Make a contact for them: Enter their mobile number, and verify it",
		5: "Have tickets assigned by a rule",
		6: "Give somebody the role Guest",
	}.items()
	assert all(cure["path"].startswith("/") for cure in cures.values()), "a cure is a link"


def test_it_says_which_plan_takes_the_ticket(world: World) -> None:
	world.plan((0, "Email"))
	world.plan((0, "Email"), title="Sooner", rank=1)
	assert "Plan Sooner (rank 1) takes such a ticket" in plans_api.rehearse("Outage")["notes"][0]
	assert plans_api.rehearse("Sooner")["notes"] == []
	assert (
		"doesn't take such a ticket"
		in plans_api.rehearse("Sooner", hypothetical={"priority": "Low"})["notes"][0]
	)


def test_who_may_rehearse(world: World) -> None:
	plan = office(world)
	ticket = world.ticket()
	for user, status in (("manager@x.test", 200), ("tech@x.test", 403)):
		answer = world.login(user).post(world.url + URL, json={"plan": plan.name}, timeout=30)
		assert answer.status_code == status, answer.text
	of = {"plan": plan.name, "ticket": str(ticket.name)}
	assert world.login("manager@x.test").post(world.url + URL, json=of, timeout=30).status_code == 403


def test_when_it_begins(world: World) -> None:
	here = clock.to_site(world.now)
	assert rehearsal.start("") == rehearsal.start("now") == world.now
	assert rehearsal.start("2030-11-22 17:50") == clock.to_utc("2030-11-22 17:50")
	friday = clock.to_site(rehearsal.start("Friday 17:50"))
	assert friday.weekday() == FRI and (friday.hour, friday.minute) == (17, 50)
	assert here <= friday <= here + timedelta(days=7)
	with pytest.raises(frappe.ValidationError, match="is no time"):
		rehearsal.start("someday")


def test_at_the_command_line(world: World) -> None:
	office(world)

	def said(*arguments: str) -> tuple[int, str]:
		frappe.db.commit()
		done = world.bench("rehearse", *arguments)
		return done.returncode, done.stdout + done.stderr

	code, text = said("Outage", "--assignee", "tech@x.test", "--at", FRIDAY)
	assert code == 1 and "Can't be reached: Tina Tech." in text and "/escalation-contact/new" in text
	assert "Step 2, Email: to Leo Lead." in text
	code, text = said("Outage", "--assignee", "tech@x.test", "--acknowledged-by", "2")
	assert code == 0 and "Acknowledged by Leo Lead" in text
	code, text = said("Nosuch")
	assert code == 1 and "There is no plan Nosuch" in text
