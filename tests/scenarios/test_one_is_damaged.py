"""One escalation can't be read: whoever looks at several sees the others, and that it is there (brother of scenario 31)."""

import json

import frappe
import pytest

from escalation_mgmt import api
from escalation_mgmt.utils.doctypes import ITEM, PLAN_VERSION
from tests.scenarios.test_at_3_am import call
from tests.scenarios.test_board import shown
from tests.world import World

TECH = "tech@x.test"
DAMAGES = {
	"plan": lambda item: frappe.db.set_value(PLAN_VERSION, item.plan_version, "content", "{broken"),
	"no plan": lambda item: frappe.db.set_value(ITEM, item.name, "plan_version", None, update_modified=False),
	"who acknowledged": lambda item: frappe.db.set_value(ITEM, item.name, "acks", "[", update_modified=False),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_it_hides_no_other_and_stands_on_the_board(world: World, damage: str) -> None:
	world.plan((0, "Email"), title="Broken", priorities=["Urgent"])
	world.plan((0, "Email"), title="Sound", priorities=["High"])
	tickets = [
		world.ticket("Disk", priority="Urgent"),
		*(world.ticket(f"Fan {n}", priority="High") for n in range(3)),
	]
	world.forward(10)
	links = [world.expect_email(TECH).links[0] for _ticket in tickets]
	broken, *sound = [world.item(ticket) for ticket in tickets]
	DAMAGES[damage](broken)
	frappe.db.commit()

	names = [item.name for item in sound]
	on_board = {row["item"]: row for row in shown()["rows"]}
	assert {*names} <= {*on_board} and all(on_board[name]["due_in"] is not None for name in names)
	assert "can't be processed" in on_board[broken.name]["held"]
	assert (on_board[broken.name]["subject"], on_board[broken.name]["nobody"]) == ("Disk", True)
	assert {*api.items([*names, broken.name])["rows"]} == {*names, broken.name}
	numbers = [str(ticket.name) for ticket in tickets]
	assert {*api.tickets("HD Ticket", numbers)} == {*numbers[1:]}
	assert "can't be processed" in api.ticket("HD Ticket", numbers[0])["headline"]
	assert api.ticket("HD Ticket", numbers[1])["item"] == names[0]
	form = api.timeline(broken.name)
	assert "can't be processed" in form["headline"] and form["events"] and not form["actions"]
	assert api.planned(broken.name)["lines"] == []
	app = call(world, world.login(TECH), "overview").json()["message"]["items"]
	assert {*names} <= {card["item"] for card in app}
	if damage == "plan":  # a process of its own takes seconds
		assert {*names} <= {line["item"] for line in json.loads(world.bench("items", "--json").stdout)}
	assert all(world.get(link).status_code == 200 for link in links[1:])
	world.post(links[-1])
	assert {world.item(ticket).status for ticket in tickets[1:]} == {"Escalating", "Acknowledged"}
	world.ticket("Pump", priority="High")
	world.forward(10)
	world.expect_email(TECH, "Pump")
	if damage == "plan":
		world.expect_error("plan Broken can't be read")
	frappe.db.delete("Error Log")  # what is damaged is reported, once an hour
	frappe.db.commit()
