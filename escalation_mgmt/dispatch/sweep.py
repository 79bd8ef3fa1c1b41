"""The sweep: compares facts, because events alone are never trusted (design rule 4).

It follows running items whose tickets changed without an event, opens items for tickets that no event
announced, starts again what waits for somebody who can be reached, and repairs what lists of tickets show.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import frappe
import redis

from escalation_mgmt.dispatch.evaluation import Snapshot, end_exhausted, evaluate_ticket, lock_ticket
from escalation_mgmt.engine import (
	Clock,
	Decision,
	MatchFacts,
	Opening,
	Plan,
	TicketKey,
	can_reach,
	settled,
	start_again,
	winner,
)
from escalation_mgmt.facts import conditions, plans, sources, tickets
from escalation_mgmt.storage import action_items, ticket_list, ticket_states
from escalation_mgmt.utils import clock, fault_points, installation, rows
from escalation_mgmt.utils.error_reports import report_once

BATCH = 200  # small, because due steps wait for the end of a batch
EXHAUSTED = 2000  # exhausted items that one sweep looks at
_LOOKED_AT = "escalation_exhausted_looked_at"


def sweep() -> None:
	"""Look at everything once. Ends the caller's transaction."""
	for _batch in in_batches():
		pass


def in_batches() -> Iterator[None]:
	"""The sweep, handing back after every batch, so that a dispatcher can run what is due in between.

	Ends the caller's transaction. What fails for one batch is reported, and the others are looked at.
	"""
	frappe.db.rollback()
	if not installation.is_live():
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
	for plan in _enabled(doctype):
		try:
			for page in pages(plan):
				open_wanted = partial(_open_where_wanted, plan, page, plans.enabled(doctype))
				_safely(f"some of {doctype} can't be swept", open_wanted)
				yield
		except Exception:
			frappe.db.rollback()
			report_once(f"Escalation: the tickets of plan {plan.name} can't be swept")
			frappe.db.commit()


def _enabled(doctype: str) -> list[Plan]:
	try:
		return list(plans.enabled(doctype).values())
	except Exception:
		frappe.db.rollback()
		report_once(f"Escalation: the plans for {doctype} can't be read")
		frappe.db.commit()
		return []


def pages(plan: Plan, limit: int = BATCH) -> Iterator[dict[TicketKey, MatchFacts]]:
	"""The tickets that it may take, page by page: logged or due since it was enabled; raised or opened again since; or, where it
	guards the next response, all that aren't resolved, for the customer of any of them may have written since.
	"""
	since, takes = plan.enabled_since, plan.takes
	if plan.clock is Clock.NEXT_RESPONSE:
		yield from tickets.unresolved_since(None, takes, limit)
		return
	yield from tickets.unresolved_since(since, takes, limit, clock_of=plan.clock)
	for names in ticket_states.touched(takes.doctype, since, limit) if since else ():
		yield from tickets.unresolved_since(None, takes, limit, names=names)


def _open_where_wanted(plan: Plan, page: dict[TicketKey, MatchFacts], enabled: dict[str, Plan]) -> None:
	doctype = plan.takes.doctype
	for key in wanting(plan, page, enabled):
		_safely(f"{doctype} {key.name} can't be evaluated", partial(_open, TicketKey(doctype, key.name)))


def wanting(
	plan: Plan, page: dict[TicketKey, MatchFacts], enabled: dict[str, Plan]
) -> dict[TicketKey, Opening | None]:
	"""Those of these tickets for which an item should be opened for the plan's clock, by whichever plan, and which; None: that
	can't be told for all at once.
	"""
	of, doctype = plan.clock, plan.takes.doctype
	running, pasts = action_items.with_running_item(page, of), action_items.pasts(page)
	states, now = ticket_states.read(page), clock.now()
	past = {key: pasts[key, of] for key in page if (key, of) in pasts}
	keys = [
		key
		for key, facts in page.items()
		if key not in running and not (key in past and settled(past[key], facts, states.get(key), clock=of))
	]
	if of is Clock.NEXT_RESPONSE:
		waiting = tickets.awaiting_reply(doctype, [key.name for key in keys])
		keys = [key for key in keys if key.name in waiting]
	enabled = {version: other for version, other in enabled.items() if other.clock is of}
	keys = _taken(doctype, {key: page[key] for key in keys}, enabled)
	snapshot = Snapshot(keys)
	wanted: dict[TicketKey, Opening | None] = {}
	for key in keys:
		try:
			opening = snapshot.opening(key, enabled, now, clock=of, past=past.get(key), known=states.get(key))
		except Exception:
			wanted[key] = None  # evaluated by itself, which says what is wrong with it
		else:
			if opening:
				wanted[key] = opening
	return wanted


def _taken(doctype: str, page: dict[TicketKey, MatchFacts], enabled: dict[str, Plan]) -> list[TicketKey]:
	"""Those that a plan takes, its condition included: the others' replies needn't be read."""
	names = [key.name for key in page]
	values = conditions.TicketValues(doctype, names, partial(frappe.get_doc, doctype))
	return [
		key
		for key, facts in page.items()
		if winner(enabled.values(), facts, conditions.met_by(partial(values.of, key.name)))
	]


def _open(key: TicketKey) -> None:
	lock_ticket(key)
	evaluate_ticket(key)


def _end_exhausted() -> Iterator[None]:
	"""An exhausted item follows its ticket no more, and somebody may have answered without an event. There may be many, of
	years: so many are looked at in one sweep, and the next goes on from there.
	"""
	after = _remembered()
	for _batch in range(EXHAUSTED // BATCH):
		names = action_items.names_of_exhausted(after, BATCH)
		if not names:
			after = ""
			break
		after = names[-1]
		_safely("some exhausted escalations can't be followed", partial(_end_those, names))
		yield
	_remember(after)


def _end_those(names: list[str]) -> None:
	stored = action_items.read(names)
	end_exhausted(stored, Snapshot([each.key for each in stored]))


def _remembered() -> str:
	with suppress(redis.exceptions.RedisError, OSError):
		return frappe.cache.get_value(_LOOKED_AT, expires=True) or ""
	return ""


def _remember(after: str) -> None:
	with suppress(redis.exceptions.RedisError, OSError):
		frappe.cache.set_value(_LOOKED_AT, after, expires_in_sec=3600)


def _repair_list(doctype: str) -> Iterator[None]:
	"""What lists of tickets show is written after each step, but not where a row was held, a process died, or somebody else
	wrote.
	"""
	frappe.db.rollback()
	try:
		for names in ticket_list.differing(doctype):
			for start in range(0, len(names), BATCH):
				ticket_list.write({doctype: names[start : start + BATCH]})
				yield
			yield
			frappe.db.rollback()
	except Exception:
		frappe.db.rollback()
		report_once(f"Escalation: what lists of {doctype} show can't be compared")
		frappe.db.commit()


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
