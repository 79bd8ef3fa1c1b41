"""The life of an action item: its statuses, what can happen to it, and where that leads.

`LIFE` is the only place that says which status may follow which, who may cause it, and what history then says.
A change of status is made by `next_status` alone, and storage asks `status_after` once more before it writes one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from escalation_mgmt.engine.event import EventKind


class Status(StrEnum):
	SCHEDULED = "Scheduled"  # inside the response window; nothing sent
	ESCALATING = "Escalating"  # steps are running
	SNOOZED = "Snoozed"  # nobody has it yet; quiet until an instant
	ACKNOWLEDGED = "Acknowledged"  # somebody has it; the clock stands still, but for a time-out
	RESOLVED = "Resolved"  # the ticket was answered or closed
	EXHAUSTED = "Exhausted"  # the last wait is over and nobody acknowledged
	CANCELLED = "Cancelled"  # stopped by hand, replaced, no longer matching, ticket gone


class Cause(StrEnum):
	WINDOW_OVER = "window over"
	ESCALATE = "escalate now"
	RUN_AGAIN = "run again"
	ACKNOWLEDGE = "acknowledge"
	ANSWERED = "answered"
	SNOOZE = "snooze"
	SNOOZE_OVER = "snooze over"
	ON_THE_WAY = "on the way"
	RAISED = "priority raised"
	EXHAUST = "exhaust"
	STOP = "stop"
	REPLACE = "replace"
	NO_MATCH = "no match"
	TICKET_GONE = "ticket gone"
	UNACKNOWLEDGE = "unacknowledge"
	UNDO = "undo"
	UNDO_IN_WINDOW = "undo, in the window"
	UNDO_SNOOZED = "undo, snoozed"
	UNDO_EXHAUSTED = "undo, exhausted"
	HAND_OVER = "hand over"
	DROP = "dropped after a maintenance"
	TIME_OUT = "acknowledgement time-out"


class By(StrEnum):
	DISPATCHER = "the dispatcher, when it is due"
	PERSON = "a person"
	TICKET = "what happened to the ticket"


@dataclass(frozen=True, slots=True)
class Change:
	"""One row of an item's life: what a cause makes of an item, who may bring it about, and what history says of it."""

	cause: Cause
	before: tuple[Status, ...]
	after: Status
	by: By
	writes: EventKind


_S, _C, _K = Status, Cause, EventKind
_BEFORE_THE_END = (_S.SCHEDULED, _S.ESCALATING, _S.SNOOZED, _S.ACKNOWLEDGED)
_NOBODY_HAS_IT = (_S.SCHEDULED, _S.ESCALATING, _S.SNOOZED)
_HANDED_OVER = (_S.ESCALATING, _S.SNOOZED, _S.ACKNOWLEDGED)

LIFE = (
	Change(_C.WINDOW_OVER, (_S.SCHEDULED,), _S.ESCALATING, By.DISPATCHER, _K.WINDOW_OVER),
	Change(_C.ESCALATE, (_S.SCHEDULED,), _S.ESCALATING, By.PERSON, _K.WINDOW_OVER),
	Change(_C.RUN_AGAIN, (_S.ESCALATING, _S.SNOOZED), _S.ESCALATING, By.PERSON, _K.RUN_AGAIN),
	Change(_C.SNOOZE, (_S.ESCALATING,), _S.SNOOZED, By.PERSON, _K.SNOOZED),
	Change(_C.ON_THE_WAY, (_S.ESCALATING, _S.SNOOZED), _S.SNOOZED, By.PERSON, _K.ON_THE_WAY),
	Change(_C.SNOOZE_OVER, (_S.SNOOZED,), _S.ESCALATING, By.DISPATCHER, _K.SNOOZE_OVER),
	Change(_C.RAISED, (_S.SNOOZED,), _S.ESCALATING, By.TICKET, _K.SNOOZE_OVER),
	Change(_C.ACKNOWLEDGE, (*_NOBODY_HAS_IT, _S.EXHAUSTED), _S.ACKNOWLEDGED, By.PERSON, _K.ACKNOWLEDGED),
	Change(_C.UNDO, (_S.ACKNOWLEDGED,), _S.ESCALATING, By.PERSON, _K.UNDONE),
	Change(_C.UNDO_IN_WINDOW, (_S.ACKNOWLEDGED,), _S.SCHEDULED, By.PERSON, _K.UNDONE_IN_WINDOW),
	Change(_C.UNDO_SNOOZED, (_S.ACKNOWLEDGED,), _S.SNOOZED, By.PERSON, _K.UNDONE_SNOOZED),
	Change(_C.UNDO_EXHAUSTED, (_S.ACKNOWLEDGED,), _S.EXHAUSTED, By.PERSON, _K.UNDONE_EXHAUSTED),
	Change(_C.UNACKNOWLEDGE, (_S.ACKNOWLEDGED,), _S.ESCALATING, By.PERSON, _K.UNACKNOWLEDGED),
	Change(_C.TIME_OUT, (_S.ACKNOWLEDGED,), _S.ESCALATING, By.DISPATCHER, _K.TIMED_OUT),
	Change(_C.HAND_OVER, _HANDED_OVER, _S.ESCALATING, By.PERSON, _K.HANDED_OVER),
	Change(_C.EXHAUST, (_S.ESCALATING,), _S.EXHAUSTED, By.DISPATCHER, _K.EXHAUSTED),
	Change(_C.ANSWERED, _BEFORE_THE_END, _S.RESOLVED, By.TICKET, _K.RESOLVED),
	Change(_C.STOP, _BEFORE_THE_END, _S.CANCELLED, By.PERSON, _K.CANCELLED),
	Change(_C.REPLACE, _BEFORE_THE_END, _S.CANCELLED, By.TICKET, _K.REPLACED),
	Change(_C.NO_MATCH, _NOBODY_HAS_IT, _S.CANCELLED, By.TICKET, _K.CANCELLED),
	Change(_C.DROP, _NOBODY_HAS_IT, _S.CANCELLED, By.DISPATCHER, _K.CANCELLED),
	Change(_C.TICKET_GONE, _BEFORE_THE_END, _S.CANCELLED, By.TICKET, _K.CANCELLED),
)
"""The whole life of an action item. docs/state-machine.md is drawn from it."""

WRITES = {change.cause: change.writes for change in LIFE}
"""The line of history that a cause writes."""

LED_TO = {status: frozenset(change.writes for change in LIFE if change.after is status) for status in Status}
"""The lines of history that say how an item came into a status."""

TRANSITIONS = {
	status: {change.cause: change.after for change in LIFE if status in change.before} for status in Status
}

RUNNING = frozenset(_BEFORE_THE_END)
"""An item in one of these still follows its ticket, and can have a due instant (an acknowledged one where its plan has a
time-out); the others are evaluated no more."""


PRESSING = (Status.ESCALATING, Status.EXHAUSTED, Status.SNOOZED, Status.ACKNOWLEDGED, Status.SCHEDULED)
"""Where a ticket has several items: which is to be seen first."""


def pressing(status: Status) -> int:
	"""The less, the earlier somebody has to look at it; what has ended comes last."""
	return PRESSING.index(status) if status in PRESSING else len(PRESSING)


class ImpossibleTransition(ValueError):
	"""The table has no such transition: a mistake in the program, never in its input."""


def next_status(status: Status, cause: Cause) -> Status:
	"""Return the status that `cause` leads to. Raises ImpossibleTransition where LIFE has none."""
	try:
		return TRANSITIONS[status][cause]
	except KeyError:
		raise ImpossibleTransition(f"{status} can't be left by {cause!s}") from None


def status_after(before: Status, lines: Iterable[EventKind]) -> Status:
	"""The status that an item has after these lines of history, one change after another, as where a snooze ends in the last
	wait. Raises ImpossibleTransition where LIFE has no such change.
	"""
	status = before
	for line in lines:
		changes = [change for change in LIFE if change.writes is line]
		after = {change.after for change in changes if status in change.before}
		if changes and not after:
			raise ImpossibleTransition(f"{status} can't be left by {line!s}")
		status = after.pop() if after else status
	return status


def diagram() -> str:
	"""The table as a Mermaid state diagram: the picture in docs/state-machine.md is this text."""
	lines = ["stateDiagram-v2", f"    [*] --> {Status.SCHEDULED}"]
	for status, ways in TRANSITIONS.items():
		by_target: dict[Status, list[str]] = {}
		for cause, target in ways.items():
			by_target.setdefault(target, []).append(str(cause))
		lines += [f"    {status} --> {target}: {', '.join(causes)}" for target, causes in by_target.items()]
		if not ways:
			lines.append(f"    {status} --> [*]")
	return "\n".join(lines)


def table() -> str:
	"""LIFE as a table in Markdown."""
	lines = ["| cause | from | to | caused by | history says |", "|---|---|---|---|---|"]
	lines += [
		f"| {change.cause} | {', '.join(change.before)} | {change.after} | {change.by} | {change.writes} |"
		for change in LIFE
	]
	return "\n".join(lines)
