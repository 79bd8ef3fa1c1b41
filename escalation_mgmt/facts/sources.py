"""The sources of a ticket's facts: which fields of a DocType say what, and what this site can choose in them.

The one file that knows HD Ticket's field names, and those of other ticket DocTypes.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint

from escalation_mgmt.engine import MatchFacts, StatusCategory, TicketFilter
from escalation_mgmt.facts import field_types, ticket_doctypes
from escalation_mgmt.facts.conditions import columns
from escalation_mgmt.utils.doctypes import SETTINGS

HD_TICKET = "HD Ticket"
HD_PRIORITY = "HD Ticket Priority"
HD_TEAM = "HD Team"
HD_AGENT = "HD Agent"

# Where a site names its priorities in words alone. Known words only: an unknown one is never "raised".
LEVELS = {
	"lowest": 10, "low": 20, "minor": 20, "normal": 40, "medium": 40, "moderate": 40,
	"high": 60, "major": 60, "highest": 80, "urgent": 80, "critical": 100, "blocker": 100,
}  # fmt: skip

_AGENT_ROLES = ("Agent", "Agent Manager")

_NOT_AVAILABLE = ("Away", "Unavailable")

MOST_URGENT = 1_000_000  # above any integer_value
# What Helpdesk named by a number up to 1.28 it names by a word later; a number that is remembered means the same after that.
NUMBERS_OF_LEVELS = {"Urgent": 100, "High": 200, "Medium": 300, "Low": 400}


@dataclass(frozen=True, slots=True)
class ActivityLog:
	"""Where a helpdesk keeps the activity of its tickets, and in which fields: the ticket's name, the text."""

	doctype: str
	ticket: str
	text: str


@dataclass(frozen=True, slots=True)
class Comments:
	"""Where a helpdesk keeps what agents write to each other on a ticket, and in which fields: the ticket's name, the text, who wrote."""

	doctype: str
	ticket: str
	text: str
	by: str


@dataclass(frozen=True, slots=True)
class HelpdeskPages:
	"""The pages of an app on which agents, and customers, read a ticket: paths of this site, {0} stands for its name."""

	app: str
	agents: str
	customers: str


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
	resolution_by: str = ""
	held: str = ""  # so many seconds it has waited for the customer, as its agreement counts them
	held_since: str = ""  # since when it waits for the customer now
	resolved_on: str = ""  # when it was resolved or closed, as it stands
	first_response: str = ""
	last_reply: str = ""  # when an agent last replied, by the DocType itself
	split_from: str = ""
	raised_by: str = ""  # the email address of the customer
	agreement: str = ""  # a link to the service level agreement that the ticket is under
	resolved: frozenset[str] = frozenset({"Resolved", "Closed"})
	paused: frozenset[str] = frozenset()
	activity: ActivityLog | None = None  # None: comments
	comments: Comments | None = None  # None: Frappe's own
	pages: HelpdeskPages | None = None  # None: its tickets are read in Desk alone

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
			self.resolution_by,
			self.held,
			self.first_response,
			self.last_reply,
			self.agreement,
		]
		meta, kept = frappe.get_meta(self.doctype), columns(self.doctype)
		existing = [
			field for field in dict.fromkeys(wanted) if field and meta.has_field(field) and field in kept
		]
		return ["name", "creation", "owner", "docstatus", "_assign", *existing]

	@cached_property
	def columns(self) -> tuple[str, ...]:
		"""The same as a statement names them."""
		return tuple(f"`{field}`" for field in self.fields)

	def category_of(self, status: str) -> StatusCategory:
		"""What a status is by itself. Capitals don't matter, because they don't to MariaDB."""
		return self._categories.get(status.casefold(), StatusCategory.OPEN)

	@cached_property
	def _categories(self) -> dict[str, StatusCategory]:
		"""By status, folded: a sweep asks for every ticket. What is named as both is resolved."""
		paused = {word.casefold(): StatusCategory.PAUSED for word in self.paused}
		return paused | {word.casefold(): StatusCategory.RESOLVED for word in self.resolved}

	@property
	def deciding(self) -> list[str]:
		"""The columns whose change can change what is to be done."""
		return [field for field in self.fields if field not in ("name", "creation", "owner", self.subject)]

	@cached_property
	def lost(self) -> frozenset[str]:
		"""Of what decides, what was to be read from a field that the DocType has no longer.

		Until it has one, only tickets that are logged open items: of others nobody can say whether they changed.
		"""
		return frozenset(what for what in DECIDING if getattr(self, what) not in ("", *self.fields))

	def kept(self, facts: MatchFacts, before: MatchFacts) -> MatchFacts:
		"""The facts, and what is lost as it was before: a field that is deleted is no change of its tickets."""
		known = {what: getattr(before, what) for what in self.lost - {"status"}}
		if "priority" in known:
			known["level"] = before.level
		return replace(facts, **known) if known else facts

	def filters(self, takes: TicketFilter) -> dict[str, Any]:
		"""What the database can ask for of a plan's filter. Its condition it can't, nor a number's one spelling: whoever asks
		compares the facts of what is found.
		"""
		wanted = {
			self.priority: ("in", sorted(takes.priorities)) if takes.priorities else None,
			self.team: takes.team,
			self.ticket_type: takes.ticket_type,
			self.customer: takes.customer,
		}
		return {
			column: value
			for column, value in wanted.items()
			if column in self.fields and value and not field_types.is_number(self.field(column))
		}

	def field(self, fieldname: str) -> Any:
		"""The DocField of that name; None: there is none."""
		return frappe.get_meta(self.doctype).get_field(fieldname) if fieldname else None


KNOWN = {
	HD_TICKET: Source(
		doctype=HD_TICKET,
		team="agent_group",
		ticket_type="ticket_type",
		customer="customer",
		category="status_category",
		merged_into="merged_with",
		response_by="response_by",
		resolution_by="resolution_by",
		held="total_hold_time",
		held_since="on_hold_since",
		resolved_on="resolution_date",
		first_response="first_responded_on",
		last_reply="last_agent_response",
		split_from="ticket_split_from",
		raised_by="raised_by",
		agreement="sla",
		paused=frozenset({"Replied"}),  # where an old Helpdesk has no category
		activity=ActivityLog("HD Ticket Activity", ticket="ticket", text="action"),
		comments=Comments("HD Ticket Comment", ticket="reference_ticket", text="content", by="commented_by"),
		pages=HelpdeskPages("helpdesk", agents="/helpdesk/tickets/{0}", customers="/helpdesk/my-tickets/{0}"),
	),
	"Issue": Source(
		doctype="Issue",
		ticket_type="issue_type",
		customer="customer",
		response_by="response_by",
		resolution_by="sla_resolution_by",
		held="total_hold_time",
		held_since="on_hold_since",
		resolved_on="sla_resolution_date",
		first_response="first_responded_on",
		raised_by="raised_by",
		agreement="service_level_agreement",
		paused=frozenset({"Replied", "On Hold"}),
	),
}


FIELDS = {
	"subject_field": "subject",
	"priority_field": "priority",
	"team_field": "team",
	"type_field": "ticket_type",
	"customer_field": "customer",
	"status_field": "status",
	"response_by_field": "response_by",
	"resolution_by_field": "resolution_by",
	"first_response_field": "first_response",
}
"""What each column of *Tickets of Other DocTypes* names a field for."""

DECIDING = ("priority", "team", "ticket_type", "customer", "status")


def source(doctype: str) -> Source:
	"""How to read tickets of a DocType. Raises ValidationError where nobody said how, or nobody may."""
	for row in frappe.get_cached_doc(SETTINGS).sources:
		if row.reference_doctype == doctype:
			if refusal := ticket_doctypes.refusal(doctype):
				frappe.throw(refusal)
			return of_row(row)
	if doctype in KNOWN:
		return KNOWN[doctype]
	frappe.throw(
		(frappe.db.exists("DocType", doctype) and ticket_doctypes.refusal(doctype))
		or _("Name the fields of {0} in Escalation Settings, under Tickets of Other DocTypes.").format(
			_(doctype)
		)
	)


def is_source(doctype: str) -> bool:
	"""Whether tickets of a DocType can be read: somebody said how, and may."""
	rows = frappe.get_cached_doc(SETTINGS).sources
	named = doctype in KNOWN or any(row.reference_doctype == doctype for row in rows)
	return named and not ticket_doctypes.refusal(doctype)


def doctypes() -> list[str]:
	"""Every DocType whose tickets can be read on this site."""
	rows = frappe.get_cached_doc(SETTINGS).sources
	named = sorted({*KNOWN, *(row.reference_doctype for row in rows)})
	return [doctype for doctype in named if frappe.db.exists("DocType", doctype) and is_source(doctype)]


def of_row(row: Any) -> Source:
	"""The source that a row of *Tickets of Other DocTypes* describes."""
	found = Source(
		doctype=row.reference_doctype,
		**{what: row.get(column) or "" for column, what in FIELDS.items()},
	)
	status = found.field(found.status)
	return replace(
		found, resolved=_words(status, row.resolved_statuses), paused=_words(status, row.paused_statuses)
	)


def _words(field: Any, text: str | None) -> frozenset[str]:
	"""The lines of a text, as the field's values are spelled; what it can't hold is left out."""
	found = set()
	for line in _lines(text):
		with suppress(ValueError):
			found.add(field_types.canonical(field, line))
	return frozenset(found)


def _lines(text: str | None) -> list[str]:
	return [line.strip() for line in (text or "").splitlines() if line.strip()]


def row_problems(row: Any) -> Iterator[str]:
	"""What is wrong with a row of *Tickets of Other DocTypes*, in words."""
	doctype = row.reference_doctype
	if not doctype or not frappe.db.exists("DocType", doctype):
		yield _("There is no DocType {0}.").format(doctype)
		return
	if refusal := ticket_doctypes.refusal(doctype):
		yield refusal
		return
	src, kept = of_row(row), columns(doctype)
	for column, what in FIELDS.items():
		name, label = getattr(src, what), _(row.meta.get_label(column))
		field = src.field(name)
		if name and (not field or name not in kept):
			yield _("{0} has no field {1} that is kept in the database.").format(_(doctype), name)
		elif field and field.fieldtype not in field_types.FITTING[what]:
			yield _("{0} can't be read from {1}, a field of the type {2}. There are: {3}.").format(
				label, name, _(field.fieldtype), ", ".join(map(_, sorted(field_types.FITTING[what])))
			)
	status = src.field(src.status)
	for line in (*_lines(row.resolved_statuses), *_lines(row.paused_statuses)):
		if not _can_hold(status, line):
			yield _("{0} is no value of {1}, a field of the type {2}. Write one that it can have.").format(
				line, src.status, _(status.fieldtype)
			)


def problems(doctype: str) -> list[str]:
	"""What is wrong with what Escalation Settings say of a DocType, in words; [] where they say nothing."""
	rows = [row for row in frappe.get_cached_doc(SETTINGS).sources if row.reference_doctype == doctype]
	return [_("Escalation Settings: {0}").format(problem) for row in rows for problem in row_problems(row)]


def _can_hold(field: Any, word: str) -> bool:
	try:
		field_types.canonical(field, word)
	except ValueError:
		return False
	return True


def can_be(doctype: str, what: str, word: str) -> bool:
	"""Whether a ticket can have this priority, team, type or customer (`what`), as far as its field's type says."""
	src = source(doctype)
	return _can_hold(src.field(getattr(src, what)), word)


def canonical_word(doctype: str, what: str, word: str) -> str:
	"""A priority, team, type or customer (`what`) that a person wrote, spelled as the facts of tickets spell it."""
	if not word:
		return ""
	field = None
	with suppress(frappe.ValidationError, ValueError):
		src = source(doctype)
		field = src.field(getattr(src, what))
		word = field_types.canonical(field, word)
	return field_types.as_kept(field, word)


def level(doctype: str, priority: str) -> int:
	"""How urgent a priority is; a greater number is more urgent. 0 where nobody knows."""
	if not priority:
		return 0
	if doctype == HD_TICKET:
		meta = frappe.get_meta(HD_PRIORITY)
		# Helpdesk counts the other way: Urgent is 100, Low is 400.
		if meta.has_field("integer_value"):
			return MOST_URGENT - cint(frappe.get_cached_value(HD_PRIORITY, priority, "integer_value"))
		if meta.has_field("level"):
			word = frappe.get_cached_value(HD_PRIORITY, priority, "level")
			return MOST_URGENT - NUMBERS_OF_LEVELS[word] if word in NUMBERS_OF_LEVELS else 0
	else:
		src = source(doctype)
		if urgency := field_types.urgency(src.field(src.priority), priority):
			return urgency
	return LEVELS.get(priority.strip().lower(), 0)


def team_members(team: str) -> list[str]:
	"""The users of a team; [] where there is none of that name."""
	if not frappe.db.exists("DocType", HD_TEAM):
		return []
	return frappe.get_all(
		"HD Team Member", filters={"parent": team, "parenttype": HD_TEAM}, pluck="user", order_by="idx"
	)


def team_lead(team: str) -> str:
	"""Whom a team's own document names as its lead: the first of its fields that links to a user (Helpdesk has none; Customize
	Form adds one). Empty: it has none, or names nobody.
	"""
	field = _lead_field()
	return (frappe.db.get_value(HD_TEAM, team, field) if field else "") or ""


def team_has_lead() -> bool:
	"""Whether a team's document has a field for its lead."""
	return bool(_lead_field())


def _lead_field() -> str:
	if not frappe.db.exists("DocType", HD_TEAM):
		return ""
	fields = frappe.get_meta(HD_TEAM).get("fields", {"fieldtype": "Link", "options": "User"})
	return fields[0].fieldname if fields else ""


def unavailable(users: Collection[str]) -> set[str]:
	"""Those of these users who are no active agents, or, where the installed Helpdesk asks agents for it (1.27 and later), have
	said that they are away or unavailable. Who is no agent at all is as available as anybody.
	"""
	if not users or not frappe.db.exists("DocType", HD_AGENT):
		return set()
	field = frappe.get_meta(HD_AGENT).get_field("availability")
	found = frappe.get_all(
		HD_AGENT,
		filters={"user": ("in", sorted(users))},
		fields=["user", "is_active", *(["availability"] if field else [])],
		order_by="user",
	)
	category: dict[str, str] = {}
	if field and field.fieldtype == "Link":  # statuses of the site's own, each of a category
		category = dict(
			frappe.get_all(field.options, fields=["name", "category"], order_by="name", as_list=True)
		)
	said = {row.user: category.get(row.get("availability"), row.get("availability")) for row in found}
	return {row.user for row in found if not row.is_active or said[row.user] in _NOT_AVAILABLE}


def possible_assignees(doctype: str, team: str = "") -> list[str]:
	"""Whom a ticket can be assigned to: its team's members, else every active agent; [] where nobody can say."""
	if team:
		return team_members(team)
	if doctype != HD_TICKET or not frappe.db.exists("DocType", HD_AGENT):
		return []
	return frappe.get_all(HD_AGENT, filters={"is_active": 1}, pluck="user", order_by="user")


def category_of(doctype: str, status: str) -> StatusCategory:
	"""What a status means: a helpdesk says it of each, where its statuses are documents."""
	src = source(doctype)
	field = src.field(src.status)
	if (
		src.category
		and field
		and field.fieldtype == "Link"
		and frappe.get_meta(field.options).has_field("category")
	):
		category = frappe.get_cached_value(field.options, status, "category")
		if category in set(StatusCategory):
			return StatusCategory(category)
	return src.category_of(status)


def values_of(doctype: str, what: str, *, permitted: bool = False) -> list[str]:
	"""What tickets of a DocType can have as their priority, team or status (`what`), as far as it can be told; `permitted`: of
	that, what the present user may choose.
	"""
	src = source(doctype)
	field = src.field(getattr(src, what))
	return _options(field, permitted=permitted) if field else []


def customer_field(doctype: str) -> str:
	"""The field with the email address of whoever raised a ticket; empty: there is none. Frappe's own setting of any DocType
	that makes documents of emails says it, too.
	"""
	meta = frappe.get_meta(doctype)
	names = (source(doctype).raised_by, meta.get("sender_field") or "")
	return next((name for name in names if name and meta.has_field(name)), "")


def mails_customers(doctype: str) -> bool:
	"""Whether what is said to a customer goes out by email: a helpdesk may keep it on its portal alone."""
	if doctype != HD_TICKET or not frappe.db.exists("DocType", "HD Settings"):
		return True
	return not cint(frappe.db.get_single_value("HD Settings", "skip_email_workflow"))


def outgoing_account(doc: Any) -> Any:
	"""The Email Account that a helpdesk answers this ticket from; None: Frappe chooses."""
	return doc.sender_email() if doc.doctype == HD_TICKET and hasattr(doc, "sender_email") else None


def pages_of(doctype: str) -> HelpdeskPages | None:
	"""Where a helpdesk shows the tickets of a DocType on pages of its own, however this site reads their fields; None: it doesn't,
	or it isn't installed.
	"""
	known = KNOWN.get(doctype)
	pages = known.pages if known else None
	return pages if pages and pages.app in frappe.get_installed_apps() else None


def agents(users: Collection[str]) -> set[str]:
	"""Those of these users who work on Helpdesk's own pages: by a role of an agent, or as an active agent. One who was made
	inactive doesn't, nor does Administrator, who has every role.
	"""
	if not users or not frappe.db.exists("DocType", HD_AGENT):
		return set()
	with_role = frappe.get_all(
		"Has Role",
		filters={"role": ("in", _AGENT_ROLES), "parenttype": "User", "parent": ("in", sorted(users))},
		pluck="parent",
		order_by="parent",
	)
	found = frappe.get_all(
		HD_AGENT, filters={"user": ("in", sorted(users))}, fields=["user", "is_active"], order_by="user"
	)
	listed = {row.user: row.is_active for row in found}
	agents = {*with_role, *listed} - {"Administrator"}
	return {user for user in agents if listed.get(user, 1)}


def works_on(doctype: str, user: str) -> bool:
	"""Whether a user works on tickets of a DocType: in a helpdesk its customers have a right to write, too, of what is theirs."""
	if not pages_of(doctype):
		return True
	return bool(agents([user])) or "System Manager" in frappe.get_roles(user)


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
		if frappe.db.exists("DocType", doctype) and not ticket_doctypes.refusal(doctype):
			src = source(doctype)
			if field := src.field(getattr(src, what)):
				yield field


def canonical_name(what: str, value: str) -> str:
	"""A team or customer (`what`) as this site's tickets have it; empty where no ticket can. Free text can be any."""
	for field in _fields(what):
		if field.fieldtype == "Link":
			value_there = frappe.db.exists(field.options, value)  # the database may not mind capitals
		elif field_types.is_number(field):
			value_there = field_types.canonical(field, value) if _can_hold(field, value) else ""
		else:
			value_there = value if value in _options(field) or field.fieldtype != "Select" else ""
		if value_there:
			return str(value_there)
	return ""


def options(what: str) -> list[str]:
	"""The teams or customers (`what`) that this site's tickets can have, as far as they can be told."""
	return list(dict.fromkeys(name for field in _fields(what) for name in _options(field)))


def _options(field: Any, *, permitted: bool = False) -> list[str]:
	"""What can be chosen in a field of a ticket; `permitted`: of that, what the present user may."""
	if field.fieldtype == "Link":
		names = _names(field.options, permitted, order_by="name", limit=500)
		if field.options == HD_PRIORITY:  # the most urgent first
			names.sort(key=lambda name: -level(HD_TICKET, name))
		return names
	if field.fieldtype == "Select":
		return [option for option in (field.options or "").split("\n") if option]
	return field_types.options(field)


def _names(doctype: str, permitted: bool, **more: Any) -> list[str]:
	found = frappe.get_all(doctype, pluck="name", **more)
	if not permitted:
		return found
	if not (frappe.has_permission(doctype, "select") or frappe.has_permission(doctype, "read")):
		return []
	theirs = frappe.get_list(doctype, filters={"name": ("in", found)}, pluck="name", order_by="name")
	return [name for name in found if name in theirs]


def choices(doctype: str, *, permitted: bool = False) -> dict[str, list[str]]:
	"""What a plan may ask for: {"priority" | "team" | "ticket_type" | "customer" | "agreement": names}, and user fields.

	`permitted`: of that, what the present user may choose.
	"""
	src = source(doctype)
	found = {}
	for what in ("priority", "team", "ticket_type", "customer"):
		field = src.field(getattr(src, what))
		found[what] = _options(field, permitted=permitted) if field else []
	links = frappe.get_meta(doctype).get("fields", {"fieldtype": "Link", "options": "User"})
	of = agreement_doctype(doctype)
	found["agreement"] = _names(of, permitted, filters={"enabled": 1}, order_by="name") if of else []
	found["user_field"] = ["owner", *[field.fieldname for field in links]]
	teams = frappe.db.exists("DocType", HD_TEAM)
	found["step_team"] = _names(HD_TEAM, permitted, order_by="name") if teams else []
	return found


def usual_agreement(doctype: str) -> str:
	"""The agreement that a ticket of a DocType is under if nothing else is said: the default one, else the only one; empty where
	nobody can say.
	"""
	found = agreements(doctype)
	meta = frappe.get_meta(agreement_doctype(doctype)) if found else None
	for field in ("default_sla", "default_service_level_agreement"):
		if meta and meta.has_field(field):
			filters = {"name": ("in", found), field: 1}
			if default := frappe.get_all(meta.name, filters=filters, pluck="name", order_by="name", limit=1):
				return default[0]
	return found[0] if len(found) == 1 else ""
