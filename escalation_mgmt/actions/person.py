"""The person whom an escalation is handed over to, or who is added: chosen from those who are offered, with a note to them."""

from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import frappe
import redis
from frappe import _

from escalation_mgmt.actions.action import Click, Field, Option
from escalation_mgmt.engine import OF_TEAM, ActionItem, CannotBeReached, TargetKind, TicketKey, is_personal
from escalation_mgmt.facts import assignments, people, sources
from escalation_mgmt.utils import rate_limit
from escalation_mgmt.utils.plain_text import plain

PER_HOUR = 60
"""How often one person can have somebody paged by name."""


LIKELY = 5
"""So many people at most are buttons: one who reads them in the night finds the one they mean."""

HAD_LATELY = "escalation_had_lately"
_HAD_SECONDS = 600

LONGEST_NOTE = 140
"""Characters of what is written to whoever is paged: more would be a second SMS."""


def fields(
	name: str, label: Callable[[], str]
) -> Callable[[TicketKey, ActionItem | None], tuple[Field, ...]]:
	"""What is asked for: a note to the person, and who that is, each with the methods of the plan that reach them. Nobody is chosen
	beforehand: somebody would be woken by mistake. Where nobody can be offered, it is any user of Desk.
	"""

	def asked(key: TicketKey, item: ActionItem | None) -> tuple[Field, ...]:
		offered = _offered(key, item)
		options, likely = _options(key, offered, item)
		return (
			Field("note", _("A note to them (it stands in the message)"), optional=True),
			Field(name, label(), options, kind="person", likely=likely),
		)

	return asked


def note(click: Click) -> str:
	"""What is written to whom it pages: one line."""
	return plain(click.value("note").strip(), LONGEST_NOTE).strip()


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


def _options(
	key: TicketKey, offered: list[tuple[str, str]], item: ActionItem | None
) -> tuple[tuple[Option, ...], int]:
	"""The likeliest first, and how many of them are likely: whom the plan would page yet, then the others, then who has the ticket
	already or asks; at the end those whom nothing reaches. Of each who had most tickets lately, then by name.
	"""
	if not offered:
		return (), 0
	steps = item.plan.steps if item else ()
	methods = dict.fromkeys(step.method for step in steps if is_personal(step))
	directory = people.Directory()
	directory.read(user for user, _name in offered)
	comes, had = _to_come(item), _had_lately(key.doctype)
	has_it = {*(item.assignees if item else ()), frappe.session.user}

	def rank(user: str, by: str) -> int:
		if not by:
			return 3
		return 2 if user in has_it else int(user not in comes)

	def option(user: str, name: str, by: str) -> Option:
		return Option(user, f"{name} ({by})" if by else _("{0} (can't be reached)").format(name))

	found = [(user, name, ", ".join(map(_, directory.methods_to(user, methods)))) for user, name in offered]
	found.sort(key=lambda each: (rank(each[0], each[2]), -had.get(each[0], 0)))
	likely = sum(rank(user, by) < 2 for user, _name, by in found)
	return tuple(option(*each) for each in found), min(likely, LIKELY)


def _had_lately(doctype: str) -> dict[str, int]:
	"""`assignments.lately`, for every open form asks for it every few seconds: at most some minutes old."""
	key = f"{HAD_LATELY}:{doctype}"
	with suppress(redis.exceptions.RedisError, OSError):
		if (known := frappe.cache.get_value(key, expires=True)) is not None:
			return known
	found = assignments.lately(doctype)
	with suppress(redis.exceptions.RedisError, OSError):
		frappe.cache.set_value(key, found, expires_in_sec=_HAD_SECONDS)
	return found


def _to_come(item: ActionItem | None) -> set[str]:
	"""The users whom the steps of this run that are still to come name, one by one or as a team."""
	users: set[str] = set()
	for step in item.plan.steps[item.step :] if item else ():
		for target in step.targets:
			if target.kind is TargetKind.USER:
				users.add(target.value)
			elif target.kind in OF_TEAM and (team := target.value or item.facts.team):
				users.update(sources.team_members(team))
	return users


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
