"""A ticket as Helpdesk 1.28 keeps it: what changes by itself, and when."""

import uuid
from email.utils import parseaddr

import frappe
from frappe import _
from frappe.desk.form import assign_to
from frappe.model.document import Document
from frappe.utils import now_datetime

from helpdesk.helpdesk.doctype.hd_notification import utils as notifications
from helpdesk.helpdesk.doctype.hd_service_level_agreement.hd_service_level_agreement import get_sla
from helpdesk.helpdesk.doctype.hd_ticket import list_columns
from helpdesk.helpdesk.doctype.hd_ticket.permission import has_permission, permission_query
from helpdesk.helpdesk.doctype.hd_ticket_activity.hd_ticket_activity import log_ticket_activity
from helpdesk.utils import get_customers, is_agent

__all__ = ["HDTicket", "has_permission", "permission_query", "update_sla_status_in_ticket"]

LOGGED = {
	"status": "status",
	"priority": "priority",
	"agent_group": "team",
	"ticket_type": "type",
	"contact": "contact",
	"sla": "SLA",
}


class HDTicket(Document):
	def before_insert(self):
		self.key = str(uuid.uuid4())

	def before_validate(self):
		self.refuse_portal_changes()
		self.set_defaults()
		self.set_first_responded_on()
		self.set_status_of_new()
		# A status that was given with a new ticket is not taken, but its category stays: as Helpdesk has it.
		self.status_category = self.status_category or self.category_of_status()
		self.set_sla()
		self.set_contact()
		self.set_customer()

	def validate(self):
		self.refuse_resolving_without_feedback()

	def before_save(self):
		self.apply_sla()
		if not self.is_new():
			self.log_changes()

	def after_insert(self):
		if self.description:
			self.create_communication_via_contact(self.description, new_ticket=True)

	def on_update(self):
		before = self.get_doc_before_save()
		if before and before.status_category != "Open" and self.status_category == "Open":
			self.notify_assignees()
		self.leave_to_the_new_team()
		frappe.publish_realtime(
			"helpdesk:ticket-update",
			{"ticket_id": self.name},
			room=f"open_doc:HD Ticket/{self.name}",
			after_commit=True,
		)

	def on_trash(self):
		frappe.db.delete("HD Ticket Activity", {"ticket": self.name})
		frappe.db.delete("HD Ticket Comment", {"reference_ticket": self.name})

	# --- what each save sets

	def refuse_portal_changes(self):
		if self.is_new() or not self.via_customer_portal or is_agent():
			return
		before = self.get_doc_before_save()
		if before.status == "Closed" or before.feedback:
			frappe.throw(_("A ticket that is closed or rated stays as it is."), frappe.PermissionError)

	def set_defaults(self):
		settings = frappe.get_cached_doc("HD Settings")
		self.ticket_type = self.ticket_type or settings.default_ticket_type or ""
		self.raised_by = self.raised_by or frappe.session.user
		if not self.priority:
			of_type = frappe.get_cached_value("HD Ticket Type", self.ticket_type, "priority")
			self.priority = of_type or settings.default_priority

	def set_first_responded_on(self):
		"""Leaving Open for a pause or an end is an answer too; and what was once answered stays so."""
		if self.is_new() or self.first_responded_on:
			return
		before = self.get_doc_before_save()
		ended = before and before.status_category == "Open" and self.status_category == "Resolved"
		if self.status_category == "Paused" or ended:
			self.first_responded_on = now_datetime()

	def set_status_of_new(self):
		if self.is_new():
			self.status = self.status_from_settings("default_ticket_status")

	def category_of_status(self) -> str | None:
		return frappe.get_cached_value("HD Ticket Status", self.status, "category")

	def set_sla(self):
		if sla := get_sla(self):
			self.sla = sla.name

	def apply_sla(self):
		if self.sla:
			frappe.get_cached_doc("HD Service Level Agreement", self.sla).apply(self)

	def set_contact(self):
		"""Who raised it, where a contact has that address. Customers raise tickets in their own name alone."""
		changed = self.is_new() or self.has_value_changed("contact")
		if self.contact and changed and not is_agent() and self.contact != contact_of_session():
			frappe.throw(_("Raise tickets for your own contact."), frappe.PermissionError)
		address = parseaddr(self.raised_by)[1]
		if address and not self.contact:
			self.contact = frappe.db.get_value("Contact", {"email_id": address})

	def set_customer(self):
		if not frappe.get_cached_doc("HD Settings").auto_set_customer_from_contact:
			return
		if not self.is_new() and not self.has_value_changed("customer"):
			return
		theirs = [row.name for row in get_customers(contact=self.contact)] if self.contact else []
		if self.customer:
			if self.customer not in theirs and not is_agent():
				frappe.throw(_("{0} is no customer of {1}.").format(self.customer, self.contact))
		elif self.is_new() and len(theirs) == 1:
			self.customer = theirs[0]

	def refuse_resolving_without_feedback(self):
		if self.status_category != "Resolved" or self.feedback_rating or is_agent():
			return
		if self.has_agent_replied and frappe.get_cached_doc("HD Settings").is_feedback_mandatory:
			frappe.throw(_("Rate the ticket before you resolve it."))

	def log_changes(self):
		for field, label in LOGGED.items():
			if self.has_value_changed(field):
				value = self.get(field)
				log_ticket_activity(self.name, f"set {label} to {value}" if value else f"cleared {label}")

	def leave_to_the_new_team(self):
		"""Who isn't in the new team loses the ticket, where that team's rule will give it to somebody."""
		if self.is_new() or not self.agent_group or self.status_category != "Open":
			return
		if not self.has_value_changed("agent_group"):
			return
		first = next(iter(self.assigned_agents()), None)
		if not first or frappe.db.exists("HD Team Member", {"parent": self.agent_group, "user": first}):
			return
		rule = frappe.db.get_value("HD Team", self.agent_group, "assignment_rule")
		if not rule or frappe.db.get_value("Assignment Rule", rule, "disabled"):
			return
		if frappe.db.exists("Assignment Rule User", {"parent": rule}):
			assign_to.clear("HD Ticket", self.name)

	# --- who has it

	def assigned_agents(self) -> list[str]:
		users = [row.owner for row in assign_to.get({"doctype": "HD Ticket", "name": self.name})]
		return [user for user in users if frappe.db.exists("HD Agent", user)]

	def notify_assignees(self):
		for agent in self.assigned_agents():
			if agent != frappe.session.user:
				notifications.notify(self.name, agent, "Reaction")

	@frappe.whitelist()
	def assign_agent(self, agent: str):
		assign_to.add({"assign_to": [agent], "doctype": "HD Ticket", "name": self.name})
		if agent != frappe.session.user:
			notifications.notify(self.name, agent, "Assignment")

	@frappe.whitelist()
	def mark_seen(self):
		self.add_viewed(unique_views=True, force=True)
		self.add_seen()
		notifications.clear(ticket=self.name)

	# --- what is said

	def status_from_settings(self, field: str) -> str:
		of_agreement = self.sla and frappe.get_cached_value("HD Service Level Agreement", self.sla, field)
		return of_agreement or frappe.get_cached_doc("HD Settings").get(field)

	@property
	def has_agent_replied(self) -> bool:
		return bool(frappe.db.exists("Communication", {**self.as_reference(), "sent_or_received": "Sent"}))

	def as_reference(self) -> dict:
		return {"reference_doctype": "HD Ticket", "reference_name": str(self.name)}

	def merge_target(self) -> str | None:
		"""Where a chain of merges ends; None where it is broken, or a circle."""
		name, seen = self.merged_with, {self.name}
		while name and name not in seen:
			seen.add(name)
			row = frappe.db.get_value("HD Ticket", name, ["is_merged", "merged_with"], as_dict=True)
			if not row or (row.is_merged and not row.merged_with):
				return None
			if not row.is_merged:
				return name
			name = row.merged_with
		return None

	def on_communication_update(self, communication):
		"""Called by Frappe's Communication: a customer's message reopens, an agent's is the first response."""
		received = communication.sent_or_received == "Received"
		if received and self.is_merged and (target := self.merge_target()):
			communication.db_set("reference_name", target)
			frappe.get_doc("HD Ticket", target).on_communication_update(communication)
			return
		if received:
			again = "ticket_reopen_status" if self.has_agent_replied else "default_ticket_status"
			self.status = self.status_from_settings(again)
			self.last_customer_response = now_datetime()
		elif communication.communication_type == "Automated Message":
			return
		else:
			self.first_responded_on = self.first_responded_on or now_datetime()
			self.last_agent_response = now_datetime()
			settings = frappe.get_cached_doc("HD Settings")
			if settings.auto_update_status:
				self.status = settings.update_status_to
		self.description = self.description or communication.content
		self.save()

	@frappe.whitelist()
	def new_comment(self, content: str):
		"""An internal one: no customer sees it."""
		if not is_agent():
			frappe.throw(_("Only agents comment"), frappe.PermissionError)
		comment = frappe.new_doc("HD Ticket Comment")
		comment.update(
			{"commented_by": frappe.session.user, "content": content, "reference_ticket": self.name}
		)
		comment.save()

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

	@staticmethod
	def default_list_data(show_customer_portal_fields: bool = False) -> dict:
		"""What the ticket list shows until somebody chooses columns, and what it reads."""
		columns = list_columns.FOR_CUSTOMERS if show_customer_portal_fields else list_columns.FOR_AGENTS
		return {"columns": [dict(column) for column in columns], "rows": list(list_columns.READ)}


def contact_of_session() -> str | None:
	user = frappe.session.user
	return frappe.db.get_value("Contact", {"user": user}) or frappe.db.get_value(
		"Contact", {"email_id": frappe.db.get_value("User", user, "email"), "user": ("in", ("", None))}
	)


def update_sla_status_in_ticket():
	"""Each hour: a deadline that passed shows, without a document event, and `modified` stays."""
	for name in frappe.get_all(
		"HD Ticket", {"status_category": "Open", "sla": ("is", "set")}, pluck="name", order_by="name"
	):
		ticket = frappe.get_doc("HD Ticket", name)
		sla = frappe.get_cached_doc("HD Service Level Agreement", ticket.sla)
		status = sla.agreement_status(ticket)
		frappe.db.set_value("HD Ticket", name, "agreement_status", status, update_modified=False)
		frappe.db.commit()
