"""Callbacks that do something are done once (design rule 12): a signature proves who asked, but not when.

Twilio signs no time. Whoever has recorded a signed request, in the log of a proxy for example, can send it again for as long as
the Auth Token is the same. So the SID of what was done is kept, of a mail its Message-ID, under a hash, by which one row can be
there only.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import frappe
import redis

from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import CALLBACK

KEPT = timedelta(days=730)
SAID_SECONDS = 3600  # how long whoever asks again hears the same answer; Twilio asks again within seconds


def once(event: tuple[str, ...], do: Callable[[], str]) -> str | None:
	"""What `do` says to an event, the first time; afterwards the same without doing anything, for an hour, and then None.

	`event` is what makes it one: the provider's own id of it, and what happened. Of two at once the second waits until the
	first is committed. The caller commits.
	"""
	name = hashlib.sha256("\n".join(event).encode()).hexdigest()
	key = f"escalation_limit:said:{name}"
	if not _is_first(name):
		with suppress(redis.exceptions.RedisError, OSError):
			return frappe.cache.get_value(key, expires=True)
		return None
	said = do()
	with suppress(redis.exceptions.RedisError, OSError):
		frappe.cache.set_value(key, said, expires_in_sec=SAID_SECONDS)
	return said


def _is_first(name: str) -> bool:
	if frappe.db.exists(CALLBACK, name):
		return False
	try:
		rows.insert_all(CALLBACK, [{"name": name, "taken_utc": clock.now()}])
	except Exception as e:
		if frappe.db.is_primary_key_violation(e) or frappe.db.is_unique_key_violation(e):
			return False
		raise
	return True


def forget() -> None:
	"""What was done so long ago that nobody has kept a recording of it."""
	frappe.db.delete(CALLBACK, {"taken_utc": ("<", clock.now() - KEPT)})
