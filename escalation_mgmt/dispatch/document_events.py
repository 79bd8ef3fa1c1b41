"""Document events: a ticket was saved, assigned, answered or deleted.

Saving a ticket never fails because of us (design rule 8): our part runs in a savepoint, and the sweep repairs
what it missed.
"""

from typing import Any

import frappe

from escalation_mgmt.dispatch import evaluation
from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import plans
from escalation_mgmt.storage import bell
from escalation_mgmt.utils import rows, together
from escalation_mgmt.utils.error_reports import report_error


def ticket_saved(doc: Any, method: str | None = None) -> None:
	"""For every DocType: leaves at once unless an enabled plan names it, and the save (or cancelling) changed what
	decides.
	"""
	compared_by = _watched(doc.doctype)
	if not compared_by:
		return
	before = doc.get_doc_before_save()
	# One that is older than a plan may be due after that was enabled, and wait for the sweep: it needn't any longer.
	young = before is not None and str(doc.creation) > compared_by["since"]
	comparable = young and not compared_by["conditional"]
	if comparable and all(before.get(field) == doc.get(field) for field in compared_by["fields"]):
		return
	_evaluate(TicketKey(doc.doctype, str(doc.name)), before=before, logged=before is None)


def ticket_gone(doc: Any, method: str | None = None) -> None:
	"""It was deleted, or a draft was discarded, which Frappe doesn't save."""
	if _watched(doc.doctype):
		_evaluate(TicketKey(doc.doctype, str(doc.name)), deleted=method == "after_delete")


def todo_changed(doc: Any, method: str | None = None) -> None:
	"""Frappe writes a ticket's assignees past its document events, so the ToDo is the event."""
	if doc.reference_type and doc.reference_name and _watched(doc.reference_type):
		_evaluate(TicketKey(doc.reference_type, str(doc.reference_name)))


def communication_changed(doc: Any, method: str | None = None) -> None:
	"""A reply often leaves the ticket as it is, so the Communication is the event."""
	if doc.reference_doctype and doc.reference_name and _watched(doc.reference_doctype):
		_evaluate(TicketKey(doc.reference_doctype, str(doc.reference_name)))


def _watched(doctype: str) -> dict[str, Any] | None:
	"""How a ticket's save is compared; None where its DocType isn't ours to watch, or the site is at work on itself."""
	flags = frappe.flags
	if flags.in_install or flags.in_uninstall or flags.in_migrate or flags.in_patch:
		return None
	if flags.escalation_evaluation_put_off:
		return None
	try:
		return plans.watched().get(doctype)
	except Exception:
		if doctype != "Error Log":  # which is saved for the report
			report_error("Escalation: the plans' DocTypes can't be read")
		return None


def _evaluate(key: TicketKey, before: Any = None, *, logged: bool = False, deleted: bool = False) -> None:
	frappe.db.savepoint("escalation_mgmt")
	try:
		try:
			evaluation.evaluate_ticket(key, before=before, logged=logged, as_one=True)
		except together.NotTogether:
			frappe.db.rollback(save_point="escalation_mgmt")
			evaluation.evaluate_ticket(key, before=before, logged=logged)
		if deleted:  # of items that ended long ago, too, the lines lead nowhere now
			bell.renew_soon(bell.of_tickets(key.doctype, key.name))
		# MariaDB keeps one savepoint of a name, and lets go of it with the transaction.
		if frappe.db.db_type != "mariadb":
			frappe.db.release_savepoint("escalation_mgmt")
	except frappe.QueryDeadlockError:
		raise  # the database has undone the whole transaction, not only our part: the save has to be told
	except Exception as e:
		frappe.db.rollback(save_point="escalation_mgmt")
		if not isinstance(e, rows.Conflict):  # somebody else evaluated it at the same moment
			report_error(f"Escalation: {key.doctype} {key.name} can't be evaluated")
