"""Scenario 38: steps that run only if, by the hour, the ticket's priority, and an expression over it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import frappe
import pytest

from escalation_mgmt.engine import NEVER
from escalation_mgmt.facts import plans
from escalation_mgmt.preflight import outline, rehearsal
from tests.scenarios.test_renames import create, made  # noqa: F401
from tests.world import World
from tests.world.setting_up import needs

pytestmark = pytest.mark.one_database

BERLIN = ZoneInfo("Europe/Berlin")
LEAD, SECOND, TECH = "lead@x.test", "second@x.test", "tech@x.test"
OFFICE = {"calendar": "Escalation Calendar", "escalation_calendar": "Office", "count_working_time": 0}
DAY, NIGHT = {"only_if_hours": "In Working Time"}, {"only_if_hours": "Outside Working Time"}


def step(world: World, *of: Any, **more: Any) -> dict:
	return {**world.step(*of), **more}


def plan_of(world: World, *steps: dict, **more: Any) -> Any:
	"""Steps with more in their rows than a scenario's own short form has."""
	doc = world.plan((0, "Email"), start="At Once", enabled=0, **more)
	doc.update({"steps": list(steps), "enabled": 1})
	doc.save()
	frappe.db.commit()
	return doc


def refused(plan: Any) -> str:
	with pytest.raises(frappe.ValidationError) as error:
		plan.save()
	frappe.db.rollback()
	frappe.clear_messages()
	return str(error.value)


def day_and_night(world: World) -> Any:
	world.calendar("9:00-18:00")
	day = step(world, 0, "Email", "User", LEAD, **DAY)
	night = step(world, 0, "Email", "User", SECOND, **NIGHT)
	return plan_of(world, day, night, **OFFICE)


def berlin(year: int, month: int, day: int, time: str, fold: int = 0) -> datetime:
	hour, minute = map(int, time.split(":"))
	there = datetime(year, month, day, hour, minute, fold=fold, tzinfo=BERLIN)
	return there.astimezone(UTC).replace(tzinfo=None)


def coming(month: int) -> tuple[int, int, int]:
	"""The next last Sunday of March or October: a clock change in Berlin."""
	today = frappe.utils.getdate()
	year = today.year + (today.month >= month)
	last = datetime(year, month, 31)
	last -= timedelta(days=(last.weekday() + 1) % 7)
	return last.year, last.month, last.day


@pytest.mark.parametrize("month", [3, 10], ids=["spring", "autumn"])
def test_38_one_of_the_two_runs_at_any_instant_around_a_clock_change(world: World, month: int) -> None:
	day_and_night(world)
	year, _month, sunday = coming(month)
	monday = datetime(year, month, sunday) + timedelta(days=1)
	friday = monday - timedelta(days=3)
	instants = [
		(berlin(year, month, friday.day, "17:59"), LEAD),
		(berlin(year, month, friday.day, "18:00"), SECOND),
		(berlin(year, month, sunday, "1:59"), SECOND),
		(berlin(year, month, sunday, "2:30"), SECOND),
		(berlin(year, month, sunday, "2:30", fold=1), SECOND),
		(berlin(year, month, sunday, "12:00"), SECOND),
		(berlin(monday.year, monday.month, monday.day, "8:59"), SECOND),
		(berlin(monday.year, monday.month, monday.day, "9:00"), LEAD),
	]
	for number, (at, to) in enumerate(instants):
		world.now = at
		ticket = world.ticket(f"Outage {number}")
		world.tick()
		world.expect_email(to, f"Outage {number}")
		world.inbox.assert_empty()
		item = world.item(ticket)
		assert world.kinds(item).count("Passed Over") == 1
		assert world.kinds(item).count("Step Ran") == 1
		world.change(ticket, status="Closed")
		world.tick()
		world.expect_email(to, "has been answered")


def test_38_history_says_why_it_was_passed_over(world: World) -> None:
	day_and_night(world)
	world.wait_for(5, "12:00", "Europe/Berlin")
	ticket = world.ticket()
	world.tick()
	world.expect_email(SECOND)
	lines = world.lines(world.item(ticket))
	assert "Step 1, Email, was passed over: it runs in working time only." in lines
	assert "Step 2, Email: to Sam Second." in lines


def urgent_only(world: World, **more: Any) -> Any:
	first = step(world, 0, "Email", "User", SECOND, only_if_priority="Urgent", **more)
	return plan_of(world, first, step(world, 10, "Email", "User", LEAD), priorities=["High", "Urgent"])


def test_38_at_least_so_urgent_as_the_ticket_is_when_it_falls_due(world: World) -> None:
	urgent_only(world, wait=300)
	ticket = world.ticket(priority="High")
	raised = world.ticket("Raised", priority="High")
	frappe.db.set_value("HD Ticket", raised.name, "priority", "Urgent", update_modified=False)
	world.tick()
	world.forward(5)
	world.expect_email(SECOND, "Raised")
	world.inbox.assert_empty()
	assert "passed over: what it asks for doesn't hold" in world.lines(world.item(ticket))
	world.forward(10)
	world.expect_email(LEAD)
	world.expect_email(LEAD)


def test_38_an_expression_is_read_when_the_step_falls_due(world: World) -> None:
	first = step(world, 5, "Email", "User", SECOND, only_if_condition="'Outage' in (doc.subject or '')")
	plan_of(world, first, step(world, 0, "Email", "User", LEAD))
	was, is_now = world.ticket("Outage one"), world.ticket("A question")
	world.tick()
	frappe.db.set_value("HD Ticket", was.name, "subject", "A question too", update_modified=False)
	frappe.db.set_value("HD Ticket", is_now.name, "subject", "Outage two", update_modified=False)
	world.forward(5)
	world.expect_email(SECOND, "Outage two")
	world.expect_email(LEAD)
	world.expect_email(LEAD)
	assert world.kinds(world.item(was)).count("Passed Over") == 1
	assert world.kinds(world.item(is_now)).count("Passed Over") == 0


def test_38_what_fails_counts_as_true_and_is_reported_once(world: World) -> None:
	condition = "doc.subject == 'Fine' or doc.raised_by.missing() == 1"
	plan = plan_of(world, step(world, 0, "Email", "User", SECOND))
	frozen = frappe.get_doc("Escalation Plan Version", plan.plan_version)
	content = frappe.parse_json(frozen.content)
	content["steps"][0]["only_if"] = {"hours": "", "priority": "", "condition": condition}
	frappe.db.set_value("Escalation Plan Version", frozen.name, "content", frappe.as_json(content))
	plans.forget_watched()
	plans._parsed.cache_clear()
	world.ticket("One")
	world.ticket("Two")
	world.tick()
	world.expect_email(SECOND)
	world.expect_email(SECOND)
	world.expect_error("Escalation Plan Outage: the only if of step 1 failed, and counts as true")


def test_38_a_priority_that_is_gone_counts_as_true(world: World, made: Any) -> None:  # noqa: F811
	create(made, "HD Ticket Priority", "Drastic")
	plan_of(world, step(world, 0, "Email", "User", SECOND, only_if_priority="Drastic"))
	world.ticket()
	frappe.delete_doc("HD Ticket Priority", "Drastic", force=True)
	world.tick()
	world.expect_email(SECOND)
	world.expect_error("the only if of step 1 failed, and counts as true")


def test_38_where_all_are_passed_over_it_ends_as_nobody_notified_and_starts_again(world: World) -> None:
	plan_of(world, step(world, 0, "Email", "User", SECOND, only_if_priority="Urgent"))
	ticket = world.ticket()
	world.tick()
	world.expect_email("owner@x.test")
	item = world.item(ticket)
	assert item.stalled and item.due_utc is None
	world.sweep()
	world.tick()
	world.inbox.assert_empty()
	assert world.item(ticket).stalled, "it is as true as before"
	frappe.db.set_value("HD Ticket", ticket.name, "subject", "Down", update_modified=False)
	frappe.db.set_value(
		"Escalation Plan Version",
		item.plan_version,
		"content",
		frappe.db.get_value("Escalation Plan Version", item.plan_version, "content").replace(
			'"priority": "Urgent"', '"priority": "Low"'
		),
	)
	plans._parsed.cache_clear()
	world.sweep()
	world.tick()
	world.expect_email(SECOND)


def test_the_rehearsal_passes_over_what_the_run_does(world: World) -> None:
	plan = day_and_night(world)
	plan.append("steps", step(world, 0, "Email", "User", TECH, only_if_condition="doc.subject == 'Yes'"))
	plan.save()
	world.wait_for(1, "12:00", "Europe/Berlin")
	ticket = world.ticket("No")
	world.tick()
	world.expect_email(LEAD)
	with rehearsal.nothing_written():
		rehearsed = rehearsal.of_plan(plan, ticket=str(ticket.name), start=world.now, responses=NEVER)
	said = [line.line for line in rehearsed.lines]
	ran = world.lines(world.item(ticket))
	for words in (
		"Step 2, Email, was passed over",
		"Step 3, Email, was passed over",
		"Step 1, Email: to Leo Lead.",
	):
		assert any(words in line for line in said), said
		assert words in ran


def test_what_an_act_has_changed_counts_in_the_rehearsal_too(world: World) -> None:
	plan = plan_of(
		world,
		step(world, 0, "Raise the Priority", set_priority="Urgent"),
		step(world, 5, "Email", "User", SECOND, only_if_priority="Urgent"),
		step(world, 0, "Email", "User", LEAD, only_if_condition="doc.priority == 'Urgent'"),
		step(world, 0, "Email", "User", TECH, only_if_condition="doc.priority == 'High'"),
	)
	ticket = world.ticket()
	with rehearsal.nothing_written():
		rehearsed = rehearsal.of_plan(plan, ticket=str(ticket.name), start=world.now, responses=NEVER)
	said = [(line.step, line.kind) for line in rehearsed.lines if line.kind in ("Step Ran", "Passed Over")]
	assert said == [(1, "Step Ran"), (2, "Step Ran"), (3, "Step Ran"), (4, "Passed Over")]
	world.tick()
	world.forward(5)
	world.expect_email(SECOND)
	world.expect_email(LEAD)
	assert "Step 4, Email, was passed over" in world.lines(world.item(ticket))


def test_the_ladder_says_it_in_words(world: World) -> None:
	plan = day_and_night(world)
	plan.steps[0].update({"only_if_priority": "High", "only_if_condition": "doc.customer == 'ACME'"})
	shown = outline.outline_of(plan)
	lines = [each["line"] for rung in shown["rungs"] for each in rung["steps"]]
	assert lines == [
		"Email to Leo Lead, only in working time, only from priority High up, only if doc.customer == 'ACME'",
		"Email to Sam Second, only outside working time",
	]
	assert not shown["problems"]


@pytest.mark.parametrize(
	("row", "said"),
	[
		({"only_if_condition": "doc.subject =="}, "Step 1: the condition under Only If fails"),
		({"only_if_condition": "doc.nothing_of_this()"}, "Step 1: the condition under Only If fails"),
		(
			{"only_if_condition": "doc._comments"},
			"the condition under Only If names _comments, which no plan may read",
		),
		(
			{"only_if_priority": "Hihg"},
			"There is no HD Ticket Priority Hihg. Choose one that is offered under Priority at Least.",
		),
		(
			{"only_if_hours": "Outside Working Time"},
			"Step 1: It asks for hours, but the plan has no calendar",
		),
	],
)
def test_what_is_wrong_is_said_before_it_is_saved(world: World, row: dict, said: str) -> None:
	doc = world.plan((0, "Email", "User", LEAD))
	doc.steps[0].update(row)
	assert said in refused(doc)


def test_a_step_that_can_never_run_is_refused(world: World) -> None:
	plan = day_and_night(world)
	plan.steps[1].in_working_time = 1
	assert "so it never runs" in refused(plan)


def test_what_it_compares_with_and_isnt_there_is_warned_of(world: World) -> None:
	plan = plan_of(world, step(world, 0, "Email", "User", LEAD, only_if_condition="doc.priority == 'Hihg'"))
	assert any("Hihg, which it can't be" in line for line in outline.outline_of(plan)["warnings"])


def test_names_in_it_follow_their_renames(world: World, made: Any) -> None:  # noqa: F811
	create(made, "HD Ticket Priority", "Drastic")
	row = {"only_if_priority": "Drastic", "only_if_condition": "doc.priority == 'Drastic'"}
	plan = plan_of(world, step(world, 5, "Email", "User", SECOND, **row), priorities=["Drastic"])
	ticket = world.ticket(priority="Drastic")
	world.tick()
	made.rename("HD Ticket Priority", "Drastic", "Extreme")
	plan.reload()
	assert plan.steps[0].only_if_priority == "Extreme"
	assert plan.steps[0].only_if_condition == "doc.priority == 'Extreme'"
	world.forward(5)
	world.expect_email(SECOND)
	assert world.kinds(world.item(ticket)).count("Passed Over") == 0


def test_on_an_issue_of_erpnext(world: World) -> None:
	needs("Issue")
	first = step(world, 0, "Email", "User", SECOND, only_if_priority="High")
	plan_of(
		world, first, step(world, 10, "Email", "User", LEAD), reference_doctype="Issue", priorities=["Low"]
	)
	issue = frappe.get_doc({"doctype": "Issue", "subject": "Down", "priority": "Low"}).insert()
	world.tick()
	world.inbox.assert_empty()
	world.forward(10)
	world.expect_email(LEAD)
	assert "was passed over" in world.lines(world.item(issue))
