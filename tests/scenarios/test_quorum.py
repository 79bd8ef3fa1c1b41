"""Several acknowledgements: a step asks for everyone in the team, or for a number of them."""

from datetime import timedelta
from typing import Any

import frappe
import pytest

from escalation_mgmt.engine import Responses
from escalation_mgmt.preflight import rehearsal
from escalation_mgmt.web import technician
from tests.on_site import add_team
from tests.scenarios.test_ticket_form import Form
from tests.world import World, needs

MEMBERS = ("tech@x.test", "lead@x.test", "second@x.test")


@pytest.fixture
def plan(world: World) -> Any:
	"""Everyone in the team by email; ten minutes later again, and after ten more the one who owns the plan."""
	needs("HD Team")
	add_team("Ops", MEMBERS)
	step = {"method": "Email", "whom": "Team", "team": "Ops", "acknowledgements": "Everyone"}
	plan = world.plan((0, "Email"))
	plan.set("steps", [{**step, "wait": 0}, {**step, "wait": 600}])
	plan.append("steps", {"wait": 600, "method": "Email", "whom": "User", "user": "owner@x.test"})
	plan.save()
	frappe.db.commit()
	return plan


def acknowledged(world: World, user: str, item: Any) -> Any:
	url = f"{world.url}/api/method/escalation_mgmt.api.acknowledge"
	answer = world.login(user).post(url, json={"action_item": item.name}, timeout=30)
	assert answer.ok, answer.text
	return answer.json()["message"]


def test_until_all_have_acknowledged_it_goes_on_for_the_others(world: World, plan: Any) -> None:
	ticket = world.ticket(to="")
	world.forward(10)
	links = {user: world.expect_email(user).links[0] for user in MEMBERS}
	asked = world.get(links["tech@x.test"]).text
	assert "0 of 3 have acknowledged. The others are still asked." in asked and "stops" not in asked
	assert "1 of 3 have acknowledged. The others are still asked." in world.post(links["tech@x.test"]).text
	item = world.item(ticket)
	assert (item.status, item.acknowledgements, item.acknowledged_by) == ("Escalating", "1 of 3", "")
	assert "You have acknowledged already. 1 of 3" in world.post(links["tech@x.test"]).text
	page = world.get(links["tech@x.test"]).text
	assert "You have acknowledged already. 1 of 3" in page and "<button" not in page
	form = Form(world, ticket, "tech@x.test")
	assert form.shown["headline"] == "Step 1 of 3 has run. 1 of 3 have acknowledged."
	assert "acknowledge" not in form.offers
	frappe.set_user("tech@x.test")
	assert [shown["can_acknowledge"] for shown in technician.overview()["items"]] == [False]
	frappe.set_user("Administrator")
	world.forward(10)
	for user in MEMBERS[1:]:
		world.expect_email(user)
	assert "Not once more to Tina Tech, who acknowledged." in world.lines(item)
	done = acknowledged(world, "lead@x.test", item)
	assert (done["taken"], done["have"], done["needed"]) == (True, 2, 3)
	assert (done["by"], done["at"], done["via"]) == ("", None, ""), "nobody has it yet"
	assert done["people"] == ["Tina Tech", "Leo Lead"]
	assert world.report()[0]["acknowledgements"] == "2 of 3"
	assert "Press the button to take it. The escalation stops" in world.get(links["second@x.test"]).text
	assert "The escalation has stopped" in world.post(links["second@x.test"]).text
	item = world.item(ticket)
	assert (item.status, item.acknowledgements, item.acknowledged_by) == (
		"Acknowledged",
		"3 of 3",
		"Sam Second",
	)
	assert "Acknowledged by Sam Second (Link), the last of 3." in world.lines(item)
	world.forward(60)
	for user in MEMBERS[:2]:
		world.expect_email(user, "Sam Second has acknowledged")


def test_a_later_step_asks_for_its_own(world: World, plan: Any) -> None:
	ticket = world.ticket(to="")
	world.forward(10)
	world.post(world.expect_email("tech@x.test").links[0])
	world.forward(10)
	world.forward(10)
	world.inbox.take_all()
	done = acknowledged(world, "owner@x.test", world.item(ticket))
	assert done["message"] == "Acknowledged. The escalation has stopped."
	late = acknowledged(world, "tech@x.test", world.item(ticket))["message"]
	assert late.startswith("Otto Owner acknowledged this already"), "the others aren't asked any more"
	late = acknowledged(world, "lead@x.test", world.item(ticket))
	assert (late["taken"], late["by"], late["via"]) == (False, "Otto Owner", "Desk")
	assert late["people"] == ["Tina Tech", "Otto Owner"]
	world.forward(1)
	for user in MEMBERS:
		world.expect_email(user, "Otto Owner has acknowledged")


def test_what_waits_for_whoever_has_acknowledged_is_taken_back(world: World, plan: Any) -> None:
	world.providers.faults.smtp.refuse(450, "busy", to="tech@x.test")
	ticket = world.ticket(to="")
	world.forward(10)
	for user in MEMBERS[1:]:
		world.expect_email(user)
	acknowledged(world, "tech@x.test", world.item(ticket))
	world.forward(2)
	(message,) = world.messages(world.item(ticket), user="tech@x.test")
	assert message.status == "Withdrawn"


def test_what_was_lost_on_its_way_to_whoever_has_acknowledged_is_not_sent_once_more(
	world: World, plan: Any
) -> None:
	ticket = world.ticket(to="")
	world.forward(10)
	for user in MEMBERS:
		world.expect_email(user)
	(message,) = world.messages(world.item(ticket), user="tech@x.test")
	# As a process leaves it that dies between its commit and the provider's answer.
	on_its_way = {"status": "Sending", "next_attempt_utc": world.now + timedelta(minutes=2)}
	frappe.db.set_value("Escalation Notification", message.name, on_its_way)
	acknowledged(world, "tech@x.test", world.item(ticket))
	world.forward(3)
	(message,) = world.messages(world.item(ticket), user="tech@x.test")
	assert (message.status, message.next_attempt_utc) == ("Unknown", None)


def test_the_rehearsal_lets_one_or_all_acknowledge(world: World, plan: Any) -> None:
	def rehearsed(**people: Any) -> Any:
		return rehearsal.of_plan(plan, start=world.now, responses=Responses(to_message=1, **people))

	one = rehearsed()
	assert "Acknowledged by Tina Tech (Email): 1 of 3." in [line.line for line in one.lines]
	assert one.messages == 3 + 2 + 1 and "Nobody acknowledges" in one.outcome
	everyone = rehearsed(everyone=True)
	assert everyone.messages == 3 and everyone.outcome.startswith("Acknowledged by Sam Second")


def test_how_many_has_to_be_said(world: World, plan: Any) -> None:
	plan.steps[0].update({"acknowledgements": "Some", "acknowledgement_count": 0})
	with pytest.raises(frappe.ValidationError, match="how many people"):
		plan.save()
	plan.reload()
	plan.steps[0].update({"acknowledgements": "Some", "acknowledgement_count": 2})
	plan.save()
