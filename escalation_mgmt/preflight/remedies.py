"""Where somebody who can't be reached is put right: what to do, and the place to go to, for each of the reasons there are."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import frappe
from frappe import _

from escalation_mgmt.engine import OF_TEAM, Step, TargetKind, Ticket, Unreachable
from escalation_mgmt.facts import managers, sources
from escalation_mgmt.facts.people import GUEST, Directory
from escalation_mgmt.notifiers.base import Person
from escalation_mgmt.utils import public_address
from escalation_mgmt.utils.doctypes import CONTACT, ENDPOINT, PLAN, SETTINGS


@dataclass(frozen=True, slots=True)
class Remedy:
	"""What is to be done, and the document to go to for it. Without a name: its list; with `given`: a new one that begins with
	it. No DocType: no link, because it is the form that is open.
	"""

	label: str
	doctype: str = ""
	name: str = ""
	given: dict[str, Any] = field(default_factory=dict)
	query: dict[str, str] = field(default_factory=dict)  # of the list: which of them

	path: str = field(init=False, default="")  # within this site

	def __post_init__(self) -> None:
		if self.doctype:
			name = self.name or ("new" if self.given else "")
			asked = self.given or self.query
			query = f"?{urlencode(asked)}" if asked else ""
			path = public_address.path_of_form(self.doctype, name).rstrip("/") + query
			object.__setattr__(self, "path", path)

	@property
	def url(self) -> str:
		return public_address.public_url(self.path) if self.path else ""


def settings(todo: str) -> Remedy:
	return Remedy(todo, SETTINGS, SETTINGS)


def plan(name: str, todo: str) -> Remedy:
	"""In the plan; without a link where it isn't saved yet, because its form is open then."""
	return Remedy(todo, PLAN, name) if frappe.db.exists(PLAN, name) else Remedy(todo)


def method(name: str, directory: Directory) -> Remedy:
	"""Where a method that isn't set up is."""
	notifier, _why = directory.notifier(name)
	place = notifier.set_up_in if notifier else SETTINGS
	return Remedy(_("Set up {0}").format(_(name)), place, place if frappe.get_meta(place).issingle else "")


def person(user: str, by: str = "") -> Remedy:
	"""Where a person's ways are; `by` is the method that doesn't reach them, any quiet one where it isn't named."""
	contact = frappe.db.get_value(CONTACT, {"user": user}, ["name", "enabled"], as_dict=True)
	if contact and not contact.enabled:
		return Remedy(_("Switch their contact on"), CONTACT, contact.name)
	todo = _TODO.get(by, _of_any)()
	if contact:
		return Remedy(todo, CONTACT, contact.name)
	return Remedy(_("Make a contact for them: {0}").format(todo), CONTACT, given={"user": user})


def _of_any() -> str:
	return _("Say how they can be reached")


_TODO = {
	"Email": lambda: _("Enter their email address, and verify it"),
	"SMS": lambda: _("Enter their mobile number, and verify it"),
	"Phone Call": lambda: _("Enter their mobile number, and verify it"),
	"iPhone Notification": lambda: _("Have them add their phone"),
}
"""What somebody whom a method doesn't reach lacks, by the methods of ours."""


def of(step: Step, miss: Unreachable, directory: Directory, ticket: Ticket, plan_name: str) -> Remedy:
	"""The remedy for one whom a step of the plan of that name can't reach."""
	known = directory.person(miss.user) if miss.user else None
	if miss.user and not isinstance(known, Person):
		return _of_no_person(miss.user, step, plan_name)
	if not step.act and directory.notifier(step.method)[1]:
		return method(step.method, directory)
	if miss.user:
		return person(miss.user, step.method)
	return _of_target(step, ticket, plan_name)


def _of_target(step: Step, ticket: Ticket, plan_name: str) -> Remedy:
	"""Where a step's target leads to nobody."""
	kind, value = step.target.kind, step.target.value
	if kind is TargetKind.ENDPOINT:
		return Remedy(_("Enable the endpoint"), ENDPOINT, value)
	if kind is TargetKind.ROLE:
		return Remedy(_("Give somebody the role {0}").format(_(value)), "User")
	if kind is TargetKind.AVAILABLE and (team := value or ticket.facts.team) and sources.team_members(team):
		return plan(plan_name, _("Name a second target in step {0} of the plan").format(step.number))
	if kind is TargetKind.MANAGER:
		return _of_manager(ticket, plan_name, step)
	if kind in OF_TEAM and (team := value or ticket.facts.team):
		return Remedy(_("Add somebody to the team"), sources.HD_TEAM, team)
	if kind is TargetKind.ADDRESS:
		return plan(plan_name, _("Change the address in step {0} of the plan").format(step.number))
	if ticket.name:
		todo = {
			TargetKind.ASSIGNEE: _("Assign the ticket to somebody"),
			**dict.fromkeys(OF_TEAM, _("Give the ticket a team")),
		}
		return Remedy(todo.get(kind) or _("Fill in the field of the ticket"), ticket.doctype, ticket.name)
	if kind is TargetKind.ASSIGNEE:
		return Remedy(_("Have tickets assigned by a rule"), "Assignment Rule")
	return plan(plan_name, _("Choose in step {0} of the plan whom it goes to").format(step.number))


def _of_manager(ticket: Ticket, plan_name: str, step: Step) -> Remedy:
	"""Where it is said who the manager of whoever has the ticket is."""
	if frappe.db.exists("DocType", managers.EMPLOYEE):
		return Remedy(_("Say in their Employee record to whom they report"), managers.EMPLOYEE)
	if ticket.facts.team and sources.team_has_lead():
		return Remedy(_("Name the team's lead"), sources.HD_TEAM, ticket.facts.team)
	return plan(plan_name, _("Name a second target in step {0} of the plan").format(step.number))


def _of_no_person(user: str, step: Step, plan_name: str) -> Remedy:
	enabled = frappe.db.get_value("User", user, "enabled")
	if enabled is None or user == GUEST:
		return plan(plan_name, _("Choose somebody else in step {0} of the plan").format(step.number))
	return person(user, step.method) if enabled else Remedy(_("Enable the user"), "User", user)
