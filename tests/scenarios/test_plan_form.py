"""What an administrator is told when a plan or an endpoint can't be saved, or will go wrong."""

import frappe
import pytest

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
		([(-5, "Email")], {}, "Step 1: The wait can't be negative"),
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
		([(0, "Email")], {"reference_doctype": "Note"}, "Name the fields of Note in Escalation Settings"),
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
	assert "HD Ticket has no such field" in refused(world, (0, "HTTP POST", "Endpoint", PAGER))


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
