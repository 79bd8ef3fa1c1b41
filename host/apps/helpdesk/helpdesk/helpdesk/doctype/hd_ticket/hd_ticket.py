"""A ticket as Helpdesk v1.22 keeps it: what changes by itself, and when."""

import uuid

import frappe
from frappe import _
from frappe.desk.form.assign_to import add as assign
from frappe.model.document import Document
from frappe.utils import now_datetime

from helpdesk.helpdesk.doctype.hd_service_level_agreement.hd_service_level_agreement import get_sla
from helpdesk.helpdesk.doctype.hd_ticket_activity.hd_ticket_activity import log_ticket_activity
from helpdesk.utils import is_agent

LOGGED = {
	"status": "status",
	"priority": "priority",
	"agent_group": "team",
	"ticket_type": "type",
	"contact": "contact",
}


class HDTicket(Document):
	def before_insert(self):
		self.key = str(uuid.uuid4())

	def before_validate(self):
		self.set_defaults()
		self.set_status_category()
		self.set_first_responded_on()
		self.set_sla()

	def before_save(self):
		self.apply_sla()
		if not self.is_new():
			self.log_changes()

	def after_insert(self):
		if self.description:
			self.create_communication_via_contact(self.description, new_ticket=True)

	def on_update(self):
		frappe.publish_realtime(
			"helpdesk:ticket-update",
			{"ticket_id": self.name},
			room=f"doc:HD Ticket/{self.name}",
			after_commit=True,
		)

	def on_trash(self):
		frappe.db.delete("HD Ticket Activity", {"ticket": self.name})

	def set_defaults(self):
		settings = frappe.get_cached_doc("HD Settings")
		self.raised_by = self.raised_by or frappe.session.user
		self.ticket_type = self.ticket_type or settings.default_ticket_type or "Unspecified"
		if not self.priority:
			of_type = frappe.get_cached_value("HD Ticket Type", self.ticket_type, "priority")
			self.priority = of_type or settings.default_priority or "Medium"
		if self.is_new():
			self.status = self.status_from_settings("default_ticket_status")

	def set_status_category(self):
		self.status_category = frappe.get_cached_value("HD Ticket Status", self.status, "category")

	def set_first_responded_on(self):
		"""Leaving Open for a pause or an end is an answer too; and what was once answered stays so."""
		before = self.get_doc_before_save()
		if self.is_new() or self.first_responded_on or not before:
			return
		ended = before.status_category == "Open" and self.status_category == "Resolved"
		if self.status_category == "Paused" or ended:
			self.first_responded_on = now_datetime()

	def set_sla(self):
		if sla := get_sla(self):
			self.sla = sla.name

	def apply_sla(self):
		if self.sla:
			frappe.get_cached_doc("HD Service Level Agreement", self.sla).apply(self)

	def log_changes(self):
		for field, label in LOGGED.items():
			if self.has_value_changed(field):
				log_ticket_activity(self.name, f"set {label} to {self.get(field)}")

	def status_from_settings(self, field: str) -> str:
		of_agreement = self.sla and frappe.get_cached_value("HD Service Level Agreement", self.sla, field)
		return of_agreement or frappe.get_cached_doc("HD Settings").get(field)

	@property
	def has_agent_replied(self) -> bool:
		return bool(frappe.db.exists("Communication", {**self.as_reference(), "sent_or_received": "Sent"}))

	def as_reference(self) -> dict:
		return {"reference_doctype": "HD Ticket", "reference_name": str(self.name)}

	def on_communication_update(self, communication):
		"""Called by Frappe's Communication: a customer's message reopens, an agent's is the first response."""
		if communication.sent_or_received == "Received":
			again = "ticket_reopen_status" if self.has_agent_replied else "default_ticket_status"
			self.status = self.status_from_settings(again)
			self.last_customer_response = now_datetime()
		elif communication.communication_type == "Automated Message":
			return
		else:
			self.first_responded_on = self.first_responded_on or now_datetime()
			self.last_agent_response = now_datetime()
			settings = frappe.get_cached_doc("HD Settings")
			if settings.auto_update_status and settings.update_status_to:
				self.status = settings.update_status_to
		self.description = self.description or communication.content
		self.save(ignore_permissions=True)

	@frappe.whitelist()
	def assign_agent(self, agent: str):
		assign({"assign_to": [agent], "doctype": "HD Ticket", "name": self.name})

	@frappe.whitelist()
	def reply_via_agent(
		self, message: str, to: str | None = None, cc: str | None = None, bcc: str | None = None
	):
		if not is_agent():
			frappe.throw(_("Only agents reply as agents"), frappe.PermissionError)
		settings = frappe.get_cached_doc("HD Settings")
		account = frappe.db.get_value("Email Account", {"default_outgoing": 1, "enable_outgoing": 1})
		if not settings.skip_email_workflow and settings.enable_reply_email_via_agent and not account:
			frappe.throw(_("Unable to send email. Please setup default outgoing email account."))
		return self.add_communication(
			message,
			sent_or_received="Sent",
			communication_medium="" if settings.skip_email_workflow else "Email",
			recipients=to or self.raised_by,
			cc=cc,
			bcc=bcc,
		)

	@frappe.whitelist()
	def create_communication_via_contact(self, message: str, new_ticket: bool = False):
		if not new_ticket:
			self.status = self.status_from_settings("ticket_reopen_status")
			self.save(ignore_permissions=True)
		return self.add_communication(message, sent_or_received="Received", communication_medium="Email")

	def add_communication(self, content: str, **values) -> str:
		communication = frappe.new_doc("Communication")
		communication.update(
			{
				"communication_type": "Communication",
				"email_status": "Open",
				"subject": f"Re: {self.subject}",
				"sender": frappe.session.user,
				"content": content,
				"status": "Linked",
				**self.as_reference(),
				**values,
			}
		)
		communication.flags.ignore_mandatory = True
		communication.insert(ignore_permissions=True)
		# The save above came through another copy of this ticket.
		self.reload()
		return communication.name


def has_permission(doc, user=None):
	user = user or frappe.session.user
	return is_agent(user) or user in (doc.contact, doc.raised_by, doc.owner)


def permission_query(user):
	user = user or frappe.session.user
	if is_agent(user):
		return ""
	who = frappe.db.escape(user)
	mine = " or ".join(f"`tabHD Ticket`.`{field}` = {who}" for field in ("owner", "contact", "raised_by"))
	return f"({mine})"
