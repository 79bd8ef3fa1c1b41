"""What the database spares the sweep (`storage.unsettled`) is never a ticket for which an item is wanted: on tickets with every
history that there may be, the whole reading of all of them decides.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import frappe
import pytest

from escalation_mgmt.dispatch import missed
from escalation_mgmt.engine import Clock, Status
from escalation_mgmt.facts import plans, tickets
from escalation_mgmt.storage import unsettled
from escalation_mgmt.storage.action_items import running_ticket, ticket_of
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ITEM, TICKET_STATE
from tests.world import World

TICKETS = 90
ENDED = (Status.EXHAUSTED, Status.RESOLVED, Status.CANCELLED)


def three_plans(world: World) -> None:
	world.plan((0, "Email"), title="First")
	world.plan((0, "Email"), title="First, urgent", priorities=["Urgent"])
	world.plan((0, "Email"), title="Next", clock=str(Clock.NEXT_RESPONSE), window=1200)
	world.plan((0, "Email"), title="Resolve", clock=str(Clock.RESOLUTION), priorities=["High", "Urgent"])


class Past:
	"""Tickets with a random past, most of it such that nothing is wanted; nobody is paged for it."""

	def __init__(self, world: World, seed: int):
		self.chance = random.Random(seed)
		self.world, self.now = world, clock.now().replace(microsecond=0)
		self.tickets = [self.ticket() for _number in range(TICKETS)]
		self.template = frappe.db.sql(f"select * from `tab{ITEM}` limit 1", as_dict=True)[0]
		frappe.db.sql(f"delete from `tab{ITEM}`")
		rows.insert_all(ITEM, [row for each in self.tickets for row in self.items(each)])
		messages = [row for each in self.tickets for row in self.messages(each)]
		rows.insert_all("Communication", messages)
		for each in self.tickets:
			self.remember(each)
		frappe.db.commit()

	def rarely(self, chance: float = 0.06) -> bool:
		return self.chance.random() < chance

	def at(self, hours: float = 0, spread: float = 0) -> datetime:
		return self.now - timedelta(hours=hours + spread * self.chance.random())

	def ticket(self) -> Any:
		priority = self.chance.choices(["High", "Urgent", "Low"], [8, 2, 1])[0]
		return self.world.ticket(to="", priority=priority, ticket_type=self.chance.choice(["", "Incident"]))

	def items(self, ticket: Any) -> Iterator[dict[str, Any]]:
		for of in Clock:
			last = None
			for number in range(self.chance.choices([0, 1, 2, 3], [1, 8, 3, 1])[0]):
				last = self.item(ticket, of, self.at(10 - 3 * number, 1))
				yield last
			if last and self.rarely():  # of two at one instant the name decides
				yield self.item(ticket, of, last["opened_utc"])

	def item(self, ticket: Any, of: Clock, opened: datetime) -> dict[str, Any]:
		status = self.chance.choice(ENDED)
		key = ticket_of(frappe._dict(self.template, reference_name=str(ticket.name)))
		return self.template | {
			"name": rows.new_name(),
			"reference_name": str(ticket.name),
			"ticket_created": self.chance.choices([ticket.creation, None, self.at(99)], [12, 1, 1])[0],
			"clock": str(of),
			"status": str(status),
			"running_ticket": None,
			"exhausted_ticket": running_ticket(key, of) if status is Status.EXHAUSTED else None,
			"due_utc": None,
			"priority": self.chance.choices([ticket.priority, "Low", ticket.priority.lower()], [12, 2, 1])[0],
			"ticket_type": self.chance.choices([ticket.ticket_type or "", "Question"], [12, 1])[0],
			"ticket_was_closed": int(self.rarely()),
			"no_plan_matched": int(self.rarely()),
			"after_answer": int(self.rarely()),
			"opened_utc": opened,
			"ended_utc": opened + timedelta(minutes=20),
			"clock_utc": None if self.rarely() else self.at(2, 2),
		}

	def messages(self, ticket: Any) -> Iterator[dict[str, Any]]:
		for _number in range(self.chance.choices([0, 1, 3], [1, 2, 2])[0]):
			name = rows.new_name()
			yield {
				"name": name,
				"communication_type": self.chance.choices(["Communication", "Comment"], [9, 1])[0],
				"communication_medium": "Email",
				"reference_doctype": "HD Ticket",
				"reference_name": str(ticket.name),
				"sent_or_received": self.chance.choice(["Sent", "Received"]),
				"creation": clock.to_site(self.at(1, 4)),
				"content": "x /helpdesk/tickets/1" if self.rarely() else "x",
			}

	def remember(self, ticket: Any) -> None:
		answered = {
			field: clock.to_site(self.at(1, 4))
			for field in ("first_responded_on", "last_agent_response")
			if self.rarely(0.5)
		}
		if answered:
			frappe.db.set_value("HD Ticket", ticket.name, answered, update_modified=False)
		if self.rarely(0.2):
			frappe.db.set_value("HD Ticket", ticket.name, "status", "Closed", update_modified=False)
		began_anew = {}
		if self.rarely():
			began_anew |= {"reopened": self.chance.choice([0, 1]), "reopened_utc": self.at(0, 11)}
		if self.rarely():
			began_anew |= {"raised": 1, "raised_utc": self.at(0, 11), "raised_from": "Low"}
		if began_anew:
			frappe.db.set_value(
				TICKET_STATE, {"reference_name": str(ticket.name)}, began_anew, update_modified=False
			)


def wanted_by_reading_all(enabled: list[Any]) -> set[str]:
	by_version, found = plans.enabled("HD Ticket"), set()
	anything = tickets.TicketFilter(doctype="HD Ticket")
	for read in tickets.unresolved_since(None, anything, 40, clocks=set(Clock)):
		page = missed._page(enabled, read)
		for of in page.of:
			found |= {key.name for key in missed.wanting(page, of, by_version)}
	return found


@pytest.mark.parametrize("seed", range(4))
def test_what_is_spared_wants_nothing(world: World, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
	three_plans(world)
	monkeypatch.setattr(unsettled, "TOGETHER", 40)  # several parts
	Past(world, seed)
	enabled = list(plans.enabled("HD Ticket").values())
	of_clock = {of: missed._wanted([plan for plan in enabled if plan.clock is of]) for of in Clock}
	looked_at = [name for part in unsettled.names("HD Ticket", of_clock) for name in part]
	assert len(looked_at) == len(set(looked_at))

	wanted = wanted_by_reading_all(enabled)
	assert wanted, "this past has nothing to find"
	assert wanted <= set(looked_at), wanted - set(looked_at)
	assert len(looked_at) < 0.9 * TICKETS, "it spares nothing"
