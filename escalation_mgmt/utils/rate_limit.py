"""So many an hour for one person or contact, wherever it is asked from: Frappe's own limits count addresses of the internet."""

import frappe
from frappe import _


def hourly(what: str, whom: str, times: int) -> None:
	"""Count one more `what` for `whom`. Throws RateLimitExceededError beyond so many within an hour."""
	key = frappe.cache.make_key(f"escalation_limit:{what}:{whom}")
	if not frappe.cache.get(key):
		frappe.cache.setex(key, 3600, 0)
	if frappe.cache.incrby(key, 1) > times:
		frappe.throw(_("Too many requests. Try again in an hour."), frappe.RateLimitExceededError)
