"""The worst that a site can have, for the screens: 500 escalations, one of them with 500 lines of history, and names as long
as they can be. `python -m tests.browser.crowd SITE` makes it, and says which escalation is the long one.
"""

import sys
from datetime import timedelta

from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION

MANY = 500
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" + "x" * 60
ARABIC = "انقطاعالكهرباءفيمركزالبياناتالرئيسي" * 4
PLAN = LONG[:140]


def make(site: str) -> str:
	from host import sites

	sites.enter(site)
	sites.connect(site)
	import frappe

	from escalation_mgmt.engine import Event, EventKind
	from escalation_mgmt.facts import plans
	from escalation_mgmt.storage import history
	from escalation_mgmt.storage.message_state import Purpose
	from escalation_mgmt.utils import clock, rows
	from tests.on_site import add_person

	frappe.set_user("Administrator")
	add_person("long@x.test", f"{LONG[:70]} {ARABIC[:70]}", "Escalation Responder", "Agent")
	add_person("clerk@x.test", "Clara Clerk", "Dashboard Manager")
	plan = frappe.new_doc("Escalation Plan")
	steps = [
		{"method": "Email", "whom": "Assignee"},
		{"wait": 600, "method": "Email", "whom": "User", "user": "long@x.test"},
	]
	plan.update(
		{
			"title": PLAN,
			"rank": 900,
			"plan_owner": "owner@x.test",
			"reference_doctype": "HD Ticket",
			"steps": steps,
		}
	)
	plan.update({"condition": "False"})
	plan.insert()
	ticket = frappe.new_doc("HD Ticket")
	ticket.update({"subject": ARABIC[:140], "priority": "Medium", "raised_by": "customer@x.test"})
	ticket.insert()
	now = clock.now()
	common = {
		"status": "Escalating",
		"plan": plan.name,
		"plan_version": plans.freeze(plans.from_doc(plan)),
		"reference_doctype": "HD Ticket",
		"priority": "Urgent",
		"step_count": 2,
		"current_step": 1,
		"next_group": 1,
		"opened_utc": now,
		"updated_utc": now,
		"due_utc": now + timedelta(hours=1),
	}
	rows.insert_all(
		ITEM,
		[
			{
				**common,
				"name": f"ESC-9{n:04}",
				"reference_name": str(ticket.name) if n == 0 else f"gone-{n}",
				"running_ticket": f"HD Ticket/{ticket.name if n == 0 else f'gone-{n}'}",
				"ticket_subject": ARABIC[:140] if n % 2 == 0 else LONG[:140],
			}
			for n in range(MANY)
		],
	)
	item = "ESC-90000"
	lines = [
		history.Line(
			item,
			Event(
				EventKind.TICKET_CHANGED,
				now - timedelta(minutes=MANY - n),
				data={"priority": LONG[: 20 + n % 100]},
			),
		)
		for n in range(MANY)
	]
	history.append(lines)
	message = {
		"action_item": item,
		"method": "Email",
		"user": "long@x.test",
		"address": "long@x.test",
		"created_utc": now,
		"purpose": Purpose.PAGE,
	}
	rows.insert_all(
		NOTIFICATION,
		[
			{
				**message,
				"name": rows.new_name(),
				"status": "Sent",
				"step": 1,
				"recipient": LONG[:140],
				"detail": ARABIC[:140],
			},
			{
				**message,
				"name": rows.new_name(),
				"status": "Failed",
				"step": 1,
				"recipient": ARABIC[:140],
				"detail": LONG[:140],
			},
		],
	)
	frappe.db.commit()
	frappe.destroy()
	return item


if __name__ == "__main__":
	print(make(sys.argv[1]))
