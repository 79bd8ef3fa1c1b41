"""Scenario 39: managers, the next in turn, available members, and second targets."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
import pytest

from escalation_mgmt.engine import NEVER
from escalation_mgmt.preflight import outline, readiness, rehearsal
from tests import on_site
from tests.scenarios.test_only_if import plan_of, refused, step
from tests.scenarios.test_renames import made  # noqa: F401
from tests.world import PAGER, World
from tests.world.doctypes import doctype

LEAD, SECOND, TECH, OWNER = "lead@x.test", "second@x.test", "tech@x.test", "owner@x.test"
CREW = "Crew"
MEMBERS = (TECH, LEAD, SECOND, "manager@x.test")


@pytest.fixture
def crew(world: World) -> Iterator[str]:
	"""A team of four, in this order; the last is no agent."""
	on_site.add_team(CREW, MEMBERS)
	frappe.db.commit()
	yield CREW
	frappe.db.rollback()
	frappe.set_user("Administrator")
	for user in MEMBERS:
		is_there(user)
	world.clean()
	for name in (CREW, "Squad"):
		if frappe.db.exists("HD Team", name):
			frappe.delete_doc("HD Team", name, force=True)
	frappe.db.commit()


def is_away(user: str, status: str = "Away") -> None:
	"""As agents say it in Helpdesk, where the installed one asks them."""
	if not frappe.get_meta("HD Agent").has_field("availability"):
		pytest.skip("this Helpdesk doesn't ask agents whether they are available")
	frappe.db.set_value("HD Agent", user, "availability", status)
	frappe.db.commit()


def is_there(user: str) -> None:
	if frappe.db.exists("HD Agent", user):
		frappe.db.set_value("HD Agent", user, "is_active", 1)
		if frappe.get_meta("HD Agent").has_field("availability"):
			frappe.db.set_value("HD Agent", user, "availability", "Active")


def in_turn(world: World, **more: Any) -> dict:
	return step(world, 0, "Email", "Next in Turn", CREW, **more)


def to_lead(**more: Any) -> dict:
	return {"second_whom": "User", "second_user": LEAD, **more}


def received(world: World, count: int) -> list[str]:
	return [world.inbox.expect(method="Email").to for _number in range(count)]


def test_39_three_tickets_in_a_row_go_to_three_of_four_while_one_is_away(world: World, crew: str) -> None:
	plan_of(world, in_turn(world))
	is_away(LEAD)
	for to in (TECH, SECOND, "manager@x.test", TECH):
		world.ticket()
		world.tick()
		world.expect_email(to)
		world.wait(seconds=1)
	is_there(LEAD)
	world.ticket()
	world.tick()
	world.expect_email(LEAD)


def test_39_three_tickets_of_one_set_go_to_three(world: World, crew: str) -> None:
	plan_of(world, in_turn(world))
	is_away(TECH)
	for _number in range(3):
		world.ticket()
	world.tick()
	assert sorted(received(world, 3)) == [LEAD, "manager@x.test", SECOND]
	world.wait(seconds=1)
	world.ticket()
	world.tick()
	assert received(world, 1)[0] != TECH


def test_39_whose_turn_it_is_is_written_with_the_claim(world: World, crew: str) -> None:
	plan_of(world, in_turn(world))
	world.ticket()
	world.tick()
	world.expect_email(TECH)
	(row,) = frappe.get_all("Escalation Turn", fields=["team", "user", "chosen_utc"])
	assert (row.team, row.user, row.chosen_utc) == (
		CREW,
		TECH,
		world.now.replace(microsecond=row.chosen_utc.microsecond),
	)


def test_39_a_group_reaches_one_person_by_each_of_its_methods_and_the_next_group_the_next(
	world: World, crew: str
) -> None:
	world.contact(TECH, "+4915111111111")
	world.contact(LEAD, "+4915111111112")
	by_sms = step(world, 0, "SMS", "Next in Turn", CREW)
	plan_of(world, in_turn(world), by_sms, in_turn(world, wait=300))
	world.ticket()
	world.tick()
	world.expect_email(TECH)
	world.expect_sms("+4915111111111")
	world.forward(5)
	world.expect_email(LEAD)


def test_39_only_whom_the_method_reaches_and_the_others_are_no_matter(world: World, crew: str) -> None:
	world.contact(SECOND, "+4915111111113")
	plan_of(world, step(world, 0, "SMS", "Next in Turn", CREW))
	for _number in range(2):
		ticket = world.ticket()
		world.tick()
		world.expect_sms("+4915111111113")
		assert "can't be reached" not in world.lines(world.item(ticket))
		world.wait(seconds=1)


def test_39_while_all_are_away_a_turn_goes_to_the_second_target(world: World, crew: str) -> None:
	plan_of(world, in_turn(world, second_whom="User", second_user=OWNER))
	frappe.db.set_value("HD Team Member", {"parent": CREW, "user": "manager@x.test"}, "user", TECH)
	for user in (TECH, LEAD, SECOND):
		is_away(user, "Unavailable")
	ticket = world.ticket()
	world.tick()
	world.expect_email(OWNER)
	lines = world.lines(world.item(ticket))
	assert "Nobody of the team Crew is available." in lines
	assert "to Otto Owner, in place of whom it couldn't reach" in lines
	assert not frappe.db.count("Escalation Turn")


def test_39_while_all_are_away_and_there_is_no_second_it_goes_on_as_ever(world: World, crew: str) -> None:
	"""A missed page is worse than one to somebody who is away."""
	plan_of(world, in_turn(world))
	frappe.db.set_value("HD Team Member", {"parent": CREW, "user": "manager@x.test"}, "user", TECH)
	for user in (TECH, LEAD, SECOND):
		is_away(user)
	for to in (TECH, LEAD):
		world.ticket()
		world.tick()
		world.expect_email(to)
		world.wait(seconds=1)


def test_39_available_members_and_nobody_available(world: World, crew: str) -> None:
	plan_of(world, step(world, 0, "Email", "Available Members", CREW, second_whom="User", second_user=OWNER))
	is_away(TECH)
	is_away(LEAD, "Unavailable")
	frappe.db.set_value("HD Agent", SECOND, "is_active", 0)
	frappe.db.commit()
	world.ticket()
	world.tick()
	world.expect_email("manager@x.test")  # who is no agent has said nothing
	frappe.db.set_value("HD Team Member", {"parent": CREW, "user": "manager@x.test"}, "user", TECH)
	world.ticket()
	world.tick()
	world.expect_email(OWNER)


def test_39_the_tickets_own_team(world: World, crew: str) -> None:
	plan_of(world, step(world, 0, "Email", "Next in Turn"), step(world, 10, "Email", "Available Members"))
	ticket = world.ticket(agent_group=CREW)
	world.tick()
	world.expect_email(TECH)
	assert frappe.get_all("Escalation Turn", pluck="team") == [CREW]
	world.change(ticket, agent_group=None)
	world.forward(10)
	assert "The ticket has no team." in world.lines(world.item(ticket))


def test_a_second_target_of_an_assignee(world: World) -> None:
	plan_of(world, step(world, 0, "Email", **to_lead()))
	world.ticket(to="")
	world.ticket("With somebody")
	world.tick()
	world.expect_email(LEAD)
	world.expect_email(TECH, "With somebody")


def test_the_second_of_a_turn_can_be_a_turn_of_another_team(world: World, crew: str) -> None:
	on_site.add_team("Squad", (OWNER,))
	plan_of(
		world, step(world, 0, "SMS", "Next in Turn", CREW), step(world, 0, "Email", "Next in Turn", CREW),
		step(world, 10, "Email", "Assignee", second_whom="Next in Turn", second_team="Squad"),
	)  # fmt: skip
	world.ticket(to="")
	world.tick()
	world.expect_email(TECH)
	world.forward(10)
	world.expect_email(OWNER)
	assert sorted(frappe.get_all("Escalation Turn", pluck="team")) == [CREW, "Squad"]


def test_to_whom_tickets_are_assigned_goes_by_turns_too(world: World, crew: str) -> None:
	assign = step(world, 0, "Assign the Ticket", "Next in Turn", CREW, second_whom="User", second_user=OWNER)
	plan_of(world, assign, step(world, 5, "Email"))
	is_away(LEAD)
	tickets = [world.ticket(f"Outage {number}", to="") for number in range(2)]
	world.tick()
	for ticket, to in zip(tickets, (TECH, SECOND), strict=True):
		assert frappe.parse_json(ticket.reload()._assign) == [to]
	world.forward(5)
	assert sorted(received(world, 2)) == [SECOND, TECH]
	assert sorted(frappe.get_all("Escalation Turn", pluck="user")) == [SECOND, TECH]


# --- managers


@contextmanager
def employees(*of: tuple[str, str, str], status: str = "Active") -> Iterator[None]:
	"""Frappe HR's records, as far as they say who reports to whom: (name, user, to whom)."""
	if frappe.db.exists("DocType", "Employee"):
		pytest.skip("this site has Employee records of its own")
	fields = [
		{"fieldname": "user_id", "fieldtype": "Link", "options": "User"},
		{"fieldname": "reports_to", "fieldtype": "Link", "options": "Employee"},
		{"fieldname": "status", "fieldtype": "Select", "options": "Active\nLeft"},
	]
	with doctype("Employee", fields):
		for name, user, to in of:
			doc = frappe.get_doc(
				{"doctype": "Employee", "user_id": user, "status": status if not to else "Active"}
			)
			doc.reports_to = to or None
			doc.flags.ignore_links = True
			doc.insert(set_name=name)
		frappe.db.commit()
		yield


@pytest.fixture
def leads(crew: str) -> Iterator[str]:
	"""Teams name their lead in a field that the site has added."""
	field = frappe.get_doc(
		{
			"doctype": "Custom Field",
			"dt": "HD Team",
			"fieldname": "team_lead",
			"label": "Lead",
			"fieldtype": "Link",
			"options": "User",
		}
	).insert()
	frappe.db.set_value("HD Team", CREW, "team_lead", LEAD)
	frappe.db.commit()
	yield CREW
	frappe.db.rollback()
	field.delete()
	frappe.clear_cache(doctype="HD Team")
	frappe.db.commit()


def test_39_the_manager_by_their_employee_record(world: World) -> None:
	with employees(("BOSS", OWNER, ""), ("TINA", TECH, "BOSS")):
		plan_of(world, step(world, 0, "Email", "Manager", **to_lead()))
		world.ticket()
		world.ticket("Of Leo", to=LEAD)
		world.tick()
		world.expect_email(OWNER)
		world.expect_email(LEAD, "Of Leo")  # the second, for nobody says whose employee he is


def test_39_a_manager_who_has_left_is_none(world: World) -> None:
	with employees(("BOSS", OWNER, ""), ("TINA", TECH, "BOSS"), status="Left"):
		plan_of(world, step(world, 0, "Email", "Manager"))
		ticket = world.ticket()
		world.tick()
		world.expect_email(OWNER)  # as the plan's owner
		assert "no Employee record does, under Reports to" in world.lines(world.item(ticket))


def test_39_else_the_teams_lead(world: World, leads: str) -> None:
	plan_of(world, step(world, 0, "Email", "Manager", second_whom="User", second_user=OWNER))
	world.ticket(agent_group=CREW)
	world.ticket("Unassigned", to="", agent_group=CREW)
	world.ticket("The lead's own", to=LEAD, agent_group=CREW)
	world.tick()
	world.expect_email(LEAD)
	world.expect_email(LEAD, "Unassigned")
	world.expect_email(OWNER, "The lead's own")


def test_39_where_nobody_says_it_history_and_readiness_do(world: World) -> None:
	plan_of(world, step(world, 0, "Email", "Manager"))
	ticket = world.ticket()
	world.tick()
	world.expect_email(OWNER)
	assert "Nobody says who the manager of Tina Tech is." in world.lines(world.item(ticket))


# --- beforehand


def lines_of(plan: Any, world: World, ticket: Any) -> list[str]:
	with rehearsal.nothing_written():
		found = rehearsal.of_plan(plan, ticket=str(ticket.name), start=world.now, responses=NEVER)
	return [line.line for line in found.lines if line.kind in ("Step Ran", "Unreachable", "Passed Over")]


def test_the_rehearsal_equals_the_run_and_writes_no_turn(world: World, crew: str) -> None:
	plan = plan_of(world, in_turn(world), in_turn(world, wait=300), in_turn(world, wait=300))
	world.ticket("Before")
	world.tick()
	world.expect_email(TECH)
	frappe.db.set_value("Escalation Action Item", {}, "status", "Cancelled")
	ticket = world.ticket("Rehearsed")
	said = lines_of(plan, world, ticket)
	assert said == [
		"Step 1, Email: to Leo Lead.",
		"Step 2, Email: to Sam Second.",
		"Step 3, Email: to Mona Manager.",
	]
	assert len(frappe.get_all("Escalation Turn")) == 1
	frappe.db.delete("Escalation Action Item", {"ticket_subject": "Before"})
	world.wait(seconds=1)
	world.tick()
	world.expect_email(LEAD)
	for to in (SECOND, "manager@x.test"):
		world.forward(5)
		world.expect_email(to)
	ran = world.lines(world.item(ticket))
	assert all(line in ran for line in said)


def test_the_ladder_says_whom_in_words(world: World, crew: str) -> None:
	plan = plan_of(
		world,
		in_turn(world, **to_lead()),
		step(world, 0, "Email", "Available Members", **to_lead()),
		step(world, 0, "Email", "Manager", second_whom="Team", second_team=CREW),
		step(world, 0, "Email", "Next in Turn"),
	)
	shown = outline.outline_of(plan)
	assert [each["line"] for rung in shown["rungs"] for each in rung["steps"]] == [
		"Email to the next in turn of Crew (if nobody is available: Leo Lead)",
		"Email to who is available of the ticket's team (if nobody is available: Leo Lead)",
		"Email to the assignee's manager (if it reaches nobody: team Crew)",
		"Email to the next in turn of the ticket's team",
	]
	assert shown["names"] == {LEAD: "Leo Lead"} and not shown["problems"]


def test_readiness_looks_at_second_targets_and_at_all_of_a_team(world: World, crew: str) -> None:
	world.contact(TECH, "+4915111111111")
	plan = plan_of(
		world,
		step(world, 0, "SMS", "Next in Turn", CREW, **to_lead()),
		step(world, 0, "Email", "User", TECH, only_if_priority="Urgent"),
	)
	said = "\n".join(finding.problem for finding in readiness.of_plan(plan))
	assert "Leo Lead" in said and "Sam Second" in said and "Mona Manager" in said
	assert "It can reach nobody" not in said
	assert not frappe.db.count("Escalation Turn")


@pytest.mark.parametrize(
	("row", "said"),
	[
		({"second_whom": "User", "second_user": LEAD}, "Whom Then is whom the step goes to already"),
		({"second_whom": "User"}, "If it reaches nobody: Say which User."),
		(
			{"second_whom": "Endpoint", "second_endpoint": PAGER},
			"If it reaches nobody: Email can't go to an endpoint",
		),
		({"second_whom": "Team", "second_team": "Crow"}, "There is no HD Team Crow."),
		(
			{"second_whom": "User Field", "second_user_field": "agent_group"},
			"If it reaches nobody: agent_group names no user",
		),
		({"second_whom": "Address", "second_address": "nobody"}, "If it reaches nobody: "),
		({"whom": "Next in Turn", "team": "Crow"}, "There is no HD Team Crow."),
	],
)
def test_what_is_wrong_with_a_target_is_said(world: World, row: dict, said: str) -> None:
	world.endpoint()
	doc = world.plan((0, "Email", "User", LEAD))
	doc.steps[0].update(row)
	assert said in refused(doc)


def test_a_doctype_without_teams_needs_one_that_is_named(world: World, crew: str) -> None:
	world.todos_are_tickets()
	doc = world.plan((0, "Email"), reference_doctype="ToDo")
	doc.steps[0].update({"whom": "Next in Turn"})
	assert "has no field for a team. Say which team." in refused(doc)
	doc.reload()
	doc.steps[0].update({"whom": "Next in Turn", "team": CREW})
	doc.save()


# --- what becomes of names, people and old rows


def test_turns_follow_renames_of_team_and_user(world: World, crew: str, made: Any) -> None:  # noqa: F811
	plan = plan_of(world, in_turn(world, second_whom="Team", second_team=CREW))
	world.ticket()
	world.tick()
	world.expect_email(TECH)
	waiting = world.ticket("Waiting")
	frappe.rename_doc("HD Team", CREW, "Squad", force=True, show_alert=False)
	frappe.db.commit()
	plan.reload()
	assert (plan.steps[0].team, plan.steps[0].second_team) == ("Squad", "Squad")
	assert frappe.get_all("Escalation Turn", pluck="team") == ["Squad"]
	world.wait(seconds=1)
	world.tick()
	world.expect_email(LEAD)
	assert world.item(waiting).plan == "Outage"
	made.person("lead@x.test", "renamed@x.test")
	assert sorted(frappe.get_all("Escalation Turn", pluck="user")) == ["renamed@x.test", TECH]


def test_of_two_who_become_one_the_later_turn_counts(world: World, crew: str) -> None:
	from escalation_mgmt.facts import turns
	from escalation_mgmt.utils import rows

	later = world.now.replace(microsecond=0)
	for at in (later, later.replace(year=later.year - 1)):
		rows.insert_all(
			"Escalation Turn", [{"name": rows.new_name(), "team": CREW, "user": TECH, "chosen_utc": at}]
		)
	assert turns.stored([CREW]) == {CREW: {TECH: later}}


def test_who_is_deleted_is_in_nobodys_way(world: World, crew: str) -> None:
	on_site.add_person("leaves@x.test", "Lena Leaves")
	frappe.get_doc("HD Team", CREW).append("users", {"user": "leaves@x.test"}).db_insert()
	for user in MEMBERS:
		frappe.db.delete("HD Team Member", {"parent": CREW, "user": user})
	plan_of(world, in_turn(world))
	ticket = world.ticket()
	world.tick()
	world.expect_email("leaves@x.test")
	frappe.db.delete("HD Team Member", {"parent": CREW})
	frappe.db.delete("Escalation Notification", {"action_item": world.item(ticket).name})
	frappe.delete_doc("User", "leaves@x.test")
	assert not frappe.db.exists("User", "leaves@x.test")
