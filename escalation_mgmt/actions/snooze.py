"""Snoozing by hand: quiet until an instant that a person names."""

import re
from datetime import datetime, timedelta
from functools import partial

import frappe
from frappe import _
from frappe.utils import get_datetime

from escalation_mgmt.actions.action import Action, Field, Result, where
from escalation_mgmt.actions.carry_out import Locked, carry_out
from escalation_mgmt.engine import (
	LONGEST_SNOOZE,
	ActionItem,
	Actor,
	Decision,
	Refusal,
	Refused,
	TicketKey,
	can_snooze,
)
from escalation_mgmt.engine import snooze as engine_snooze
from escalation_mgmt.storage import wording
from escalation_mgmt.utils import bounds, clock
from escalation_mgmt.utils.plain_text import plain

LONGEST = LONGEST_SNOOZE.total_seconds()
SUGGESTED = timedelta(hours=1)
PRESETS = (15, 30, 60)  # minutes


_FROM_NOW = re.compile(r"\+([0-9]{1,5})")


def snooze(item: str, until: str, actor: Actor) -> Result:
	"""Keep an action item quiet until `until`, a date and time in the site's zone, or "+15": so many minutes from now.

	The caller has checked that this person may, and commits. Raises ValidationError for what is no such instant: a past
	one, or one that is too far away.
	"""
	instant = _instant(until)
	return carry_out(
		item,
		decide=lambda locked: engine_snooze(locked.item, instant, actor, locked.now),
		refuse=partial(_refuse, clock.shown(instant)),
		say=_say,
		sends=False,
	)


def _instant(until: str) -> datetime:
	said = str(until).strip()
	if minutes := _FROM_NOW.fullmatch(said):
		return clock.now() + timedelta(minutes=int(minutes[1]))
	if not said:
		frappe.throw(_("Say until when."))
	try:
		local = get_datetime(said.replace("T", " "))
	except (ValueError, OverflowError):
		local = None
	if not local or not bounds.is_possible(local):
		frappe.throw(_("{0} is no date and time.").format(plain(said, 140)))
	return clock.to_utc(local)


def _say(_locked: Locked, decision: Decision) -> str:
	item = decision.item
	if item.in_last_wait:
		return _("Quiet until {0}. No step is left: then the last wait goes on until {1}.").format(
			clock.shown(item.due_at), clock.shown(item.resumes_at)
		)
	return _("Quiet until {0}. Then it goes on.").format(clock.shown(item.due_at))


def _refuse(shown: str, why: Refused, item: ActionItem) -> str:
	match why.refusal:
		case Refusal.PAST:
			frappe.throw(_("{0} is past. Choose a later time.").format(shown))
		case Refusal.TOO_LONG:
			longest = wording.duration(LONGEST)
			frappe.throw(
				_("{0} is too far away: an escalation is quiet for {1} at most.").format(shown, longest)
			)
	return _("The escalation is {0}; there is nothing to snooze.").format(wording.status(item.status))


def _until(_key: TicketKey, _item: ActionItem | None) -> tuple[Field, ...]:
	label = _("Quiet until ({0} at most)").format(wording.duration(LONGEST))
	return (Field("until", label, kind="datetime", default=_suggested()),)


def _suggested() -> str:
	"""An instant to begin with, in the site's zone: the first quarter of an hour that is an hour away."""
	then = clock.to_site(clock.now() + SUGGESTED)
	return str((then + timedelta(minutes=15 - then.minute % 15)).replace(second=0, microsecond=0))


def _for(minutes: int) -> Action:
	"""So long from the click on, without a question."""
	return Action(
		f"snooze_{minutes}",
		label=lambda: _("Snooze {0}").format(wording.duration(60 * minutes)),
		offered=where(can_snooze),
		run=lambda click: snooze(click.item.id, f"+{minutes}", click.actor),
	)


SNOOZE = Action(
	"snooze",
	label=lambda: _("Snooze…"),
	offered=where(can_snooze),
	run=lambda click: snooze(click.item.id, click.value("until"), click.actor),
	fields=_until,
)
SNOOZES = (*map(_for, PRESETS), SNOOZE)
