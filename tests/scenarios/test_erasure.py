"""Erasure of a person, by Frappe's Personal Data Deletion Request: what happened stays, who it was doesn't (rule 9)."""

import frappe

from tests import on_site
from tests.world import World

GONE, NAME = "gone@x.test", "Gül Gone"


def test_a_person_is_erased(world: World) -> None:
	on_site.add_person(GONE, NAME, "Escalation Responder")
	world.contact(GONE, email="gone.private@x.test", email_verified=1)
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket(to=GONE)
	world.forward(10)
	link = world.expect_email("gone.private@x.test").links[0]
	running = world.ticket("Still open", to=GONE)
	world.forward(5)
	world.expect_email("lead@x.test")
	world.post(link)
	world.tick()
	world.expect_email("lead@x.test", NAME)
	before = world.lines(world.item(ticket))
	assert f"Acknowledged by {NAME}" in before

	request = frappe.get_doc({"doctype": "Personal Data Deletion Request", "email": GONE})
	request.insert()
	request.db_set("status", "Pending Approval")
	request.trigger_data_deletion()
	frappe.db.commit()
	request.reload()
	assert request.status == "Deleted"

	item = world.item(ticket)
	assert world.lines(item) == before.replace(NAME, request.name).replace(GONE, request.name)
	assert (item.status, item.acknowledged_user) == ("Acknowledged", request.name)
	for doctype in ("Escalation Action Item", "Escalation Notification", "Escalation Event"):
		for row in frappe.get_all(doctype, fields=["*"], order_by="name"):
			assert not [value for value in row.values() if GONE in str(value) or "Gone" in str(value)], row
	assert not frappe.get_all("Escalation Contact", filters={"name": GONE}, order_by="name")
	contact = frappe.get_doc("Escalation Contact", {"user": request.name})
	assert "private" not in str(contact.as_dict())
	assert not [row for row in world.report(ticket=ticket.name) if "Gone" in str(row) or GONE in str(row)]
	world.forward(5)  # what runs goes on: whoever it was assigned to is gone
	assert request.name in world.lines(world.item(running))
	world.inbox.take_all()
