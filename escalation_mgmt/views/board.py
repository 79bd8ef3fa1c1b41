"""The board: every open escalation at a glance, for the screen on the wall and for whoever coordinates.

Open is what runs, and what has run out while nobody has answered the ticket: a wall that showed nothing then would say that all
is well. Each reader sees what their lists show. However many there are, the database is asked the same number of times.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.dispatch import monitor
from escalation_mgmt.engine import RUNNING, ActionItem, Status
from escalation_mgmt.permissions import sees_all
from escalation_mgmt.storage import action_items, history, wording
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.views import sent, ticket_form

LIMIT = 200
"""So many are shown, the most urgent."""

_URGENT_FIRST = "priority_level desc, due_utc asc, name asc"
_GROUPS: tuple[dict[str, Any], ...] = (
	{"status": Status.ESCALATING},
	{"exhausted_ticket": ("is", "set")},
	{"status": ("in", sorted(RUNNING - {Status.ESCALATING}))},
)
"""Open items, those first that have nobody while steps run or have run; the most urgent first in each."""


def shown() -> dict[str, Any]:
	"""{"rows": one for each open item that the present user may see (`lines`), "more": how many there are beyond `LIMIT`, in
	words, "problems": why what is shown may stand still, in words, "words": how to say how long ago something was, "now":
	seconds of Unix time, "as_of": that time as the reader reads it}.
	"""
	found = _open(LIMIT + 1)
	more = len(_open()) - LIMIT if len(found) > LIMIT else 0
	now = clock.now()
	return {
		"rows": list(lines(found[:LIMIT]).values()),
		"more": _("and {0} more, less urgent").format(more) if more > 0 else "",
		"problems": _problems(),
		"words": sent.words(),
		"now": clock.unix(now),
		"as_of": clock.shown(now),
	}


def in_list(names: Sequence[str]) -> dict[str, Any]:
	"""{"rows": {item: its row (`lines`)}, "words" and "now" as `shown` has them} of these items, which the present user may read."""
	return {"rows": lines(names), "words": sent.words(), "now": clock.unix(clock.now())}


def _open(limit: int = 0) -> list[str]:
	names: list[str] = []
	for group in _GROUPS:
		left = limit - len(names)
		if limit and left <= 0:
			break
		names += frappe.get_list(
			ITEM, filters=group, pluck="name", order_by=_URGENT_FIRST, limit=left if limit else 0
		)
	return names


def lines(names: Sequence[str]) -> dict[str, dict[str, Any]]:
	"""Of each of these items, which the present user may read, what stands in its row, in their order: {"item", "ticket", "subject",
	"priority", "level", "clock", "status", "tone", "held": why it stands still, "step": as "1 / 3", "who": by name, "how": whether
	they have it or were paged, "nobody": whether steps run or have run and nobody has it, "next": what comes next, "due_in" and
	"due" as a ticket's form has them, "updated": seconds of Unix time,
	"exact": that time as the reader reads it, "last": the newest line of its history, "open": whether it still runs}.
	"""
	now, last, paged = clock.now(), history.newest(names), sent.at_a_glance(names)
	subjects = {
		row.name: row
		for row in frappe.get_all(
			ITEM,
			filters={"name": ("in", list(names) or [""])},
			fields=[
				*("name", "ticket_subject", "updated_utc", "reference_name", "opened_utc", "status"),
				*("priority", "priority_level", "clock", "acknowledged_by"),
			],
			order_by="name",
		)
	}
	items = {stored.item.id: stored for stored in action_items.readable(names)}
	return {
		name: {
			"item": name,
			"ticket": subjects[name].reference_name,
			"subject": subjects[name].ticket_subject or "",
			"last": last.get(name, ""),
			**_updated(subjects[name].updated_utc or subjects[name].opened_utc),
			**(
				_row(items[name].item, paged[name]["people"], now)
				if name in items
				else _unreadable(subjects[name], paged[name]["people"])
			),
		}
		for name in names
		if name in subjects
	}


def _updated(at: datetime) -> dict[str, Any]:
	return {"updated": clock.unix(at), "exact": clock.shown(at)}


def _row(item: ActionItem, paged: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
	return {
		"priority": item.facts.priority,
		"level": item.facts.level,
		"clock": _(item.plan.clock),
		"step": _step(item),
		"held": _held(item),
		"open": item.status in RUNNING,
		**ticket_form.pill(item),
		"next": ticket_form.what_is_next(item) if item.next_at else "",
		"nobody": item.status in (Status.ESCALATING, Status.EXHAUSTED),
		**ticket_form.countdown(item, now),
		**_who(item, paged),
	}


def _unreadable(row: Any, paged: list[dict[str, Any]]) -> dict[str, Any]:
	"""One that can't be read, as far as its columns tell: it stands on the board, and hides no other."""
	has_it = row.acknowledged_by or ""
	return {
		"priority": row.priority,
		"level": row.priority_level or 0,
		"clock": _(row.clock),
		"step": "",
		"held": _("set aside: it can't be processed"),
		"open": row.status in RUNNING,
		"status": wording.status(row.status),
		"tone": "red",
		"next": "",
		"nobody": row.status in (Status.ESCALATING, Status.EXHAUSTED),
		**ticket_form.NOTHING_COMES,
		"who": has_it or (paged[-1]["name"] if paged else ""),
		"how": _("has it") if has_it else _("paged") if paged else _("nobody was paged yet"),
	}


def _step(item: ActionItem) -> str:
	repeated = f" ({item.run + 1})" if item.run else ""
	return f"{item.step} / {len(item.plan.steps)}{repeated}"


def _held(item: ActionItem) -> str:
	"""Why nothing comes by itself, where that isn't its status; empty otherwise."""
	if item.status not in RUNNING:
		return ""
	if item.held_at:
		return _("held after a restore")
	if item.parked:
		return _("set aside: it can't be processed")
	if item.stalled:
		return _("reaches nobody")
	if item.maintenance:
		return _("held by a maintenance")
	return _("stands still: the ticket waits for the customer") if item.paused_at and item.due_at else ""


def _who(item: ActionItem, paged: list[dict[str, Any]]) -> dict[str, str]:
	"""Who has it; else who is on the way, or was paged last."""
	if item.acknowledged_by and item.status not in (Status.ESCALATING, Status.SNOOZED, Status.EXHAUSTED):
		via = _(item.acknowledged_via or "")
		return {"who": item.acknowledged_by, "how": _("has it ({0})").format(via) if via else _("has it")}
	if item.is_coming:
		return {"who": ", ".join(name for _user, name in item.is_coming), "how": _("on the way")}
	if not paged:
		return {"who": "", "how": _("nobody was paged yet")}
	return {"who": paged[-1]["name"], "how": " · ".join(filter(None, (_("paged"), ticket_form.tally(item))))}


def _problems() -> list[str]:
	"""Why what is shown may stand still. How many are late of all that there are is for those who may see them all."""
	state = monitor.health()
	if state.mute or sees_all(frappe.session.user):
		return state.problems
	said = [_("The database is being restored: nothing is run or sent until that is over.")]
	found = said if state.restoring else []
	if state.is_overdue or state.not_looked:
		found = [*found, _("Steps or messages are overdue. Is the dispatcher running?")]
	return found
