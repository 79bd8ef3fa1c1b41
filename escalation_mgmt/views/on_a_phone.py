"""What a technician sees of an escalation on a phone: what is on fire, how urgent, since when; who was told; what comes next.

One function makes it, for the page behind a link and for the app's cards. `words` is what both say around it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.actions.from_message import position_of
from escalation_mgmt.engine import ActionItem, Clock, Status
from escalation_mgmt.facts import sources
from escalation_mgmt.facts.ticket_pages import TicketPages
from escalation_mgmt.storage import action_items, wording
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.identity import as_stamp
from escalation_mgmt.views import sent
from escalation_mgmt.views.ticket_form import TIME, countdown, headline

_TODAY = 12 * 3600
"""For so many seconds a time of day says enough."""


@dataclass(frozen=True, slots=True)
class Card:
	"""One escalation. Instants are seconds of Unix time, for a page that counts on by itself."""

	item: str
	ticket: str
	subject: str
	priority: str
	tone: str  # of the priority: urgent, high or ""
	clock: str
	state: str  # how it stands; empty for a bare address
	since: float
	since_shown: str
	since_time: str  # of that day
	next: str  # what happens by itself, with `TIME` in it; "" where nothing does
	next_at: float | None
	due: str  # what to say once that time is over
	told: list[dict[str, Any]] = field(
		default_factory=list
	)  # people as `sent.at_a_glance` has them; none for a bare address
	others: str = ""  # how many more were told, in words
	level: int = 0  # of the priority: a greater one is more urgent
	position: str = ""  # what comes next, to be handed back with what is pressed
	url: str = ""  # where its reader reads the ticket, after a log-in

	def age(self, now: float) -> str:
		"""How long it has been so at an instant, in words."""
		old = now - self.since
		return _("just now") if old < 60 else how_long(old)

	def began(self, now: float) -> str:
		"""Since when it has been so, in the reader's zone."""
		return self.since_time if now - self.since < _TODAY else self.since_shown

	def comes_next(self, now: float) -> str:
		"""What happens by itself, and in how many minutes from an instant on."""
		if self.next_at is None:
			return self.next
		left = self.next_at - now
		return self.next.replace(TIME, how_long(left)) if left > 0 else self.due

	def who_was_told(self, now: float) -> list[tuple[str, str]]:
		"""Each person with how they were told: [("Tina Tech", "push 3 min ago, SMS 1 min ago")]."""
		return [
			(person["name"], ", ".join(_ago(message, now) for message in person["messages"]))
			for person in self.told
		]


def cards(names: Iterable[str], reader: str | None) -> dict[str, Card]:
	"""The escalations of these names, without those that are gone, as `reader` sees them: a user who may read them or was notified,
	or None for a bare address, which learns no name and no method (design rule 11).
	"""
	stored = action_items.readable(list(names))
	columns = ["name", "ticket_subject", "ticket_created"]
	of = {"name": ("in", [each.item.id for each in stored])}
	rows = {row.name: row for row in frappe.get_all(ITEM, filters=of, fields=columns, order_by="name")}
	told = sent.at_a_glance([each.item.id for each in stored]) if reader else {}
	urls = _urls(stored, reader)
	return {
		each.item.id: _card(
			each, rows[each.item.id], reader, told.get(each.item.id) or {}, urls.get(each.item.id, "")
		)
		for each in stored
		if each.item.id in rows
	}


def _card(stored: action_items.Stored, row: Any, reader: str | None, told: dict[str, Any], url: str) -> Card:
	item, key = stored.item, stored.key
	since = _since(item, row)
	return Card(
		item=item.id,
		ticket=key.name,
		subject=row.ticket_subject or "",
		priority=item.facts.priority,
		tone=_tone(item.facts.level),
		clock=_(item.plan.clock),
		state=state(item) if reader else "",
		since=clock.unix(since),
		since_shown=clock.shown(since),
		since_time=clock.shown(since, "HH:mm"),
		next=comes_next(item, named=bool(reader)),
		next_at=clock.unix(item.next_at) if item.next_at else None,
		due=countdown(item)["due"] if reader or item.in_last_wait else _("The next step is due now."),
		told=told.get("people", []),
		others=told.get("others", ""),
		level=item.facts.level,
		position=position_of(item),
		url=url,
	)


def _urls(stored: list[action_items.Stored], reader: str | None) -> dict[str, str]:
	"""Where the reader reads the ticket of each item; none for a bare address, behind which nobody can log in, nor where the ticket is
	gone: whoever has its name now is another one.
	"""
	if not reader:
		return {}
	of_doctype: dict[str, list[action_items.Stored]] = {}
	for each in stored:
		of_doctype.setdefault(each.key.doctype, []).append(each)
	pages, urls = TicketPages([reader]), {}
	for doctype, some in of_doctype.items():
		if not frappe.db.exists("DocType", doctype):
			continue
		of = {"name": ("in", [each.key.name for each in some])}
		found = frappe.get_all(doctype, filters=of, fields=["name", "creation"], order_by="name")
		there = {str(row.name): as_stamp(row.creation) for row in found}
		for each in some:
			stamp = there.get(each.key.name)
			if stamp and each.key.created in (None, stamp):
				urls[each.item.id] = pages.path(doctype, each.key.name, reader)
	return urls


def _since(item: ActionItem, row: Any) -> datetime:
	"""Since when it burns: the customer's message that waits, else the ticket's creation."""
	if item.plan.clock is Clock.NEXT_RESPONSE and item.clock_at:
		return item.clock_at
	return clock.stamp_to_utc(as_stamp(row.ticket_created)) or item.opened_at


def _tone(level: int) -> str:
	"""By what Helpdesk calls Urgent and High, or by the words that everybody uses."""
	if level > max(sources.LEVELS.values()):  # by Helpdesk's own numbers
		of_helpdesk = sources.NUMBERS_OF_LEVELS
		urgent, high = (sources.MOST_URGENT - of_helpdesk[word] for word in ("Urgent", "High"))
	else:
		urgent, high = sources.LEVELS["urgent"], sources.LEVELS["high"]
	return "urgent" if level >= urgent else "high" if level >= high else ""


def state(item: ActionItem) -> str:
	"""How it stands, in a few words."""
	if item.held_at or item.parked or item.stalled or item.is_coming:
		return headline(item)
	if item.status == Status.ACKNOWLEDGED and item.reminded:
		return _("{0} has it, but nothing happens").format(item.acknowledged_by)
	if item.status == Status.ACKNOWLEDGED:
		return _("{0} has it").format(item.acknowledged_by)
	if item.status == Status.ESCALATING:
		return _("Escalating: step {0} of {1}").format(item.step, len(item.plan.steps))
	return wording.status(item.status)


def comes_next(item: ActionItem, *, named: bool = True) -> str:
	"""What happens if nobody does anything, with `TIME` where the time until then stands; "" where nothing does. Without `named`
	it says of the next step no more than when.
	"""
	if item.held_at:
		return _("It is held, because the database was restored.")
	if item.paused_at and item.due_at:
		return _("The ticket waits for the customer: the clock stands still.")
	if not item.next_at:
		return ""
	if item.in_last_wait and item.status is Status.ESCALATING and not item.maintenance:
		return _("No step is left. If nobody acknowledges within {0}, the plan's owner is told.").format(TIME)
	if not named and item.status is Status.ESCALATING and not item.maintenance:
		return _("The next step in {0}").format(TIME)
	return countdown(item)["countdown"]


def how_long(seconds: float) -> str:
	"""A time in words, to the minute."""
	minutes = int(seconds // 60)
	if minutes < 1:
		return _("less than a minute")
	if minutes < 60:
		return _("{0} min").format(minutes)
	hours = minutes // 60
	if hours < 24:
		return _("{0} h {1} min").format(hours, minutes % 60)
	return _("{0} d {1} h").format(hours // 24, hours % 24)


def _ago(message: dict[str, Any], now: float) -> str:
	words, seconds = sent.words(), max(0, int(now - message["at"]))
	said = (
		words["just_now"]
		if seconds < 60
		else words["minutes_ago"].format(seconds // 60)
		if seconds < 3600
		else words["hours_ago"].format(seconds // 3600)
		if seconds < 86400
		else words["days_ago"].format(seconds // 86400)
	)
	return message["text"].replace(sent.AGO, said)


def words() -> dict[str, str]:
	"""What both pages say around it."""
	return {
		"ticket": _("Ticket {0}"),
		"since": _("since {0}"),
		"next": _("Next", context="What comes next of an escalation"),
		"told": _("Told"),
		"minutes": _("{0} min"),
		"hours": _("{0} h {1} min"),
		"days": _("{0} d {1} h"),
		"open": _("Open the Ticket"),
	}
