"""Fault points: where a test lets a real process die, or lose its database, in the worst moment.

Nothing happens unless the environment says so: ESCALATION_FAULT="delivery.taken:3:kill" ends the process (SIGKILL)
when that point is passed for the third time; ":drop" makes the database end this connection there.
"""

import os
import signal

import frappe

_POINT, _, _rest = os.environ.get("ESCALATION_FAULT", "").partition(":")
_NUMBER, _, _ACTION = _rest.partition(":")
_passed = 0


def point(name: str) -> None:
	"""A moment at which a fault can be asked for."""
	if not _POINT or name != _POINT:
		return
	global _passed
	_passed += 1
	if _passed != int(_NUMBER or 1):
		return
	if _ACTION == "drop":
		frappe.db.sql("kill connection_id()")
	else:
		os.kill(os.getpid(), signal.SIGKILL)
