"""The demo's story, told over HTTP as its people live it: an agent logs a ticket, a technician takes it, a manager reads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime

import requests

from host.demo.site import PASSWORD, PEOPLE, PHONES, PLAN, STEPS
from host.providers import LocalProviders, Message

SUBJECT = "Server outage: rack 4 doesn't answer"
REACHED = ("Sent", "Delivered", "Answered")
PATIENCE = 60  # seconds for anything that should happen within a few


class WentWrong(Exception):
	"""What the demo should have shown, and didn't."""


class Person:
	"""Somebody who is logged in, as a browser is."""

	def __init__(self, url: str, who: str):
		self.url = url
		self.user = PEOPLE[who][0]
		self._http = requests.Session()
		self._call("post", "/api/method/login", data={"usr": self.user, "pwd": PASSWORD})

	def call(self, method: str, **arguments) -> dict:
		return self._call("post", f"/api/method/{method}", data=arguments)["message"]

	def ask(self, method: str, **arguments) -> dict:
		return self._call("get", f"/api/method/{method}", params=arguments)["message"]

	def log(self, doctype: str, **fields) -> dict:
		return self._call("post", f"/api/resource/{doctype}", json=fields)["data"]

	def find(self, doctype: str, **filters) -> list[dict]:
		params = {"filters": json.dumps(filters), "fields": '["name", "status"]'}
		return self._call("get", f"/api/resource/{doctype}", params=params)["data"]

	def _call(self, verb: str, path: str, **more) -> dict:
		answer = self._http.request(verb, self.url + path, timeout=30, **more)
		if not answer.ok:
			raise WentWrong(f"{verb.upper()} {path} as {self.user}: {answer.status_code} {answer.text[:500]}")
		return answer.json()


class Teller:
	"""Prints each line of the history and each message once, as they come."""

	def __init__(self, manager: Person, item: str, providers: LocalProviders, say: Callable[[str], None]):
		self._manager, self._item, self._inbox, self._say = manager, item, providers.inbox, say
		self._told: set[str] = set()
		self._heard = 0
		self.messages: list[Message] = []

	def received(self, method: str) -> Message | None:
		"""The first message of a method."""
		return next((message for message in self.messages if message.method == method), None)

	def look(self) -> dict:
		seen = self._manager.ask("escalation_mgmt.api.timeline", action_item=self._item)
		for event in seen["events"]:
			if event["name"] not in self._told:
				self._told.add(event["name"])
				self._say(f"{event['at'][11:19]}  {event['line']}")
		for message in self._inbox.messages(since=self._heard):
			self._heard = message.seq
			self.messages.append(message)
			said = message.subject or message.text or message.body or "it rings"
			self._say(f"{message.received_at:%H:%M:%S}  received by {message.to} ({message.method}): {said}")
		return seen

	def until(self, what: str, there: Callable[[dict], bool]) -> None:
		end = time.monotonic() + PATIENCE
		while not there(self.look()):
			if time.monotonic() > end:
				raise WentWrong(f"after {PATIENCE} s still not: {what}")
			time.sleep(0.2)


def tell(url: str, providers: LocalProviders, say: Callable[[str], None]) -> None:
	"""The whole story. Raises WentWrong where it doesn't go as it should."""
	agent, manager = Person(url, "agent"), Person(url, "manager")
	technician = PEOPLE["technician"]
	_allow_notifications(Person(url, "technician"), providers)
	say(f"{technician[1]} allowed notifications on her phone, on the page {url}/escalations")
	ticket = agent.log(
		"HD Ticket",
		subject=SUBJECT,
		priority="High",
		raised_by="customer@demo.test",
		description="No ping since 03:00.",
	)
	agent.call(
		"frappe.desk.form.assign_to.add",
		doctype="HD Ticket",
		name=ticket["name"],
		assign_to=json.dumps([technician[0]]),
	)
	say(
		f"Ticket {ticket['name']} is logged by {agent.user}, priority High, assigned to {technician[1]}: {SUBJECT}"
	)

	items = manager.find("Escalation Action Item", reference_name=str(ticket["name"]))
	if not items:
		raise WentWrong("the ticket has no action item")
	teller = Teller(manager, items[0]["name"], providers, say)
	teller.until("the phone rings", lambda _seen: teller.received("Phone Call"))
	mail = teller.received("Email")
	if not (mail and mail.links):
		raise WentWrong("no email with a link reached the team lead")
	say(f"A mail scanner opens the link in the email: {_look_at(mail.links[0])}")
	call = providers.twilio.call(teller.received("Phone Call").id).answer()
	say(f'{technician[1]} picks up and hears: "{" ".join(call.text.split())}"')
	call.press("1")
	say(f'... presses 1, and hears: "{call.text.strip().splitlines()[-1].strip()[-60:]}"')
	teller.until("acknowledged", lambda seen: any(e["kind"] == "Acknowledged" for e in seen["events"]))
	teller.until("all sent", lambda seen: not _under_way(seen))
	say("The others are told in a minute: so long it can be undone")
	_check_received(teller)
	_report(manager, str(ticket["name"]), say)


def _allow_notifications(technician: Person, providers: LocalProviders) -> None:
	"""What the page /escalations does in the technician's browser; each browser only once."""
	seen = technician.call("escalation_mgmt.web.technician.overview")
	for device in seen["devices"]:  # of an earlier demo, whose push service is gone
		technician.call("escalation_mgmt.web.technician.remove_device", device=device["name"])
	browser = providers.webpush.subscribe(technician.user, seen["key"]).as_json()
	technician.call(
		"escalation_mgmt.web.technician.add_device",
		kind="Web Push",
		label="iPhone, Safari",
		endpoint=browser["endpoint"],
		server_key=seen["key"],
		**browser["keys"],
	)


def _look_at(link: str) -> str:
	page = requests.get(link, timeout=30)
	if page.status_code != 200 or "<button" not in page.text:
		raise WentWrong(f"the link shows no button: {page.status_code}")
	return "a page with a button; nothing has changed"


def _under_way(seen: dict) -> bool:
	"""Whether a message is yet to be sent, beside the news that somebody has it."""
	waiting = [message for message in seen["messages"] if message["status"] in ("Queued", "Sending")]
	return any(message["about"] != "Acknowledged" for message in waiting)


def _check_received(teller: Teller) -> None:
	"""The providers have each message: from what they received, not from what we say of it."""
	technician, lead = PEOPLE["technician"][0], PEOPLE["team lead"][0]
	wanted = [
		("iPhone Notification", technician),
		("SMS", PHONES["technician"]),
		("Email", lead),
		("Phone Call", PHONES["technician"]),
	]
	got = [(message.method, message.to) for message in teller.messages]
	for method, to in wanted:
		if (method, to) not in got:
			raise WentWrong(f"{to} received no {method}; received: {got}")
	page = teller.received("HTTP POST")
	if not page or not page.verified:
		raise WentWrong("the pager didn't receive a page with a good signature")


def _report(manager: Person, ticket: str, say: Callable[[str], None]) -> None:
	rows = manager.ask(
		"frappe.desk.query_report.run",
		report_name="Escalation History",
		filters=json.dumps({"ticket": ticket}),
	)["result"]
	rows = [row for row in rows if isinstance(row, dict)]
	say("")
	say("Escalation History, as the report's API gives it to the manager:")
	line = "  {:<6}{:<21}{:<13}{:<10}{:<10}{:>6}  {:<11}{}"
	say(line.format("step", "method", "person", "planned", "sent", "late", "outcome", "acknowledged"))
	for row in rows:
		say(
			line.format(
				row["step"], row["method"], row["person"], _clock(row["planned"]), _clock(row["sent"]),
				f"{row['lateness']:.1f} s", row["outcome"],
				f"{_clock(row['acknowledged_at'])} by {row['acknowledged_by']} ({row['acknowledged_via']})",
			)
		)  # fmt: skip
	named = [(row["step"], row["method"]) for row in rows]
	if named != [(number, step[1]) for number, step in enumerate(STEPS[:-1], 1)]:
		raise WentWrong(f"the report names other steps: {named}")
	for row in rows:
		if not (row["planned"] and row["sent"] and row["state"] in REACHED and row["plan"] == PLAN):
			raise WentWrong(f"the report's row is not complete: {row}")
		if row["acknowledged_by"] != PEOPLE["technician"][1] or row["acknowledged_via"] != "Phone Call":
			raise WentWrong(f"the report doesn't name who acknowledged: {row}")


def _clock(value: str | None) -> str:
	return f"{datetime.fromisoformat(value):%H:%M:%S}" if value else "-"
