"""Whose messages are refused for good, and by which method and provider."""

from collections import defaultdict
from typing import Any

import frappe

from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.views.figures.asked import Asked
from escalation_mgmt.views.figures.messages import of_items
from escalation_mgmt.views.figures.outcomes import NOT_HANDED, OF_STATE

SHARE = 10
"""Percent of the messages that were handed over: where fewer are refused, nothing is said."""


def refused(asked: Asked, at_least: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
	"""Whose pages by a method, and whose pages by a method and provider, were refused for good so often, and `SHARE` of those that
	were handed over or more. Of the first `user` or `endpoint` (else neither), `name`, `method`, `failed`, `of`; of the second `method`,
	`provider`, `failed`, `of`, `people`: whom they were refused. What is refused to one alone says nothing of the provider.
	"""
	people: dict[tuple[str, ...], _Messages] = defaultdict(_Messages)
	providers: dict[tuple[str, ...], _Messages] = defaultdict(_Messages)
	for user, endpoint, name, method, provider, status, count in _tally(asked):
		if OF_STATE[MessageState(status)] in NOT_HANDED:
			continue
		whom = (user, endpoint, "" if user or endpoint else name)
		for messages in (people[*whom, method], providers[method, provider]):
			messages.add(whom, name, count, failed=status == MessageState.FAILED)
	return [
		{
			"user": key[0],
			"endpoint": key[1],
			"method": key[3],
			"name": of.name,
			"failed": of.failed,
			"of": of.count,
		}
		for key, of in sorted(people.items())
		if of.fails(at_least)
	], [
		{"method": key[0], "provider": key[1], "failed": of.failed, "of": of.count, "people": len(of.refused)}
		for key, of in sorted(providers.items())
		if of.fails(at_least) and len(of.refused) > 1
	]


class _Messages:
	def __init__(self) -> None:
		self.count = self.failed = 0
		self.name = ""
		self.refused: set[tuple[str, ...]] = set()

	def add(self, whom: tuple[str, ...], name: str, count: int, *, failed: bool) -> None:
		self.count += count
		self.name = max(self.name, name)
		if failed:
			self.failed += count
			self.refused.add(whom)

	def fails(self, at_least: int) -> bool:
		return self.failed >= max(at_least, 1) and 100 * self.failed >= SHARE * self.count


def _tally(asked: Asked) -> Any:
	whom = "coalesce(page.`user`, ''), coalesce(page.`endpoint`, ''), coalesce(page.`recipient`, '')"
	by = f"{whom}, page.`method`, coalesce(page.`provider`, ''), page.`status`"
	sql = f"select {by}, count(*) from {of_items(asked)} group by {by}"
	return frappe.db.sql(sql, (*asked.values, Purpose.PAGE))
