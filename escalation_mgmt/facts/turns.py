"""Whose turn it is in a team: the member whom we chose least recently. `storage.turns` writes who was chosen."""

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import count
from typing import Any

import frappe

from escalation_mgmt.engine import Decision
from escalation_mgmt.utils.doctypes import TURN


class Turns:
	"""Who of which team was chosen when: as it is stored, and by what was decided since this was made."""

	def __init__(self) -> None:
		self._teams: dict[str, dict[str, tuple[int, Any]]] = {}
		self._counted = count()

	def next_of(self, team: str, users: Collection[str]) -> str:
		"""The one of these users, who are in the team's order, who was chosen least recently: never, first of all."""
		if team not in self._teams:
			self._teams[team] = {user: (1, at) for user, at in stored([team]).get(team, {}).items()}
		chosen = self._teams[team]
		return min(users, key=lambda user: chosen.get(user, (0, 0)))

	def took(self, decision: Decision) -> None:
		"""What is decided next is decided with this in mind, though nothing of it is written yet."""
		for team, user in chosen_by(decision):
			self._teams.setdefault(team, {})[user] = (2, next(self._counted))


def chosen_by(decision: Decision) -> Iterable[tuple[str, str]]:
	"""Who was next in turn by a decision: (team, user)."""
	pages = [(page.recipient.turn, page.recipient.user) for page in decision.pages]
	deeds = [(deed.turn, deed.user) for deed in decision.deeds]
	return dict.fromkeys((team, user) for team, user in pages + deeds if team)


def stored(teams: Iterable[str]) -> dict[str, dict[str, datetime]]:
	"""When who was chosen last (UTC): {team: {user: instant}}. Of one who has two rows, by a merge, the later counts."""
	found: dict[str, dict[str, datetime]] = {}
	for team in dict.fromkeys(teams):
		rows = frappe.db.sql(f"select `user`, `chosen_utc` from `tab{TURN}` where `team` = %s", (team,))
		of = found.setdefault(team, {})
		for user, at in rows:
			of[user] = max(at, of.get(user, at))
	return found
