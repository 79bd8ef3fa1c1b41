"""What the picture of an escalation is drawn from: a lane for each person, and in it a mark for each message to them.

A mark belongs to the line that says the same in words. Lines of history and lines of a rehearsal have the same marks, so
that what was rehearsed and what then happened are the same picture.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from escalation_mgmt.engine import Event, EventKind, Recipient, Unreachable
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import clock

PLANNED = "Planned"
"""The state of a mark whose message isn't there yet; after it as the message's own (`MessageState`)."""
UNREACHABLE = "Unreachable"
"""The state of a mark of somebody who was to have a message, and can't be reached by that method."""
LATER = timedelta(minutes=1)
"""A message that goes out so long after its step stands where it went out; any other with its step."""

OWN = frozenset(
	{
		EventKind.CREATED,
		EventKind.IN_MAINTENANCE,
		EventKind.NOBODY_NOTIFIED,
		EventKind.STARTED_AGAIN,
		EventKind.RUN_AGAIN,
		EventKind.EXHAUSTED,
		EventKind.SNOOZED,
		EventKind.ACKNOWLEDGED,
		EventKind.PARTLY_ACKNOWLEDGED,
		EventKind.ON_THE_WAY,
		EventKind.PASSED_ON,
		EventKind.UNDONE,
		EventKind.UNDONE_IN_WINDOW,
		EventKind.UNDONE_SNOOZED,
		EventKind.UNDONE_EXHAUSTED,
		EventKind.UNACKNOWLEDGED,
		EventKind.REMINDED,
		EventKind.TIMED_OUT,
		EventKind.HANDED_OVER,
		EventKind.PERSON_ADDED,
		EventKind.RESOLVED,
		EventKind.CANCELLED,
		EventKind.REPLACED,
		EventKind.PARKED,
		EventKind.HELD_BY_RESTORE,
		EventKind.LET_GO_ON,
		EventKind.ACT_DONE,
		EventKind.ACT_FAILED,
		EventKind.ACT_WITHDRAWN,
	}
)
"""What has a mark in the escalation's own lane: who has it, who gave it away, why it is quiet, how it ended."""
_PAGED_BY = (EventKind.STEP_RAN, EventKind.HANDED_OVER, EventKind.PERSON_ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
	"""One mark. `at` is in the site's zone, `instant` the same in seconds since 1970 (UTC), by which it has its place.

	`lane` tells lanes apart: a user, or the label of an address or endpoint; empty: the escalation's own. `who` is that
	lane's name; in its own lane whoever acknowledged. `kind`: Page or Notice, in its own lane the kind of event.
	"""

	at: datetime
	instant: float
	kind: str
	lane: str = ""
	who: str = ""
	method: str = ""
	state: str = ""
	step: int = 0
	run: int = 0


def of_event(event: Event) -> list[Mark]:
	"""What an event, as the engine gives it, has in the escalation's own lane."""
	return _own(event.kind, event.at, event.step, event.run, event.data)


def of_recipient(to: Recipient, at: datetime, kind: Purpose, step: int = 0, run: int = 0) -> Mark:
	"""A message that will go out at an instant (UTC)."""
	who = {"lane": to.counted_as, "who": to.label, "method": to.method}
	return _mark(at, kind=str(kind), state=PLANNED, step=step, run=run, **who)


def of_miss(miss: Unreachable, at: datetime, kind: Purpose, step: int = 0, run: int = 0) -> Mark:
	"""Somebody who is to have a message at an instant (UTC), and can't."""
	who = {"lane": miss.user or miss.label, "who": miss.label, "method": miss.method}
	return _mark(at, kind=str(kind), state=UNREACHABLE, step=step, run=run, **who)


def of_act(at: datetime, step: int, run: int) -> Mark:
	"""What a step will do to the ticket at an instant (UTC)."""
	return _mark(at, kind=str(EventKind.ACT_DONE), step=step, run=run)


def with_marks(events: Sequence[dict[str, Any]], messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
	"""An item's history (`history.read`) and its messages (`outbox.of_item`): the history as `history.of_item` gives it, each
	line with its "marks". Every message stands with the newest line about it.
	"""
	marks: list[list[Mark]] = [list(_of_row(row)) for row in events]
	newest = {row["notification"]: place for place, row in enumerate(events) if row["notification"]}
	for message in messages:
		place = newest.get(message["name"], _asked_for(events, message))
		if place is not None:
			marks[place].append(_of_message(message))
	names = {
		mark.lane: mark.who for line in marks for mark in line if mark.lane and mark.state != UNREACHABLE
	}
	return [
		{
			**{key: value for key, value in row.items() if key not in ("data", "at_utc")},
			"marks": [asdict(replace(mark, who=names.get(mark.lane, mark.who))) for mark in line],
		}
		for row, line in zip(events, marks, strict=True)
	]


def _of_row(row: dict[str, Any]) -> Iterable[Mark]:
	kind, at, data = row["kind"], row["at_utc"], row["data"]
	if kind != EventKind.UNREACHABLE:
		return _own(kind, at, row["step"], row["run"], data)
	who = str(data.get("who") or "")
	miss = Unreachable(
		method=data.get("method") or "", label=who, reason="", user=data.get("user") or _named(data) or ""
	)
	# Of a notice no step speaks.
	purpose = Purpose.PAGE if row["step"] else Purpose.NOTICE
	return [of_miss(miss, at, purpose, row["step"], row["run"])]


def _named(data: dict[str, Any]) -> str:
	"""The user whom a line says that it can't reach."""
	named = (data.get("people") or {}).get("who") or [["", ""]]
	return named[0][0]


def _of_message(message: dict[str, Any]) -> Mark:
	created, sent = message["created_utc"], message["sent_utc"]
	at = sent if sent and sent - created > LATER else created
	of_step = {"step": message["step"], "run": message["run"]} if message["purpose"] == Purpose.PAGE else {}
	return _mark(
		at,
		kind=message["purpose"],
		lane=message["user"] or message["recipient"],
		who=message["recipient"],
		method=message["method"],
		state=message["status"],
		**of_step,
	)


def _asked_for(events: Sequence[dict[str, Any]], message: dict[str, Any]) -> int | None:
	"""The line that a message came of, of which no line says anything yet: where several of that instant could be, the
	one of its step, or what a notice is about.
	"""
	found, fits = None, -1
	for place, row in enumerate(events):
		if row["notification"] or row["at_utc"] > message["created_utc"]:
			continue
		same = row["at_utc"] == message["created_utc"]
		if message["purpose"] == Purpose.PAGE:
			kind = row["kind"] in _PAGED_BY and row["step"] == message["step"]
		else:
			kind = row["kind"] == message["about"]
		if (fit := 2 * same + kind) >= (fits if same else min(fits, 1)):
			found, fits = place, fit
	return found


def _own(kind: str, at: datetime, step: int, run: int, data: dict[str, Any]) -> list[Mark]:
	if kind not in OWN:
		return []
	return [_mark(at, kind=str(kind), who=str(data.get("by") or ""), step=step, run=run)]


def _mark(at: datetime, **what: Any) -> Mark:
	return Mark(at=clock.to_site(at), instant=seconds(at), **what)


def seconds(instant: datetime) -> float:
	"""An instant (naive, UTC) in seconds since 1970."""
	return instant.replace(tzinfo=UTC).timestamp()
