"""The picture of an escalation: a lane for each person, a mark for each message, and each mark with the line that says it."""

from datetime import timedelta
from typing import Any

import frappe

from escalation_mgmt import api
from escalation_mgmt.actions.hand_over import hand_over
from escalation_mgmt.actions.snooze import snooze
from escalation_mgmt.api import plans as plans_api
from escalation_mgmt.engine import Actor
from escalation_mgmt.utils import clock
from tests.scenarios.test_acts import acts
from tests.world import PAGER, World

TINA, LEO, SAM = "tech@x.test", "lead@x.test", "second@x.test"
NUMBER = "+4915112345602"
AGENT = Actor(name="Sam Second", user=SAM, via="Desk")


def marks(lines: list[dict]) -> list[dict]:
	return [mark for line in lines for mark in line["marks"]]


def lanes(lines: list[dict]) -> dict[str, list[tuple]]:
	"""{lane: its marks: (minutes since the first of all, method or kind, state)}."""
	found: dict[str, list[tuple]] = {}
	first = min(mark["instant"] for mark in marks(lines))
	for mark in marks(lines):
		minutes = round((mark["instant"] - first) / 60)
		what = mark["method"] if mark["kind"] == "Page" else mark["kind"]
		found.setdefault(mark["lane"], []).append((minutes, what, mark["state"]))
	return found


def shown(world: World, ticket: Any) -> list[dict]:
	frappe.db.commit()
	return api.timeline(world.item(ticket).name)["events"]


def both_ways(world: World, plan: Any) -> tuple[list[dict], list[dict]]:
	"""A ticket whose plan ran to its end, and what its rehearsal had said before: the lines of each."""
	ticket = world.ticket()
	rehearsed = plans_api.rehearse(plan.name, ticket=str(ticket.name))
	while due := world.next_due():
		world.now = due
		world.tick()
	world.inbox.take_all()
	return shown(world, ticket), rehearsed["lines"]


def places(lines: list[dict]) -> set[tuple]:
	"""What a rehearsal and the run after it have in common: whose, when, what."""
	same = ("lane", "who", "at", "instant", "kind", "method", "step", "run")
	return {tuple(mark[key] for key in same) for mark in marks(lines)}


def test_what_was_rehearsed_and_what_then_happened_are_the_same_picture(world: World) -> None:
	"""A group, an endpoint, a bare address, somebody whom nothing reaches, and all of it once more."""
	world.endpoint()
	plan = world.plan(
		(0, "Email"),
		(0, "SMS", "User", LEO),
		(10, "HTTP POST", "Endpoint", PAGER),
		(5, "Email", "Address", "desk@elsewhere.test"),
		repeats=1,
		repeat_pause=900,
	)
	ran, rehearsed = both_ways(world, plan)
	assert places(ran) == places(rehearsed)
	assert {mark["state"] for mark in marks(rehearsed) if mark["lane"]} == {"Planned", "Unreachable"}
	found = lanes(ran)
	masked = next(lane for lane in found if lane.endswith("elsewhere.test"))
	assert masked != "desk@elsewhere.test"
	assert found == {
		"": [(0, "Created", ""), (85, "Exhausted", "")],
		TINA: [(10, "Email", "Sent"), (40, "Email", "Sent")],
		LEO: [(10, "SMS", "Unreachable"), (40, "SMS", "Unreachable")],
		PAGER: [(20, "HTTP POST", "Sent"), (50, "HTTP POST", "Sent")],
		masked: [(25, "Email", "Sent"), (55, "Email", "Sent")],
		"owner@x.test": [(85, "Notice", "Sent")],
	}
	assert {(mark["lane"], mark["run"]) for mark in marks(ran) if mark["method"] == "HTTP POST"} == {
		(PAGER, 0),
		(PAGER, 1),
	}


def test_so_are_steps_that_act(world: World) -> None:
	raises = {"method": "Raise the Priority", "set_priority": "Urgent", "wait": 600}
	plan = acts(world, {"method": "Email"}, raises, {"method": "Internal Comment", "message": "Late"})
	ran, rehearsed = both_ways(world, plan)
	assert places(ran) == places(rehearsed)
	assert lanes(ran)[""] == [
		(0, "Created", ""),
		(20, "Act Done", ""),
		(20, "Act Done", ""),
		(50, "Exhausted", ""),
	]


def test_what_people_do_has_its_marks(world: World) -> None:
	world.contact(LEO, NUMBER)
	world.plan((0, "Email"), (10, "SMS", "User", LEO), (10, "Email", "User", SAM))
	ticket = world.ticket()
	world.forward(10)
	tina = world.expect_email(TINA)
	item = world.item(ticket).name
	assert snooze(item, str(clock.to_site(clock.now() + timedelta(hours=2))), AGENT).done
	frappe.db.commit()
	world.forward(120)
	world.expect_sms(NUMBER)
	world.post(tina.links[0])
	world.forward(1)
	world.expect_email(LEO, "Tina Tech")
	assert hand_over(item, SAM, "Sam Second", AGENT).done
	frappe.db.commit()
	world.tick()
	world.expect_email(SAM)
	for who in (TINA, LEO):
		world.expect_email(who, "is assigned to Sam Second now")
	found = lanes(shown(world, ticket))
	assert [what for _minutes, what, _state in found[""]] == [
		*("Created", "Snoozed", "Acknowledged", "Handed Over"),
	]
	# She is told that she no longer has it.
	assert found[TINA] == [(10, "Email", "Sent"), (131, "Notice", "Sent")]
	assert found[LEO][0] == (130, "SMS", "Sent")
	assert found[SAM] == [(131, "Email", "Sent")]
	who = next(m["who"] for m in marks(shown(world, ticket)) if m["kind"] == "Acknowledged")
	assert who == "Tina Tech"


def test_a_mark_stands_with_the_newest_line_about_it(world: World) -> None:
	world.plan((0, "Email"), (10, "Email", "User", LEO))
	ticket = world.ticket()
	world.forward(10)
	world.inbox.take_all()
	events = shown(world, ticket)
	(line,) = [line for line in events for mark in line["marks"] if mark["lane"] == TINA]
	assert line["kind"] in ("Sent", "Failed") and "Tina Tech" in line["line"]
	# Not sent yet: it stands with the step that asked for it.
	frappe.db.delete("Escalation Event", {"name": line["name"]})
	(line,) = [line for line in shown(world, ticket) for mark in line["marks"] if mark["lane"] == TINA]
	assert line["kind"] == "Step Ran"


def test_what_stands_in_the_data_of_an_event_is_not_handed_out(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email(TINA)
	assert not any({"data", "at_utc"} & set(line) for line in shown(world, ticket))
