"""The one function in which every way of acknowledging ends: button, API, link, reply, key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import frappe
from frappe import _

from escalation_mgmt import delivery
from escalation_mgmt.actions import by_hand
from escalation_mgmt.actions.action import (
	Action,
	Click,
	Result,
	recipient_as_actor,
	user_as_actor,
	where,
)
from escalation_mgmt.actions.carry_out import Locked, there_is_none
from escalation_mgmt.engine import (
	ActionItem,
	Actor,
	Decision,
	Status,
	Ticket,
	can_acknowledge,
	completes,
	is_theirs,
	may_renew,
	tally,
	waits_for,
)
from escalation_mgmt.engine import acknowledge as engine_acknowledge
from escalation_mgmt.facts import people
from escalation_mgmt.storage import action_items, outbox, wording
from escalation_mgmt.utils import fault_points, rows
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.retry import retry_on_conflict


def so_far(have: int, needed: int) -> str:
	"""How many of how many have acknowledged, in words."""
	return _("{0} of {1} have acknowledged.").format(have, needed)


def acknowledged_already(by: str, via: str, *, named: bool) -> str:
	"""That somebody has it; to a user by name."""
	if not named:
		return _("Already acknowledged.")
	return _("{0} acknowledged this already ({1}).").format(by, _(via))


@dataclass(frozen=True, slots=True)
class Acknowledgement:
	"""What became of an attempt to acknowledge. `by`, `at` (UTC) and `via` are those of who has it: empty as long as others
	have to acknowledge as well.
	"""

	taken: bool  # by this attempt
	status: Status
	by: str = ""
	at: datetime | None = None
	via: str = ""
	user: str = ""
	reminded: bool = False  # who has it is asked whether they are still on it
	renewed: bool = False  # by this attempt they said so
	have: int = 0  # of several who are asked, so many have acknowledged
	needed: int = 0
	heard: bool = False  # this person has acknowledged, by this attempt or before, and it is still open
	completes: bool = True  # this person's acknowledgement would be enough
	begun_anew: bool = False  # what they acknowledge by is of an earlier generation
	acks: tuple[str, ...] = ()  # who has acknowledged, where several are asked, as the engine counts them
	named: bool = True  # whoever reads it may learn who and how: a user, and no bare address

	@property
	def people(self) -> tuple[str, ...]:
		"""All who have acknowledged, as history names them."""
		if not self.acks:
			return (self.by,) if self.by else ()
		named = people.full_names(self.acks)
		return tuple(named.get(who) or who for who in self.acks)

	@property
	def waits(self) -> bool:
		"""Whether this person has acknowledged, and others have to as well."""
		return self.heard and self.have < self.needed

	def asks(self, user: str, name: str) -> bool:
		"""Whether this person (or address, by its label) is asked whether they are still on it."""
		return self.reminded and is_theirs(user, name, acknowledged_user=self.user, acknowledged_by=self.by)

	@property
	def so_far(self) -> str:
		"""How many of how many have acknowledged, in words."""
		return so_far(self.have, self.needed) + " " + _("The others are still asked.")

	@property
	def result(self) -> Result:
		return Result(self.taken, self.in_words)

	@property
	def in_words(self) -> str:
		if self.renewed:
			return _("Noted: you are still on it.")
		if self.begun_anew:
			return _("The escalation has begun anew meanwhile; nothing was changed.")
		if self.waits:
			heard = _("Acknowledged.") if self.taken else _("You have acknowledged already.")
			return f"{heard} {self.so_far}"
		if self.taken:
			return _("Acknowledged. The escalation has stopped.")
		if self.by:
			return acknowledged_already(self.by, self.via, named=self.named)
		return _("There is nothing to acknowledge any more: the escalation is {0}.").format(
			wording.status(self.status)
		)


def acknowledge(item: str, actor: Actor, generation: int | None = None) -> Acknowledgement:
	"""Acknowledge an action item. The caller has checked that this person may.

	The caller's transaction must be committed for it to count. Raises DoesNotExistError where there is no such item.
	Whoever was reminded that they have it says by it that they are still on it. With a `generation` it counts for that one only.
	"""
	locked = Locked.named(item)
	if not locked:
		raise frappe.DoesNotExistError(there_is_none(item))
	decision, done = _decide(locked, actor, generation)
	if decision:
		_take([(locked, decision)])
		_committed_soon()
	return done


def _decide(locked: Locked, actor: Actor, generation: int | None) -> tuple[Decision | None, Acknowledgement]:
	"""What is to be done about it, and what became of it then."""
	if generation not in (None, locked.item.generation):
		return None, replace(_of(locked.item, actor.counted_as, named=bool(actor.user)), begun_anew=True)
	ticket = _readable(locked)
	context = locked.snapshot.context(locked.stored, ticket, locked.now)
	decision = engine_acknowledge(locked.item, actor, context, ticket_status=ticket.status)
	if not decision:
		return None, _of(locked.item, actor.counted_as, named=bool(actor.user))
	return decision, replace(
		_of(decision.item, actor.counted_as, named=bool(actor.user)),
		taken=True,
		renewed=may_renew(locked.item, actor),
		heard=can_acknowledge(decision.item.status),
		completes=True,
	)


Decided = Sequence[tuple[Locked, Decision]]
"""Items under their locks, each with what was decided of it."""


def _take(decided: Decided) -> None:
	Locked.apply_all(decided)
	for locked, _decision in decided:
		by_hand.note_told(locked.key, locked.now)


def _committed_soon() -> None:
	fault_points.around_commit("acknowledge")
	delivery.soon()


def _readable(locked: Locked) -> Ticket:
	"""The ticket; who acknowledges one that can't be read is heard all the same."""
	snapshot, key = locked.snapshot, locked.key
	try:
		return snapshot.tickets[key]
	except Exception:
		return Ticket(doctype=key.doctype, name=key.name)


def acknowledge_as(user: str, item: str, via: str) -> Acknowledgement:
	"""Acknowledge as a user who may, from a page of theirs: committed, and tried again where another was in the way."""
	actor = user_as_actor(user, via)
	return retry_on_conflict(lambda: acknowledge(item, actor))


def acknowledge_by(
	messages: Sequence[Any], via: str, *, of_generation: bool = False
) -> dict[str, Acknowledgement]:
	"""Acknowledge by whom messages went to, that of each item: what one answer answers (`addressees.who_answers`). Returns what
	became of each item, without what is gone meanwhile. With `of_generation` each counts for the item's generation of then.

	All of it or nothing, where another transaction is in the way. What else goes wrong with one of several stops no other, and is
	reported (design rule 8).
	"""
	found = {locked.item.id: locked for locked in Locked.all(message.action_item for message in messages)}
	done: dict[str, Acknowledgement] = {}
	decided: list[tuple[Locked, Decision]] = []
	alone = len(messages) == 1
	for message in messages:
		if not (locked := found.get(message.action_item)):
			continue
		generation = message.generation if of_generation else None
		try:
			decision, done[locked.item.id] = _decide(locked, recipient_as_actor(message, via), generation)
		except _IN_THE_WAY:
			raise
		except Exception:
			if alone:
				raise
			_report(locked)
			continue
		decided += [(locked, decision)] if decision else []
	for locked, _decision in _not_taken(decided, alone):
		del done[locked.item.id]
	if any(each.taken for each in done.values()):
		_committed_soon()
	return done


def _not_taken(decided: Decided, alone: bool) -> Decided:
	"""Take them as one set, so that their locks are held for a moment; where one of them stands in the way, each by itself. Returns
	those that can't be taken.
	"""
	if not decided:
		return ()
	if alone:
		_take(decided)
		return ()
	frappe.db.savepoint(_SAVEPOINT)
	try:
		_take(decided)
		return ()
	except _IN_THE_WAY:
		raise
	except Exception:
		frappe.db.rollback(save_point=_SAVEPOINT)
		if len(decided) == 1:
			_report(decided[0][0])
			return decided
	return [each for one in decided for each in _not_taken([one], alone)]


def _report(locked: Locked) -> None:
	report_error(f"Escalation: {locked.item.id} can't be acknowledged with the others")


_IN_THE_WAY = (rows.Conflict, frappe.QueryDeadlockError, frappe.QueryTimeoutError)
_SAVEPOINT = "escalation_acknowledge"


def in_words(done: Mapping[str, Acknowledgement]) -> str:
	"""What became of an attempt to acknowledge several items at once, or one; "" where nothing is left of them."""
	if len(done) < 2:
		return "".join(each.in_words for each in done.values())
	taken = sum(each.taken for each in done.values())
	if not taken:
		return _("Nothing of these {0} is left to acknowledge.").format(len(done))
	if taken == len(done):
		return _("Acknowledged: all {0}.").format(taken)
	return _("Acknowledged: {0} of {1}; somebody has the others, or they are over.").format(taken, len(done))


def as_they_are(messages: Sequence[Any], *, of_generation: bool = False) -> dict[str, Acknowledgement]:
	"""How items stand for whom messages about them went to, without changing anything; what is gone is left out."""
	found = {
		stored.item.id: stored.item
		for stored in action_items.readable([message.action_item for message in messages])
	}
	return {
		item.id: replace(
			_of(item, outbox.counted_as(message), named=bool(message.user)),
			begun_anew=of_generation and message.generation != item.generation,
		)
		for message in messages
		if (item := found.get(message.action_item))
	}


def _of(item: ActionItem, who: str, *, named: bool) -> Acknowledgement:
	"""How an item stands for this person, without anything being done."""
	still_open = can_acknowledge(item.status)
	return Acknowledgement(
		False,
		item.status,
		item.acknowledged_by,
		item.acknowledged_at,
		item.acknowledged_via,
		item.acknowledged_user,
		reminded=item.reminded,
		heard=still_open and not waits_for(item, who),
		completes=completes(item, who),
		acks=tuple(item.acks),
		named=named,
		**(tally(item) if still_open else {}),
	)


def _run(click: Click) -> Result:
	return acknowledge(click.item.id, click.actor).result


ACKNOWLEDGE = Action(
	"acknowledge",
	label=lambda: _("Acknowledge"),
	offered=where(lambda item: waits_for(item, frappe.session.user)),
	run=_run,
	permission="read",
	even_if_stale=True,  # whoever takes it takes it, however many steps have run; a second one is told by whom
)
STILL_ON_IT = Action(
	"still_on_it",
	label=lambda: _("I Am Still on It"),
	offered=where(lambda item: may_renew(item, Actor(name="", user=frappe.session.user))),
	run=_run,
	permission="read",
	even_if_stale=True,
)
