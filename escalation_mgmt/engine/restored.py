"""An earlier state of the database was restored onto the same site: what is older waits until somebody has looked (design, section 7).

A mark tells it: a number that grows, with its instant, which stands in the database and outside of it. It is written to the
database first, so that outside it is never ahead, unless the database has lost what it had. In the database it stands twice, in what
is read back first and in what is read back last: as long as the two differ, a restore is under way.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.decision import Decision
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.refusal import Refusal, Refused

EVERY = timedelta(minutes=1)  # a new mark
LOST_BY_A_CRASH = 1
"""Marks that a database may lack which lost its last moments (power, a fail-over): no reason to hold anything."""
READ_BACK_WITHIN = timedelta(minutes=30)
"""After so long it isn't under way any more: somebody has restored a part."""


@dataclass(frozen=True, slots=True)
class Mark:
	number: int  # from 1, and one more with each
	at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Recorded:
	"""The mark in the database, in what a restore reads back first and last; None: it has none there."""

	first: Mark | None
	last: Mark | None

	@property
	def is_whole(self) -> bool:
		"""A last one that is missing alone was no restore's doing: that begins with the first."""
		return self.last in (None, self.first)


def is_restored(recorded: Recorded, kept: Mark | None) -> bool:
	"""Whether the database is an earlier state than the one of which the mark was `kept` outside, or a part of it is. Without one
	outside nothing can be told of a whole one.
	"""
	if not recorded.is_whole:
		return True
	own = recorded.first.number if recorded.first else 0
	return kept is not None and kept.number - own > LOST_BY_A_CRASH


def is_under_way(recorded: Recorded, kept: Mark | None, now: datetime) -> bool:
	"""Whether a restore is being read back: nothing may be run, nor held, for what is held now may be read back yet. No mark is
	written meanwhile.
	"""
	return not recorded.is_whole and kept is not None and abs(now - kept.at) < READ_BACK_WITHIN


def begins(recorded: Mark | None, kept: Mark | None, now: datetime) -> datetime:
	"""Since when (UTC) what stands in a restored database has come after the restore: whatever is older was restored.

	The restored state is older than the mark after its own. A clock that was set back may show that one earlier than it was; one
	that ran ahead shows it in the future.
	"""
	if not kept:
		return now
	own = recorded.at + EVERY if recorded else kept.at
	return min(max(kept.at, own), now)


def next_mark(recorded: Mark | None, kept: Mark | None, now: datetime) -> Mark | None:
	"""The mark that is to be written now; None: the last is young enough. One from the future is replaced as an old one is."""
	if recorded and abs(now - recorded.at) < EVERY:
		return None
	return Mark(max(mark.number if mark else 0 for mark in (recorded, kept)) + 1, now)


def hold_restored(item: ActionItem, now: datetime) -> Decision:
	"""Hold an item that belongs to the restored state: nothing of it is due until somebody has looked."""
	held = replace(item, held_at=now, version=item.version + 1)
	return Decision(item=held, events=(Event(EventKind.HELD_BY_RESTORE, now, item.step, item.run),))


def let_go_on(item: ActionItem, actor: Actor, now: datetime) -> Decision:
	"""Somebody has looked at a held item, and it goes on: what fell due meanwhile runs once, late. Raises Refused."""
	if not item.held_at:
		raise Refused(Refusal.NOT_HELD)
	line = Event(
		EventKind.LET_GO_ON,
		now,
		item.step,
		item.run,
		{"by": actor.name, "via": actor.via},
		{"by": actor.named},
	)
	return Decision(item=replace(item, held_at=None, version=item.version + 1), events=(line,))
