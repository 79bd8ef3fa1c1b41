"""What the workspace's number cards show that no filter can say. Each of what the present user may see."""

import json
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.dispatch import monitor
from escalation_mgmt.engine import Clock
from escalation_mgmt.storage import wording
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM


@frappe.whitelist()
def overdue(filters: Any = None) -> dict[str, Any]:
	"""How many steps are overdue (`monitor.TOLERATED`), and the list of them."""
	# "<" alone takes what is due never, too.
	late = [["is", "set"], ["<", f"{clock.now() - monitor.TOLERATED:%Y-%m-%d %H:%M:%S}"]]
	found = frappe.get_list(
		ITEM,
		filters=[[ITEM, "due_utc", *each] for each in late],
		pluck="name",
		order_by="name",
	)
	return {
		"value": len(found),
		"fieldtype": "Int",
		"route": ["List", ITEM],
		"route_options": {"due_utc": [json.dumps(each) for each in late]},
	}


@frappe.whitelist()
def time_to_acknowledge_today(filters: Any = None) -> str:
	"""From the start of an escalation to its acknowledgement, on average, of those acknowledged today (site's zone); clock by
	clock, where there are several."""
	today = clock.to_site(clock.now()).date()
	found = frappe.get_list(
		ITEM,
		filters={"acknowledged_utc": (">=", clock.day_begins(today))},
		fields=["clock", "opened_utc", "acknowledged_utc"],
		order_by="name",
	)
	taken: dict[str, list[float]] = {}
	for row in found:
		taken.setdefault(row.clock, []).append((row.acknowledged_utc - row.opened_utc).total_seconds())
	average = {of: wording.duration(sum(times) / len(times)) for of, times in taken.items()}
	if len(average) > 1:  # nobody asks for the mean of answers and repairs
		return ", ".join(f"{_(of)} {average[of]}" for of in Clock if of in average)
	return next(iter(average.values()), "–")
