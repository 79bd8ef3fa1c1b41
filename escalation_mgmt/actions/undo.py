"""Undoing an acknowledgement within its minute, by whoever gave it: nobody has been told of it yet."""

from functools import partial
from typing import Any

from frappe import _

from escalation_mgmt.actions.action import Result, recipient_as_actor
from escalation_mgmt.actions.carry_out import Locked, carry_out
from escalation_mgmt.engine import ActionItem, Actor, Decision, Refusal, Refused
from escalation_mgmt.engine import undo as engine_undo
from escalation_mgmt.storage import wording
from escalation_mgmt.utils import clock


def undo(item: Locked | str, message: Any, via: str) -> Result:
	"""Let the item of a message be as it was before whom it went to acknowledged it. The caller has proved who asks, and commits.

	A ticket that the plan has assigned to them by it stays theirs: somebody may have seen that.
	"""
	actor = recipient_as_actor(message, via)
	return carry_out(
		item,
		decide=lambda locked: engine_undo(locked.item, actor, locked.context),
		refuse=partial(_refuse, actor),
		say=_say,
	)


def _say(locked: Locked, decision: Decision) -> str:
	item = decision.item
	said = [_("Undone. You don't have it, and nobody was told that you had.")]
	if item.next_at:
		said.append(
			_("What comes next runs now.")
			if item.next_at <= locked.now
			else _("What comes next is due at {0}.").format(clock.shown(item.next_at))
		)
	if item.plan.assign_on_acknowledgement:
		said.append(_("The ticket stays assigned to you."))
	return " ".join(said)


def _refuse(actor: Actor, why: Refused, item: ActionItem) -> str:
	if why.refusal is Refusal.TOO_LATE:
		return _("The minute is over, and the others are told. Give it back on the ticket.")
	if item.acknowledged_by and not actor.user:  # design rule 11
		return _("Somebody has it.")
	if item.acknowledged_by:
		return _("{0} has it.").format(item.acknowledged_by)
	return _("The escalation is {0}; there is nothing to undo.").format(wording.status(item.status))
