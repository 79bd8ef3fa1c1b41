"""Bringing the next step forward: asked for by a person who can't take it. Where no step is left, running the plan again."""

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
	Status,
	TicketKey,
	bring_forward,
	can_bring_forward,
	can_run_again,
	held_until,
	running_maintenance,
)
from escalation_mgmt.engine import run_again as engine_run_again
from escalation_mgmt.storage import wording
from escalation_mgmt.utils import clock


def escalate_now(
	item: str | Locked,
	actor: Actor,
	*,
	to: int = 0,
	expected: tuple[int, int, int] | None = None,
) -> Result:
	"""Make what comes next due now: because the `actor` asks for it.

	`to` is the number of a step that is still to come: those before it are passed over. `expected` is the item's position
	as whoever asks knew it: where that has run since, or the escalation has begun anew, nothing is done. None: the caller
	has compared the item's version. The caller has checked that this person may, and commits.
	"""
	return carry_out(
		item,
		decide=lambda locked: bring_forward(
			locked.item, expected or locked.item.position, locked.now, to=to, actor=actor
		),
		refuse=partial(refuse, to),
		say=what_runs,
		sends=False,
		pages_by=actor,
	)


def run_again(item: str | Locked, actor: Actor, *, expected: tuple[int, int, int] | None = None) -> Result:
	"""Run the plan once more from its first step, now: every step has run, and nobody has it.

	`expected` is as for `escalate_now`. The caller has checked that this person may, and commits.
	"""
	return carry_out(
		item,
		decide=lambda locked: engine_run_again(
			locked.item, expected or locked.item.position, actor, locked.now
		),
		refuse=partial(refuse, 0),
		say=lambda locked, decision: _("The plan runs again.") + " " + what_runs(locked, decision),
		sends=False,
		pages_by=actor,
	)


def no_step_left() -> Result:
	"""In the last wait: what was asked for would only end it."""
	words = _("No step is left, and nothing was changed. The plan can be run again.")
	return Result(False, words, instead="run_again")


def refuse(to: int, why: Refused, item: ActionItem) -> str | Result:
	"""Why a step can't be brought forward; `to`: which one was asked for."""
	match why.refusal:
		case Refusal.LAST_WAIT:
			return no_step_left()
		case Refusal.STEPS_LEFT:
			return _("A step is still to come; nothing was changed.")
		case Refusal.BEGUN_ANEW:
			return _("The escalation has begun anew meanwhile; nothing was changed.")
		case Refusal.MOVED_ON:
			return _("The next step has run meanwhile; nothing was changed.")
		case Refusal.NO_SUCH_STEP:
			return _("Step {0} doesn't come any more in this run; nothing was changed.").format(to)
	if item.status is Status.EXHAUSTED:
		return _(
			"All steps have run, and the last wait is over. Start a plan on the ticket to page people again."
		)
	return _("The escalation is {0}; there is no next step.").format(wording.status(item.status))


def what_runs(locked: Locked, decision: Decision) -> str:
	"""What a step that is due now does: it may be held."""
	item, now = decision.item, locked.now
	if pause := running_maintenance(locked.snapshot.maintenances.of(locked.ticket), now):
		until = clock.shown(pause.end)
		return _("A maintenance runs ({0}): it is held until {1}.").format(pause.reason, until)
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


def _instead(item: ActionItem | None) -> Result | None:
	return no_step_left() if item and can_run_again(item) else None


ESCALATE_NOW = Action(
	"escalate_now",
	label=lambda: _("Escalate Now"),
	offered=where(can_bring_forward),
	run=lambda click: escalate_now(click.item.id, click.actor),
	instead=_instead,
)
ESCALATE_TO = Action(
	"escalate_to",
	label=lambda: _("Escalate to Step…"),
	offered=where(lambda item: can_bring_forward(item) and item.group < len(item.plan.groups) - 1),
	run=lambda click: escalate_now(click.item.id, click.actor, to=cint(click.value("step"))),
	fields=_steps,
	instead=_instead,
)
RUN_AGAIN = Action(
	"run_again",
	label=lambda: _("Run the Plan Again"),
	offered=where(can_run_again),
	run=lambda click: run_again(click.item.id, click.actor),
)
