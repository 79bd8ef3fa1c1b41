"""Jobs that a worker does soon; where none can be had, whoever asked goes on without."""

from collections.abc import Callable

import frappe


def enqueue_once(function: Callable[[], object], job: str) -> None:
	"""Let a worker call a function of ours, unless the same `job` waits already. Without Redis it is only logged."""
	path = f"{function.__module__}.{function.__name__}"
	try:
		frappe.enqueue(path, queue="short", job_id=f"escalation_mgmt.{job}", deduplicate=True)
	except Exception:
		frappe.logger("escalation_mgmt").warning(f"{path} could not be enqueued")
