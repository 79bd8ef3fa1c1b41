"""What people can do about a ticket's escalation from the forms they work in: the one list that all forms read.

A further action joins them by a line in `ACTIONS`; the agent page and Desk's forms show it from then on. Each click
carries the state that its page had shown, so that a stale one does nothing and is told why.
"""

from collections.abc import Mapping

import frappe
from frappe import _

from escalation_mgmt.actions.acknowledge import ACKNOWLEDGE, STILL_ON_IT
from escalation_mgmt.actions.action import Action, Click, Result, user_as_actor
from escalation_mgmt.actions.add_person import ADD_PERSON
from escalation_mgmt.actions.after_restore import LET_GO_ON
from escalation_mgmt.actions.escalate_now import ESCALATE_NOW, ESCALATE_TO, RUN_AGAIN
from escalation_mgmt.actions.hand_over import HAND_OVER
from escalation_mgmt.actions.snooze import SNOOZES
from escalation_mgmt.actions.start import START
from escalation_mgmt.actions.stop import STOP
from escalation_mgmt.actions.unacknowledge import UNACKNOWLEDGE
from escalation_mgmt.dispatch import evaluation
from escalation_mgmt.engine import LED_TO, RUNNING, ActionItem, EventKind, TicketKey
from escalation_mgmt.permissions import only_for_staff, sees_all
from escalation_mgmt.storage import action_items, history, wording
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.identity import is_there
from escalation_mgmt.utils.plain_text import plain

# In this order: the first two that are offered stand open in a form, the others in a menu.
ACTIONS = (
	ACKNOWLEDGE,
	STILL_ON_IT,
	LET_GO_ON,
	ESCALATE_NOW,
	ESCALATE_TO,
	RUN_AGAIN,
	*SNOOZES,
	ADD_PERSON,
	HAND_OVER,
	UNACKNOWLEDGE,
	STOP,
	START,
)


def named(name: str) -> Action | None:
	return next((action for action in ACTIONS if action.name == name), None)


def offered(key: TicketKey, item: ActionItem | None, *, beside: bool = False) -> list[Action]:
	"""What the present user can do about an item of a ticket, or one without any, now. `beside`: a further one of several, at
	which nothing is said of the ticket as a whole.
	"""
	return [action for action in _possible(item, beside) if _may(action, key, item) and action.possible(key)]


def withheld(key: TicketKey, item: ActionItem | None, *, beside: bool = False) -> bool:
	"""Whether there is something that others can do about it now, and the present user can't."""
	return any(not _may(action, key, item) and action.possible(key) for action in _possible(item, beside))


def _possible(item: ActionItem | None, beside: bool) -> list[Action]:
	return [action for action in ACTIONS if action.offered(item) and not (beside and action.of_ticket)]


def seen(item: ActionItem | None) -> str:
	"""What a page shows, as it hands it back with a click."""
	return f"{item.id}/{item.version}/{item.status}" if item else ""


def click(
	name: str, key: TicketKey, shown: str, values: Mapping[str, str], via: str, *, of: str = ""
) -> Result:
	"""Do what the present user asks for.

	`shown` is what the page had (`seen`), and says which of the ticket's items it is about, where `of` doesn't name it. Raises
	PermissionError for whoever may not, ValidationError for what can't be asked for.
	"""
	action = named(name)
	if not action:
		frappe.throw(_("There is no action {0}.").format(plain(name, 140)))
	only_for_staff()
	evaluation.lock_ticket(key)  # the ticket before its item, as a save does
	item = _current(key, of or shown.split("/", maxsplit=1)[0])
	if not _may(action, key, item):
		frappe.throw(_("You may not do this on this ticket."), frappe.PermissionError)
	if _is_stale(action, item, shown):
		return Result(False, _since(item, shown))
	if not action.offered(item):
		if instead := action.instead(item):
			return instead
		status = wording.status(item.status) if item else "–"
		return Result(False, _("Nothing was done: the escalation is {0}.").format(status))
	return action.run(Click(key, item, user_as_actor(frappe.session.user, via), values))


def _since(item: ActionItem | None, shown: str) -> str:
	"""Why a click does nothing: what made of the state that was shown the one that it is now."""
	if not item:
		return _("Nothing was done, because the escalation is gone.")
	name, _version, status = (*shown.split("/"), "", "")[:3]
	if name != item.id:
		kinds = frozenset({EventKind.CREATED})
	else:
		kinds = LED_TO[item.status] if status not in ("", item.status) else frozenset()
	at, line = history.cause(item.id, kinds)
	return _("Nothing was done, because this happened since the page was shown, at {0}: {1}").format(
		clock.shown(at), line
	)


def _is_stale(action: Action, item: ActionItem | None, shown: str) -> bool:
	"""Whether something has happened since that makes the action another one. To a ticket whose escalation runs a further plan
	can be started whatever became of that one meanwhile.
	"""
	if action.even_if_stale or seen(item) == shown:
		return False
	return not (action.of_ticket and shown.rsplit("/", maxsplit=1)[-1] in RUNNING)


def _current(key: TicketKey, named: str) -> ActionItem | None:
	"""The latest item for the clock of the one that is `named`; else what the ticket's form shows first. Under a lock."""
	of = next((stored for stored in action_items.read([named] if named else []) if stored.key == key), None)
	name = action_items.latest(key, of.item.plan.clock if of else None)
	return next((stored.item for stored in action_items.lock([name])), None) if name else None


def _may(action: Action, key: TicketKey, item: ActionItem | None) -> bool:
	if not frappe.has_permission(ITEM, "read"):  # people of the desk; no customers
		return False
	if action.managers and sees_all(frappe.session.user):
		return True
	if action.permission == "read" and item:
		return bool(frappe.get_doc(ITEM, item.id).has_permission("read"))
	# Where the ticket was deleted, asking for permission would raise.
	return is_there(key.doctype, key.name, key.created) and bool(
		frappe.has_permission(key.doctype, action.permission, key.name)
	)
