"""What was sent to whom, at a glance: "Tina Tech: push 3 min ago, SMS 1 min ago". Of each person the newest page by each method.

Names and labels only, as history shows them: an address stays out of it. The caller has checked that the reader may read the
items.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime

from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import NOTIFICATION

AGO = "{ago}"
"""Stands in a text where the page puts how long ago it was, which it counts itself."""

PEOPLE = 6
"""So many are named, those who were paged last."""

_EPOCH = datetime(1970, 1, 1)


def at_a_glance(items: Sequence[str]) -> dict[str, dict[str, Any]]:
	"""Of each of these items: {"people": [{"name", "messages": [{"text": with `AGO` in it, or a whole one, "at": seconds of Unix
	time, "exact": that time as the reader reads it, "tone"}]}], "others": how many more there are, in words}.

	People and their messages stand with the newest last. One question for all of the items.
	"""
	people: dict[str, dict[tuple, list[Any]]] = {item: {} for item in items}
	for row in _newest(items):
		of_item = people[row.action_item]
		who = row.user or "", row.recipient
		of_item[who] = [*of_item.pop(who, ()), row]  # last, because theirs is the newest so far
	return {item: _shown(list(found.items())) for item, found in people.items()}


def words() -> dict[str, str]:
	"""How a page says how long ago something was."""
	return {
		"just_now": _("just now"),
		"minutes_ago": _("{0} min ago"),
		"hours_ago": _("{0} h ago"),
		"days_ago": _("{0} d ago"),
	}


def _newest(items: Sequence[str]) -> list[Any]:
	"""Of each item, person and method the newest page that wasn't withdrawn, in the order in which they were sent."""
	if not items:
		return []
	newest = (
		f"select max(`name`) as `name` from `tab{NOTIFICATION}` where `action_item` in ({rows.placeholders(items)})"
		" and `purpose` = %s and `status` <> %s group by `action_item`, `user`, `recipient`, `method`"
	)
	found = frappe.db.sql(
		"select n.`action_item`, n.`user`, n.`recipient`, n.`method`, n.`status`, n.`sent_utc`, n.`created_utc`"
		f" from ({newest}) newest join `tab{NOTIFICATION}` n on n.`name` = newest.`name` order by n.`name`",
		(*items, Purpose.PAGE, MessageState.WITHDRAWN),
		as_dict=True,
	)
	return sorted(found, key=lambda row: get_datetime(row.sent_utc or row.created_utc))


def _shown(people: list[tuple[tuple, list[Any]]]) -> dict[str, Any]:
	more = max(0, len(people) - PEOPLE)
	others = _("and one other") if more == 1 else _("and {0} others").format(more)
	return {
		"people": [
			{"name": name, "messages": [_message(row) for row in messages]}
			for (_user, name), messages in people[more:]
		],
		"others": others if more else "",
	}


def _message(row: Any) -> dict[str, Any]:
	at = get_datetime(row.sent_utc or row.created_utc)
	text, tone = _said(row.status)
	return {
		"text": text.format(_short(row.method), AGO),
		"tone": tone,
		"at": int((at - _EPOCH).total_seconds()),
		"exact": clock.shown(at),
	}


def _short(method: str) -> str:
	"""A method in as few letters as there are."""
	short = {"iPhone Notification": _("push"), "Phone Call": _("call"), "Email": _("email")}
	return short.get(method) or _(method)


def _said(status: str) -> tuple[str, str]:
	"""What a state means for who looks on: (text of method and time, tone)."""
	said = {
		MessageState.QUEUED: (_("{0} waits to be sent"), ""),
		MessageState.SENDING: (_("{0} is being sent"), ""),
		MessageState.FAILED: (_("{0} failed {1}"), "red"),
		MessageState.UNKNOWN: (_("{0} perhaps arrived {1}"), "orange"),
		MessageState.ANSWERED: (_("{0} answered {1}"), ""),
		MessageState.NOT_ANSWERED: (_("{0} not answered {1}"), "orange"),
	}
	return said.get(status) or ("{0} {1}", "")
