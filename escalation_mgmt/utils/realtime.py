"""Open forms are told that something has happened, where the site runs Frappe's realtime server.

Nothing depends on it: the forms ask by themselves as well, every few seconds.
"""

from collections.abc import Iterable

import frappe

CHANGED = "escalation_changed"


def tell_forms(items: Iterable[str]) -> None:
	"""Say to everybody in Desk which action items have changed, once this transaction is committed: their names alone."""
	names = sorted(set(items))
	if names:
		frappe.publish_realtime(CHANGED, {"items": names}, after_commit=True)
