"""What falls due by what somebody has just done runs at once, by a worker: where no resident dispatcher runs, the next tick
may be minutes away. Where one does, each step is still claimed by one (design rule 1). Without a worker the tick does it.
"""

from datetime import datetime

import frappe

from escalation_mgmt.engine import TicketKey
from escalation_mgmt.storage import action_items
from escalation_mgmt.utils.jobs import enqueue_once

TICK = "escalation_mgmt.dispatch.dispatcher.tick"  # by its path: the dispatcher itself evaluates tickets


def run() -> None:
	"""Ask a worker to run and send whatever is due, as soon as this transaction is committed."""
	frappe.db.after_commit.add(lambda: enqueue_once(TICK, "dispatch"))


def run_if_due(key: TicketKey, now: datetime) -> bool:
	"""`run`, where the running item of this ticket is due; whether it is."""
	due = action_items.is_due(key, now)
	if due:
		run()
	return due
