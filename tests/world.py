"""What a scenario is written in: plans, tickets, a clock that is moved by hand, and messages that are expected.

Nothing is patched out: the app runs as it does on a site, sends over SMTP and HTTP to local providers, and its
pages are served over HTTP from this process, so that they see the same clock.
"""

import functools
import os
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import frappe
import frappe.app
import pytest
import requests
from werkzeug.serving import make_server

from escalation_mgmt import delivery
from escalation_mgmt.dispatch import dispatcher, monitor, sweep
from escalation_mgmt.facts import plans
from escalation_mgmt.storage import action_items as store
from escalation_mgmt.storage import history
from escalation_mgmt.utils import clock, installation
from host.providers import Call, LocalProviders
from tests.on_site import command

OURS = (
	"Escalation Action Item",
	"Escalation Notification",
	"Escalation Event",
	"Escalation Plan",
	"Escalation Plan Priority",
	"Escalation Step",
	"Escalation Plan Version",
	"Escalation Contact",
	"Escalation Device",
	"Escalation Endpoint",
	"Escalation Endpoint Header",
	"Escalation Ticket Source",
	"Escalation Calendar",
	"Escalation Calendar Hours",
	"Escalation Calendar Holiday",
	"Escalation Maintenance",
)
OTHERS = (
	"HD Ticket",
	"HD Ticket Activity",
	"Issue",
	"ToDo",
	"DocShare",
	"Communication",
	"Email Queue",
	"Error Log",
	"Comment",
)
PAGER = "Pager"


class World:
	def __init__(self, site: str, providers: LocalProviders):
		self.site = site
		self.providers = providers
		self.inbox = providers.inbox

	# --- beginning and end

	def __enter__(self) -> "World":
		frappe.set_user("Administrator")
		self.clean()
		self.providers.faults.clear()
		self.providers.webpush.forget()
		self.providers.twilio.clear()
		self.inbox.clear()
		self._email_account()
		host = f"{self.providers.smtp_address.host}:{self.providers.pager_url.split(':')[2].split('/')[0]}"
		frappe.conf.escalation_allowed_hosts = [host]
		frappe.conf.escalation_fcm_url = self.providers.fcm.base_url
		frappe.conf.escalation_fcm_service_account = self.providers.fcm.service_account()
		self.now = clock.now()
		clock.use(lambda: self.now)
		self.start = self.now
		self.url = _served()
		frappe.app._site, frappe.app._sites_path = self.site, frappe.local.sites_path
		self._settings()
		if not installation.is_live():
			installation.make_live()
		frappe.db.commit()
		return self

	def __exit__(self, *_error: object) -> None:
		frappe.set_user("Administrator")
		frappe.db.rollback()
		clock.use(None)
		self.clean()

	def clean(self) -> None:
		for doctype in _tables(self.site):
			frappe.db.sql(f"delete from `tab{doctype}`")
		frappe.db.sql(
			"delete from `__Auth` where `doctype` like 'Escalation%%' and `doctype` <> 'Escalation Settings'"
		)
		for user in frappe.get_all(
			"User", filters={"enabled": 0, "name": ("like", "%@x.test")}, pluck="name"
		):
			frappe.db.set_value("User", user, "enabled", 1)
		frappe.cache.delete_keys("escalation_limit:")
		frappe.cache.delete_keys("escalation_reported:")
		frappe.cache.delete_value(["escalation_providers", monitor._TICK, monitor._WORKER])
		monitor._noted.clear()
		plans.forget_watched()
		frappe.db.commit()
		frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
		frappe.local.cache = {}

	def assert_nothing_unexpected(self) -> None:
		"""Every message that was received was asked for, and nothing that was to go wrong didn't."""
		self.inbox.assert_empty()
		assert not self.providers.faults.unused()
		log = frappe.get_all("Error Log", fields=["method", "error"], order_by="creation")
		assert not log, "\n\n".join(f"{row.method}\n{row.error}" for row in log)

	def expect_error(self, part: str) -> None:
		"""Take an Error Log that was to be expected."""
		for row in frappe.get_all("Error Log", fields=["name", "method", "error"], order_by="creation"):
			if part in f"{row.method} {row.error}":
				frappe.db.delete("Error Log", {"name": row.name})
				frappe.db.commit()
				return
		raise AssertionError(f"no Error Log says {part!r}")

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

	def next_due(self) -> datetime | None:
		"""When the next item or message is due, or was."""
		frappe.db.commit()
		known = (store.next_due(), delivery.next_attempt(after=datetime(1, 1, 1)))
		return min(filter(None, known), default=None)

	def sweep(self) -> None:
		frappe.db.commit()
		sweep.sweep()

	# --- plans and tickets

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
		from escalation_mgmt.engine import TargetKind

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
		from frappe.desk.form.assign_to import add, clear

		if frappe.get_all(
			"ToDo",
			filters={"reference_type": doc.doctype, "reference_name": str(doc.name)},
			limit=1,
			order_by="name",
		):
			clear(doc.doctype, doc.name)
		add({"doctype": doc.doctype, "name": doc.name, "assign_to": [user], "description": "x"})
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

	# --- what is there

	def item(self, doc: Any, number: int = -1) -> Any:
		"""The ticket's action item; of several, the newest."""
		frappe.db.commit()
		names = frappe.get_all(
			store.ITEM,
			filters={"reference_doctype": doc.doctype, "reference_name": str(doc.name)},
			pluck="name",
			order_by="name asc",
		)
		assert names, "the ticket has no action item"
		return frappe.get_doc(store.ITEM, names[number])

	def count_items(self) -> int:
		frappe.db.commit()
		return frappe.db.count(store.ITEM)

	def kinds(self, item: Any) -> list[str]:
		frappe.db.commit()
		return [event["kind"] for event in history.of_item(item.name)]

	def lines(self, item: Any) -> str:
		frappe.db.commit()
		return "\n".join(event["line"] for event in history.of_item(item.name))

	def messages(self, item: Any, **filters: Any) -> list[Any]:
		frappe.db.commit()
		return frappe.get_all(
			"Escalation Notification",
			filters={"action_item": item.name, **filters},
			fields=["*"],
			order_by="name asc",
		)

	def report(self, **filters: Any) -> list[dict]:
		from frappe.desk.query_report import run

		frappe.db.commit()
		return run("Escalation History", filters=filters)["result"]

	# --- messages

	def expect_email(self, to: str, contains: str | None = None) -> Any:
		return self.inbox.expect(method="Email", to=to, contains=contains)

	def expect_page(self, contains: str | None = None) -> Any:
		return self.inbox.expect(method="HTTP POST", contains=contains, verified=True)

	def device(self, user: str, kind: str = "Web Push", label: str = "iPhone, Safari") -> Any:
		"""A device of a user, added as their browser (or app) adds it. Returns the provider's side of it."""
		from escalation_mgmt.web import technician

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

	def contact(self, user: str, number: str = "", **more: Any) -> Any:
		"""A contact with a verified number."""
		doc = frappe.new_doc("Escalation Contact")
		doc.update({"user": user, "mobile_no": number, "mobile_verified": int(bool(number)), **more})
		doc.insert()
		frappe.db.commit()
		return doc

	def expect_sms(self, number: str, contains: str | None = None) -> Any:
		return self.inbox.expect(method="SMS", to=number, contains=contains)

	def expect_call(self, number: str) -> Call:
		"""The phone that rings: `.answer()`, `.press("1")`, `.silence()`, `.machine()`, `.busy()`; `.text` is what was said."""
		frappe.db.commit()
		return self.providers.twilio.call(self.inbox.expect(method="Phone Call", to=number).id)

	def text(self, number: str, body: str, **how: Any) -> list[str]:
		"""An SMS from a phone to us; returns what the phone gets in reply, which counts as expected."""
		frappe.db.commit()
		answer, replies = self.providers.twilio.text(number, body, **how)
		assert answer.ok, answer.text
		for reply in replies:
			self.expect_sms(number, reply)
		return replies

	def receipt(self, message: Any, status: str, **how: Any) -> Any:
		"""What Twilio tells later of an SMS that was received."""
		frappe.db.commit()
		return self.providers.twilio.receipt(message.id, status, **how)

	def expect_push(self, user: str, contains: str | None = None) -> Any:
		return self.inbox.expect(method="iPhone Notification", to=user, contains=contains)

	# --- the app's pages

	def get(self, url: str, **more: Any) -> requests.Response:
		frappe.db.commit()
		return requests.get(url, timeout=30, allow_redirects=False, **more)

	def post(self, url: str, **more: Any) -> requests.Response:
		frappe.db.commit()
		return requests.post(url, timeout=30, allow_redirects=False, **more)

	def login(self, user: str) -> requests.Session:
		from tests.on_site import PASSWORD

		frappe.db.commit()
		session = requests.Session()
		answer = session.post(f"{self.url}/api/method/login", data={"usr": user, "pwd": PASSWORD}, timeout=30)
		assert answer.ok, answer.text
		return session

	# --- the shell

	def bench(self, *arguments: str) -> subprocess.CompletedProcess[str]:
		"""`bench --site SITE escalation ...`, in a process of its own, whose clock is the database's."""
		frappe.db.commit()
		return command(self.site, "escalation", *arguments)

	# --- ways to the providers

	def _settings(self) -> None:
		"""Saved anew only where a test has changed them: that takes as long as many a scenario."""
		wanted = {
			"public_url": self.url,
			"catch_all": None,
			"catch_all_email": None,
			"sources": [],
			**self._twilio(),
		}
		if _settings_left.get(self.site) != (wanted, _stored_settings()):
			settings = frappe.get_doc("Escalation Settings")
			settings.update(wanted)
			settings.save()
			_settings_left[self.site] = (wanted, _stored_settings())

	def _twilio(self) -> dict[str, Any]:
		"""What Escalation Settings say of Twilio. Only its address stands in the environment, as it must."""
		twilio = self.providers.twilio
		os.environ["ESCALATION_TWILIO_API_URL"] = twilio.api_url
		twilio.sms_url = f"{self.url}/api/method/escalation_mgmt.inbound.twilio.incoming_sms"
		twilio.now = lambda: self.now
		return {
			"twilio_account_sid": twilio.account_sid,
			"twilio_auth_token": twilio.auth_token,
			"twilio_previous_auth_token": "",
			"twilio_api_key": "",
			"twilio_api_secret": "",
			"twilio_numbers": "\n".join(twilio.numbers),
			"twilio_messaging_service_sid": "",
		}

	def _email_account(self) -> None:
		name = "Escalation Test"
		if not frappe.db.exists("Email Account", name):
			account = frappe.new_doc("Email Account")
			account.update(
				{
					"email_account_name": name,
					"email_id": "helpdesk@x.test",
					"enable_outgoing": 1,
					"default_outgoing": 1,
					"no_smtp_authentication": 1,
					"awaiting_password": 0,
				}
			)
			account.flags.ignore_validate = account.flags.ignore_mandatory = True
			account.insert(ignore_permissions=True)
		host, port = self.providers.smtp_address
		frappe.db.set_value(
			"Email Account",
			name,
			{
				"smtp_server": host,
				"smtp_port": port,
				"use_tls": 0,
				"use_ssl_for_outgoing": 0,
				"default_outgoing": 1,
			},
		)
		frappe.clear_document_cache("Email Account", name)
		frappe.local.cache = {}


@functools.cache
def _served() -> str:
	"""Serve the site from this process: threads have their own connection, and share the clock. The address."""
	server = make_server("127.0.0.1", 0, frappe.app.application, threaded=True)
	threading.Thread(target=server.serve_forever, daemon=True).start()
	return f"http://127.0.0.1:{server.server_port}"


_settings_left: dict[str, tuple] = {}
"""By site: what the settings were asked to be, and what was stored then."""


def _stored_settings() -> list[tuple]:
	return [
		*frappe.db.sql("select `field`, `value` from `tabSingles` where `doctype` = 'Escalation Settings'"),
		*frappe.db.sql(
			"select `fieldname`, `password` from `__Auth` where `doctype` = 'Escalation Settings'"
		),
	]


@functools.cache
def _tables(_site: str) -> list[str]:
	"""What a world empties, of what the site has. Asked for once: a test waits for it twice."""
	return [doctype for doctype in (*OURS, *OTHERS) if frappe.db.exists("DocType", doctype)]


def needs(doctype: str) -> None:
	"""Skip on a bench that has no such tickets; the embedded host has a stand-in."""
	if not frappe.db.exists("DocType", doctype):
		pytest.skip(f"no DocType {doctype} on this site")


def at(minutes: float, world: World) -> datetime:
	return world.start + timedelta(minutes=minutes)
