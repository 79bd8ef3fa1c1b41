"""What falls due by what somebody has just done runs at once, by a worker: where no resident dispatcher runs, the next tick
may be minutes away. Where one does, each step is still claimed by one (design rule 1). Without a worker the tick does it.
"""

from datetime import datetime

from escalation_mgmt.engine import TicketKey
from escalation_mgmt.storage import action_items
from escalation_mgmt.utils.jobs import tick_soon


def run_if_due(key: TicketKey, now: datetime) -> bool:
	"""Ask a worker to run what is due, where the running item of this ticket is; whether it is."""
	due = action_items.is_due(key, now)
	if due:
		tick_soon()
	return due
