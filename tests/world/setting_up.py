"""What a scenario is set up from: plans, and whom and what their steps need."""

from typing import Any

import frappe
import pytest

from escalation_mgmt.engine import TargetKind
from escalation_mgmt.facts import plans
from escalation_mgmt.web import technician
from tests.world.clean_site import CleanSite

PAGER = "Pager"


class SettingUp(CleanSite):
	def plan(self, *steps: tuple, title: str = "Outage", **more: Any) -> Any:
		"""A plan; each step is (minutes to wait, method, whom[, which]). Its window is 10 minutes."""
		doc = frappe.new_doc("Escalation Plan")
		doc.update(
			{
				"title": title,
				"plan_owner": "owner@x.test",
				"window": 600,
				"last_wait": 1800,
				"reference_doctype": "HD Ticket",
				**more,
				"priorities": [{"priority": p} for p in more.get("priorities", ["High"])],
				"steps": [self.step(*step) for step in steps],
			}
		)
		doc.insert()
		frappe.db.commit()
		return doc

	def step(
		self, minutes: float, method: str, whom: str = "Assignee", which: str = "", message: str = ""
	) -> dict:
		field = plans.TARGET_FIELD[TargetKind(whom)]
		row = {"wait": minutes * 60, "method": method, "whom": whom, "message": message}
		return row | ({field: which} if field else {})

	def calendar(
		self, *hours: str, title: str = "Office", holidays: tuple[str, ...] = (), **more: Any
	) -> Any:
		"""A calendar with the same hours ("9:00-18:00") on every day from Monday to Friday, in Berlin."""
		days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
		spans = [span.split("-") for span in hours]
		doc = frappe.new_doc("Escalation Calendar")
		doc.update(
			{
				"title": title,
				"time_zone": "Europe/Berlin",
				"hours": [
					{"workday": day, "start_time": start, "end_time": end}
					for day in days
					for start, end in spans
				],
				"holidays": [{"holiday_date": day} for day in holidays],
				**more,
			}
		)
		doc.insert()
		frappe.db.commit()
		return doc

	def endpoint(self, name: str = PAGER, **more: Any) -> Any:
		doc = frappe.new_doc("Escalation Endpoint")
		doc.update(
			{"title": name, "url": self.providers.pager_url, "secret": self.providers.pager_secret, **more}
		)
		doc.insert()
		frappe.db.commit()
		return doc

	def contact(self, user: str, number: str = "", **more: Any) -> Any:
		"""A contact with a verified number."""
		doc = frappe.new_doc("Escalation Contact")
		doc.update({"user": user, "mobile_no": number, "mobile_verified": int(bool(number)), **more})
		doc.insert()
		frappe.db.commit()
		return doc

	def device(self, user: str, kind: str = "Web Push", label: str = "iPhone, Safari") -> Any:
		"""A device of a user, added as their browser (or app) adds it. Returns the provider's side of it."""
		frappe.set_user(user)
		try:
			if kind == "FCM":
				there = self.providers.fcm.device(user)
				technician.add_device(kind, there, label)
			else:
				key = technician.overview()["key"]
				there = self.providers.webpush.subscribe(user, key)
				given = there.as_json()
				technician.add_device(kind, given["endpoint"], label, server_key=key, **given["keys"])
		finally:
			frappe.set_user("Administrator")
		frappe.db.commit()
		return there

	def todos_are_tickets(self, resolved: str = "") -> None:
		"""To Dos, which have a priority and a status, and nothing of a helpdesk. `resolved`: statuses, a line each."""
		settings = frappe.get_doc("Escalation Settings")
		settings.append(
			"sources",
			{
				"reference_doctype": "ToDo",
				"subject_field": "description",
				"priority_field": "priority",
				"status_field": "status",
				"resolved_statuses": resolved,
			},
		)
		settings.save()


def needs(doctype: str) -> None:
	"""Skip on a bench that has no such tickets; the embedded host has a stand-in."""
	if not frappe.db.exists("DocType", doctype):
		pytest.skip(f"no DocType {doctype} on this site")
