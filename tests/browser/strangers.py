"""What strangers have written, for the screens: escalations whose tickets, receivers, devices and people are hostile.

`python -m tests.browser.strangers SITE` makes it, and prints JSON: the action items' names, each with the name of its text.
Every text stands in every field that a stranger fills, each row with another text in each of them. What the receiver
answers is up to whoever calls.
"""

import json
import sys
from typing import Any

import frappe

from escalation_mgmt.actions.action import user_as_actor
from escalation_mgmt.actions.stop import stop
from escalation_mgmt.dispatch import dispatcher, evaluation, sweep
from escalation_mgmt.facts import plans
from escalation_mgmt.notifiers.push import devices
from escalation_mgmt.utils.doctypes import ITEM, MAINTENANCE, NOTIFICATION
from host import sites
from tests import hostile
from tests.browser.site import PAGER
from tests.on_site import add_person

RAISED_BY = "evil@x.test"
PERSON = "evil-agent@x.test"


def make(site: str) -> dict[str, str]:
	sites.enter(site)
	sites.connect(site)
	frappe.set_user("Administrator")
	texts = {name: hostile.storable(text) for name, text in hostile.texts().items()}
	_people(list(texts.values()))
	_plan()
	tickets = [_ticket(text) for text in texts.values()]
	frappe.db.commit()
	sweep.sweep()
	dispatcher.tick()
	items = {
		item.reference_name: item.name
		for item in frappe.get_all(
			ITEM, filters={"plan": "Of Strangers"}, fields=["name", "reference_name"], order_by="name"
		)
	}
	made = {items[str(ticket)]: name for ticket, name in zip(tickets, texts, strict=True)}
	_stop_half(list(made), list(texts.values()))
	_maintenances(list(texts.values()))
	frappe.db.commit()
	dispatcher.tick()  # that half of them were stopped is told now, and not in the middle of another test
	assert frappe.db.count(NOTIFICATION, {"action_item": ("in", list(made))}) >= 2 * len(made)
	frappe.destroy()
	return made


def _people(texts: list[str]) -> None:
	add_person(PERSON, "Eve Evil", "Escalation Responder", "Agent")
	name = next(text for text in texts if text.startswith('"<img'))
	frappe.db.set_value("User", PERSON, "full_name", name)
	for n, text in enumerate(texts[: devices.MOST]):
		devices.add("tech@x.test", devices.FCM, f"token-{n}", text)
		devices.mark_dead(
			{frappe.db.get_value("Escalation Device", {"label": ("is", "set"), "dead": 0}): text}
		)


def _plan() -> None:
	plan = frappe.new_doc("Escalation Plan")
	plan.update(
		{
			"title": "Of Strangers",
			"rank": 1,
			"reference_doctype": "HD Ticket",
			"plan_owner": "owner@x.test",
			"start": "At Once",
			"condition": f"doc.raised_by == '{RAISED_BY}'",
			"last_wait": 24 * 3600,
			"steps": [
				{"method": "HTTP POST", "whom": "Endpoint", "endpoint": PAGER},
				{"method": "Email", "whom": "User", "user": PERSON},
				{"method": "Email", "whom": "User", "user": "tech@x.test"},
			],
		}
	)
	plan.insert()
	frappe.db.commit()
	plans.forget_watched()


def _ticket(text: str) -> Any:
	"""As a program writes it whose text Frappe doesn't sanitise."""
	ticket = frappe.new_doc("HD Ticket")
	ticket.update({"subject": "x", "priority": "Low", "raised_by": "nobody@x.test"})
	with evaluation.put_off():  # other tests have plans of their own on this site
		ticket.insert()
	frappe.db.set_value("HD Ticket", ticket.name, {"subject": text, "raised_by": RAISED_BY})
	return ticket.name


def _stop_half(items: list[str], texts: list[str]) -> None:
	for n, item in enumerate(items[::2]):
		stop(item, texts[-n].strip() or "x", user_as_actor(PERSON, "Desk"))


def _maintenances(texts: list[str]) -> None:
	for text in texts:
		doc = frappe.new_doc(MAINTENANCE)
		period = {"starts_at": "2020-01-01 00:00:00", "ends_at": "2020-01-02 00:00:00"}
		doc.update({**period, "scope": "Site", "reason": "x"})
		doc.insert()
		doc.reason, doc.flags.ignore_mandatory = text, True  # Frappe leaves nothing of some of them
		doc.save()


if __name__ == "__main__":
	print(json.dumps(make(sys.argv[1])))
