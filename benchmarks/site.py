"""The site that benchmarks run on, on MariaDB, and how it is filled: in sets, so that filling takes seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from benchmarks.measure import Sink
from escalation_mgmt.utils.doctypes import ITEM
from host import fingerprint, paths, sites

SITE = "bench-mariadb.localhost"
APPS = ("helpdesk", "escalation_mgmt")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLAN, ENDPOINT = "Benchmark", "Sink"
TECHNICIANS = 300
MANY = 2000  # so many that no limit for one person binds: three messages each of a burst
AT_REST = 50  # transactions of which InnoDB has not cleared away what they left
PART = 20_000  # rows that are written in one go
ACCOUNT, TOKEN, NUMBER = "AC" + "5" * 32, "6" * 32, "+15005550006"
SECOND_ACCOUNT = "AC" + "7" * 32
HTTP_POST, SMS = "HTTP POST", "SMS"
FIRST_RESPONSE = "First Response"
OURS = (
	"Escalation Action Item",
	"Escalation Notification",
	"Escalation Notification Secret",
	"Escalation Deed",
	"Escalation Event",
	"Escalation Plan",
	"Escalation Plan Priority",
	"Escalation Step",
	"Escalation Endpoint",
	"Escalation Contact",
	"HD Ticket",
	"Communication",
	"Escalation Circuit",
	"HD Ticket Comment",
	"Error Log",
)


def enter() -> None:
	"""Connect to the site, made anew where the apps have changed."""
	stamp = paths.SITES / SITE / "made_of"
	made_of = fingerprint.of_site()
	if not stamp.exists() or stamp.read_text() != made_of:
		sites.new_site(SITE, "mariadb", APPS, force=True)
		stamp.write_text(made_of)
	sites.enter(SITE)
	sites.connect(SITE)


def clean() -> None:
	import frappe

	from escalation_mgmt.facts import plans

	frappe.db.rollback()
	for doctype in OURS:
		frappe.db.delete(doctype)
	frappe.db.delete("User", {"name": ("like", "tech%@bench.test")})
	plans.forget_watched()
	frappe.db.commit()
	frappe.local.cache = {}


def plan(receiver: Sink, method: str = HTTP_POST, condition: str = "", *, people: int = TECHNICIANS) -> None:
	"""A clean site with one plan of one step, to a sink on this machine. `people`: whom tickets are assigned to, in turn."""
	import frappe

	global _people  # noqa: PLW0603 - one site at a time
	_people = people
	clean()
	_reach(receiver)
	if method == HTTP_POST:
		endpoint = frappe.new_doc("Escalation Endpoint")
		endpoint.update({"title": ENDPOINT, "url": receiver.url, "secret": SECRET, "timeout": 30})
		endpoint.insert()
		step = {"whom": "Endpoint", "endpoint": ENDPOINT}
	else:
		_technicians()
		step = {"whom": "Assignee"}
	doc = frappe.new_doc("Escalation Plan")
	doc.update(
		{
			"title": PLAN,
			"plan_owner": "Administrator",
			"window": 600,
			"reference_doctype": "HD Ticket",
			"condition": condition,
			"priorities": [{"priority": "High"}],
			"steps": [{"wait": 0, "method": method, **step}],
		}
	)
	doc.insert()
	frappe.db.commit()


def _reach(receiver: Sink) -> None:
	"""Let this site's requests go to the sink, in this process and in those that are started later."""
	import frappe
	from frappe.installer import update_site_config

	for key, value in (
		("escalation_allowed_hosts", [receiver.url.split("/")[2]]),
		("escalation_twilio_api_url", receiver.url.rstrip("/")),
	):
		if frappe.conf.get(key) != value:
			update_site_config(key, value)
			frappe.conf[key] = value
	settings = frappe.get_doc("Escalation Settings")
	if not settings.twilio_account_sid:
		settings.update(
			{
				"public_url": "https://helpdesk.example.com",
				"twilio_account_sid": ACCOUNT,
				"twilio_auth_token": TOKEN,
				"twilio_numbers": NUMBER,
			}
		)
		settings.save()


def second_provider(*, wanted: bool = True) -> None:
	"""A second account with Twilio takes what the first one refuses; or (`wanted` false) none does."""
	import frappe

	settings = frappe.get_doc("Escalation Settings")
	row = {
		"kind": "Twilio",
		"title": "Second",
		"account_sid": SECOND_ACCOUNT,
		"auth_token": TOKEN,
		"numbers": NUMBER,
	}
	if wanted == bool(settings.providers):
		return
	settings.set("providers", [row] if wanted else [])
	settings.save()
	frappe.db.commit()


def _technicians() -> None:
	from escalation_mgmt.utils import rows

	numbers = range(_people)
	rows.insert_all(
		"User",
		[
			{
				"name": technician(n),
				"email": technician(n),
				"first_name": f"Technician {n}",
				"full_name": f"Technician {n}",
				"enabled": 1,
				"user_type": "System User",
			}
			for n in numbers
		],
	)
	rows.insert_all(
		"Escalation Contact",
		[
			{
				"name": technician(n),
				"user": technician(n),
				"enabled": 1,
				"mobile_no": f"+49151{n:08}",
				"mobile_verified": 1,
			}
			for n in numbers
		],
	)


_people = TECHNICIANS


def technician(number: int) -> str:
	return f"tech{number % _people}@bench.test"


def other_clocks() -> dict[str, Any]:
	"""A plan more for each of the other clocks, alike but for that: {clock: plan}."""
	import frappe

	from escalation_mgmt.engine import Clock

	found = {}
	for of in (Clock.NEXT_RESPONSE, Clock.RESOLUTION):
		copy = frappe.copy_doc(frappe.get_doc("Escalation Plan", PLAN))
		copy.update({"title": f"{PLAN} {of}", "clock": str(of), "enabled": 1})
		found[str(of)] = copy.insert()
	frappe.db.commit()
	return found


def comments_too() -> None:
	"""The plan's step is accompanied by an act: an internal comment that says which item it is of."""
	import frappe

	doc = frappe.get_doc("Escalation Plan", PLAN)
	doc.append("steps", {"wait": 0, "method": "Internal Comment", "message": "Item {{ item }} ends here"})
	doc.save()
	frappe.db.commit()


def escalations(due: list[datetime], *, first: int = 1, clock: str = FIRST_RESPONSE) -> None:
	"""One assigned ticket and one scheduled action item for each due instant (UTC), numbered from `first`. For another `clock`
	the tickets are there already.
	"""
	import frappe

	from escalation_mgmt.engine import Context, MatchFacts, Ticket, open_item
	from escalation_mgmt.facts import plans
	from escalation_mgmt.facts.sources import level
	from escalation_mgmt.storage import action_items, decisions
	from escalation_mgmt.utils import rows

	version, frozen = next(found for found in plans.enabled("HD Ticket").items() if found[1].clock == clock)
	facts = MatchFacts(priority="High", level=level("HD Ticket", "High"))
	numbers = range(first, first + len(due))
	if clock == FIRST_RESPONSE:
		rows.insert_all(
			"HD Ticket",
			[
				{
					"name": n,
					"subject": f"Outage {n}",
					"priority": "High",
					"status": "Open",
					"status_category": "Open",
					"_assign": json.dumps([technician(n)]),
				}
				for n in numbers
			],
		)
	items = []
	for number, at in zip(numbers, due, strict=True):
		ticket = Ticket(
			doctype="HD Ticket",
			name=str(number),
			subject=f"Outage {number}",
			facts=facts,
			assignees=(technician(number),),
		)
		name = item(number) if clock == FIRST_RESPONSE else f"{item(number)} {clock}"
		opened = open_item(name, frozen, ticket, Context(at - timedelta(seconds=600))).item
		items.append(
			{
				"name": opened.id,
				**decisions.columns_of(opened),
				"plan": frozen.name,
				"plan_version": version,
				"reference_doctype": "HD Ticket",
				"reference_name": ticket.name,
				"ticket_subject": ticket.subject,
				"running_ticket": action_items.running_ticket(ticket.key, frozen.clock),
				"clock": str(frozen.clock),
				"step_count": 1,
				"opened_utc": opened.opened_at,
				"updated_utc": opened.opened_at,
			}
		)
	rows.insert_all("Escalation Action Item", items)
	frappe.db.commit()


def questions(count: int, *, first: int, priority: str = "Low") -> None:
	"""Open tickets that no plan takes: by their priority, or by the plan's condition."""
	import frappe

	from escalation_mgmt.utils import rows

	for numbers in _parts(count, first):
		rows.insert_all(
			"HD Ticket",
			[
				{
					"name": n,
					"subject": f"Question {n}",
					"description": f"Question {n}",
					"priority": priority,
					"status": "Open",
					"status_category": "Open",
				}
				for n in numbers
			],
		)
	frappe.db.commit()


outages = partial(questions, priority="High")


def ended(count: int, *, first: int) -> None:
	"""Open tickets whose escalations have ended."""
	import frappe

	from escalation_mgmt.utils import clock

	for numbers in _parts(count, first):
		escalations([clock.now()] * len(numbers), first=numbers[0])
	frappe.db.sql(
		f"update `tab{ITEM}` set `status` = 'Exhausted', `due_utc` = null, `exhausted_ticket` = `running_ticket`,"
		" `running_ticket` = null, `ended_utc` = `opened_utc` where `name` >= %s",
		(item(first),),
	)
	frappe.db.commit()


def ended_for_each_clock(count: int, *, first: int) -> None:
	"""The same, with two plans more, one a clock: each ticket, also of those before, has had its item for each, and an agent
	answered it before the customer wrote again.
	"""
	import frappe

	from escalation_mgmt.utils import clock

	ended(count, first=first)
	_messages(first + count - 1)
	asked = clock.now()
	for of, plan in other_clocks().items():
		_exhausted_copies(of, plan, asked)
	frappe.db.commit()


def lists_written(count: int) -> None:
	"""What lists of tickets show of so many tickets is as after their last step."""
	from escalation_mgmt.storage import ticket_list

	for numbers in _parts(count, 1):
		ticket_list.write({"HD Ticket": [str(number) for number in numbers]})


def _messages(count: int) -> None:
	"""An agent's reply to each ticket, and a message of its customer after it."""
	from frappe.utils import add_to_date, now_datetime

	from escalation_mgmt.utils import rows

	said = {
		"communication_type": "Communication",
		"reference_doctype": "HD Ticket",
		"communication_medium": "Email",
	}
	when = {"Sent": now_datetime(), "Received": add_to_date(now_datetime(), seconds=1)}
	for numbers in _parts(count, 1):
		rows.insert_all(
			"Communication",
			[
				{
					"name": f"{how}-{n}",
					"reference_name": str(n),
					"sent_or_received": how,
					"creation": at,
					**said,
				}
				for how, at in when.items()
				for n in numbers
			],
		)


def _exhausted_copies(of: str, plan: Any, asked: datetime) -> None:
	"""For each item of the first response an exhausted one of another clock."""
	import frappe

	columns = [
		column
		for column in frappe.db.get_table_columns(ITEM)
		if column not in ("name", "clock", "plan", "plan_version", "clock_utc", "running_ticket", "due_utc")
		and column not in ("exhausted_ticket", "status", "ended_utc")
	]
	listed = ", ".join(f"`{column}`" for column in columns)
	frappe.db.sql(
		f"insert into `tab{ITEM}` (`name`, `clock`, `plan`, `plan_version`, `clock_utc`, `exhausted_ticket`, `status`,"
		f" `ended_utc`, {listed}) select concat(`name`, %s), %s, %s, %s, %s,"
		f" concat(%s, ': HD Ticket/', `reference_name`), 'Exhausted', `opened_utc`, {listed}"
		f" from `tab{ITEM}` where `clock` = 'First Response'",
		(f" {of}", of, plan.name, plan.plan_version, asked + timedelta(seconds=5), of),
	)


def _parts(count: int, first: int) -> Iterator[range]:
	"""That many numbers from `first` on, in parts that one transaction holds."""
	for start in range(first, first + count, PART):
		yield range(start, min(start + PART, first + count))


def item(number: int) -> str:
	return f"BENCH-{number:07}"


def waiting(count: int, *, first: int = 1) -> None:
	"""Escalations that are due in some hours."""
	from escalation_mgmt.utils import clock

	later = clock.now() + timedelta(hours=5)
	for numbers in _parts(count, first):
		escalations([later] * len(numbers), first=numbers[0])


def come_to_rest(seconds: float = 60.0) -> None:
	"""Wait, so long at most, until the database has cleared away what was deleted or changed before: InnoDB does so behind its commits, for
	seconds after a set-up, and takes what is measured then for less.
	"""
	import frappe

	frappe.db.commit()
	until = time.monotonic() + seconds
	while int(frappe.db.sql("show global status like 'Innodb_history_list_length'")[0][1]) > AT_REST:
		frappe.db.commit()
		if time.monotonic() > until:
			break
		time.sleep(0.1)


def fall_due(seconds: float = 1.0) -> datetime:
	"""Let everything that waits fall due at one instant, so many seconds from now; all of the set-up is over before it."""
	import frappe

	from escalation_mgmt.utils import clock

	frappe.db.rollback()
	at = clock.now() + timedelta(seconds=seconds)
	frappe.db.sql("update `tabEscalation Action Item` set `due_utc` = %s", at)
	frappe.db.commit()
	assert clock.now() < at, "the set-up took longer than it may"
	return at
