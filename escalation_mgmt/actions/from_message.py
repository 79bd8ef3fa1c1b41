"""What whoever got a message can do about it, without the ticket's form: by link, app, notification, SMS or call alike.

`offered` says what is possible now, and `do` does one of it. Both take what an answer to the message answers
(`addressees.who_answers`; of the app `answered_by_user`): of a bundle several, and what is done is done for each.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint

from escalation_mgmt.actions import on_my_way as way
from escalation_mgmt.actions.acknowledge import Acknowledgement, acknowledge_by, in_words
from escalation_mgmt.actions.action import Result, recipient_as_actor
from escalation_mgmt.actions.carry_out import Locked, carry_out
from escalation_mgmt.actions.on_my_way import on_my_way
from escalation_mgmt.actions.pass_on import nobody_comes, pass_on
from escalation_mgmt.actions.undo import undo
from escalation_mgmt.engine import (
	UNDO_WITHIN,
	ActionItem,
	Actor,
	Decision,
	Refusal,
	Refused,
	can_be_on_the_way,
	can_bring_forward,
	can_snooze,
	may_renew,
	undo_until,
	waits_for,
)
from escalation_mgmt.engine import snooze as engine_snooze
from escalation_mgmt.storage import action_items, outbox
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.plain_text import cell

SNOOZES = (15, 30, 60)  # minutes


class What(StrEnum):
	"""What can be done, by the name that a form field or an API call has for it."""

	ACKNOWLEDGE = "acknowledge"
	PASS_ON = "pass_on"
	ON_MY_WAY = "on_my_way"
	SNOOZE = "snooze"
	UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
	"""One thing that can be done now, or (with `why_not`) what is said in its place."""

	what: What
	label: str
	minutes: tuple[int, ...] = ()  # one of these is chosen
	until: datetime | None = None  # UTC: not any more from then on
	why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
	"""What became of it: in words, and how each item stands. `undo_until` (UTC): where it can be undone, until when."""

	what: What
	done: bool
	message: str
	undo_until: datetime | None = None
	acknowledged: dict[str, Acknowledgement] = field(
		default_factory=dict
	)  # where that was asked for, by item


def label(what: What) -> str:
	return {
		What.ACKNOWLEDGE: _("Acknowledge"),
		What.PASS_ON: _("Somebody Else Has to Take It"),
		What.ON_MY_WAY: _("I Am on My Way"),
		What.SNOOZE: _("Snooze"),
		What.UNDO: _("Undo"),
	}[what]


def answered_by_user(user: str, item: str, position: str = "") -> list[Any]:
	"""As `addressees.who_answers` of a message, for a user who may do something to an item without one: in the app.

	`position` is what the app has shown (`position_of`), so that a stale press passes nothing on; empty: what comes next now. What is
	no position is one that is over. The caller has checked that they may. []: there is no such item.
	"""
	found = action_items.readable([item])
	if not found:
		return []
	if not position:
		at = found[0].item.position
	else:
		parts = position.split("-")
		whole = len(parts) == 3 and all(part.isdecimal() and len(part) < 10 for part in parts)
		at = tuple(map(int, parts)) if whole else (-1, -1, -1)
	name = cell(frappe.db.get_value("User", user, "full_name"), 140) or user
	message = {"action_item": item, "user": user, "recipient": name, "address": "", "shared": ()}
	return [frappe._dict(message, **dict(zip(outbox.NEXT, at, strict=True)))]


def position_of(item: ActionItem) -> str:
	"""What comes next of an item, as a page keeps it until a button is pressed."""
	return "-".join(map(str, item.position))


def offered(answered: Sequence[Any]) -> list[Offer]:
	"""What whoever got a message can do now. Of several items: what can be done about any of them."""
	items = {
		stored.item.id: stored.item
		for stored in action_items.readable([each.action_item for each in answered])
	}
	now = clock.now()
	of_each = [
		_of_one(message, items[message.action_item], now)
		for message in answered
		if message.action_item in items
	]
	found: dict[What, Offer] = {}
	for offer in (offer for offers in of_each for offer in offers):
		known = found.get(offer.what)
		if not known or (known.why_not and not offer.why_not):
			found[offer.what] = offer
	return [found[what] for what in What if what in found]


def _of_one(message: Any, item: ActionItem, now: datetime) -> Iterable[Offer]:
	actor, current = recipient_as_actor(message, ""), message.generation == item.generation
	if waits_for(item, actor.counted_as) or may_renew(item, actor):
		yield Offer(what=What.ACKNOWLEDGE, label=label(What.ACKNOWLEDGE))
	if can_bring_forward(item) and outbox.next_of(message) == item.position:
		yield Offer(what=What.PASS_ON, label=label(What.PASS_ON))
	elif current and item.next_at and item.in_last_wait and not item.acknowledged_by:
		yield Offer(what=What.PASS_ON, label=label(What.PASS_ON), why_not=nobody_comes(item, actor))
	if current and can_be_on_the_way(item):
		yield Offer(what=What.ON_MY_WAY, label=label(What.ON_MY_WAY), minutes=way.MINUTES)
	if current and item.plan.notified_may_snooze and can_snooze(item):
		yield Offer(what=What.SNOOZE, label=label(What.SNOOZE), minutes=SNOOZES)
	until = undo_until(item, actor)
	if until and now < until:
		yield Offer(what=What.UNDO, label=label(What.UNDO), until=until)


def do(what: str, answered: Sequence[Any], via: str, minutes: Any = None) -> Done:
	"""Do one thing for whom a message went to; `what` is one of `What` (empty: acknowledge), `minutes` how long where it asks for that.

	The caller has proved who asks, commits, and tries again where another transaction was in the way (`retry_on_conflict`). What it
	can't do it says in words; a `what` that there isn't raises ValueError.
	"""
	asked = What(what or What.ACKNOWLEDGE)
	if asked is What.ACKNOWLEDGE:
		return _acknowledge(answered, via)
	results = results_of(asked, answered, via, cint(minutes))
	return Done(what=asked, done=any(each.done for each in results), message=of_several(results))


def results_of(what: What, answered: Sequence[Any], via: str, minutes: int = 0) -> list[Result]:
	"""Do one thing that isn't an acknowledgement, and say what became of each item. Those of a bundle are locked at once."""
	ways: dict[What, Callable[[Locked | str, Any], Result]] = {
		What.PASS_ON: lambda item, message: pass_on(item, message, via),
		What.ON_MY_WAY: lambda item, message: on_my_way(item, message, minutes, via),
		What.SNOOZE: lambda item, message: snooze(item, message, minutes, via),
		What.UNDO: lambda item, message: undo(item, message, via),
	}
	locked = {each.item.id: each for each in Locked.all(message.action_item for message in answered)}
	return [ways[what](locked.get(each.action_item, each.action_item), each) for each in answered]


def _acknowledge(answered: Sequence[Any], via: str) -> Done:
	done = acknowledge_by(answered, via)
	taken = [each.at for each in done.values() if each.taken and each.at and not each.renewed]
	return Done(
		what=What.ACKNOWLEDGE,
		done=any(each.taken for each in done.values()),
		message=in_words(done),
		undo_until=min(taken) + UNDO_WITHIN if taken else None,
		acknowledged=done,
	)


def of_several(results: Sequence[Result]) -> str:
	"""What became of something that was asked for all items of a bundle, or for one."""
	done = [result for result in results if result.done]
	if len(results) == 1 or not done:
		return results[0].message if results else _("There is nothing to acknowledge any more.")
	if len(done) == len(results):
		return _("Done for all {0}.").format(len(done))
	return _("Done for {0} of {1}.").format(len(done), len(results))


def snooze(item: Locked | str, message: Any, minutes: int, via: str) -> Result:
	"""Keep the item of a message quiet for so many minutes (one of `SNOOZES`), where its plan lets whoever is notified. A message of
	before the escalation began anew changes nothing.
	"""
	if minutes not in SNOOZES:
		return Result(False, way.say_how_long(SNOOZES))
	actor = recipient_as_actor(message, via)

	def decide(locked: Locked) -> Decision:
		way.check_generation(message, locked)
		if not locked.item.plan.notified_may_snooze:
			raise Refused(Refusal.NOT_ALLOWED)
		return engine_snooze(locked.item, locked.now + timedelta(minutes=minutes), actor, locked.now)

	return carry_out(
		item, decide=decide, refuse=partial(_refuse_snooze, actor), say=_say_snoozed, sends=False
	)


def _say_snoozed(_locked: Locked, decision: Decision) -> str:
	return _("Quiet until {0}. Then it goes on. Nobody has it yet.").format(clock.shown(decision.item.due_at))


def _refuse_snooze(actor: Actor, why: Refused, item: ActionItem) -> str:
	if why.refusal is Refusal.NOT_ALLOWED:
		return _("The plan doesn't let you snooze it from here.")
	return way.nothing_to_quieten(actor, why, item)
