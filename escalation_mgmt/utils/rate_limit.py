"""How often: the one limiter of every door, for people, for tokens and for addresses of the internet.

Frappe's own decorator isn't used. It counts by the first address of `X-Forwarded-For`, which is whatever the caller wrote
there, and a counter of its that loses its expiry refuses for ever.
"""

import frappe
import redis
from frappe import _


def within(what: str, whom: str, times: int, seconds: int) -> bool:
	"""Count one more `what` for `whom`; whether that is within so many times in so many seconds.

	A counter and its expiry are made at once. One that has lost it, in a crash or a restore, begins anew. Without Redis
	nothing is counted, and nobody refused: a page must get through.
	"""
	key = frappe.cache.make_key(f"escalation_limit:{what}:{whom}")
	try:
		with frappe.cache.pipeline(transaction=True) as pipe:
			pipe.set(key, 0, ex=seconds, nx=True)
			pipe.incr(key)
			pipe.ttl(key)
			_made, count, left = pipe.execute()
		if left < 0:
			frappe.cache.set(key, 1, ex=seconds)
			count = 1
	except (redis.exceptions.RedisError, OSError):
		return True
	return count <= times


def hourly(what: str, whom: str, times: int) -> None:
	"""Count one more `what` for `whom`. Throws RateLimitExceededError beyond so many within an hour."""
	if not within(what, whom, times, 3600):
		frappe.throw(_("Too many requests. Try again in an hour."), frappe.RateLimitExceededError)
