"""A ticket's activity names who did it: as Helpdesk shows it, the owner's name and then what they did."""

from typing import Any

import frappe

from escalation_mgmt.actions.acknowledge import acknowledge_by
from escalation_mgmt.storage import deeds
from escalation_mgmt.utils import rows
from tests.scenarios.test_ticket_form import TWO_STEPS, Form
from tests.world import World

LOG = "HD Ticket Activity"


def activity_of(ticket: Any) -> list[tuple[str, str]]:
	"""Our lines, oldest first: (name as Helpdesk shows it, what follows it)."""
	frappe.db.commit()
	ours = set(frappe.get_all("Escalation Event", pluck="name", order_by="name"))
	found = frappe.get_all(
		LOG,
		filters={"ticket": str(ticket.name)},
		fields=["name", "owner", "action"],
		order_by="creation asc",
	)
	return [(shown_as(row.owner), row.action) for row in found if row.name in ours]


def shown_as(owner: str) -> str:
	"""As Helpdesk's page has it from Frappe: a user's name, or else the owner as it stands there."""
	return frappe.db.get_value("User", owner, "full_name") or owner


def test_what_the_machine_does_is_the_machines_whoevers_request_it_was(world: World) -> None:
	world.plan((0, "Email"), last_wait=600)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	world.forward(10)
	world.expect_email("owner@x.test")
	told = activity_of(ticket)
	assert {name for name, _what in told} == {"Escalation Management"}
	assert told[0][1].startswith("follows this ticket by plan Outage; the response window ends at ")
	assert [what for _name, what in told[1:]] == [
		"ran step 1, Email: to Tina Tech",
		"came to the end of the plan: nobody acknowledged",
	]
	# Helpdesk writes "themselves" where a line repeats its owner.
	assert not [what for _name, what in told if rows.MACHINE in what]
	for doctype in ("Escalation Action Item", "Escalation Notification", "Escalation Event"):
		assert set(frappe.get_all(doctype, pluck="owner", order_by="name")) == {rows.MACHINE}, doctype


def test_who_acknowledges_by_a_link_is_named_though_it_is_a_guests_session(world: World) -> None:
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10)
	world.post(world.expect_email("tech@x.test").links[0])
	assert activity_of(ticket)[-1] == ("Tina Tech", "acknowledged the escalation (Link)")
	row = frappe.get_all(
		"Escalation Event", {"kind": "Acknowledged"}, ["owner", "modified_by"], order_by="name"
	)
	assert row == [{"owner": "tech@x.test", "modified_by": "tech@x.test"}]


def test_what_people_do_in_a_form_is_theirs(world: World) -> None:
	world.plan(*TWO_STEPS)
	ticket = world.ticket()
	world.forward(10)
	form = Form(world, ticket, "lead@x.test")
	world.inbox.take_all()
	for action, values in (
		("add_person", {"who": "second@x.test"}),
		("snooze", {"until": str(frappe.utils.add_to_date(frappe.utils.now_datetime(), hours=1))}),
		("acknowledge", {}),
		("unacknowledge", {}),
		("hand_over", {"to": "second@x.test"}),
		("stop", {"reason": "known"}),
		("start", {"plan": "Outage", "when": "window"}),
	):
		done, said = form.click(action, **values)
		assert done, f"{action}: {said}"
	told = activity_of(ticket)
	by_lead = [what for name, what in told if name == "Leo Lead"]
	assert [what.split(" ")[0] for what in by_lead] == [
		*("added", "snoozed", "acknowledged", "gave", "handed", "stopped", "started"),
	]
	assert by_lead[-2] == "stopped the escalation: known"
	assert by_lead[-1].startswith("started plan Outage on this ticket; due at ")
	assert not [what for what in by_lead if "Leo" in what or "lead@x.test" in what]
	assert not {"Guest", "Administrator"} & {name for name, _what in told}
	newest = frappe.get_last_doc("Escalation Action Item")
	assert newest.owner == "lead@x.test"
	world.tick()
	world.inbox.take_all()
	world.providers.twilio.clear()


def test_an_address_that_is_nobodys_is_named_by_its_label(world: World) -> None:
	world.plan((0, "SMS", "Address", "+4915112345678"))
	ticket = world.ticket()
	world.forward(10)
	sms = world.messages(world.item(ticket))[0]
	message = frappe._dict(
		action_item=sms.action_item, recipient=sms.recipient, user=None, address="+4915112345678", shared=()
	)
	assert acknowledge_by([message], "SMS")[sms.action_item].taken
	assert activity_of(ticket)[-1] == (sms.recipient, "acknowledged the escalation (SMS)")
	assert "12345" not in str(activity_of(ticket))
	world.inbox.take_all()
	world.providers.twilio.clear()


def test_lines_of_before_keep_their_whole_sentence(world: World) -> None:
	"""They were whoever's request wrote them: a sentence that begins with what was done would say that it was they."""
	from escalation_mgmt.storage import activity
	from escalation_mgmt.storage.action_items import ticket_of

	world.plan((0, "Email"))
	ticket = world.ticket()
	item = world.item(ticket)
	event = frappe.get_all("Escalation Event", {"action_item": item.name}, pluck="name", order_by="name")[0]
	lines = [
		("Cancelled", 0, {"by": name, "reason": "x", "people": {"by": [[user, name]]}})
		for user, name in (("ann@x.test", "Ann"), ("gone", "gone"))
	]
	for owner, text in (("Guest", "Escalation: Stopped by gone: x"), ("gone", "stopped the escalation: x")):
		frappe.db.set_value(LOG, event, {"owner": owner, "action": "?"}, update_modified=False)
		activity.rewrite(ticket_of(item), event, *lines)
		assert frappe.db.get_value(LOG, event, "action") == text
	frappe.db.commit()


def test_the_tickets_own_activity_tells_what_matters(world: World) -> None:
	world.plan((0, "Email"), (0, "Email", "User", "lead@x.test"), last_wait=600)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	world.expect_email("lead@x.test")
	world.forward(10)
	world.expect_email("owner@x.test")
	Form(world, ticket, "second@x.test").click("acknowledge")
	world.change(ticket, status="Resolved")
	assert activity_of(ticket)[1:] == [
		(rows.MACHINE, "ran step 1, Email: to Tina Tech"),
		(rows.MACHINE, "ran step 2, Email: to Leo Lead"),
		(rows.MACHINE, "came to the end of the plan: nobody acknowledged"),
		("Sam Second", "acknowledged the escalation (Ticket Form), after the last wait"),
		(rows.MACHINE, "ended the escalation: the ticket was resolved or closed"),
	]
	world.tick()  # within the minute in which the acknowledgement could be undone: nobody hears of that any more
	for user in ("tech@x.test", "lead@x.test"):
		world.expect_email(user, "has been answered")


def test_every_line_reads_well_after_a_name(world: World) -> None:
	when = "2026-01-01 00:00:00"
	said = {
		"plan": "P", "due": when, "until": when, "method": "SMS", "via": "Link", "methods": "SMS, Email", "by": "Ann",
		"was": "Bob", "to": "Cem", "how": "", "reason": "x", "maintenance": "M", "replaced_by": "Q",
	}  # fmt: skip
	for kind in deeds.NOTED:
		for data in (said, {**said, "by": "Bob"}, {**said, "by": ""}, {}):
			text = deeds.deed(kind, 1, data)
			assert text and text[0].islower(), f"{kind}: {text}"
			assert "None" not in text and "{" not in text, f"{kind}: {text}"
			assert "Ann" not in text, f"{kind} names whoever did it once more: {text}"
	assert deeds.deed("Sent", 1, said) == ""
