"""`bench --site SITE escalation … --json`: what a program reads is what people are told, and nothing else stands beside it."""

import json
from datetime import datetime
from typing import Any

import frappe
import pytest

from escalation_mgmt.actions.acknowledge import acknowledge_as
from tests import shell
from tests.on_site import BENCH_SITE
from tests.world import World

pytestmark = pytest.mark.skipif(bool(BENCH_SITE), reason="runs commands by the host")


def told(*commands: tuple[str, ...]) -> list[tuple[int, Any]]:
	frappe.db.commit()
	said = shell.run(frappe.local.site, *((*each, "--json") for each in commands))
	return [(code, json.loads(text)) for code, text in said]


def test_items_says_what_escalates_and_who_has_it(world: World) -> None:
	plan = world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	first, second, third = (world.ticket(name) for name in ("first", "second", "third"))
	world.forward(10)
	for name in ("first", "second", "third"):
		world.expect_email("tech@x.test", name)
	acknowledge_as("lead@x.test", world.item(second).name, "Desk")
	world.reply(third)
	world.tick()
	world.inbox.take_all()
	(_code, running), (_, every), (_, of_one), (_, one) = told(
		("items",), ("items", "--all"), ("items", "--ticket", str(third.name)), ("items", "--limit", "1")
	)
	assert [item["ticket"]["name"] for item in running] == [str(first.name), str(second.name)]
	assert [item["ticket"]["name"] for item in every] == [str(each.name) for each in (first, second, third)]
	assert of_one == [every[2]] and one == [running[0]]
	shown, has = running
	due = datetime.fromisoformat(shown["due_at"]).replace(tzinfo=None)
	assert (shown["status"], shown["step"], shown["steps"], shown["plan"]) == ("Escalating", 1, 2, plan.name)
	assert shown["due_at"].endswith("Z") and due == world.item(first).due_utc.replace(microsecond=0)
	assert (has["status"], has["acknowledged_by"], has["acknowledged_via"]) == (
		"Acknowledged",
		"Leo Lead",
		"Desk",
	)
	assert every[2]["status"] == "Resolved" and every[2]["ended_at"] and every[2]["due_at"] is None
	((_code, words),) = shell.run(frappe.local.site, ("items",))
	assert f"{shown['item']}  Escalating, due " in words and "Step 1 of 2 has run." in words
	assert f"{has['item']}  Acknowledged" in words and "Leo Lead has it since" in words


def test_where_nothing_escalates(world: World) -> None:
	((_code, words),) = shell.run(frappe.local.site, ("items",))
	assert words == "Nothing escalates.\n"
	assert told(("items",)) == [(0, [])]


def test_a_rehearsal_has_its_times_with_their_zone(world: World) -> None:
	plan = world.plan((0, "Email"), (5, "SMS", "User", "lead@x.test"))
	((code, found), (missing, refused)) = told(
		("rehearse", plan.name, "--at", "2026-11-27 17:50"), ("rehearse", "No Such Plan")
	)
	assert code == (1 if found["unreachable"] else 0)
	assert found["plan"] == plan.name and found["lines"]
	assert all(datetime.fromisoformat(line["at"]).tzinfo for line in found["lines"])
	assert (missing, refused) == (1, {"error": "There is no plan No Such Plan."})


def test_status_check_and_dispatch(world: World) -> None:
	((well, state), (ready, found), (_, ran)) = told(("status",), ("check",), ("dispatch", "--once"))
	assert well == (0 if state["well"] else 1) and state["well"] is not bool(state["problems"])
	assert ready == (0 if found["ready"] else 1) and found["ready"] is not bool(found["findings"])
	assert all(finding["problem"] and finding["remedies"][0]["label"] for finding in found["findings"])
	assert ran == {"items_run": 0, "mute": False}
