"""Where somebody who can't be reached is put right: one place to go to, for each of the reasons there are."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import frappe
from frappe import _

from escalation_mgmt.engine import Step, TargetKind, Ticket, Unreachable
from escalation_mgmt.facts import sources
from escalation_mgmt.facts.people import GUEST, Directory
from escalation_mgmt.notifiers.base import Person
from escalation_mgmt.utils import public_address
from escalation_mgmt.utils.doctypes import CONTACT, ENDPOINT, PLAN, SETTINGS


@dataclass(frozen=True, slots=True)
class Remedy:
	"""A document to go to. Without a name: its list; with `given`: a new one that begins with it. No DocType: no link."""

	label: str
	doctype: str = ""
	name: str = ""
	given: dict[str, Any] = field(default_factory=dict)

	path: str = field(init=False, default="")  # within this site

	def __post_init__(self) -> None:
		if self.doctype:
			name = self.name or ("new" if self.given else "")
			query = f"?{urlencode(self.given)}" if self.given else ""
			path = public_address.path_of_form(self.doctype, name).rstrip("/") + query
			object.__setattr__(self, "path", path)

	@property
	def url(self) -> str:
		return public_address.public_url(self.path) if self.path else ""


def settings() -> Remedy:
	return Remedy(_("Escalation Settings"), SETTINGS, SETTINGS)


def plan(name: str) -> Remedy:
	return Remedy(_("Open the plan"), PLAN, name)


def method(name: str, directory: Directory) -> Remedy:
	"""Where a method that isn't set up is."""
	notifier, _why = directory.notifier(name)
	place = notifier.set_up_in if notifier else SETTINGS
	return Remedy(_(place), place, place if frappe.get_meta(place).issingle else "")


def person(user: str) -> Remedy:
	"""Where a person's ways are."""
	if contact := frappe.db.exists(CONTACT, {"user": user}):
		return Remedy(_("Open their contact"), CONTACT, contact)
	return Remedy(_("Make a contact for them"), CONTACT, given={"user": user})


def of(step: Step, miss: Unreachable, directory: Directory, ticket: Ticket) -> Remedy:
	"""The remedy for one whom a step can't reach."""
	known = directory.person(miss.user) if miss.user else None
	if miss.user and not isinstance(known, Person):
		return _of_no_person(miss.user)
	if directory.notifier(step.method)[1]:
		return method(step.method, directory)
	if miss.user:
		return person(miss.user)
	kind, value = step.target.kind, step.target.value
	if kind is TargetKind.ENDPOINT:
		return Remedy(_("Open the endpoint"), ENDPOINT, value)
	if kind is TargetKind.ROLE:
		return Remedy(_("Open the role"), "Role", value)
	if kind is TargetKind.TEAM and (team := value or ticket.facts.team):
		return Remedy(_("Open the team"), sources.HD_TEAM, team)
	if kind is TargetKind.ADDRESS:
		return Remedy(_("Change the address in the plan's step"))
	if ticket.name:
		return Remedy(_("Open the ticket"), ticket.doctype, ticket.name)
	if kind is TargetKind.ASSIGNEE:
		return Remedy(_("Say whom the ticket is assigned to"))
	if kind is TargetKind.TEAM:
		return Remedy(_("Say which team the ticket has"))
	return Remedy(_("Try it with an existing ticket"))


def _of_no_person(user: str) -> Remedy:
	enabled = frappe.db.get_value("User", user, "enabled")
	if enabled is None:
		return Remedy(_("Choose somebody else in the plan"))
	if user == GUEST:
		return Remedy(_("Choose somebody else in the plan"))
	return person(user) if enabled else Remedy(_("Open the user"), "User", user)
