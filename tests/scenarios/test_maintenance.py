"""Maintenance: a pause of the site, a team or a customer. What falls due meanwhile is held, and never forgotten."""

from datetime import timedelta
from typing import Any

import frappe
import pytest

from escalation_mgmt import api
from escalation_mgmt.engine import Responses
from escalation_mgmt.preflight import readiness, rehearsal
from escalation_mgmt.utils import clock
from tests.on_site import add_team
from tests.scenarios.test_ticket_form import Form
from tests.world import World

TWO = ((0, "Email"), (10, "Email", "User", "lead@x.test"))


def maintenance(world: World, starts: float, ends: float, **more: Any) -> Any:
	"""From and to so many minutes from now."""
	doc = frappe.new_doc("Escalation Maintenance")
	doc.update(
		{
			"scope": "Site",
			"starts_at": clock.to_site(world.now + timedelta(minutes=starts)),
			"ends_at": clock.to_site(world.now + timedelta(minutes=ends)),
			"reason": "new disks",
			**more,
		}
	)
	doc.insert()
	frappe.db.commit()
	return doc


def test_held_shown_and_on_at_its_end(world: World) -> None:
	world.plan(*TWO)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	pause = maintenance(world, 5, 60)
	item = world.item(ticket)
	planned = [line["line"] for line in api.planned(item.name)["lines"]]
	assert "new disks" in planned[0] and f"The maintenance {pause.name} is over." in planned
	world.forward(10)
	item = world.item(ticket)
	assert (item.status, item.maintenance) == ("Escalating", pause.name)
	assert item.due_utc == world.now + timedelta(minutes=50)
	form = Form(world, ticket, "lead@x.test")
	assert form.shown["headline"].startswith("A maintenance runs (new disks): held until")
	assert form.shown["countdown"] == "End of the maintenance in {time}"
	done, words = form.click("escalate_now")
	assert done and "A maintenance runs (new disks): it is held until" in words
	assert any("new disks" in finding.problem for finding in readiness.findings())
	world.forward(49)
	world.sweep()
	world.inbox.assert_empty()
	world.forward(1)
	world.expect_email("lead@x.test")
	item = world.item(ticket)
	assert not item.maintenance and "what is due is held until" in world.lines(item)
	assert not any("new disks" in finding.problem for finding in readiness.findings())


def test_who_has_it_stands_before_what_is_held(world: World) -> None:
	world.plan(*TWO, ack_timeout=600)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	assert Form(world, ticket, "tech@x.test").click("acknowledge")[0]
	maintenance(world, 5, 60)
	world.forward(10)
	headline = Form(world, ticket, "lead@x.test").shown["headline"]
	assert headline.startswith("Tina Tech has it since")
	assert "A maintenance runs (new disks): held until" in headline


@pytest.mark.parametrize("how", ["ended", "deleted", "shortened"])
def test_ended_early_what_it_held_goes_on(world: World, how: str) -> None:
	world.plan(*TWO)
	ticket = world.ticket()
	pause = maintenance(world, 5, 600)
	world.forward(10)
	assert world.item(ticket).maintenance == pause.name
	world.wait(20)
	pause.reload()
	if how == "ended":
		pause.end_now()
	elif how == "deleted":
		with pytest.raises(frappe.ValidationError, match=r"It holds escalations \(1\)\. End it first"):
			pause.delete()
		frappe.db.rollback()
		pause.end_now()
		world.tick()
		pause.delete()
	else:
		pause.ends_at = clock.to_site(world.now + timedelta(minutes=5))
		pause.save()
		world.forward(4.9)
		world.inbox.assert_empty()
		world.wait(0.1)
	world.tick()
	world.expect_email("tech@x.test")
	assert "was ended or changed" in world.lines(world.item(ticket))


def test_of_a_team_or_a_customer_and_of_nobody_else(world: World) -> None:
	add_team("Nights")
	world.plan((0, "Email"), last_wait=86400)
	theirs, others = world.ticket("theirs", agent_group="Nights"), world.ticket("others")
	maintenance(world, 0, 60, scope="Team", team="Nights")
	world.forward(10)
	world.expect_email("tech@x.test", "others")
	assert world.item(theirs).maintenance and not world.item(others).maintenance
	world.forward(50)
	world.expect_email("tech@x.test", "theirs")


def test_a_team_is_one_that_there_is_and_follows_its_new_name(world: World) -> None:
	with pytest.raises(
		frappe.ValidationError, match=r"There is no Team No Such Team\. Choose one that is offered"
	):
		maintenance(world, 0, 5, scope="Team", team="No Such Team")
	frappe.db.rollback()
	for team in ("Early", "Late"):
		if frappe.db.exists("HD Team", team):
			frappe.delete_doc("HD Team", team, force=True)
	add_team("Early")
	assert "Early" in api.maintenance_choices()["team"]
	pause = maintenance(world, -1, 60, scope="Team", team="Early")
	frappe.rename_doc("HD Team", "Early", "Late", force=True)
	pause.reload()
	assert pause.team == "Late"
	frappe.delete_doc("HD Team", "Late", force=True)
	pause.end_now()


def test_it_starts_over_or_is_dropped_as_the_plan_says(world: World) -> None:
	world.plan(*TWO, title="Over", after_maintenance="Start Over")
	world.plan(*TWO, title="Dropped", priorities=["Urgent"], after_maintenance="Drop")
	over, dropped = world.ticket("over"), world.ticket("dropped", priority="Urgent")
	world.forward(10)
	world.inbox.take_all()
	maintenance(world, 5, 30)
	world.forward(10)
	world.inbox.assert_empty()
	world.forward(20)
	world.expect_email("tech@x.test", "answered: over")
	world.expect_email("tech@x.test", "was cancelled")
	assert world.item(dropped).status == "Cancelled"
	assert "it fell due in a maintenance" in world.lines(world.item(dropped))
	assert world.item(over).current_step == 1 and "It starts over." in world.lines(world.item(over))
	world.forward(10)
	world.expect_email("lead@x.test", "over")


def test_the_rehearsal_knows_of_it(world: World) -> None:
	plan = world.plan(*TWO)
	maintenance(world, 5, 60)
	found = rehearsal.of_plan(
		plan, hypothetical={"assignee": "tech@x.test"}, start=world.now, responses=Responses()
	)
	assert [line.kind for line in found.lines][1:4] == ["In Maintenance", "Maintenance Over", "Window Over"]


def test_what_can_not_be(world: World) -> None:
	with pytest.raises(frappe.ValidationError, match="ends before it begins"):
		maintenance(world, 5, 5)
	with pytest.raises(frappe.ValidationError, match="Say which Team"):
		maintenance(world, 0, 5, scope="Team")
	later = maintenance(world, 60, 70)
	with pytest.raises(frappe.ValidationError, match="hasn't begun"):
		later.end_now()
