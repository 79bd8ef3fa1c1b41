"""What falls due by what somebody has just done runs at once, by a worker: where no resident dispatcher runs, the next tick
may be minutes away. Where one does, each step is still claimed by one (design rule 1). Without a worker the tick does it.
"""

from collections.abc import Sequence
from datetime import datetime

from escalation_mgmt.engine import ActionItem, TicketKey
from escalation_mgmt.storage import action_items
from escalation_mgmt.utils.jobs import tick_soon


def run_if_due(key: TicketKey, now: datetime, items: Sequence[ActionItem] | None = None) -> bool:
	"""Ask a worker to run what is due, where a running item of this ticket is; whether one is. `items`: all that it has, where the
	caller knows them.
	"""
	if items is None:
		due = action_items.is_due(key, now)
	else:
		due = any(item.due_at and item.due_at <= now for item in items)
	if due:
		tick_soon()
	return due
