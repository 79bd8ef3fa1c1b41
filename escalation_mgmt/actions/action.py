"""What an action is: what it is called, when and to whom it is offered, what it asks for, what comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import frappe

from escalation_mgmt.engine import ActionItem, Actor, TicketKey
from escalation_mgmt.utils.plain_text import cell


@dataclass(frozen=True, slots=True)
class Result:
	"""Whether what was asked for was done, and what became of it in words."""

	done: bool
	message: str
	instead: str = ""  # the name of an action that helps where this one can't


@dataclass(frozen=True, slots=True)
class Option:
	"""What is sent when it is chosen, and what is read."""

	value: str
	label: str


@dataclass(frozen=True, slots=True)
class Field:
	"""What an action asks for before it is done. With `options` one of them is chosen; a `datetime` is given in
	the site's zone, beginning with `default` (a form that shows it says which zone that is, or shows the reader's own, as
	Desk does); else a text is written. A `person` is nobody at first: the first of the options, `likely` of them, are buttons that do
	the action, the others are chosen from a list.
	"""

	name: str
	label: str
	options: tuple[Option, ...] = ()
	kind: str = "text"
	default: str = ""
	optional: bool = False
	likely: int = 0


@dataclass(frozen=True, slots=True)
class Click:
	"""Somebody asks for an action. `item` is the ticket's action item as it is now, under a lock."""

	key: TicketKey
	item: ActionItem | None
	actor: Actor
	values: Mapping[str, str] = field(default_factory=dict)

	def value(self, name: str) -> str:
		return str(self.values.get(name) or "")


@dataclass(frozen=True, slots=True)
class Action:
	name: str
	label: Callable[[], str]
	offered: Callable[[ActionItem | None], bool]
	run: Callable[[Click], Result]
	permission: str = "write"  # on the ticket; "read": being notified is enough, too
	possible: Callable[[TicketKey], bool] = lambda key: True  # asked of the ticket where it would be offered
	fields: Callable[[TicketKey, ActionItem | None], tuple[Field, ...]] = lambda key, item: ()
	preview: str = ""  # a function of `api` that says of a ticket and the values what would be done
	instead: Callable[[ActionItem | None], Result | None] = lambda item: None  # said where it isn't offered
	of_ticket: bool = False  # it is about the ticket as a whole, and offered once, however many items it has
	managers: bool = False  # who manages escalations may, whatever they may do to the ticket
	even_if_stale: bool = False  # what it means doesn't depend on what has happened since
	tells_at_once: bool = False  # somebody is told before it is committed: it isn't tried again on a conflict


def where(offered: Callable[[ActionItem], bool]) -> Callable[[ActionItem | None], bool]:
	"""Offered where the ticket has an action item, and it is one of these; what a restore holds is taken as what it was before, as
	`carry_out` takes it.
	"""
	return lambda item: item is not None and offered(replace(item, held_at=None))


def user_as_actor(user: str, via: str) -> Actor:
	name = cell(frappe.db.get_value("User", user, "full_name"), 140)
	return Actor(name=name or user, user=user, via=via)


def recipient_as_actor(message: Any, via: str) -> Actor:
	"""Whom a message went to. It has `recipient`, `user` and `address`, and in `shared` who else was reached there."""
	return Actor(
		name=message.recipient,
		user=message.user or "",
		address="" if message.user else message.address or "",
		at=(message.address or "") if message.shared else "",
		shared=message.shared or (),
		via=via,
	)
