"""Helpdesk says how urgent a priority is by a number, and from the version after 1.28 on by a word."""

from collections.abc import Iterator

import frappe
import pytest

from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.facts import sources
from tests.world import World, helpdesk_versions

OWN = "Blocking"  # a priority of the site's own


@pytest.fixture
def own_priority(world: World) -> Iterator[None]:
	"""Between Urgent and High."""
	doc = frappe.get_doc({"doctype": "HD Ticket Priority", "integer_value": 150, "level": "Urgent"})
	doc.insert(set_name=OWN)
	yield
	frappe.delete_doc("HD Ticket Priority", OWN, force=True)
	frappe.db.commit()


def test_a_level_means_what_the_number_meant(world: World) -> None:
	"""What an action item remembers is compared with what its ticket has after Helpdesk was upgraded."""
	names = ("Urgent", "High", "Medium", "Low")
	before = [sources.level("HD Ticket", name) for name in names]
	assert before == sorted(before, reverse=True) and len(set(before)) == 4
	with helpdesk_versions.named_levels():
		assert [sources.level("HD Ticket", name) for name in names] == before
		frappe.db.set_value("HD Ticket Priority", "Low", "level", None)
		frappe.clear_document_cache("HD Ticket Priority", "Low")
		assert sources.level("HD Ticket", "Low") == 0, "nobody knows"
		helpdesk_versions.set_urgency("Low", "Low")
	assert [sources.level("HD Ticket", name) for name in names] == before


def test_the_most_urgent_is_offered_first(world: World, own_priority: None) -> None:
	def offered() -> list[str]:
		return sources.choices("HD Ticket")["priority"]

	if frappe.get_meta("HD Ticket Priority").has_field("integer_value"):
		assert offered() == ["Urgent", OWN, "High", "Medium", "Low"]
	with helpdesk_versions.named_levels():
		assert offered() == [OWN, "Urgent", "High", "Medium", "Low"]


def test_a_raised_priority_replaces_what_is_acknowledged_and_an_upgrade_between_raises_nothing(
	world: World,
) -> None:
	"""Only a raise replaces an acknowledged one (docs/rules.md)."""
	world.plan((0, "Email"), title="High")
	world.plan((0, "Email"), title="Urgent", priorities=["Urgent"])
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	acknowledge_as("tech@x.test", world.item(ticket).name, "Desk")
	with helpdesk_versions.named_levels():
		world.sweep()
		world.change(ticket, subject="The same")
		assert (world.item(ticket).plan, world.item(ticket).status) == ("High", "Acknowledged")
		world.change(ticket, priority="Urgent")
		assert (world.item(ticket).plan, world.item(ticket).status) == ("Urgent", "Scheduled")
	world.inbox.take_all()
