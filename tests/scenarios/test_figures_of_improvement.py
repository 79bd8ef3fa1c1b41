"""What a manager should change, against a second calculation in plain Python (scenario 53)."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import frappe
import pytest
from frappe.desk import query_report
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from escalation_mgmt.escalation_mgmt.report.what_to_improve import what_to_improve
from escalation_mgmt.facts import plans
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import EVENT, ITEM, PLAN
from escalation_mgmt.views import figures
from escalation_mgmt.views.figures.frozen import key_of
from tests.scenarios.test_figures import BEGINS, one, stored
from tests.scenarios.test_figures_of_messages import LEAD, PAGE, TECH, written
from tests.world import World

REPORT = "What to Improve"
SEARCH = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
STEPS = {
	"old": ("Email", "Phone Call", "Email"),
	"new": ("Email", "SMS", "Email"),
	"same": ("Email", "SMS", "Email"),
}
TOGETHER = {1: {1}, 2: {2, 3}, 3: {2, 3}}
LINES = ("Step Ran", "Step Ran", "Step Ran", "Acknowledged", "Partly Acknowledged", "Sent")
ESCALATIONS = st.lists(
	st.tuples(
		st.sampled_from(tuple(STEPS)),
		st.sampled_from(("Escalating", "Acknowledged", "Resolved", "Exhausted", "Cancelled")),
		st.none() | st.just(300),
		st.integers(0, 3),
		st.lists(st.tuples(st.sampled_from(LINES), st.integers(0, 3)), max_size=6),
	),
	max_size=12,
)


def never_acknowledged(at_least: int) -> list[dict[str, Any]]:
	asked = figures.read({})
	return figures.never_acknowledged(asked, figures.ends(asked), at_least)


def acknowledged_last(at_least: int) -> list[dict[str, Any]]:
	return figures.acknowledged_last(figures.ends(figures.read({})), at_least)


@pytest.fixture
def versions(world: World) -> dict[str, str]:
	"""Three versions of one plan, the last with the steps of the second: {which: version}."""
	doc = world.plan((0, "Email"), (5, "Phone Call"), (0, "Email", "User", LEAD), title="Night")
	found = {"old": doc.plan_version}
	doc.steps[1].method = "SMS"
	found["new"] = doc.save().plan_version
	doc.message = "Please look"
	found["same"] = doc.save().plan_version
	frappe.db.commit()
	assert len(set(found.values())) == 3
	return found


def escalated(generated: list[tuple], versions: dict[str, str]) -> None:
	"""Write these as action items with lines of history."""
	stored(
		[one(BEGINS, status=status, step=step, taken=taken) for _of, status, taken, step, _lines in generated]
	)
	written_lines = []
	names = frappe.get_all(ITEM, pluck="name", order_by="name")
	for name, (version, *_rest, lines) in zip(names, generated, strict=True):
		frappe.db.set_value(ITEM, name, "plan_version", versions[version])
		for run, (kind, step) in enumerate(lines):
			row = {
				"kind": kind,
				"action_item": name,
				"at_utc": BEGINS,
				"step": step,
				"run": run,
				"data": "{}",
			}
			written_lines.append({"name": rows.new_name(), **row})
	rows.insert_all(EVENT, written_lines)


@SEARCH
@given(ESCALATIONS, st.integers(1, 4))
def test_53_steps_that_nobody_ever_acknowledges(
	versions: dict[str, str], generated: list[tuple], at_least: int
) -> None:
	escalated(generated, versions)
	over = [
		each for each in generated if each[2] is not None or each[1] in ("Resolved", "Exhausted", "Cancelled")
	]
	expected = {}
	for number, method in enumerate(STEPS["same"], 1):
		with_it = [each for each in over if STEPS[each[0]][number - 1] == method]
		said = Counter(kind for *_rest, lines in with_it for kind, step in lines if step == number)
		taken = sum(
			kind.endswith("cknowledged") and step in TOGETHER[number]
			for *_rest, lines in with_it
			for kind, step in lines
		)
		answered = sum(
			status == "Resolved" and acknowledged is None and step in TOGETHER[number]
			for _of, status, acknowledged, step, _lines in with_it
		)
		if said["Step Ran"] >= at_least and not taken:
			expected[number] = (said["Step Ran"], answered)
	found = never_acknowledged(at_least)
	assert {row["step"].number: (row["runs"], row["answered"]) for row in found} == expected
	for row in found:
		behind = figures.read({"plan": "Night", "step": row["key"], "result": "Over"})
		assert figures.total(behind)["escalations"] == sum(
			STEPS[of][row["step"].number - 1] == row["step"].method
			and ("Step Ran", row["step"].number) in lines
			for of, *_rest, lines in over
		)


TAKEN = st.sampled_from(((2,), (2, 3), (0, 2, 3), (1, 3))).flatmap(
	lambda steps: st.lists(
		st.tuples(st.sampled_from(tuple(STEPS)), st.none() | st.just(300), st.sampled_from(steps)), max_size=6
	)
)


@SEARCH
@given(TAKEN, st.integers(1, 3))
@example([("new", 300, 2), ("same", 300, 3), ("old", 300, 1)], 2)
@example([("old", 300, 2)], 1)
def test_53_plans_that_are_acknowledged_at_their_last_step_alone(
	versions: dict[str, str], generated: list[tuple], at_least: int
) -> None:
	escalated([(of, "Resolved", taken, step, []) for of, taken, step in generated], versions)
	at = [step for of, taken, step in generated if taken is not None and of != "old"]
	found = {row["plan"]: row["acknowledged"] for row in acknowledged_last(at_least)}
	assert found == ({"Night": len(at)} if len(at) >= at_least and set(at) <= {2, 3} else {})
	frappe.db.set_value(PLAN, "Night", "enabled", 0)
	assert not acknowledged_last(1), "it takes nothing any more"
	frappe.db.set_value(PLAN, "Night", "enabled", 1)


PAGES = st.lists(
	st.fixed_dictionaries(
		{
			"user": st.sampled_from((TECH, LEAD, None)),
			"method": st.sampled_from(("SMS", "Email")),
			"provider": st.sampled_from(("", "Second")),
			"status": st.sampled_from(("Failed", "Failed", "Delivered", "Unknown", "Withdrawn", "Queued")),
			"sent": st.none(),
			"purpose": st.sampled_from(("Page", "Page", "Page", "Notice")),
		}
	),
	max_size=14,
)


def pages(*statuses: str) -> list[dict[str, Any]]:
	of = {"user": TECH, "method": "SMS", "provider": "", "sent": None, "purpose": "Page"}
	return [{**of, "status": status} for status in statuses]


@SEARCH
@given(PAGES, st.integers(1, 4))
@example(pages("Failed", *["Delivered"] * 10), 1)
@example(pages("Failed", "Queued", "Withdrawn", "Delivered"), 1)
def test_53_whose_messages_are_refused(world: World, generated: list[dict], at_least: int) -> None:
	handed = [
		page
		for page in written([(0, None, TECH, generated)])
		if page["status"] not in ("Withdrawn", "Queued")
	]

	def counted(*by: str) -> dict[tuple, tuple[int, int]]:
		failed, of = Counter(), Counter()
		for page in handed:
			key = tuple(page[name] or "" for name in by)
			of[key] += 1
			failed[key] += page["status"] == "Failed"
		return {
			key: (failed[key], of[key])
			for key in of
			if failed[key] >= at_least and failed[key] * 10 >= of[key]
		}

	people, providers = figures.refused(figures.read({}), at_least)
	assert {(row["user"], row["method"]): (row["failed"], row["of"]) for row in people} == counted(
		"user", "method"
	)
	several = {
		key: value
		for key, value in counted("method", "provider").items()
		if len(
			{
				page["user"]
				for page in handed
				if page["status"] == "Failed" and (page["method"], page["provider"]) == key
			}
		)
		> 1
	}
	assert {(row["method"], row["provider"]): (row["failed"], row["of"]) for row in providers} == several
	for row in people:
		whom = {"person": row["user"]} if row["user"] else {"recipient": row["name"]}
		assert len(history(method=row["method"], outcome="failed", **whom)) == row["failed"]


def history(**filters: Any) -> list[dict[str, Any]]:
	return query_report.run("Escalation History", filters=filters)["result"]


def test_a_figure_of_a_method_leads_to_the_messages_that_it_counts(world: World) -> None:
	pages = [
		*(PAGE, {**PAGE, "sent": 90, "status": "Sent"}, {**PAGE, "provider": "Second", "status": "Failed"}),
		*({**PAGE, "user": LEAD, "sent": 95}, {**PAGE, "sent": 300}, {**PAGE, "method": "Email"}),
	]
	written([(0, 120, TECH, pages), (60, None, TECH, [PAGE, {**PAGE, "purpose": "Notice"}])])
	counted = [
		(person, row)
		for person in ("", TECH, LEAD)
		for row in figures.by_method(figures.read({"person": person}))
	]
	for whom, row in counted:
		asked = {"method": row["method"], "provider": row["provider"] or "–", "person": whom}
		assert len(history(**asked)) == row["pages"]
		for outcome in (*figures.MESSAGES, "led"):
			assert len(history(**asked, outcome=outcome)) == row[outcome], (row["method"], outcome)
	assert [row["outcome"] for row in history(outcome="led")] == ["Sent"]
	assert [row["user"] for row in figures.by_person(figures.read({"person": LEAD}))] == [LEAD]
	assert [each["user"] for each in figures.refused(figures.read({"person": TECH}), 1)[0]] == [TECH]
	assert figures.refused(figures.read({"person": LEAD}), 1) == ([], [])
	for wrong in ({"outcome": "lost"}, {"step": "last"}, {"result": "Lost"}):
		with pytest.raises(frappe.ValidationError):
			figures.read(wrong)


TICKETS = st.lists(
	st.tuples(
		st.sampled_from(("High", "Low")),
		st.integers(-20, 5),  # minutes from now to its deadline
		st.none() | st.integers(-30, 0),  # ... to the first response
		st.booleans(),  # an action item was opened
		st.sampled_from(("Open", "Open", "Closed", "cancelled", "none")),
	),
	max_size=8,
)


@pytest.fixture
def ten_tickets(world: World) -> list[str]:
	world.plan((0, "Email"), priorities=["Urgent"])
	names = [str(world.ticket(priority="Low").name) for _number in range(8)]
	world.forward(25)
	return names


@SEARCH
@given(TICKETS)
def test_53_breaches_that_no_plan_took(ten_tickets: list[str], generated: list[tuple]) -> None:
	frappe.db.delete(ITEM)
	now = clock.to_site(clock.now())
	expected: Counter[str] = Counter()
	frappe.db.sql("update `tabHD Ticket` set `response_by` = null")
	for name, (priority, by, answered, taken, state) in zip(ten_tickets, generated, strict=False):
		values = {
			"priority": priority,
			"response_by": None if state == "none" else now + timedelta(minutes=by),
			"first_responded_on": None if answered is None else now + timedelta(minutes=answered),
			"docstatus": 2 if state == "cancelled" else 0,
			"status": "Closed" if state == "Closed" else "Open",
			"status_category": "Resolved" if state == "Closed" else "Open",
		}
		frappe.db.set_value("HD Ticket", name, values, update_modified=False)
		if taken:
			row = {"name": rows.new_name(), "reference_doctype": "HD Ticket", "reference_name": name}
			rows.insert_all(ITEM, [{**row, "opened_utc": clock.now(), "status": "Cancelled"}])
		late = by < 0 and state != "Closed" if answered is None else answered > by
		expected[priority] += late and not taken and state not in ("cancelled", "none")
	found = figures.untaken({})
	assert {row["priority"]: row["tickets"] for row in found} == {
		key: count for key, count in expected.items() if count
	}
	listed = Counter(row["priority"] for row in figures.untaken_tickets({}))
	assert listed == +expected
	assert {row["priority"] for row in figures.untaken_tickets({"priority": "Low"})} <= {"Low"}
	for nothing in (
		{"plan": "Outage"},
		{"clock": "Resolution"},
		{"team": "North"},
		{"reference_doctype": "Issue"},
		{"to_date": "2020-01-01"},
	):
		assert not figures.untaken(nothing), nothing


def test_what_was_due_before_any_plan_was_enabled_no_plan_could_take(world: World) -> None:
	name = world.ticket(priority="Low").name
	world.forward(60)
	world.plan((0, "Email"), priorities=["Urgent"])
	now = clock.to_site(clock.now())
	frappe.db.set_value("HD Ticket", name, "response_by", now - timedelta(minutes=5))
	assert not figures.untaken({})
	frappe.db.set_value("HD Ticket", name, "response_by", now + timedelta(minutes=5))
	world.forward(10)
	assert [row["tickets"] for row in figures.untaken({})] == [1]


def test_what_is_no_longer_kept_is_not_called_untaken(world: World) -> None:
	"""A plan took it, and its action item is gone: nobody knows any more, and the report says so."""
	world.plan((0, "Email"), priorities=["Urgent"])
	old, new = (world.ticket(priority="Low").name for _ticket in range(2))
	now = clock.to_site(clock.now())
	frappe.db.set_value("HD Ticket", old, "creation", now - timedelta(days=10, seconds=1))
	for name in (old, new):
		frappe.db.set_value("HD Ticket", name, "response_by", now)
	world.forward(0, seconds=1)
	assert sum(row["tickets"] for row in figures.untaken({})) == 2
	frappe.db.set_single_value("Escalation Settings", "keep_days", 10)
	try:
		for filters in ({}, {"show": "Tickets"}):
			answer = query_report.run(REPORT, filters=filters)
			(row,) = answer["result"]
			assert row.get("times", 1) == 1 and row.get("name", new) in (new, str(new))
			assert "it isn't known whether a plan took them" in answer["message"]
			assert not row.get("name") or row["deadline"] == now.replace(microsecond=0), "as mails show it"
		assert not query_report.run(REPORT, filters={"from_date": now.date()}).get("message")
	finally:
		frappe.db.set_single_value("Escalation Settings", "keep_days", 0)


def test_what_is_asked_for_wrongly_is_refused_whichever_rows_are_shown(
	versions: dict[str, str], world: World
) -> None:
	escalated([("same", "Resolved", None, 2, [])], versions)
	assert not query_report.run(REPORT, filters={"smallest": -1})["result"], "no step ran 0 times"
	for show in ("", "Tickets"):
		period = {"from_date": "2026-12-01", "to_date": "2026-01-01", "show": show}
		with pytest.raises(frappe.ValidationError, match="ends before it begins"):
			what_to_improve.execute(period)
	frappe.clear_messages()


def test_who_may_read_no_plan_finds_out_nobody_by_a_steps_key(versions: dict[str, str], world: World) -> None:
	escalated([("same", "Resolved", None, 2, [("Step Ran", 1)])], versions)
	frozen = plans.versions({versions["same"]})[versions["same"]]
	for key, of_managers in ((key_of(frozen.steps[0]), 1), ("1-00000000", 0)):
		assert figures.total(figures.read({"step": key}))["escalations"] == of_managers
		frappe.set_user("stranger@x.test")
		asked = figures.read({"step": key}).condition
		frappe.set_user("Administrator")
		assert "plan_version" not in asked, "asked for by its number alone"


def test_the_report_says_what_hurts_most_first_and_leads_to_its_rows(
	versions: dict[str, str], world: World
) -> None:
	lines = [("Step Ran", 1), ("Step Ran", 2), ("Step Ran", 3), ("Acknowledged", 3)]
	escalated([("same", "Resolved", 600, 3, lines)] * 30, versions)
	_of_the_items, name = (world.ticket(priority="Low").name for _ticket in range(2))
	frappe.db.set_value("HD Ticket", name, "response_by", clock.to_site(clock.now()))
	world.forward(1)
	answer = query_report.run(REPORT, filters={})
	step, plan, ticket = answer["result"]
	bars = answer["chart"]["data"]
	assert dict(zip(bars["labels"], bars["datasets"][0]["values"], strict=True)) == {
		"No Plan Took It": 1,
		"Refused": 0,
		"Never Acknowledged": 1,
		"Last Step Only": 1,
	}
	assert (step["times"], step["of"], step["place"]) == (30, 30, "Night")
	assert step["finding"] == "Step 1 (Email to the assignee) is never acknowledged"
	assert "20 times or more" in step["threshold"]
	assert len({row["action_item"] for row in history(**json.loads(step["behind"]))}) == 30
	assert plan["finding"] == (
		"Acknowledged only at its last step (2, SMS to the assignee; 3, Email to Leo Lead)"
	)
	assert len({row["action_item"] for row in history(**json.loads(plan["behind"]))}) == 30
	assert (ticket["times"], ticket["place_doctype"], ticket["place"]) == (1, PLAN, "")
	(row,) = query_report.run(REPORT, filters=json.loads(ticket["behind"]))["result"]
	assert str(row["name"]) == str(name)

	frappe.set_user("manager@x.test")
	answer = query_report.run(REPORT, filters={})
	assert [row["times"] for row in answer["result"]] == [30, 30]
	assert (
		answer["message"]
		== "Of tickets that no plan took, only those that you may read are counted (HD Ticket)."
	)
	few = query_report.run(REPORT, filters={"smallest": 31})
	assert (
		not few["result"]
		and not few["chart"]
		and few["message"].startswith("Nothing to improve in this period.")
	)
	assert [row["times"] for row in query_report.run(REPORT, filters={"plan": "Night"})["result"]] == [30, 30]
	frappe.set_user("stranger@x.test")
	with pytest.raises(frappe.PermissionError):
		query_report.run(REPORT, filters={})
	assert not never_acknowledged(1) and not figures.untaken({})
	frappe.set_user("Administrator")


def test_a_run_is_what_an_escalation_really_ran(world: World) -> None:
	"""By the app itself: repeats count, and what is acknowledged isn't listed."""
	doc = world.plan((0, "Email"), (5, "Email", "User", LEAD), repeats=1, repeat_pause=600)
	world.ticket()
	for minutes in (10, 5, 10, 5):
		world.forward(minutes)
		world.expect_email("tech@x.test" if minutes == 10 else LEAD)
	assert not never_acknowledged(1), "nobody knows yet: it goes on"
	world.forward(30)
	world.providers.inbox.take_all()
	found = never_acknowledged(2)
	frozen = plans.versions({doc.plan_version})[doc.plan_version]
	assert [(row["key"], row["runs"]) for row in found] == [(key_of(step), 2) for step in frozen.steps]
