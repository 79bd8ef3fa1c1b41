"""Somebody else has to take it: whom a message went to passes it on, from whichever door. The next step runs now."""

from functools import partial
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.actions.acknowledge import acknowledged_already
from escalation_mgmt.actions.action import Result, recipient_as_actor
from escalation_mgmt.actions.carry_out import Locked, carry_out
from escalation_mgmt.actions.escalate_now import no_step_left, refuse, what_runs
from escalation_mgmt.engine import ActionItem, Actor, Decision, Refusal, Refused, comes_to_others
from escalation_mgmt.engine import pass_on as engine_pass_on
from escalation_mgmt.storage import outbox
from escalation_mgmt.storage.message_state import REACHED, Purpose
from escalation_mgmt.utils.doctypes import NOTIFICATION


def pass_on(item: Locked | str, message: Any, via: str) -> Result:
	"""Run what comes next of its item (by its name, or as it is locked) now, for whom a message went to (`addressees.who_answers`, `from_message.answered_by_user`).

	They aren't paged again by this run. A message of an earlier step passes nothing on, and says so. Where no step is left, it says
	who was told. The caller has proved who asks, and commits.
	"""
	actor = recipient_as_actor(message, via)
	return carry_out(
		item,
		decide=lambda locked: _decide(locked, outbox.next_of(message), actor),
		refuse=partial(_refuse, actor),
		say=_say,
		sends=False,
		pages_by=actor,
	)


def _decide(locked: Locked, expected: tuple[int, int, int], actor: Actor) -> Decision:
	decision = engine_pass_on(locked.item, expected, actor, locked.now)
	if not comes_to_others(decision.item, locked.context.reaches):  # it would burn the steps that are left
		raise Refused(Refusal.NOBODY_ELSE)
	return decision


def _say(locked: Locked, decision: Decision) -> str:
	return f"{_('Passed on, and not to you again.')} {what_runs(locked, decision)}"


def _refuse(actor: Actor, why: Refused, item: ActionItem) -> str | Result:
	if why.refusal is Refusal.PASSED_ON:
		return _("You have passed it on already.")
	if why.refusal is Refusal.NOBODY_ELSE:
		words = _("The steps that are left go to nobody else, and nothing was changed.")
		return f"{words} {_left(item, actor)}"
	if why.refusal is Refusal.LAST_WAIT:
		return Result(False, nobody_comes(item, actor), instead=no_step_left().instead)
	if item.acknowledged_by:
		return acknowledged_already(item.acknowledged_by, item.acknowledged_via, named=bool(actor.user))
	return refuse(0, why, item)


def nobody_comes(item: ActionItem, actor: Actor) -> str:
	"""What is said where no step is left: who is, of those who were told. Names are for users alone."""
	return f"{no_step_left().message} {_left(item, actor)}"


def _left(item: ActionItem, actor: Actor) -> str:
	told = frappe.get_all(
		NOTIFICATION,
		filters={"action_item": item.id, "purpose": Purpose.PAGE, "status": ("in", REACHED)},
		fields=["user", "recipient"],
		distinct=True,
		order_by="recipient",
	)
	others = {
		row.user or row.recipient: row for row in told if (row.user or row.recipient) != actor.counted_as
	}
	gone = {who for _run, who in item.passed_on}
	left = [row for who, row in others.items() if who not in gone]
	if not left:
		return _("Nobody else was told who has not passed it on.")
	if not actor.user:
		return _("Others were told, and can still take it: {0}.").format(len(left))
	named = [row.recipient for row in left if row.user]
	more = len(left) - len(named)
	if more:
		named.append(_("{0} more").format(more))
	return _("Those who were told can still take it: {0}.").format(", ".join(named))
