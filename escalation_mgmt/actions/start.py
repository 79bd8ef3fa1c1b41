"""Starting a plan by hand, on a ticket that has no running escalation."""

from datetime import datetime

import frappe
from frappe import _

from escalation_mgmt.actions import by_hand
from escalation_mgmt.actions.action import Action, Click, Field, Option, Result
from escalation_mgmt.dispatch import evaluation, promptly
from escalation_mgmt.engine import (
	RUNNING,
	ActionItem,
	Actor,
	Plan,
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
	name = decisions.open_for(ticket, version, chosen, now, by=actor.user, at_once=at_once)
	promptly.run_if_due(key, now)
	return name


def _count(key: TicketKey, plan: Plan, ticket: Ticket, actor: Actor, now: datetime) -> None:
	"""Count it for its first group as well. Raises RateLimitExceededError, which says when it is possible again."""
	directory, read = Directory(), tickets.Tickets([key])
	reached = (to for step in plan.groups[0] for to in directory.reach(step, read, key).recipients)
	if why := by_hand.take(actor, ticket.key, by_hand.of_group(reached), now):
		frappe.throw(why, frappe.RateLimitExceededError)


def _run(click: Click) -> Result:
	after_window = click.value("when") == AFTER_WINDOW
	start(click.key, click.value("plan"), click.actor, at_once=not after_window)
	return Result(
		True, _("Started: it begins after its response window.") if after_window else _("Started now.")
	)


def _possible(key: TicketKey) -> bool:
	"""Whether there is a plan to choose, and the ticket isn't closed."""
	if not sources.is_source(key.doctype) or not plans.enabled(key.doctype):
		return False
	ticket = tickets.Tickets([key])[key]
	return ticket.gone or ticket.category != StatusCategory.RESOLVED


def _asked(key: TicketKey, _item: ActionItem | None) -> tuple[Field, ...]:
	names = [plan.name for plan in _likeliest_first(key)]
	when = (Option(NOW, _("Now")), Option(AFTER_WINDOW, _("After its response window")))
	return (
		Field("plan", _("Plan"), tuple(Option(name, name) for name in names)),
		Field("when", _("When It Starts"), when, default=NOW),
	)


def _likeliest_first(key: TicketKey) -> list[Plan]:
	"""The plans that can be started: the one that takes such a ticket, then the others by their rank."""
	snapshot = evaluation.Snapshot([key])
	ticket, found = snapshot.tickets[key], list(snapshot.enabled(key.doctype).values())
	first = None if ticket.gone else winner(found, ticket.facts, snapshot.condition_met(key))
	return sorted(found, key=lambda plan: (plan is not first, plan.rank, plan.name))


START = Action(
	"start",
	label=lambda: _("Start a Plan…"),
	offered=lambda item: item is None or item.status not in RUNNING,
	run=_run,
	possible=_possible,
	fields=_asked,
	preview="before_starting",
)
