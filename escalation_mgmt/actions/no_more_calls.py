"""Whoever is on a call wants no more calls about its items, and is reached by other methods."""

from collections.abc import Sequence
from typing import Any

from frappe import _

from escalation_mgmt.actions.action import Result
from escalation_mgmt.actions.carry_out import there_is_none
from escalation_mgmt.engine import RUNNING
from escalation_mgmt.storage import action_items, quiet_calls
from escalation_mgmt.utils import clock, realtime


def no_more_calls(calls: Sequence[Any]) -> list[Result]:
	"""Stop further calls to whom a call went to about each item that it was about; `calls` are its rows, one an item. The caller
	has proved who asks, and commits.
	"""
	found = {
		stored.item.id: stored.item.status for stored in action_items.lock({c.action_item for c in calls})
	}
	running = [call for call in calls if found.get(call.action_item) in RUNNING]
	quiet_calls.want(running, clock.now())
	realtime.tell_forms(call.action_item for call in running)
	return [_said(call.action_item, found) for call in calls]


def _said(item: str, found: dict[str, Any]) -> Result:
	if item not in found:
		return Result(False, there_is_none(item))
	if found[item] not in RUNNING:
		return Result(False, _("The escalation is over: nobody is called about it any more."))
	return Result(True, _("You won't be called about this again. The escalation goes on."))
