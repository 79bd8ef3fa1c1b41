"""Escalations, by their ticket or by their action item: how they stand, and what can be done about them."""

from dataclasses import asdict, replace
from typing import Any

import frappe

from escalation_mgmt import permissions
from escalation_mgmt.actions import catalog
from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.actions.action import Result, user_as_actor
from escalation_mgmt.actions.start import AFTER_WINDOW, NOW
from escalation_mgmt.actions.start import start as _start
from escalation_mgmt.engine import TicketKey, can_acknowledge
from escalation_mgmt.preflight import rehearsal, starting
from escalation_mgmt.storage import history, lanes, outbox
from escalation_mgmt.storage.action_items import ticket_of
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM, PLAN
from escalation_mgmt.utils.given import parsed
from escalation_mgmt.utils.retry import retry_on_conflict
from escalation_mgmt.views import board as views_board
from escalation_mgmt.views import ticket_form


@frappe.whitelist(methods=["POST"])
def acknowledge(action_item: str) -> dict[str, Any]:
	"""Acknowledge an action item as the present user. For whoever may read its ticket or was notified.

	Returns {"taken": whether this call did it, "message": in words, "by", "at" (site's zone), "via": of who has it now,
	"people": the names of all who have acknowledged}; where several are asked, "have" of "needed" have acknowledged, and
	nobody has it until they all have.
	"""
	item = _readable(action_item)
	done = acknowledge_as(frappe.session.user, item.name, _via())
	return {
		"taken": done.taken,
		"message": done.in_words,
		"by": done.by,
		"at": clock.to_site(done.at),
		"via": done.via,
		"people": list(done.people),
		"have": done.have,
		"needed": done.needed,
	}


@frappe.whitelist(methods=["POST"])
def start(doctype: str, name: str, plan: str, at_once: bool = True) -> str:
	"""Start a plan on a ticket by hand, now or (not `at_once`) after its response window; returns the action item. For whoever
	may write the ticket.
	"""
	permissions.only_for_staff()
	frappe.has_permission(doctype, "write", name, throw=True)
	actor = user_as_actor(frappe.session.user, _via())
	return _start(TicketKey(doctype, str(name)), plan, actor, at_once=at_once)


@frappe.whitelist()
def before_starting(doctype: str, name: str, plan: str, when: str = NOW) -> dict[str, Any]:
	"""What a plan would do with a ticket, started by hand now or after its response window (`starting.preview`). For whoever may
	start it.
	"""
	permissions.only_for_staff()
	frappe.has_permission(doctype, "write", name, throw=True)
	return starting.preview(TicketKey(doctype, str(name)), plan, at_once=when != AFTER_WINDOW)


@frappe.whitelist()
def ticket(doctype: str, name: str) -> dict[str, Any]:
	"""What a ticket's form shows of its escalation (`ticket_form.shown`). For whoever may read the ticket."""
	permissions.only_for_staff()
	frappe.has_permission(doctype, "read", name, throw=True)
	return ticket_form.shown(TicketKey(doctype, str(name)))


@frappe.whitelist()
def tickets(doctype: str, names: list[str] | str) -> dict[str, Any]:
	"""What a list of tickets shows of their escalations (`ticket_form.pills`)."""
	permissions.only_for_staff()
	return ticket_form.pills(doctype, parsed(names, list, "names"))


@frappe.whitelist()
def board() -> dict[str, Any]:
	"""What the board shows: every open action item that the user may see (`views.board.shown`). For whoever works with
	escalations."""
	permissions.only_for_staff()
	return views_board.shown()


@frappe.whitelist()
def items(names: list[str] | str) -> dict[str, Any]:
	"""What the list of action items shows of these beside its fields (`views.board.in_list`), of those that the user may see."""
	permissions.only_for_staff()
	asked = [str(name) for name in parsed(names, list, "names")]
	may_see = frappe.get_list(ITEM, filters={"name": ("in", asked or [""])}, pluck="name", order_by="name")
	return views_board.in_list(may_see)


@frappe.whitelist(methods=["POST"])
def act(
	doctype: str, name: str, action: str, seen: str = "", values: dict[str, Any] | str | None = None
) -> dict[str, Any]:
	"""Do one of the actions that a ticket's form offers (`catalog.ACTIONS`), by permission of each.

	`seen` is what `ticket` gave along with the state of the item that it is about. Returns {"done": whether it was, "message":
	in words, "instead": the name of an action that helps where this one can't, "ticket": the state after it}.
	"""
	permissions.only_for_staff()
	frappe.has_permission(doctype, "read", name, throw=True)
	key = TicketKey(doctype, str(name))
	result = _click(action, key, seen, values, _via("Ticket Form"))
	return {**asdict(result), "ticket": ticket_form.shown(key)}


@frappe.whitelist(methods=["POST"])
def act_on_item(
	action_item: str, action: str, seen: str = "", values: dict[str, Any] | str | None = None
) -> dict[str, Any]:
	"""Do one of the actions that an action item's form offers, for whoever may read the item, by permission of each.

	`seen` is what `timeline` gave. Returns {"done": whether it was, "message": in words, "instead"} as `act` does.
	"""
	item = _readable(action_item)
	key = ticket_of(item)
	return asdict(_click(action, key, seen, values, _via(), of=item.name))


@frappe.whitelist()
def timeline(action_item: str) -> dict[str, Any]:
	"""What the action item's form shows, in one call: how it stands and what can be done (`ticket_form.of_item`), events,
	messages. Times in the site's zone. Each event has its "marks" in the picture (`lanes.Mark`).
	"""
	item = _readable(action_item)
	messages = outbox.of_item(item.name)
	return {
		**ticket_form.of_item(item.name, ticket_of(item)),
		"version": f"{item.version}/{item.updated_utc}",
		"can_acknowledge": can_acknowledge(item.status),
		"events": lanes.with_marks(history.read(item.name), messages),
		"messages": messages,
	}


@frappe.whitelist()
def planned(action_item: str) -> dict[str, Any]:
	"""What is still to come for an action item, if nothing changes: {"lines" (`rehearsal.Line`), "more": cut
	off, "now": the present instant in seconds since 1970 and in the site's zone}."""
	item = _readable(action_item)
	with rehearsal.nothing_written():
		now = clock.now()
		lines, more = rehearsal.of_item(item.name, now)
	may_put_right = frappe.has_permission(PLAN, "write")  # nobody else can put it right
	return {
		"lines": [asdict(line if may_put_right else replace(line, remedy=None)) for line in lines],
		"more": more,
		"now": {"at": clock.to_site(now), "instant": lanes.seconds(now)},
	}


def _click(name: str, key: TicketKey, seen: str, values: Any, via: str, of: str = "") -> Result:
	given, action = parsed(values, dict, "values"), catalog.named(name)
	if action and action.tells_at_once:
		return catalog.click(name, key, seen, given, via, of=of)
	return retry_on_conflict(lambda: catalog.click(name, key, seen, given, via, of=of))


def _via(form: str = "Desk") -> str:
	"""The door in which somebody stands: a form, or a program with a key."""
	return "API" if frappe.get_request_header("Authorization") else form


def _readable(action_item: str) -> Any:
	permissions.only_for_staff()  # before it is looked for
	item = frappe.get_doc(ITEM, action_item)
	item.check_permission("read")
	return item
