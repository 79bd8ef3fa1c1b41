"""What the form of a ticket shows of its escalation: how it stands, what comes next and when, and what can be done."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.actions import catalog
from escalation_mgmt.actions.acknowledge import so_far
from escalation_mgmt.dispatch.evaluation import Snapshot
from escalation_mgmt.engine import (
	LED_TO,
	RUNNING,
	ActionItem,
	Clock,
	Plan,
	Status,
	StatusCategory,
	TicketKey,
	already_answered,
	may_take,
	of_clock,
	pressing,
	progress,
	winner,
)
from escalation_mgmt.facts import maintenances, plans
from escalation_mgmt.storage import action_items, history, ticket_states, wording
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.identity import is_there
from escalation_mgmt.views import earlier, sent
from escalation_mgmt.views.tones import TONES

NOTHING_COMES = {"due_in": None, "countdown": "", "due": ""}

TIME = "{time}"
"""Stands in a text where the page puts the time that is left, which it counts down itself."""


def boot(bootinfo: Any) -> None:
	"""Tell Desk whose forms and lists to look after, and the tone of each status."""
	bootinfo.escalation_doctypes = sorted(plans.watched())
	bootinfo.escalation_tones = {str(status): tone for status, tone in TONES.items()}


def shown(key: TicketKey) -> dict[str, Any]:
	"""The state of a ticket's escalation for the present user, who may read the ticket.

	{"items": those that run, the most pressing first, or else the newest (none that the user may not see), "earlier":
	what was before them (`earlier.listed`), "now": seconds of Unix time, "words" for a page that can't translate}.

	An item is {"item": its name, "status", "tone": a colour, "plan", "clock": which, as it is called, "headline", "countdown": a text with `TIME` in it, "due_in":
	seconds, "due": what to say when they are over, "sent": what was sent to whom (`sent.at_a_glance`); "seen": to be handed back
	with a click, "actions": [{"name", "label", "fields", "preview"}] and "withheld": why others can do more about it than the
	user}. All that is said of the first stands beside "items" as well; what is about the ticket as a whole (another plan) is
	offered there. Without one "item" is None, and "headline" says why there is none.
	"""
	there, before = action_items.of_ticket(key)
	read = {stored.item.id: stored.item for stored in action_items.readable(there)}
	present = [name for name in there if name in read]
	first = read[present[0]] if present else None
	items = _shown(
		key, [read[name] for name in present if frappe.get_doc(ITEM, name).has_permission("read")], first
	)
	return {
		"item": None,
		"headline": "" if first else (_set_aside() if there else _not_escalating(key)),
		**(items[0] if items and items[0]["item"] == first.id else _can_be_done(key, first)),
		"items": items,
		"earlier": earlier.listed(before),
		"now": clock.unix(clock.now()),
		"words": _words(),
	}


def _shown(key: TicketKey, items: Sequence[ActionItem], first: ActionItem | None) -> list[dict[str, Any]]:
	told = sent.at_a_glance([item.id for item in items])
	return [
		{
			"item": item.id,
			"plan": item.plan.name,
			"clock": _(item.plan.clock),
			"sent": told[item.id],
			**_stands(item),
			**_can_be_done(key, item, beside=item is not first),
		}
		for item in items
	]


def of_item(name: str, key: TicketKey) -> dict[str, Any]:
	"""The state (as `shown` gives it) of one action item of a ticket, which the present user may read, whatever else the
	ticket has.

	"state" is its status untranslated. What can be done can be done about the ticket's latest for its clock; "latest" names it
	where this is an older one.
	"""
	item = _read(name)
	if not item:
		return _unreadable(name)
	latest = action_items.latest(key, item.plan.clock)
	state = {
		"item": name,
		"state": str(item.status),
		**_stands(item),
		"latest": "" if latest == name else latest,
		"words": _words(),
	}
	if latest != name:
		return state | {"seen": "", "actions": [], "withheld": ""}
	return state | _can_be_done(key, item, beside=item.status in RUNNING)


def _read(name: str) -> ActionItem | None:
	return next((stored.item for stored in action_items.readable([name])), None)


def _unreadable(name: str) -> dict[str, Any]:
	status = frappe.db.get_value(ITEM, name, "status")
	return {
		"item": name,
		"state": status,
		"headline": _set_aside(),
		"status": wording.status(status),
		"tone": "red",
		**NOTHING_COMES,
		"latest": "",
		"words": _words(),
		"seen": "",
		"actions": [],
		"withheld": "",
	}


def _set_aside() -> str:
	return _("Set aside, because it can't be processed. Its history says why.")


def _can_be_done(key: TicketKey, item: ActionItem | None, *, beside: bool = False) -> dict[str, Any]:
	actions = _offered(key, item, beside)
	withheld = _withheld(key, bool(actions)) if catalog.withheld(key, item, beside=beside) else ""
	return {"seen": catalog.seen(item), "actions": actions, "withheld": withheld}


def _words() -> dict[str, str]:
	return {
		"title": _("Escalation"),
		"details": _("Details"),
		"cancel": _("Cancel"),
		"somebody_else": _("Somebody Else"),
		"what_it_does": _("What It Will Do"),
		"no_preview": _("What it will do can't be shown now."),
		"zone": _("Time zone: {0}").format(clock.zone()),
		"more": _("More"),
		"sent": _("Sent:"),
		**sent.words(),
		"offline": _("The server can't be reached, and nothing was done. Try again."),
		"logged_out": _("You are logged out, and nothing was done. Reload this page."),
		"too_many": _("That was too often. Wait a minute and try again."),
		"failed": _("That didn't work. Reload this page and try again."),
	}


def _withheld(key: TicketKey, some: bool) -> str:
	"""Why others can do more: all that isn't acknowledging takes the right to change the ticket."""
	ticket = f"{_(key.doctype)} {key.name}"
	if not is_there(key.doctype, key.name, key.created):
		return _("Nothing can be done about it: {0} was deleted.").format(ticket)
	if some:
		return _("For anything else you need the right to change {0}.").format(ticket)
	return _("You can read this, but do nothing about it: that takes the right to change {0}.").format(ticket)


def _not_escalating(key: TicketKey) -> str:
	"""Why a ticket has no escalation; empty where that can't be told, or where none of its kind has."""
	snapshot = Snapshot([key])
	ticket = snapshot.tickets[key]
	enabled = _of_first_clock(snapshot.enabled(key.doctype).values())
	if ticket.gone or not enabled:
		return ""
	if ticket.category is StatusCategory.RESOLVED:
		return _("Not escalated: this ticket is closed.")
	plan = winner(enabled, ticket.facts, snapshot.condition_met(key))
	if plan is None:
		return _("Not escalated: no plan takes it.")
	ticket = ticket_states.as_asked(ticket)
	if already_answered(ticket, plan):
		return _("Not escalated: plan {0} takes such tickets, but this one has been answered.").format(
			plan.name
		)
	known = ticket_states.read([ticket.key]).get(ticket.key)
	if may_take(plan, ticket, known, lambda of: snapshot.calendars.of(of, ticket)):
		return _("Plan {0} takes this ticket, and begins within minutes.").format(plan.name)
	return _("Not escalated: it was logged before plan {0} was enabled.").format(plan.name)


def _of_first_clock(enabled: Iterable[Plan]) -> list[Plan]:
	"""Of these plans those for the clock that runs first: why a ticket isn't escalated is said of that."""
	found = list(enabled)
	return next((of for clock in Clock if (of := [plan for plan in found if plan.clock is clock])), [])


def _stands(item: ActionItem) -> dict[str, Any]:
	return {"headline": headline(item), **pill(item), **countdown(item)}


def pills(doctype: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
	"""For a list of tickets, those with a running item that the present user may see, or one that is exhausted while nobody has
	answered: {ticket: status and countdown}. As `storage.ticket_list` has it in the tickets' columns.
	"""
	found = frappe.get_list(
		ITEM,
		filters={"reference_doctype": doctype, "reference_name": ("in", [str(name) for name in names])},
		or_filters={"running_ticket": ("is", "set"), "exhausted_ticket": ("is", "set")},
		pluck="name",
		order_by="opened_utc asc, name asc",
	)
	stored = sorted(action_items.readable(found), key=lambda one: _order(one.item), reverse=True)
	now = clock.now()
	return {one.key.name: {**pill(one.item, step=True), **countdown(one.item, now)} for one in stored}


def _order(item: ActionItem) -> tuple[int, datetime, str]:
	"""Of a ticket's items the least comes first, as in `storage.ticket_list`."""
	return pressing(item.status), item.next_at or datetime.max, item.id


def headline(item: ActionItem) -> str:
	"""How an action item stands, in a sentence or two."""
	if item.held_at:
		held = _("The database was restored: held since {0}, until somebody has looked.")
		return f"{held.format(clock.shown(item.held_at))} {headline(replace(item, held_at=None))}"
	if item.parked:
		return _set_aside()
	if item.stalled:
		return _("Nobody can be reached. It waits for an assignee, a contact or a provider.")
	if item.status is Status.ACKNOWLEDGED:
		return " ".join(filter(None, (_has_it(item), _held(item))))
	if item.maintenance:
		return _held(item)
	if item.paused_at and item.due_at:
		return _("The ticket waits for the customer: the clock stands still.")
	match item.status:
		case Status.SCHEDULED:
			return _("Nothing was sent yet.")
		case Status.ESCALATING if not item.step:
			return (
				_("The response window is over.")
				if item.plan.clock is Clock.FIRST_RESPONSE
				else _("It has begun.")
			)
		case Status.ESCALATING:
			ran = _("Step {0} of {1} has run.").format(item.step, len(item.plan.steps))
			return " ".join(filter(None, (ran, tally(item))))
		case Status.SNOOZED:
			return _quiet(item)
		case Status.EXHAUSTED:
			return _("All steps have run, and nobody acknowledged.")
		case _:
			return " ".join(filter(None, (history.cause(item.id, LED_TO[item.status])[1], _had(item))))


def _quiet(item: ActionItem) -> str:
	names = ", ".join(name for _user, name in item.coming)
	return (
		wording.coming(names, item.due_at) + "."
		if names
		else _("Quiet until {0}.").format(clock.shown(item.due_at))
	)


def _has_it(item: ActionItem) -> str:
	at = clock.shown(item.acknowledged_at)
	return _("{0} has it since {1} ({2}).").format(item.acknowledged_by, at, _(item.acknowledged_via))


def _held(item: ActionItem) -> str:
	"""Why what is due doesn't come, and until when; empty where no maintenance holds it."""
	if not item.maintenance:
		return ""
	until = clock.shown(item.due_at)
	reason = maintenances.reason(item.maintenance)
	return _("A maintenance runs ({0}): held until {1}.").format(reason, until)


def _had(item: ActionItem) -> str:
	"""Who had an item that has ended."""
	if not item.acknowledged_by:
		return ""
	at = clock.shown(item.acknowledged_at)
	return _("Acknowledged by {0}, {1} ({2}).").format(item.acknowledged_by, at, _(item.acknowledged_via))


def tally(item: ActionItem) -> str:
	"""How many of how many have acknowledged, where several are asked and somebody has; else empty."""
	have = progress(item.ack_requests, item.acks)
	return so_far(*have) if have and have[0] else ""


def pill(item: ActionItem, *, step: bool = False) -> dict[str, Any]:
	"""How an item stands, in a word, and its tone. `step`: with the step that has run."""
	status = wording.status(item.status)
	if step and item.status is Status.ESCALATING and item.step:
		status = _("{0} {1} of {2}").format(status, item.step, len(item.plan.steps))
	return {"status": status, "tone": _tone(item)}


def _tone(item: ActionItem) -> str:
	if item.held_at:
		return "orange"
	return "red" if item.stalled or item.parked else TONES[item.status]


def countdown(item: ActionItem, now: datetime | None = None) -> dict[str, Any]:
	"""What happens next by itself: {"due_in": seconds, or None where nothing does, "countdown": a text with `TIME` in it, "due": what to
	say when they are over}.
	"""
	if item.next_at is None:
		return NOTHING_COMES
	what = what_is_next(item)
	return {
		"due_in": (item.next_at - (now or clock.now())).total_seconds(),
		"countdown": _("{0} in {1}").format(what, TIME),
		"due": (_("{0} are due now") if _are_several(item) else _("{0} is due now")).format(what),
	}


def what_is_next(item: ActionItem) -> str:
	"""What happens next by itself to an item that is due at some time, in words."""
	if item.maintenance:
		return _("End of the maintenance")
	if item.status is Status.SCHEDULED:
		return _("The first step") if of_clock(item.plan) else _("End of the response window")
	if item.status is Status.SNOOZED:
		return _("End of the snooze")
	if item.status is Status.ACKNOWLEDGED:
		return _("The next step") if item.reminded else _("Reminder, if nothing happens,")
	if item.in_last_wait:
		return _("End of the last wait")
	return wording.steps(item.plan.groups[item.group])


def _are_several(item: ActionItem) -> bool:
	"""Whether what is next are several steps, which go out together."""
	group = next(iter(item.plan.groups[item.group : item.group + 1]), ())
	return len(group) > 1 and what_is_next(item) == wording.steps(group)


def _offered(key: TicketKey, item: ActionItem | None, beside: bool) -> list[dict[str, Any]]:
	return [
		{
			"name": action.name,
			"label": action.label(),
			"fields": [asdict(field) for field in action.fields(key, item)],
			"preview": action.preview,
		}
		for action in catalog.offered(key, item, beside=beside)
	]
