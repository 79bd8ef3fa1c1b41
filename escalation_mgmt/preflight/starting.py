"""What a plan would do that is started by hand on a ticket, said before it is."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import ALWAYS, Rung, StartAt, Step, TargetKind, TicketKey, Unreachable, rungs
from escalation_mgmt.facts import plans, tickets
from escalation_mgmt.facts.maintenances import Maintenances
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.preflight import outline, rehearsal
from escalation_mgmt.storage import wording
from escalation_mgmt.utils import clock, installation
from escalation_mgmt.utils.plain_text import cell

_ONE = frozenset(
	{TargetKind.USER, TargetKind.ADDRESS, TargetKind.ENDPOINT}
)  # which the step's own words name


def preview(key: TicketKey, name: str, *, at_once: bool) -> dict[str, Any]:
	"""What the enabled plan of that name would do with this ticket, started now (`at_once`) or after its response window, if
	nothing changes and nobody acknowledges. Writes nothing. Raises ValidationError where there is no such plan or ticket.

	{"rungs": [{"at": when, in words, "steps": [{"number", "line", "to": whom the step reaches, where its line doesn't name them,
	"missed": whom it can't reach, each with the reason}], "line": where there are no steps}], "notes": what else has to be known}.
	Addresses are masked: whoever starts a plan needn't be who wrote it.
	"""
	_version, plan = plans.enabled_named(key.doctype, name)
	with rehearsal.nothing_written():
		read, now = tickets.Tickets([key]), clock.now()
		if read[key].gone:
			frappe.throw(_("There is no {0} {1}.").format(_(key.doctype), key.name))
		pauses = Maintenances().of(read[key])
		started = replace(plan, start=StartAt.AT_ONCE) if at_once else plan
		timeline = rehearsal.of_ticket(started, read, key, now, directory=Directory(), maintenances=pauses)
		stands_still = bool(timeline.item.paused_at)
		notes = list(_notes(reaches_somebody=bool(timeline.pages), stands_still=stands_still))
		return {"rungs": outline.rungs_in_words(plan, rungs(timeline, now), _steps, _at), "notes": notes}


def _at(rung: Rung) -> str:
	seconds = rung.after.total_seconds()
	return _("in {0}").format(wording.duration(seconds)) if seconds >= 1 else _("now")


def _steps(rung: Rung) -> list[dict[str, Any]]:
	return [_step(rung, step) for step in rung.steps]


def _step(rung: Rung, step: Step) -> dict[str, Any]:
	reached = [page.recipient.label for page in rung.pages if page.step.number == step.number]
	missed = [miss for of, miss in rung.missed if of.number == step.number]
	named = not step.second and step.target.kind in _ONE
	if (
		step.second and step.second.kind is TargetKind.ADDRESS
	):  # which is said where it is taken, as history shows it
		step = replace(step, second=None)
	whom = outline.whom_in_words(step)
	if step.target.kind is TargetKind.ADDRESS:
		whom = next(iter([*reached, *(miss.label for miss in missed)]), "…")
	return {
		"number": step.number,
		"line": outline.step_in_words(replace(step, only_if=ALWAYS), whom),  # what it asks for holds
		"to": "" if named else ", ".join(dict.fromkeys(reached)),
		"missed": [_("{0} can't be reached: {1}").format(_who(miss), miss.reason) for miss in missed],
	}


def _who(miss: Unreachable) -> str:
	"""By name, also where nobody sits behind the account, or their contact is switched off."""
	name = frappe.get_cached_value("User", miss.user, "full_name") if miss.user else ""
	return cell(name, 140) or miss.label


def _notes(*, reaches_somebody: bool, stands_still: bool) -> Iterator[str]:
	if not installation.is_live():
		yield _("This site is a copy: it sends nothing. Make it live in Escalation Settings.")
	if stands_still:
		yield _(
			"The ticket waits for the customer: the clock stands still, and no step runs until that is over."
		)
	elif not reaches_somebody:
		yield _("It would reach nobody. Assign the ticket, or choose another plan.")
