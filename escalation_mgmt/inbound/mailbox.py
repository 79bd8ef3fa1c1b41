"""Where Frappe fetches mail (Email Account, *Enable Incoming*): answers to ours are taken out before it makes documents of the rest."""

import functools
from typing import TYPE_CHECKING

import frappe
from frappe.email.doctype.email_account.email_account import EmailAccount
from frappe.model import base_document

if TYPE_CHECKING:
	from frappe.email.receive import InboundMail

_OF_FRAPPE_15 = "MailboxOfFrappe15"
_PATH = f"{__name__}.{_OF_FRAPPE_15}"


class Mailbox:
	"""What is put before an Email Account's class, whichever app has the class (hooks.py, `extend_doctype_class`)."""

	def receive(self) -> None:
		"""Nobody's mail waits for our answers to others: a mail server that is away takes its time, and this job has an end."""
		from escalation_mgmt.inbound import email_answers  # here: whoever only sends needs none of it

		self.flags.escalation_answers = answers = []
		try:
			super().receive()
		finally:
			email_answers.send(answers)

	def get_inbound_mails(self) -> "list[InboundMail]":
		from escalation_mgmt.inbound import email_answers

		answers = self.flags.setdefault("escalation_answers", [])
		return [mail for mail in super().get_inbound_mails() if not email_answers.take(mail, answers)]


def __getattr__(name: str) -> type[EmailAccount]:
	"""Frappe 15 extends no class, it replaces it, and Helpdesk has replaced this one: ours is put before that of the other apps.

	Which these are, depends on the site. Frappe asks for the class by `getattr`, once for each.
	"""
	if name != _OF_FRAPPE_15:
		raise AttributeError(name)
	replaced = frappe.get_hooks("override_doctype_class") if getattr(frappe.local, "site", None) else {}
	others = [path for path in replaced.get("Email Account", []) if path != _PATH]
	base = frappe.get_attr(others[-1]) if others else EmailAccount
	return base if hasattr(base_document, "_get_extended_class") else _before(base)


@functools.cache
def _before(base: type[EmailAccount]) -> type[EmailAccount]:
	return type(_OF_FRAPPE_15, (Mailbox, base), {"__module__": __name__})
