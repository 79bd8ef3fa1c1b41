"""The history in words: each event as a sentence, in the reader's language."""

from collections.abc import Callable, Sequence
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, flt, format_duration

from escalation_mgmt.engine import NOT_DELIVERED, Act, Answer, CancelReason, EventKind, Status, Step, WorkedOn
from escalation_mgmt.utils import clock

_ACTS = frozenset(map(str, Act))
_REDACTED = "[REDACTED]"  # what Frappe writes for the name of whom it anonymizes


def in_words(kind: str, step: int, data: dict[str, Any]) -> str:
	"""One event as a sentence, in the reader's language."""
	write = _SENTENCES.get(kind)
	sentence = write(Data(data), cint(step)) if write else _(kind)
	return " ".join(part for part in (sentence, how_late(data.get("late"))) if part)


class Data(dict):
	"""What an event says; what it doesn't say is nothing, and never "None" in a sentence."""

	def __getattr__(self, key: str) -> Any:
		found = self.get(key)
		return "" if found is None else found


def how_late(late: Any) -> str:
	"""How late something was, in seconds, in brackets; empty where it wasn't."""
	if not isinstance(late, int | float) or late < 1:
		return ""
	return _("({0} late)").format(duration(late))


def duration(seconds: Any) -> str:
	"""Seconds as words, such as 1h 5m 3s."""
	whole = cint(flt(seconds) + 0.5)
	return format_duration(whole) if whole else "0s"


def status(of_item: str) -> str:
	"""The status of an action item, as people read it. Resolved is said otherwise: beside a ticket that is still open it would
	be read as the ticket's, but an agent's reply alone brings it about.
	"""
	return _("Answered") if of_item == Status.RESOLVED else _(of_item)


def coming(name: str, until: Any) -> str:
	"""In place of a snoozed item's status, where somebody is on the way. `until`: UTC."""
	return _("{0} is on the way, quiet until {1}").format(name, clock.shown(until))


def steps(group: Sequence[Step]) -> str:
	"""Steps that go out together: their numbers and methods."""
	methods = ", ".join(dict.fromkeys(_(step.method) for step in group))
	if len(group) == 1:
		return _("Step {0} ({1})").format(group[0].number, methods)
	if len(group) == 2:
		return _("Steps {0} and {1} ({2})").format(group[0].number, group[-1].number, methods)
	return _("Steps {0} to {1} ({2})").format(group[0].number, group[-1].number, methods)


def _created(d: Any, _step: int) -> str:
	if d.follows:
		return _("Created for plan {0}, in place of {1}; due at {2}.").format(
			d.plan, d.follows, clock.shown(d.due)
		)
	if d.at_once:
		return _("Started by hand by {0} with plan {1}, without a response window.").format(
			_full_name(d.by), d.plan
		)
	if d.by:
		return _("Started by hand by {0} with plan {1}; due at {2}.").format(
			_full_name(d.by), d.plan, clock.shown(d.due)
		)
	if d.clock:
		return _("Created for plan {0} ({1}); it starts at {2}.").format(
			d.plan, _(d.clock), clock.shown(d.due)
		)
	return _("Created for plan {0}; the response window ends at {1}.").format(d.plan, clock.shown(d.due))


def _window_moved(d: Any, _step: int) -> str:
	said = (
		_("It now starts at {0}; before at {1}.")
		if d.clock
		else _("The response window now ends at {0}; before at {1}.")
	)
	return said.format(clock.shown(d.due), clock.shown(d.was))


def _window_over(d: Any, _step: int) -> str:
	if d.clock:
		return _("It starts before its time.") if d.skipped else _("Its time to start has come.")
	return _("The response window was cut short.") if d.skipped else _("The response window is over.")


def _step_ran(d: Any, step: int) -> str:
	if d.spared or d.passed_on:
		sentence = _("Step {0}, {1}: to {2}.").format(step, _(d.method), d.to or _("nobody else"))
		if d.spared:
			sentence += " " + _("Not once more to {0}, who acknowledged.").format(d.spared)
		if d.passed_on:
			sentence += " " + _("Not once more to {0}, who passed it on.").format(d.passed_on)
		return sentence
	if d.method in _ACTS and (d.to or d.method != Act.ASSIGN):
		return _("Step {0}: {1}.").format(step, act(d.method, d.value, d.to))
	if not d.to:
		return _("Step {0}, {1}: reached nobody.").format(step, _(d.method))
	if d.second:
		return _("Step {0}, {1}: to {2}, in place of whom it couldn't reach.").format(step, _(d.method), d.to)
	return _("Step {0}, {1}: to {2}.").format(step, _(d.method), d.to)


def act(method: str, value: str = "", to: str = "") -> str:
	"""What an act does to the ticket, as something to be done: "raise the priority to Urgent"."""
	words: dict[str, str] = {
		Act.ASSIGN: _("assign the ticket to {0}").format(to),
		Act.RAISE: _("raise the priority to {0}").format(value),
		Act.SET_TEAM: _("set the team to {0}").format(value),
		Act.SET_STATUS: _("set the status to {0}").format(_(value)),
		Act.COMMENT: _("write an internal comment"),
		Act.TELL_CUSTOMER: _("write to the customer"),
	}
	return words.get(method) or _("do what the plan says")


def _act_done(d: Any, _step: int) -> str:
	if d.unchanged:
		return _nothing_to_do(d)
	words = {
		Act.ASSIGN: _("The ticket was assigned to {0}.").format(d.to),
		Act.RAISE: _("The priority was raised from {0} to {1}.").format(d.before or _("none"), d.value),
		Act.SET_TEAM: _("The team was set to {0}; before {1}.").format(d.value, d.before or _("none")),
		Act.SET_STATUS: _("The status was set to {0}; before {1}.").format(_(d.value), _(d.before)),
		Act.COMMENT: _("An internal comment was written."),
		Act.TELL_CUSTOMER: _("The customer was written to."),
	}
	return words.get(d.method) or _(d.method)


def _nothing_to_do(d: Any) -> str:
	if d.method == Act.ASSIGN:
		return _("The ticket was assigned to {0} already.").format(d.to)
	if d.method == Act.RAISE:
		return _("The priority stays {0}: it is not less urgent than {1}.").format(d.before, d.value)
	return _("{0}: it was so already.").format(_(d.method))


def _act_failed(d: Any, _step: int) -> str:
	return _("{0} could not be done: {1}").format(_(d.method), d.reason)


def _act_withdrawn(d: Any, _step: int) -> str:
	return _("{0} was left out: the escalation was {1} by then.").format(_(d.method), status(d.status))


def _passed_over(d: Any, step: int) -> str:
	why = {
		"working time": _("it runs outside working time only"),
		"outside working time": _("it runs in working time only"),
		"condition": _("what it asks for doesn't hold"),
	}
	return _("Step {0}, {1}, was passed over: {2}.").format(step, _(d.method), why.get(d.why) or d.why)


def _unreachable(d: Any, _step: int) -> str:
	if d.method == Act.ASSIGN:
		return _("The ticket can't be assigned to {0}: {1}").format(d.who, d.reason)
	if not d.reason:
		return _("{0} can't be reached by {1}.").format(d.who, _(d.method))
	return _("{0} can't be reached by {1}: {2}").format(d.who, _(d.method), d.reason)


def _acknowledged(d: Any, _step: int) -> str:
	said = _acknowledgement(d)
	if not d.shared:
		return said
	return said + " " + _("The message was for {0} as well, at the same address.").format(d.shared)


def _acknowledgement(d: Any) -> str:
	if d.have and d.have < d.needed:
		return _("Acknowledged by {0} ({1}): {2} of {3}.").format(d.by, _(d.via), d.have, d.needed)
	if d.late:
		return _("Acknowledged by {0} ({1}), after the last wait.").format(d.by, _(d.via))
	if d.needed:
		return _("Acknowledged by {0} ({1}), the last of {2}.").format(d.by, _(d.via), d.needed)
	return _("Acknowledged by {0} ({1}).").format(d.by, _(d.via))


def _snoozed(d: Any, _step: int) -> str:
	if d.via:
		return _("Snoozed until {0} by {1} ({2}).").format(clock.shown(d.until), d.by, _(d.via))
	return _("Snoozed until {0} by {1}.").format(clock.shown(d.until), d.by)


def _unacknowledged(d: Any, _step: int) -> str:
	if d.by == d.was:
		sentence = _("{0} gave it back.").format(d.by)
	else:
		sentence = _("{0} took it back from {1}.").format(d.by, d.was)
	if d.last_wait:
		return sentence + " " + _("No step is left; the last wait ends at {0}.").format(clock.shown(d.due))
	return sentence + " " + _("The escalation goes on at {0}.").format(clock.shown(d.due))


def _undone(d: Any, _step: int) -> str:
	said = _("{0} took the acknowledgement back within its minute ({1}).").format(d.by, _(d.via or ""))
	return said + " " + _("What comes next is due at {0}.").format(clock.shown(d.due)) if d.due else said


def _worked_on(d: Any, _step: int) -> str:
	how = {
		WorkedOn.REPLY: _("An agent replied."),
		WorkedOn.FIRST_RESPONSE: _("An agent responded."),
		WorkedOn.STATUS: _("The ticket has another status."),
	}
	return (how.get(d.how) or "") + " " + _("The acknowledgement stands.")


def _handed_over(d: Any, _step: int) -> str:
	sentence = _("{0} handed it over to {1} ({2}), who is paged: {3}.").format(
		d.by, d.to, _(d.via or ""), methods(d.methods)
	)
	if d.was:
		sentence += " " + _("{0} no longer has it.").format(d.was)
	return sentence + _counts(d) + _noted(d)


def _person_added(d: Any, _step: int) -> str:
	if d.has_it:
		return _("{0} called {1} to help ({2}), who is paged: {3}. {4} still has it.").format(
			d.by, d.to, _(d.via or ""), methods(d.methods), d.has_it
		) + _noted(d)
	sentence = _("{0} added {1} ({2}), who is paged as well: {3}.").format(
		d.by, d.to, _(d.via or ""), methods(d.methods)
	)
	return sentence + _counts(d) + _noted(d)


def _noted(d: Any) -> str:
	return " " + _("Their note: {0}").format(d.note) if d.note else ""


def _counts(d: Any) -> str:
	"""Where these pages stand for a step that would have paged the same person in the same second."""
	return " " + _("This counts as step {0}.").format(d.counts_as) if d.counts_as else ""


def methods(listed: str) -> str:
	"""Methods, listed with commas, as the reader calls them."""
	return ", ".join(_(method) for method in (listed or "").split(", "))


def _resolved(d: Any, _step: int) -> str:
	how = {
		Answer.RESOLVED: _("The ticket was resolved or closed."),
		Answer.REPLY: _("An agent replied."),
		Answer.FIRST_RESPONSE: _("An agent responded."),
		Answer.PAUSED: _("The ticket waits for the customer."),
		Answer.STOP_CONDITION: _("The plan's stop condition holds."),
	}
	return how.get(d.how) or _("The ticket was answered.")


def _cancelled(d: Any, _step: int) -> str:
	if d.merged_into:
		return _("Cancelled: the ticket was merged into {0}.").format(d.merged_into)
	if d.by:
		return _("Stopped by {0}: {1}").format(d.by, d.reason or _("no reason given"))
	reasons = {
		CancelReason.TICKET_DELETED: _("the ticket was deleted"),
		CancelReason.TICKET_CANCELLED: _("the ticket was cancelled"),
		CancelReason.NO_MATCH: _("no plan matches any more"),
		CancelReason.LOWERED: _("its priority was lowered again, to what had been answered"),
		CancelReason.DROPPED: _("it fell due in a maintenance ({0})").format(d.maintenance),
	}
	return _("Cancelled: {0}.").format(reasons.get(d.reason) or d.reason)


def _maintenance_over(d: Any, _step: int) -> str:
	sentence = _("The maintenance {0} is over.").format(d.maintenance)
	if d.over:
		sentence += " " + _("It starts over.")
	return (
		sentence + " " + _("What comes next is due at {0}.").format(clock.shown(d.due)) if d.due else sentence
	)


def _assignee_changed(d: Any, _step: int) -> str:
	nobody = _("nobody")
	return _("Assigned to {0}; before to {1}.").format(
		_full_names(d.assigned) or nobody, _full_names(d.was) or nobody
	)


def _full_names(users: str) -> str:
	"""Users by their names; who is no user any more, and whom an erasure renamed, as it is written."""
	return ", ".join(map(_full_name, filter(None, users.split(", "))))


def _full_name(user: str) -> str:
	name = frappe.db.get_value("User", user, "full_name", cache=True)
	return user if name in (None, "", _REDACTED) else name


def _ticket_changed(d: Any, _step: int) -> str:
	facts = ", ".join(filter(None, (d.priority, d.team, d.type)))
	return _("The ticket changed ({0}); the plan goes on.").format(facts)


def _brought_forward(d: Any, step: int) -> str:
	if step:
		sentence = _("Step {0} brought forward from {1}.").format(step, clock.shown(d.planned))
	else:  # of items that were escalated in their last wait, which ended them once
		sentence = _("The end of the last wait brought forward from {0}.").format(clock.shown(d.planned))
	if d.passed_over:
		sentence += " " + _("Passed over: {0}.").format(d.passed_over)
	if d.by:
		return sentence + " " + _("{0} asked for it ({1}).").format(d.by, _(d.via))
	if d.why == NOT_DELIVERED:
		return sentence + " " + _("A message was not delivered.")
	return sentence


def _above_limit(d: Any, _step: int) -> str:
	if d.called:
		return _("{0} to {1} waits for a call to the same number to end, until {2} at most.").format(
			_(d.method), d.to, clock.shown(d.until)
		)
	return _("{0} to {1} waits until {2}: they have had {3} within {4} minutes.").format(
		_(d.method), d.to, clock.shown(d.until), d.most, d.minutes
	)


def _message(text: Callable[[], str]) -> Callable[[Any, int], str]:
	def write(d: Any, _step: int) -> str:
		sentence = text().format(_(d.method or ""), d.to or "")
		if d.about:
			sentence = _("Notice ({0}): {1}").format(_(d.about), sentence)
		if d.possible_duplicate:
			sentence += " " + _("(possible duplicate)")
		if d.provider:
			sentence += " " + _("By {0}.").format(d.provider)
		if d.detail:
			sentence += f" {d.detail}"
		if d.stale:
			sentence += " " + _("The escalation has begun anew since: nothing follows from this.")
		return sentence

	return write


def _instead(d: Any, _step: int) -> str:
	if not d.not_by:
		return _("{0} to {1} is sent instead.").format(_(d.method or ""), d.to)
	return _("{0} to {1} goes by another provider, as {2} failed.").format(_(d.method or ""), d.to, d.not_by)


_SENTENCES: dict[str, Callable[[Any, int], str]] = {
	EventKind.CREATED: _created,
	EventKind.WINDOW_MOVED: _window_moved,
	EventKind.WINDOW_OVER: _window_over,
	EventKind.CLOCK_STOPPED: lambda d, s: _("The ticket waits for the customer: the clock stands still."),
	EventKind.CLOCK_GOES_ON: lambda d, s: (
		_("The ticket waits no longer: it goes on at {0}.").format(clock.shown(d.due))
		if d.due
		else _("The ticket waits no longer: the clock goes on.")
	),
	EventKind.HELD: lambda d, s: _("Step {0} may go out only in working time: held until {1}.").format(
		s, clock.shown(d.until)
	),
	EventKind.IN_MAINTENANCE: lambda d, s: _(
		"A maintenance runs ({0}: {1}): what is due is held until {2}."
	).format(d.maintenance, d.reason, clock.shown(d.until)),
	EventKind.MAINTENANCE_CHANGED: lambda d, s: _("The maintenance {0} was ended or changed.").format(
		d.maintenance
	),
	EventKind.MAINTENANCE_OVER: _maintenance_over,
	EventKind.NO_CALENDAR: lambda d, s: _("Counted around the clock, and nothing held: {0}").format(d.reason),
	EventKind.STEP_RAN: _step_ran,
	EventKind.PASSED_OVER: _passed_over,
	EventKind.ACT_DONE: _act_done,
	EventKind.ACT_FAILED: _act_failed,
	EventKind.ACT_WITHDRAWN: _act_withdrawn,
	EventKind.UNREACHABLE: _unreachable,
	EventKind.BROUGHT_FORWARD: _brought_forward,
	EventKind.NOBODY_NOTIFIED: lambda d, s: _(
		"A whole pass through the plan reached nobody. It waits for an assignee, a contact or a provider."
	),
	EventKind.STARTED_AGAIN: lambda d, s: _("Started again: somebody can be reached."),
	EventKind.LAST_WAIT: lambda d, s: _("All steps have run; waiting until {0}.").format(
		clock.shown(d.until)
	),
	EventKind.RUN_AGAIN: lambda d, s: _("{0} runs the plan again ({1}).").format(d.by, _(d.via or "")),
	EventKind.EXHAUSTED: lambda d, s: _("Exhausted: nobody acknowledged."),
	EventKind.SNOOZED: _snoozed,
	EventKind.SNOOZE_OVER: lambda d, s: (
		_("The snooze is over: the priority was raised.") if d.why else _("The snooze is over.")
	),
	EventKind.ACKNOWLEDGED: _acknowledged,
	EventKind.PARTLY_ACKNOWLEDGED: _acknowledged,
	EventKind.ON_THE_WAY: lambda d, s: _("{0} is on the way ({1}): quiet until {2}.").format(
		d.by, _(d.via or ""), clock.shown(d.until)
	),
	EventKind.PASSED_ON: lambda d, s: _("{0} passed it on ({1}): somebody else has to take it.").format(
		d.by, _(d.via or "")
	),
	EventKind.UNDONE: _undone,
	EventKind.UNDONE_IN_WINDOW: _undone,
	EventKind.UNDONE_SNOOZED: _undone,
	EventKind.UNDONE_EXHAUSTED: _undone,
	EventKind.UNACKNOWLEDGED: _unacknowledged,
	EventKind.REMINDED: lambda d, s: _(
		"Nothing has happened since {0} acknowledged it: they are reminded, and it goes on at {1}."
	).format(d.to, clock.shown(d.until)),
	EventKind.STILL_ON_IT: lambda d, s: _("{0} is still on it ({1}).").format(d.by, _(d.via)),
	EventKind.WORKED_ON: _worked_on,
	EventKind.TIMED_OUT: lambda d, s: _(
		"Nothing has happened after the reminder: {0} no longer has it, and the escalation goes on."
	).format(d.was),
	EventKind.HANDED_OVER: _handed_over,
	EventKind.PERSON_ADDED: _person_added,
	EventKind.RESOLVED: _resolved,
	EventKind.CANCELLED: _cancelled,
	EventKind.REPLACED: lambda d, s: _("Cancelled: the ticket changed, and plan {0} takes it now.").format(
		d.replaced_by
	),
	EventKind.TICKET_CHANGED: _ticket_changed,
	EventKind.ASSIGNEE_CHANGED: _assignee_changed,
	EventKind.HELD_BY_RESTORE: lambda d, s: _(
		"An earlier state of the database was restored: held until somebody has looked."
	),
	EventKind.LET_GO_ON: lambda d, s: _("{0} has looked at it and lets it go on ({1}).").format(
		d.by, _(d.via or "")
	),
	EventKind.PARKED: lambda d, s: _("Set aside until {0}, because it can't be processed: {1}").format(
		clock.shown(d.until), d.reason
	),
	EventKind.ABOVE_LIMIT: _above_limit,
	EventKind.BUNDLED: lambda d, s: _(
		"{0} to {1}: in one message for {2} escalations, the bundle {3}."
	).format(_(d.method), d.to, d.count, d.bundle),
	EventKind.SENT: _message(lambda: _("{0} to {1} was sent.")),
	EventKind.RETRY: _message(lambda: _("{0} to {1} will be tried again.")),
	EventKind.FAILED: _message(lambda: _("{0} to {1} failed.")),
	EventKind.UNKNOWN: _message(lambda: _("Whether {0} to {1} arrived is not known.")),
	EventKind.WITHDRAWN: _message(lambda: _("{0} to {1} was not sent any more.")),
	EventKind.IN_FLIGHT: _message(lambda: _("{0} to {1} was already on its way.")),
	EventKind.DELIVERED: _message(lambda: _("{0} to {1} was delivered.")),
	EventKind.ANSWERED: _message(lambda: _("{0} to {1} was answered.")),
	EventKind.NOT_ANSWERED: _message(lambda: _("{0} to {1} was not answered.")),
	EventKind.REPLIED: lambda d, s: _("An answer to the email to {0}: {1}").format(d.to, d.detail),
	EventKind.NOTICE_LEFT_OUT: lambda d, s: _(
		"Notice ({0}): {1} to {2} was left out, because they have had {3} within {4} minutes."
	).format(_(d.about), _(d.method), d.to, d.most, d.minutes),
	EventKind.CALLS_AGAIN: lambda d, s: _(
		"{0} to {1} rings once more at {2} (further call {3} of {4})."
	).format(_(d.method), d.to, clock.shown(d.until), d.number, d.most),
	EventKind.NO_MORE_CALLS: lambda d, s: _("{0} wants no more calls about this (key 9).").format(d.to),
	EventKind.INSTEAD: _instead,
}
