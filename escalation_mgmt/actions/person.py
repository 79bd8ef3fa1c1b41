"""The person whom an escalation is handed over to, or who is added: chosen from those who are offered."""

from collections.abc import Callable, Iterator
from typing import NoReturn

import frappe
from frappe import _

from escalation_mgmt.actions.action import Click, Field, Option
from escalation_mgmt.engine import ActionItem, CannotBeReached, TicketKey, is_personal
from escalation_mgmt.facts import people, sources
from escalation_mgmt.utils import rate_limit

PER_HOUR = 60
"""How often one person can have somebody paged by name."""


def field(name: str, label: Callable[[], str]) -> Callable[[TicketKey, ActionItem | None], tuple[Field, ...]]:
	"""The field that asks for the person, each with the methods of the plan that reach them. Nobody is chosen beforehand:
	somebody would be woken by mistake. Where nobody can be offered, it is any user of Desk.
	"""

	def fields(key: TicketKey, item: ActionItem | None) -> tuple[Field, ...]:
		offered = _offered(key, item)
		options = (Option("", ""), *_options(offered, item)) if offered else ()
		return (Field(name, label(), options),)

	return fields


def chosen(click: Click, asked_in: str) -> tuple[str, str]:
	"""The user who was chosen, and what they are called. Raises ValidationError for anybody who isn't offered, and
	RateLimitExceededError for whoever has had too many people paged.
	"""
	rate_limit.hourly("page", click.actor.user, PER_HOUR)
	user = click.value(asked_in)
	offered = _offered(click.key, click.item)
	name = dict(offered or people.names([user])).get(user)
	if not name:
		frappe.throw(
			_("Choose one of the people who are offered.")
			if offered
			else _("Choose an enabled user of Desk.")
		)
	return user, name


def _options(offered: list[tuple[str, str]], item: ActionItem | None) -> Iterator[Option]:
	steps = item.plan.steps if item else ()
	methods = dict.fromkeys(step.method for step in steps if is_personal(step))
	directory = people.Directory()
	directory.read(user for user, _name in offered)
	for user, name in offered:
		by = ", ".join(_(method) for method in directory.methods_to(user, methods))
		yield Option(user, f"{name} ({by})" if by else _("{0} (can't be reached)").format(name))


def _offered(key: TicketKey, item: ActionItem | None) -> list[tuple[str, str]]:
	"""By name: [(user, name)]. []: any user of the desk."""
	return people.names(sources.possible_assignees(key.doctype, item.facts.team if item else ""))


def throw_unreachable(name: str, error: CannotBeReached) -> NoReturn:
	"""Say by which methods the person of that name can't be paged, and why."""
	if error.missed:
		reasons = " ".join(f"{_(miss.method)}: {miss.reason}" for miss in error.missed)
		message = _("{0} can't be reached: {1}").format(name, reasons)
	else:
		message = _("The plan has no step for people. Assign the ticket to {0} instead.").format(name)
	frappe.throw(message, title=_("Nothing was changed"))
