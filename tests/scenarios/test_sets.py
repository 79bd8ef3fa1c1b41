"""Rows in sets: what a due set costs in statements doesn't depend on how many items it has; and what a ticket's save costs."""

from collections.abc import Callable
from typing import Any

import frappe
import pytest

from escalation_mgmt.delivery import record
from escalation_mgmt.dispatch import document_events
from escalation_mgmt.storage.circuits import Of
from tests.on_site import add_crowd
from tests.scenarios.test_circuits import broken
from tests.scenarios.test_dispatcher import many
from tests.scenarios.test_limits import tickets
from tests.scenarios.test_providers_in_order import two_accounts
from tests.world import World
from tests.world.statements import listened


def statements(world: World, monkeypatch: pytest.MonkeyPatch, count: int) -> int:
	"""How many the database is asked while so many items fall due and their messages are sent."""
	# Each is somebody else's: what is above a person's limit would wait.
	for ticket, user in zip(many(world, count), add_crowd(count), strict=True):
		item = {"reference_name": ticket, "reference_doctype": "HD Ticket"}
		frappe.db.set_value("HD Ticket", ticket, "_assign", f'["{user}"]', update_modified=False)
		frappe.db.set_value("Escalation Action Item", item, "assignees", f'["{user}"]', update_modified=False)
	world.wait(10)
	asked = of_a_tick(world, monkeypatch)
	assert len(world.inbox.take_all()) == count
	return asked


def of_a_tick(world: World, monkeypatch: pytest.MonkeyPatch) -> int:
	frappe.db.commit()
	with monkeypatch.context() as patch, listened() as asked:
		patch.setattr(record, "FLUSH_SECONDS", 3600)  # recorded at the end of a batch, however fast it is
		world.tick()
	assert asked
	return len(asked)


@pytest.mark.parametrize("method", ["SMS", "HTTP POST", "Phone Call"])
def test_a_set_costs_the_same_statements_whatever_its_size(
	world: World, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
	if method != "HTTP POST":
		for user, number in add_crowd(12).items():
			world.contact(user, number)
		world.plan((0, method))
	else:
		world.endpoint()
		world.plan((0, "HTTP POST", "Endpoint", "Pager"))
	statements(world, monkeypatch, 2)  # what is read once for a process
	assert statements(world, monkeypatch, 12) == statements(world, monkeypatch, 3)


def test_what_waits_and_is_bundled_costs_the_same_statements_whatever_its_size(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""By several providers, of which one is passed over."""
	two_accounts(world)
	broken(world, Of("SMS", "Twilio"), minutes=600)
	frappe.db.set_single_value("Escalation Settings", {"most_sms": 1, "limit_minutes": 600})
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	world.contact("tech@x.test", "+4915112345601")
	world.plan((0, "SMS"))
	costs = {}
	for count in (2, 3, 12):  # the first takes the one place, and reads what is read once for a process
		tickets(world, count)
		world.wait(10)
		held = of_a_tick(world, monkeypatch)
		assert len(world.inbox.take_all()) == (count == 2)
		world.wait(1)
		costs[count] = held, of_a_tick(world, monkeypatch)
		assert len(world.inbox.take_all()) == 1
	assert costs[3] == costs[12]


def of_a_save(monkeypatch: pytest.MonkeyPatch, save: Callable[[], Any]) -> list[str]:
	"""What our document events ask the database for while a ticket is saved."""
	asked: list[str] = []
	evaluate = document_events._evaluate

	def listening(*args: Any, **more: Any) -> None:
		with listened() as meanwhile:
			evaluate(*args, **more)
		asked.extend(meanwhile)

	with monkeypatch.context() as patch:
		patch.setattr(document_events, "_evaluate", listening)
		save()
	frappe.db.commit()
	return asked


def test_a_tickets_save_costs_so_many_statements(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	"""A fifth of a millisecond each, in the middle of somebody's save."""
	world.plan((0, "SMS"))
	world.ticket(to="", description="The first reads what is read once for a process.")
	world.ticket(to="", priority="Low")
	ticket = world.ticket(to="")
	saves = {
		"logged": lambda: world.ticket(to=""),
		"no plan takes it": lambda: world.ticket(to="", priority="Low"),
		"with its mail": lambda: world.ticket(to="", description="<p>It burns</p>"),  # evaluated once more
		"nothing that decides": lambda: ticket.update({"subject": "Another one"}).save(),
		"status": lambda: ticket.update({"status": "Replied"}).save(),
	}
	found = {what: len(of_a_save(monkeypatch, save)) for what, save in saves.items()}
	# Of the five one is whether the site was restored: here the clock stands still, and the ticket is from after it.
	most = {"logged": 5, "no plan takes it": 3, "with its mail": 10, "nothing that decides": 0, "status": 12}
	if frappe.db.db_type != "mariadb":
		# SQLite lets go of its savepoints, takes a number in two, and writes one by one.
		most |= {"logged": 11, "no plan takes it": 4, "with its mail": 17, "status": 13}
	assert found == most
