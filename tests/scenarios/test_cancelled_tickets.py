"""Tickets that can be submitted, cancelled and amended, of any DocType: what is cancelled escalates no further."""

from collections.abc import Callable, Iterator
from typing import Any

import frappe
import pytest

from escalation_mgmt.actions.action import user_as_actor
from escalation_mgmt.actions.start import start
from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.preflight import rehearsal
from tests.world import World
from tests.world.doctypes import doctype, name_source

FIELDS = [
	{"fieldname": "subject", "fieldtype": "Data"},
	{"fieldname": "priority", "fieldtype": "Data", "allow_on_submit": 1},
	{"fieldname": "status", "fieldtype": "Data", "allow_on_submit": 1},
	{"fieldname": "amended_from", "fieldtype": "Link", "options": "Incident", "no_copy": 1, "read_only": 1},
]


@pytest.fixture
def incident(world: World) -> Iterator[Callable[..., Any]]:
	"""Logs an incident, submitted unless it is said otherwise, and assigned."""
	with doctype("Incident", FIELDS, is_submittable=1) as kind:
		name_source(kind, subject_field="subject", priority_field="priority", status_field="status")

		def log(submitted: bool = True, **more: Any) -> Any:
			doc = frappe.get_doc(
				{"doctype": kind, "subject": "Leak", "priority": "High", "status": "Open", **more}
			)
			doc.insert()
			if submitted:
				doc.submit()
			world.assign(doc, "tech@x.test")
			return doc.reload()

		yield log


def cancel(doc: Any) -> None:
	doc.cancel()


def cancel_unseen(doc: Any) -> None:
	"""By a program, past every event."""
	frappe.db.set_value(doc.doctype, doc.name, "docstatus", 2, update_modified=False)


def started(world: World, **more: Any) -> Any:
	return world.plan((0, "Email"), (10, "Email"), reference_doctype="Incident", **more)


@pytest.mark.parametrize("how", [cancel, cancel_unseen])
def test_a_cancelled_ticket_ends_and_those_notified_are_told(
	world: World, incident: Callable[..., Any], how: Callable[[Any], None]
) -> None:
	started(world)
	ticket = incident()
	world.forward(10)
	world.expect_email("tech@x.test", "Leak")
	how(ticket.reload())
	frappe.db.commit()
	if how is cancel_unseen:
		world.sweep()
	item = world.item(ticket)
	assert item.status == "Cancelled"
	assert "Cancelled: the ticket was cancelled." in world.lines(item)
	world.tick()
	world.expect_email("tech@x.test", f"The escalation of ticket {ticket.name} was cancelled")
	world.forward(60)


def test_a_step_that_is_due_looks_before_it_goes_out(world: World, incident: Callable[..., Any]) -> None:
	"""No sweep has been there yet."""
	started(world)
	ticket = incident()
	world.forward(10)
	world.expect_email("tech@x.test", "Leak")
	cancel_unseen(ticket)
	world.forward(10)
	world.expect_email("tech@x.test", "was cancelled")
	assert world.item(ticket).status == "Cancelled"


def test_a_draft_escalates_and_ends_when_it_is_discarded(world: World, incident: Callable[..., Any]) -> None:
	"""What waits to be approved is a draft."""
	started(world)
	ticket, kept = incident(submitted=False), incident(submitted=False, subject="Kept")
	world.forward(10)
	world.expect_email("tech@x.test", "Leak")
	world.expect_email("tech@x.test", "Kept")
	if hasattr(ticket, "discard"):
		ticket.discard()
	else:  # Frappe 15
		cancel_unseen(ticket)
		world.sweep()
	assert world.item(ticket).status == "Cancelled"
	kept.submit()
	assert world.kinds(world.item(kept))[-1] != "Cancelled"
	world.forward(10)
	world.expect_email("tech@x.test", "was cancelled")
	world.expect_email("tech@x.test", "Kept")


def test_a_condition_can_ask_for_what_is_submitted(world: World, incident: Callable[..., Any]) -> None:
	started(world, condition="doc.docstatus == 1")
	draft = incident(submitted=False)
	assert not world.count_items()
	draft.submit()
	assert world.item(draft).status == "Scheduled"


def test_an_amended_ticket_is_a_ticket_of_its_own(world: World, incident: Callable[..., Any]) -> None:
	started(world)
	ticket = incident()
	ticket.cancel()
	amended = frappe.copy_doc(ticket)
	amended.update({"amended_from": ticket.name, "docstatus": 0}).insert()
	amended.submit()
	assert amended.name != ticket.name
	assert (world.item(ticket).status, world.item(amended).status) == ("Cancelled", "Scheduled")
	world.assign(amended, "lead@x.test")
	world.forward(10)
	world.expect_email("lead@x.test", "Leak")


def test_what_is_saved_after_it_was_submitted_counts_at_once(
	world: World, incident: Callable[..., Any]
) -> None:
	"""Frappe calls that no update."""
	started(world)
	ticket = incident()
	ticket.update({"status": "Resolved"}).save()
	assert world.item(ticket).status == "Resolved"
	low = incident(priority="Low")
	assert world.count_items() == 1
	low.update({"priority": "High"}).save()
	assert world.item(low).status == "Scheduled"


def test_nothing_starts_on_a_cancelled_ticket(world: World, incident: Callable[..., Any]) -> None:
	ticket = incident()
	cancel_unseen(ticket)
	plan = started(world)
	world.sweep()
	with pytest.raises(frappe.ValidationError):
		start(TicketKey("Incident", ticket.name), plan.name, user_as_actor("tech@x.test", "Desk"))
	with pytest.raises(frappe.ValidationError, match="was cancelled"):
		rehearsal.of_plan(plan, ticket=ticket.name, start=world.now, responses=rehearsal.NEVER)
	assert not world.count_items()
	key = TicketKey("Incident", ticket.name)
	assert Tickets([key])[key].gone and Tickets([key])[key].exists
