"""An action item's way through its plan: opened, looked at, run step by step, exhausted.

Every function takes the item, the facts of its ticket and the instant `now` (naive, UTC), and returns a
`Decision`, or None where nothing is to be done. Nothing here reads a clock, a database or a network. `working` is
what the shell knows of the plan's calendar at that instant.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from escalation_mgmt.engine.decision import (
	Audience,
	Decision,
	Notice,
	Page,
	Reach,
)
from escalation_mgmt.engine.event import Event, EventKind, given
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.maintenance import Maintenance, hold, is_dropped, over, running
from escalation_mgmt.engine.matching import ConditionHolds, rematch
from escalation_mgmt.engine.plan import Plan, StartAt, Step
from escalation_mgmt.engine.quorum import ask, has_acknowledged, key
from escalation_mgmt.engine.responders import Reaches, also_to
from escalation_mgmt.engine.snooze import wake
from escalation_mgmt.engine.statuses import (
	RUNNING,
	TRANSITIONS,
	WRITES,
	Cause,
	Status,
	next_status,
)
from escalation_mgmt.engine.ticket import Ticket, answer
from escalation_mgmt.engine.time_out import remind, time_out, worked_on
from escalation_mgmt.engine.waits import after, following, held_until, wait_before, window_end
from escalation_mgmt.engine.working_time import AROUND_THE_CLOCK, WorkingTime

NO_MATCH = "no plan matches"
DROPPED = "maintenance"
"""Why an item was cancelled; the shell puts it into words."""


def open_item(
	id: str,
	plan: Plan,
	ticket: Ticket,
	now: datetime,
	working: WorkingTime = AROUND_THE_CLOCK,
	*,
	by: str = "",
	follows: str = "",
) -> Decision:
	"""Open an action item for a ticket: Scheduled, due at the end of the response window.

	`by` is the user who started it by hand; `follows` the item that this one replaces.
	"""
	item = ActionItem(
		id=id,
		plan=plan,
		status=Status.SCHEDULED,
		opened_at=now,
		due_at=window_end(plan, ticket, now, working),
		facts=ticket.facts,
		assignees=ticket.assignees,
		by_hand=bool(by),
	)
	data = {"plan": plan.name, "due": item.due_at, "by": by, "follows": follows}
	return Decision(
		item=item, events=(Event(EventKind.CREATED, now, data=given(data)), *_no_calendar(working, now))
	)


def look(
	item: ActionItem,
	ticket: Ticket,
	enabled: Iterable[Plan],
	holds: ConditionHolds,
	now: datetime,
	working: WorkingTime = AROUND_THE_CLOCK,
) -> Decision | None:
	"""Compare the ticket with what the item knows of it (design rule 4). None: nothing has changed.

	A decision whose events name a plan under `replaced_by` asks the shell to open an item of that plan.
	"""
	if item.status not in RUNNING:
		return None
	if ticket.gone:
		why = {"merged_into": ticket.merged_into} if ticket.merged_into else {"reason": "ticket deleted"}
		return _end(item, Cause.TICKET_GONE, now, why)
	if how := answer(ticket, item.plan.stop, item.opened_at):
		return _end(item, Cause.ANSWERED, now, {"how": how})
	move = rematch(item.plan, enabled, item.facts, ticket.facts, holds, by_hand=item.by_hand)
	if move and not item.superseded and (item.status is not Status.ACKNOWLEDGED or _raised(item, ticket)):
		if move.plan:
			return _end(item, Cause.REPLACE, now, {"replaced_by": move.plan.name})
		if item.status is not Status.ACKNOWLEDGED:
			return _end(item, Cause.NO_MATCH, now, {"reason": NO_MATCH})
	return _follow(item, ticket, now, working)


def run_due(
	item: ActionItem,
	ticket: Ticket,
	enabled: Iterable[Plan],
	holds: ConditionHolds,
	reaches: Reaches,
	now: datetime,
	working: WorkingTime = AROUND_THE_CLOCK,
	maintenances: Iterable[Maintenance] = (),
) -> Decision | None:
	"""Look at the ticket again, then do what is due. At most one group of steps runs in one decision.

	A group that may go out only in working time is held until then, and looked at again; whatever falls due in one of the
	`maintenances` that cover the ticket is held until its end.
	"""
	looked = look(item, ticket, enabled, holds, now, working)
	seen = looked.item if looked else item
	if seen.status not in RUNNING or seen.due_at is None or seen.due_at > now:
		return looked
	if looked:
		seen = replace(seen, version=item.version)
	if pause := running(maintenances, now):
		ran = hold(seen, pause, now)
	else:
		ran = _run(seen, ticket, reaches, now, working)
	if not looked:
		return ran
	return replace(ran, events=looked.events + ran.events, notices=looked.notices + ran.notices)


def start_again(item: ActionItem, why: str, now: datetime) -> Decision | None:
	"""Somebody can be reached again (an assignee, a contact, a provider): run the plan's pass from its start."""
	if not item.stalled:
		return None
	again = replace(
		item, generation=item.generation + 1, stalled=False, unreached=0, due_at=now, version=item.version + 1
	)
	return Decision(item=again, events=(Event(EventKind.STARTED_AGAIN, now, data={"why": why}),))


def can_stop(status: Status) -> bool:
	return Cause.STOP in TRANSITIONS[status]


def stop(item: ActionItem, by: str, reason: str, now: datetime, *, user: str = "") -> Decision:
	"""Stop an item by hand: `by` is a person's name, `user` that person's user, who needn't be told.

	Raises ImpossibleTransition where it has ended; the caller checks first.
	"""
	decision = _end(item, Cause.STOP, now, {"by": by, "reason": reason})
	return replace(
		decision, notices=tuple(replace(notice, but_not=frozenset({user})) for notice in decision.notices)
	)


def _run(item: ActionItem, ticket: Ticket, reaches: Reaches, now: datetime, working: WorkingTime) -> Decision:
	events = [] if item.in_last_wait else list(_no_calendar(working, now))
	if is_dropped(item):
		return _end(item, Cause.DROP, now, {"reason": DROPPED, "maintenance": item.maintenance})
	if item.maintenance:
		item, line = over(item, ticket, now, working)
		events.append(line)
		if item.due_at and item.due_at > now:
			return Decision(item=replace(item, version=item.version + 1), events=tuple(events))
	if item.status is Status.SCHEDULED:
		item = replace(item, status=next_status(item.status, Cause.WINDOW_OVER))
		events.append(Event(WRITES[Cause.WINDOW_OVER], now, data=_late(item, now)))
		first = item.plan.groups[0][0].wait
		if first:
			item = replace(item, due_at=after(now, first, item.plan, working), version=item.version + 1)
			return Decision(item=item, events=tuple(events))
	elif item.status is Status.ACKNOWLEDGED and not item.reminded:
		reminded = remind(item, now, working)
		return replace(reminded, events=(*events, *reminded.events))
	elif item.status in (Status.SNOOZED, Status.ACKNOWLEDGED):
		if item.status is Status.SNOOZED:
			item, line = wake(item, Cause.SNOOZE_OVER, now)
		else:
			item, line = time_out(item, ticket, now, working)
		events.append(line)
		if item.due_at and item.due_at > now:
			return Decision(item=replace(item, version=item.version + 1), events=tuple(events))
	if item.in_last_wait:
		return _exhaust(item, now, events)
	if until := held_until(item.plan, item.group, now, working):
		first_step = item.plan.groups[item.group][0]
		events.append(Event(EventKind.HELD, now, first_step.number, item.run, {"until": until}))
		return Decision(item=replace(item, due_at=until, version=item.version + 1), events=tuple(events))
	return _run_group(item, reaches, now, working, events)


def can_reach(item: ActionItem, reaches: Reaches) -> bool:
	"""Whether any step of the plan would reach anybody now, one who was added among them."""
	return any(_reach(step, item, reaches).recipients for step in item.plan.steps)


def _run_group(
	item: ActionItem, reaches: Reaches, now: datetime, working: WorkingTime, events: list[Event]
) -> Decision:
	planned = item.due_at or now
	pages: list[Page] = []
	seen: set[tuple[str, str]] = set()
	asked: list[tuple[Step, list[str]]] = []
	anybody_spared = anybody_missed = False
	for step in item.plan.groups[item.group]:
		reach = _reach(step, item, reaches)
		waited_for = [r for r in reach.recipients if not has_acknowledged(item, r)]
		fresh = [r for r in waited_for if (r.method, r.address) not in seen]
		seen.update((r.method, r.address) for r in fresh)
		pages += [Page(step, item.run, recipient, planned) for recipient in fresh]
		ran: dict[str, Any] = {
			"method": step.method,
			"planned": planned,
			"to": ", ".join(r.label for r in fresh),
		}
		if same := len(waited_for) - len(fresh):
			ran["same"] = same  # already reached by an earlier step of this group
		if spared := [r.label for r in reach.recipients if has_acknowledged(item, r)]:
			ran["spared"] = ", ".join(dict.fromkeys(spared))
			anybody_spared = True
		asked.append((step, [key(r) for r in reach.recipients]))
		events.append(Event(EventKind.STEP_RAN, now, step.number, item.run, ran | _late(item, now)))
		for miss in reach.unreachable:
			data = {"method": miss.method, "who": miss.label, "user": miss.user, "reason": miss.reason}
			events.append(Event(EventKind.UNREACHABLE, now, step.number, item.run, given(data)))
			anybody_missed |= (miss.user or miss.label) not in item.acks
	last, run = item.plan.groups[item.group][-1].number, item.run
	# Where all who can be reached have acknowledged, and others are waited for, nobody was notified (design rule 7).
	reached = bool(pages) or (anybody_spared and not anybody_missed)
	for step, people in asked:
		item = ask(item, step, people)
	unreached = 0 if reached else item.unreached + 1
	item = _advance(replace(item, step=last, unreached=unreached, version=item.version + 1), now, working)
	notices: list[Notice] = []
	if not reached:
		if unreached >= len(item.plan.groups):
			item = replace(item, stalled=True, due_at=None, run=run, group=0)
			events.append(Event(EventKind.NOBODY_NOTIFIED, now, last, run))
			notices.append(Notice(Audience.OWNERS, EventKind.NOBODY_NOTIFIED))
		elif not item.in_last_wait:
			step = item.plan.groups[item.group][0]
			events.append(
				Event(EventKind.BROUGHT_FORWARD, now, step.number, item.run, {"planned": item.due_at})
			)
			item = replace(item, due_at=now)
	if item.in_last_wait and not item.stalled:
		events.append(Event(EventKind.LAST_WAIT, now, last, run, {"until": item.due_at}))
	return Decision(item=item, events=tuple(events), pages=tuple(pages), notices=tuple(notices))


def _reach(step: Step, item: ActionItem, reaches: Reaches) -> Reach:
	"""Whom a step reaches, and whoever was added to the item."""
	found = reaches(step)
	for also in also_to(step, item.added):
		more = reaches(also)
		found = Reach(found.recipients + more.recipients, found.unreachable + more.unreachable)
	return found


def _advance(item: ActionItem, now: datetime, working: WorkingTime) -> ActionItem:
	"""Move to the next group; every wait counts from `now`, when the step really ran (design rule 3)."""
	run, group = following(item.plan, item.run, item.group)
	due = after(now, wait_before(item.plan, run, group), item.plan, working)
	return replace(item, run=run, group=group, due_at=due)


def _no_calendar(working: WorkingTime, now: datetime) -> tuple[Event, ...]:
	if not working.missing:
		return ()
	return (Event(EventKind.NO_CALENDAR, now, data={"reason": working.missing}),)


def _exhaust(item: ActionItem, now: datetime, events: list[Event]) -> Decision:
	kind = WRITES[Cause.EXHAUST]
	events.append(Event(kind, now, item.step, item.run, _late(item, now)))
	status = next_status(item.status, Cause.EXHAUST)
	item = replace(item, status=status, due_at=None, ended_at=now, version=item.version + 1)
	return Decision(item=item, events=tuple(events), notices=(Notice(Audience.OWNERS, kind),))


def _end(item: ActionItem, cause: Cause, now: datetime, data: dict) -> Decision:
	kind = WRITES[cause]
	ended = replace(
		item,
		status=next_status(item.status, cause),
		due_at=None,
		resumes_at=None,
		maintenance="",
		stalled=False,
		reminded=False,
		ended_at=now,
		version=item.version + 1,
	)
	# A replacement speaks for itself with its own first message; all else is news to those who were woken.
	notices = () if cause is Cause.REPLACE else (Notice(Audience.NOTIFIED, kind),)
	return Decision(
		item=ended,
		events=(Event(kind, now, item.step, item.run, data),),
		notices=notices,
		withdraw=True,
	)


def _follow(item: ActionItem, ticket: Ticket, now: datetime, working: WorkingTime) -> Decision | None:
	"""Take over what changed on the ticket without ending the item."""
	new = item
	events: list[Event] = []
	notices: list[Notice] = []
	if ticket.facts != item.facts:
		new = replace(new, facts=ticket.facts)
		data = {
			"priority": ticket.facts.priority,
			"team": ticket.facts.team,
			"type": ticket.facts.ticket_type,
		}
		events.append(Event(EventKind.TICKET_CHANGED, now, data=given(data)))
	in_window = item.status is Status.SCHEDULED and not item.maintenance
	if in_window and item.plan.start is StartAt.AT_RESPONSE_DEADLINE:
		due = window_end(item.plan, ticket, item.opened_at, working)
		if due != item.due_at:
			events.append(Event(EventKind.WINDOW_MOVED, now, data={"was": item.due_at, "due": due}))
			new = replace(new, due_at=due)
	if how := worked_on(item, ticket):
		new = replace(new, due_at=None, reminded=False, maintenance="")
		events.append(Event(EventKind.WORKED_ON, now, data={"how": how}))
	if item.status is Status.SNOOZED and _raised(item, ticket):
		new, line = wake(new, Cause.RAISED, now)
		events.append(line)
	if set(ticket.assignees) != set(item.assignees):
		new = replace(new, assignees=ticket.assignees)
		data = {"was": ", ".join(item.assignees), "assigned": ", ".join(ticket.assignees)}
		events.append(Event(EventKind.ASSIGNEE_CHANGED, now, data=data))
		if ticket.assignees:
			others = frozenset(ticket.assignees)  # those who have it now hear by the plan's own steps
			notices.append(Notice(Audience.NOTIFIED, EventKind.ASSIGNEE_CHANGED, but_not=others))
		if ticket.assignees and (again := start_again(new, "assigned", now)):
			new = again.item
			events += again.events
	if not events:
		return None
	new = replace(new, version=item.version + 1)
	return Decision(item=new, events=tuple(events), notices=tuple(notices))


def _raised(item: ActionItem, ticket: Ticket) -> bool:
	return ticket.facts.level > item.facts.level


def _late(item: ActionItem, now: datetime) -> dict[str, float]:
	"""How late the due instant is taken up, in seconds."""
	late: timedelta = now - (item.due_at or now)
	return {"late": late.total_seconds()}
