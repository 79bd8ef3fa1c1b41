"""Where a reader reads a ticket: the one answer for every link that leads to one.

An agent works on Helpdesk's pages, and a customer may be on its portal; both are sent there. Everybody else is sent to the
form in Desk, as Frappe names it; so is whoever isn't known (a bare number or address, an endpoint): that form opens for agents,
too, while Helpdesk's pages are for agents alone.
"""

from collections.abc import Iterable
from urllib.parse import quote

import frappe

from escalation_mgmt.facts import sources
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.public_address import path_of_form, public_url


class TicketPages:
	"""Where these users, and others, read tickets; looked up once, when it is first asked for."""

	def __init__(self, users: Iterable[str | None] = ()) -> None:
		self._asked = {user for user in users if user}
		self._agents: dict[str, bool] = {}
		self._customers: dict[str, bool] = {}

	def path(self, doctype: str, name: str, reader: str | None) -> str:
		"""The page on which a user reads a ticket, as a path of this site; no reader: nobody knows who reads it."""
		if reader and (pages := sources.pages_of(doctype)):
			self._look_up(reader)
			if self._agents[reader]:
				return pages.agents.format(quote(name, safe=""))
			if self._customers[reader]:
				return pages.customers.format(quote(name, safe=""))
		return path_of_form(doctype, name)

	def url(self, doctype: str, name: str, reader: str | None) -> str:
		"""The same page as an address that a phone outside can open."""
		return public_url(self.path(doctype, name, reader))

	def _look_up(self, reader: str) -> None:
		if reader in self._agents:
			return
		users = sorted({*self._asked, reader} - {*self._agents})
		agents, portal = sources.agents(users), _of_the_portal(users)
		self._agents |= {user: user in agents and user not in portal for user in users}
		self._customers |= {user: user in portal for user in users}


def _of_the_portal(users: list[str]) -> set[str]:
	"""Those who have no Desk."""
	sql = f"select `name` from `tabUser` where `name` in ({rows.placeholders(users)}) and `user_type` <> 'System User'"
	return {row[0] for row in frappe.db.sql(sql, tuple(users))}
