"""What a scenario begins and ends with: a clean site, a clock of its own, and the ways to local providers."""

import functools
import os
import threading
from datetime import datetime
from typing import Any, Self

import frappe
import frappe.app
from werkzeug.serving import make_server

from escalation_mgmt.actions import person
from escalation_mgmt.dispatch import monitor
from escalation_mgmt.facts import limits, plans
from escalation_mgmt.utils import clock, installation, rows
from host.providers import LocalProviders
from tests import on_site

OURS = (
	"Escalation Action Item",
	"Escalation Notification",
	"Escalation Notification Secret",
	"Escalation Event",
	"Escalation Plan",
	"Escalation Plan Priority",
	"Escalation Step",
	"Escalation Plan Version",
	"Escalation Ticket State",
	"Escalation Turn",
	"Escalation Contact",
	"Escalation Contact Code",
	"Escalation Device",
	"Escalation Device Secret",
	"Escalation Endpoint",
	"Escalation Endpoint Header",
	"Escalation Ticket Source",
	"Escalation Calendar",
	"Escalation Calendar Hours",
	"Escalation Calendar Holiday",
	"Escalation Maintenance",
	"Escalation Callback",
	"Escalation Deed",
	"Escalation Provider",
	"Escalation Circuit",
)
OTHERS = (
	"HD Ticket",
	"HD Ticket Activity",
	"HD Ticket Comment",
	"Issue",
	"ToDo",
	"DocShare",
	"Communication",
	"Email Queue",
	"Notification Log",
	"Error Log",
	"Comment",
)


class CleanSite:
	"""`now` is what the app takes for now: within the `with` block the clock stands still until it is moved."""

	now: datetime
	start: datetime
	url: str

	def __init__(self, site: str, providers: LocalProviders):
		self.site = site
		self.providers = providers
		self.inbox = providers.inbox

	def __enter__(self) -> Self:
		frappe.set_user("Administrator")
		self.clean()
		self.providers.faults.clear()
		self.providers.webpush.forget()
		self.providers.twilio.clear()
		self.providers.twilio2.clear()
		self.inbox.clear()
		email_account(*self.providers.smtp_address)
		host = f"{self.providers.smtp_address.host}:{self.providers.pager_url.split(':')[2].split('/')[0]}"
		frappe.conf.escalation_allowed_hosts = [host]
		frappe.conf.escalation_push_hosts = [host]
		frappe.conf.escalation_proxies = None
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
		_without_roles_of_others()
		frappe.cache.delete_keys("escalation_limit:")
		frappe.cache.delete_keys("escalation_reported:")
		frappe.cache.delete_keys(person.HAD_LATELY)
		frappe.cache.delete_value(["escalation_providers", monitor.TICK, monitor.WORKER])
		monitor.noted.clear()
		plans.forget_watched()
		frappe.db.commit()
		frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
		frappe.local.cache = {}

	def _settings(self) -> None:
		"""Saved anew only where a test has changed them: that takes as long as many a scenario."""
		wanted = {
			"public_url": self.url,
			"catch_all": None,
			"catch_all_email": None,
			"sources": [],
			"providers": [],
			"push_critical": 0,
			"keep_days": 0,
			**limits.DEFAULTS,
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
		for account in (twilio, *twilio.others):
			account.sms_url = f"{self.url}/api/method/escalation_mgmt.inbound.twilio.incoming_sms"
			account.now = lambda: self.now
		return {
			"twilio_account_sid": twilio.account_sid,
			"twilio_auth_token": twilio.auth_token,
			"twilio_previous_auth_token": "",
			"twilio_api_key": "",
			"twilio_api_secret": "",
			"twilio_numbers": "\n".join(twilio.numbers),
			"twilio_messaging_service_sid": "",
		}


def _without_roles_of_others() -> None:
	"""Whom an earlier test erased, and the namesakes whom that test made, have no role any more and are no agents: a step to a
	role or a team is for the people of every test.
	"""
	known = sorted(on_site.PEOPLE)
	for doctype, column in (("Has Role", "parent"), ("HD Agent", "user")):
		if not frappe.db.table_exists(doctype):
			continue
		where = (
			f"(`{column}` like 'ann%%@x.test' or `{column}` like 'deleted-user-%%')"
			f" and `{column}` not in ({rows.placeholders(known)})"
		)
		for (user,) in frappe.db.sql(
			f"select distinct `{column}` from `tab{doctype}` where {where}", tuple(known)
		):
			frappe.db.sql(f"delete from `tab{doctype}` where `{column}` = %s", (user,))
			frappe.clear_cache(user=user)


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


def email_account(host: str, port: int) -> None:
	"""The site's email goes to this SMTP server."""
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
