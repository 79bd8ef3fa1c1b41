"""Jobs that a worker does soon; where none can be had, whoever asked goes on without."""

from collections.abc import Callable
from typing import Any

import frappe
from frappe.utils.background_jobs import get_job_status

from escalation_mgmt.utils.request_data import unlogged

_MOST = 8  # workers that do the same job at once


def enqueue(function: Callable[..., object], **arguments: Any) -> None:
	"""Let a worker call a function of ours with these arguments. Without Redis it is only logged."""
	_enqueue(function, lambda: arguments)


def enqueue_once(function: Callable[[], object] | str, job: str) -> None:
	"""Let a worker call a function of ours (or the one of that path), unless the same `job` waits already. Without Redis it is
	only logged.

	One that has begun may have looked before what is committed now: another one follows it.
	"""
	_enqueue(function, lambda: {"job_id": _id_of(job), "deduplicate": True})


TICK = "escalation_mgmt.dispatch.dispatcher.tick"  # by its path: what asks for it lies below it


def tick_soon() -> None:
	"""Ask a worker to run and send whatever is due, as soon as this transaction is committed."""
	frappe.db.after_commit.add(lambda: enqueue_once(TICK, "dispatch"))


def _enqueue(function: Callable[..., object] | str, how: Callable[[], dict[str, Any]]) -> None:
	path = function if isinstance(function, str) else f"{function.__module__}.{function.__name__}"
	try:
		with unlogged():  # that a job waits already is logged as an error, with the request's form
			frappe.enqueue(path, queue="short", **how())
	except Exception:
		frappe.logger("escalation_mgmt").warning(f"{path} could not be enqueued")


def _id_of(job: str) -> str:
	"""The first of its ids under which none has begun; what waits under it is the same."""
	first = f"escalation_mgmt.{job}"
	ids = (first, *(f"{first}.{number}" for number in range(2, _MOST + 1)))
	return next((id for id in ids if get_job_status(id) != "started"), first)
