"""Starting a plan by hand, on a ticket that has no running escalation of its clock."""

from collections.abc import Iterable
from datetime import datetime

import frappe
from frappe import _

from escalation_mgmt.actions import by_hand
from escalation_mgmt.actions.action import Action, Click, Field, Option, Result
from escalation_mgmt.dispatch import evaluation, promptly
from escalation_mgmt.engine import (
	ActionItem,
	Actor,
	Clock,
	Plan,
	StartAt,
	StatusCategory,
	Ticket,
	TicketKey,
	winner,
)
from escalation_mgmt.facts import plans, sources, tickets
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.storage import action_items, decisions
from escalation_mgmt.utils import clock

NOW, AFTER_WINDOW = "now", "window"
"""When a plan starts that is started by hand; what isn't said is now."""


def start(key: TicketKey, plan: str, actor: Actor, *, at_once: bool = True) -> str:
	"""Start an enabled plan on a ticket, `at_once` or after its response window; returns the action item.

	The caller has checked that this person may, and commits. Raises ValidationError, which says what stands in
	the way.
	"""
	evaluation.lock_ticket(key)
	running = action_items.running(key)
	version, chosen = plans.enabled_named(key.doctype, plan)
	if chosen.clock in running:
		frappe.throw(_("This ticket has a running escalation for this already: {0}.").format(_(chosen.clock)))
	ticket = tickets.Tickets([key], lock=True)[key]
	if ticket.gone or ticket.category == StatusCategory.RESOLVED:
		frappe.throw(_("This ticket is closed. Open it again to start an escalation."))
	now = clock.now()
	_count(key, chosen, ticket, actor, now)
	item = decisions.open_for(ticket, version, chosen, now, by=actor.user, at_once=at_once)
	promptly.run_if_due(key, now)
	return item.id


def _count(key: TicketKey, plan: Plan, ticket: Ticket, actor: Actor, now: datetime) -> None:
	"""Count it for its first group as well. Raises RateLimitExceededError, which says when it is possible again."""
	directory, read = Directory(), tickets.Tickets([key])
	reached = (to for step in plan.groups[0] for to in directory.reach(step, read, key, plan).recipients)
	if why := by_hand.take(actor, ticket.key, by_hand.of_group(reached), now):
		frappe.throw(why, frappe.RateLimitExceededError)


def _run(click: Click) -> Result:
	plan, at_once = click.value("plan"), click.value("when") != AFTER_WINDOW
	name = start(click.key, plan, click.actor, at_once=at_once)
	if any(stored.item.paused_at for stored in action_items.read([name])):
		return Result(
			True, _("Started: the ticket waits for the customer, and it goes on when that is over.")
		)
	if at_once:
		return Result(True, _("Started now."))
	_version, chosen = plans.enabled_named(click.key.doctype, plan)
	return Result(
		True,
		_("Started: it begins after its response window.")
		if _by_its_window([chosen])
		else _("Started: it begins when the plan says."),
	)


def _possible(key: TicketKey) -> bool:
	"""Whether there is a plan to choose, and the ticket isn't closed."""
	if not sources.is_source(key.doctype) or not _free(key, plans.enabled(key.doctype).values()):
		return False
	ticket = tickets.Tickets([key])[key]
	return ticket.gone or ticket.category != StatusCategory.RESOLVED


def _free(key: TicketKey, enabled: Iterable[Plan]) -> list[Plan]:
	"""Those plans for whose clock the ticket has no running item. Nothing is locked."""
	enabled = list(enabled)
	taken = action_items.running_clocks(key) if enabled else frozenset()
	return [plan for plan in enabled if plan.clock not in taken]


def _asked(key: TicketKey, _item: ActionItem | None) -> tuple[Field, ...]:
	found = _likeliest_first(key)
	when = (
		Option(NOW, _("Now")),
		Option(
			AFTER_WINDOW, _("After its response window") if _by_its_window(found) else _("When the plan says")
		),
	)
	return (
		Field("plan", _("Plan"), tuple(_option(plan, found) for plan in found)),
		Field("when", _("When It Starts"), when, default=NOW),
	)


def _option(plan: Plan, offered: list[Plan]) -> Option:
	"""A plan to choose, with its clock where there are plans for others."""
	several = any(other.clock is not offered[0].clock for other in offered)
	return Option(plan.name, f"{plan.name} ({_(plan.clock)})" if several else plan.name)


def _by_its_window(chosen: Iterable[Plan]) -> bool:
	"""Whether all of these begin after a response window, of their own or the ticket's."""
	return all(
		plan.clock is Clock.FIRST_RESPONSE and plan.start in (StartAt.AFTER_WINDOW, StartAt.AT_DEADLINE)
		for plan in chosen
	)


def _likeliest_first(key: TicketKey) -> list[Plan]:
	"""The plans that can be started: clock by clock the one that takes such a ticket, then the others by their rank."""
	snapshot = evaluation.Snapshot([key])
	ticket, found = snapshot.tickets[key], _free(key, snapshot.enabled(key.doctype).values())
	met = snapshot.condition_met(key)
	of_clock = {of: [plan for plan in found if plan.clock is of] for of in Clock}
	first = [] if ticket.gone else [winner(of, ticket.facts, met) for of in of_clock.values()]
	return sorted(found, key=lambda plan: (plan not in first, plan.rank, plan.name))


START = Action(
	"start",
	label=lambda: _("Start a Plan…"),
	offered=lambda item: True,
	run=_run,
	possible=_possible,
	fields=_asked,
	preview="before_starting",
	of_ticket=True,
)
