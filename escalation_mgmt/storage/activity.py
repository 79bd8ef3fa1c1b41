"""The ticket's own activity: what an agent has to know of its escalation stands where they read the ticket.

In Helpdesk that is the list that `log_ticket_activity` writes to, which customers don't see. Elsewhere it would be a comment,
which whoever may read the ticket reads: there nothing is written, and `views.timeline` shows it to whom it concerns. Written
as rows in sets, because the dispatcher writes a line for every step; and never in the way of the step itself.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import now_datetime

from escalation_mgmt.engine import CancelReason, Event, TicketKey
from escalation_mgmt.facts import sources
from escalation_mgmt.storage import history, wording
from escalation_mgmt.storage.deeds import NOTED, deed
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.error_reports import report_error

LONGEST = 140  # characters that Helpdesk's column holds

Line = tuple[str, int, dict[str, Any]]
"""Of history, as it is put into words: kind, step, data."""


def note(happened: Iterable[tuple[TicketKey, Event, str]]) -> None:
	"""Write the important ones of these events, [(ticket, event, its name in the history)], into their tickets' activity.

	A line has the name of its event: who is erased is erased from both. Its owner is who did it, because that is whom Helpdesk
	names before it; what nobody did by hand is the app's own.

	What stands in the way is reported, and the caller goes on; only what has undone the caller's transaction as well is
	passed on: a deadlock, and, where the database is set so, a lock that was waited for too long.
	"""
	noted = [each for each in happened if each[1].kind in NOTED and not _of_the_gone(each[1])]
	if not noted:
		return
	try:
		with print_language(frappe.db.get_default("lang") or "en"):  # read by many, so in the site's language
			_write(noted)
	except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
		raise
	except Exception:  # a statement that fails leaves nothing behind, so there is nothing to be undone
		report_error("Escalation: the tickets' activity can't be written")


def _of_the_gone(event: Event) -> bool:
	return event.data.get("reason") == CancelReason.TICKET_DELETED


def _write(noted: list[tuple[TicketKey, Event, str]]) -> None:
	logs: dict[str, list[dict[str, Any]]] = {}
	now = now_datetime()
	for n, (key, event, name) in enumerate(noted):
		data = history.data_of(event)
		text = deed(event.kind, event.step, data)
		# Both lists are sorted by their rows' creation alone.
		row = {"name": name, "creation": now + timedelta(microseconds=n)}
		row |= rows.owned_by(history.who_did_it(data))
		if log := log_of(key.doctype):
			logs.setdefault(log.doctype, []).append(row | {log.ticket: key.name, log.text: text[:LONGEST]})
	for doctype, lines in logs.items():
		rows.insert_all(doctype, lines)


def rewrite(key: TicketKey, name: str, before: Line, after: Line) -> None:
	"""A line of history says something else now, because a person was erased: so does what stands in the ticket's activity.

	It is found by its event's `name`, or, as it was written before lines had it, by its whole text. Its owner has followed
	already where Frappe has renamed the user.
	"""
	log = log_of(key.doctype)
	if not log:
		return
	with print_language(frappe.db.get_default("lang") or "en"):
		was, now = _sentence(*before), _sentence(*after)
		said = deed(*after)[:LONGEST]
	# Of whom a line says it, it says what they did; before lines had an owner of their own, they were whole sentences.
	owner = rows.owned_by(history.who_did_it(after[2]))["owner"]
	_write_where(log, {log.ticket: key.name, log.text: was}, now)
	_write_where(log, {"name": name}, now)
	_write_where(log, {"name": name, "owner": owner}, said)


def _write_where(log: sources.ActivityLog, where: dict[str, str], text: str) -> None:
	asked = " and ".join(f"`{column}` = %s" for column in where)
	frappe.db.sql(f"update `tab{log.doctype}` set `{log.text}` = %s where {asked}", (text, *where.values()))


def _sentence(kind: str, step: int, data: dict[str, Any]) -> str:
	return _("Escalation: {0}").format(wording.in_words(kind, step, data))[:LONGEST]


def log_of(doctype: str) -> sources.ActivityLog | None:
	"""Where the activity of a DocType's tickets stands; None: nowhere but in our own history."""
	with suppress(frappe.ValidationError):
		log = sources.source(doctype).activity
		return log if log and frappe.db.table_exists(log.doctype) else None
	return None
