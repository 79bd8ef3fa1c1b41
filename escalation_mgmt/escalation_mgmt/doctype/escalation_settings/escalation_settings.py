from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint

from escalation_mgmt.dispatch import monitor
from escalation_mgmt.escalation_mgmt.doctype.escalation_ticket_source.escalation_ticket_source import (
	only_for_system_managers,
)
from escalation_mgmt.facts import limits, plans, sources
from escalation_mgmt.notifiers import CannotReach, egress
from escalation_mgmt.notifiers.push import fcm_account, vapid
from escalation_mgmt.notifiers.twilio.account import check_settings
from escalation_mgmt.preflight import further_providers, providers, taking
from escalation_mgmt.storage import circuits, renames
from escalation_mgmt.utils import clock, public_address, row_secrets, site_config


class EscalationSettings(Document):
	def on_update(self) -> None:
		plans.forget_watched()
		providers.forget()
		circuits.try_at_once(clock.now())
		taking.follow_sources(self)
		self._rename_providers()
		row_secrets.forget_removed(self, "providers")
		if self.has_value_changed("heartbeat_url"):
			frappe.cache.delete_value(monitor.HEARTBEAT)

	def _rename_providers(self) -> None:
		before = self.get_doc_before_save()
		was = {row.name: row.title for row in before.providers} if before else {}
		renames.follow_providers({was[row.name]: row.title for row in self.providers if row.name in was})

	def validate(self) -> None:
		limits.fill(self)
		self._check_addresses()
		self._check_sources()
		self._check_push()
		self._check_providers()
		try:
			check_settings(self)
		except ValueError as e:
			frappe.throw(str(e), title=_("SMS and Phone Calls (Twilio)"))

	def _check_providers(self) -> None:
		if problems := further_providers.problems(self.providers):
			frappe.throw(problems, title=_("Further Providers, in Order"), as_list=True)

	def _check_sources(self) -> None:
		"""Whether they can be read, and whether who changes them may: they say what every plan may read."""
		before = self.get_doc_before_save()
		if _said(self) != (_said(before) if before else []):
			only_for_system_managers()
		problems = [
			_("Row {0}: {1}").format(row.idx, problem)
			for row in self.sources
			for problem in sources.row_problems(row)
		]
		if problems:
			frappe.throw(problems, title=_("Tickets of Other DocTypes"), as_list=True)

	def _check_addresses(self) -> None:
		"""As far as can be told without calling them; what comes of a call is said in readiness."""
		self.public_url, self.heartbeat_url = (
			(self.get(field) or "").strip() or None for field in ("public_url", "heartbeat_url")
		)
		if self.public_url and (wrong := public_address.problem(self.public_url)):
			frappe.throw(wrong, title=_("Public Address"))
		# What was right once stops no other save.
		if self.heartbeat_url and self.has_value_changed("heartbeat_url"):
			try:
				egress.check_url(self.heartbeat_url, egress.allowed_hosts())
			except egress.Forbidden as e:
				frappe.throw(str(e), title=_("Heartbeat Address"))

	def _check_push(self) -> None:
		subject = (self.vapid_subject or "").strip()
		if subject and (wrong := vapid.subject_problem(vapid.subject_of(subject))):
			frappe.throw(wrong, title=_("VAPID Subject"))
		account = self.fcm_service_account
		if account and not self.is_dummy_password(account):
			try:
				fcm_account.checked(account)
			except CannotReach as e:
				frappe.throw(str(e), title=_("FCM Service Account"))
		if cint(self.push_critical) and not account and not frappe.conf.get(site_config.FCM_SERVICE_ACCOUNT):
			frappe.throw(
				_(
					"Critical alerts are for an app of your own: enter its FCM service account first. A page on the "
					"home screen can't have Apple's entitlement for them."
				),
				title=_("Critical Alerts, by FCM"),
			)


def _said(settings: Any) -> list[list[str]]:
	"""What the rows of *Tickets of Other DocTypes* say, whatever they are called and in which order they were stored."""
	return [[str(row.get(field.fieldname) or "") for field in row.meta.fields] for row in settings.sources]
