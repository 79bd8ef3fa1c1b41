"""What steps order on tickets is done: soon after the claim is committed, each in a transaction of its own, exactly once.

Found in the table, so that the next tick does what a process that died has left. The ticket is locked first, then the item, then
the act itself; what another process holds is passed over, and tried again by the next tick. What the act writes carries the act's
own name, and is committed with its state and the history.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import frappe

from escalation_mgmt.dispatch import ticket_acts
from escalation_mgmt.dispatch.evaluation import Snapshot, evaluate_ticket, put_off
from escalation_mgmt.engine import (
	ActionItem,
	Decision,
	Deed,
	Outcome,
	Ticket,
	TicketKey,
	act_done,
	act_failed,
	act_withdrawn,
	ends_itself,
	is_wanted,
	step_of,
)
from escalation_mgmt.storage import action_items, acts, restored, ticket_states
from escalation_mgmt.storage.acts import DeedState, StoredDeed
from escalation_mgmt.utils import clock, fault_points
from escalation_mgmt.utils.error_reports import report_error, report_once
from escalation_mgmt.utils.rows import Conflict

SET = 25  # acts that are done at once, a few seconds' work
_SAVEPOINT = "escalation_act"
_AGAIN = (Conflict, frappe.QueryDeadlockError, frappe.QueryTimeoutError)
"""What stands in the way for a moment only: the next tick tries again."""


def carry_out() -> int:
	"""Do acts that wait, a few of them. Returns how many were settled; 0: nothing is left but what others hold. Ends the caller's
	transaction.
	"""
	frappe.db.rollback()
	settled, after = 0, ""
	while settled < SET and (waiting := acts.queued(SET, after)):
		after = waiting[-1].name
		for deed in waiting:
			settled += _safely(deed)
		frappe.db.rollback()
	return settled


def _safely(deed: StoredDeed) -> bool:
	"""One act in a transaction of its own; what fails for it stops no other (design rule 8)."""
	frappe.db.rollback()
	try:
		with _as_machine():
			settled = _settle(deed)
			fault_points.commit("act")
			if settled and settled.changed:
				_evaluate(settled.key)
		return settled is not None
	except Exception as e:
		frappe.db.rollback()
		if not isinstance(e, _AGAIN):
			report_once(f"Escalation: an act of {deed.action_item} can't be settled")
			frappe.db.commit()
		return False


@contextmanager
def _as_machine() -> Iterator[None]:
	"""Whoever's request or job it is: nobody's rights decide what a plan does."""
	user = frappe.session.user
	if user != "Administrator":
		frappe.set_user("Administrator")
	try:
		yield
	finally:
		if user != "Administrator":
			frappe.set_user(user)


def _evaluate(key: TicketKey) -> None:
	"""What the act changed is news for the ticket's other clocks, by their own rules; its own item follows it already."""
	evaluate_ticket(key)
	frappe.db.commit()


@dataclass(frozen=True, slots=True)
class _Settled:
	key: TicketKey
	changed: bool  # the ticket


def _settle(waiting: StoredDeed) -> _Settled | None:
	"""None: somebody holds something of it, or it is settled by now."""
	now = clock.now()
	found = action_items.read([waiting.action_item])
	key = found[0].key if found else None
	if key and not _lock_ticket(key.doctype, key.name):
		return None
	stored = next(iter(action_items.lock([waiting.action_item], wait=False)), None)
	deed = acts.lock(waiting.name) if stored else None
	if not stored or not deed or not restored.is_sound():
		return None
	snapshot = Snapshot([stored.key], lock=True)
	if snapshot.is_over(stored) and not snapshot.ticket(stored).gone:
		# Looked at again, as before every step (design rule 4): it may have been answered without an event.
		evaluate_ticket(stored.key)
		(stored,) = action_items.lock([stored.item.id])
	snapshot.directory.read([deed.user] if deed.user else ())
	decision, state, changed = _decide(stored, deed, snapshot)
	acts.settle(deed.name, state, now)
	Snapshot([stored.key]).apply([(stored, decision)], now)
	return _Settled(stored.key, changed)


def _lock_ticket(doctype: str, name: str) -> bool:
	"""Whether the ticket is held now; one that is gone needn't be."""
	there = f"select `name` from `tab{doctype}` where `name` = %s"
	if frappe.db.sql(f"{there} for update skip locked", (name,)):
		return True
	return not frappe.db.sql(there, (name,))


def _decide(
	stored: action_items.Stored, waiting: StoredDeed, snapshot: Snapshot
) -> tuple[Decision, DeedState, bool]:
	"""What comes of an act, and whether the ticket is another by it."""
	now, item = clock.now(), stored.item
	deed = _as_ordered(item, waiting)
	ticket = snapshot.ticket(stored)
	if snapshot.is_over(stored) or not is_wanted(item, waiting.step, waiting.user):
		return act_withdrawn(item, deed, now), DeedState.WITHDRAWN, False
	frappe.db.savepoint(_SAVEPOINT)
	try:
		outcome, after = _do(stored, deed, waiting, ticket)
		frappe.db.release_savepoint(_SAVEPOINT)
	except _AGAIN:
		raise
	except ticket_acts.Impossible as e:
		frappe.db.rollback(save_point=_SAVEPOINT)
		if e.unforeseen:
			report_error(f"Escalation: {waiting.act} can't be done to {ticket.doctype} {ticket.name}")
		return act_failed(item, deed, str(e), now), DeedState.FAILED, False
	ticket_states.note_act(ticket, after)
	return act_done(item, deed, ticket, after, outcome, now), DeedState.DONE, after != ticket


def _do(
	stored: action_items.Stored, deed: Deed, waiting: StoredDeed, before: Ticket
) -> tuple[Outcome, Ticket]:
	"""Do it, and read the ticket as it is then. Raises Impossible."""
	with put_off():
		outcome = ticket_acts.do(stored, deed, waiting.name, before)
	after = Snapshot([stored.key], lock=True).ticket(stored)
	if ends_itself(stored.item, before, after):
		raise ticket_acts.would_end_itself()
	return outcome, after


def _as_ordered(item: ActionItem, waiting: StoredDeed) -> Deed:
	"""The act as the frozen plan has it."""
	step = step_of(item.plan, waiting.step, waiting.user)
	return Deed(step, waiting.run, waiting.planned_utc, waiting.user)
