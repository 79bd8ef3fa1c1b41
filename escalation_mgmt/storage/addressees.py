"""Whether a message that was sent is still worth anything to whom it went to: its link, its code, a key of its call."""

from typing import Any

import frappe

from escalation_mgmt.storage import action_items
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION

_WAITS = ["status", "acks", "reminded", "acknowledged_user", "acknowledged_by"]


def who_answers(message: Any) -> Any:
	"""The message (its row), now with the `user` and `recipient` for whom an answer to it counts; None: for nobody any more.

	Not where its action item is gone, nor where their user is gone or disabled: every door then answers as if there had never been
	such a message. A bare address has no user.

	Where one message went to several people, whoever has the phone in their hand may answer, and nobody can tell which of them
	it was: it counts for the first who is still waited for. The others stand in `shared`. `message` has `name`, `action_item`
	and `user`.
	"""
	first = frappe.db.get_value(NOTIFICATION, message.name, "carried_by") or message.name
	rows = frappe.db.sql(
		f"select `name`, `user`, `recipient` from `tab{NOTIFICATION}` where `name` = %s or `carried_by` = %s"
		" order by `carried_by` is not null, `name`",
		(first, first),
		as_dict=True,
	)
	item = frappe.db.get_value(ITEM, message.action_item, _WAITS, as_dict=True)
	here = [row for row in rows if not row.user or is_enabled(row.user)] if item else []
	if not here:
		return None
	waiting = (row for row in here if action_items.waits_for(item, row.user or "", row.recipient))
	chosen = next(waiting, None) or next((row for row in here if row.name == message.name), here[0])
	message.update(name=chosen.name, user=chosen.user, recipient=chosen.recipient)
	message.shared = tuple((row.user or "", row.recipient) for row in here if row.name != chosen.name)
	return message


def is_enabled(user: str) -> bool:
	"""Whether there is such a user, and they may log in."""
	return bool(frappe.db.get_value("User", user, "enabled"))
