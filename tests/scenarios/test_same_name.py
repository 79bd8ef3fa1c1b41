"""A ticket is deleted and the next one gets its number: that is another ticket, whatever is remembered of the first.

Helpdesk numbers its tickets like that from 1.25 on: by a series, which Frappe sets back when the last is deleted.
"""

from datetime import timedelta
from typing import Any

import frappe
import pytest
from frappe.model.naming import revert_series_if_last

from escalation_mgmt import api
from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.patches.v0_1 import tickets_of_items
from escalation_mgmt.storage import action_items
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.identity import as_stamp, stamp_of
from tests.world import World

AGENT = "second@x.test"  # may read every ticket, and was told of none


def scheduled(_world: World, _ticket: Any) -> None:
	pass


def acknowledged(world: World, ticket: Any) -> None:
	world.forward(10)
	world.expect_email("tech@x.test", ticket.subject)
	acknowledge_as("tech@x.test", world.item(ticket).name, "Desk")


def exhausted(world: World, ticket: Any) -> None:
	world.forward(10)
	world.expect_email("tech@x.test", ticket.subject)
	world.forward(30)
	assert world.item(ticket).status == "Exhausted"
	world.inbox.take_all()


def resolved(world: World, ticket: Any) -> None:
	world.change(ticket, status="Resolved")
	assert world.item(ticket).status == "Resolved"


def delete(world: World, ticket: Any) -> None:
	"""As Desk does."""
	for todo in frappe.get_all("ToDo", filters={"reference_name": str(ticket.name)}, pluck="name"):
		frappe.delete_doc("ToDo", todo)
	frappe.delete_doc(ticket.doctype, ticket.name, force=True)
	world.wait(1)


def lose(world: World, ticket: Any) -> None:
	"""As a script does, or a table that is restored: no document event says it."""
	frappe.db.delete("ToDo", {"reference_name": str(ticket.name)})
	frappe.db.delete(ticket.doctype, {"name": ticket.name})
	revert_series_if_last(ticket.meta.autoname, ticket.name)
	world.wait(1)


def save(name: str, subject: str) -> Any:
	"""A new ticket, which has that number because it is the next one."""
	doc = frappe.new_doc("HD Ticket")
	doc.update({"subject": subject, "raised_by": "customer@x.test", "priority": "High"})
	doc.insert()
	assert doc.name == name, "the series went on"
	return doc


def log(world: World, name: str, subject: str) -> Any:
	doc = save(name, subject)
	world.assign(doc, "tech@x.test")
	return doc.reload() or doc


def log_unseen(world: World, name: str, subject: str) -> Any:
	"""Logged without a document event of ours: the sweep has to find it."""
	frappe.flags.escalation_evaluation_put_off = True
	try:
		return log(world, name, subject)
	finally:
		frappe.flags.escalation_evaluation_put_off = False


@pytest.mark.parametrize("came", [log, log_unseen])
@pytest.mark.parametrize("went", [delete, lose])
@pytest.mark.parametrize("was", [scheduled, acknowledged, exhausted, resolved])
def test_the_next_ticket_of_that_number_escalates(world: World, was: Any, went: Any, came: Any) -> None:
	world.plan((0, "Email"))
	first = world.ticket("the first")
	was(world, first)
	old = world.item(first).name
	went(world, first)
	second = came(world, first.name, "the second")
	world.sweep()
	world.tick()
	world.inbox.take_all()  # whoever had the first one is told of its end
	new = world.item(second)
	assert (new.name != old, new.status, new.ticket_subject) == (True, "Scheduled", "the second")
	assert frappe.db.get_value(ITEM, old, "running_ticket") is None
	world.forward(10)
	world.expect_email("tech@x.test", "the second")
	world.sweep()
	assert world.item(second).name == new.name and world.count_items() == 2


def test_its_first_save_ends_what_the_first_had_and_opens_its_own(world: World) -> None:
	world.plan((0, "Email"))
	first = world.ticket("the first")
	old = world.item(first).name
	lose(world, first)
	second = save(first.name, "the second")
	assert world.item(second).name != old and world.item(second).status == "Scheduled"
	assert frappe.db.get_value(ITEM, old, "status") == "Cancelled"


def test_its_form_shows_nothing_of_the_first(world: World) -> None:
	plan = world.plan((0, "Email"))
	first = world.ticket("the first")
	old = world.item(first).name
	delete(world, first)
	plan.reload()
	plan.update({"enabled": 0}).save()
	log(world, first.name, "the second")
	session = world.login(AGENT)

	def asked(method: str, **params: str) -> Any:
		return session.get(f"{world.url}/api/method/escalation_mgmt.api.{method}", params=params, timeout=30)

	assert asked("ticket", doctype="HD Ticket", name=str(first.name)).json()["message"]["item"] is None
	assert asked("timeline", action_item=old).status_code == 403
	seen = session.get(f"{world.url}/api/resource/{ITEM}", timeout=30).json()["data"]
	assert old not in {row["name"] for row in seen}
	# To whom every right belongs.
	assert api.ticket("HD Ticket", str(first.name))["item"] is None
	shown = api.timeline(old)
	said = (shown["headline"], shown["latest"], shown["actions"])
	assert said == ("Cancelled: the ticket was deleted.", "", [])


def test_a_merged_name_takes_its_own_items_along(world: World) -> None:
	"""Frappe's own merge, of two documents into one."""
	world.plan((0, "Email"))
	earlier = world.ticket("earlier", to="")
	old = world.item(earlier).name
	delete(world, earlier)
	gone, kept = log(world, earlier.name, "gone"), world.ticket("kept")
	its_own = world.item(gone).name
	frappe.db.sql(f"update `tab{ITEM}` set `status` = 'Exhausted', `running_ticket` = null")
	doc = frappe._dict(doctype="HD Ticket", name=kept.name)
	action_items.follow_rename(doc, "after_rename", str(gone.name), str(kept.name), True)
	stamps = {name: as_stamp(frappe.db.get_value(ITEM, name, "ticket_created")) for name in (old, its_own)}
	assert stamps[its_own] == stamp_of("HD Ticket", kept.name) != stamps[old]
	frappe.db.rollback()
	world.inbox.take_all()


def test_items_of_before_get_their_ticket(world: World) -> None:
	world.plan((0, "Email"))
	other, lost, first = world.ticket("another"), world.ticket("lost"), world.ticket("the first")
	others, losts, old = (world.item(ticket).name for ticket in (other, lost, first))
	delete(world, first)
	# The database stamps by its own clock, which nobody moves: the first was two hours ago.
	frappe.db.sql(
		f"update `tab{ITEM}` set `opened_utc` = %s where `name` = %s", (clock.now() - timedelta(hours=2), old)
	)
	second = log(world, first.name, "the second")
	new = world.item(second).name
	lose(world, lost)
	frappe.db.sql(f"update `tab{ITEM}` set `ticket_created` = null")
	tickets_of_items.execute()
	found = {name: as_stamp(frappe.db.get_value(ITEM, name, "ticket_created")) for name in (new, others)}
	assert found == {new: as_stamp(second.creation), others: as_stamp(other.creation)}
	assert as_stamp(frappe.db.get_value(ITEM, old, "ticket_created")) == as_stamp(tickets_of_items.NEVER)
	assert frappe.db.get_value(ITEM, losts, "ticket_created") is None
	world.sweep()
	assert world.item(lost).status == "Cancelled" and world.count_items() == 4
	world.inbox.take_all()


def test_a_name_that_only_capitals_tell_from_an_earlier_tickets(world: World) -> None:
	"""To MariaDB it is the same name: the earlier one's item must stop neither this ticket's nor the sweep of others."""
	world.plan((0, "Email"))
	ticket = world.ticket()
	gone = world.item(ticket).name
	frappe.db.sql("update `tabHD Ticket` set `name` = 'Server café' where `name` = %s", (ticket.name,))
	frappe.db.sql("update `tabToDo` set `reference_name` = 'Server café'")
	frappe.db.delete("Escalation Ticket State", {"ticket": f"HD Ticket/{ticket.name}"})
	frappe.db.set_value(
		ITEM,
		gone,
		{
			"status": "Resolved",
			"running_ticket": None,
			"reference_name": "SERVER Cafe",
			"ticket_created": "2020-01-01",
		},
	)
	frappe.db.commit()
	try:
		later = world.ticket()
		world.sweep()
		found = frappe.get_all(ITEM, {"name": ("!=", gone)}, ["reference_name", "status"])
	finally:
		frappe.db.delete("HD Ticket", {"name": "Server café"})
		frappe.db.delete("ToDo", {"reference_name": "Server café"})
		frappe.db.commit()
	assert {(item.reference_name, item.status) for item in found} == {
		("Server café", "Scheduled"),
		(str(later.name), "Scheduled"),
	}
