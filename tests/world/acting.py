"""What happens in a scenario: time goes on, people do something to a ticket, by phone or on a page."""

import subprocess
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import frappe
import requests
from frappe.desk.form import assign_to

from escalation_mgmt.dispatch import dispatcher, sweep
from tests.on_site import PASSWORD, command
from tests.world.clean_site import CleanSite


class Acting(CleanSite):
	# --- time

	def forward(self, minutes: float = 0, *, seconds: float = 0) -> None:
		"""Move the clock, then let the dispatcher look."""
		self.now += timedelta(minutes=minutes, seconds=seconds)
		self.tick()

	def wait(self, minutes: float = 0, *, seconds: float = 0) -> None:
		"""Move the clock while no dispatcher runs."""
		self.now += timedelta(minutes=minutes, seconds=seconds)

	def wait_for(self, weekday: int, time: str, zone: str) -> None:
		"""Move the clock, while no dispatcher runs, to when it is next that time there (Monday is 0)."""
		there = self.now.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
		hour, minute = map(int, time.split(":"))
		then = there.replace(hour=hour, minute=minute, second=0, microsecond=0)
		then += timedelta(days=(weekday - there.weekday()) % 7)
		if then < there:
			then += timedelta(days=7)
		self.now = then.astimezone(UTC).replace(tzinfo=None)

	def tick(self) -> None:
		frappe.db.commit()
		dispatcher.tick()

	def sweep(self) -> None:
		frappe.db.commit()
		sweep.sweep()

	# --- people, and tickets

	def ticket(
		self, subject: str = "Server outage", *, to: str = "tech@x.test", priority: str = "High", **more: Any
	) -> Any:
		"""A ticket as an agent logs it, assigned; `to` empty: to nobody. With a `description` Helpdesk adds its mail."""
		doc = frappe.new_doc("HD Ticket")
		doc.update(
			{
				"subject": subject,
				"raised_by": "customer@x.test",
				"priority": priority,
				**more,
			}
		)
		doc.insert()
		if to:
			self.assign(doc, to)
		frappe.db.commit()
		return doc.reload() or doc

	def assign(self, doc: Any, user: str) -> None:
		if frappe.get_all(
			"ToDo",
			filters={"reference_type": doc.doctype, "reference_name": str(doc.name)},
			limit=1,
			order_by="name",
		):
			assign_to.clear(doc.doctype, doc.name)
		assign_to.add({"doctype": doc.doctype, "name": doc.name, "assign_to": [user], "description": "x"})
		frappe.db.commit()

	def reply(self, doc: Any, sender: str = "tech@x.test", sent: str = "Sent") -> None:
		"""An agent's reply (or a customer's, with sent="Received")."""
		frappe.get_doc(
			{
				"doctype": "Communication",
				"communication_type": "Communication",
				"communication_medium": "Email",
				"sent_or_received": sent,
				"reference_doctype": doc.doctype,
				"reference_name": str(doc.name),
				"sender": sender,
				"subject": "Re",
				"content": "On it",
			}
		).insert(ignore_permissions=True)
		frappe.db.commit()

	def change(self, doc: Any, **fields: Any) -> None:
		doc.reload()
		doc.update(fields)
		doc.save()
		frappe.db.commit()

	# --- people, by phone

	def text(self, number: str, body: str, **how: Any) -> list[str]:
		"""An SMS from a phone to us; returns what the phone gets in reply, which counts as expected."""
		frappe.db.commit()
		answer, replies = self.providers.twilio.text(number, body, **how)
		assert answer.ok, answer.text
		for reply in replies:
			self.inbox.expect(method="SMS", to=number, contains=reply)
		return replies

	def receipt(self, message: Any, status: str, **how: Any) -> Any:
		"""What Twilio tells later of an SMS that was received."""
		frappe.db.commit()
		return self.providers.twilio.of(message.id).receipt(message.id, status, **how)

	# --- the app's pages, and its command

	def get(self, url: str, **more: Any) -> requests.Response:
		frappe.db.commit()
		return requests.get(url, timeout=30, allow_redirects=False, **more)

	def post(self, url: str, **more: Any) -> requests.Response:
		frappe.db.commit()
		return requests.post(url, timeout=30, allow_redirects=False, **more)

	def login(self, user: str) -> requests.Session:
		frappe.db.commit()
		session = requests.Session()
		answer = session.post(f"{self.url}/api/method/login", data={"usr": user, "pwd": PASSWORD}, timeout=30)
		assert answer.ok, answer.text
		return session

	def bench(self, *arguments: str) -> subprocess.CompletedProcess[str]:
		"""`bench --site SITE escalation ...`, in a process of its own, whose clock is the database's."""
		frappe.db.commit()
		return command(self.site, "escalation", *arguments)
