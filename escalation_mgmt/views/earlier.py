"""Of a ticket, the escalations that it had before the one that runs: how each ended, when, and by whom."""

from collections.abc import Sequence
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import LED_TO, Status
from escalation_mgmt.storage import history, wording
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.views.tones import TONES

ITEMS = 5
"""So many are listed, the newest."""


def listed(names: Sequence[str]) -> dict[str, Any]:
	"""Those of these items, newest first, that the present user may see: {"title": how many there are, "items": [{"item",
	"status", "tone", "plan", "at": when it ended, "line": how, and by whom}], "more": how many aren't listed, in words}; empty
	where there are none.
	"""
	if not names:
		return {}
	readable = frappe.get_list(
		ITEM,
		filters={"name": ("in", list(names))},
		fields=["name", "plan", "status", "ended_utc"],
		order_by="opened_utc desc, name desc",
	)
	if not readable:
		return {}
	shown, more = readable[:ITEMS], max(0, len(readable) - ITEMS)
	causes = history.causes({row.name: LED_TO[Status(row.status)] for row in shown})
	return {
		"title": _("One earlier escalation")
		if len(readable) == 1
		else _("{0} earlier escalations").format(len(readable)),
		"items": [_ended(row, *causes.get(row.name, (None, ""))) for row in shown],
		"more": _("and {0} more").format(more) if more else "",
	}


def _ended(row: Any, at: Any, line: str) -> dict[str, Any]:
	return {
		"item": row.name,
		"status": wording.status(row.status),
		"tone": TONES[Status(row.status)],
		"plan": row.plan,
		"at": clock.shown(row.ended_utc or at),
		"line": line,
	}
