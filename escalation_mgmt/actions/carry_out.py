"""What all have in common that people do to an action item: lock, refuse in words, decide, apply, deliver."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Self

from frappe import _

from escalation_mgmt import delivery
from escalation_mgmt.actions import by_hand
from escalation_mgmt.actions.action import Result
from escalation_mgmt.dispatch import promptly
from escalation_mgmt.dispatch.evaluation import Snapshot
from escalation_mgmt.engine import ActionItem, Actor, Context, Decision, Recipient, Refused, Ticket, reach
from escalation_mgmt.storage import action_items
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.jobs import tick_soon


class Locked:
	"""An action item under a lock, and the facts of this moment, read when they are first asked for."""

	def __init__(self, stored: action_items.Stored, now: datetime | None = None):
		# Whoever does something to it has looked at it: it is held no longer than until then.
		self.stored, self.item, self.key = stored, replace(stored.item, held_at=None), stored.key
		self.now = now or clock.now()

	@classmethod
	def named(cls, name: str) -> Self | None:
		return next(map(cls, action_items.lock([name])), None)

	@classmethod
	def all(cls, names: Iterable[str]) -> list[Self]:
		"""Those of these names, locked at once and with the same facts."""
		stored = action_items.lock({*names})
		now = clock.now()
		locked = [cls(each, now) for each in stored]
		shared = Snapshot([each.key for each in locked])
		shared.items = [each.item.id for each in locked]
		for each in locked:
			each.snapshot = shared
		return locked

	@cached_property
	def snapshot(self) -> Snapshot:
		return Snapshot([self.key])

	@property
	def ticket(self) -> Ticket:
		"""Raises what stands in the way of one that can't be read."""
		return self.snapshot.tickets[self.key]

	@property
	def context(self) -> Context:
		return self.snapshot.context(self.stored, self.ticket, self.now)

	def paged_by(self, decision: Decision) -> list[Recipient]:
		"""Whom a decision pages: at once, and by what is due now because of it; once for each message."""
		item, paged = decision.item, [page.recipient for page in decision.pages]
		if item.next_at and item.next_at <= self.now and not item.in_last_wait:
			paged += by_hand.of_group(
				to
				for step in item.plan.groups[item.group]
				for to in reach(step, item, self.context.reaches).recipients
				if to.counted_as not in item.passed_on_now
			)
		return paged

	def apply(self, decision: Decision) -> None:
		self.apply_all([(self, decision)])

	@staticmethod
	def apply_all(decided: Sequence[tuple["Locked", Decision]]) -> None:
		"""Write decisions of one moment, of items that were locked at once, or of one."""
		first = decided[0][0]
		first.snapshot.apply([(locked.stored, decision) for locked, decision in decided], first.now)
		if any(decision.deeds for _locked, decision in decided):
			tick_soon()  # they are done once this is committed


def carry_out(
	item: str | Locked,
	*,
	decide: Callable[[Locked], Decision],
	refuse: Callable[[Refused, ActionItem], str | Result],
	say: Callable[[Locked, Decision], str],
	sends: bool = True,
	then: Callable[[Locked], None] = lambda locked: None,
	pages_by: Actor | None = None,
) -> Result:
	"""Do something to the action item of that name, or to one of several that were locked at once. The caller commits.

	`decide` asks the engine, and `say` tells what was done. `refuse` tells why it wasn't, or throws where what was given
	is at fault. With `sends` there may be messages because of it: delivery is asked to send them. What is due by it now is run
	at once. `then` does what else belongs to it, once it is decided and written; what it raises undoes all.

	`pages_by` is who has people paged by it, which is limited (`by_hand`).
	"""
	locked = Locked.named(item) if isinstance(item, str) else item
	if not locked:
		return Result(False, there_is_none(str(item)))
	try:
		decision = decide(locked)
	except Refused as e:
		refusal = refuse(e, locked.item)
		return refusal if isinstance(refusal, Result) else Result(False, refusal)
	if pages_by and (why := by_hand.take(pages_by, locked.key, locked.paged_by(decision), locked.now)):
		return Result(False, why)
	locked.apply(decision)
	then(locked)
	if not promptly.run_if_due(locked.key, locked.now) and sends:
		delivery.soon()
	return Result(True, say(locked, decision))


def there_is_none(name: str) -> str:
	return _("There is no Escalation Action Item {0}.").format(name)
