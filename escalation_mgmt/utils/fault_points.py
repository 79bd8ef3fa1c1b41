"""Fault points: where a test lets a real process die, or lose its database, in the worst moment.

Nothing happens unless the environment says so: ESCALATION_FAULT="delivery.taken:3:kill" ends the process (SIGKILL)
when that point is passed for the third time; ":drop" makes the database end this connection there, and ":stop" lets the process stand still (SIGSTOP) until it is sent
SIGCONT. A commit called "x" has two points: "x.before" and "x.after".
"""

import os
import signal

import frappe

_POINT, _, _rest = os.environ.get("ESCALATION_FAULT", "").partition(":")
_NUMBER, _, _ACTION = _rest.partition(":")
_passed = 0


def commit(name: str) -> None:
	"""Commit, with a point before it and one after it."""
	point(f"{name}.before")
	frappe.db.commit()
	point(f"{name}.after")


def around_commit(name: str) -> None:
	"""A point before a commit and one after it, where somebody else commits: the request, the caller."""
	if _POINT:
		point(f"{name}.before")
		frappe.db.after_commit.add(lambda: point(f"{name}.after"))


def point(name: str) -> None:
	"""A moment at which a fault can be asked for."""
	if not _POINT or name != _POINT:
		return
	global _passed  # noqa: PLW0603 - one for the process
	_passed += 1
	if _passed != int(_NUMBER or 1):
		return
	if _ACTION == "drop":
		frappe.db.sql("kill connection_id()")
	else:
		os.kill(os.getpid(), signal.SIGSTOP if _ACTION == "stop" else signal.SIGKILL)
