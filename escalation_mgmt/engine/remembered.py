"""What is remembered of a ticket from one evaluation to the next, and what that makes of its next state.

By that a raise and a reopening are found whether a save announced them or the sweep came across them (design rule 4).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from escalation_mgmt.engine.ticket import StatusCategory, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
	"""A ticket as it was last seen. All instants are naive datetimes in UTC.

	`raised` and `reopened`: that happened while it had no running item, and no item was opened since.
	"""

	priority: str = ""
	level: int = 0  # of that priority; a greater one is more urgent
	closed: bool = False  # it was resolved or closed
	closed_at: datetime | None = None  # when it was last seen to be
	logged_at: datetime | None = None  # by our own clock, where its stamp is another's
	raised: bool = False
	raised_at: datetime | None = None  # when it was last seen to be raised
	raised_from: str = ""  # which priority it had before
	raised_from_level: int = 0
	reopened: bool = False
	reopened_at: datetime | None = None  # when it was last seen to be open again
	renamed_at: datetime | None = (
		None  # when a name of its own became one that a plan asks for: that is no change of it
	)


def remember(known: Remembered | None, ticket: Ticket, now: datetime, *, running: bool = False) -> Remembered:
	"""What is to be remembered of a ticket that is seen now. `known` is what was until now; None: it is seen first.

	`running`: it has a running item, whose concern its changes are.
	"""
	facts, closed = ticket.facts, ticket.category is StatusCategory.RESOLVED
	if known is None:
		closed_at = now if closed else None
		return Remembered(priority=facts.priority, level=facts.level, closed=closed, closed_at=closed_at)
	new = replace(known, closed=closed)
	if closed and not known.closed:
		new = replace(new, closed_at=now)
	if known.closed and not closed:
		new = replace(new, reopened=True, reopened_at=now)
	if facts.priority != known.priority:
		new = _with_priority(new, ticket, now)
	return replace(new, raised=False, reopened=False) if running else new


def remember_act(known: Remembered, before: Ticket, after: Ticket) -> Remembered:
	"""What we did to a ticket ourselves is neither a raise nor the end of one. A change of others that wasn't seen yet still is."""
	if known.priority != before.facts.priority:
		return known
	return replace(known, priority=after.facts.priority, level=after.facts.level)


def _with_priority(known: Remembered, ticket: Ticket, now: datetime) -> Remembered:
	"""Another priority: a raise, or the end of one where it is back at what it was raised from."""
	facts = ticket.facts
	new = replace(known, priority=facts.priority, level=facts.level, renamed_at=None)
	if facts.level > known.level:
		return replace(
			new, raised=True, raised_at=now, raised_from=known.priority, raised_from_level=known.level
		)
	if known.raised_at and facts.level <= known.raised_from_level:
		return replace(new, raised=False, raised_at=None)
	return new
