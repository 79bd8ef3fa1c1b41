"""What an administrator is told when a plan or an endpoint can't be saved, or will go wrong."""

from datetime import timedelta
from typing import Any

import frappe
import pytest

from escalation_mgmt.api import plans as plans_api
from escalation_mgmt.preflight import lookback
from escalation_mgmt.utils import clock
from tests.world import PAGER, World


def refused(world: World, *steps: tuple, **more) -> str:
	with pytest.raises(frappe.ValidationError) as error:
		world.plan(*steps, **more)
	frappe.db.rollback()
	frappe.clear_messages()
	return str(error.value)


@pytest.mark.parametrize(
	("steps", "more", "says"),
	[
		([], {}, "at least one step"),
		([(-5, "Email")], {}, "Step 1: Wait can't be negative"),
		([(0, "Email")], {"window": -60}, "can't be negative"),
		([(0, "Telegram")], {}, "There is no method Telegram. There are: "),
		([(0, "HTTP POST", "Assignee")], {}, "goes to an endpoint"),
		([(0, "Email", "Endpoint", PAGER)], {}, "can't go to an endpoint"),
		([(0, "Email", "User")], {}, "Say which User"),
		([(0, "Email", "Address", "no address")], {}, "is not an email address"),
		([(0, "Email", "User Field", "no_such_field")], {}, "has no field no_such_field"),
		(
			[(0, "Email")],
			{"message": "{{ ticket.nosuch }}"},
			"names ticket.nosuch; HD Ticket has no such field",
		),
		([(0, "Email")], {"subject": "{{ tikcet.name }}"}, "names tikcet, which doesn't exist"),
		([(0, "Email")], {"message": "{% if %}"}, "is not a valid template"),
		([(0, "Email", "Assignee", "", "{{ whom }}")], {}, "Step 1: The message names whom"),
		([(0, "Email")], {"condition": "doc.priority =="}, "Condition fails"),
		([(0, "Email")], {"condition": "nosuch(doc)"}, "Condition fails"),
		([(0, "Email")], {"stop_condition": "1/0"}, "division by zero"),
		(
			[(0, "Email")],
			{"reference_doctype": "HD Customer"},
			"Name the fields of HD Customer in Escalation Settings",
		),
		(
			[(0, "Email")],
			{"reference_doctype": "Note"},
			"Note belongs to the system, and no plan may read it",
		),
	],
)
def test_a_plan_is_refused_in_clear_words(world: World, steps: list, more: dict, says: str) -> None:
	world.endpoint()
	assert says in refused(world, *steps, **more)
	assert not frappe.db.count("Escalation Plan")


def test_every_problem_is_named_at_once(world: World) -> None:
	said = refused(world, (-5, "Email"), (0, "Telegram"), window=-1)
	assert "Step 1" in said and "Step 2" in said and "Window" in said


@pytest.mark.parametrize(
	("more", "says"),
	[
		({"payload": '{"subject": "{{ ticket.subject }}"}'}, "ticket.subject | tojson"),
		({"payload": '{"a": {{ ticket.subject | tojson }}'}, "doesn't render to JSON"),
		({"payload": '{"a": 1 {{ ticket.subject }} }'}, '{"a": 1  ⟵ ? Sample'),
		(
			{"payload": '{"a": {{ ticket.nope }}}'},
			"names ticket.nope, but no ticket has such a field (HD Ticket",
		),
		({"payload": '{"a": {{ ticket["nope"] }}, "b": {{ ticket.nay }}}'}, "names ticket.nay, ticket.nope,"),
		({"payload": '{"a": {{ nosuch | tojson }}}'}, "names nosuch"),
		({"url": "ftp://pager.example.com"}, "must begin with http"),
		({"url": "http://10.0.0.7/page"}, "not on the public internet"),
		({"url": "http://[::ffff:127.0.0.1]/"}, "not on the public internet"),
		({"url": "https://user:secret@pager.example.com/"}, "log-in data"),
		({"secret": "not base64!"}, "base64"),
	],
)
def test_an_endpoint_is_refused_in_clear_words(world: World, more: dict, says: str) -> None:
	with pytest.raises(frappe.ValidationError) as error:
		world.endpoint(**more)
	assert says in str(error.value)
	frappe.db.rollback()


def test_a_body_that_names_another_doctypes_field_is_refused_with_the_plan(world: World) -> None:
	world.endpoint(payload='{"team": {{ ticket.agent_group | tojson }}, "x": {{ ticket.nosuch | tojson }}}')
	assert "names ticket.nosuch; HD Ticket has no such field" in refused(
		world, (0, "HTTP POST", "Endpoint", PAGER)
	)


def test_a_field_is_missed_however_a_template_names_it(world: World) -> None:
	for template in ("{{ ticket.nope }}", "{{ ticket['nope'] }}", "{% if ticket.nope %}x{% endif %}"):
		assert "names ticket.nope; HD Ticket has no such field" in refused(
			world, (0, "Email"), message=template
		)
	known = (
		"{{ ticket.name }} {{ ticket['owner'] }} {{ ticket.creation }} {{ ticket.modified }} {{ ticket.url }}"
	)
	world.plan((0, "Email"), message=known)


def warnings() -> str:
	said = " ".join(str(message.get("message")) for message in frappe.get_message_log())
	frappe.clear_messages()
	return said


def test_warnings_for_a_method_that_is_not_set_up_and_for_two_plans_of_one_rank(world: World) -> None:
	frappe.clear_messages()
	world.plan((0, "Email"), title="First")
	assert warnings() == ""
	world.plan((0, "Email"), title="Second", priorities=["High", "Low"])
	assert "Plan First has the same rank" in warnings()
	world.plan((0, "Email"), title="Third", priorities=["Urgent"])
	assert warnings() == ""
	frappe.conf.mute_emails = 1
	try:
		world.plan((0, "Email"), title="Fourth", rank=99, priorities=["Urgent"])
	finally:
		frappe.conf.mute_emails = 0
	assert "Email isn't set up: Emails are muted" in warnings()


def test_only_managers_write_plans(world: World) -> None:
	frappe.set_user("tech@x.test")
	try:
		with pytest.raises(frappe.PermissionError):
			world.plan((0, "Email"))
	finally:
		frappe.set_user("Administrator")


def outline(doc: Any, **more: Any) -> dict:
	return plans_api.outline({**doc.as_dict(), **more})


def test_the_ladder_says_when_what_goes_to_whom(world: World) -> None:
	plan = world.plan(
		(0, "Email"), (5, "SMS", "Team", "Network"), (0, "Email", "User", "lead@x.test"), repeats=1
	)
	shown = outline(plan)
	assert [
		(rung["at"], [step["line"] for step in rung["steps"]] or rung["line"]) for rung in shown["rungs"]
	] == [
		("0s", ["Email to the assignee"]),
		("5m", ["SMS to team Network", "Email to Leo Lead"]),
		("15m", "all steps again (repeat 1 of 1)"),
		("50m", "nobody acknowledged: exhausted, and the plan's owner is told"),
	]
	assert shown["counted"].startswith("Counted from the end of the response window, 10m after")
	assert not shown["problems"] and not shown["warnings"]
	more = {"steps": [{**plan.steps[1].as_dict(), "acknowledgements": "Everyone"}], "ack_timeout": 7200}
	shown = outline(plan, **more)
	assert shown["rungs"][0]["steps"][0]["line"] == "SMS to team Network; everyone has to acknowledge"
	assert "a reminder after 2h, and 10m later it goes on." in shown["counted"]


def test_a_plan_that_is_being_written_has_a_ladder_and_is_told_what_is_wrong(world: World) -> None:
	world.plan((0, "Email"), title="First", rank=1)
	steps = [{"idx": 1}, {"idx": 2, "wait": 60, "method": "Email", "whom": "Assignee"}]
	new = {"__islocal": 1, "name": "new-escalation-plan-1", "reference_doctype": "HD Ticket", "enabled": 1}
	shown = plans_api.outline({**new, "rank": 2, "priorities": [{"priority": "High"}], "steps": steps})
	assert shown["rungs"][0] == {
		"at": "1m",
		"steps": [{"number": 2, "line": "Email to the assignee"}],
		"line": "",
	}
	assert shown["warnings"][0].startswith("It never runs: plans of a lower rank take all its tickets first")
	shown = plans_api.outline({**new, "condition": "doc.nosuch(", "steps": steps})
	assert "Condition fails" in shown["problems"][0] and not shown["warnings"]
	assert plans_api.outline({**new, "steps": []})["rungs"] == []
	unnamed = plans_api.outline({**new, "reference_doctype": "HD Customer"})
	assert "Name the fields of HD Customer" in unnamed["problems"][0]


def test_which_tickets_a_plan_would_have_taken(world: World) -> None:
	first = world.plan((0, "Email"), title="First", rank=1, enabled=0, condition="doc.subject == 'Theirs'")
	old = world.ticket("Old")
	frappe.db.set_value(
		"HD Ticket",
		old.name,
		"creation",
		clock.to_site(world.now - timedelta(days=91)),
		update_modified=False,
	)
	for subject, priority in (("Ours", "High"), ("Theirs", "High"), ("Resolved", "High"), ("Low", "Low")):
		world.ticket(subject, priority=priority)
	plan = world.plan((0, "Email"), title="Second", rank=2, enabled=0)

	def listed(**more: Any) -> list[tuple[str, str]]:
		shown = plans_api.taken({**plan.as_dict(), **more})
		assert len(shown["listed"]) == shown["taken"] + shown["forestalled"] - shown["unlisted"]
		return sorted((ticket["subject"], ticket["by"]) for ticket in shown["listed"])

	assert listed() == [("Ours", ""), ("Resolved", ""), ("Theirs", "")]
	first.update({"enabled": 1}).save()
	assert listed() == [("Ours", ""), ("Resolved", ""), ("Theirs", "First (1)")]
	assert listed(rank=0) == [("Ours", ""), ("Resolved", ""), ("Theirs", "")]
	assert listed(condition="doc.subject == 'Ours'") == [("Ours", "")]
	assert listed(priorities=[{"priority": "Low"}]) == [("Low", "")]
	if not frappe.db.exists("HD Customer", "Nobody & Sons"):
		frappe.get_doc({"doctype": "HD Customer", "customer_name": "Nobody & Sons"}).insert()
	assert listed(priorities=[], customer="Nobody & Sons") == []
	shown = plans_api.taken(first.name)
	assert (shown["taken"], shown["forestalled"], shown["looked_at"]) == (1, 0, 0)
	assert not world.count_items()


def test_what_a_plan_would_have_taken_is_limited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	for number in range(4):
		world.ticket(f"Ticket {number}")
	plan = world.plan((0, "Email"), enabled=0)
	monkeypatch.setattr(lookback, "LISTED", 2)
	monkeypatch.setattr(lookback, "LOOKED_AT", 3)
	shown = plans_api.taken(plan.name)
	assert [ticket["subject"] for ticket in shown["listed"]] == ["Ticket 3", "Ticket 2"]
	assert (shown["taken"], shown["unlisted"], shown["looked_at"]) == (3, 1, 3)


def test_only_for_whoever_writes_plans(world: World) -> None:
	world.ticket("Secret")
	plan = world.plan((0, "Email"), enabled=0).name
	frappe.set_user("tech@x.test")
	for refused_to_an_agent in (plans_api.outline, plans_api.taken):
		with pytest.raises(frappe.PermissionError):
			refused_to_an_agent(plan)
	frappe.set_user("owner@x.test")  # writes plans, reads no tickets
	shown = plans_api.taken(plan)
	assert (shown["taken"], shown["unreadable"], shown["listed"]) == (1, 1, [])
