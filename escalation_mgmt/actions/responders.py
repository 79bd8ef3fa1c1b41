"""Handing an escalation over to another person, and adding one: by hand, and paged at once."""

from typing import Any

import frappe
from frappe import _
from frappe.desk.form import assign_to

from escalation_mgmt import delivery
from escalation_mgmt.dispatch import evaluation
from escalation_mgmt.engine import (
	Actor,
	CannotBeReached,
	Context,
	Decision,
	Refusal,
	Refused,
	Ticket,
	TicketKey,
	can_add,
	can_hand_over,
)
from escalation_mgmt.engine import add_person as engine_add_person
from escalation_mgmt.engine import hand_over as engine_hand_over
from escalation_mgmt.facts import people, sources
from escalation_mgmt.facts.calendars import Calendars
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.storage import action_items, decisions
from escalation_mgmt.utils import clock


def offered(doctype: str, team: str) -> list[tuple[str, str]]:
	"""Whom an escalation can be handed over to, and who can be added: [(user, name)], by name. []: any user of the desk."""
	return people.names(sources.possible_assignees(doctype, team))


def hand_over(item: str, to: str, *, by: str, via: str = "", user: str = "") -> tuple[bool, str]:
	"""Assign the ticket to the user `to`, who is paged at once; whether it was done, and in words what became of it.

	`by` is the name that history shows, `user` the user where it is one. The caller has checked that this person may, and
	commits. Raises ValidationError where `to` is nobody who is offered, or who can be reached.
	"""
	asked = _Asked(item, to)
	if not asked.stored or not can_hand_over(asked.stored.item):
		return False, _("The escalation is {0}; there is nothing to hand over.").format(asked.status)
	stored = asked.stored
	with evaluation.put_off():
		_assign(stored.key, to)
	read = Tickets([stored.key])
	ticket = read[stored.key]
	actor, context = Actor(name=by, user=user, via=via), asked.context(ticket)
	try:
		decision = engine_hand_over(stored.item, to, asked.name, actor, ticket, context)
	except CannotBeReached as e:
		frappe.throw(_why(asked.name, e), title=_("Nothing was changed"))
	return True, asked.apply(decision, read, _("Handed over to {0}, who is paged now."))


def add_person(item: str, who: str, *, by: str, via: str = "") -> tuple[bool, str]:
	"""Let the user `who` be paged as well, at once and with every further step; as `hand_over`."""
	asked = _Asked(item, who)
	if not asked.stored or not can_add(asked.stored.item):
		return False, _("The escalation is {0}; nobody can be added.").format(asked.status)
	stored = asked.stored
	read = Tickets([stored.key])
	actor, context = Actor(name=by, via=via), asked.context(read[stored.key])
	try:
		decision = engine_add_person(stored.item, who, asked.name, actor, context)
	except CannotBeReached as e:
		frappe.throw(_why(asked.name, e), title=_("Nothing was changed"))
	except Refused as e:
		if e.refusal is Refusal.ALREADY_ACKNOWLEDGED:
			return False, _("{0} has acknowledged already; nothing was changed.").format(asked.name)
		return False, _("{0} was added before; nothing was changed.").format(asked.name)
	return True, asked.apply(decision, read, _("{0} is paged now, and with every further step."))


class _Asked:
	"""What both need: the item under a lock, the person, whom a step reaches."""

	def __init__(self, item: str, user: str):
		self.now = clock.now()
		self.stored = next(iter(action_items.lock([item])), None)
		self.status = _(self.stored.item.status) if self.stored else "–"
		self.directory = Directory()
		self.name = self._name_of(user) if self.stored else user

	def _name_of(self, user: str) -> str:
		there = offered(self.stored.key.doctype, self.stored.item.facts.team)
		name = dict(there or people.names([user])).get(user)
		if not name:
			frappe.throw(
				_("Choose one of the people who are offered.")
				if there
				else _("Choose an enabled user of Desk.")
			)
		return name

	def context(self, ticket: Ticket) -> Context:
		working = Calendars().of(self.stored.item.plan, ticket)
		return Context(self.now, working=working, reaches=self.reaches)

	def reaches(self, step: Any) -> Any:
		return self.directory.reach(step, Tickets([]), self.stored.key)

	def apply(self, decision: Decision, read: Tickets, words: str) -> str:
		decisions.apply([(self.stored, decision)], self.directory, read, self.now)
		delivery.soon()
		return words.format(self.name)


def _assign(key: TicketKey, user: str) -> None:
	"""By Frappe's own assignment, so that every form and list shows it. Whoever has it already keeps it."""
	had = Tickets([key])[key].assignees
	if user not in had:
		assign_to.add({"doctype": key.doctype, "name": key.name, "assign_to": [user]})
	for other in had:
		if other != user:
			assign_to.remove(key.doctype, key.name, other)


def _why(name: str, error: CannotBeReached) -> str:
	if not error.missed:
		return _("The plan has no step for people. Assign the ticket to {0} instead.").format(name)
	reasons = " ".join(f"{_(miss.method)}: {miss.reason}" for miss in error.missed)
	return _("{0} can't be reached: {1}").format(name, reasons)
