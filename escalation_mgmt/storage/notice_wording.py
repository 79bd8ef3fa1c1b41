"""What became of an escalation, in a few words: the head of a notice, and the line in Desk's notifications."""

from typing import Any

from frappe import _

from escalation_mgmt.engine import EventKind


def head(about: str, number: str, acknowledged_by: str | None, assigned_to: str, coming: str = "") -> str:
	"""Of what a notice about this kind of event says first, in the reader's language. `assigned_to` names the assignees,
	`coming` who is on the way; empty: they aren't any more.
	"""
	says: dict[Any, str] = {
		EventKind.ACKNOWLEDGED: _("{0} has acknowledged ticket {1}").format(acknowledged_by, number),
		EventKind.RESOLVED: _("Ticket {0} has been answered").format(number),
		EventKind.CANCELLED: _("The escalation of ticket {0} was cancelled").format(number),
		EventKind.ASSIGNEE_CHANGED: _("Ticket {0} is assigned to {1} now").format(number, assigned_to),
		EventKind.HANDED_OVER: _("Ticket {0} is assigned to {1} now").format(number, assigned_to),
		EventKind.ON_THE_WAY: _("{0} is on the way to ticket {1}").format(coming, number)
		if coming
		else _("Somebody was on the way to ticket {0}").format(number),
		EventKind.UNACKNOWLEDGED: _("Nobody has ticket {0} any more").format(number),
		EventKind.REMINDED: _("Are you still on ticket {0}?").format(number),
		EventKind.EXHAUSTED: _("Nobody acknowledged ticket {0}").format(number),
		EventKind.FAILED: _("A message about ticket {0} did not arrive, and no step is left").format(number),
		EventKind.NOBODY_NOTIFIED: _("Nobody could be notified of ticket {0}").format(number),
		EventKind.HELD_BY_RESTORE: _("The database was restored: escalations are held"),
		EventKind.PARKED: _("The escalation of ticket {0} can't be processed").format(number),
	}
	return says.get(about) or _("About ticket {0}").format(number)
