"""Whom a step reaches: targets resolved to people, and people to addresses, at the moment the step runs.

Everything is read once for a whole set of action items; one person's missing number stops no other.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import frappe
from frappe import _

from escalation_mgmt import notifiers
from escalation_mgmt.engine import (
	OF_TEAM,
	Plan,
	Reach,
	Recipient,
	Step,
	TargetKind,
	Ticket,
	TicketKey,
	Unreachable,
)
from escalation_mgmt.facts import acts, managers, sources, tickets
from escalation_mgmt.facts.turns import Turns
from escalation_mgmt.notifiers.base import CannotReach, Notifier, Person
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import CONTACT
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.masking import masked
from escalation_mgmt.utils.plain_text import cell


class _Nobody(Exception):
	"""A target leads to nobody; the text says why, in words."""


GUEST, ADMINISTRATOR = frappe.STANDARD_USERS  # accounts that every site has


class Directory:
	"""People, teams, roles and methods, as they are when they are first asked for. Make a new one for every set, or every
	second of a burst."""

	def __init__(self) -> None:
		self._notifiers: dict[str, tuple[Notifier | None, str | None]] = {}
		self._people: dict[str, Person | str] = {}
		self._members: dict[tuple[str, ...], list[str]] = {}
		self._addresses: dict[tuple[str, str], str | CannotReach] = {}
		self._bare_addresses: dict[tuple[str, str], tuple[str, str]] = {}
		self._classes = notifiers.classes()
		self.turns = Turns()

	def notifier(self, method: str) -> tuple[Notifier | None, str | None]:
		"""The notifier of a method, and why it can't send now (None: it can)."""
		if method not in self._notifiers:
			self._notifiers[method] = self._make(method)
		return self._notifiers[method]

	def _make(self, method: str) -> tuple[Notifier | None, str | None]:
		if method not in self._classes:
			return None, _("The method {0} is not installed.").format(method)
		try:
			notifier = self._classes[method]()
			return notifier, notifier.not_ready()
		except Exception as e:
			report_error(f"Escalation: {method} can't be used")
			return None, _("{0} can't be used: {1}").format(method, masked(str(e)[:200]))

	def methods(self) -> list[str]:
		"""Every method there is, in the order of the hooks."""
		return list(self._classes)

	def by_urgency(self, method: str) -> list[str]:
		"""Every method there is, those first that wake somebody no less surely than this one, of those the surest; then the rest,
		likewise."""
		urgency = {name: cls.urgency for name, cls in self._classes.items()}
		least = urgency.get(method, 0)
		return sorted(urgency, key=lambda name: (urgency[name] < least, -urgency[name]))

	def person(self, user: str) -> Person | str:
		"""The person, or why nobody can be reached under that name."""
		if user not in self._people:
			self.read([user])
		return self._people[user]

	def read(self, users: Iterable[str]) -> None:
		"""Read many users and contacts at once."""
		wanted = [user for user in dict.fromkeys(users) if user and user not in self._people]
		if not wanted:
			return
		# A contact is found by its user, never by its name: that stays as it was when the user is renamed.
		found = frappe.db.sql(
			"select u.`name`, u.`full_name`, u.`email`, u.`enabled`, c.`enabled` as contact_enabled, c.`email` as own_email,"
			" c.`email_verified`, c.`mobile_no`, c.`mobile_verified`, c.`sms_stopped`,"
			" coalesce(nullif(c.`language`, ''), u.`language`) as language,"
			" coalesce(nullif(c.`time_zone`, ''), u.`time_zone`) as time_zone"
			f" from `tabUser` u left join `tab{CONTACT}` c on c.`user` = u.`name`"
			f" where u.`name` in ({rows.placeholders(wanted)})",
			tuple(wanted),
			as_dict=True,
		)
		by_name = {row.name: row for row in found}
		for user in wanted:
			self._people[user] = _person(by_name.get(user))

	def reach(self, step: Step, ticket: tickets.Tickets, key: TicketKey, plan: Plan) -> Reach:
		"""Whom a step of the plan reaches for one ticket, and whom it can't, with the reason for each."""
		try:
			return self._reach(step, ticket, key, plan)
		except Exception as e:
			report_error(f"Escalation: step {step.number} can't be resolved")
			label = self._label(step, plan)
			miss = Unreachable(
				method=step.method, label=label, reason=masked(_told(step, str(e)[:300], label))
			)
			return Reach((), (miss,))

	def _label(self, step: Step, plan: Plan) -> str:
		"""What history may show of a step's target: a bare address is masked for everybody. Others of the plan that would then look
		alike have a number: by its label an item tells who has acknowledged.
		"""
		kind, value = step.target.kind, step.target.value
		if kind is not TargetKind.ADDRESS:
			return value or str(kind)
		address, label = self._bare(step.method, value)
		bare = (
			self._bare(each.method, target.value)
			for each in plan.steps
			for target in each.targets
			if target.kind is TargetKind.ADDRESS
		)
		alike = dict.fromkeys(other for other, theirs in bare if theirs == label)
		number = [*alike, address].index(address) + 1
		return label if number == 1 else f"{label} ({number})"

	def _bare(self, method: str, value: str) -> tuple[str, str]:
		"""A bare address as its method writes it, where that reaches it, and masked."""
		if (method, value) not in self._bare_addresses:
			notifier, _why = self.notifier(method)
			address = value
			with suppress(Exception):
				address = notifier.check_address(value) if notifier else value
			self._bare_addresses[method, value] = (
				address,
				cell(notifier.mask(address), 130) if notifier else method,
			)
		return self._bare_addresses[method, value]

	def _reach(self, step: Step, ticket: tickets.Tickets, key: TicketKey, plan: Plan) -> Reach:
		kind = step.target.kind
		if kind in (TargetKind.ADDRESS, TargetKind.ENDPOINT):
			return self._reach_address(step, self._label(step, plan))
		try:
			if kind in OF_TEAM:
				return self._reach_team(step, step.target.value or ticket[key].facts.team)
			users = self._users(step, ticket, key)
		except _Nobody as e:
			miss = Unreachable(method=step.method, label=_(str(kind)), reason=str(e))
			return Reach((), (miss,))
		return self._reach_people(step, users)

	def _users(self, step: Step, ticket: tickets.Tickets, key: TicketKey) -> list[str]:
		"""Whom a step goes to that names no team. Raises _Nobody."""
		value = step.target.value
		match step.target.kind:
			case TargetKind.USER:
				return [value]
			case TargetKind.ASSIGNEE:
				if users := list(ticket[key].assignees):
					return users
				raise _Nobody(_("The ticket is assigned to nobody."))
			case TargetKind.MANAGER:
				if users := self._managers(ticket[key]):
					return users
				raise _Nobody(_no_manager(ticket[key]))
			case TargetKind.ROLE:
				if users := self._role(value):
					return users
				raise _Nobody(_nobody_has(value))
			case _:
				if user := ticket.field(key, value):
					return [user]
				raise _Nobody(_("The ticket's field {0} is empty.").format(value))

	def _reach_team(self, step: Step, team: str) -> Reach:
		"""All of a team, those who are available, or the one whose turn it is: of those whom the method reaches, and who are
		available. While nobody is, a turn goes to the step's second target; where there is none, it goes on as ever.
		"""
		if not team:
			raise _Nobody(_("The ticket has no team."))
		if not (users := self._team(team)):
			raise _Nobody(_("The team {0} has no members.").format(team))
		kind = step.target.kind
		if kind is TargetKind.TEAM:
			return self._reach_people(step, users)
		away = self._once(("away", team), lambda: sorted(sources.unavailable(users)))
		available = [user for user in users if user not in away]
		if kind is TargetKind.AVAILABLE:
			if not available:
				raise _Nobody(_("Nobody of the team {0} is available.").format(team))
			return self._reach_people(step, available)
		found = self._reach_people(step, available)
		is_last = step.second in (None, step.target)
		if not found.recipients and away and is_last:
			found = self._reach_people(step, users)
		if not available and not is_last:
			raise _Nobody(_("Nobody of the team {0} is available.").format(team))
		return self._next_of(found, team)

	def _next_of(self, found: Reach, team: str) -> Reach:
		"""Of those who are reached the one whose turn it is; that others of the team aren't is no matter then."""
		by_user = {to.user: to for to in found.recipients}
		if not by_user:
			return found
		return Reach((replace(by_user[self.turns.next_of(team, by_user)], turn=team),))

	def _managers(self, ticket: Ticket) -> list[str]:
		users, team = ticket.assignees, ticket.facts.team
		return self._once(("manager", *users, team), lambda: managers.of(users, team))

	def _reach_address(self, step: Step, label: str) -> Reach:
		notifier, why = self.notifier(step.method)
		address = step.target.value
		try:
			if why or not notifier:
				raise CannotReach(why)
			address = notifier.check_address(address)
		except CannotReach as e:
			reason = masked(_told(step, str(e), label))
			return Reach((), (Unreachable(method=step.method, label=label, reason=reason),))
		endpoint = address if notifier.to_endpoints else ""
		return Reach((Recipient(method=step.method, address=address, label=label, endpoint=endpoint),))

	def _reach_people(self, step: Step, users: list[str]) -> Reach:
		if step.act:
			return self._assignable(step, users)
		notifier, why = self.notifier(step.method)
		self.read(users)
		recipients: list[Recipient] = []
		missed: list[Unreachable] = []
		for user in dict.fromkeys(users):
			person = self.person(user)
			label = person.name if isinstance(person, Person) else user
			try:
				if not isinstance(person, Person):
					raise CannotReach(person)
				if why or not notifier:
					raise CannotReach(why)
				address = self._address(notifier, person)
				recipients.append(Recipient(method=step.method, address=address, label=label, user=user))
			except CannotReach as e:
				missed.append(Unreachable(method=step.method, label=label, reason=masked(str(e)), user=user))
		return Reach(tuple(recipients), tuple(missed))

	def _assignable(self, step: Step, users: list[str]) -> Reach:
		"""To whom a ticket can be assigned: nobody is told by it, so no address is asked for."""
		called = dict(names(users))
		why = {user: acts.unassignable(user) for user in dict.fromkeys(users)}
		given = {user: called.get(user) or user for user in why}
		method = step.method
		return Reach(
			tuple(
				Recipient(method=method, address="", label=given[user], user=user)
				for user in why
				if not why[user]
			),
			tuple(
				Unreachable(method=method, label=given[user], reason=reason, user=user)
				for user, reason in why.items()
				if reason
			),
		)

	def quiet_way_to(self, user: str) -> Recipient | None:
		"""The first method by which a person can be told something without being called; None: there is none."""
		quiet = (method for method, cls in self._classes.items() if cls.carries_notices)
		return next(self._ways_to(user, quiet), None)

	def methods_to(self, user: str, methods: Iterable[str]) -> list[str]:
		"""By which of these methods a person can be reached now."""
		return [recipient.method for recipient in self._ways_to(user, methods)]

	def _ways_to(self, user: str, methods: Iterable[str]) -> Iterator[Recipient]:
		person = self.person(user)
		if not isinstance(person, Person):
			return
		for method in methods:
			notifier, why = self.notifier(method)
			if not notifier or why:
				continue
			with suppress(CannotReach):
				address = self._address(notifier, person)
				yield Recipient(method=method, address=address, label=person.name, user=user)

	def why_untold(self, user: str) -> str:
		"""Why nothing can be told quietly to a user, or to a bare address, by its label."""
		known = self.person(user) if frappe.db.exists("User", user) else None
		return known if isinstance(known, str) else _("There is no quiet method by which to tell them.")

	def _address(self, notifier: Notifier, person: Person) -> str:
		"""A person's address for a method, looked at once. Raises CannotReach."""
		key = (notifier.method, person.user)
		if key not in self._addresses:
			try:
				self._addresses[key] = notifier.address_of(person)
			except CannotReach as e:
				self._addresses[key] = e
		found = self._addresses[key]
		if isinstance(found, CannotReach):
			raise found
		return found

	def _team(self, team: str) -> list[str]:
		return self._once(("team", team), lambda: sources.team_members(team))

	def _role(self, role: str) -> list[str]:
		def read() -> list[str]:
			holders = frappe.get_all(
				"Has Role", filters={"role": role, "parenttype": "User"}, pluck="parent", order_by="parent"
			)
			return sorted(user for user, _name in names(holders))

		return self._once(("role", role), read)

	def _once(self, key: tuple[str, ...], read: Callable[[], list[str]]) -> list[str]:
		if key not in self._members:
			self._members[key] = read()
		return self._members[key]


def _told(step: Step, reason: str, label: str) -> str:
	"""A reason without the bare address that it may quote."""
	value = step.target.value
	bare = step.target.kind is TargetKind.ADDRESS and value
	return reason.replace(value, label) if bare else reason


def names(users: Iterable[str]) -> list[tuple[str, str]]:
	"""The enabled ones of these users with their names, by name: [(user, name)]. People of the desk; no customers, and no
	account behind which nobody sits.
	"""
	nobodies = {GUEST} if frappe.db.exists(CONTACT, {"user": ADMINISTRATOR}) else {GUEST, ADMINISTRATOR}
	found = frappe.get_all(
		"User",
		filters={
			"name": ("in", list({*users} - nobodies) or [""]),
			"enabled": 1,
			"user_type": "System User",
		},
		fields=["name", "full_name"],
		order_by="full_name, name",
	)
	return [(row.name, cell(row.full_name, 140) or row.name) for row in found]


def full_names(users: Iterable[str]) -> dict[str, str]:
	"""What people are called today, by user; without those that are no users any more: history knows what they were called."""
	found = frappe.get_all(
		"User", filters={"name": ("in", [*users] or [""])}, fields=["name", "full_name"], order_by="name"
	)
	return {user.name: cell(user.full_name, 140) for user in found if user.full_name}


def nobody_behind(user: str) -> str:
	"""Why nobody sits behind an account, in words that say what to do; empty: somebody does."""
	row = frappe.db.get_value("User", user, ["name", "enabled"], as_dict=True) if user else None
	if row:
		row.contact_enabled = frappe.db.get_value(CONTACT, {"user": user}, "enabled")
	return _nobody(row)


def _nobody(row: Any) -> str:
	"""Of a user's row; `contact_enabled` is None where they have no Escalation Contact.

	Administrator comes with every site, and its address with Frappe. But whoever made a contact for it sits there.
	"""
	if not row:
		return _("There is no such user.")
	if row.name == GUEST:
		return _("Guest is whoever isn't logged in. Choose a person.")
	if row.name == ADMINISTRATOR and row.contact_enabled is None:
		return _(
			"Nobody sits behind the account Administrator. Choose a person, or make an Escalation Contact for it."
		)
	return "" if row.enabled else _("The user is disabled.")


def _no_manager(ticket: Ticket) -> str:
	"""Why nobody is known to be the manager of whom a ticket is assigned to, and what to do about it."""
	assigned, team = ", ".join(name for _user, name in names(ticket.assignees)), ticket.facts.team
	if not ticket.assignees and not team:
		return _("The ticket is assigned to nobody, and has no team.")
	if not assigned:
		return _("The ticket is assigned to nobody, and the team {0} names no lead.").format(team)
	if not frappe.db.exists("DocType", managers.EMPLOYEE):
		return _(
			"Nobody says who the manager of {0} is. Give teams a field that links to their lead, or the step a second target."
		).format(assigned)
	return _(
		"Nobody says who the manager of {0} is: no Employee record does, under Reports to, and no team names its lead."
	).format(assigned)


def _nobody_has(role: str) -> str:
	if frappe.db.exists("Has Role", {"role": role, "parenttype": "User", "parent": ADMINISTRATOR}):
		return _("Only Administrator has the role {0}, and nobody sits behind that account.").format(role)
	return _("No enabled user has the role {0}.").format(role)


def _person(row: Any) -> Person | str:
	"""Of a user's row with what their Escalation Contact says; `contact_enabled` is None where they have none."""
	if nobody := _nobody(row):
		return nobody
	if row.contact_enabled == 0:
		return _("The Escalation Contact is switched off.")
	log_in = not row.own_email or row.own_email == row.email  # proven to be theirs
	return Person(
		user=row.name,
		name=cell(row.full_name, 140) or row.name,
		email=row.email if log_in else row.own_email,
		email_verified=log_in or bool(row.email_verified),
		mobile_no=row.mobile_no or "",
		mobile_verified=bool(row.mobile_verified),
		sms_stopped=bool(row.sms_stopped),
		language=row.language or "",
		time_zone=row.time_zone or "",
	)


def language_and_zone(user: str | None) -> tuple[str, str]:
	"""In which language and time zone a user reads, as their contact says, else their account; empty where neither does."""
	found: dict[str, str] = {}
	for doctype, names in ((CONTACT, {"user": user}), ("User", user)):
		row = user and frappe.db.get_value(doctype, names, ["language", "time_zone"], as_dict=True)
		for key, value in (row or {}).items():
			found[key] = found.get(key) or value or ""
	return found.get("language", ""), found.get("time_zone", "")
