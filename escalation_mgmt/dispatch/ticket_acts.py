"""How each act is done to a ticket: by Frappe's and Helpdesk's own means, so that forms, lists and rules see it as any change."""

import inspect
from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import escape_html, strip_html, validate_email_address

from escalation_mgmt.delivery import messages
from escalation_mgmt.dispatch.assigning import assign
from escalation_mgmt.engine import Act, Deed, Outcome, Ticket
from escalation_mgmt.facts import acts, field_types, people, sources, stored_names
from escalation_mgmt.storage.action_items import Stored
from escalation_mgmt.utils.masking import masked
from escalation_mgmt.utils.templating import render

MACHINE_MAIL = {"X-Auto-Generated": "escalation"}
"""By which Helpdesk and other mail programs tell that no person wrote it, and answer nothing by themselves."""


class Impossible(Exception):
	"""The act can't be done, in words that say what to do. `unforeseen`: by what only an Error Log explains."""

	def __init__(self, words: str, *, unforeseen: bool = False) -> None:
		super().__init__(words)
		self.unforeseen = unforeseen


def would_end_itself() -> Impossible:
	return Impossible(
		_(
			"It would have ended this escalation by its plan's own stop rules. Change the step, or what stops the plan."
		)
	)


def do(stored: Stored, deed: Deed, name: str, before: Ticket) -> Outcome:
	"""Do an act to the ticket, which the caller holds; what is written of it has that `name`. Raises Impossible.

	A deadlock or a lock time-out is passed on: the database has undone everything.
	"""
	act = deed.step.act
	assert act  # else it wouldn't have been ordered
	if why := acts.refusal(before.doctype, act, deed.step.value):
		raise Impossible(why)
	try:
		return _DO[act](stored, deed, name, before)
	except (Impossible, frappe.QueryDeadlockError, frappe.QueryTimeoutError):
		raise
	except Exception as e:
		frappe.db.sql("select 1")  # raises where the database itself is away: nothing fails for that
		raise Impossible(masked(_in_words(e)), unforeseen=not isinstance(e, frappe.ValidationError)) from e
	finally:
		frappe.clear_messages()  # said on nobody's screen


def _in_words(error: Exception) -> str:
	said = strip_html(str(error)).strip()[:300]
	return said or type(error).__name__


def _assign(stored: Stored, deed: Deed, _name: str, _before: Ticket) -> Outcome:
	if why := acts.unassignable(deed.user):
		raise Impossible(why)
	called = dict(people.names([deed.user])).get(deed.user, deed.user)
	return Outcome(to=called, unchanged=not assign(stored.key, deed.user))


def _raise(_stored: Stored, deed: Deed, _name: str, before: Ticket) -> Outcome:
	"""Never lowered: of two whose order nobody knows, neither is raised to the other."""
	has, wanted = before.facts, deed.step.value
	level = sources.level(before.doctype, wanted)
	if has.priority and not has.level:
		raise Impossible(_("Nobody knows whether {0} is less urgent than {1}.").format(has.priority, wanted))
	return _set(deed, before, unless=level <= has.level)


def _set_field(_stored: Stored, deed: Deed, _name: str, before: Ticket) -> Outcome:
	fact = acts.FACT[deed.step.act]
	has = before.status if fact == "status" else getattr(before.facts, fact)
	return _set(deed, before, unless=has == deed.step.value)


def _set(deed: Deed, before: Ticket, *, unless: bool) -> Outcome:
	act = deed.step.act
	fact = acts.FACT[act]
	had = before.status if fact == "status" else getattr(before.facts, fact)
	wanted = stored_names.canonical(before.doctype, fact, deed.step.value)
	if not unless:
		doc = frappe.get_doc(before.doctype, before.name, for_update=True)
		name = acts.field_of(before.doctype, act)
		doc.set(name, field_types.as_value(doc.meta.get_field(name), wanted))
		# What the ticket lacked before is no reason not to change this; whoever wrote the plan had the right to.
		doc.flags.ignore_permissions = doc.flags.ignore_mandatory = True
		doc.save()
	return Outcome(before=had, value=wanted, unchanged=unless)


def _comment(stored: Stored, deed: Deed, name: str, before: Ticket) -> Outcome:
	"""Where agents write to each other, which no customer reads."""
	where = sources.source(before.doctype).comments
	html = _html(_text(stored, deed, before))
	if where and frappe.db.exists("DocType", where.doctype):
		doc = frappe.new_doc(where.doctype)
		doc.update({where.ticket: before.name, where.text: html, where.by: frappe.session.user})
	else:
		doc = frappe.new_doc("Comment")
		doc.update(
			{
				"comment_type": "Comment",
				"reference_doctype": before.doctype,
				"reference_name": before.name,
				"content": html,
				"comment_email": frappe.session.user,
				"comment_by": "Escalation",
			}
		)
	if frappe.db.exists(doc.doctype, name):
		return Outcome(unchanged=True)
	doc.insert(ignore_permissions=True, set_name=name)
	return Outcome()


def _tell_customer(stored: Stored, deed: Deed, name: str, before: Ticket) -> Outcome:
	"""A message that answers no clock: of the type that Helpdesk doesn't take for an agent's, and past the document events by which
	other DocTypes take whatever was sent for an answer.
	"""
	if frappe.db.exists("Communication", name):
		return Outcome(unchanged=True)
	doc = frappe.get_doc(before.doctype, before.name)
	to = doc.get(sources.customer_field(before.doctype)) or ""
	if not validate_email_address(to):
		raise Impossible(_("The ticket doesn't say by which email address its customer can be reached."))
	mails = sources.mails_customers(before.doctype)
	account = sources.outgoing_account(doc) if mails else None
	html = _html(_text(stored, deed, before, customer=to))
	said = frappe.new_doc("Communication")
	said.update(
		{
			"communication_type": "Automated Message",
			"communication_medium": "Email" if mails else "",
			"sent_or_received": "Sent",
			"subject": f"Re: {before.subject}",
			"content": html,
			"recipients": to,
			"sender": account.email_id if account else "",
			"email_account": account.name if account else None,
			"reference_doctype": before.doctype,
			"reference_name": before.name,
		}
	)
	said.set_user_and_timestamp()
	said.validate()
	said.set_new_name(set_name=name)
	said.set_parent_in_children()
	said.db_insert()
	for row in said.get_all_children():
		row.db_insert()
	said.notify_change("add")
	if mails:
		_mail(said, account, before, to)
	return Outcome()


def _mail(said: Any, account: Any, before: Ticket, to: str) -> None:
	"""Into Frappe's own queue, in this transaction; sent when it is emptied."""
	last = frappe.get_all(
		"Communication",
		filters={
			"reference_doctype": before.doctype,
			"reference_name": before.name,
			"message_id": ("is", "set"),
			"name": ("!=", said.name),
		},
		pluck="name",
		order_by="creation desc",
		limit=1,
	)
	frappe.sendmail(
		recipients=[to],
		sender=account.email_id if account else "",
		reply_to=account.email_id if account else None,
		subject=said.subject,
		message=said.content,
		reference_doctype=before.doctype,
		reference_name=before.name,
		communication=said.name,
		in_reply_to=last[0] if last else None,
		expose_recipients="header",
		with_container=False,
		delayed=True,
		**_headers(),
	)


def _headers() -> dict[str, Any]:
	"""Frappe 15 learned to take headers of an email late."""
	takes = "email_headers" in inspect.signature(frappe.sendmail).parameters
	return {"email_headers": MACHINE_MAIL} if takes else {}


def _text(stored: Stored, deed: Deed, ticket: Ticket, customer: str = "") -> str:
	"""The step's template, filled; without a link, for nobody acknowledges by it."""
	plan, step = stored.item.plan, deed.step
	reader = customer and frappe.db.get_value("User", {"email": customer}, "name")
	view = messages.TicketView(
		ticket, load=lambda: frappe.get_doc(ticket.doctype, ticket.name), reader=reader or None
	)
	known = messages.context(view, plan, step, "", stored.item.id, "")
	try:
		with print_language(frappe.db.get_default("lang") or "en"):  # read by many, or by whom nobody knows
			text = render(step.message, known).strip()
	except Exception as e:
		raise Impossible(_("The step's message can't be rendered: {0}").format(_in_words(e))) from e
	if not text:
		raise Impossible(_("The step's message says nothing. Write one."))
	return text


def _html(text: str) -> str:
	return "<p>" + escape_html(text).replace("\n", "<br>") + "</p>"


_DO: dict[Act, Callable[[Stored, Deed, str, Ticket], Outcome]] = {
	Act.ASSIGN: _assign,
	Act.RAISE: _raise,
	Act.SET_TEAM: _set_field,
	Act.SET_STATUS: _set_field,
	Act.COMMENT: _comment,
	Act.TELL_CUSTOMER: _tell_customer,
}
