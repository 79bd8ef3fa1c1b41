"""The demo's site: made once, people and a plan put in."""

from __future__ import annotations

from host import fingerprint, paths, sites
from host.providers import LocalProviders

SITE = "demo.localhost"
APPS = ("helpdesk", "erpnext_stand_in", "escalation_mgmt")
PASSWORD = "demo-Pass-1"
PLAN = "Server Outage"
PAGER = "Duty Pager"

PEOPLE = {
	"agent": ("agent@demo.test", "Anna Agent", ("Agent",)),
	"administrator": ("admin@demo.test", "Alan Admin", ("System Manager", "Escalation Manager", "Agent")),
	"technician": ("tech@demo.test", "Tina Tech", ("Agent", "Escalation Responder")),
	"team lead": ("lead@demo.test", "Leo Lead", ("Agent", "Escalation Responder")),
	"manager": ("manager@demo.test", "Mona Manager", ("Escalation Manager",)),
}
"""Who logs in: what they are, user, name, roles."""

PHONES = {"technician": "+4915112345601", "team lead": "+4915112345602"}

WINDOW = 4  # seconds; a plan for real tickets says minutes
STEPS = (
	(0, "iPhone Notification", "Assignee", {}),
	(3, "SMS", "Assignee", {}),
	(0, "HTTP POST", "Endpoint", {"endpoint": PAGER}),
	(3, "Email", "User", {"user": PEOPLE["team lead"][0]}),
	(3, "Phone Call", "Assignee", {}),
	(30, "Email", "Role", {"role": "Escalation Responder"}),
)
"""Wait in seconds, method, whom. The last is never reached: the key pressed on the call acknowledges."""


def make() -> bool:
	"""Make the site where there is none of this state of the code. Returns whether it was made."""
	stamp = paths.SITES / SITE / "made_of"
	made_of = fingerprint.of_site()
	if stamp.exists() and stamp.read_text() == made_of:
		return False
	sites.new_site(SITE, "sqlite", APPS, force=True)
	stamp.write_text(made_of)
	return True


def prepare(url: str, providers: LocalProviders) -> None:
	"""On the connected site: people, the ways to the local providers, the plan. Every time, for ports may move."""
	import frappe

	frappe.set_user("Administrator")
	for email, name, roles in PEOPLE.values():
		sites.add_user(email, PASSWORD, *roles, first_name=name)
		if "Agent" in roles and not frappe.db.exists("HD Agent", email):
			agent = frappe.get_doc({"doctype": "HD Agent", "user": email, "agent_name": name, "is_active": 1})
			agent.insert(ignore_permissions=True)
	_settings(url, providers)
	_contacts()
	_email_account(providers)
	_endpoint(providers)
	_plan()
	frappe.db.commit()
	frappe.clear_cache()


def _settings(url: str, providers: LocalProviders) -> None:
	import frappe
	from frappe.installer import update_site_config

	host = providers.pager_url.split("/")[2]
	update_site_config("escalation_allowed_hosts", [host])
	update_site_config("escalation_push_hosts", [host])
	update_site_config("escalation_twilio_api_url", providers.twilio.api_url)
	frappe.conf.escalation_twilio_api_url = providers.twilio.api_url
	frappe.conf.escalation_allowed_hosts = frappe.conf.escalation_push_hosts = [host]
	settings = frappe.get_doc("Escalation Settings")
	twilio = providers.twilio
	twilio.sms_url = f"{url}/api/method/escalation_mgmt.inbound.twilio.incoming_sms"
	settings.update(
		{
			"public_url": url,
			"catch_all": PEOPLE["manager"][0],
			"twilio_account_sid": twilio.account_sid,
			"twilio_auth_token": twilio.auth_token,
			"twilio_numbers": "\n".join(twilio.numbers),
		}
	)
	settings.save()


def _contacts() -> None:
	"""Numbers that a manager vouches for; Escalation Devices are added by their owners, as the story tells."""
	import frappe

	for who, number in PHONES.items():
		user = PEOPLE[who][0]
		exists = frappe.db.exists("Escalation Contact", user)
		contact = (
			frappe.get_doc("Escalation Contact", user) if exists else frappe.new_doc("Escalation Contact")
		)
		contact.update({"user": user, "mobile_no": number, "mobile_verified": 1})
		contact.save()


def _email_account(providers: LocalProviders) -> None:
	import frappe

	name = "Helpdesk"
	if not frappe.db.exists("Email Account", name):
		account = frappe.new_doc("Email Account")
		account.update(
			{
				"email_account_name": name,
				"email_id": "helpdesk@demo.test",
				"enable_outgoing": 1,
				"default_outgoing": 1,
				"no_smtp_authentication": 1,
			}
		)
		# Frappe would log in on the spot; the server's port is filled in below.
		account.flags.ignore_validate = account.flags.ignore_mandatory = True
		account.insert(ignore_permissions=True)
	host, port = providers.smtp_address
	frappe.db.set_value(
		"Email Account", name, {"smtp_server": host, "smtp_port": port, "use_tls": 0, "awaiting_password": 0}
	)


def _endpoint(providers: LocalProviders) -> None:
	import frappe

	exists = frappe.db.exists("Escalation Endpoint", PAGER)
	endpoint = (
		frappe.get_doc("Escalation Endpoint", PAGER) if exists else frappe.new_doc("Escalation Endpoint")
	)
	endpoint.update({"title": PAGER, "url": providers.pager_url, "secret": providers.pager_secret})
	endpoint.save()


def _plan() -> None:
	import frappe

	exists = frappe.db.exists("Escalation Plan", PLAN)
	plan = frappe.get_doc("Escalation Plan", PLAN) if exists else frappe.new_doc("Escalation Plan")
	plan.update(
		{
			"title": PLAN,
			"reference_doctype": "HD Ticket",
			"plan_owner": PEOPLE["manager"][0],
			"start": "After Its Own Window",
			"window": WINDOW,
			"last_wait": 60,
			"priorities": [{"priority": priority} for priority in ("Urgent", "High")],
			"steps": [
				{"wait": wait, "method": method, "whom": whom, **which} for wait, method, whom, which in STEPS
			],
		}
	)
	plan.save()
