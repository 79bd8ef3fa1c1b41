"""The life of an action item: its statuses, what can happen to it, and where that leads.

`TRANSITIONS` is the only place that says which status may follow which. A change of status is written by
`next_status` alone, so a transition that isn't in the table can't be made.
"""

from enum import StrEnum


class Status(StrEnum):
	SCHEDULED = "Scheduled"  # inside the response window; nothing sent
	ESCALATING = "Escalating"  # steps are running
	SNOOZED = "Snoozed"  # nobody has it yet; quiet until an instant
	ACKNOWLEDGED = "Acknowledged"  # somebody has it; the clock stands still
	RESOLVED = "Resolved"  # the ticket was answered or closed
	EXHAUSTED = "Exhausted"  # the last wait is over and nobody acknowledged
	CANCELLED = "Cancelled"  # stopped by hand, replaced, no longer matching, ticket gone


class Cause(StrEnum):
	WINDOW_OVER = "window over"
	ACKNOWLEDGE = "acknowledge"
	ANSWERED = "answered"
	SNOOZE = "snooze"
	SNOOZE_OVER = "snooze over"
	EXHAUST = "exhaust"
	STOP = "stop"
	REPLACE = "replace"
	NO_MATCH = "no match"
	TICKET_GONE = "ticket gone"
	UNACKNOWLEDGE = "unacknowledge"


_S, _C = Status, Cause

TRANSITIONS: dict[Status, dict[Cause, Status]] = {
	_S.SCHEDULED: {
		_C.WINDOW_OVER: _S.ESCALATING,
		_C.ACKNOWLEDGE: _S.ACKNOWLEDGED,
		_C.ANSWERED: _S.RESOLVED,
		_C.STOP: _S.CANCELLED,
		_C.REPLACE: _S.CANCELLED,
		_C.NO_MATCH: _S.CANCELLED,
		_C.TICKET_GONE: _S.CANCELLED,
	},
	_S.ESCALATING: {
		_C.ACKNOWLEDGE: _S.ACKNOWLEDGED,
		_C.ANSWERED: _S.RESOLVED,
		_C.SNOOZE: _S.SNOOZED,
		_C.EXHAUST: _S.EXHAUSTED,
		_C.STOP: _S.CANCELLED,
		_C.REPLACE: _S.CANCELLED,
		_C.NO_MATCH: _S.CANCELLED,
		_C.TICKET_GONE: _S.CANCELLED,
	},
	_S.SNOOZED: {
		_C.SNOOZE_OVER: _S.ESCALATING,
		_C.ACKNOWLEDGE: _S.ACKNOWLEDGED,
		_C.ANSWERED: _S.RESOLVED,
		_C.STOP: _S.CANCELLED,
		_C.REPLACE: _S.CANCELLED,
		_C.NO_MATCH: _S.CANCELLED,
		_C.TICKET_GONE: _S.CANCELLED,
	},
	_S.ACKNOWLEDGED: {
		_C.ANSWERED: _S.RESOLVED,
		_C.UNACKNOWLEDGE: _S.ESCALATING,
		_C.STOP: _S.CANCELLED,
		_C.REPLACE: _S.CANCELLED,
		_C.TICKET_GONE: _S.CANCELLED,
	},
	_S.EXHAUSTED: {
		_C.ACKNOWLEDGE: _S.ACKNOWLEDGED,
	},
	_S.RESOLVED: {},
	_S.CANCELLED: {},
}

RUNNING = frozenset({_S.SCHEDULED, _S.ESCALATING, _S.SNOOZED, _S.ACKNOWLEDGED})
"""An item in one of these still follows its ticket; the others are looked at no more."""

CLOCK_RUNS = frozenset({_S.SCHEDULED, _S.ESCALATING, _S.SNOOZED})
"""Only an item in one of these can have a due instant."""


class ImpossibleTransition(ValueError):
	"""The table has no such transition: a mistake in the program, never in its input."""


def next_status(status: Status, cause: Cause) -> Status:
	"""Return the status that `cause` leads to. Raises ImpossibleTransition where the table has none."""
	try:
		return TRANSITIONS[status][cause]
	except KeyError:
		raise ImpossibleTransition(f"{status} can't be left by {cause!s}") from None


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
