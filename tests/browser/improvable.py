"""Escalations of a month in which something is to be improved. `python -m tests.browser.improvable SITE` writes them."""

import sys
from datetime import timedelta

import frappe

from escalation_mgmt.facts import plans
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import EVENT, ITEM, NOTIFICATION
from host import sites
from tests.on_site import PEOPLE

PLAN, RUNS, REFUSED = "Weekend Watch", 30, 8
TECH, SECOND = "tech@x.test", "second@x.test"
STEPS = ((1, "Email", TECH), (2, "Phone Call", SECOND), (2, "SMS", SECOND))


def make(site: str) -> None:
	sites.enter(site)
	sites.connect(site)
	frappe.set_user("Administrator")
	plan = frappe.new_doc("Escalation Plan")
	steps = [
		{"method": "Email", "whom": "User", "user": TECH},
		{"wait": 600, "method": "Email", "whom": "User", "user": SECOND},
	]
	plan.update({"title": PLAN, "rank": 901, "plan_owner": "owner@x.test", "condition": "False"})
	plan.update({"reference_doctype": "HD Ticket", "steps": steps})
	plan.insert()
	version = plans.freeze(plans.from_doc(plan))
	items, lines, messages = [], [], []
	for number in range(RUNS):
		name, opened = rows.new_name(), clock.now() - timedelta(hours=17 * number + 1)
		at = {"action_item": name, "run": 0}
		items.append(
			{
				**{"name": name, "reference_doctype": "HD Ticket", "reference_name": f"gone-{number}"},
				**{"plan": PLAN, "plan_version": version, "clock": "First Response", "priority": "Urgent"},
				**{"ticket_subject": f"The cooling fails {number}", "status": "Resolved", "current_step": 2},
				**{"opened_utc": opened, "acknowledged_utc": opened + timedelta(minutes=24)},
				**{"acknowledged_user": SECOND, "acknowledged_by": PEOPLE[SECOND][0], "step_count": 2},
			}
		)
		for kind, step in (("Step Ran", 1), ("Step Ran", 2), ("Acknowledged", 2)):
			lines.append(
				{"name": rows.new_name(), **at, "kind": kind, "step": step, "at_utc": opened, "data": "{}"}
			)
		for step, method, user in STEPS:
			sent = opened + timedelta(minutes=11 * step)
			refused = number < REFUSED and user == TECH
			messages.append(
				{
					**{"name": rows.new_name(), **at, "purpose": "Page", "step": step, "method": method},
					**{
						"user": user,
						"recipient": PEOPLE[user][0],
						"status": "Failed" if refused else "Delivered",
					},
					**{"created_utc": sent, "sent_utc": sent, "planned_utc": sent},
				}
			)
	for doctype, of in ((ITEM, items), (EVENT, lines), (NOTIFICATION, messages)):
		rows.insert_all(doctype, of)
	frappe.db.commit()
	frappe.destroy()


if __name__ == "__main__":
	make(sys.argv[1])
