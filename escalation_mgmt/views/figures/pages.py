"""Which pages a reader asks for, of the escalations that they ask for."""

from collections.abc import Mapping
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.storage.message_state import REACHED, Purpose
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from escalation_mgmt.views.figures.frozen import number_of
from escalation_mgmt.views.figures.outcomes import LED, MESSAGES, WOKE, states

NONE = "–"
"""What is asked for where escalations have no priority, team or customer, where nobody acknowledged, or where a message went by no
provider that has a name.
"""

FILTERS = ("method", "provider", "outcome", "recipient")
"""Filters that ask for messages."""

_LED = (
	f"page.`user` = `tab{ITEM}`.`acknowledged_user` and page.`sent_utc` <= `tab{ITEM}`.`acknowledged_utc`"
	f" and not exists (select 1 from `tab{NOTIFICATION}` later where later.`action_item` = page.`action_item`"
	" and later.`purpose` = page.`purpose` and later.`user` = page.`user`"
	f" and later.`sent_utc` <= `tab{ITEM}`.`acknowledged_utc` and (later.`sent_utc` > page.`sent_utc`"
	" or (later.`sent_utc` = page.`sent_utc` and later.`name` > page.`name`)))"
)

SENT_TO_SOMEBODY = (
	"page.`user` is not null and page.`sent_utc` is not null"
	f" and page.`status` in ({rows.placeholders(REACHED)})"
)
"""SQL; its values are `REACHED`."""


def asks_for_pages(filters: Mapping[str, Any]) -> bool:
	"""Whether it is messages that filters ask for, and not whoever couldn't be reached as well."""
	return any(filters.get(name) for name in FILTERS)


def wanted(filters: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
	"""SQL of the pages (`page`) of an item that filters ask for, with its values: method, provider (`NONE`: none), outcome (one of
	`MESSAGES`, `LED` or `WOKE`), recipient (who is no user: as history names them, or an endpoint), person (a user), step.

	Raises ValidationError for an outcome that is none.
	"""
	said: list[tuple[str, tuple[Any, ...]]] = [("page.`purpose` = %s", (Purpose.PAGE,))]
	for name, column in (("method", "method"), ("person", "user")):
		if value := filters.get(name):
			said.append((f"page.`{column}` = %s", (str(value),)))
	if provider := filters.get("provider"):
		said.append(("coalesce(page.`provider`, '') = %s", ("" if provider == NONE else str(provider),)))
	if recipient := filters.get("recipient"):
		said.append(("page.`user` is null and %s in (page.`endpoint`, page.`recipient`)", (str(recipient),)))
	if step := filters.get("step"):
		said.append(("page.`step` = %s", (number_of(str(step)),)))
	if outcome := filters.get("outcome"):
		said.append(_of_outcome(str(outcome)))
	return " and ".join(sql for sql, _values in said), tuple(
		value for _sql, values in said for value in values
	)


def _of_outcome(outcome: str) -> tuple[str, tuple[Any, ...]]:
	if outcome == LED:
		return _LED, ()
	if outcome == WOKE:
		return SENT_TO_SOMEBODY, tuple(REACHED)
	if outcome not in MESSAGES:
		frappe.throw(_("Choose what became of the messages."))
	of = states(outcome)
	return f"page.`status` in ({rows.placeholders(of)})", tuple(of)
