"""The site that benchmarks run on, on MariaDB, and how it is filled: in sets, so that filling takes seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

from host import fingerprint, paths, sites

SITE = "bench-mariadb.localhost"
APPS = ("helpdesk", "escalation_mgmt")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLAN, ENDPOINT = "Benchmark", "Sink"
OURS = (
	"Escalation Action Item",
	"Escalation Notification",
	"Escalation Event",
	"Escalation Plan",
	"Escalation Plan Priority",
	"Escalation Step",
	"Escalation Endpoint",
	"HD Ticket",
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

	from escalation_mgmt import plans

	for doctype in OURS:
		frappe.db.delete(doctype)
	plans.forget_watched()
	frappe.db.commit()
	frappe.local.cache = {}


def plan(port: int, *, priority: str = "High") -> None:
	"""One plan of one step, to a sink on this machine."""
	import frappe
	from frappe.installer import update_site_config

	host = f"127.0.0.1:{port}"
	update_site_config("escalation_allowed_hosts", [host])
	frappe.conf.escalation_allowed_hosts = [host]
	endpoint = frappe.new_doc("Escalation Endpoint")
	endpoint.update({"title": ENDPOINT, "url": f"http://{host}/", "secret": SECRET, "timeout": 30})
	endpoint.insert()
	doc = frappe.new_doc("Escalation Plan")
	doc.update(
		{
			"title": PLAN,
			"plan_owner": "Administrator",
			"window": 600,
			"reference_doctype": "HD Ticket",
			"priorities": [{"priority": priority}],
			"steps": [{"wait": 0, "method": "HTTP POST", "whom": "Endpoint", "endpoint": ENDPOINT}],
		}
	)
	doc.insert()
	frappe.db.commit()


def escalations(due: list[datetime], *, first: int = 1) -> None:
	"""One ticket and one scheduled action item for each due instant (UTC), numbered from `first`."""
	import frappe

	from escalation_mgmt import plans, rows, store
	from escalation_mgmt.engine import MatchFacts, Ticket, open_item
	from escalation_mgmt.tickets import level

	version, frozen = next(iter(plans.enabled("HD Ticket").items()))
	facts = MatchFacts(priority="High", level=level("HD Ticket", "High"))
	numbers = range(first, first + len(due))
	rows.insert_all(
		"HD Ticket",
		[
			{
				"name": n,
				"subject": f"Outage {n}",
				"priority": "High",
				"status": "Open",
				"status_category": "Open",
			}
			for n in numbers
		],
	)
	items = []
	for number, at in zip(numbers, due, strict=True):
		ticket = Ticket(doctype="HD Ticket", name=str(number), subject=f"Outage {number}", facts=facts)
		opened = open_item(f"BENCH-{number:07}", frozen, ticket, at - timedelta(seconds=600)).item
		items.append(
			{
				"name": opened.id,
				**store._state(opened),
				"plan": frozen.name,
				"plan_version": version,
				"reference_doctype": "HD Ticket",
				"reference_name": ticket.name,
				"ticket_subject": ticket.subject,
				"running_ticket": f"HD Ticket/{number}",
				"step_count": 1,
				"opened_utc": opened.opened_at,
				"updated_utc": opened.opened_at,
			}
		)
	rows.insert_all("Escalation Action Item", items)
	frappe.db.commit()
