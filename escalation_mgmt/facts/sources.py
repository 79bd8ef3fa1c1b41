"""The sources of a ticket's facts: which fields of a DocType say what, and what this site can choose in them.

The one file that knows HD Ticket's field names, and those of other ticket DocTypes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint

from escalation_mgmt.engine import TicketFilter
from escalation_mgmt.utils.doctypes import SETTINGS
from escalation_mgmt.utils.plain_text import cell

HD_TICKET = "HD Ticket"
HD_PRIORITY = "HD Ticket Priority"
HD_TEAM = "HD Team"
HD_AGENT = "HD Agent"

# Where a site names its priorities in words alone. Known words only: an unknown one is never "raised".
LEVELS = {
	"lowest": 10, "low": 20, "minor": 20, "normal": 40, "medium": 40, "moderate": 40,
	"high": 60, "major": 60, "highest": 80, "urgent": 80, "critical": 100, "blocker": 100,
}  # fmt: skip

MOST_URGENT = 1_000_000  # above any integer_value


LONGEST = 140  # characters that an action item keeps of each


@dataclass(frozen=True, slots=True)
class ActivityLog:
	"""Where a helpdesk keeps the activity of its tickets, and in which fields: the ticket's name, the text."""

	doctype: str
	ticket: str
	text: str


@dataclass(frozen=True)
class Source:
	"""Which fields of a ticket DocType say what. An empty name: the DocType has no such field."""

	doctype: str
	subject: str = "subject"
	priority: str = "priority"
	team: str = ""
	ticket_type: str = ""
	customer: str = ""
	status: str = "status"
	category: str = ""  # a field that holds Open, Paused or Resolved itself
	merged_into: str = ""
	response_by: str = ""
	first_response: str = ""
	last_reply: str = ""  # when an agent last replied, by the DocType itself
	split_from: str = ""
	agreement: str = ""  # a link to the service level agreement that the ticket is under
	resolved: frozenset[str] = frozenset({"Resolved", "Closed"})
	paused: frozenset[str] = frozenset()
	activity: ActivityLog | None = None  # None: comments

	@cached_property
	def fields(self) -> list[str]:
		"""The columns to read, without those that this site's version of the DocType lacks."""
		wanted = [
			self.subject,
			self.priority,
			self.team,
			self.ticket_type,
			self.customer,
			self.status,
			self.category,
			self.merged_into,
			self.response_by,
			self.first_response,
			self.last_reply,
			self.agreement,
		]
		meta = frappe.get_meta(self.doctype)
		existing = [field for field in dict.fromkeys(wanted) if field and meta.has_field(field)]
		return ["name", "creation", "owner", "_assign", *existing]

	@property
	def deciding(self) -> list[str]:
		"""The columns whose change can change what is to be done."""
		return [field for field in self.fields if field not in ("name", "creation", "owner", self.subject)]

	def filters(self, takes: TicketFilter) -> dict[str, Any]:
		"""What the database can ask for of a plan's filter; its condition it can't."""
		wanted = {
			self.priority: ("in", sorted(takes.priorities)) if takes.priorities else None,
			self.team: takes.team,
			self.ticket_type: takes.ticket_type,
			self.customer: takes.customer,
		}
		return {column: value for column, value in wanted.items() if column and value}


KNOWN = {
	HD_TICKET: Source(
		doctype=HD_TICKET,
		team="agent_group",
		ticket_type="ticket_type",
		customer="customer",
		category="status_category",
		merged_into="merged_with",
		response_by="response_by",
		first_response="first_responded_on",
		last_reply="last_agent_response",
		split_from="ticket_split_from",
		agreement="sla",
		paused=frozenset({"Replied"}),  # where an old Helpdesk has no category
		activity=ActivityLog("HD Ticket Activity", ticket="ticket", text="action"),
	),
	"Issue": Source(
		doctype="Issue",
		ticket_type="issue_type",
		customer="customer",
		response_by="response_by",
		first_response="first_responded_on",
		agreement="service_level_agreement",
		paused=frozenset({"Replied", "On Hold"}),
	),
}


def as_compared(doctype: str, what: str, value: Any) -> str:
	"""A ticket's priority, team, ticket_type, customer or status (`what`), or what a plan asks of it, as they are compared
	and kept: what is chosen as it is, for it is a name; what a field takes as it is written, plain and no longer than we keep.
	"""
	value = str(value or "")
	made = cell(value, LONGEST)
	if made == value:  # nearly always
		return value
	field = frappe.get_meta(doctype).get_field(getattr(source(doctype), what))
	return value if field and field.fieldtype in ("Link", "Dynamic Link", "Select") else made


def source(doctype: str) -> Source:
	"""How to read tickets of a DocType. Raises ValidationError where nobody said how."""
	for row in frappe.get_cached_doc(SETTINGS).sources:
		if row.reference_doctype == doctype:
			return Source(
				doctype=doctype,
				subject=row.subject_field or "",
				priority=row.priority_field,
				team=row.team_field or "",
				ticket_type=row.type_field or "",
				customer=row.customer_field or "",
				status=row.status_field,
				response_by=row.response_by_field or "",
				first_response=row.first_response_field or "",
				resolved=_lines(row.resolved_statuses),
				paused=_lines(row.paused_statuses),
			)
	if doctype in KNOWN:
		return KNOWN[doctype]
	frappe.throw(
		_("Name the fields of {0} in Escalation Settings, under Tickets of Other DocTypes.").format(
			_(doctype)
		)
	)


def _lines(text: str | None) -> frozenset[str]:
	return frozenset(line.strip() for line in (text or "").splitlines() if line.strip())


def level(doctype: str, priority: str) -> int:
	"""How urgent a priority is; a greater number is more urgent. 0 where nobody knows."""
	if not priority:
		return 0
	if doctype == HD_TICKET:
		meta = frappe.get_meta(HD_PRIORITY)
		if meta.has_field("integer_value"):
			# Helpdesk counts the other way: Urgent is 100, Low is 400.
			return MOST_URGENT - cint(frappe.get_cached_value(HD_PRIORITY, priority, "integer_value"))
		if meta.has_field("level"):
			priority = frappe.get_cached_value(HD_PRIORITY, priority, "level") or priority
	return LEVELS.get(priority.strip().lower(), 0)


def team_members(team: str) -> list[str]:
	"""The users of a team; [] where there is none of that name."""
	if not frappe.db.exists("DocType", HD_TEAM):
		return []
	return frappe.get_all(
		"HD Team Member", filters={"parent": team, "parenttype": HD_TEAM}, pluck="user", order_by="idx"
	)


def possible_assignees(doctype: str, team: str = "") -> list[str]:
	"""Whom a ticket can be assigned to: its team's members, else every active agent; [] where nobody can say."""
	if team:
		return team_members(team)
	if doctype != HD_TICKET or not frappe.db.exists("DocType", HD_AGENT):
		return []
	return frappe.get_all(HD_AGENT, filters={"is_active": 1}, pluck="user", order_by="user")


def agreement_doctype(doctype: str) -> str:
	"""The DocType of the agreements that tickets of a DocType are under; empty where there are none."""
	name = source(doctype).agreement
	field = frappe.get_meta(doctype).get_field(name) if name else None
	return field.options if field else ""


def agreements(doctype: str) -> list[str]:
	"""The agreements that tickets of a DocType can be under."""
	of = agreement_doctype(doctype)
	return frappe.get_all(of, filters={"enabled": 1}, pluck="name", order_by="name") if of else []


def _fields(what: str) -> Iterator[Any]:
	"""The fields in which this site's tickets, of whatever DocType, have their team or customer (`what`)."""
	others = [row.reference_doctype for row in frappe.get_cached_doc(SETTINGS).sources]
	for doctype in dict.fromkeys([*KNOWN, *others]):
		name = getattr(source(doctype), what) if frappe.db.exists("DocType", doctype) else ""
		if field := frappe.get_meta(doctype).get_field(name) if name else None:
			yield field


def canonical_name(what: str, value: str) -> str:
	"""A team or customer (`what`) as this site's tickets have it; empty where no ticket can. Free text can be any."""
	for field in _fields(what):
		if field.fieldtype == "Link":
			value_there = frappe.db.exists(field.options, value)  # the database may not mind capitals
		else:
			value_there = value if value in _options(field) or field.fieldtype != "Select" else ""
		if value_there:
			return str(value_there)
	return ""


def linked_doctypes(what: str) -> set[str]:
	"""The DocTypes whose documents are the teams or customers (`what`) of this site's tickets."""
	return {field.options for field in _fields(what) if field.fieldtype == "Link"}


def options(what: str) -> list[str]:
	"""The teams or customers (`what`) that this site's tickets can have, as far as they can be told."""
	return list(dict.fromkeys(name for field in _fields(what) for name in _options(field)))


def _options(field: Any) -> list[str]:
	"""What can be chosen in a field of a ticket."""
	if field.fieldtype == "Link":
		order = "integer_value" if frappe.get_meta(field.options).has_field("integer_value") else "name"
		return frappe.get_all(field.options, pluck="name", order_by=order, limit_page_length=500)
	if field.fieldtype == "Select":
		return [option for option in (field.options or "").split("\n") if option]
	return []


def choices(doctype: str) -> dict[str, list[str]]:
	"""What a plan may ask for: {"priority" | "team" | "ticket_type" | "customer" | "agreement": names}, and user fields."""
	src = source(doctype)
	meta = frappe.get_meta(doctype)
	found = {}
	for what in ("priority", "team", "ticket_type", "customer"):
		field = meta.get_field(getattr(src, what)) if getattr(src, what) else None
		found[what] = _options(field) if field else []
	links = meta.get("fields", {"fieldtype": "Link", "options": "User"})
	found["agreement"] = agreements(doctype)
	found["user_field"] = ["owner", *[field.fieldname for field in links]]
	found["step_team"] = (
		frappe.get_all(HD_TEAM, pluck="name", order_by="name") if frappe.db.exists("DocType", HD_TEAM) else []
	)
	return found
