"""The lines of an action item's history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from escalation_mgmt.engine.plan import Clock, Plan, StartAt


class EventKind(StrEnum):
	"""The lines of a history. Those from ABOVE_LIMIT on are written by delivery, which alone knows what providers said."""

	CREATED = "Created"
	WINDOW_MOVED = "Window Moved"
	WINDOW_OVER = "Window Over"
	CLOCK_STOPPED = "Clock Stopped"
	CLOCK_GOES_ON = "Clock Goes On"
	HELD = "Held"
	IN_MAINTENANCE = "In Maintenance"
	MAINTENANCE_CHANGED = "Maintenance Changed"
	MAINTENANCE_OVER = "Maintenance Over"
	NO_CALENDAR = "No Calendar"
	STEP_RAN = "Step Ran"
	PASSED_OVER = "Passed Over"
	ACT_DONE = "Act Done"
	ACT_FAILED = "Act Failed"
	ACT_WITHDRAWN = "Act Withdrawn"
	UNREACHABLE = "Unreachable"
	BROUGHT_FORWARD = "Brought Forward"
	NOBODY_NOTIFIED = "Nobody Notified"
	STARTED_AGAIN = "Started Again"
	LAST_WAIT = "Last Wait"
	RUN_AGAIN = "Run Again"
	EXHAUSTED = "Exhausted"
	SNOOZED = "Snoozed"
	SNOOZE_OVER = "Snooze Over"
	ON_THE_WAY = "On the Way"
	PASSED_ON = "Passed On"
	ACKNOWLEDGED = "Acknowledged"
	PARTLY_ACKNOWLEDGED = "Partly Acknowledged"
	UNDONE = "Undone"
	UNDONE_IN_WINDOW = "Undone in the Window"
	UNDONE_SNOOZED = "Undone, Snoozed"
	UNDONE_EXHAUSTED = "Undone, Exhausted"
	UNACKNOWLEDGED = "No Longer Acknowledged"
	REMINDED = "Reminded"
	STILL_ON_IT = "Still on It"
	WORKED_ON = "Worked On"
	TIMED_OUT = "Timed Out"
	HANDED_OVER = "Handed Over"
	PERSON_ADDED = "Person Added"
	RESOLVED = "Resolved"
	CANCELLED = "Cancelled"
	REPLACED = "Replaced"
	TICKET_CHANGED = "Ticket Changed"
	ASSIGNEE_CHANGED = "Assignee Changed"
	PARKED = "Parked"
	HELD_BY_RESTORE = "Held after Restore"
	LET_GO_ON = "Let Go On"
	ABOVE_LIMIT = "Above the Limit"
	BUNDLED = "Bundled"
	SENT = "Sent"
	RETRY = "Will Be Retried"
	FAILED = "Failed"
	UNKNOWN = "Outcome Unknown"
	WITHDRAWN = "Withdrawn"
	IN_FLIGHT = "Was in Flight"
	DELIVERED = "Delivered"
	ANSWERED = "Answered"
	NOT_ANSWERED = "Not Answered"
	REPLIED = "Replied"
	INSTEAD = "Sent Another Way"
	CALLS_AGAIN = "Calls Again"
	NO_MORE_CALLS = "No More Calls"
	NOTICE_LEFT_OUT = "Notice Left Out"


Named = tuple[tuple[str, str], ...]
"""People as a line of history names them, each with the user (empty: a bare address) before the name."""


NOBODY: Mapping[str, Named] = {}


@dataclass(frozen=True, slots=True)
class Event:
	"""One line of the history, at `at` (UTC). `data` holds plain values (str, int, float, bool, None)."""

	kind: EventKind
	at: datetime
	step: int = 0
	run: int = 0
	data: dict[str, Any] = field(default_factory=dict)
	people: Mapping[str, Named] = field(default_factory=lambda: NOBODY, compare=False)
	"""Whose the names in `data` are, under the same keys and in the same order: who is erased is found by it, as one name
	may be several people's."""


def of_clock(plan: Plan) -> dict[str, str]:
	"""Of an event's data: the clock, where "the end of the response window" would say something else than it is."""
	usual = plan.clock is Clock.FIRST_RESPONSE and plan.start not in (
		StartAt.BEFORE_DEADLINE,
		StartAt.AT_PERCENT,
	)
	return {} if usual else {"clock": str(plan.clock)}


def given(data: dict[str, Any]) -> dict[str, Any]:
	"""An event's data without what says nothing."""
	return {key: value for key, value in data.items() if value}
