"""The stand-ins behave as what they stand for."""

from __future__ import annotations

from datetime import datetime

import pytest

from host import sites


@pytest.fixture
def agreement(db):
	import frappe

	return frappe.get_doc("HD Service Level Agreement", "Default")


def ticket(**values):
	import frappe

	return frappe.get_doc({"doctype": "HD Ticket", "subject": "Printer on fire", **values}).insert()


def test_names_are_numbers_of_a_series_as_text(db):
	first, second = ticket(), ticket()
	assert isinstance(first.name, str) and len(first.name) >= 4
	assert int(second.name) == int(first.name) + 1
	assert db.get_value("HD Ticket", {"subject": second.subject, "name": second.name}, "name") == second.name


def test_the_number_of_the_last_ticket_is_given_again(db):
	"""Of an earlier one that is deleted it isn't."""
	import frappe

	first, second = ticket(), ticket()
	frappe.delete_doc("HD Ticket", first.name)
	third = ticket()
	assert int(third.name) == int(second.name) + 1
	frappe.delete_doc("HD Ticket", third.name)
	assert ticket().name == third.name


def test_defaults(db):
	doc = ticket()
	assert (doc.status, doc.status_category, doc.priority, doc.ticket_type, doc.sla) == (
		"Open", "Open", "Medium", "", "Default",
	)  # fmt: skip
	assert doc.agreement_status == "First Response Due"


@pytest.mark.parametrize(
	("start", "seconds", "due"),
	[
		("2026-11-23 11:00:00", 3600, "2026-11-23 12:00:00"),  # a Monday
		("2026-11-23 17:30:00", 3600, "2026-11-24 10:30:00"),  # over the night
		("2026-11-27 17:30:00", 3600, "2026-11-30 10:30:00"),  # over the weekend
		("2026-11-23 03:00:00", 3600, "2026-11-23 11:00:00"),  # before opening
		("2026-11-23 10:00:00", 16 * 3600, "2026-11-24 18:00:00"),
	],
)
def test_due_in_working_time(agreement, start, seconds, due):
	assert agreement.after(datetime.fromisoformat(start), seconds) == datetime.fromisoformat(due)


def test_holidays_are_not_worked(db, agreement):
	import frappe

	holidays = frappe.get_doc("HD Service Holiday List", agreement.holiday_list)
	holidays.append("holidays", {"holiday_date": "2026-11-24", "description": "Feast"})
	holidays.save()
	assert agreement.after(datetime(2026, 11, 23, 17, 30), 3600) == datetime(2026, 11, 25, 10, 30)


def test_due_is_computed_on_each_save(db):
	doc = ticket()
	was = doc.response_by
	doc.priority = "Urgent"
	doc.save()
	assert doc.response_by < was


def test_a_reply_is_the_first_response_and_leaves_the_ticket_open(db):
	import frappe

	db.set_single_value("HD Settings", "skip_email_workflow", 1)
	frappe.clear_document_cache("HD Settings", "HD Settings")
	doc = ticket(description="<p>Help</p>")
	doc.reload()
	assert not doc.first_responded_on
	assert doc.last_customer_response
	doc.reply_via_agent("On my way")
	assert doc.first_responded_on
	assert doc.status == "Open"


def test_leaving_open_is_a_response_and_reopening_takes_nothing_back(db):
	doc = ticket()
	doc.status = "Replied"
	doc.save()
	assert doc.status_category == "Paused"
	assert doc.on_hold_since
	first = doc.first_responded_on
	assert first
	doc.status = "Open"
	doc.save()
	assert doc.first_responded_on == first


def test_assignment_touches_only_the_column(db):
	agent = sites.add_user("hand@example.com", "secret-word-1", "Agent")
	doc = ticket()
	modified = db.get_value("HD Ticket", doc.name, "modified")
	doc.assign_agent(agent)
	assert agent in db.get_value("HD Ticket", doc.name, "_assign")
	assert db.get_value("HD Ticket", doc.name, "modified") == modified
	assert db.exists(
		"ToDo", {"reference_type": "HD Ticket", "reference_name": str(doc.name), "allocated_to": agent}
	)


def test_a_team_assigns_in_turn(db):
	import frappe

	users = [sites.add_user(f"team{n}@example.com", "secret-word-1", "Agent") for n in (1, 2)]
	team = frappe.get_doc(
		{"doctype": "HD Team", "team_name": "Crew", "users": [{"user": u} for u in users]}
	).insert()
	assert team.assignment_rule
	given = [db.get_value("HD Ticket", ticket(agent_group="Crew").name, "_assign") for _ in range(2)]
	assert {user for user in users if any(user in text for text in given)} == set(users)


def test_a_team_wants_a_member_and_who_is_available_comes_first(db):
	import frappe

	with pytest.raises(frappe.MandatoryError):
		frappe.get_doc({"doctype": "HD Team", "team_name": "Nobody"}).insert()
	users = [sites.add_user(f"here{n}@example.com", "secret-word-1", "Agent") for n in (1, 2)]
	agents = [
		frappe.get_doc({"doctype": "HD Agent", "user": user, "is_active": 1}).insert() for user in users
	]
	assert {agent.availability for agent in agents} == {"Active"}
	frappe.get_doc(
		{"doctype": "HD Team", "team_name": "Here", "users": [{"user": user} for user in users]}
	).insert()

	def given_to() -> set[str]:
		texts = [db.get_value("HD Ticket", ticket(agent_group="Here").name, "_assign") for _ in range(2)]
		return {user for user in users if any(user in text for text in texts)}

	agents[0].update({"availability": "Away"}).save()
	assert given_to() == {users[1]}
	agents[1].update({"availability": "Unavailable"}).save()
	assert given_to() == {users[0]}
	agents[0].update({"availability": "Unavailable"}).save()
	assert given_to() == set(users)


def test_another_team_takes_the_ticket_from_who_isn_t_in_it(db):
	import frappe

	first, second = (sites.add_user(f"move{n}@example.com", "secret-word-1", "Agent") for n in (1, 2))
	for user, team in ((first, "From"), (second, "To")):
		frappe.get_doc({"doctype": "HD Agent", "user": user, "is_active": 1}).insert()
		frappe.get_doc({"doctype": "HD Team", "team_name": team, "users": [{"user": user}]}).insert()
	doc = ticket(agent_group="From")
	doc.reload()
	doc.update({"agent_group": "To"}).save()
	assert frappe.parse_json(db.get_value("HD Ticket", doc.name, "_assign")) == [second]


def test_the_bell_of_helpdesk(db):
	import frappe

	agent = sites.add_user("bell@example.com", "secret-word-1", "Agent")
	frappe.get_doc({"doctype": "HD Agent", "user": agent, "is_active": 1}).insert()
	doc = ticket()
	doc.assign_agent(agent)
	doc.reload()
	doc.update({"status": "Resolved"}).save()
	doc.update({"status": "Open"}).save()
	mine = {"user_to": agent, "reference_ticket": doc.name, "read": 0}
	kinds = frappe.get_all("HD Notification", mine, pluck="notification_type", order_by="creation")
	assert kinds == ["Assignment", "Reaction"]
	frappe.set_user(agent)
	frappe.get_doc("HD Ticket", doc.name).mark_seen()
	assert not frappe.get_all("HD Notification", mine, order_by="name")
	frappe.set_user("Administrator")


def test_the_ticket_list_shows_what_is_chosen(db):
	import frappe
	from helpdesk.api.doc import get_list_data

	doc = ticket(subject="In the list")
	default = get_list_data("HD Ticket", is_default=True, filters={"name": doc.name})
	assert [row["subject"] for row in default["data"]] == ["In the list"]
	assert [column["key"] for column in default["columns"]][:3] == ["name", "subject", "status"]
	chosen = get_list_data(
		"HD Ticket",
		columns=[{"label": "Due", "type": "Datetime", "key": "response_by"}],
		filters={"name": doc.name},
	)
	assert frappe.utils.get_datetime(chosen["data"][0]["response_by"]) and chosen["total_count"] == 1
	assert "response_by" in {field["value"] for field in chosen["fields"]}


def test_tickets_of_other_teams_can_be_hidden_from_agents(db):
	import frappe

	agent = sites.add_user("narrow@example.com", "secret-word-1", "Agent")
	frappe.get_doc({"doctype": "HD Team", "team_name": "Narrow", "users": [{"user": agent}]}).insert()
	frappe.get_doc({"doctype": "HD Team", "team_name": "Wide", "users": [{"user": "Administrator"}]}).insert()
	theirs, others = ticket(agent_group="Narrow"), ticket(agent_group="Wide")

	def seen() -> set[str]:
		frappe.set_user(agent)
		try:
			listed = set(
				frappe.get_list(
					"HD Ticket", {"name": ("in", (theirs.name, others.name))}, pluck="name", order_by="name"
				)
			)
			read = {
				doc.name for doc in (theirs, others) if frappe.has_permission("HD Ticket", "read", doc.name)
			}
			assert listed == read
			return read
		finally:
			frappe.set_user("Administrator")

	assert seen() == {theirs.name, others.name}
	db.set_single_value("HD Settings", "restrict_tickets_by_agent_group", 1)
	frappe.clear_document_cache("HD Settings", "HD Settings")
	assert seen() == {theirs.name}


def test_a_deadline_that_passed_shows_within_the_hour_without_a_save(db):
	import frappe
	from helpdesk.helpdesk.doctype.hd_ticket.hd_ticket import update_sla_status_in_ticket

	doc = ticket()
	db.set_value("HD Ticket", doc.name, "response_by", "2026-01-01 00:00:00", update_modified=False)
	db.commit()
	modified = db.get_value("HD Ticket", doc.name, "modified")
	update_sla_status_in_ticket()
	assert db.get_value("HD Ticket", doc.name, ["agreement_status", "modified"]) == ("Failed", modified)
	frappe.delete_doc("HD Ticket", doc.name)
	db.commit()


def test_merged(db):
	import frappe
	from helpdesk.helpdesk.doctype.hd_ticket.api import merge_ticket

	db.set_single_value("HD Settings", "skip_email_workflow", 1)
	frappe.clear_document_cache("HD Settings", "HD Settings")
	source, target = ticket(), ticket()
	merge_ticket(source.name, target.name)
	source.reload()
	assert (source.status, source.is_merged, source.merged_with) == ("Closed", 1, target.name)
	assert db.exists("HD Ticket Comment", {"reference_ticket": target.name})


def test_a_customer_s_answer_to_a_merged_ticket_goes_to_where_it_lives_on(db):
	import frappe
	from helpdesk.helpdesk.doctype.hd_ticket.api import merge_ticket

	db.set_single_value("HD Settings", "skip_email_workflow", 1)
	frappe.clear_document_cache("HD Settings", "HD Settings")
	first, second, last = ticket(), ticket(), ticket()
	merge_ticket(first.name, second.name)
	merge_ticket(second.name, last.name)
	first.reload()
	said = first.add_communication("Still burning", sent_or_received="Received")
	assert db.get_value("Communication", said, "reference_name") == last.name
	assert frappe.get_doc("HD Ticket", last.name).last_customer_response


def test_who_may_see_a_ticket(db):
	import frappe

	customer = sites.add_user("customer@example.com", "secret-word-1", "HD Customer")
	other = sites.add_user("other@example.com", "secret-word-1", "HD Customer")
	without = sites.add_user("without@example.com", "secret-word-1")
	doc = ticket(raised_by=customer)
	assert not frappe.has_permission("HD Ticket", "read", ticket(raised_by=without), user=without)
	assert frappe.has_permission("HD Ticket", "read", doc, user=customer)
	assert not frappe.has_permission("HD Ticket", "read", doc, user=other)
	frappe.set_user(other)
	assert frappe.get_list("HD Ticket", {"name": doc.name}, pluck="name", order_by="name") == []
	frappe.set_user("Administrator")


def test_issue(db):
	import frappe

	doc = frappe.get_doc({"doctype": "Issue", "subject": "Broken", "priority": "High"}).insert()
	assert doc.name.startswith("ISS-2")
	doc.status = "Replied"
	doc.save()
	assert doc.first_responded_on
