"""The sweep: compares facts, because events alone are never trusted (design rule 4).

It follows running items whose tickets changed without an event, opens items for tickets that no event
announced, starts again what waits for somebody who can be reached, and repairs what lists of tickets show.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any

import frappe
import redis

from escalation_mgmt.dispatch import missed
from escalation_mgmt.dispatch.evaluation import Snapshot, end_exhausted, evaluate_ticket, lock_ticket
from escalation_mgmt.engine import (
	Decision,
	TicketKey,
	can_reach,
	start_again,
)
from escalation_mgmt.facts import plans, sources
from escalation_mgmt.storage import action_items, restored, ticket_list, ticket_states
from escalation_mgmt.utils import clock, fault_points, rows
from escalation_mgmt.utils.error_reports import report_once

BATCH = 150
"""Small, because due steps wait for the end of a batch; and of 200 names or more MariaDB no longer looks how many rows they have
(`eq_range_index_dive_limit`), but guesses, and reads the whole table where its statistics are old."""
EXHAUSTED = 2000  # exhausted items that one sweep looks at
SHOWN = 4  # parts of what lists show of exhausted items that one sweep compares
_LOOKED_AT = "escalation_exhausted_looked_at"
_COMPARED = "escalation_list_compared"


def sweep() -> None:
	"""Look at everything once. Ends the caller's transaction."""
	for _batch in in_batches():
		pass


def in_batches() -> Iterator[None]:
	"""The sweep, handing back after every batch, so that a dispatcher can run what is due in between.

	Ends the caller's transaction. What fails for one batch is reported, and the others are looked at.
	"""
	frappe.db.rollback()
	if not restored.may_send(clock.now()):
		return
	watched = sorted(plans.refresh_watched())
	whole = [doctype for doctype in watched if not _lost(doctype)]
	for doctype in whole:
		yield from _compare(doctype)
	after = ""
	while batch := action_items.names_of_running(after, BATCH):
		after = batch[-1][0]
		_follow_batch(batch)
		yield
	for doctype in whole:
		yield from _find_missed(doctype)
	yield from _end_exhausted()
	for doctype in ticket_list.doctypes():
		yield from _repair_list(doctype)


def _lost(doctype: str) -> bool:
	"""Whether a field that decides is gone; one that can't be read at all is reported when it is compared."""
	return sources.is_source(doctype) and bool(sources.source(doctype).lost)


def _compare(doctype: str) -> Iterator[None]:
	"""Before anything is followed: an answer that is found afterwards came after a raise that is found now."""
	try:
		since = plans.first_enabled(doctype)
		if since and not ticket_states.has_begun(doctype):
			ticket_states.begin(doctype)
			frappe.db.commit()
		for part in ticket_states.parts(doctype) if since else ():
			_safely(f"some of {doctype} can't be compared", partial(part, since, clock.now()))
			yield
	except Exception:
		frappe.db.rollback()
		report_once(f"Escalation: what {doctype} was can't be compared")
		frappe.db.commit()


def _follow_batch(batch: list[tuple[str, TicketKey]]) -> None:
	names = [name for name, _key in batch]
	try:
		snapshot = Snapshot([key for _name, key in batch])
		now = clock.now()
		moved = [stored.item.id for stored in action_items.read(names) if _next(stored, snapshot, now)]
	except Exception:
		moved = names  # one of them can't be read: each by itself, so that it stops no other
	for name in moved:
		_safely(f"{name} can't be followed", lambda name=name: _follow(name))
	frappe.db.commit()  # what was reported: nothing else was written since


def _follow(name: str) -> None:
	"""Look again under a lock, and write."""
	now = clock.now()
	for stored in action_items.lock([name], wait=False):
		snapshot = Snapshot([stored.key])
		if decision := _next(stored, snapshot, now):
			snapshot.apply([(stored, decision)], now)


def _next(stored: action_items.Stored, snapshot: Snapshot, now: Any) -> Decision | None:
	if decision := snapshot.evaluate(stored, now):
		return decision
	if not stored.item.stalled:
		return None
	context = snapshot.context(stored, snapshot.ticket(stored), now)
	return start_again(stored.item, "reachable", now) if can_reach(stored.item, context) else None


def _find_missed(doctype: str) -> Iterator[None]:
	"""Open items for tickets that want one and have none running: those that a plan may take."""
	try:
		for page in missed.pages(list(plans.enabled(doctype).values()), BATCH):
			_safely(f"some of {doctype} can't be swept", partial(_open_where_wanted, page))
			yield
	except Exception:
		frappe.db.rollback()
		report_once(f"Escalation: the tickets of {doctype} can't be swept")
		frappe.db.commit()


def _open_where_wanted(page: missed.Page) -> None:
	enabled = plans.enabled(page.doctype)
	wanted = [key for of in page.of for key in missed.wanting(page, of, enabled)]
	for key in dict.fromkeys(wanted):
		_safely(
			f"{page.doctype} {key.name} can't be evaluated", partial(_open, TicketKey(page.doctype, key.name))
		)


def _open(key: TicketKey) -> None:
	lock_ticket(key)
	evaluate_ticket(key)


def _end_exhausted() -> Iterator[None]:
	"""An exhausted item follows its ticket no more, and somebody may have answered without an event. There may be many, of
	years: so many are looked at in one sweep, and the next goes on from there.
	"""
	after = _remembered(_LOOKED_AT)
	for _batch in range(EXHAUSTED // BATCH):
		names = action_items.names_of_exhausted(after, BATCH)
		if not names:
			after = ""
			break
		after = names[-1]
		_safely("some exhausted escalations can't be followed", partial(_end_those, names))
		yield
	_remember(_LOOKED_AT, after)


def _end_those(names: list[str]) -> None:
	stored = action_items.read(names)
	end_exhausted(stored, Snapshot([each.key for each in stored]))


def _remembered(key: str) -> str:
	with suppress(redis.exceptions.RedisError, OSError):
		return frappe.cache.get_value(key, expires=True) or ""
	return ""


def _remember(key: str, after: str) -> None:
	with suppress(redis.exceptions.RedisError, OSError):
		frappe.cache.set_value(key, after, expires_in_sec=3600)


def _repair_list(doctype: str) -> Iterator[None]:
	"""What lists of tickets show is written after each step, but not where a row was held, a process died, or somebody else
	wrote.
	"""
	frappe.db.rollback()
	try:
		for names in chain(ticket_list.differing(doctype), _differing_exhausted(doctype)):
			for start in range(0, len(names), BATCH):
				ticket_list.write({doctype: names[start : start + BATCH]})
				yield
			yield
			frappe.db.rollback()
	except Exception:
		frappe.db.rollback()
		report_once(f"Escalation: what lists of {doctype} show can't be compared")
		frappe.db.commit()


def _differing_exhausted(doctype: str) -> Iterator[list[str]]:
	"""So much of it in one sweep; the next goes on from there."""
	for number, part in enumerate((ticket_list.differing_exhausted, ticket_list.showing_exhausted)):
		key = f"{_COMPARED} {number} {doctype}"
		after = _remembered(key)
		for _turn in range(SHOWN):
			names, after = part(doctype, after)
			yield names
			if not after:
				break
		_remember(key, after)


def _safely(what: str, do: Callable[[], None]) -> None:
	"""One ticket in a transaction of its own; what fails for it stops no other (design rule 8)."""
	frappe.db.rollback()
	try:
		do()
		fault_points.commit("sweep")
	except Exception as e:
		frappe.db.rollback()
		if not isinstance(e, rows.Conflict):
			report_once(f"Escalation: {what}")
			frappe.db.commit()
