"""Tickets for which an item should be opened, though no event announced it: read page by page, once for all plans of a DocType."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce

import frappe

from escalation_mgmt.dispatch.evaluation import Snapshot
from escalation_mgmt.engine import (
	Clock,
	MatchFacts,
	Opening,
	Plan,
	TicketFilter,
	TicketKey,
	settled,
	takes,
	winner,
)
from escalation_mgmt.facts import conditions, tickets
from escalation_mgmt.storage import action_items, ticket_states, unsettled
from escalation_mgmt.utils import clock


@dataclass(frozen=True)
class Page:
	"""Tickets that plans may take, by the plans' clocks, their conditions apart; what is asked of all of them is read once."""

	doctype: str
	facts: Mapping[TicketKey, MatchFacts]
	of: Mapping[Clock, Sequence[TicketKey]]

	@cached_property
	def history(self) -> action_items.History:
		return action_items.history_of(self.facts)

	@cached_property
	def states(self) -> Mapping:
		return ticket_states.read(self.facts)

	@cached_property
	def waiting(self) -> Mapping:
		"""By name, whose customer may wait for a reply, and when they have written since the last."""
		return tickets.awaiting_reply(self.doctype, [key.name for key in self.of[Clock.NEXT_RESPONSE]])


def pages(plans: Sequence[Plan], limit: int) -> Iterator[Page]:
	"""The tickets that these plans of one DocType may take, without most of those that are settled: logged or due since they were
	enabled; raised or opened again since; or, where one guards the next response, all that aren't resolved, for the customer of
	any of them may have written since. An empty page after each statement that looks for them, so that nobody waits long.
	"""
	if not plans:
		return
	wanted = {
		of: _wanted([plan for plan in plans if plan.clock is of]) for of in {plan.clock for plan in plans}
	}
	filter_ = reduce(_either, (each.takes for each in wanted.values()))
	dated = [plan.enabled_since for plan in plans if not _of_any_age(plan)]
	for names in unsettled.names(filter_.doctype, wanted):
		yield Page(filter_.doctype, {}, {})
		for start in range(0, len(names), limit):
			part = names[start : start + limit]
			for found in tickets.unresolved_since(None, filter_, limit, names=part, clocks=wanted):
				yield _page(plans, found)
	for names in ticket_states.touched(filter_.doctype, min(dated), limit) if dated else ():
		for found in tickets.unresolved_since(None, filter_, limit, names=names):
			yield _page(plans, found, of_any_age=True)


def _wanted(plans: Sequence[Plan]) -> unsettled.Wanted:
	"""What any of these plans for one clock may take."""
	of_any_age = any(_of_any_age(plan) for plan in plans)
	return unsettled.Wanted(
		reduce(_either, (plan.takes for plan in plans)),
		None if of_any_age else min(plan.enabled_since for plan in plans),
	)


def _of_any_age(plan: Plan) -> bool:
	return plan.clock is Clock.NEXT_RESPONSE or plan.enabled_since is None


def _either(one: TicketFilter, other: TicketFilter) -> TicketFilter:
	"""A filter that takes whatever one of two takes, their conditions apart."""
	return replace(
		one,
		priorities=one.priorities | other.priorities if one.priorities and other.priorities else frozenset(),
		team=one.team if one.team == other.team else "",
		ticket_type=one.ticket_type if one.ticket_type == other.ticket_type else "",
		customer=one.customer if one.customer == other.customer else "",
	)


def _page(
	plans: Sequence[Plan], found: Mapping[TicketKey, tickets.Unresolved], *, of_any_age: bool = False
) -> Page:
	since = {
		plan.name: None if of_any_age or _of_any_age(plan) else clock.to_site(plan.enabled_since)
		for plan in plans
	}
	of: dict[Clock, list[TicketKey]] = {}
	for plan in plans:
		mine, first = of.setdefault(plan.clock, []), since[plan.name]
		mine += [
			key
			for key, ticket in found.items()
			if (first is None or ticket.latest[plan.clock] >= first) and takes(plan.takes, ticket.facts)
		]
	wanted = {each: list(dict.fromkeys(keys)) for each, keys in of.items()}
	facts = {key: found[key].facts for keys in wanted.values() for key in keys}
	return Page(plans[0].takes.doctype, facts, wanted)


def wanting(page: Page, of: Clock, enabled: Mapping[str, Plan]) -> dict[TicketKey, Opening | None]:
	"""Those of a page's tickets for which an item should be opened for a clock, by whichever plan, and which; None: that can't be
	told for all at once.
	"""
	past, running = page.history.pasts, page.history.running
	keys = [key for key in page.of.get(of, ()) if (key, of) not in running]
	if of is Clock.NEXT_RESPONSE:
		keys = [key for key in keys if key.name in page.waiting]

	def has_had_its_item(key: TicketKey) -> bool:
		asked = page.waiting[key.name] if of is Clock.NEXT_RESPONSE else ()
		last, known = past.get((key, of)), page.states.get(key)
		return bool(last) and settled(last, page.facts[key], known, clock=of, asked=asked)

	enabled = {version: plan for version, plan in enabled.items() if plan.clock is of}
	keys = _taken(page, [key for key in keys if not has_had_its_item(key)], enabled)
	if not keys:
		return {}
	snapshot, now = Snapshot(keys), clock.now()
	wanted: dict[TicketKey, Opening | None] = {}
	for key in keys:
		known = page.states.get(key)
		try:
			opening = snapshot.opening(key, enabled, now, clock=of, past=past.get((key, of)), known=known)
		except Exception:
			wanted[key] = None  # evaluated by itself, which says what is wrong with it
		else:
			if opening:
				wanted[key] = opening
	return wanted


def _taken(page: Page, keys: Sequence[TicketKey], enabled: Mapping[str, Plan]) -> list[TicketKey]:
	"""Those that a plan takes, its condition included: the others' replies needn't be read."""
	names = [key.name for key in keys]
	values = conditions.TicketValues(page.doctype, names, partial(frappe.get_doc, page.doctype))
	return [
		key
		for key in keys
		if winner(enabled.values(), page.facts[key], conditions.met_by(partial(values.of, key.name)))
	]
