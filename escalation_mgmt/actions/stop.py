"""Stopping an escalation by hand, with a reason."""

import frappe
from frappe import _

from escalation_mgmt.actions import by_hand
from escalation_mgmt.actions.action import Action, Field, Result, where
from escalation_mgmt.actions.carry_out import carry_out
from escalation_mgmt.engine import ActionItem, Actor, Refused, can_stop
from escalation_mgmt.engine import stop as engine_stop
from escalation_mgmt.storage import wording

LONGEST = 500  # characters of a reason


def stop(item: str, reason: str, actor: Actor) -> Result:
	"""Stop an action item.

	The caller has checked that this person may, and commits. Raises ValidationError where no reason is given.
	"""
	reason = reason.strip()[:LONGEST]
	if not reason:
		frappe.throw(_("Give a reason: it stands in the history."))
	return carry_out(
		item,
		decide=lambda locked: engine_stop(locked.item, actor, reason, locked.now),
		refuse=_refuse,
		say=lambda locked, decision: _(
			"Stopped. Nothing more is sent, and those who were notified are told."
		),
		then=lambda locked: by_hand.note_told(locked.key, locked.now),
	)


def _refuse(_why: Refused, item: ActionItem) -> str:
	return _("The escalation is {0}; there is nothing to stop.").format(wording.status(item.status))


STOP = Action(
	"stop",
	label=lambda: _("Stop…"),
	offered=where(lambda item: can_stop(item.status)),
	run=lambda click: stop(click.item.id, click.value("reason"), click.actor),
	fields=lambda key, item: (Field("reason", _("Reason")),),
)
