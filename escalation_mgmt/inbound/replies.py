"""Incoming SMS: a code acknowledges, with a word beside it passes on, STOP and START are kept, strangers are ignored."""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language

from escalation_mgmt.actions.from_message import What, do
from escalation_mgmt.engine import NAMED_IN_BUNDLE
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.inbound import reply_text
from escalation_mgmt.notifiers.twilio import phone_numbers
from escalation_mgmt.storage import action_items, addressees, outbox
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import rate_limit
from escalation_mgmt.utils.doctypes import CONTACT, ITEM, NOTIFICATION, NOTIFICATION_SECRET

VIA = "SMS"
MOST_READ = 2000  # SMS to a number, the newest: a bundle may be of hundreds
ANSWERS_PER_HOUR = 30  # to one phone; a machine that answers our answers would go on for ever


def take(sender: str, body: str, opt_out: str = "", providers: frozenset[str] = frozenset()) -> str:
	"""Do what an SMS asks for; returns what to answer, or "" for no answer at all. The caller commits.

	`opt_out` is what Twilio made of it (OptOutType), where it says so. `providers`: those that it may be of; it answers what
	went by one of them.
	"""
	try:
		number = phone_numbers.normalised(sender)
	except ValueError:
		return ""  # no phone: a short code, a name
	contacts = frappe.get_all(
		CONTACT, filters={"mobile_no": number}, fields=["name", "user", "sms_stopped"], order_by="name"
	)
	word = opt_out.upper() or reply_text.word(body)
	if _opts(word, contacts):
		return ""  # Twilio answers these itself
	sent = [row for row in _sent_to(number) if outbox.went_by(row) & providers]
	here = {
		user for user in {row.user for row in (*sent, *contacts)} if not user or addressees.is_enabled(user)
	}
	pages = _pages([row for row in sent if row.user in here])
	contacts = [contact for contact in contacts if contact.user in here]
	if not contacts and not pages:
		return ""  # whoever has left is a stranger
	with print_language(_language(pages, contacts) or frappe.local.lang):
		answer = _answer(body, pages, asks_for_help=word in reply_text.HELP)
	# What it asked for is done all the same: only the answer is left out.
	return answer if rate_limit.within("sms_answer", number, ANSWERS_PER_HOUR, 3600) else ""


def _opts(word: str, contacts: list[Any]) -> bool:
	"""Whether it says that no more SMS are wanted, or that they are again; that is kept with the contacts."""
	stopped = any(contact.sms_stopped for contact in contacts)
	stop = word in reply_text.STOP
	if not (stop or word in reply_text.START or (stopped and word in reply_text.START_AFTER_STOP)):
		return False
	for contact in contacts:
		frappe.db.set_value(CONTACT, contact.name, "sms_stopped", int(stop))
	return True


def _answer(body: str, pages: list[Any], *, asks_for_help: bool) -> str:
	open_pages = [page for page in pages if _waits(page)]
	if asks_for_help:
		return _what_is_open(open_pages)
	wanted = reply_text.read(body)
	if not wanted:
		return _("This wasn't understood.") + " " + _what_is_open(open_pages)
	if wanted.code is None:
		if len({page.message for page in open_pages}) != 1:
			return _what_is_open(open_pages)
		meant = open_pages
	else:
		meant = _by_code(pages, wanted.code)
		if not meant:
			return _("There is no code {0}.").format(wanted.code) + " " + _what_is_open(open_pages)
	what = What.PASS_ON if wanted.passes_on else What.ACKNOWLEDGE
	words = do(what, meant, VIA).message
	return words if len(meant) > 1 else _("Ticket {0}: {1}").format(meant[0].ticket, words)


def _by_code(pages: list[Any], code: int) -> list[Any]:
	"""The pages that a code stands for: those of one message, and of these what is open first, for a code may have been that of
	something older.
	"""
	of_code = [page for page in pages if code in page.codes]
	found = next(filter(_waits, of_code), None) or next(iter(of_code), None)
	return [page for page in of_code if page.codes[code] == found.codes[code]] if found else []


def _what_is_open(pages: list[Any]) -> str:
	if not pages:
		return _("Nothing waits for you.")
	of_codes: dict[int, list[str]] = {}
	for page in pages:
		of_codes.setdefault(page.reply_code, []).append(page.ticket)
	waiting = ", ".join(_one_code(code, tickets) for code, tickets in of_codes.items())
	return _("To acknowledge, reply {0}.").format(waiting)


def _one_code(code: int, tickets: list[str]) -> str:
	if len(tickets) == 1:
		return _("{0} for ticket {1}").format(code, tickets[0])
	if len(tickets) <= NAMED_IN_BUNDLE:
		return _("{0} for tickets {1}").format(code, ", ".join(tickets))
	return _("{0} for tickets {1} and {2} more").format(
		code, ", ".join(tickets[:NAMED_IN_BUNDLE]), len(tickets) - NAMED_IN_BUNDLE
	)


def _sent_to(number: str) -> list[Any]:
	"""The SMS to a number that carried a code, the newest first; of those that one message was, whom it went to first."""
	found = frappe.db.sql(
		"select n.`name`, n.`action_item`, n.`recipient`, n.`user`, s.`address`, s.`reply_code`, i.`status`,"
		" i.`acks`, i.`reminded`, i.`acknowledged_user`, i.`acknowledged_by`, i.`reference_name` as ticket,"
		" coalesce(n.`bundle`, n.`carried_by`, n.`name`) as message, n.`provider`, n.`earlier_provider`,"
		f" {', '.join(f'n.`{column}`' for column in outbox.NEXT)}"
		f" from `tab{NOTIFICATION_SECRET}` s join `tab{NOTIFICATION}` n on n.`name` = s.`name`"
		f" join `tab{ITEM}` i on i.`name` = n.`action_item`"
		" where s.`address` = %s and n.`purpose` = %s and s.`reply_code` > 0"
		f" order by s.`name` desc limit {MOST_READ}",
		(number, Purpose.PAGE),
		as_dict=True,
	)
	found.sort(key=lambda row: row.name)
	return sorted(found, key=lambda row: row.message, reverse=True)  # of equals the order stays


def _pages(sent: list[Any]) -> list[Any]:
	"""Of each action item the SMS that a reply is to: the newest of somebody who is still waited for, or else the newest.

	Where one SMS was for several people, nobody can tell which of them replies; the others stand in `shared`. In `codes` stand the
	codes that acknowledge it, each with the message that it came with: one of its own, and those of bundles that it was in.
	"""
	of_items: dict[str, list[Any]] = {}
	for row in sent:
		of_items.setdefault(row.action_item, []).append(row)
	pages = []
	for rows in of_items.values():
		page = next(filter(_waits, rows), rows[0])
		together = {row.user or row.recipient: row for row in rows if row.message == page.message}
		page.shared = tuple((row.user or "", row.recipient) for row in together.values() if row is not page)
		page.codes = {}
		for row in rows:
			page.codes.setdefault(row.reply_code, row.message)
		pages.append(page)
	return pages


def _waits(page: Any) -> bool:
	return action_items.waits_for(page, page.user or "", page.recipient)


def _language(pages: list[Any], contacts: list[Any]) -> str:
	users = [page.user for page in pages if page.user] or [contact.user for contact in contacts]
	person = Directory().person(users[0]) if users else None
	return getattr(person, "language", "")
