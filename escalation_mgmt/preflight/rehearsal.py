"""The rehearsal of a plan as it stands now: who would be reached, when, by which method, who can't be and why.

The engine runs on virtual time; people, teams, methods and calendars are read as a run reads them. Nothing is written,
and nothing is sent.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import frappe
from dateutil import parser
from frappe import _
from frappe.utils import get_datetime

from escalation_mgmt.delivery.preview import Previews
from escalation_mgmt.engine import (
	NEVER,
	Act,
	Audience,
	Clock,
	Context,
	EventKind,
	Maintenance,
	Moment,
	Notice,
	Plan,
	Responses,
	Status,
	Ticket,
	TicketKey,
	Timeline,
	Unreachable,
	ahead,
	winner,
)
from escalation_mgmt.engine import rehearse as on_virtual_time
from escalation_mgmt.facts import conditions, only_if, plans, tickets
from escalation_mgmt.facts.calendars import Calendars
from escalation_mgmt.facts.maintenances import Maintenances
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.preflight import (
	hypothetical_ticket,
	remedies,
	stand_in,
	supposed_acts,
	validation,
)
from escalation_mgmt.preflight.message_words import MessageWords, Words
from escalation_mgmt.preflight.remedies import Remedy
from escalation_mgmt.storage import action_items, audiences, lanes, ticket_states, wording
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import bounds, clock, installation
from escalation_mgmt.utils.error_reports import unreported
from escalation_mgmt.utils.plain_text import plain

SAVEPOINT = "escalation_rehearsal"
MOST_AHEAD = 30  # moments of an action item's form


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
	"""One line of the timeline. `at` is in the site's zone; a line with a remedy is about somebody who can't be reached."""

	at: datetime
	kind: str
	line: str
	step: int = 0
	run: int = 0
	method: str = ""
	to: str = ""
	remedy: Remedy | None = None
	marks: list[lanes.Mark] = field(default_factory=list)  # in the picture
	words: list[int] = field(default_factory=list)  # of its messages, in `Rehearsal.words`


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
	"""What is shown. `unreachable` are the names of those who can't be reached, `notes` what else has to be known; `stand_ins`
	say who stands in for whom on a ticket that is made up. `words`: of messages, to which lines point.
	"""

	plan: str
	zone: str
	lines: list[Line]
	outcome: str
	messages: int
	unreachable: list[str]
	notes: list[str] = field(default_factory=list)
	stand_ins: list[str] = field(default_factory=list)
	words: list[Words] = field(default_factory=list)


def of_plan(
	doc: Any,
	*,
	ticket: str = "",
	hypothetical: dict[str, Any] | None = None,
	start: datetime,
	responses: Responses,
) -> Rehearsal:
	"""Rehearse an Escalation Plan document from an instant (UTC). Raises ValidationError for one that can't be saved."""
	if problems := missing(doc) or validation.problems(doc):
		frappe.throw(problems, title=_("The plan can't be rehearsed"), as_list=True)
	plan = plans.from_doc(doc)
	stand_ins: list[str] = []
	if ticket:
		key = TicketKey(doc.reference_doctype, str(ticket))
		read = tickets.Tickets([key])
	else:
		given = {
			what: str(value)
			for what, value in (hypothetical or {}).items()
			if value and what in hypothetical_ticket.GIVEN
		}
		given, stand_ins = stand_in.completed(plan, given)
		read, key = hypothetical_ticket.for_plan(plan, given, start)
	facts = _facts(plan, read, key)
	if facts.cancelled:
		frappe.throw(_("{0} {1} was cancelled.").format(_(doc.reference_doctype), ticket))
	if facts.gone:
		frappe.throw(_("There is no {0} {1}.").format(_(doc.reference_doctype), plain(ticket, 140)))
	directory = Directory()
	pauses = Maintenances(since=start).of(facts)
	timeline = of_ticket(plan, read, key, start, responses, directory, pauses)
	said = MessageWords(Previews(plan, _as_shown(facts), partial(read.doc, key), directory))
	lines = [line for moment in timeline.moments for line in _lines(moment, timeline, directory, facts, said)]
	return Rehearsal(
		plan=plan.name,
		zone=clock.zone(),
		lines=lines,
		outcome=_outcome(timeline),
		messages=len(timeline.pages),
		unreachable=list(dict.fromkeys(line.to for line in lines if line.remedy)),
		notes=list(_notes(plan, facts, read, key, timeline)),
		stand_ins=stand_ins,
		words=said.words,
	)


def of_ticket(
	plan: Plan,
	read: tickets.Tickets,
	key: TicketKey,
	start: datetime,
	responses: Responses = NEVER,
	directory: Directory | None = None,
	maintenances: Sequence[Maintenance] = (),
) -> Timeline:
	"""The engine's timeline of a plan for one ticket, with people and calendars as they are now."""
	directory = directory or Directory()
	facts = _facts(plan, read, key)
	context = _context(plan, facts, read, key, start, directory, maintenances)
	return on_virtual_time(plan, facts, context, responses, partial(supposed_acts.leaves, read, key))


def of_item(name: str, now: datetime) -> tuple[list[Line], bool]:
	"""What is still to come from `now` (UTC) for an action item as it stands, if nothing changes; and whether there is more."""
	stored = next(iter(action_items.readable([name])), None)
	if stored is None:
		return [], False
	read, directory = tickets.Tickets([stored.key]), Directory()
	facts = _facts(stored.item.plan, read, stored.key)
	pauses = Maintenances().of(facts)
	context = _context(stored.item.plan, facts, read, stored.key, now, directory, pauses)
	leaves = partial(supposed_acts.leaves, read, stored.key)
	timeline = ahead(stored.item, facts, context, leaves=leaves, most=MOST_AHEAD)
	lines = [line for moment in timeline.moments for line in _lines(moment, timeline, directory, facts)]
	return lines, timeline.cut_off


def _context(
	plan: Plan,
	facts: Ticket,
	read: tickets.Tickets,
	key: TicketKey,
	now: datetime,
	directory: Directory,
	maintenances: Sequence[Maintenance],
) -> Context:
	return Context(
		now,
		working=Calendars().of(plan, facts),
		reaches=lambda step: directory.reach(step, read, key, plan),
		maintenances=maintenances,
		holds=lambda step: only_if.holds(plan, step, read[key], partial(read.values, key)),
		took=directory.turns.took,
	)


@contextmanager
def nothing_written() -> Iterator[None]:
	"""No report is made, and whatever else is written meanwhile is undone."""
	frappe.db.savepoint(SAVEPOINT)
	try:
		with unreported():
			yield
	finally:
		frappe.db.rollback(save_point=SAVEPOINT)


def start(at: str) -> datetime:
	"""The instant (UTC) that a person means, in the site's zone: now, a date and time, the next such weekday, or tonight."""
	if not at or at.strip().lower() == "now":
		return clock.now()
	here = clock.to_site(clock.now())
	tonight = re.match(r"\s*tonight\b", at, re.IGNORECASE)
	dated = not re.match(r"\s*[^\W\d]", at)
	try:
		midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
		word = at[tonight.end() :] if tonight else at
		then = get_datetime(at) if dated else parser.parse(word, default=midnight).replace(tzinfo=None)
	except (ValueError, OverflowError):
		then = None
	if not then or not bounds.is_possible(then):
		frappe.throw(
			_("{0} is no time. Write a date and a time, such as 2030-11-22 17:50.").format(plain(at, 140))
		)
	if dated:
		return clock.to_utc(then)
	if then < here and then.date() == here.date():  # "Friday", on a Friday: the next one
		then += timedelta(days=1 if tonight else 7)
	return clock.to_utc(then)


def missing(doc: Any) -> list[str]:
	"""What Frappe itself would refuse a save for."""
	return [
		_("{0}: {1} is missing.").format(
			_("Step {0}").format(part.idx) if part.get("parentfield") == "steps" else _(part.doctype),
			_(part.meta.get_label(fieldname)),
		)
		for part in (doc, *doc.get_all_children())
		for fieldname, _message in part._get_missing_mandatory_fields()
	]


def _facts(plan: Plan, read: tickets.Tickets, key: TicketKey) -> Ticket:
	ticket = read[key]
	if plan.clock is Clock.NEXT_RESPONSE and key.name:
		ticket = ticket_states.as_asked(ticket)
	if ticket.gone or not plan.stop.condition:
		return ticket
	return replace(ticket, stopped_by_condition=conditions.stopped(plan, partial(read.values, key)))


def _as_shown(ticket: Ticket) -> Ticket:
	"""A ticket as messages name it: of one that is made up, what nobody knows yet is left open."""
	if ticket.name:
		return ticket
	matched = replace(ticket.facts, priority=ticket.facts.priority or "…")
	return replace(ticket, name="…", subject=ticket.subject or _("its subject"), facts=matched)


def _lines(
	moment: Moment, timeline: Timeline, directory: Directory, ticket: Ticket, said: MessageWords | None = None
) -> Iterator[Line]:
	"""In words; with `said` each with the words of its messages."""
	at, missed = clock.to_site(moment.at), iter(moment.missed)
	for event in moment.events:
		line = Line(
			at=at,
			kind=str(event.kind),
			step=event.step,
			run=event.run,
			line=wording.in_words(event.kind, event.step, event.data),
			method=event.data.get("method", ""),
			to=event.data.get("to", ""),
			marks=lanes.of_event(event),
		)
		if event.kind is EventKind.STEP_RAN:
			pages = [page for page in moment.pages if (page.step.number, page.run) == (event.step, event.run)]
			marks = [
				lanes.of_recipient(page.recipient, moment.at, Purpose.PAGE, event.step, event.run)
				for page in pages
			]
			if line.method in tuple(Act):
				marks = [lanes.of_act(moment.at, event.step, event.run)]
			line = replace(line, marks=marks, words=said.by_pages(pages) if said else [])
		if event.kind is EventKind.UNREACHABLE:
			step, miss = next(missed)
			line = replace(
				line,
				to=miss.label,
				marks=[lanes.of_miss(miss, moment.at, Purpose.PAGE, event.step, event.run)],
				remedy=remedies.of(step, miss, directory, ticket, timeline.item.plan.name),
			)
		yield line
	for notice in moment.notices:
		if notice.audience is Audience.OWNERS:
			yield from _to_owners(notice, moment.at, timeline, directory, said)


def _to_owners(
	notice: Notice, at: datetime, timeline: Timeline, directory: Directory, said: MessageWords | None
) -> Iterator[Line]:
	"""Who is told of it at an instant (UTC), and who can't be."""
	recipients, missed = audiences.owners(timeline.item, directory)
	for recipient in recipients:
		yield Line(
			at=clock.to_site(at),
			kind=str(Purpose.NOTICE),
			line=_("{0} is told of it by {1}.").format(recipient.label, _(recipient.method)),
			method=recipient.method,
			to=recipient.label,
			marks=[lanes.of_recipient(recipient, at, Purpose.NOTICE)],
			words=said.by_notice(notice.about, recipient) if said else [],
		)
	for who in missed:
		words = _("{0} is to be told of it, but can't be: {1}").format(who, directory.why_untold(who))
		remedy = (
			remedies.person(who)
			if frappe.db.exists("User", who)
			else remedies.settings(_("Correct the catch-all recipient"))
		)
		yield Line(
			at=clock.to_site(at),
			kind=str(Purpose.NOTICE),
			line=words,
			to=who,
			remedy=remedy,
			marks=[_untold(who, at)],
		)
	if not (recipients or missed):
		words = _("Nobody is told of it: the plan has no owner, and the site no catch-all recipient.")
		remedy = remedies.settings(_("Name a catch-all recipient"))
		yield Line(
			at=clock.to_site(at),
			kind=str(Purpose.NOTICE),
			line=words,
			to=_("The plan's owner"),
			remedy=remedy,
		)


def _untold(who: str, at: datetime) -> lanes.Mark:
	return lanes.of_miss(Unreachable(method="Email", label=who, reason=""), at, Purpose.NOTICE)


def _outcome(timeline: Timeline) -> str:
	item = timeline.item
	after = wording.duration((timeline.moments[-1].at - item.opened_at).total_seconds())
	if timeline.cut_off:
		return _("It goes on like this: only the first {0} moments are shown.").format(len(timeline.moments))
	if item.stalled:
		return _("Nobody can be reached.")
	if item.status is Status.ACKNOWLEDGED:
		return _("Acknowledged by {0} after {1}.").format(item.acknowledged_by, after)
	had = [
		event.data["by"]
		for moment in timeline.moments
		for event in moment.events
		if event.kind is EventKind.ACKNOWLEDGED
	]
	if item.status is Status.CANCELLED:
		return _("It is dropped after {0}, because it fell due in a maintenance.").format(after)
	if item.status is Status.RESOLVED:
		words = (
			_("The ticket is resolved after {0}, and nothing more is sent.")
			if item.plan.clock is Clock.RESOLUTION
			else _("The ticket is answered after {0}, and nothing more is sent.")
		)
		return words.format(after)
	if had:
		words = _("{0} acknowledges, but nothing happens on the ticket; it is exhausted after {1}.")
		return words.format(had[0], after)
	return _("Nobody acknowledges; it is exhausted after {0}.").format(after)


def _notes(
	plan: Plan, ticket: Ticket, read: tickets.Tickets, key: TicketKey, timeline: Timeline
) -> Iterator[str]:
	if not installation.is_live():
		yield _("This site is a copy: it sends nothing. Make it live in Escalation Settings.")
	yield from _of_clock(plan, ticket)
	others = plans.others_of_clock(plan)
	first = winner([*others, plan], ticket.facts, conditions.met_by(partial(read.values, key)))
	if first is None:
		yield _("The plan doesn't take such a ticket. This is what it would do with one.")
	elif first is not plan:
		yield _("Plan {0} (rank {1}) takes such a ticket, and this one (rank {2}) doesn't run.").format(
			first.name, first.rank, plan.rank
		)
	if not any(moment.pages or moment.missed for moment in timeline.moments):
		yield _("No step runs.")


def _of_clock(plan: Plan, ticket: Ticket) -> Iterator[str]:
	"""What the ticket lacks of what the plan's clock begins or ends by."""
	if plan.clock is Clock.NEXT_RESPONSE and not ticket.asked_at:
		yield _(
			"On this ticket no customer waits for an answer. This is what the plan would do if one wrote now."
		)
	deadline = {Clock.FIRST_RESPONSE: ticket.response_by, Clock.RESOLUTION: ticket.resolution_by}
	if plan.starts_by_deadline and plan.clock in deadline and not deadline[plan.clock]:
		yield _("Such a ticket has no deadline for this clock: the plan's own window counts, {0}.").format(
			wording.duration(plan.window.total_seconds())
		)
