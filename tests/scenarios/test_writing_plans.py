"""What the plan's form asks the server for while somebody writes: what a new step begins with, whom it can go to, examples, and
what enabling means.
"""

from typing import Any

import frappe
import pytest

from escalation_mgmt import notifiers
from escalation_mgmt.api import plans as plans_api
from escalation_mgmt.operations import examples
from escalation_mgmt.preflight import proposals
from escalation_mgmt.utils import clock
from tests.on_site import add_team
from tests.world import OURS, PAGER, World, needs

PLAN = "Escalation Plan"


def offered(text: str = "", method: str = "Email") -> dict[str, str]:
	found = plans_api.step_targets("HD Ticket", method, text)
	return {option["value"]: option["label"] for option in found}


def rows() -> dict[str, int]:
	return {table: frappe.db.count(table) for table in (*OURS, "Version", "Comment")}


def twilio(said: str) -> None:
	frappe.db.set_single_value("Escalation Settings", "twilio_account_sid", said)
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")


# --- a new step


def test_new_steps_are_proposed_from_the_least_urgent_method_to_the_most(world: World) -> None:
	world.device("tech@x.test")
	assert proposals.methods() == ["iPhone Notification", "SMS", "Phone Call"]
	assert plans_api.plan_choices("HD Ticket")["proposed"] == proposals.methods()
	assert plans_api.plan_choices("")["to_endpoints"] == ["HTTP POST"]
	frappe.db.delete("Escalation Device")
	assert proposals.methods() == ["SMS", "Phone Call"], "nobody has a device"
	twilio("")
	assert proposals.methods() == ["Email"], "what is set up"
	frappe.flags.mute_emails = True
	try:
		assert proposals.methods() == ["iPhone Notification", "SMS", "Phone Call"], (
			"nothing is: what there is"
		)
	finally:
		frappe.flags.mute_emails = False


def test_another_apps_method_has_its_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	class Siren(notifiers.classes()["Email"]):
		method, urgency = "Siren", 9

	known = notifiers.classes()
	monkeypatch.setattr(notifiers, "classes", lambda: {"Siren": Siren, **known})
	assert proposals.methods() == ["SMS", "Phone Call", "Siren"]


# --- whom


def test_some_of_a_team_is_offered_by_the_teams_name_or_by_what_it_is_called(world: World) -> None:
	add_team("Web")
	assert {"Team:", "Next in Turn:", "Available Members:", "Manager:", "Team:Network"} <= {*offered()}
	assert "Next in Turn:Network" not in offered(), "of every team it would be too much"
	found = offered("netw")
	assert found["Next in Turn:Network"] == "Next in Turn: Network"
	assert found["Available Members:Network"] == "Available Members: Network"
	of_teams = [value for value in offered("in turn") if value.startswith("Next in Turn:")]
	assert "Next in Turn:" in of_teams and len(of_teams) > 2, "as many teams as there is room for"


def test_whom_a_step_can_go_to_is_offered_while_it_is_typed(world: World) -> None:
	assert offered("leo") == {"User:lead@x.test": "Leo Lead"}
	assert offered("second@") == {"User:second@x.test": "Sam Second"}
	assert offered("Escalation Man") == {"Role:Escalation Manager": "Role: Escalation Manager"}
	assert "User Field:owner" in offered("owner")
	assert list(offered("duty@elsewhere.test")) == ["Address:duty@elsewhere.test"]
	assert list(offered("+49 151 12345601", "SMS")) == ["Address:+49 151 12345601"]
	assert not offered("+49 151 12345601"), "an email doesn't go there"
	assert not offered("100%_'\"; drop")
	world.endpoint()
	assert offered("", "HTTP POST") == {f"Endpoint:{PAGER}": f"Endpoint: {PAGER}"}
	frappe.db.set_value("User", "lead@x.test", "enabled", 0)
	assert not offered("leo"), "nobody sits there"


def test_without_a_word_the_likeliest_come_first(world: World) -> None:
	needs("HD Agent")
	world.ticket(to="second@x.test", priority="Low")
	found = list(offered())
	assert found[:3] == ["Assignee:", "Team:", "User:second@x.test"]
	assert "User:lead@x.test" in found and not any(value.startswith("Role") for value in found)


def test_only_who_writes_plans_is_answered(world: World) -> None:
	plan = world.plan((0, "Email"), enabled=0)
	for user, allowed in (("manager@x.test", True), ("tech@x.test", False)):
		frappe.set_user(user)
		for asked in (
			plans_api.step_targets,
			lambda: plans_api.before_enabling(plan.name),
			lambda: plans_api.enable(plan.name, str(plan.modified)),
			plans_api.examples,
		):
			if allowed:
				asked()
			else:
				with pytest.raises(frappe.PermissionError):
					asked()
	frappe.set_user("Administrator")
	frappe.clear_messages()


# --- examples


def test_each_example_can_be_saved_and_has_a_name_of_its_own(world: World) -> None:
	for _turn in range(2):
		for values in plans_api.examples():
			doc = frappe.get_doc({"doctype": PLAN, "enabled": 0, "plan_owner": "owner@x.test", **values})
			doc.insert()
	assert len(frappe.get_all(PLAN)) >= 2 * len(examples.offered())


# --- enabling


def overdue(world: World) -> None:
	"""A ticket that was overdue before."""
	ticket = world.ticket("Old", to="")
	frappe.db.set_value(
		"HD Ticket",
		ticket.name,
		{"response_by": "2020-01-01 00:00:00", "service_level_agreement_creation": "2020-01-01 00:00:00"},
		update_modified=False,
	)


def test_what_enabling_takes_is_said_before_and_is_what_is_then_taken(world: World) -> None:
	overdue(world)
	world.wait(60)
	plan = world.plan((0, "Email"), enabled=0)
	later = clock.to_site(world.now + frappe.utils.datetime.timedelta(minutes=90))
	names = [world.ticket(f"Due {number}", to="").name for number in range(12)]
	for name in names:
		frappe.db.set_value("HD Ticket", name, "response_by", later, update_modified=False)
	world.wait(1)
	before = rows()
	found: dict[str, Any] = plans_api.before_enabling(plan.name)
	assert rows() == before, "nothing is written"
	assert not frappe.db.get_value(PLAN, plan.name, "enabled")
	assert (found["said"], found["taken"]) == ("12 open tickets will be taken, 1 older one not.", 12)
	assert len(found["listed"]) == 10 and found["listed"][0]["subject"].startswith("Due ")
	assert found["problems"] == [] and found["rehearsal"]["messages"] == 1
	frappe.clear_messages()
	plans_api.enable(plan.name, str(frappe.db.get_value(PLAN, plan.name, "modified")))
	assert frappe.get_message_log() == [], "what was said isn't said again"
	frappe.db.commit()
	world.sweep()
	assert world.count_items() == 12


def test_who_may_not_read_the_tickets_is_told_their_number_alone(world: World) -> None:
	plan = world.plan((0, "Email"), enabled=0)
	ticket = world.ticket("Secret", to="")
	later = clock.to_site(world.now + frappe.utils.datetime.timedelta(minutes=90))
	frappe.db.set_value("HD Ticket", ticket.name, "response_by", later, update_modified=False)
	world.wait(1)
	frappe.set_user("manager@x.test")
	try:
		if frappe.has_permission("HD Ticket", "read", str(ticket.name)):
			pytest.skip("this Helpdesk lets a manager of escalations read tickets")
		found = plans_api.before_enabling(plan.name)
	finally:
		frappe.set_user("Administrator")
	assert (found["taken"], found["listed"]) == (1, [])


def test_a_plan_that_was_changed_meanwhile_or_cannot_be_saved_is_not_enabled(world: World) -> None:
	plan = world.plan((0, "Email", "User", "lead@x.test"), enabled=0)
	was = str(plan.modified)
	plan.reload()
	plan.rank = 7
	plan.save()
	frappe.db.commit()
	with pytest.raises(frappe.TimestampMismatchError):
		plans_api.enable(plan.name, was)
	frappe.db.rollback()
	frappe.db.set_value(PLAN, plan.name, "condition", "doc.nosuch(", update_modified=False)
	frappe.clear_document_cache(PLAN, plan.name)
	found = plans_api.before_enabling(plan.name)
	assert found["rehearsal"] is None and "Condition fails" in found["problems"][0]
	assert frappe.get_message_log() == []
	with pytest.raises(frappe.ValidationError):
		plans_api.enable(plan.name, str(frappe.db.get_value(PLAN, plan.name, "modified")))
	frappe.db.rollback()
	frappe.clear_messages()
	assert not frappe.db.get_value(PLAN, plan.name, "enabled")


def test_ticked_by_hand_it_is_said_afterwards(world: World) -> None:
	plan = world.plan((0, "Email"), enabled=0)
	ticket = world.ticket(to="")
	later = clock.to_site(world.now + frappe.utils.datetime.timedelta(minutes=90))
	frappe.db.set_value("HD Ticket", ticket.name, "response_by", later, update_modified=False)
	world.wait(1)
	frappe.clear_messages()
	plan.reload()
	plan.enabled = 1
	plan.save()
	assert "1 open ticket will be taken" in str(frappe.get_message_log())
	frappe.clear_messages()
