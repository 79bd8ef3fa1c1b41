"""Plans to copy from. They are put there once, disabled, when the app and Helpdesk first meet; whoever deletes them is rid of them.
A new plan can begin with any of them at any time.
"""

from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import Clock
from escalation_mgmt.facts import sources
from escalation_mgmt.operations import default_texts
from escalation_mgmt.utils.doctypes import PLAN
from escalation_mgmt.utils.error_reports import report_error

MINUTE = 60
HOUR = 60 * MINUTE


def make() -> None:
	"""Make them, unless there is a plan already, or no Helpdesk. What is wrong with one stops no installation."""
	if not frappe.db.exists("DocType", sources.HD_TICKET) or frappe.db.count(PLAN):
		return
	owner = frappe.session.user  # where that is nobody, whoever enables one owns it
	for values in _all():
		frappe.db.savepoint("escalation_example")
		try:
			plan = frappe.new_doc(PLAN)
			plan.update(
				{
					"enabled": 0,
					"plan_owner": owner,
					"reference_doctype": sources.HD_TICKET,
					**values,
					"title": _("Example: {0}").format(values["title"]),
				}
			)
			plan.insert(ignore_permissions=True)
		except Exception:
			frappe.db.rollback(save_point="escalation_example")
			report_error("Escalation: an example plan can't be made")


def offered() -> list[dict[str, Any]]:
	"""Plans to begin with: fields of one each, with a title that no plan has yet; [] where no Helpdesk is."""
	if not frappe.db.exists("DocType", sources.HD_TICKET):
		return []
	return [
		{**values, "title": _free(values["title"]), "reference_doctype": sources.HD_TICKET}
		for values in _all()
	]


def _all() -> list[dict[str, Any]]:
	return [_urgent(), _working_hours(), _deadline(), _before_resolution(), _waiting_customers()]


def _free(title: str) -> str:
	number, free = 2, title
	while frappe.db.exists(PLAN, free):
		free, number = f"{title} {number}", number + 1
	return free


def _urgent() -> dict[str, Any]:
	return {
		"title": _("Urgent, first the assignee, then the team"),
		"rank": 10,
		"priorities": _priorities(1),
		"window": 15 * MINUTE,
		"steps": [
			_step(0, "iPhone Notification"),
			_step(5 * MINUTE, "SMS"),
			_step(5 * MINUTE, "Phone Call"),
			_step(10 * MINUTE, "iPhone Notification", whom="Team"),
			_step(0, "SMS", whom="Team"),
		],
		"repeats": 1,
		"repeat_pause": 10 * MINUTE,
	}


def _working_hours() -> dict[str, Any]:
	by = {"calendar": "Service Level Agreement"} if sources.agreements(sources.HD_TICKET) else {}
	return {
		"title": _("High, in working hours"),
		"rank": 20,
		"priorities": _priorities(2)[1:],
		"window": HOUR,
		"steps": [
			_step(0, "Email"),
			_step(30 * MINUTE, "SMS"),
			_step(30 * MINUTE, "Email", whom="Team"),
		],
		**by,
	}


def _deadline() -> dict[str, Any]:
	return {
		"title": _("Response deadline missed"),
		"rank": 30,
		"start": "At the Deadline",
		"window": 4 * HOUR,
		"steps": [
			_step(0, "iPhone Notification"),
			_step(0, "Email"),
			_step(15 * MINUTE, "Email", whom="Team"),
			_step(30 * MINUTE, "Email", whom="Role", role="Escalation Manager"),
		],
	}


def _before_resolution() -> dict[str, Any]:
	return {
		"title": _("Resolution deadline comes near"),
		"rank": 40,
		"clock": "Resolution",
		"start": "Before the Deadline",
		"lead": 2 * HOUR,
		"window": 8 * HOUR,
		"message": str(default_texts.MESSAGES[Clock.RESOLUTION]),
		"steps": [
			_step(0, "Email"),
			_step(HOUR, "iPhone Notification"),
			_step(30 * MINUTE, "Email", whom="Team"),
			_step(30 * MINUTE, "Email", whom="Role", role="Escalation Manager"),
		],
	}


def _waiting_customers() -> dict[str, Any]:
	return {
		"title": _("A customer waits for an answer"),
		"rank": 50,
		"clock": "Next Response",
		"window": 2 * HOUR,
		"message": str(default_texts.MESSAGES[Clock.NEXT_RESPONSE]),
		"steps": [
			_step(0, "iPhone Notification"),
			_step(30 * MINUTE, "Email", whom="Team"),
		],
	}


def _step(wait: int, method: str, whom: str = "Assignee", **more: str) -> dict[str, Any]:
	return {"wait": wait, "method": method, "whom": whom, **more}


def _priorities(most_urgent: int) -> list[dict[str, str]]:
	"""The most urgent that this Helpdesk has, whatever it calls them."""
	names = sources.choices(sources.HD_TICKET)["priority"]
	by_level = sorted(names, key=lambda name: -sources.level(sources.HD_TICKET, name))
	return [{"priority": name} for name in by_level[:most_urgent]]
