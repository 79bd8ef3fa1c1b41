"""What a maintenance held is evaluated again: it was ended early or changed."""

import frappe

from escalation_mgmt.dispatch.evaluation import Snapshot
from escalation_mgmt.engine import RUNNING
from escalation_mgmt.engine import release as engine_release
from escalation_mgmt.storage import action_items
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.jobs import tick_soon

SET = 500


def names_held_by(maintenance: str) -> list[str]:
	"""The running items that this maintenance holds."""
	return frappe.get_all(
		ITEM,
		filters={"maintenance": maintenance, "status": ("in", sorted(RUNNING))},
		pluck="name",
		order_by="name",
	)


def held_by(maintenance: str) -> int:
	"""Make due now whatever this maintenance holds; returns how many items. Whether another holds them is looked at when
	they run. The caller commits.
	"""
	names = names_held_by(maintenance)
	now, snapshot, released = clock.now(), Snapshot([]), 0
	for start in range(0, len(names), SET):
		found = action_items.lock(names[start : start + SET])
		mine = [stored for stored in found if stored.item.maintenance == maintenance]
		decided = [(stored, decision) for stored in mine if (decision := engine_release(stored.item, now))]
		snapshot.apply(decided, now)
		released += len(decided)
	if released:
		tick_soon()
	return released
