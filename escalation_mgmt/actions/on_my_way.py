"""Whom a message went to is on the way: quiet until they can look, the others are told, and nobody has it yet."""

from datetime import timedelta
from functools import partial
from typing import Any

from frappe import _

from escalation_mgmt.actions import by_hand
from escalation_mgmt.actions.acknowledge import acknowledged_already
from escalation_mgmt.actions.action import Result, recipient_as_actor
from escalation_mgmt.actions.carry_out import Locked, carry_out
from escalation_mgmt.engine import ActionItem, Actor, Decision, Refusal, Refused, on_the_way
from escalation_mgmt.storage import wording
from escalation_mgmt.utils import clock

MINUTES = (15, 30, 60, 120)


def on_my_way(item: Locked | str, message: Any, minutes: int | None, via: str) -> Result:
	"""Keep the item of a message quiet for whoever it went to, who comes within so many minutes (one of `MINUTES`).

	A message of before the escalation began anew changes nothing. The caller has proved who asks, and commits.
	"""
	if minutes not in MINUTES:
		return Result(False, say_how_long(MINUTES))
	actor, way = recipient_as_actor(message, via), timedelta(minutes=minutes)

	def decide(locked: Locked) -> Decision:
		check_generation(message, locked)
		return on_the_way(locked.item, locked.now + way, actor, locked.now)

	return carry_out(
		item,
		decide=decide,
		refuse=partial(_refuse, actor),
		say=_say,
		then=lambda locked: by_hand.note_told(locked.key, locked.now),
	)


def check_generation(message: Any, locked: Locked) -> None:
	"""Raises Refused where the escalation has begun anew since this message was queued."""
	if message.generation != locked.item.generation:
		raise Refused(Refusal.BEGUN_ANEW)


def say_how_long(minutes: tuple[int, ...]) -> str:
	*first, last = map(str, minutes)
	return _("Choose {0} or {1} minutes.").format(", ".join(first), last)


def _say(_locked: Locked, decision: Decision) -> str:
	item = decision.item
	words = _("You are on the way: it is quiet until {0}, and the others are told. Nobody has it yet.")
	if item.in_last_wait:
		words += " " + _("No step is left: acknowledge it when you are there.")
	return words.format(clock.shown(item.due_at))


def _refuse(actor: Actor, why: Refused, item: ActionItem) -> str:
	if why.refusal is Refusal.ALREADY_COMING and not actor.user:
		return _("Somebody is on the way, quiet until {0}.").format(clock.shown(item.due_at))
	if why.refusal is Refusal.ALREADY_COMING:
		names = ", ".join(name for _user, name in item.coming)
		return wording.coming(names, item.due_at) + "."
	return nothing_to_quieten(actor, why, item)


def nothing_to_quieten(actor: Actor, why: Refused, item: ActionItem) -> str:
	"""Why a message can't make its item quiet. Names are for users alone."""
	if why.refusal is Refusal.BEGUN_ANEW:
		return _("The escalation has begun anew meanwhile; nothing was changed.")
	if item.acknowledged_by:
		return acknowledged_already(item.acknowledged_by, item.acknowledged_via, named=bool(actor.user))
	return _("The escalation is {0}; there is nothing to snooze.").format(wording.status(item.status))
