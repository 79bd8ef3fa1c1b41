"""Starting a plan by hand, on a ticket that has no running escalation."""

import frappe
from frappe import _

from escalation_mgmt.actions.action import Action, Click, Field, Option, Result
from escalation_mgmt.dispatch import evaluation
from escalation_mgmt.engine import RUNNING, ActionItem, Actor, StatusCategory, TicketKey
from escalation_mgmt.facts import plans, tickets
from escalation_mgmt.storage import action_items, decisions
from escalation_mgmt.utils import clock


def start(key: TicketKey, plan: str, actor: Actor) -> str:
	"""Start an enabled plan on a ticket; returns the action item.

	The caller has checked that this person may, and commits. Raises ValidationError, which says what stands in
	the way.
	"""
	evaluation.lock_ticket(key)
	if action_items.running(key):
		frappe.throw(_("This ticket has a running escalation already."))
	for version, candidate in plans.enabled(key.doctype).items():
		if candidate.name == plan:
			ticket = tickets.Tickets([key], lock=True)[key]
			if ticket.gone or ticket.category == StatusCategory.RESOLVED:
				frappe.throw(_("This ticket is closed. Open it again to start an escalation."))
			return decisions.open_for(ticket, version, candidate, clock.now(), by=actor.user)
	frappe.throw(_("{0} is not an enabled plan for {1}.").format(plan, _(key.doctype)))


def _run(click: Click) -> Result:
	start(click.key, click.value("plan"), click.actor)
	return Result(True, _("Started."))


def _plans(key: TicketKey, _item: ActionItem | None) -> tuple[Field, ...]:
	names = [plan.name for plan in plans.enabled(key.doctype).values()]
	return (Field("plan", _("Plan"), tuple(Option(name, name) for name in names)),)


START = Action(
	"start",
	label=lambda: _("Start a Plan…"),
	offered=lambda item: item is None or item.status not in RUNNING,
	run=_run,
	fields=_plans,
)
