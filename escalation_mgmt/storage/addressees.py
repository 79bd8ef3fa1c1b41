"""Whether a message that was sent is still worth anything to whom it went to: its link, its code, a key of its call."""

from typing import Any

import frappe

from escalation_mgmt.utils.doctypes import ITEM


def may_act(message: Any) -> bool:
	"""Whether whom a message went to may act by it. It has `action_item` and `user`.

	Not where its action item is gone, nor where their user is gone or disabled: every door then answers as if there had never been
	such a message. A bare address has no user.
	"""
	if not frappe.db.exists(ITEM, message.action_item):
		return False
	return not message.user or is_enabled(message.user)


def is_enabled(user: str) -> bool:
	"""Whether there is such a user, and they may log in."""
	return bool(frappe.db.get_value("User", user, "enabled"))
