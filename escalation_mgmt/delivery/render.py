"""Rendering: what an attempt hands to its notifier, in its recipient's language, from what the ticket is now."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import frappe
from frappe import _
from frappe.translate import print_language

from escalation_mgmt import notifiers
from escalation_mgmt.delivery import bundles, messages, tokens
from escalation_mgmt.delivery.attempt import Attempt, ItemFacts, read_items
from escalation_mgmt.delivery.bundles import names
from escalation_mgmt.engine import EventKind, MatchFacts, Plan, Ticket
from escalation_mgmt.facts import plans
from escalation_mgmt.facts.people import Directory, Person
from escalation_mgmt.facts.ticket_pages import TicketPages
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.notifiers.base import Message
from escalation_mgmt.storage import limit_usage, outbox
from escalation_mgmt.storage.addressees import TO_BE_ACKNOWLEDGED
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.error_reports import report_error


def rendered(
	claimed: Sequence[Attempt], directory: Directory
) -> Iterator[tuple[Attempt, Message | None, str]]:
	"""Each attempt, and its message, or what stands in its way."""
	try:
		frozen, tickets = _read(claimed, directory)
		pages = TicketPages(attempt.user for attempt in claimed)
		numbers = _waiting(claimed)
	except Exception as e:
		frappe.db.sql("select 1")  # raises where the database itself is away: no message fails for that
		if len(claimed) == 1:
			yield claimed[0], None, _not_rendered(claimed[0], e)
			return
		for attempt in claimed:  # each by itself, so that one that can't be read stops no other
			yield from rendered([attempt], directory)
		return
	for attempt in claimed:
		try:
			message = _message(attempt, frozen, tickets, pages, directory)
			yield attempt, replace(message, waiting=numbers.get(attempt.user or "", 0)), ""
		except Exception as e:
			yield attempt, None, _not_rendered(attempt, e)


def message_of(name: str) -> Message | None:
	"""A message once more, without its link: what a phone call says when it is answered. Of a bundle, what is
	still to be said."""
	found = outbox.select(
		Attempt, "where `name` = %s or `carried_by` = %s order by `carried_by`, `name`", (name, name)
	)
	read_items(found)
	waiting = [attempt for attempt in found if attempt.is_wanted] or found[:1]
	for attempt in waiting[:1]:
		attempt.carried = waiting[1:]
	return next((message for _attempt, message, _failure in rendered(waiting[:1], Directory())), None)


def _read(claimed: Sequence[Attempt], directory: Directory) -> tuple[dict[str, Plan], Tickets]:
	"""What all of them need, at once: the frozen plans by version, and the tickets; people are kept in `directory`."""
	items = [attempt.item for attempt in claimed if attempt.item]
	frozen = plans.versions({item.plan_version for item in items})
	tickets = Tickets((item.ticket for item in items), only_rows=True)
	directory.read(attempt.user for attempt in claimed if attempt.user)
	return frozen, tickets


def _waiting(claimed: Sequence[Attempt]) -> dict[str, int]:
	"""How many escalations wait for each user, for methods that show it."""
	known = notifiers.classes()
	shown = [attempt for attempt in claimed if (kind := known.get(attempt.method)) and kind.counts_waiting]
	users = {attempt.user for attempt in shown if attempt.user}
	return limit_usage.waiting(shown[0].method, users, clock.now()) if users else {}


def _not_rendered(attempt: Attempt, error: Exception) -> str:
	report_error(f"Escalation: message {attempt.name} can't be rendered")
	return _("The message can't be rendered: {0}").format(str(error)[:300])


def _message(
	attempt: Attempt, frozen: dict[str, Plan], tickets: Tickets, pages: TicketPages, directory: Directory
) -> Message:
	item = attempt.item
	load = partial(tickets.doc, item.ticket)
	view = messages.TicketView(_ticket(tickets, item), load=load, reader=attempt.user, pages=pages)
	plan = frozen[item.plan_version]
	step = plan.steps[attempt.step - 1] if attempt.purpose == Purpose.PAGE else None
	link = tokens.link(attempt.token) if any(map(_asks, attempt.all)) else ""
	known = messages.context(view, plan, step, attempt.recipient, item.name, link)
	with as_read_by(attempt.user, directory) as language:
		if len(attempt.items) > 1:
			known["item"] = attempt.name  # of a phone's notifications it replaces none about one of them
			subject, text = bundles.said(attempt, directory)
		elif step:
			subject, text, attempt.wrong = messages.page(plan, step, known)
			if item.is_called_to_help(attempt.user, attempt.created_utc):
				text = f"{messages.called_to_help(item.acknowledged_by)}\n{text}"
			if attempt.note and not attempt.endpoint:
				text = f"{attempt.note}\n{text}"
		else:
			assignees = names(item.assigned_to(), directory)
			said = messages.notice(attempt.about, known, item.acknowledged_by, assignees, item.comes())
			of_site = attempt.about == EventKind.HELD_BY_RESTORE
			subject, text = said if of_site else (messages.about(plan, known, each) for each in said)
	return Message(
		notification=attempt.name,
		attempt=attempt.attempt_id,
		address=attempt.address,
		subject=subject,
		text=text,
		link=link,
		endpoint=attempt.endpoint or "",
		language=language,
		reply_code=str(attempt.reply_code or ""),
		context=known | {"message": text},
	)


def _asks(attempt: Attempt) -> bool:
	return attempt.purpose == Purpose.PAGE or attempt.about in TO_BE_ACKNOWLEDGED


def _ticket(tickets: Tickets, item: ItemFacts) -> Ticket:
	"""The ticket as it is now; where it can't be read, as the action item remembers it."""
	key = item.ticket
	try:
		found = tickets[key]
	except Exception:
		found = None
	if found and found.exists:
		return found
	known = MatchFacts(priority=item.priority or "")
	return Ticket(doctype=key.doctype, name=key.name, subject=item.ticket_subject or "", facts=known)


@contextmanager
def as_read_by(user: str | None, directory: Directory) -> Iterator[str]:
	"""In the language and the time zone of whom a message goes to. Yields the language; empty where nobody has said it."""
	language, zone = _language_and_zone(user, directory)
	with print_language(language or frappe.local.lang), clock.in_zone(zone):
		yield language


def _language_and_zone(user: str | None, directory: Directory) -> tuple[str, str]:
	"""The language and the time zone of whom it goes to; empty where nobody has said it."""
	person = directory.person(user) if user else None
	return (person.language, person.time_zone) if isinstance(person, Person) else ("", "")
