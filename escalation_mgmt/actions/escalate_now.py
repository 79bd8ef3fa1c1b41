"""Bringing the next step forward: asked for by a person who can't take it, or because a message didn't arrive."""

from functools import partial

from frappe import _
from frappe.utils import cint

from escalation_mgmt.actions.action import Action, Field, Option, Result, where
from escalation_mgmt.actions.carry_out import Locked, carry_out
from escalation_mgmt.engine import (
	ActionItem,
	Actor,
	Decision,
	Refusal,
	Refused,
	TicketKey,
	bring_forward,
	can_bring_forward,
	held_until,
	running_maintenance,
)
from escalation_mgmt.storage import wording
from escalation_mgmt.utils import clock


def escalate_now(
	item: str,
	actor: Actor | None = None,
	*,
	to: int = 0,
	expected: tuple[int, int, int] | None = None,
	why: str = "",
) -> Result:
	"""Make what comes next due now: because the `actor` asks for it, or for the reason `why`.

	`to` is the number of a step that is still to come: those before it are passed over. `expected` is the item's position
	as whoever asks knew it: where that has run since, or the escalation has begun anew, nothing is done. None: the caller
	has compared the item's version. The caller has checked that this person may, and commits.
	"""
	return carry_out(
		item,
		decide=lambda locked: bring_forward(
			locked.item, expected or locked.item.position, locked.now, to=to, actor=actor, why=why
		),
		refuse=partial(_refuse, to),
		say=_say,
		sends=False,
	)


def _refuse(to: int, why: Refused, item: ActionItem) -> str:
	match why.refusal:
		case Refusal.BEGUN_ANEW:
			return _("The escalation has begun anew meanwhile; nothing was changed.")
		case Refusal.MOVED_ON:
			return _("The next step has run meanwhile; nothing was changed.")
		case Refusal.NO_SUCH_STEP:
			return _("Step {0} doesn't come any more in this run; nothing was changed.").format(to)
	return _("The escalation is {0}; there is no next step.").format(_(item.status))


def _say(locked: Locked, decision: Decision) -> str:
	"""What a step that is due now does: it may be held."""
	item, now = decision.item, locked.now
	if pause := running_maintenance(locked.snapshot.maintenances.of(locked.ticket), now):
		until = clock.shown(pause.end)
		return _("A maintenance runs ({0}): it is held until {1}.").format(pause.reason, until)
	if item.in_last_wait:
		return _("No step is left: the escalation ends now, unacknowledged.")
	step = item.plan.groups[item.group][0].number
	if until := held_until(item.plan, item.group, now, locked.context.working):
		until = clock.shown(until)
		return _("Step {0} may go out only in working time: it is held until {1}.").format(step, until)
	return _("Step {0} is run now.").format(step)


def _steps(_key: TicketKey, item: ActionItem | None) -> tuple[Field, ...]:
	"""The steps that are still to come in this run, those that go out together as one."""
	groups = item.plan.groups[item.group :] if item else ()
	options = (Option(str(group[0].number), wording.steps(group)) for group in groups)
	return (Field("step", _("Step"), tuple(options)),)


ESCALATE_NOW = Action(
	"escalate_now",
	label=lambda: _("Escalate Now"),
	offered=where(can_bring_forward),
	run=lambda click: escalate_now(click.item.id, click.actor),
)
ESCALATE_TO = Action(
	"escalate_to",
	label=lambda: _("Escalate to Step…"),
	offered=where(lambda item: can_bring_forward(item) and item.group < len(item.plan.groups) - 1),
	run=lambda click: escalate_now(click.item.id, click.actor, to=cint(click.value("step"))),
	fields=_steps,
)
