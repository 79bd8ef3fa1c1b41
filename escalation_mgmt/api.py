"""What Desk's forms and other programs call. Every function checks permission before anything else."""

from typing import Any

import frappe
from frappe import _

from escalation_mgmt import clock, history, looks, notifiers, outbox, plans, store, tickets
from escalation_mgmt.acknowledge import acknowledge as _acknowledge
from escalation_mgmt.engine import StatusCategory, can_acknowledge


@frappe.whitelist(methods=["POST"])
def acknowledge(action_item: str) -> dict[str, Any]:
	"""Acknowledge an action item as the present user. For whoever may read its ticket or was notified.

	Returns {"taken": whether this call did it, "message": in words, "by", "at" (site's zone), "via"}.
	"""
	item = _readable(action_item)
	user = frappe.session.user
	name = frappe.db.get_value("User", user, "full_name") or user
	via = "API" if frappe.get_request_header("Authorization") else "Desk"
	done = _acknowledge(item.name, by=name, via=via, user=user)
	return {
		"taken": done.taken,
		"message": done.in_words,
		"by": done.by,
		"at": clock.to_site(done.at),
		"via": done.via,
	}


@frappe.whitelist(methods=["POST"])
def start(doctype: str, name: str, plan: str) -> str:
	"""Start a plan on a ticket by hand; returns the action item. For whoever may write the ticket."""
	frappe.has_permission(store.ITEM, "read", throw=True)  # people of the desk; no customers
	frappe.has_permission(doctype, "write", name, throw=True)
	key = (doctype, str(name))
	looks.lock_ticket(key)
	if store.running(key):
		frappe.throw(_("This ticket has a running escalation already."))
	for version, candidate in plans.enabled(doctype).items():
		if candidate.name == plan:
			ticket = tickets.Tickets([key], lock=True)[key]
			if ticket.gone or ticket.category == StatusCategory.RESOLVED:
				frappe.throw(_("This ticket is closed. Open it again to start an escalation."))
			return store.open_for(ticket, version, candidate, clock.now(), by=frappe.session.user)
	frappe.throw(_("{0} is not an enabled plan for {1}.").format(plan, _(doctype)))


@frappe.whitelist()
def timeline(action_item: str) -> dict[str, Any]:
	"""What the action item's form shows, in one call: state, events, messages. Times in the site's zone."""
	item = _readable(action_item)
	return {
		"version": f"{item.version}/{item.updated_utc}",
		"can_acknowledge": can_acknowledge(item.status),
		"events": history.of_item(item.name),
		"messages": outbox.of_item(item.name),
	}


@frappe.whitelist()
def plan_choices(doctype: str) -> dict[str, Any]:
	"""What a plan for a DocType may ask for, and the methods there are. For whoever may write plans."""
	frappe.has_permission("Escalation Plan", "write", throw=True)
	if not doctype or not frappe.db.exists("DocType", doctype):
		return {"methods": notifiers.methods()}
	return {**tickets.choices(doctype), "methods": notifiers.methods()}


def _readable(action_item: str) -> Any:
	item = frappe.get_doc(store.ITEM, action_item)
	item.check_permission("read")
	return item
