"""Maintenances: from documents to the engine's own, read at the moment that they are asked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import frappe

from escalation_mgmt.engine import Maintenance, Ticket
from escalation_mgmt.facts import sources
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import MAINTENANCE

SITE, TEAM, CUSTOMER = "Site", "Team", "Customer"
FIELD = {TEAM: "team", CUSTOMER: "customer"}
"""Which column says which, for each scope."""


class Maintenances:
	"""Those that aren't over, read once. Make a new one for every set."""

	def __init__(self, since: datetime | None = None):
		"""`since` (UTC): also those that were over by now but not then."""
		self._rows = _read(since or clock.now())

	def of(self, ticket: Ticket) -> Sequence[Maintenance]:
		"""Those that cover a ticket, whether they run or are still to come."""
		return tuple(_plain(row) for row in self._rows if _covers(row, ticket))

	def running(self) -> list[Any]:
		"""The rows of those that run now."""
		now = clock.now()
		return [row for row in self._rows if row.starts_utc <= now < row.ends_utc]


def reason(name: str) -> str:
	"""Why there is a maintenance, in one line; its name, where it is gone."""
	return " ".join((frappe.db.get_value(MAINTENANCE, name, "reason") or name).split())


def choices() -> dict[str, list[str]]:
	"""What a maintenance can be for: {"team" | "customer": names}."""
	return {field: sources.options(field) for field in FIELD.values()}


def _read(since: datetime) -> list[Any]:
	return frappe.db.sql(
		"select `name`, `scope`, `team`, `customer`, `starts_utc`, `ends_utc`, `reason`"
		f" from `tab{MAINTENANCE}` where `ends_utc` > %s order by `name`",
		(since,),
		as_dict=True,
	)


def _covers(row: Any, ticket: Ticket) -> bool:
	if row.scope == TEAM:
		return sources.canonical_word(ticket.doctype, "team", row.team or "") == ticket.facts.team
	return (
		row.scope == SITE
		or sources.canonical_word(ticket.doctype, "customer", row.customer or "") == ticket.facts.customer
	)


def _plain(row: Any) -> Maintenance:
	return Maintenance(name=row.name, start=row.starts_utc, end=row.ends_utc, reason=row.reason or "")
