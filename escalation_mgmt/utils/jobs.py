"""Jobs that a worker does soon; where none can be had, whoever asked goes on without."""

import frappe


def enqueue_once(function: str, job: str) -> None:
	"""Let a worker call a function of ours, unless the same `job` waits already. Without Redis it is only logged."""
	try:
		frappe.enqueue(
			f"escalation_mgmt.{function}", queue="short", job_id=f"escalation_mgmt.{job}", deduplicate=True
		)
	except Exception:
		frappe.logger("escalation_mgmt").warning(f"{function} could not be enqueued")
