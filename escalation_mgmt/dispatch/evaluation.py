"""One ticket is evaluated: does its running item go on, or should one be opened? For document events and the sweep."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any

import frappe
from frappe import _

from escalation_mgmt import delivery
from escalation_mgmt.dispatch import promptly
from escalation_mgmt.engine import (
	Clock,
	Context,
	Decision,
	Maintenance,
	Opening,
	Plan,
	Reach,
	Remembered,
	StatusCategory,
	Step,
	Ticket,
	TicketKey,
	Unreachable,
	answer,
	evaluate,
	opens,
)
from escalation_mgmt.facts import conditions, only_if, plans, sources, tickets
from escalation_mgmt.facts.calendars import Calendars
from escalation_mgmt.facts.maintenances import Maintenances
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.facts.tickets import Tickets, of_doc
from escalation_mgmt.storage import action_items, decisions, quiet_calls, ticket_list, ticket_states
from escalation_mgmt.utils import clock, together
from escalation_mgmt.utils.questions import Answers


class Snapshot:
	"""Facts of many tickets, read at once: what the evaluations of one moment share, with enabled plans and people."""

	def __init__(self, keys: list[TicketKey], *, lock: bool = False, answers: Answers | None = None):
		"""`answers`: to what is asked of the only ticket."""
		self._answers = answers
		self.tickets = Tickets(keys, lock=lock, answers=answers)
		self.calendars = Calendars()
		self._enabled: dict[str, dict[str, Plan]] = {}
		self.items: Sequence[str] = ()  # that are decided together: what is asked of each is asked at once
		self._quiet: dict[str, set[str]] = {}

	@cached_property
	def directory(self) -> Directory:
		"""Whom steps and notices reach. An evaluation that leads to neither asks nobody."""
		return Directory()

	@cached_property
	def maintenances(self) -> Maintenances:
		"""Only what is due asks for them: not a ticket's save, nor the sweep."""
		return Maintenances()

	def enabled(self, doctype: str) -> dict[str, Plan]:
		"""The enabled plans for a DocType: {version: plan}."""
		if doctype not in self._enabled:
			self._enabled[doctype] = plans.enabled(doctype, self._answers)
		return self._enabled[doctype]

	def condition_met(self, key: TicketKey) -> Callable[[Plan], bool]:
		return conditions.met_by(partial(self.tickets.values, key))

	def ticket(self, stored: action_items.Stored) -> Ticket:
		"""The ticket as one item sees it: with that item's own stop condition."""
		ticket = self.tickets[stored.key]
		if not ticket.gone:
			src = sources.source(ticket.doctype)
			ticket = replace(ticket, facts=src.kept(ticket.facts, stored.item.facts))
		if ticket.gone or not stored.item.plan.stop.condition:
			return ticket
		return replace(
			ticket,
			stopped_by_condition=conditions.stopped(
				stored.item.plan, partial(self.tickets.values, stored.key)
			),
		)

	def opening(
		self, key: TicketKey, enabled: dict[str, Plan], now: datetime, **remembered: Any
	) -> Opening | None:
		"""What should start for a clock of a ticket that has no running item for it; `remembered` as for the engine's `opens`."""
		ticket = self.tickets[key]
		return opens(
			ticket,
			enabled.values(),
			self.condition_met(key),
			now,
			working_of=lambda plan: self.calendars.of(plan, ticket),
			**remembered,
		)

	def context(
		self,
		stored: action_items.Stored,
		ticket: Ticket,
		now: datetime,
		maintenances: Sequence[Maintenance] = (),
	) -> Context:
		"""What the rules are told of one item beside it and its ticket. Of maintenances only what is due asks."""
		plan, key = stored.item.plan, stored.key
		return Context(
			now,
			self.calendars.of(plan, ticket),
			partial(self.reaches, stored),
			maintenances,
			lambda step: only_if.holds(plan, step, ticket, partial(self.tickets.values, key)),
		)

	def reaches(self, stored: action_items.Stored, step: Step) -> Reach:
		"""Whom a step reaches. Who wants no more calls about the item isn't reached by one."""
		reached = self.directory.reach(step, self.tickets, stored.key, stored.item.plan)
		notifier, _why = self.directory.notifier(step.method)
		if not (notifier and notifier.rings):
			return reached
		quiet = self._wants_quiet(stored.item.id)
		spared = [to for to in reached.recipients if to.counted_as in quiet]
		if not spared:
			return reached
		why = _("They want no more calls about this.")
		missed = [Unreachable(method=step.method, label=to.label, reason=why, user=to.user) for to in spared]
		return replace(
			reached,
			recipients=tuple(to for to in reached.recipients if to not in spared),
			unreachable=(*reached.unreachable, *missed),
		)

	def _wants_quiet(self, item: str) -> set[str]:
		"""Who wants no more calls about an item."""
		if item not in self._quiet:
			asked = [*self.items, item]
			self._quiet |= {each: set() for each in asked}
			for each, who in quiet_calls.wanted_by(asked):
				self._quiet[each].add(who)
		return self._quiet[item]

	def evaluate(self, stored: action_items.Stored, now: datetime) -> Decision | None:
		enabled, ticket = self.enabled(stored.key.doctype).values(), self.ticket(stored)
		context = self.context(stored, ticket, now)
		return evaluate(stored.item, ticket, enabled, self.condition_met(stored.key), context)

	def is_over(self, stored: action_items.Stored) -> bool:
		"""Whether an exhausted item, which follows its ticket no more, has nothing to show: somebody has answered, or the ticket
		is gone.
		"""
		ticket = self.ticket(stored)
		return ticket.gone or answer(ticket, stored.item.plan, stored.item.answered_since) is not None

	def apply(self, decided: Sequence[tuple[action_items.Stored, Decision]], now: datetime) -> None:
		"""Write what was decided by these facts. Raises Conflict where an item was changed meanwhile."""
		decisions.apply(decided, self.directory, self.tickets, now)


def evaluate_ticket(
	key: TicketKey, *, before: Any = None, logged: bool = False, as_one: bool = False
) -> None:
	"""Evaluate a ticket as it is in this transaction, and write what follows from it.

	`before` is the document as it was before the save that is evaluated, where there was one; `logged`: it was its first. `as_one`:
	what a ticket's first item brings is written by one statement; raises NotTogether.
	"""
	with together.together(wanted=as_one):
		_evaluate(key, before, logged=logged)


def _evaluate(key: TicketKey, before: Any, *, logged: bool) -> None:
	# Locked, and so read as it is now: an older read view would be no evaluation. The ticket before its item, as a save does.
	answers = Answers(
		*tickets.questions(key.doctype, key.name),
		action_items.asked_of(key.doctype, [key.name]),
		plans.enabled_for(key.doctype),
		ticket_states.seen(key),
		clock.asked(),
	)
	snapshot = Snapshot([key], lock=True, answers=answers)
	now = clock.now(answers)
	ticket = snapshot.tickets[key]
	history = action_items.history_of([ticket.key], answers)
	running = action_items.running(key, history.running_items)
	theirs = {clock for clock, stored in running.items() if not ticket.key.is_another(stored.key)}
	runs = Clock.FIRST_RESPONSE in theirs
	lost = not ticket.gone and sources.source(key.doctype).lost
	how = {"before": before, "logged": logged, "running": runs, "answers": answers}
	known = None if lost else _see(snapshot, ticket, now, **how)
	# One that was raised or opened again was logged by then.
	first = ticket.key not in history.any and not (known and (known.raised or known.reopened))
	if not first:  # a decision's parts, and whether anything is due, read what was written before them
		together.at_once()
	decided = [(stored, snapshot.evaluate(stored, now)) for stored in running.values()]
	if changed := [(stored, _not_to(did, frappe.session.user)) for stored, did in decided if did]:
		snapshot.apply(changed, now)
		if not promptly.run_if_due(key, now):
			delivery.soon()
		history = action_items.history_of([ticket.key])
	end_exhausted(action_items.read(history.exhausted_items), snapshot)
	if not lost or logged:
		_open(ticket, snapshot, now, known, history, first=first, but_not=theirs)


def _open(
	ticket: Ticket,
	snapshot: Snapshot,
	now: datetime,
	known: Remembered | None,
	history: action_items.History,
	*,
	first: bool,
	but_not: Collection[Clock],
) -> None:
	"""Open what the ticket wants, for each clock for which a plan is enabled."""
	enabled = snapshot.enabled(ticket.doctype)
	clocks = [
		clock for clock in Clock if clock not in but_not and any(p.clock is clock for p in enabled.values())
	]
	opened = []
	for of in clocks:
		past = history.pasts.get((ticket.key, of))
		opening = snapshot.opening(ticket.key, enabled, now, clock=of, past=past, known=known)
		if opening:
			version = next(version for version, plan in enabled.items() if plan is opening.plan)
			how = {"answered_level": opening.answered_level, "first": first}
			opened.append(decisions.open_for(ticket, version, opening.plan, now, **how))
	if opened:
		if first:
			ticket_list.write_first(ticket.key, opened)
		promptly.run_if_due(ticket.key, now, opened if first else None)
	elif ticket.category is StatusCategory.RESOLVED and not but_not:
		action_items.note_closed(ticket.key)


def end_exhausted(exhausted: Sequence[action_items.Stored], snapshot: Snapshot) -> None:
	"""Those of these exhausted items whose tickets somebody has answered are shown no more."""
	over = []
	for stored in exhausted:
		with suppress(Exception):  # one that can't be read stays, and keeps no other
			if snapshot.is_over(stored):
				over.append(stored)
	action_items.note_answered([stored.item.id for stored in over])
	ticket_list.write_soon(stored.key for stored in over)


def _see(snapshot: Snapshot, ticket: Ticket, now: datetime, *, before: Any, **how: Any) -> Remembered | None:
	"""Remember the ticket; None where there is nothing to compare it for."""
	if ticket.gone:
		return ticket_states.forget(ticket.key)
	enabled = snapshot.enabled(ticket.doctype).values()
	if not enabled:
		return None
	was = of_doc(before) if before is not None else None
	return ticket_states.see(ticket, min(plan.enabled_since for plan in enabled), now, before=was, **how)


def _not_to(decision: Decision, user: str) -> Decision:
	"""Whoever did it needn't be told."""
	notices = tuple(replace(notice, but_not=notice.but_not | {user}) for notice in decision.notices)
	return replace(decision, notices=notices)


@contextmanager
def put_off() -> Iterator[None]:
	"""What we do to a ticket ourselves is not evaluated meanwhile: whoever does it decides what follows from it."""
	before = frappe.flags.escalation_evaluation_put_off
	frappe.flags.escalation_evaluation_put_off = True
	try:
		yield
	finally:
		frappe.flags.escalation_evaluation_put_off = before


def lock_ticket(key: TicketKey) -> None:
	"""Hold the ticket's row, so that nobody else opens an item for it meanwhile."""
	frappe.db.sql(f"select `name` from `tab{key.doctype}` where `name` = %s for update", (key.name,))
