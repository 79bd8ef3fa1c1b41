"""The worst that a site can have, for the screens: 500 escalations, one of them with 500 lines of history, and names as long
as they can be. `python -m tests.browser.crowd SITE` makes it, and says which escalation is the long one.
"""

import sys
from datetime import datetime, timedelta
from typing import Any

import frappe

from escalation_mgmt.engine import Event, EventKind
from escalation_mgmt.facts import plans
from escalation_mgmt.storage import history
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from host import sites
from tests.on_site import add_person

MANY = 500
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" + "x" * 60
ARABIC = "انقطاعالكهرباءفيمركزالبياناتالرئيسي" * 4
PLAN = LONG[:140]
ITEM_OF_MANY_LINES = "ESC-90000"


def make(site: str) -> str:
	sites.enter(site)
	sites.connect(site)
	frappe.set_user("Administrator")
	add_person("long@x.test", f"{LONG[:70]} {ARABIC[:70]}", "Escalation Responder", "Agent")
	add_person("clerk@x.test", "Clara Clerk", "Dashboard Manager")
	now = clock.now()
	_add_items(_plan(), _ticket(), now)
	_add_lines(now)
	_add_messages(now)
	frappe.db.commit()
	frappe.destroy()
	return ITEM_OF_MANY_LINES


def _plan() -> Any:
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
			"condition": "False",
			"steps": steps,
		}
	)
	return plan.insert()


def _ticket() -> Any:
	ticket = frappe.new_doc("HD Ticket")
	ticket.update({"subject": ARABIC[:140], "priority": "Medium", "raised_by": "customer@x.test"})
	return ticket.insert()


def _add_items(plan: Any, ticket: Any, now: datetime) -> None:
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
	tickets = [str(ticket.name), *(f"gone-{n}" for n in range(1, MANY))]
	rows.insert_all(
		ITEM,
		[
			{
				**common,
				"name": f"ESC-9{n:04}",
				"reference_name": name,
				"running_ticket": f"HD Ticket/{name}",
				"ticket_subject": ARABIC[:140] if n % 2 == 0 else LONG[:140],
			}
			for n, name in enumerate(tickets)
		],
	)


def _add_lines(now: datetime) -> None:
	history.append(
		[
			history.Line(
				ITEM_OF_MANY_LINES,
				Event(
					EventKind.TICKET_CHANGED,
					now - timedelta(minutes=MANY - n),
					data={"priority": LONG[: 20 + n % 100]},
				),
			)
			for n in range(MANY)
		]
	)


def _add_messages(now: datetime) -> None:
	common = {
		"action_item": ITEM_OF_MANY_LINES,
		"method": "Email",
		"user": "long@x.test",
		"created_utc": now,
		"purpose": Purpose.PAGE,
		"step": 1,
	}
	rows.insert_all(
		NOTIFICATION,
		[
			common
			| {"name": rows.new_name(), "status": status, "recipient": who[:140], "detail": detail[:140]}
			for status, who, detail in (
				(MessageState.SENT, LONG, ARABIC),
				(MessageState.FAILED, ARABIC, LONG),
			)
		],
	)


if __name__ == "__main__":
	print(make(sys.argv[1]))
