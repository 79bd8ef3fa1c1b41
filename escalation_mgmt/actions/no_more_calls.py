"""Whoever is on a call wants no more calls about its item, and is reached by other methods."""

from typing import Any

from frappe import _

from escalation_mgmt.actions.action import Result
from escalation_mgmt.actions.carry_out import there_is_none
from escalation_mgmt.engine import RUNNING
from escalation_mgmt.storage import action_items, quiet_calls
from escalation_mgmt.utils import clock, realtime


def no_more_calls(call: Any) -> Result:
	"""Stop further calls about an item to whom this call (its row) went to. The caller has proved who asks, and commits."""
	found = action_items.lock([call.action_item])
	if not found:
		return Result(False, there_is_none(call.action_item))
	if found[0].item.status not in RUNNING:
		return Result(False, _("The escalation is over: nobody is called about it any more."))
	quiet_calls.want(call.name, call.action_item, clock.now())
	realtime.tell_forms([call.action_item])
	return Result(True, _("You won't be called about this again. The escalation goes on."))
