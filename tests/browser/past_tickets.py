"""A year of tickets, for the screens: a plan was enabled half a year ago, and more of them are answered in time since.
`python -m tests.browser.past_tickets SITE` makes it; with `drop` behind it, the tickets go.
"""

import sys
from datetime import datetime, timedelta

import frappe

from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import PLAN
from host import sites
from tests.on_site import add_person, add_team

PLAN_NAME, TEAM, READER, FIRST = "Deadline Watch", "Nights", "boss@x.test", 900_001
EACH = 12


def make(site: str, drop: bool) -> None:
	sites.enter(site)
	sites.connect(site)
	frappe.set_user("Administrator")
	frappe.db.delete("HD Ticket", {"name": (">=", FIRST)})
	if drop:
		frappe.delete_doc(PLAN, PLAN_NAME)
	else:
		add_person(READER, "Bettina Boss", "Escalation Manager", "Agent")
		add_team(TEAM)
		enabled = clock.now().replace(microsecond=0) - timedelta(days=180)
		_plan(enabled)
		_tickets(enabled)
	frappe.db.commit()
	frappe.destroy()


def _plan(enabled: datetime) -> None:
	plan = frappe.new_doc(PLAN)
	step = {"method": "Email", "whom": "User", "user": "second@x.test"}
	plan.update(
		{
			"title": PLAN_NAME,
			"rank": 800,
			"plan_owner": "owner@x.test",
			"team": TEAM,
			"enabled": 0,
			"steps": [step],
		}
	)
	plan.insert()
	plan.enabled = 1
	plan.save()
	stamp = clock.to_site(enabled)
	for doctype, wanted in (("Version", {"docname": PLAN_NAME}), (PLAN, {"name": PLAN_NAME})):
		made = frappe.db.get_value(doctype, wanted, "name")
		frappe.db.set_value(
			doctype, made, "creation", stamp - timedelta(days=int(doctype == PLAN)), update_modified=False
		)
	frappe.db.set_value(PLAN, PLAN_NAME, "enabled_utc", enabled, update_modified=False)


def _tickets(enabled: datetime) -> None:
	"""Around each tenth day so many: two of three late before, one of six since."""
	found = []
	for number in range(36 * EACH):
		due = clock.to_site(enabled) + timedelta(days=10 * (number // EACH - 18), minutes=number % EACH)
		late = number % 3 > 0 if number < 18 * EACH else number % 6 == 0
		found.append(
			{
				**{
					"name": FIRST + number,
					"subject": f"Gate {number} stays open",
					"priority": "High",
					"agent_group": TEAM,
				},
				**{
					"status": "Closed",
					"status_category": "Resolved",
					"raised_by": "customer@x.test",
					"response_by": due,
				},
				"first_responded_on": due + timedelta(minutes=20 if late else -20),
			}
		)
	rows.insert_all("HD Ticket", found)


if __name__ == "__main__":
	make(sys.argv[1], "drop" in sys.argv)
