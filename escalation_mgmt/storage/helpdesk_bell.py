"""Helpdesk's own notifications: of what happens here they know one thing, that a ticket was assigned to somebody.

Its page has fixed sentences for its three types. *Assignment* is true of a hand-over; *Mention* and *Reaction* ("has reopened
the ticket", whatever else the row says, on a phone) would be false of a page or a notice: of those nothing is written.
"""

import frappe

from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import sources
from escalation_mgmt.utils.error_reports import report_error

_SAVEPOINT = "escalation_helpdesk_bell"


def ticket_assigned(key: TicketKey, user: str) -> None:
	"""Let Helpdesk tell an agent that the present user has assigned them a ticket, by its own method, as it does for those who
	are assigned through its API. Never in the way of the assignment; a deadlock alone is passed on.
	"""
	if not sources.pages_of(key.doctype) or user == frappe.session.user or user not in sources.agents([user]):
		return
	frappe.db.savepoint(_SAVEPOINT)
	try:
		ticket = frappe.get_doc(key.doctype, key.name)
		if hasattr(ticket, "notify_agent"):
			ticket.notify_agent(user, "Assignment")
		frappe.db.release_savepoint(_SAVEPOINT)
	except frappe.QueryDeadlockError:
		raise
	except Exception:
		frappe.db.rollback(save_point=_SAVEPOINT)
		report_error("Escalation: Helpdesk's notification of an assignment can't be written")
