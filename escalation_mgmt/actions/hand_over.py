"""Handing an escalation over to another person, who has the ticket from now on and is paged at once."""

from functools import partial

from frappe import _

from escalation_mgmt.actions import person
from escalation_mgmt.actions.action import Action, Result, where
from escalation_mgmt.actions.carry_out import carry_out
from escalation_mgmt.dispatch.assigning import assign
from escalation_mgmt.engine import (
	ActionItem,
	Actor,
	Refusal,
	Refused,
	can_hand_over,
)
from escalation_mgmt.engine import hand_over as engine_hand_over
from escalation_mgmt.storage import wording


def hand_over(item: str, to: str, name: str, actor: Actor, note: str = "") -> Result:
	"""Assign the ticket to the user `to`, called `name`, who is paged at once and reads the `note`.

	The caller has checked that this person may, and commits. Raises ValidationError where they can't be reached.
	"""
	return carry_out(
		item,
		decide=lambda locked: engine_hand_over(
			locked.item, to, name, actor, locked.ticket, locked.context, note=note
		),
		then=lambda locked: assign(locked.key, to),
		refuse=partial(_refuse, name),
		say=lambda locked, decision: _("Handed over to {0}, who is paged now.").format(name),
		pages_by=actor,
	)


def _refuse(name: str, why: Refused, item: ActionItem) -> str:
	if why.refusal is Refusal.CANNOT_BE_REACHED:
		person.throw_unreachable(name, why)
	return _("The escalation is {0}; there is nothing to hand over.").format(wording.status(item.status))


HAND_OVER = Action(
	"hand_over",
	label=lambda: _("Hand Over…"),
	offered=where(can_hand_over),
	run=lambda click: hand_over(click.item.id, *person.chosen(click, "to"), click.actor, person.note(click)),
	fields=person.fields("to", lambda: _("To Whom")),
	tells_at_once=True,  # Frappe 15 tells of an assignment before it is committed
)
