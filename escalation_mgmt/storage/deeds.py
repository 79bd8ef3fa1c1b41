"""What happened, as a helpdesk's activity says it: after the name of whoever did it, in the reader's language.

`wording` has the whole sentences that our own history shows.
"""

from collections.abc import Callable
from typing import Any

from frappe import _
from frappe.utils import cint

from escalation_mgmt.engine import Act, Answer, CancelReason, EventKind
from escalation_mgmt.storage.wording import Data, act, how_late, methods
from escalation_mgmt.utils import clock


def deed(kind: str, step: int, data: dict[str, Any]) -> str:
	"""What follows a name, as in "Tina Tech acknowledged the escalation (Link)"; empty for a kind that no activity shows."""
	write = _DEEDS.get(kind)
	said = write(Data(data), cint(step)) if write else ""
	return " ".join(part for part in (said, how_late(data.get("late"))) if part)


def _created(d: Any, _step: int) -> str:
	if d.follows:
		return _("goes on by plan {0}, in place of {1}; due at {2}").format(
			d.plan, d.follows, clock.shown(d.due)
		)
	if d.at_once:
		return _("started plan {0} on this ticket, without a response window").format(d.plan)
	if d.by:
		return _("started plan {0} on this ticket; due at {1}").format(d.plan, clock.shown(d.due))
	if d.clock:
		return _("follows this ticket by plan {0} ({1}); it starts at {2}").format(
			d.plan, _(d.clock), clock.shown(d.due)
		)
	return _("follows this ticket by plan {0}; the response window ends at {1}").format(
		d.plan, clock.shown(d.due)
	)


def _step_ran(d: Any, step: int) -> str:
	if d.spared or d.passed_on:
		said = _("ran step {0}, {1}: to {2}").format(step, _(d.method), d.to or _("nobody else"))
		if d.spared:
			said += "; " + _("not once more to {0}, who acknowledged").format(d.spared)
		if d.passed_on:
			said += "; " + _("not once more to {0}, who passed it on").format(d.passed_on)
		return said
	if d.method in set(Act) and (d.to or d.method != Act.ASSIGN):
		return _("ran step {0}: {1}").format(step, act(d.method, d.value, d.to))
	if not d.to:
		return _("ran step {0}, {1}: it reached nobody").format(step, _(d.method))
	return _("ran step {0}, {1}: to {2}").format(step, _(d.method), d.to)


def _acknowledged(d: Any, _step: int) -> str:
	said = _acknowledgement(d)
	if d.shared:
		said += "; " + _("the message was for {0} as well, at the same address").format(d.shared)
	return said


def _acknowledgement(d: Any) -> str:
	if d.have and d.have < d.needed:
		return _("acknowledged the escalation ({0}): {1} of {2}").format(_(d.via), d.have, d.needed)
	if d.late:
		return _("acknowledged the escalation ({0}), after the last wait").format(_(d.via))
	if d.needed:
		return _("acknowledged the escalation ({0}), the last of {1}").format(_(d.via), d.needed)
	return _("acknowledged the escalation ({0})").format(_(d.via))


def _undone(d: Any, _step: int) -> str:
	return _("took the acknowledgement back within its minute ({0})").format(_(d.via or ""))


def _unacknowledged(d: Any, _step: int) -> str:
	said = (
		_("gave the escalation back")
		if d.by == d.was
		else _("took the escalation back from {0}").format(d.was)
	)
	if d.last_wait:
		return said + "; " + _("no step is left, and the last wait ends at {0}").format(clock.shown(d.due))
	return said + "; " + _("it goes on at {0}").format(clock.shown(d.due))


def _handed_over(d: Any, _step: int) -> str:
	said = _("handed the escalation over to {0} ({1}), who is paged: {2}").format(
		d.to, _(d.via), methods(d.methods)
	)
	if d.was:
		said += "; " + _("{0} no longer has it").format(d.was)
	return said + _counts(d)


def _person_added(d: Any, _step: int) -> str:
	if d.has_it:
		return _("called {0} to help ({1}), who is paged: {2}; {3} still has it").format(
			d.to, _(d.via), methods(d.methods), d.has_it
		)
	said = _("added {0} ({1}), who is paged as well: {2}").format(d.to, _(d.via), methods(d.methods))
	return said + _counts(d)


def _counts(d: Any) -> str:
	return "; " + _("this counts as step {0}").format(d.counts_as) if d.counts_as else ""


def _resolved(d: Any, _step: int) -> str:
	how = {
		Answer.RESOLVED: _("ended the escalation: the ticket was resolved or closed"),
		Answer.REPLY: _("ended the escalation: an agent replied"),
		Answer.FIRST_RESPONSE: _("ended the escalation: an agent responded"),
		Answer.PAUSED: _("ended the escalation: the ticket waits for the customer"),
		Answer.STOP_CONDITION: _("ended the escalation: the plan's stop condition holds"),
	}
	return how.get(d.how) or _("ended the escalation: the ticket was answered")


def _cancelled(d: Any, _step: int) -> str:
	if d.merged_into:
		return _("ended the escalation: the ticket was merged into {0}").format(d.merged_into)
	if d.by:
		return _("stopped the escalation: {0}").format(d.reason or _("no reason given"))
	reasons = {
		CancelReason.TICKET_CANCELLED: _("the ticket was cancelled"),
		CancelReason.NO_MATCH: _("no plan matches any more"),
		CancelReason.LOWERED: _("its priority was lowered again, to what had been answered"),
		CancelReason.DROPPED: _("it fell due in a maintenance ({0})").format(d.maintenance),
	}
	return _("ended the escalation: {0}").format(reasons.get(d.reason) or d.reason)


def _act_done(d: Any, _step: int) -> str:
	if d.unchanged:
		return _("had nothing to do: {0}").format(act(d.method, d.value, d.to))
	words = {
		Act.ASSIGN: _("assigned the ticket to {0}").format(d.to),
		Act.RAISE: _("raised the priority from {0} to {1}").format(d.before or _("none"), d.value),
		Act.SET_TEAM: _("set the team to {0}").format(d.value),
		Act.SET_STATUS: _("set the status to {0}").format(_(d.value)),
		Act.COMMENT: _("wrote an internal comment"),
		Act.TELL_CUSTOMER: _("wrote to the customer"),
	}
	return words.get(d.method) or _("did to the ticket what the plan says")


_DEEDS: dict[str, Callable[[Any, int], str]] = {
	EventKind.CREATED: _created,
	EventKind.STEP_RAN: _step_ran,
	EventKind.PASSED_OVER: lambda d, s: _("passed over step {0}, {1}").format(s, _(d.method)),
	EventKind.ACT_DONE: _act_done,
	EventKind.ACT_FAILED: lambda d, s: _("could not {0}: {1}").format(act(d.method, d.value, d.to), d.reason),
	EventKind.NOBODY_NOTIFIED: lambda d, s: _(
		"reached nobody in a whole pass through the plan: it waits for an assignee, a contact or a provider"
	),
	EventKind.IN_MAINTENANCE: lambda d, s: _(
		"holds what is due until {0}: a maintenance runs ({1}: {2})"
	).format(clock.shown(d.until), d.maintenance, d.reason),
	EventKind.RUN_AGAIN: lambda d, s: _("ran the plan again ({0})").format(_(d.via)),
	EventKind.EXHAUSTED: lambda d, s: _("came to the end of the plan: nobody acknowledged"),
	EventKind.SNOOZED: lambda d, s: _("snoozed the escalation until {0}").format(clock.shown(d.until)),
	EventKind.ACKNOWLEDGED: _acknowledged,
	EventKind.PARTLY_ACKNOWLEDGED: _acknowledged,
	EventKind.ON_THE_WAY: lambda d, s: _("is on the way ({0}): the escalation is quiet until {1}").format(
		_(d.via or ""), clock.shown(d.until)
	),
	EventKind.PASSED_ON: lambda d, s: _("passed the escalation on ({0})").format(_(d.via or "")),
	EventKind.UNDONE: _undone,
	EventKind.UNDONE_IN_WINDOW: _undone,
	EventKind.UNDONE_SNOOZED: _undone,
	EventKind.UNDONE_EXHAUSTED: _undone,
	EventKind.UNACKNOWLEDGED: _unacknowledged,
	EventKind.TIMED_OUT: lambda d, s: _(
		"goes on: nothing has happened after the reminder, and {0} no longer has it"
	).format(d.was),
	EventKind.HANDED_OVER: _handed_over,
	EventKind.PERSON_ADDED: _person_added,
	EventKind.RESOLVED: _resolved,
	EventKind.CANCELLED: _cancelled,
	EventKind.REPLACED: lambda d, s: _(
		"ended the escalation: the ticket changed, and plan {0} takes it now"
	).format(d.replaced_by),
}

NOTED = frozenset(_DEEDS)
"""Kinds of event that stand in a ticket's activity."""
