import frappe
from frappe import _
from frappe.model.document import Document

from escalation_mgmt.facts import conditions, plans
from escalation_mgmt.notifiers import CannotReach
from escalation_mgmt.notifiers.push import fcm_account, vapid
from escalation_mgmt.notifiers.twilio.account import check_settings
from escalation_mgmt.preflight import providers, taking


class EscalationSettings(Document):
	def on_update(self) -> None:
		plans.forget_watched()
		providers.forget()
		taking.follow_sources(self)

	def validate(self) -> None:
		if self.public_url and not self.public_url.startswith(("http://", "https://")):
			frappe.throw(_("The public address must begin with https:// (or http://)."))
		for row in self.sources:
			fields = {df.fieldname for df in frappe.get_meta(row.reference_doctype).fields}
			existing = fields & conditions.columns(row.reference_doctype)
			for field in row.meta.fields:
				name = row.get(field.fieldname)
				if field.fieldname.endswith("_field") and name and name not in existing:
					frappe.throw(
						_("Row {0}: {1} has no field {2} that is kept in the database.").format(
							row.idx, _(row.reference_doctype), name
						)
					)
		self._check_push()
		try:
			check_settings(self)
		except ValueError as e:
			frappe.throw(str(e), title=_("SMS and Phone Calls (Twilio)"))

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
