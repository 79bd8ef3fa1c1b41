"""Where names of documents are stored that Frappe doesn't follow: in columns that are no links, and in JSON.

Frappe follows a rename in Link and Dynamic Link fields. A priority, a team, a type and a customer can be any text for us,
because tickets are of any DocType; and what runs is frozen. So each place stands here, with whose names it holds, and
`storage.renames` goes through them. A test compares this table with the fields of our DocTypes.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import frappe

from escalation_mgmt.engine import Act
from escalation_mgmt.facts import sources
from escalation_mgmt.utils.doctypes import (
	ENDPOINT,
	EVENT,
	ITEM,
	MAINTENANCE,
	NOTIFICATION_SECRET,
	PLAN,
	PLAN_PRIORITY,
	PLAN_VERSION,
	SETTINGS,
	SOURCE,
	STEP,
	TICKET_STATE,
	TURN,
)

FACTS = ("priority", "team", "ticket_type", "customer", "status", "agreement")
"""What a ticket may say by a document's name."""


class Holds(StrEnum):
	"""How a column holds names."""

	ONE = "one"
	LINES = "lines"  # one each
	JSON = "json"  # as texts somewhere in it
	PEOPLE = "people"  # whom a line of history names
	CONDITION = "condition"  # in quotes
	PLAN = "plan"  # frozen


@dataclass(frozen=True, slots=True)
class Place:
	"""A column that holds names: of a DocType (`names`), or of what the tickets' own field for a `fact` links to.

	`tickets` is the row's ticket DocType, in SQL; empty: tickets of every DocType are meant.
	"""

	doctype: str
	column: str
	names: str = ""
	fact: str = ""
	holds: Holds = Holds.ONE
	tickets: str = ""


_ROW = "`reference_doctype`"
_PLAN_OF_ROW, _PLAN_OF_STEP = (
	f"(select p.`reference_doctype` from `tab{PLAN}` p where p.`name` = `tab{of}`.`parent`)"
	for of in (PLAN_PRIORITY, STEP)
)

PLACES = (
	Place(PLAN, "team", fact="team", tickets=_ROW),
	Place(PLAN, "ticket_type", fact="ticket_type", tickets=_ROW),
	Place(PLAN, "customer", fact="customer", tickets=_ROW),
	Place(PLAN, "agreement", fact="agreement", tickets=_ROW),
	Place(PLAN_PRIORITY, "priority", fact="priority", tickets=_PLAN_OF_ROW),
	Place(PLAN, "condition", holds=Holds.CONDITION, tickets=_ROW),
	Place(PLAN, "stop_condition", holds=Holds.CONDITION, tickets=_ROW),
	Place(STEP, "team", names=sources.HD_TEAM),
	Place(STEP, "set_priority", fact="priority", tickets=_PLAN_OF_STEP),
	Place(STEP, "set_team", fact="team", tickets=_PLAN_OF_STEP),
	Place(STEP, "set_status", fact="status", tickets=_PLAN_OF_STEP),
	Place(STEP, "second_team", names=sources.HD_TEAM),
	Place(STEP, "only_if_priority", fact="priority", tickets=_PLAN_OF_STEP),
	Place(STEP, "only_if_condition", holds=Holds.CONDITION, tickets=_PLAN_OF_STEP),
	Place(TURN, "team", names=sources.HD_TEAM),
	Place(MAINTENANCE, "team", fact="team"),
	Place(MAINTENANCE, "customer", fact="customer"),
	Place(SOURCE, "resolved_statuses", fact="status", holds=Holds.LINES, tickets=_ROW),
	Place(SOURCE, "paused_statuses", fact="status", holds=Holds.LINES, tickets=_ROW),
	# What an item remembers, ended or not: by its last item's facts a ticket is kept from opening another.
	Place(ITEM, "priority", fact="priority", tickets=_ROW),
	Place(ITEM, "team", fact="team", tickets=_ROW),
	Place(ITEM, "ticket_type", fact="ticket_type", tickets=_ROW),
	Place(ITEM, "customer", fact="customer", tickets=_ROW),
	Place(ITEM, "ticket_status", fact="status", tickets=_ROW),
	Place(TICKET_STATE, "priority", fact="priority", tickets=_ROW),
	Place(TICKET_STATE, "raised_from", fact="priority", tickets=_ROW),
	Place(ITEM, "assignees", names="User", holds=Holds.JSON),
	Place(ITEM, "added", names="User", holds=Holds.JSON),
	Place(ITEM, "ack_requests", names="User", holds=Holds.JSON),
	Place(ITEM, "acks", names="User", holds=Holds.JSON),
	Place(ITEM, "passed_on", names="User", holds=Holds.JSON),
	Place(ITEM, "coming", names="User", holds=Holds.JSON),
	Place(ITEM, "undo_restores", names="User", holds=Holds.JSON),
	Place(EVENT, "data", names="User", holds=Holds.PEOPLE),
	Place(NOTIFICATION_SECRET, "address", names=ENDPOINT),  # of a message to an endpoint
	Place(NOTIFICATION_SECRET, "action_item", names=ITEM),
	Place(PLAN_VERSION, "plan", names=PLAN),
	Place(PLAN_VERSION, "content", holds=Holds.PLAN),
)

FROZEN_TARGETS = {
	"User": "User",
	"Team": sources.HD_TEAM,
	"Role": "Role",
	"Endpoint": ENDPOINT,
	"Next in Turn": sources.HD_TEAM,
	"Available Members": sources.HD_TEAM,
}
"""Whose name a frozen step's target is, for each kind of target that is a document."""

FROZEN_VALUES = {str(Act.RAISE): "priority", str(Act.SET_TEAM): "team", str(Act.SET_STATUS): "status"}
"""Whose name a frozen act sets: a fact of its tickets."""


@dataclass(frozen=True)
class Renaming:
	"""A document has another name, or was merged into another."""

	doctype: str
	old: str
	new: str
	merge: bool = False
	_linked: dict[str, frozenset[str]] = field(default_factory=dict, init=False, compare=False)

	def fields(self, ticket_doctype: str) -> frozenset[str]:
		"""The fields of a ticket DocType that hold such names."""
		if ticket_doctype not in self._linked:
			self._linked[ticket_doctype] = frozenset(_links(sources.source(ticket_doctype), self))
		return self._linked[ticket_doctype]

	def tickets(self, fact: str) -> list[str]:
		"""The ticket DocTypes that have their `fact` by such a name."""
		return [src.doctype for src in self.sources if getattr(src, fact) in self.fields(src.doctype)]

	@cached_property
	def sources(self) -> list[sources.Source]:
		return [] if self.doctype == "DocType" else list(all_sources())

	def concerns(self, place: Place) -> bool:
		"""Whether a place may hold such names."""
		if place.holds in (Holds.PLAN, Holds.CONDITION):
			return True
		return bool(self.tickets(place.fact)) if place.fact else place.names == self.doctype

	def of(self, name: str) -> str:
		"""What a stored name is now."""
		return self.new if self.is_old(name) else name

	def is_old(self, name: str) -> bool:
		"""Names are alike for the database, so they are here: MariaDB doesn't mind capitals."""
		if name == self.old:
			return True
		return frappe.db.db_type == "mariadb" and name.casefold() == self.old.casefold()


def all_sources() -> Iterator[sources.Source]:
	"""How tickets are read, of every DocType of which somebody said how."""
	rows = frappe.get_cached_doc(SETTINGS).sources
	for doctype in dict.fromkeys([*sources.KNOWN, *(row.reference_doctype for row in rows)]):
		if doctype and frappe.db.exists("DocType", doctype):
			with suppress(frappe.ValidationError):
				yield sources.source(doctype)


def _links(src: sources.Source, renaming: Renaming) -> Iterator[str]:
	if renaming.doctype == "User":
		yield from ("owner", "modified_by")
	facts = {getattr(src, fact) for fact in FACTS}
	for df in frappe.get_meta(src.doctype).fields:
		if df.fieldtype == "Link" and df.options == renaming.doctype:
			yield df.fieldname
		elif df.fieldtype == "Dynamic Link" and df.fieldname in facts:
			asked = {df.options: renaming.doctype, df.fieldname: ("in", (renaming.old, renaming.new))}
			if frappe.get_all(src.doctype, filters=asked, limit=1, order_by="name"):
				yield df.fieldname


def canonical(ticket_doctype: str, fact: str, value: str) -> str:
	"""A priority, team, type, customer, status or agreement (`fact`) as tickets of a DocType have it; empty where none can.

	Free text can be any.
	"""
	src = sources.source(ticket_doctype)
	name = getattr(src, fact)
	df = frappe.get_meta(ticket_doctype).get_field(name) if name else None
	if df and df.fieldtype == "Link":
		return str(frappe.db.get_value(df.options, value, "name") or "")
	if df and df.fieldtype == "Select":
		return value if value in (df.options or "").split("\n") else ""
	return value


def linked(ticket_doctype: str, fact: str) -> str:
	"""The DocType whose documents are the tickets' priorities, teams and so on (`fact`); empty: they are no documents."""
	name = getattr(sources.source(ticket_doctype), fact)
	df = frappe.get_meta(ticket_doctype).get_field(name) if name else None
	return df.options if df and df.fieldtype == "Link" else ""
