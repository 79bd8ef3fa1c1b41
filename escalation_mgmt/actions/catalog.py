"""What people can do about a ticket's escalation from the forms they work in: the one list that all forms read.

A further action joins them by a line in `ACTIONS`; the agent page and Desk's forms show it from then on. Each click
carries the state that its page had shown, so that a stale one does nothing and is told why.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import frappe
from frappe import _
from frappe.utils import cint

from escalation_mgmt.actions import responders, snooze
from escalation_mgmt.actions.acknowledge import acknowledge
from escalation_mgmt.actions.escalate_now import escalate_now
from escalation_mgmt.actions.start import start
from escalation_mgmt.actions.stop import stop
from escalation_mgmt.actions.unacknowledge import unacknowledge
from escalation_mgmt.dispatch import evaluation
from escalation_mgmt.engine import (
	RUNNING,
	ActionItem,
	Actor,
	Step,
	TicketKey,
	can_add,
	can_bring_forward,
	can_hand_over,
	can_snooze,
	can_stop,
	can_unacknowledge,
	may_renew,
	waits_for,
)
from escalation_mgmt.facts import plans
from escalation_mgmt.storage import action_items, history, wording
from escalation_mgmt.utils import rate_limit
from escalation_mgmt.utils.doctypes import ITEM

PAGES_PER_HOUR = 60
"""How often one person can have somebody paged by name."""


@dataclass(frozen=True, slots=True)
class Option:
	"""What is sent when it is chosen, and what is read."""

	value: str
	label: str


@dataclass(frozen=True, slots=True)
class Field:
	"""What an action asks for before it is done. With `options` one of them is chosen; a `datetime` is given in
	the site's zone, beginning with `default` (a form that shows it says which zone that is, or shows the reader's own, as
	Desk does); else a text is written.
	"""

	name: str
	label: str
	options: tuple[Option, ...] = ()
	kind: str = "text"
	default: str = ""


@dataclass(frozen=True, slots=True)
class Click:
	"""Somebody asks for an action. `item` is the ticket's action item as it is now, under a lock."""

	key: TicketKey
	item: ActionItem | None
	user: str
	name: str  # the user's, as history shows it
	via: str
	values: Mapping[str, str] = field(default_factory=dict)

	def value(self, name: str) -> str:
		return str(self.values.get(name) or "")


@dataclass(frozen=True, slots=True)
class Action:
	"""`run` does it, and returns whether it was done and in words what became of it."""

	name: str
	label: Callable[[], str]
	offered: Callable[[ActionItem | None], bool]
	run: Callable[[Click], tuple[bool, str]]
	permission: str = "write"  # on the ticket; "read": being notified is enough, too
	fields: Callable[[TicketKey, ActionItem | None], tuple[Field, ...]] = lambda key, item: ()
	even_if_stale: bool = False  # what it means doesn't depend on what has happened since


def _running(offered: Callable[[ActionItem], bool]) -> Callable[[ActionItem | None], bool]:
	return lambda item: item is not None and offered(item)


def _acknowledge(click: Click) -> tuple[bool, str]:
	done = acknowledge(click.item.id, by=click.name, via=click.via, user=click.user)
	return done.taken, done.in_words


def _escalate_now(click: Click) -> tuple[bool, str]:
	return escalate_now(click.item.id, by=click.name, via=click.via)


def _escalate_to(click: Click) -> tuple[bool, str]:
	return escalate_now(click.item.id, to=cint(click.value("step")), by=click.name, via=click.via)


def _snooze(click: Click) -> tuple[bool, str]:
	return snooze.snooze(click.item.id, click.value("until"), by=click.name)


def _unacknowledge(click: Click) -> tuple[bool, str]:
	return unacknowledge(click.item.id, by=click.name, user=click.user)


def _hand_over(click: Click) -> tuple[bool, str]:
	rate_limit.hourly("page", click.user, PAGES_PER_HOUR)
	return responders.hand_over(
		click.item.id, click.value("to"), by=click.name, via=click.via, user=click.user
	)


def _add_person(click: Click) -> tuple[bool, str]:
	rate_limit.hourly("page", click.user, PAGES_PER_HOUR)
	return responders.add_person(click.item.id, click.value("who"), by=click.name, via=click.via)


def _stop(click: Click) -> tuple[bool, str]:
	return stop(click.item.id, by=click.name, user=click.user, reason=click.value("reason"))


def _start(click: Click) -> tuple[bool, str]:
	start(click.key, click.value("plan"), by=click.user)
	return True, _("Started.")


def _plans(key: TicketKey, _item: ActionItem | None) -> tuple[Field, ...]:
	names = [plan.name for plan in plans.enabled(key.doctype).values()]
	return (Field("plan", _("Plan"), tuple(Option(name, name) for name in names)),)


def _steps(_key: TicketKey, item: ActionItem | None) -> tuple[Field, ...]:
	"""The steps that are still to come in this run, those that go out together as one."""
	groups = item.plan.groups[item.group :] if item else ()
	options = (Option(str(group[0].number), steps_in_words(group)) for group in groups)
	return (Field("step", _("Step"), tuple(options)),)


def _until(_key: TicketKey, _item: ActionItem | None) -> tuple[Field, ...]:
	label = _("Quiet until ({0} at most)").format(wording.duration(snooze.LONGEST))
	return (Field("until", label, kind="datetime", default=snooze.suggested()),)


def _people(name: str, label: Callable[[], str]) -> Callable[..., tuple[Field, ...]]:
	def fields(key: TicketKey, item: ActionItem | None) -> tuple[Field, ...]:
		there = responders.offered(key.doctype, item.facts.team if item else "")
		return (Field(name, label(), tuple(Option(user, person) for user, person in there)),)

	return fields


def steps_in_words(group: Sequence[Step]) -> str:
	"""Steps that go out together: their numbers and methods."""
	methods = ", ".join(dict.fromkeys(_(step.method) for step in group))
	if len(group) == 1:
		return _("Step {0} ({1})").format(group[0].number, methods)
	return _("Steps {0} to {1} ({2})").format(group[0].number, group[-1].number, methods)


ACTIONS = (
	Action(
		"acknowledge",
		label=lambda: _("Acknowledge"),
		offered=_running(lambda item: waits_for(item, frappe.session.user)),
		run=_acknowledge,
		permission="read",
		even_if_stale=True,  # whoever takes it takes it, however many steps have run; a second one is told by whom
	),
	Action(
		"still_on_it",
		label=lambda: _("I Am Still on It"),
		offered=_running(lambda item: may_renew(item, Actor(name="", user=frappe.session.user))),
		run=_acknowledge,
		permission="read",
		even_if_stale=True,
	),
	Action(
		"escalate_now",
		label=lambda: _("Escalate Now"),
		offered=_running(can_bring_forward),
		run=_escalate_now,
	),
	Action(
		"escalate_to",
		label=lambda: _("Escalate to Step…"),
		offered=_running(lambda item: can_bring_forward(item) and item.group < len(item.plan.groups) - 1),
		run=_escalate_to,
		fields=_steps,
	),
	Action(
		"snooze",
		label=lambda: _("Snooze…"),
		offered=_running(can_snooze),
		run=_snooze,
		fields=_until,
	),
	Action(
		"hand_over",
		label=lambda: _("Hand Over…"),
		offered=_running(can_hand_over),
		run=_hand_over,
		fields=_people("to", lambda: _("To Whom")),
	),
	Action(
		"add_person",
		label=lambda: _("Add a Person…"),
		offered=_running(can_add),
		run=_add_person,
		fields=_people("who", lambda: _("Who Is Paged as Well")),
	),
	Action(
		"unacknowledge",
		label=lambda: _("Give Back"),
		offered=_running(can_unacknowledge),
		run=_unacknowledge,
	),
	Action(
		"stop",
		label=lambda: _("Stop…"),
		offered=_running(lambda item: can_stop(item.status)),
		run=_stop,
		fields=lambda key, item: (Field("reason", _("Reason")),),
	),
	Action(
		"start",
		label=lambda: _("Start a Plan…"),
		offered=lambda item: item is None or item.status not in RUNNING,
		run=_start,
		fields=_plans,
	),
)


def offered(key: TicketKey, item: ActionItem | None) -> list[Action]:
	"""What the present user can do about a ticket now."""
	return [action for action in ACTIONS if action.offered(item) and _may(action, key, item)]


def seen(item: ActionItem | None) -> str:
	"""What a page shows, as it hands it back with a click."""
	return f"{item.id}/{item.version}" if item else ""


def click(name: str, key: TicketKey, shown: str, values: Mapping[str, str], via: str) -> tuple[bool, str]:
	"""Do what the present user asks for; whether it was done, and in words what became of it.

	`shown` is what the page had (`seen`). Raises PermissionError for whoever may not, ValidationError for what
	can't be asked for.
	"""
	action = next((action for action in ACTIONS if action.name == name), None)
	if not action:
		frappe.throw(_("There is no action {0}.").format(name))
	evaluation.lock_ticket(key)  # the ticket before its item, as a save does
	item = _current(key)
	if not _may(action, key, item):
		frappe.throw(_("You may not do this on this ticket."), frappe.PermissionError)
	if seen(item) != shown and not action.even_if_stale:
		return False, _("Nothing was done, because this happened since the page was shown: {0}").format(
			history.latest(item.id) if item else _("the escalation is gone")
		)
	if not action.offered(item):
		return False, _("Nothing was done: the escalation is {0}.").format(_(item.status) if item else "–")
	user = frappe.session.user
	return action.run(
		Click(key, item, user, frappe.db.get_value("User", user, "full_name") or user, via, values)
	)


def _current(key: TicketKey) -> ActionItem | None:
	name = action_items.latest(key)
	return next((stored.item for stored in action_items.lock([name])), None) if name else None


def _may(action: Action, key: TicketKey, item: ActionItem | None) -> bool:
	if not frappe.has_permission(ITEM, "read"):  # people of the desk; no customers
		return False
	if action.permission == "read" and item:
		return bool(frappe.get_doc(ITEM, item.id).has_permission("read"))
	# Where the ticket was deleted, asking for permission would raise.
	return bool(frappe.db.exists(key.doctype, key.name)) and bool(
		frappe.has_permission(key.doctype, action.permission, key.name)
	)
