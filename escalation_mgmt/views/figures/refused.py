"""Whose messages are refused for good, and by which method and provider."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import frappe

from escalation_mgmt.facts import people
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils.doctypes import NOTIFICATION
from escalation_mgmt.utils.rows import placeholders
from escalation_mgmt.views.figures.asked import Asked, unsorted
from escalation_mgmt.views.figures.messages import of_items
from escalation_mgmt.views.figures.outcomes import NOT_HANDED, OF_STATE

SHARE = 10
"""Percent of the messages that were handed over: where fewer are refused, nothing is said."""


_USER, _ENDPOINT = 1, 2


def refused(asked: Asked, at_least: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
	"""Whose pages by a method, and whose pages by a method and provider, were refused for good so often, and `SHARE` of those that
	were handed over or more. Of the first `user` or `endpoint` (else neither), `name`, `method`, `failed`, `of`; of the second `method`,
	`provider`, `failed`, `of`, `people`: whom they were refused. What is refused to one alone says nothing of the provider.
	"""
	recipients: dict[tuple[Any, ...], _Messages] = defaultdict(_Messages)
	providers: dict[tuple[Any, ...], _Messages] = defaultdict(_Messages)
	for who, kind, name, method, provider, failed, count in _tally(asked):
		for messages in (recipients[who, kind, method], providers[method, provider]):
			messages.add((who, kind), name, count, failed=failed)
	called = people.full_names([who for who, kind, _method in recipients if kind == _USER])
	return [
		{
			"user": key[0] if key[1] == _USER else "",
			"endpoint": key[0] if key[1] == _ENDPOINT else "",
			"method": key[2],
			"name": called.get(key[0], of.name) if key[1] == _USER else of.name,
			"failed": of.failed,
			"of": of.count,
		}
		for key, of in sorted(recipients.items())
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
		self.refused: set[tuple[Any, ...]] = set()

	def add(self, whom: tuple[Any, ...], name: str | None, count: int, *, failed: bool) -> None:
		self.count += count
		self.name = max(self.name, name or "")
		if failed:
			self.failed += count
			self.refused.add(whom)

	def fails(self, at_least: int) -> bool:
		return self.failed >= max(at_least, 1) and 100 * self.failed >= SHARE * self.count


def _tally(asked: Asked) -> Iterable[tuple[str, int, str | None, str, str, int, int]]:
	"""Of pages that were handed over: whom (a user, an endpoint or a label), which of the three, their name, method, provider, whether
	they were refused, and how many.
	"""
	texts = ("user", "endpoint", "recipient", "method", "provider")
	handed = [str(state) for state, called in OF_STATE.items() if called not in NOT_HANDED]
	each = (
		f"select min(page.`name`) as `name`, page.`status` = %s as failed, count(*) as times from {of_items(asked)}"
		f" and page.`status` in ({placeholders(handed)}) group by {_alike(texts)}, failed {unsorted()}"
	)
	sql = (
		f"select {', '.join(f'one.`{text}`' for text in texts)}, alike.failed, alike.times"
		f" from ({each}) alike join `tab{NOTIFICATION}` one on one.`name` = alike.`name`"
	)
	values = (MessageState.FAILED, *asked.values, Purpose.PAGE, *handed)
	for user, endpoint, recipient, method, provider, failed, times in frappe.db.sql(sql, values):
		kind = _USER if user is not None else _ENDPOINT if endpoint is not None else 0
		whom = next((text for text in (user, endpoint, recipient) if text is not None), "")
		yield whom, kind, recipient, method, provider or "", failed, times


def _alike(columns: Iterable[str]) -> str:
	"""SQL that groups pages by texts. By a digest of them MariaDB takes two thirds of the time, for it keeps room for the longest texts."""
	if frappe.db.db_type == "mariadb":
		texts = ", ".join(f"ifnull(page.`{column}`, char(1))" for column in columns)
		return f"unhex(sha(concat_ws(char(0), {texts})))"
	return ", ".join(f"page.`{column}`" for column in columns)
