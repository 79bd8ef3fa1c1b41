"""The board of open escalations: what stands on it, in which order, for whom, and what it costs."""

from typing import Any

import frappe
import pytest
import requests

from escalation_mgmt import api
from escalation_mgmt.storage import history
from escalation_mgmt.utils import installation
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.views import board
from tests.scenarios.test_dispatcher import many
from tests.world import World
from tests.world.statements import listened

LEAD, MANAGER, STRANGER = "lead@x.test", "manager@x.test", "stranger@x.test"


def shown(user: str = MANAGER) -> dict[str, Any]:
	frappe.db.commit()
	frappe.set_user(user)
	try:
		return api.board()
	finally:
		frappe.set_user("Administrator")


def subjects(user: str = MANAGER) -> list[str]:
	return [row["subject"] for row in shown(user)["rows"]]


def test_who_has_nobody_stands_first_then_the_most_urgent(world: World) -> None:
	world.plan((0, "Email"), (30, "Email"), priorities=["Urgent", "High", "Medium", "Low"])
	first = world.ticket("taken", priority="Urgent")
	world.forward(10)
	world.post(world.expect_email("tech@x.test", "taken").links[0])
	world.ticket("burns", priority="Low")
	world.ticket("burns more", priority="High")
	world.forward(10)
	world.ticket("waits", priority="Medium")
	world.inbox.take_all()
	found = shown()
	assert [row["subject"] for row in found["rows"]] == ["burns more", "burns", "taken", "waits"]
	burns, _low, taken, waits = found["rows"]
	assert (burns["status"], burns["tone"], burns["step"], burns["clock"]) == (
		"Escalating",
		"red",
		"1 / 2",
		"First Response",
	)
	assert (burns["who"], burns["how"], burns["priority"]) == ("Tina Tech", "paged", "High")
	assert burns["due_in"] == 30 * 60 and (burns["next"], burns["nobody"]) == ("Step 2 (Email)", True)
	assert (taken["who"], taken["how"], taken["due_in"]) == ("Tina Tech", "has it (Link)", None)
	assert (waits["who"], waits["how"], waits["nobody"]) == ("", "nobody was paged yet", False)
	assert (waits["step"], waits["due_in"], waits["next"]) == ("0 / 2", 600, "End of the response window")
	lines = [event["line"] for event in history.of_item(world.item(first).name)]
	assert taken["last"] == lines[-1] and taken["updated"] == found["now"] - 600
	assert not found["problems"] and not found["more"]


def test_what_nobody_answered_stays_and_what_was_answered_goes(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket("out")
	world.forward(10)
	world.forward(30)
	world.inbox.take_all()
	(row,) = shown()["rows"]
	assert (row["status"], row["due_in"], row["open"]) == ("Exhausted", None, False)
	world.reply(ticket)
	assert shown()["rows"] == []


def test_each_sees_what_their_lists_show(world: World) -> None:
	world.plan((0, "Email"))
	world.ticket("theirs")
	assert subjects("tech@x.test") == subjects() == ["theirs"]
	assert subjects(STRANGER) == []
	with pytest.raises(frappe.PermissionError):
		shown("customer@x.test")
	(name,) = frappe.get_all(ITEM, pluck="name")
	frappe.set_user(STRANGER)
	assert api.items([name])["rows"] == {}
	frappe.set_user(LEAD if subjects(LEAD) else MANAGER)
	assert [*api.items([name])["rows"]] == [name]
	frappe.set_user("Administrator")
	guest = requests.get(f"{world.url}/api/method/escalation_mgmt.api.board", timeout=30)
	assert guest.status_code == 403


def statements(count: int) -> int:
	with listened() as asked:
		found = shown()
	assert len(found["rows"]) == count
	return len(asked)


def test_it_costs_the_same_statements_however_many_there_are(world: World) -> None:
	world.plan((0, "Email"), (30, "Email"))
	many(world, 2)
	shown()  # what is read once for a process
	few = statements(2)
	many(world, 9)
	assert statements(11) == few <= 40


def test_above_its_limit_it_says_how_many_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.plan((0, "Email"))
	many(world, 5)
	monkeypatch.setattr(board, "LIMIT", 3)
	found = shown()
	assert (len(found["rows"]), found["more"]) == (3, "and 2 more, less urgent")


def test_it_says_when_nothing_is_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.plan((0, "Email"))
	world.ticket("late")
	world.wait(20)
	assert "1 step is overdue" in shown()["problems"][0]
	assert shown(STRANGER)["problems"] == ["Steps or messages are overdue. Is the dispatcher running?"]
	(row,) = shown()["rows"]
	assert row["due_in"] == -600
	world.tick()
	world.inbox.take_all()
	assert not shown()["problems"]
	monkeypatch.setattr(installation, "is_live", lambda: False)
	assert "copy" in shown(STRANGER)["problems"][0]
