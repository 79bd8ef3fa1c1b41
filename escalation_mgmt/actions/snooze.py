"""Snoozing by hand: quiet until an instant that a person names."""

from datetime import timedelta

import frappe
from frappe import _
from frappe.utils import get_datetime

from escalation_mgmt.engine import LONGEST_SNOOZE, Actor, Refusal, Refused, can_snooze
from escalation_mgmt.engine import snooze as engine_snooze
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.storage import action_items, decisions, wording
from escalation_mgmt.utils import clock

LONGEST = LONGEST_SNOOZE.total_seconds()
SUGGESTED = timedelta(hours=1)


def suggested() -> str:
	"""An instant to begin with, in the site's zone: the first quarter of an hour that is an hour away."""
	then = clock.to_site(clock.now() + SUGGESTED)
	return str((then + timedelta(minutes=15 - then.minute % 15)).replace(second=0, microsecond=0))


def snooze(item: str, until: str, *, by: str) -> tuple[bool, str]:
	"""Keep an action item quiet until `until` (a date and time in the site's zone); whether it was done, and in words
	what became of it.

	`by` is the name that history shows. The caller has checked that this person may, and commits. Raises ValidationError
	for what is no such instant: a past one, or one that is too far away.
	"""
	found = action_items.lock([item])
	if not found:
		return False, _("There is no Escalation Action Item {0}.").format(item)
	stored, now = found[0], clock.now()
	if not can_snooze(stored.item):
		return False, _("The escalation is {0}; there is nothing to snooze.").format(_(stored.item.status))
	instant = _instant(until)
	try:
		decision = engine_snooze(stored.item, instant, Actor(name=by), now)
	except Refused as e:
		shown = clock.shown(instant)
		if e.refusal is Refusal.PAST:
			frappe.throw(_("{0} is past. Choose a later time.").format(shown))
		frappe.throw(
			_("{0} is too far away: an escalation is quiet for {1} at most.").format(
				shown, wording.duration(LONGEST)
			)
		)
	decisions.apply([(stored, decision)], Directory(), Tickets([stored.key]), now)
	return True, _("Quiet until {0}. Then it goes on.").format(clock.shown(instant))


def _instant(until: str):
	try:
		return clock.to_utc(get_datetime(until.strip().replace("T", " "))) or frappe.throw(
			_("Say until when.")
		)
	except (ValueError, OverflowError):
		frappe.throw(_("{0} is no date and time.").format(until))
