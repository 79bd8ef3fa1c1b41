"""What falls due in a maintenance is held, and goes on at its end, starts over or is dropped, as the plan says.

The end is the item's due instant, so nothing is forgotten: the item is evaluated then, whether or not anybody ended the
maintenance. A due instant that lies after it is not touched.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Decision
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.maintenance import Maintenance
from escalation_mgmt.engine.plan import AfterMaintenance
from escalation_mgmt.engine.statuses import Status
from escalation_mgmt.engine.ticket import Ticket
from escalation_mgmt.engine.waits import after, passed, wait_before, window_of


def hold(item: ActionItem, by: Maintenance, now: datetime) -> Decision:
	"""Hold what is due until the maintenance ends; then it is evaluated again."""
	held = replace(item, maintenance=by.name, due_at=by.end, version=item.version + 1)
	data = {"maintenance": by.name, "until": by.end, "reason": by.reason}
	return Decision(item=held, events=(Event(EventKind.IN_MAINTENANCE, now, item.step, item.run, data),))


def release(item: ActionItem, now: datetime) -> Decision | None:
	"""The maintenance that holds it was ended early or changed: evaluate again now. None: nothing holds it."""
	if not item.maintenance or not item.due_at:
		return None
	released = replace(item, due_at=now, version=item.version + 1)
	data = {"maintenance": item.maintenance}
	return Decision(
		item=released, events=(Event(EventKind.MAINTENANCE_CHANGED, now, item.step, item.run, data),)
	)


def is_dropped(item: ActionItem) -> bool:
	"""Whether an item that was held ends with the maintenance. What somebody has is kept."""
	drops = item.plan.after_maintenance is AfterMaintenance.DROP
	return bool(item.maintenance) and drops and _fell_due(item)


def _fell_due(item: ActionItem) -> bool:
	"""Whether what comes next fell due in the maintenance: not what somebody has, nor what would have come after it, where
	only a snooze ended in it."""
	later = item.resumes_at and item.due_at and item.resumes_at >= item.due_at
	return item.status is not Status.ACKNOWLEDGED and not later


def over(item: ActionItem, ticket: Ticket, context: Context) -> tuple[ActionItem, Event]:
	"""The held item as the end of the maintenance leaves it, and the line that says so; its version is the caller's to
	raise. It may be due later than now: after the first step's wait, or at a deadline that moved meanwhile.
	"""
	plan, now, working = item.plan, context.now, context.working
	due, resumes = item.due_at or now, item.resumes_at
	data: dict[str, Any] = {"maintenance": item.maintenance}
	item = replace(item, maintenance="")
	if plan.after_maintenance is AfterMaintenance.START_OVER and _fell_due(item):
		data["over"] = True
		first = after(now, wait_before(plan, 0, 0), plan, working)
		if item.status is Status.SCHEDULED:
			item = replace(item, stood_still=passed(item.opened_at, now, plan, working))
			due = max(window_of(item, ticket, working), now)
		elif item.status is Status.SNOOZED:
			resumes = data["due"] = first
		else:
			due = first
		item = replace(
			item,
			generation=item.generation + 1,
			run=0,
			group=0,
			step=0,
			unreached=0,
			ack_requests=(),
			acks=(),
			passed_on=(),
		)
	elif item.status is Status.SCHEDULED and plan.starts_by_deadline:
		due = max(due, window_of(item, ticket, working))
	if due > now:
		data["due"] = due
	return replace(item, due_at=due, resumes_at=resumes), Event(
		EventKind.MAINTENANCE_OVER, now, item.step, item.run, data
	)
