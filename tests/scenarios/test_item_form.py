"""What an action item's form shows and does: how it stands, what happened, what is still to come, who may do what."""

from typing import Any

import frappe
import pytest

from escalation_mgmt import api
from escalation_mgmt.storage import history
from escalation_mgmt.utils import clock
from tests.scenarios.test_ticket_form import SNOOZES
from tests.world import World

AGENT = "lead@x.test"


def running(world: World) -> tuple[Any, str]:
	world.plan((0, "Email"), (20, "Email", "User", AGENT), (15, "SMS"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	return ticket, world.item(ticket).name


def act(world: World, user: str, item: str, action: str, **more: Any) -> Any:
	url = f"{world.url}/api/method/escalation_mgmt.api.act_on_item"
	answer = world.login(user).post(url, json={"action_item": item, "action": action, **more}, timeout=30)
	frappe.db.commit()
	return answer.json()["message"] if answer.ok else answer.status_code


def planned(item: str) -> list[tuple]:
	frappe.db.commit()
	return [(line["at"], line["kind"], line["line"]) for line in api.planned(item)["lines"]]


def test_what_is_planned_is_what_then_happens(world: World) -> None:
	ticket, item = running(world)
	before = len(history.of_item(item))
	expected = [line for line in planned(item) if line[1] != "Notice"]
	assert [kind for _at, kind, _line in expected][:2] == ["Step Ran", "Step Ran"]
	while due := world.next_due():
		world.now = due
		world.tick()
	world.expect_email(AGENT)
	world.expect_email("owner@x.test")
	did = [(e["at"], e["kind"], e["line"]) for e in history.of_item(item)[before:] if e["kind"] != "Sent"]
	assert expected == did
	assert planned(item) == []
	assert world.item(ticket).status == "Exhausted"


def test_it_looks_ahead_from_now_on(world: World) -> None:
	"""A wait that is over is planned for now; whom it reaches is asked as of now."""
	_ticket, item = running(world)
	world.wait(25)
	assert planned(item)[0] == (clock.to_site(world.now), "Step Ran", "Step 2, Email: to Leo Lead. (5m late)")
	frappe.db.set_value("User", AGENT, "enabled", 0)
	remedy = next(line["remedy"] for line in api.planned(item)["lines"] if line["remedy"])
	assert remedy["doctype"] == "User"
	frappe.set_user("tech@x.test")
	assert not any(line["remedy"] for line in api.planned(item)["lines"]), (
		"only who can put it right is sent there"
	)


def test_actions_by_permission_and_a_stale_click_does_nothing(world: World) -> None:
	_ticket, item = running(world)
	frappe.set_user(AGENT)
	shown = api.timeline(item)
	assert [action["name"] for action in shown["actions"]] == [
		*("acknowledge", "escalate_now", "escalate_to", *SNOOZES, "add_person", "hand_over", "stop"),
	]
	assert (shown["headline"], shown["state"], shown["latest"]) == ("Step 1 of 3 has run.", "Escalating", "")
	assert shown["countdown"] == "Step 2 (Email) in {time}" and shown["due_in"] == 20 * 60
	assert act(world, AGENT, item, "escalate_now", seen=shown["seen"])["done"]
	again = act(world, AGENT, item, "escalate_now", seen=shown["seen"])
	assert not again["done"] and "happened since the page was shown" in again["message"]
	frappe.set_user("stranger@x.test")
	for call in (api.timeline, api.planned):
		with pytest.raises(frappe.PermissionError):
			call(item)
	assert act(world, "stranger@x.test", item, "acknowledge") == 403


def test_who_was_notified_may_acknowledge_and_nothing_else(world: World) -> None:
	world.plan((0, "Email", "User", "stranger@x.test"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("stranger@x.test")
	item = world.item(ticket).name
	frappe.set_user("stranger@x.test")
	shown = api.timeline(item)
	assert [action["name"] for action in shown["actions"]] == ["acknowledge"]
	stop = {"seen": shown["seen"], "values": {"reason": "no"}}
	assert act(world, "stranger@x.test", item, "stop", **stop) == 403
	assert act(world, "stranger@x.test", item, "acknowledge", seen=shown["seen"])["done"]
	frappe.set_user("Administrator")
	assert world.item(ticket).acknowledged_via == "Desk"
	world.tick()


def test_an_older_item_leads_to_the_newer(world: World) -> None:
	world.plan((0, "Email"))
	world.plan((0, "Email"), title="Urgent", priorities=["Urgent"])
	ticket = world.ticket()
	world.change(ticket, priority="Urgent")
	old, new = world.item(ticket, 0).name, world.item(ticket).name
	assert old != new
	shown = api.timeline(old)
	assert (shown["latest"], shown["actions"], shown["state"]) == (new, [], "Cancelled")
	assert api.timeline(new)["latest"] == ""
	world.tick()


def test_the_form_of_an_item_whose_ticket_was_deleted(world: World) -> None:
	ticket, item = running(world)
	ticket.reload()
	ticket.delete(force=True)
	frappe.db.commit()
	for what in ("timeline", "planned"):
		answer = world.login("manager@x.test").get(
			f"{world.url}/api/method/escalation_mgmt.api.{what}", params={"action_item": item}, timeout=30
		)
		assert answer.ok, answer.text
		shown = answer.json()["message"]
		if what == "timeline":
			assert (shown["headline"], shown["actions"]) == ("Cancelled: the ticket was deleted.", [])
	assert act(world, "manager@x.test", item, "start", values={"plan": "Outage"}) == 403
	world.tick()
	world.inbox.take_all()
