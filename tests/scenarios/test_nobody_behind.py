"""Accounts and addresses behind which nobody sits: whoever names one is told, and somebody else is paged."""

from typing import Any

import frappe
import pytest

from escalation_mgmt.api import plans as plans_api
from escalation_mgmt.facts import people
from escalation_mgmt.operations import examples
from escalation_mgmt.preflight import readiness
from tests.on_site import add_team
from tests.scenarios.test_ticket_form import Form
from tests.world import World

NUMBER = "+4915112345609"
ACCOUNTS = {
	"Administrator": "Nobody sits behind the account Administrator",
	"Guest": "Guest is whoever isn't logged in",
}


def team(*users: str) -> str:
	name = "Accounts"
	add_team(name)
	doc = frappe.get_doc("HD Team", name)
	doc.users = []
	for user in users:
		doc.append("users", {"user": user})
	doc.flags.ignore_validate = doc.flags.ignore_links = doc.flags.ignore_mandatory = True
	doc.save(ignore_permissions=True)
	return name


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("by", ["User", "Team", "User Field", "Assignee"])
def test_an_account_that_nobody_sits_behind_is_passed_over_and_the_next_is_paged(
	world: World, account: str, by: str
) -> None:
	which = {"User": account, "Team": team(account), "User Field": "owner", "Assignee": ""}[by]
	world.plan((0, "Email", by, which), (30, "Email", "User", "lead@x.test"))
	ticket = world.ticket(to="")
	frappe.db.set_value("HD Ticket", ticket.name, "owner", account)
	frappe.db.set_value("HD Ticket", ticket.name, "_assign", f'["{account}"]' if by == "Assignee" else None)
	world.forward(10)
	world.expect_email("lead@x.test")
	assert ACCOUNTS[account] in world.lines(world.item(ticket))


def test_a_role_that_only_administrator_has_reaches_nobody_and_one_with_others_reaches_them(
	world: World,
) -> None:
	if not frappe.db.exists("Role", "Caretaker"):
		frappe.get_doc({"doctype": "Role", "role_name": "Caretaker"}).insert()
	frappe.get_doc("User", "Administrator").add_roles("Caretaker")
	world.plan((0, "Email", "Role", "Caretaker"), (30, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("lead@x.test")
	assert "Only Administrator has the role Caretaker" in world.lines(world.item(ticket))
	frappe.get_doc("User", "second@x.test").add_roles("Caretaker")
	try:
		ticket = world.ticket("Another")
		world.forward(10)
		world.expect_email("second@x.test")
		assert "Administrator" not in world.lines(world.item(ticket))
	finally:
		frappe.get_doc("User", "second@x.test").remove_roles("Caretaker")
		frappe.db.commit()


def test_an_owner_and_a_catch_all_whom_nobody_sits_behind_are_said_to_be_untold(world: World) -> None:
	frappe.db.set_single_value("Escalation Settings", "catch_all", "Guest")
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	world.plan((0, "Email"), plan_owner="Administrator")
	ticket = world.ticket(to="")
	world.forward(10)
	world.inbox.assert_empty()
	for words in ACCOUNTS.values():
		assert words in world.lines(world.item(ticket))


def test_a_contact_that_somebody_made_for_administrator_says_that_somebody_sits_there(world: World) -> None:
	world.contact("Administrator", NUMBER)
	world.plan((0, "SMS", "User", "Administrator"), (0, "Email", "User", "Administrator"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_sms(NUMBER)
	assert "nobody can have an address at example.com" in world.lines(world.item(ticket))
	assert "Administrator" in dict(people.names(["Administrator", "Guest"]))


def test_neither_is_offered_where_somebody_is_chosen_by_name(world: World) -> None:
	world.todos_are_tickets("Closed")
	world.plan((0, "Email", "User", "lead@x.test"), reference_doctype="ToDo")
	todo = frappe.get_doc({"doctype": "ToDo", "description": "Tapes", "priority": "High"}).insert()
	world.forward(10)
	world.expect_email("lead@x.test")
	form = Form(world, todo, "admin@x.test")
	for account in ACCOUNTS:
		for action, field in (("add_person", "who"), ("hand_over", "to")):
			assert form.post(action, **{field: account}).status_code == 417
	assert people.names(["Administrator", "Guest", "lead@x.test"]) == [("lead@x.test", "Leo Lead")]
	refused = frappe.get_doc({"doctype": "Escalation Contact", "user": "Guest"})
	with pytest.raises(frappe.ValidationError, match="Guest is whoever isn't logged in"):
		refused.insert()


@pytest.mark.parametrize(
	("address", "says"),
	[
		("duty@example.com", "nobody can have an address at example.com"),
		("duty@EXAMPLE.org", "nobody can have an address at"),
		("duty@mail.example.net", "nobody can have an address at mail.example.net"),
		("duty@office.example", "nobody can have an address at office.example"),
		("duty@gone.invalid", "nobody can have an address at gone.invalid"),
		("tickets@x.test", "this site's own mailbox"),
		("Inbox@X.test", "this site's own mailbox"),
	],
)
def test_an_address_that_nobody_reads_is_refused_in_words(world: World, address: str, says: str) -> None:
	for name, email, how in (
		("Tickets", "tickets@x.test", {"append_to": "HD Ticket"}),
		("Inbox", "inbox@x.test", {"default_incoming": 1}),
		("Tina", "tech@x.test", {}),
	):
		mailbox(name, email, **how)
	try:
		with pytest.raises(frappe.ValidationError, match=says):
			world.plan((0, "Email", "Address", address))
		frappe.clear_messages()
		world.plan((0, "Email", "User", "lead@x.test"), (30, "Email"))
		world.contact("lead@x.test", email=address, email_verified=1)
		ticket = world.ticket()
		world.forward(10)
		world.expect_email("tech@x.test")  # a person's own mailbox is read by that person
		assert says in world.lines(world.item(ticket))
		assert any(says in finding.problem for finding in readiness.findings())
	finally:
		frappe.db.delete("Email Account", {"name": ("in", ("Tickets", "Inbox", "Tina"))})
		frappe.db.commit()


def mailbox(name: str, email: str, **more: Any) -> None:
	account = frappe.new_doc("Email Account")
	account.update({"email_account_name": name, "email_id": email, "enable_incoming": 1, **more})
	account.flags.ignore_validate = account.flags.ignore_mandatory = True
	account.db_insert()


@pytest.mark.parametrize("account", ACCOUNTS)
def test_readiness_and_the_plans_form_say_so(world: World, account: str) -> None:
	plan = world.plan(
		(0, "Email", "User", account), (0, "Email", "Team", team(account)), plan_owner="owner@x.test"
	)
	frappe.db.set_value("Escalation Plan", plan.name, "plan_owner", account)
	for found in (
		[finding.problem for finding in readiness.findings()],
		[finding["problem"] for finding in plans_api.findings(plan.name)],
	):
		told = [problem for problem in found if ACCOUNTS[account] in problem]
		assert any("can't be reached by Email" in problem for problem in told), found
		assert any("The plan's owner" in problem for problem in told), found
	form = plans_api.outline(frappe.get_doc("Escalation Plan", plan.name).as_dict())
	assert any(ACCOUNTS[account] in warning for warning in form["warnings"])


def test_whoever_enables_a_plan_that_nobody_owns_owns_it(world: World) -> None:
	examples.make()
	names = frappe.get_all("Escalation Plan", pluck="name", order_by="rank")
	assert len(names) == 5
	frappe.set_user("manager@x.test")
	try:
		plan = frappe.get_doc("Escalation Plan", names[0])
		assert plan.plan_owner == "Administrator" and not plan.enabled
		plan.save()
		assert plan.plan_owner == "Administrator", "only enabling it makes an owner"
		plan.enabled = 1
		plan.save()
		assert plan.plan_owner == "manager@x.test"
		assert "You are its owner now" in str(frappe.get_message_log())
		frappe.clear_messages()
	finally:
		frappe.set_user("Administrator")
	other = frappe.get_doc("Escalation Plan", names[1])
	other.update({"enabled": 1, "plan_owner": "lead@x.test"})
	other.save()
	assert other.plan_owner == "lead@x.test", "an owner who is somebody stays it"
	third = frappe.get_doc("Escalation Plan", names[2])
	third.enabled = 1
	third.save()
	assert third.plan_owner == "Administrator" and "Nobody sits behind" in str(frappe.get_message_log())
	frappe.clear_messages()
	frappe.db.delete("Escalation Plan")


def test_whoever_installs_the_examples_owns_them(world: World) -> None:
	frappe.set_user("admin@x.test")
	try:
		examples.make()
	finally:
		frappe.set_user("Administrator")
	assert set(frappe.get_all("Escalation Plan", pluck="plan_owner")) == {"admin@x.test"}


def test_a_disabled_owner_is_nobody_too(world: World) -> None:
	plan = world.plan((0, "Email"), enabled=0, plan_owner="lead@x.test")
	frappe.db.set_value("User", "lead@x.test", "enabled", 0)
	frappe.set_user("manager@x.test")
	try:
		plan.reload()
		plan.enabled = 1
		plan.save()
	finally:
		frappe.set_user("Administrator")
	assert plan.plan_owner == "manager@x.test"
	frappe.clear_messages()
